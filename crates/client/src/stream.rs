//! Server-sent events (WHATWG HTML section 9.2), as far as the directory sends them.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use lockstep_model::Code;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::{Client, Fault, From};

/// The directory's heartbeat comes every 25 s; a line that misses two is dead.
const SILENCE: Duration = Duration::from_secs(60);
/// The most bytes that an unfinished event may have.
const MAX_EVENT: usize = 1024 * 1024;

/// A stream of events whose data are messages.
pub struct Stream {
    body: Incoming,
    events: Events,
}

impl Client {
    /// Opens a stream.
    ///
    /// # Errors
    ///
    /// The directory's code, or what kept it from answering.
    pub async fn stream(&self, from: From<'_>, path: &str) -> Result<Stream, Fault> {
        let response = self.open(from, path).await?;
        Ok(Stream {
            body: response.into_body(),
            events: Events::default(),
        })
    }
}

impl Stream {
    /// Waits for the next event.
    ///
    /// # Errors
    ///
    /// [`Code::DirectoryUnreachable`] when the line ends or stays silent; open another then.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<T, Fault> {
        loop {
            if let Some(data) = self.events.next() {
                return serde_json::from_slice(&data)
                    .map_err(|fault| Fault::new(Code::DirectoryFault, fault));
            }
            let frame = timeout(SILENCE, self.body.frame())
                .await
                .map_err(|_| Fault::new(Code::DirectoryUnreachable, "the line is silent"))?
                .ok_or_else(|| Fault::new(Code::DirectoryUnreachable, "the line has ended"))?
                .map_err(|fault| Fault::new(Code::DirectoryUnreachable, fault))?;
            if let Ok(data) = frame.into_data() {
                self.events.feed(&data)?;
            }
        }
    }
}

/// Splits bytes into events, however they were cut on the way; gives the data of each whole one that
/// has any. Comments and names are passed over.
#[derive(Debug, Default)]
pub struct Events {
    unread: Vec<u8>,
    /// Where the next event begins, and from where on its end has yet to be looked for: so that many
    /// small events, or one in many pieces, cost no more than their bytes.
    begins: usize,
    looked: usize,
}

impl Events {
    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// [`Code::DirectoryFault`] when an event does not end within 1 MiB.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.unread.drain(..self.begins);
        self.looked -= self.begins;
        self.begins = 0;
        if self.unread.len() + bytes.len() > MAX_EVENT {
            return Err(Fault::new(Code::DirectoryFault, "an event is too long"));
        }
        self.unread.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole event's lines.
    fn event(&mut self) -> Option<&[u8]> {
        let end = self.unread[self.looked..]
            .windows(2)
            .position(|pair| pair == b"\n\n");
        let Some(end) = end else {
            // The last byte may be the first of the two that end it.
            self.looked = self.unread.len().saturating_sub(1).max(self.begins);
            return None;
        };
        let event = self.begins..self.looked + end;
        self.begins = event.end + 2;
        self.looked = self.begins;
        Some(&self.unread[event])
    }
}

impl Iterator for Events {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let mut data = Vec::new();
            for line in self.event()?.split(|byte| *byte == b'\n') {
                if let Some(rest) = line.strip_prefix(b"data:") {
                    data.extend_from_slice(rest.strip_prefix(b" ").unwrap_or(rest));
                }
            }
            if !data.is_empty() {
                return Some(data);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_however_they_are_cut() {
        let text = b":\n\nevent: check_in\ndata: {\"a\":1}\n\n: beat\n\ndata: 2\n\n";
        for size in 1..text.len() {
            let mut events = Events::default();
            let mut found = Vec::new();
            for piece in text.chunks(size) {
                events.feed(piece).unwrap();
                found.extend(&mut events);
            }
            assert_eq!(
                found,
                [b"{\"a\":1}".to_vec(), b"2".to_vec()],
                "pieces of {size}"
            );
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut events = Events::default();
        events.feed(&vec![b'x'; MAX_EVENT]).unwrap();
        assert!(events.feed(b"x").is_err());
    }
}
