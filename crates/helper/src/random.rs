//! Randomness, from the kernel.

use lockstep_model::Code;
use lockstep_stores::Refusal;

/// As many random bytes.
pub(crate) fn bytes(count: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = vec![0; count];
    let mut filled = 0;
    while filled < count {
        let flags = rustix::rand::GetRandomFlags::empty();
        filled += rustix::rand::getrandom(&mut bytes[filled..], flags)
            .map_err(|fault| Refusal::new(Code::Internal, format!("no randomness: {fault}")))?;
    }
    Ok(bytes)
}
