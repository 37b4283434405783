//! Notifications (Desktop Notifications Specification 1.2): as many as are shown, with their actions.

use std::collections::HashMap;
use std::error::Error;
use std::sync::mpsc::Sender;

use serde_json::{Value, json};
use zbus::blocking::Connection;
use zbus::zvariant::{DynamicType, OwnedValue};

use super::News;

pub(super) const NAME: &str = "org.freedesktop.Notifications";
pub(super) const PATH: &str = "/org/freedesktop/Notifications";

/// Why one is closed: the person did.
const BY_PERSON: u32 = 2;
/// Why one is closed: its program did.
pub(super) const BY_PROGRAM: u32 = 3;

/// A notification.
#[derive(Clone, Default)]
pub(super) struct Notified {
    id: u32,
    replaces: u32,
    title: String,
    body: String,
    /// Key and label.
    actions: Vec<(String, String)>,
}

impl Notified {
    pub(super) fn event(&self) -> Value {
        json!({
            "event": "notified",
            "id": self.id,
            "replaces": self.replaces,
            "title": self.title,
            "body": self.body,
            "actions": self.actions,
        })
    }

    /// Does what the person does who presses an action: it is told, and the notification goes.
    pub(super) fn invoke(&self, bus: &Connection, label: &str) -> Result<(), Box<dyn Error>> {
        let action = self.actions.iter().find(|(_, it)| it == label);
        let (key, _) = action.ok_or_else(|| format!("there is no action {label}"))?;
        tell(bus, "ActionInvoked", &(self.id, key.as_str()))?;
        tell(bus, "NotificationClosed", &(self.id, BY_PERSON))?;
        super::say(&json!({ "event": "closed", "id": self.id }));
        Ok(())
    }
}

/// Tells the programs.
pub(super) fn tell<B>(bus: &Connection, what: &str, body: &B) -> zbus::Result<()>
where
    B: serde::Serialize + DynamicType,
{
    bus.emit_signal(None::<&str>, PATH, NAME, what, body)
}

/// The server.
pub(super) struct Server {
    news: Sender<News>,
    given: u32,
}

impl Server {
    pub(super) const fn new(news: Sender<News>) -> Self {
        Self { news, given: 0 }
    }
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Server {
    fn get_capabilities(&self) -> Vec<&'static str> {
        vec!["actions", "body"]
    }

    const fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("lab", "Lockstep", "1", "1.2")
    }

    #[expect(clippy::too_many_arguments, reason = "those of the specification")]
    fn notify(
        &mut self,
        _app_name: &str,
        replaces: u32,
        _icon: &str,
        title: &str,
        body: &str,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        let id = if replaces == 0 {
            self.given += 1;
            self.given
        } else {
            replaces
        };
        let pairs = actions.chunks_exact(2);
        let actions = pairs
            .map(|pair| (pair[0].clone(), pair[1].clone()))
            .collect();
        let _gone = self.news.send(News::Notified(Notified {
            id,
            replaces,
            title: title.to_owned(),
            body: body.to_owned(),
            actions,
        }));
        id
    }

    fn close_notification(&self, id: u32) {
        let _gone = self.news.send(News::Withdrawn(id));
    }

    #[zbus(property)]
    const fn inhibited(&self) -> bool {
        false
    }
}
