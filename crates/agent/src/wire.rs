//! Frames over asynchronous sockets.

use std::time::Duration;

use lockstep_protocol::frame::{Frame, FrameFault, HEADER};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// Writes a frame.
pub(crate) async fn send(
    stream: &mut (impl AsyncWrite + Unpin),
    frame: &Frame,
) -> Result<(), FrameFault> {
    stream.write_all(&frame.header()).await?;
    stream.write_all(frame.body()).await?;
    Ok(stream.flush().await?)
}

/// Reads a frame, waiting so long for it to arrive whole.
pub(crate) async fn receive(
    stream: &mut (impl AsyncRead + Unpin),
    patience: Duration,
) -> Result<Frame, FrameFault> {
    let slow = |_| FrameFault::Io(std::io::ErrorKind::TimedOut.into());
    timeout(patience, receive_patiently(stream))
        .await
        .map_err(slow)?
}

async fn receive_patiently(stream: &mut (impl AsyncRead + Unpin)) -> Result<Frame, FrameFault> {
    let mut header = [0_u8; HEADER];
    if stream.read(&mut header[..1]).await? == 0 {
        return Err(FrameFault::Closed);
    }
    stream.read_exact(&mut header[1..]).await?;
    let expected = Frame::expect(header)?;
    let mut frame = expected.frame();
    // Read into the frame's own buffer, so that a secret lies in no other.
    stream.read_exact(frame.body_mut()).await?;
    Ok(frame)
}
