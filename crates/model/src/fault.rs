//! Why something came to nothing.

use crate::Code;

/// A code for people, and the cause for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Fault {
    /// For people.
    pub code: Code,
    /// For the log; never holds a secret.
    pub detail: String,
}

impl Fault {
    /// A fault with its cause.
    pub fn new(code: Code, detail: impl ToString) -> Self {
        Self {
            code,
            detail: detail.to_string(),
        }
    }
}
