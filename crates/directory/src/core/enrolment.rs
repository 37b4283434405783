//! Enrolment tokens: limited and expiring.

use lockstep_model::{Code, Timestamp};

/// What is kept of an enrolment token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrolmentToken {
    /// How many computers may still use it.
    pub uses_left: u32,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Spends one use.
///
/// # Errors
///
/// [`Code::EnrolmentExpired`], [`Code::EnrolmentSpent`]; an unknown token counts as spent.
pub fn spend(token: Option<EnrolmentToken>, now: Timestamp) -> Result<EnrolmentToken, Code> {
    let token = token.ok_or(Code::EnrolmentSpent)?;
    if token.expires_at <= now {
        return Err(Code::EnrolmentExpired);
    }
    let uses_left = token.uses_left.checked_sub(1).ok_or(Code::EnrolmentSpent)?;
    Ok(EnrolmentToken { uses_left, ..token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_spent_by_use_and_by_time() {
        let token = EnrolmentToken {
            uses_left: 1,
            expires_at: Timestamp(100),
        };
        let spent = spend(Some(token), Timestamp(99)).unwrap();
        assert_eq!(spend(Some(spent), Timestamp(99)), Err(Code::EnrolmentSpent));
        assert_eq!(
            spend(Some(token), Timestamp(100)),
            Err(Code::EnrolmentExpired)
        );
        assert_eq!(spend(None, Timestamp(0)), Err(Code::EnrolmentSpent));
    }
}
