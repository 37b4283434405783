//! Wake-ups: from the last request of a change until the computer concerned has read the news.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use lockstep_model::Stamp;
use lockstep_protocol::api::device::CheckIn;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::device::Nonce;
use crate::directory::{Directory, Member};
use crate::measure::{Memory, Spread, cpu, memory};
use crate::wire::Events;

/// A change whose computer has heard nothing after this long is lost.
const LOST: Duration = Duration::from_secs(10);
/// Between two changes, so that each is measured alone.
const PAUSE: Duration = Duration::from_millis(10);
/// How many computers connect at once.
const CONNECTING: usize = 16;

/// What connected computers cost, and how soon they know.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct WakeUps {
    /// How many computers are connected, each of another person, each over TLS 1.3.
    pub devices: usize,
    /// From just before the last request of a change until the computer's client has read the
    /// event: the request, the proof, the commit to disk, the wake-up, the event.
    pub wake_up: Spread,
    /// From the same moment until the answer to the request was read.
    pub acknowledged: Spread,
    /// Changes that the computer was never told of.
    pub lost: usize,
    /// Events that told computers of no change of theirs.
    pub needless: usize,
    /// From the first connection until the last has had its first event.
    pub connected_in_s: f64,
    /// The directory's CPU time for one computer that connects, but for the first.
    pub cpu_per_connection_ms: Option<f64>,
    /// The directory's memory with one computer, after all were connected, and at the end.
    pub memory: [Memory; 3],
    /// The growth from one computer to all, at the end, for each.
    pub rss_kib_per_device: Option<f64>,
    /// The same of pages that the directory wrote to.
    pub private_dirty_kib_per_device: Option<f64>,
}

/// What a computer has read.
struct Heard {
    /// Whose.
    member: usize,
    /// The present stamp of its person.
    stamp: Stamp,
    at: Instant,
}

/// Connects so many computers, then changes passwords one after the other.
///
/// # Errors
///
/// When anything is refused, or a stream ends.
pub async fn measure(
    directory: &Directory,
    members: &mut [Member],
    changes: usize,
    at_least: Duration,
) -> anyhow::Result<WakeUps> {
    let pid = directory.pid()?;
    let (tell, mut news) = unbounded_channel();
    let mut listening = JoinSet::new();
    let mut nonce = Nonce::default();
    let first = members[0]
        .device
        .listen(&directory.place, &mut nonce)
        .await?;
    listening.spawn(listen(0, first, tell.clone()));
    let mut known = vec![None; members.len()];
    first_event(&mut news, &mut known).await?;
    sleep(Duration::from_secs(1)).await;
    let with_one = memory(pid)?;
    let began = Instant::now();
    let before = cpu(pid)?;
    connect(
        directory,
        members,
        &mut listening,
        &tell,
        &mut news,
        &mut known,
    )
    .await?;
    let connected_in = began.elapsed();
    let used = cpu(pid)? - before;
    sleep(Duration::from_secs(2)).await;
    let connected = memory(pid)?;

    let mut line = directory.place.connect().await?;
    let (mut wake_ups, mut acknowledged) = (Vec::new(), Vec::new());
    let (mut lost, mut needless) = (0, 0);
    let began = Instant::now();
    let mut turn = 0;
    while turn < changes || began.elapsed() < at_least {
        // A step that shares no divisor with most counts: neighbours in memory are not neighbours
        // in time.
        let member = (turn * 7919) % members.len();
        turn += 1;
        let person = &mut members[member].person;
        let change = person.prepare_change(&mut line).await?;
        let sent = Instant::now();
        let stamp = person.change(&mut line, change).await?;
        acknowledged.push(sent.elapsed());
        match timeout(
            LOST,
            hear_of(&mut news, member, stamp, &mut known, &mut needless),
        )
        .await
        {
            Ok(heard) => wake_ups.push(heard?.saturating_duration_since(sent)),
            Err(_) => lost += 1,
        }
        sleep(PAUSE).await;
    }
    // Whatever came late, or twice, or to somebody else.
    sleep(Duration::from_secs(1)).await;
    while news.try_recv().is_ok() {
        needless += 1;
    }
    if let Some(ended) = listening.try_join_next() {
        ended??;
    }
    let at_end = memory(pid)?;
    let others = f64::from(u32::try_from(members.len() - 1)?);
    let for_each = |all: f64| (others > 0.0).then_some(all / others);
    #[expect(clippy::cast_precision_loss, reason = "a count of KiB")]
    let growth =
        |part: fn(&Memory) -> u64| for_each(part(&at_end).saturating_sub(part(&with_one)) as f64);
    Ok(WakeUps {
        devices: members.len(),
        wake_up: Spread::of(wake_ups).context("every wake-up was lost")?,
        acknowledged: Spread::of(acknowledged).context("no change")?,
        lost,
        needless,
        connected_in_s: connected_in.as_secs_f64(),
        cpu_per_connection_ms: for_each(used.as_secs_f64() * 1e3),
        memory: [with_one, connected, at_end],
        rss_kib_per_device: growth(|memory| memory.rss),
        private_dirty_kib_per_device: growth(|memory| memory.private_dirty),
    })
}

