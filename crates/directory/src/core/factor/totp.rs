//! One-time codes of an authenticator app: TOTP (RFC 6238) over HOTP (RFC 4226), as every app has
//! it: SHA-1, six digits, steps of 30 seconds.

use hmac::{Hmac, Mac as _};
use lockstep_model::{Secret, Timestamp};
use sha1::Sha1;

/// Bytes of a new secret: RFC 4226 section 4 asks for 160 bits.
pub const SECRET: usize = 20;

const STEP_MS: i64 = 30_000;
/// Six digits.
const MODULUS: u32 = 1_000_000;
/// How far the clocks of phone and directory may be apart, in steps (RFC 6238 section 5.2).
const WINDOW: i64 = 1;

/// The step that a moment is in.
#[must_use]
pub const fn step(now: Timestamp) -> i64 {
    now.0.div_euclid(STEP_MS)
}

/// The newest step whose code is good at a moment.
#[must_use]
pub const fn newest_step(now: Timestamp) -> i64 {
    step(now) + WINDOW
}

/// The step that a code is of, if it is one of those beside the present one and newer than the last
/// that was used. Spaces are passed over: apps show them.
#[must_use]
pub fn step_of(secret: &Secret, typed: &str, now: Timestamp, used: i64) -> Option<i64> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    (step(now) - WINDOW..=newest_step(now))
        .filter(|&candidate| candidate > used)
        .find(|&candidate| code(secret, candidate) == typed)
}

/// The code of a step (RFC 4226 section 5.3).
#[must_use]
pub fn code(secret: &Secret, step: i64) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.expose()) else {
        return String::new();
    };
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[hash.len() - 1] & 0x0f);
    let mut word = [0_u8; 4];
    word.copy_from_slice(&hash[offset..offset + 4]);
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % MODULUS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::copy_of(b"12345678901234567890")
    }

    #[test]
    fn the_codes_are_those_of_the_rfcs() {
        // RFC 4226 appendix D.
        let hotp = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (step, expected) in hotp.iter().enumerate() {
            assert_eq!(code(&secret(), i64::try_from(step).unwrap()), *expected);
        }
        // RFC 6238 appendix B, the last six of its eight digits.
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = Timestamp(seconds * 1000);
            assert_eq!(code(&secret(), step(at)), expected);
            assert_eq!(step_of(&secret(), expected, at, 0), Some(step(at)));
        }
    }

    #[test]
    fn a_code_is_taken_one_step_early_or_late_and_no_more() {
        let now = Timestamp(1_700_000_000_000);
        let present = step(now);
        for (apart, taken) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let typed = code(&secret(), present + apart);
            let step = step_of(&secret(), &typed, now, 0);
            assert_eq!(step, taken.then_some(present + apart), "{apart}");
        }
    }

    #[test]
    fn a_step_that_was_used_and_every_one_before_it_is_over() {
        let now = Timestamp(1_700_000_000_000);
        let present = step(now);
        let at = |apart: i64| code(&secret(), present + apart);
        for apart in [-1, 0] {
            assert_eq!(step_of(&secret(), &at(apart), now, present), None);
        }
        assert_eq!(step_of(&secret(), &at(1), now, present), Some(present + 1));
    }

    #[test]
    fn spaces_are_passed_over_and_everything_else_is_wrong() {
        let now = Timestamp(59_000);
        assert_eq!(step_of(&secret(), " 287 082 ", now, 0), Some(1));
        for wrong in ["", "28708", "2870820", "287O82", "-287082", "28708２"] {
            assert_eq!(step_of(&secret(), wrong, now, 0), None, "{wrong}");
        }
    }
}
