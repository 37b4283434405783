//! Who listens to what: a touch wakes exactly the streams concerned, and costs nothing else.
//!
//! Wake-ups are level-triggered: a touch says "look again", never what has changed, so a lost or
//! doubled one cannot matter.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use lockstep_model::{DeviceId, PersonId};
use tokio::sync::watch;

use crate::metrics::metrics;

/// What can be listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// A device's bindings: its own line.
    Device(DeviceId),
    /// What a person sees of themselves: their portal.
    Person(PersonId),
}

/// All listeners of this process.
#[derive(Clone, Default)]
pub struct Live {
    topics: Arc<Mutex<BTreeMap<Topic, watch::Sender<Instant>>>>,
}

/// One listener; it leaves when dropped.
pub struct Listener {
    live: Live,
    topic: Topic,
    touched: watch::Receiver<Instant>,
}

impl Live {
    /// Begins to listen; what happened before must be read after this.
    #[must_use]
    pub fn listen(&self, topic: Topic) -> Listener {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let touched = topics
            .entry(topic)
            .or_insert_with(|| watch::Sender::new(Instant::now()))
            .subscribe();
        metrics().stream_opened(topic.word());
        Listener {
            live: self.clone(),
            topic,
            touched,
        }
    }

    /// Wakes every listener of a topic.
    pub fn touch(&self, topic: Topic) {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = topics.get(&topic) {
            sender.send_replace(Instant::now());
        }
    }

    /// Wakes every device that listens.
    pub fn touch_devices(&self) {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        for (topic, sender) in &*topics {
            match topic {
                Topic::Device(_) => drop(sender.send_replace(Instant::now())),
                Topic::Person(_) => {}
            }
        }
    }

    /// Whether anybody listens: for a device, whether its line is up.
    #[must_use]
    pub fn is_heard(&self, topic: Topic) -> bool {
        self.topics
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(&topic)
    }
}

impl Listener {
    /// Waits for the next touch and gives its time; touches in between count once.
    pub async fn touched(&mut self) -> Instant {
        if self.touched.changed().await.is_err() {
            // The sender lives as long as any listener does.
            std::future::pending::<()>().await;
        }
        *self.touched.borrow_and_update()
    }
}

impl Topic {
    /// What its streams are counted as.
    const fn word(self) -> &'static str {
        match self {
            Self::Device(_) => "device",
            Self::Person(_) => "portal",
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        metrics().stream_ended(self.topic.word());
        let mut topics = self
            .live
            .topics
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // This listener's own receiver still counts.
        if topics
            .get(&self.topic)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            topics.remove(&self.topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_touch_wakes_only_its_topic_and_touches_add_up_to_one() {
        let live = Live::default();
        let (one, other) = (
            Topic::Device(DeviceId::fresh()),
            Topic::Device(DeviceId::fresh()),
        );
        let mut listener = live.listen(one);
        live.touch(other);
        live.touch(one);
        live.touch(one);
        listener.touched().await;
        assert!(!listener.touched.has_changed().unwrap());
    }

    #[test]
    fn what_concerns_every_device_wakes_them_and_no_portal() {
        let live = Live::default();
        let one = live.listen(Topic::Device(DeviceId::fresh()));
        let other = live.listen(Topic::Device(DeviceId::fresh()));
        let portal = live.listen(Topic::Person(PersonId::fresh()));
        live.touch_devices();
        let woken = [one, other, portal].map(|line| line.touched.has_changed().unwrap());
        assert_eq!(woken, [true, true, false]);
    }

    #[test]
    fn a_topic_is_heard_as_long_as_any_listener_stays() {
        let live = Live::default();
        let topic = Topic::Person(PersonId::fresh());
        let first = live.listen(topic);
        let second = live.listen(topic);
        drop(first);
        assert!(live.is_heard(topic));
        drop(second);
        assert!(!live.is_heard(topic));
    }
}
