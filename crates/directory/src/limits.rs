//! How many connections are served at once: all that the process has descriptors for, and no source
//! more than half of them.
//!
//! Who is turned away is told by a closed connection, at once and for nothing: to wait would only
//! fill the queue that everybody stands in.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors for everything else: the database, listeners, files, the runtime.
const OTHERS: u64 = 128;
/// Where there is no limit of descriptors, this many connections fill 2 GiB.
const MOST: u64 = 100_000;
/// How often it is said that connections are turned away.
const SAY_AGAIN: Duration = Duration::from_secs(10);

/// How many connections may wait to be accepted; the kernel takes no more than `somaxconn`.
const BACKLOG: i32 = 4096;

/// Lets more connections wait at a listening socket than the 128 of the standard library: after an
/// outage every device comes at once, and who finds no room is kept waiting for seconds, or for ever
/// without knowing it.
///
/// # Errors
///
/// That of listen(2).
pub fn deepen(listener: impl std::os::fd::AsFd) -> std::io::Result<()> {
    Ok(rustix::net::listen(listener, BACKLOG)?)
}

/// The places of one process.
#[derive(Debug)]
pub struct Places {
    total: usize,
    per_source: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_source: HashMap<IpAddr, usize>,
    refused: usize,
    said: Option<Instant>,
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    source: IpAddr,
}

impl Places {
    /// As many as this process has descriptors for, after raising its limit as far as it may.
    ///
    /// # Errors
    ///
    /// That of setrlimit(2).
    pub fn of_this_process() -> std::io::Result<Arc<Self>> {
        let limit = getrlimit(Resource::Nofile);
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: limit.maximum,
                ..limit
            },
        )?;
        let descriptors = limit.maximum.unwrap_or(u64::MAX);
        let total = descriptors.saturating_sub(OTHERS).clamp(1, MOST);
        Ok(Self::new(usize::try_from(total).unwrap_or(usize::MAX)))
    }

    /// So many in all.
    #[must_use]
    pub fn new(total: usize) -> Arc<Self> {
        Arc::new(Self {
            total,
            per_source: total.div_ceil(2),
            taken: Mutex::default(),
        })
    }

    /// Takes a place; none when all, or half of them by this source, are taken.
    #[must_use]
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let source = source(address);
        let mut taken = self.lock();
        let own = taken.by_source.get(&source).copied().unwrap_or_default();
        if taken.all >= self.total || own >= self.per_source {
            taken.refuse(source);
            return None;
        }
        taken.all += 1;
        taken.by_source.insert(source, own + 1);
        Some(Place {
            places: Arc::clone(self),
            source,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Says so now and then: a flood of connections must not become one of lines.
    fn refuse(&mut self, source: IpAddr) {
        self.refused += 1;
        if self.said.is_none_or(|said| said.elapsed() >= SAY_AGAIN) {
            tracing::warn!(
                refused = self.refused,
                connections = self.all,
                %source,
                "connections are turned away"
            );
            self.said = Some(Instant::now());
            self.refused = 0;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        if let Some(own) = taken.by_source.get_mut(&self.source) {
            *own -= 1;
            if *own == 0 {
                taken.by_source.remove(&self.source);
            }
        }
    }
}

/// Who one computer or office is: under IPv6 everybody has 2^64 addresses.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_source_takes_half_and_others_are_served_until_all_are_taken() {
        let places = Places::new(4);
        let hog = address("192.0.2.1");
        let first = places.take(hog).unwrap();
        let _second = places.take(hog).unwrap();
        assert!(places.take(hog).is_none());
        assert!(
            places.take(address("::ffff:192.0.2.1")).is_none(),
            "the same"
        );
        let _third = places.take(address("2001:db8::1")).unwrap();
        let fourth = places.take(address("2001:db8::2")).unwrap();
        assert!(places.take(address("192.0.2.2")).is_none(), "all are taken");
        drop(fourth);
        assert!(places.take(hog).is_none());
        drop(first);
        assert!(places.take(hog).is_some());
    }

    #[test]
    fn a_network_of_one_house_is_one_source() {
        let places = Places::new(2);
        let _one = places.take(address("2001:db8::1")).unwrap();
        assert!(places.take(address("2001:db8::ffff:1")).is_none());
        assert!(places.take(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn nothing_is_kept_of_who_has_left() {
        let places = Places::new(10);
        drop(places.take(address("192.0.2.1")));
        let taken = places.lock();
        assert_eq!((taken.all, taken.by_source.len()), (0, 0));
    }
}