/// Connects all but the first, a few at a time, and waits for the first event of each.
async fn connect(
    directory: &Directory,
    members: &[Member],
    listening: &mut JoinSet<anyhow::Result<()>>,
    tell: &UnboundedSender<Heard>,
    news: &mut UnboundedReceiver<Heard>,
    known: &mut [Option<Stamp>],
) -> anyhow::Result<()> {
    let mut lanes = Vec::new();
    for lane in 0..CONNECTING {
        lanes.push(async move {
            let mut nonce = Nonce::default();
            let mut opened = Vec::new();
            let mine = members.iter().enumerate().skip(1).skip(lane);
            for (number, member) in mine.step_by(CONNECTING) {
                // Nonces are good for half a minute at least.
                if opened.len() % 100 == 0 {
                    nonce.forget();
                }
                let events = member.device.listen(&directory.place, &mut nonce).await?;
                opened.push((number, events));
            }
            anyhow::Ok(opened)
        });
    }
    for opened in join(lanes).await {
        for (number, events) in opened? {
            listening.spawn(listen(number, events, tell.clone()));
        }
    }
    while known.iter().any(Option::is_none) {
        first_event(news, known).await?;
    }
    Ok(())
}

async fn listen(
    member: usize,
    mut events: Events,
    tell: UnboundedSender<Heard>,
) -> anyhow::Result<()> {
    loop {
        let said: CheckIn = events.next().await?;
        let at = Instant::now();
        let [binding] = said.bindings.as_slice() else {
            bail!("a computer with {} bindings", said.bindings.len());
        };
        let heard = Heard {
            member,
            stamp: binding.stamp,
            at,
        };
        if tell.send(heard).is_err() {
            return Ok(());
        }
    }
}

async fn first_event(
    news: &mut UnboundedReceiver<Heard>,
    known: &mut [Option<Stamp>],
) -> anyhow::Result<()> {
    let heard = timeout(LOST, news.recv())
        .await?
        .context("nobody listens")?;
    known[heard.member] = Some(heard.stamp);
    Ok(())
}

async fn hear_of(
    news: &mut UnboundedReceiver<Heard>,
    member: usize,
    stamp: Stamp,
    known: &mut [Option<Stamp>],
    needless: &mut usize,
) -> anyhow::Result<Instant> {
    loop {
        let heard = news.recv().await.context("nobody listens")?;
        if known[heard.member] == Some(heard.stamp) {
            *needless += 1;
        }
        known[heard.member] = Some(heard.stamp);
        if heard.member == member && heard.stamp == stamp {
            return Ok(heard.at);
        }
    }
}

/// Runs futures side by side in this task.
async fn join<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}
