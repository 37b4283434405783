//! Both local sockets: frames, and the messages inside.

use lockstep_model::Code;
use lockstep_protocol::frame::{Frame, FrameFault, HEADER, MAX_FRAME, MAX_SECRET};
use lockstep_protocol::{helper, keyring, local};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{proportion, within};

/// A stream of frames, as either end reads it.
pub(crate) fn frame(data: &[u8]) {
    let mut rest = data;
    loop {
        let before = rest;
        // Whatever a header promises, no more than one frame is ever held.
        let read = within(MAX_FRAME + 512, || Frame::read_from(&mut rest));
        if let Some((length, _)) = before.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            let most = if before.get(4) == Some(&1) {
                MAX_SECRET
            } else {
                MAX_FRAME
            };
            let outside = !(1..=most).contains(&length);
            let refused = matches!(read, Err(FrameFault::Size(_)));
            assert_eq!(outside && before.len() >= HEADER, refused, "{length} bytes");
        }
        let frame = match read {
            Ok(frame) => frame,
            Err(FrameFault::Closed) => return assert!(before.is_empty()),
            Err(fault) => return assert!(!fault.to_string().is_empty()),
        };
        assert!(frame.body().len() < MAX_FRAME);
        let mut written = Vec::new();
        frame.write_to(&mut written).expect("memory takes it");
        assert_eq!(written, before[..HEADER + frame.body().len()]);
        let is_secret = before[4] == 1;
        assert_eq!(matches!(frame, Frame::Secret(_)), is_secret);
        let message = within(proportion(frame.body()), || {
            frame.message::<serde_json::Value>()
        });
        assert!(message.is_err() || !is_secret, "a secret is no message");
        assert_eq!(frame.into_secret().is_ok(), is_secret);
    }
}

/// Messages between app or CLI and agent, or the program for keyrings that were set aside.
pub(crate) fn local(data: &[u8]) {
    let versioned: Option<local::Versioned> = parse(data);
    if let Some(request) = round_trip::<local::Request>(data) {
        assert_eq!(versioned.map(|v| v.version), Some(request.version));
    }
    round_trip::<local::Reply>(data);
    round_trip::<local::Status>(data);
    round_trip::<local::Event>(data);
    round_trip::<keyring::Request>(data);
    round_trip::<keyring::Answer>(data);
}

/// Messages between agent and root helper.
pub(crate) fn helper(data: &[u8]) {
    if let Some(request) = round_trip::<helper::Request>(data) {
        assert!(request.operation.secrets() <= 2);
    }
    if let Some(helper::Reply::Refused { code, .. }) = round_trip::<helper::Reply>(data) {
        assert!(Code::ALL.contains(&code));
    }
}

/// Reads a message within bounds; what was accepted means the same when it is written and read.
pub(crate) fn round_trip<T: DeserializeOwned + Serialize + PartialEq>(data: &[u8]) -> Option<T> {
    let message: T = parse(data)?;
    let written = serde_json::to_vec(&message).expect("a message has a JSON form");
    let again: T = serde_json::from_slice(&written).expect("what is written is read");
    assert!(message == again, "{}", String::from_utf8_lossy(&written));
    Some(message)
}

fn parse<T: DeserializeOwned>(data: &[u8]) -> Option<T> {
    within(proportion(data), || serde_json::from_slice(data).ok())
}
