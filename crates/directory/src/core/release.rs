//! Which shares a proof releases.

use lockstep_model::{Generation, Stamp};

/// Whether the share of an envelope may go to a device whose person has just proved `proved`.
///
/// Whoever can issue a password could otherwise read the former one from a stolen disk, so an
/// envelope older than an issued generation stays closed: the person types the old password. The
/// envelope's own generation may be one ahead: the share that a change under way was given.
#[must_use]
pub fn is_released(envelope: Stamp, proved: Stamp, issued: Generation) -> bool {
    envelope.epoch == proved.epoch
        && envelope.generation >= issued
        && envelope.generation <= proved.generation.next()
}

#[cfg(test)]
mod tests {
    use lockstep_model::Epoch;

    use super::*;

    #[test]
    fn only_what_is_not_older_than_an_issued_password_is_released() {
        let epoch = Epoch::fresh();
        let at = |generation| Stamp {
            epoch,
            generation: Generation(generation),
        };
        assert!(is_released(at(1), at(3), Generation(1)));
        assert!(is_released(at(3), at(3), Generation(3)));
        assert!(is_released(at(4), at(3), Generation(1)));
        assert!(!is_released(at(2), at(3), Generation(3)));
        assert!(!is_released(at(5), at(3), Generation(1)));
        let foreign = Stamp {
            epoch: Epoch::fresh(),
            generation: Generation(2),
        };
        assert!(!is_released(foreign, at(3), Generation(1)));
    }
}
