//! Which machine this is: an identity that was copied with its disk serves nobody.

use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The marks of a machine, hashed for this use alone as machine-id(5) asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// Of the installation: `/etc/machine-id`.
    id: Option<String>,
    /// Of the hardware: `product_uuid` of DMI.
    hardware: Option<String>,
}

impl Machine {
    /// The machine with these marks; a mark that can't be had now is none.
    pub(crate) fn of(id: Option<&str>, hardware: Option<&str>) -> Self {
        Self {
            id: id.and_then(mark),
            hardware: hardware.and_then(mark),
        }
    }

    /// Whether this certainly is another machine: a mark that both have differs.
    pub(crate) fn is_not(&self, other: &Self) -> bool {
        let differ = |one: &Option<String>, two: &Option<String>| {
            one.is_some() && two.is_some() && one != two
        };
        differ(&self.id, &other.id) || differ(&self.hardware, &other.hardware)
    }
}

/// The mark's own HMAC over the use, so that it can't be told from elsewhere.
fn mark(secret: &str) -> Option<String> {
    let secret = secret.trim();
    let mut keyed = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    keyed.update(b"lockstep: the machine of a device");
    let bytes = keyed.finalize().into_bytes();
    (!secret.is_empty()).then(|| lockstep_protocol::bytes::encode(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_that_differs_makes_another_machine_and_a_missing_one_does_not() {
        let of = Machine::of;
        let here = of(Some("id\n"), Some("hardware"));
        for same in [
            of(Some("id"), Some("hardware")),
            of(Some("id"), None),
            of(None, Some("hardware")),
            of(None, None),
            of(Some(""), None),
        ] {
            assert!(!here.is_not(&same) && !same.is_not(&here), "{same:?}");
        }
        // A cloned virtual machine keeps its machine-id; a disk in another computer does so too.
        assert!(here.is_not(&of(Some("id"), Some("other"))));
        assert!(here.is_not(&of(Some("other"), Some("hardware"))));
        let text = serde_json::to_string(&here).unwrap();
        assert!(!text.contains("\"id\":\"id") && !text.contains("\"hardware\":\"hardware"));
    }
}
