//! The frame of both local sockets: `u32` big-endian length, `u8` kind, body.
//!
//! The length counts kind and body. **Architecture invariant:** a JSON frame never holds a
//! secret; a secret frame holds nothing else, so that no parser ever copies one.

use lockstep_model::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Read, Write};

/// The most bytes of kind and body together.
pub const MAX_FRAME: usize = 64 * 1024;

/// The most bytes of a secret's kind and body: twice the longest enrolment string. What is read into
/// locked memory must leave some for the other callers.
pub const MAX_SECRET: usize = 16 * 1024;

/// The bytes before the body: length and kind.
pub const HEADER: usize = 5;

const KIND_JSON: u8 = 0;
const KIND_SECRET: u8 = 1;

/// One frame's body.
#[derive(Debug)]
pub enum Frame {
    /// UTF-8 JSON of one message.
    Json(Vec<u8>),
    /// The raw bytes of one secret; none at all when the person left the field blank.
    Secret(Secret),
}

/// What is wrong with a frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameFault {
    /// The peer closed the connection between two frames.
    #[error("the connection was closed")]
    Closed,
    /// Longer than [`MAX_FRAME`] or, of a secret, [`MAX_SECRET`], or too short to hold a kind.
    #[error("a frame of {0} bytes is outside the limits")]
    Size(usize),
    /// A kind this version doesn't know.
    #[error("unknown frame kind {0}")]
    Kind(u8),
    /// A JSON frame where a secret was due, or the reverse.
    #[error("a frame of another kind was expected")]
    OutOfTurn,
    /// The JSON doesn't say anything this version knows.
    #[error("unreadable message")]
    Json(#[source] serde_json::Error),
    /// The socket failed.
    #[error("the socket failed")]
    Io(#[from] io::Error),
}

impl Frame {
    /// Makes a JSON frame of a message.
    ///
    /// # Errors
    ///
    /// [`FrameFault::Json`] when the message can't be written, [`FrameFault::Size`] when too long.
    pub fn json<T: Serialize>(message: &T) -> Result<Self, FrameFault> {
        let body = serde_json::to_vec(message).map_err(FrameFault::Json)?;
        if body.len() >= MAX_FRAME {
            return Err(FrameFault::Size(body.len() + 1));
        }
        Ok(Self::Json(body))
    }

    /// The header that precedes the body on the wire.
    #[must_use]
    pub fn header(&self) -> [u8; HEADER] {
        let (kind, body) = self.parts();
        let length = u32::try_from(body.len() + 1)
            .unwrap_or(u32::MAX)
            .to_be_bytes();
        [length[0], length[1], length[2], length[3], kind]
    }

    /// The body's bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.parts().1
    }

    /// The body's bytes, to be filled by whoever reads a frame.
    pub fn body_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Json(body) => body,
            Self::Secret(secret) => secret.expose_mut(),
        }
    }

    /// Reads a header: how long the body is, and of what kind the frame will be.
    ///
    /// # Errors
    ///
    /// [`FrameFault::Size`] and [`FrameFault::Kind`]; the connection is of no use afterwards.
    pub fn expect(header: [u8; HEADER]) -> Result<Expected, FrameFault> {
        let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize;
        if length == 0 || length > MAX_FRAME {
            return Err(FrameFault::Size(length));
        }
        match header[4] {
            KIND_JSON => Ok(Expected {
                body_length: length - 1,
                secret: false,
            }),
            KIND_SECRET if length > MAX_SECRET => Err(FrameFault::Size(length)),
            KIND_SECRET => Ok(Expected {
                body_length: length - 1,
                secret: true,
            }),
            other => Err(FrameFault::Kind(other)),
        }
    }

    /// Reads the message of a JSON frame.
    ///
    /// # Errors
    ///
    /// [`FrameFault::OutOfTurn`] for a secret, [`FrameFault::Json`] for anything unreadable.
    pub fn message<T: DeserializeOwned>(&self) -> Result<T, FrameFault> {
        match self {
            Self::Json(body) => serde_json::from_slice(body).map_err(FrameFault::Json),
            Self::Secret(_) => Err(FrameFault::OutOfTurn),
        }
    }

    /// Takes the secret of a secret frame.
    ///
    /// # Errors
    ///
    /// [`FrameFault::OutOfTurn`] for JSON.
    pub fn into_secret(self) -> Result<Secret, FrameFault> {
        match self {
            Self::Secret(secret) => Ok(secret),
            Self::Json(_) => Err(FrameFault::OutOfTurn),
        }
    }

    /// Writes the frame to a blocking stream and flushes it.
    ///
    /// # Errors
    ///
    /// The stream's.
    pub fn write_to(&self, stream: &mut impl Write) -> Result<(), FrameFault> {
        stream.write_all(&self.header())?;
        stream.write_all(self.body())?;
        stream.flush()?;
        Ok(())
    }

    /// Reads one frame from a blocking stream.
    ///
    /// # Errors
    ///
    /// [`FrameFault::Closed`] when the peer ended between two frames, and every other fault.
    pub fn read_from(stream: &mut impl Read) -> Result<Self, FrameFault> {
        let mut header = [0_u8; HEADER];
        let first = stream.read(&mut header[..1])?;
        if first == 0 {
            return Err(FrameFault::Closed);
        }
        stream.read_exact(&mut header[1..])?;
        let expected = Self::expect(header)?;
        let mut frame = expected.frame();
        // Read into the frame's own buffer, so that a secret lies in no other.
        stream.read_exact(frame.body_mut())?;
        Ok(frame)
    }

    fn parts(&self) -> (u8, &[u8]) {
        match self {
            Self::Json(body) => (KIND_JSON, body),
            Self::Secret(secret) => (KIND_SECRET, secret.expose()),
        }
    }
}

