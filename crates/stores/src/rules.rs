//! What any store asks of the bytes of a password.

use lockstep_model::{Code, Secret};

use crate::Refusal;

/// The most bytes of a new password; the organisation's rules end there too.
const MAX_NEW: usize = 255;

/// The most bytes that crypt(5) and PAM (`PAM_MAX_RESP_SIZE`, with its NUL) carry.
const MAX_EVER: usize = 511;

/// Checks the bytes of a new password.
pub(crate) fn check_new(new: &Secret) -> Result<(), Refusal> {
    let bytes = new.expose();
    if bytes.is_empty() {
        return Err(blank());
    }
    if bytes.len() > MAX_NEW {
        return Err(Refusal::new(
            Code::TooLong,
            format!("more than {MAX_NEW} bytes"),
        ));
    }
    if bytes.iter().any(|byte| matches!(byte, b'\0' | b'\n')) {
        return Err(Refusal::new(
            Code::BadCharacters,
            "a NUL or a line break inside",
        ));
    }
    Ok(())
}

/// Tells whether a password that is said to open a store ever could: some bytes can't be typed.
pub(crate) fn could_open(secret: &Secret) -> Result<bool, Refusal> {
    let bytes = secret.expose();
    if bytes.is_empty() {
        return Err(blank());
    }
    Ok(bytes.len() <= MAX_EVER && !bytes.contains(&b'\0'))
}

fn blank() -> Refusal {
    Refusal::new(Code::Blank, "a password is needed")
}