/// A header's promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// How many bytes follow.
    pub body_length: usize,
    secret: bool,
}

impl Expected {
    /// Makes the frame, its bytes yet to be read into [`Frame::body_mut`].
    #[must_use]
    pub fn frame(self) -> Frame {
        if self.secret {
            Frame::Secret(Secret::zeroed(self.body_length))
        } else {
            Frame::Json(vec![0; self.body_length])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(frame: &Frame) -> Vec<u8> {
        let mut bytes = Vec::new();
        frame.write_to(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn frames_survive_the_wire() {
        let bytes = wire(&Frame::json(&"hello").unwrap());
        let back = Frame::read_from(&mut bytes.as_slice()).unwrap();
        assert_eq!(back.message::<String>().unwrap(), "hello");

        let bytes = wire(&Frame::Secret(Secret::copy_of(b"\0raw\xff")));
        let back = Frame::read_from(&mut bytes.as_slice()).unwrap();
        assert_eq!(back.into_secret().unwrap().expose(), b"\0raw\xff");
    }

    #[test]
    fn bad_headers_are_refused_before_a_byte_of_body_is_read() {
        let header = |length: u32, kind: u8| {
            let l = length.to_be_bytes();
            [l[0], l[1], l[2], l[3], kind]
        };
        assert!(matches!(
            Frame::expect(header(0, 0)),
            Err(FrameFault::Size(0))
        ));
        assert!(matches!(
            Frame::expect(header(65_537, 0)),
            Err(FrameFault::Size(65_537))
        ));
        assert!(matches!(
            Frame::expect(header(2, 7)),
            Err(FrameFault::Kind(7))
        ));
        assert!(Frame::expect(header(65_536, 0)).is_ok());
        assert!(Frame::expect(header(16_384, 1)).is_ok());
        assert!(matches!(
            Frame::expect(header(16_385, 1)),
            Err(FrameFault::Size(16_385))
        ));
    }

    #[test]
    fn a_cut_frame_is_a_fault_and_a_clean_end_is_closed() {
        let bytes = wire(&Frame::json(&"hello").unwrap());
        assert!(matches!(
            Frame::read_from(&mut &bytes[..bytes.len() - 1]),
            Err(FrameFault::Io(_))
        ));
        assert!(matches!(
            Frame::read_from(&mut &bytes[..0]),
            Err(FrameFault::Closed)
        ));
    }

    #[test]
    fn a_secret_is_not_a_message() {
        let frame = Frame::Secret(Secret::copy_of(b"\"hello\""));
        assert!(matches!(
            frame.message::<String>(),
            Err(FrameFault::OutOfTurn)
        ));
    }
}
