//! Envelopes: the sealed copy of the password of one generation, kept on the device.
//!
//! `K = HKDF(device_secret || share)`, XChaCha20-Poly1305 over the padded password. Everything
//! that names the envelope goes into both, so an envelope renamed, moved to another device or
//! rolled back to another generation does not open. A stolen disk lacks the share, the directory
//! lacks the device secret.

use lockstep_model::{BindingId, DeviceId, EnvelopeId, Secret, Stamp};

use crate::seal::{OVERHEAD, SealingKey};

/// The version of the envelope's form, its first byte.
pub const VERSION: u8 = 1;

/// The longest password that an envelope holds: what crypt(3) and PAM take.
pub const MAX_PASSWORD: usize = 511;

/// Every envelope's text has this length, so that its size tells nothing of the password's.
const PADDED: usize = 2 + MAX_PASSWORD;

/// What an envelope is for; none of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The realm.
    pub realm: String,
    /// The device that keeps it.
    pub device: DeviceId,
    /// The binding.
    pub binding: BindingId,
    /// Its own id.
    pub envelope: EnvelopeId,
    /// The generation of the password inside.
    pub stamp: Stamp,
}

/// The device's half of every envelope key. Asked to derive and never to show itself, because a
/// security chip will not.
pub trait DeviceSecret {
    /// Derives the key for one envelope from this secret and the directory's share.
    fn derive(&self, share: &Secret, info: &[u8]) -> SealingKey;
}

/// A device secret that is kept in a file only the agent reads.
pub struct FileSecret(pub Secret);

impl DeviceSecret for FileSecret {
    fn derive(&self, share: &Secret, info: &[u8]) -> SealingKey {
        SealingKey::derive(&[&self.0, share], info)
    }
}

/// Why an envelope can't be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// The password is longer than [`MAX_PASSWORD`].
    #[error("the password is too long for an envelope")]
    TooLong,
    /// It was made by a version that this one doesn't know.
    #[error("the envelope has version {0}, which this program doesn't know")]
    Version(u8),
    /// It doesn't open: altered, cut, foreign, rolled back, or the wrong share.
    #[error("the envelope doesn't open")]
    Unopened,
}

/// Seals a password.
///
/// # Errors
///
/// [`EnvelopeFault::TooLong`].
pub fn seal(
    device: &impl DeviceSecret,
    share: &Secret,
    name: &Name,
    password: &Secret,
) -> Result<Vec<u8>, EnvelopeFault> {
    let bytes = password.expose();
    if bytes.len() > MAX_PASSWORD {
        return Err(EnvelopeFault::TooLong);
    }
    let length = u16::try_from(bytes.len()).map_err(|_| EnvelopeFault::TooLong)?;
    let mut text = Vec::with_capacity(PADDED);
    text.extend_from_slice(&length.to_be_bytes());
    text.extend_from_slice(bytes);
    text.resize(PADDED, 0);
    let text = Secret::new(text);
    let info = name.info();
    let sealed = device
        .derive(share, &info)
        .seal(&text, &info)
        .map_err(|_| EnvelopeFault::Unopened)?;
    Ok([&[VERSION], sealed.as_slice()].concat())
}

/// Opens an envelope.
///
/// # Errors
///
/// [`EnvelopeFault::Version`] and [`EnvelopeFault::Unopened`].
pub fn open(
    device: &impl DeviceSecret,
    share: &Secret,
    name: &Name,
    envelope: &[u8],
) -> Result<Secret, EnvelopeFault> {
    let (&version, sealed) = envelope.split_first().ok_or(EnvelopeFault::Unopened)?;
    if version != VERSION {
        return Err(EnvelopeFault::Version(version));
    }
    let info = name.info();
    let text = device
        .derive(share, &info)
        .open(sealed, &info)
        .map_err(|_| EnvelopeFault::Unopened)?;
    let (length, padded) = text
        .expose()
        .split_first_chunk::<2>()
        .ok_or(EnvelopeFault::Unopened)?;
    let length = usize::from(u16::from_be_bytes(*length));
    padded
        .get(..length)
        .map(Secret::copy_of)
        .ok_or(EnvelopeFault::Unopened)
}

/// Whether an envelope is of this version and whole, as far as that shows without its key.
///
/// # Errors
///
/// [`EnvelopeFault::Version`] and [`EnvelopeFault::Unopened`].
pub fn look(envelope: &[u8]) -> Result<(), EnvelopeFault> {
    match envelope.split_first() {
        Some((&VERSION, sealed)) if sealed.len() == PADDED + OVERHEAD => Ok(()),
        Some((&VERSION, _)) | None => Err(EnvelopeFault::Unopened),
        Some((&version, _)) => Err(EnvelopeFault::Version(version)),
    }
}

impl Name {
    /// The names in one unambiguous line; the realm, the only part of free length, comes last.
    fn info(&self) -> Vec<u8> {
        format!(
            "lockstep envelope {VERSION}|{}|{}|{}|{}|{}|{}",
            self.device,
            self.binding,
            self.envelope,
            self.stamp.epoch.0,
            self.stamp.generation,
            self.realm
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use lockstep_model::{Epoch, Generation};

    use super::*;

    fn name() -> Name {
        Name {
            realm: "acme".into(),
            device: DeviceId::fresh(),
            binding: BindingId::fresh(),
            envelope: EnvelopeId::fresh(),
            stamp: Stamp {
                epoch: Epoch::fresh(),
                generation: Generation(7),
            },
        }
    }

    fn device() -> FileSecret {
        FileSecret(Secret::copy_of(&[7; 32]))
    }

    fn share() -> Secret {
        Secret::copy_of(&[9; 32])
    }

    #[test]
    fn what_was_sealed_opens_again_and_its_size_tells_nothing() {
        let name = name();
        let short = seal(&device(), &share(), &name, &Secret::copy_of(b"a")).unwrap();
        let long = seal(&device(), &share(), &name, &Secret::new(vec![b'x'; 511])).unwrap();
        assert_eq!(short.len(), long.len());
        assert_eq!(
            open(&device(), &share(), &name, &short).unwrap().expose(),
            b"a"
        );
        let too_long = seal(&device(), &share(), &name, &Secret::new(vec![b'x'; 512]));
        assert_eq!(too_long, Err(EnvelopeFault::TooLong));
    }

    #[test]
    fn any_other_name_share_or_device_does_not_open_it() {
        let name = name();
        let sealed = seal(&device(), &share(), &name, &Secret::copy_of(b"secret")).unwrap();
        let others = [
            Name {
                realm: "acme2".into(),
                ..name.clone()
            },
            Name {
                device: DeviceId::fresh(),
                ..name.clone()
            },
            Name {
                binding: BindingId::fresh(),
                ..name.clone()
            },
            Name {
                envelope: EnvelopeId::fresh(),
                ..name.clone()
            },
            Name {
                stamp: name.stamp.next(),
                ..name.clone()
            },
            Name {
                stamp: Stamp {
                    epoch: Epoch::fresh(),
                    ..name.stamp
                },
                ..name.clone()
            },
        ];
        for other in others {
            let opened = open(&device(), &share(), &other, &sealed);
            assert_eq!(opened.err(), Some(EnvelopeFault::Unopened), "{other:?}");
        }
        let other = Secret::copy_of(&[8; 32]);
        assert!(open(&device(), &other, &name, &sealed).is_err());
        assert!(open(&FileSecret(other), &share(), &name, &sealed).is_err());
    }

    #[test]
    fn altered_cut_or_newer_envelopes_are_told_apart() {
        let name = name();
        let sealed = seal(&device(), &share(), &name, &Secret::copy_of(b"secret")).unwrap();
        for length in 0..sealed.len() {
            let opened = open(&device(), &share(), &name, &sealed[..length]);
            assert_eq!(opened.err(), Some(EnvelopeFault::Unopened));
            assert_eq!(look(&sealed[..length]), Err(EnvelopeFault::Unopened));
        }
        assert_eq!(look(&sealed), Ok(()));
        let mut altered = sealed.clone();
        altered[40] ^= 1;
        assert!(open(&device(), &share(), &name, &altered).is_err());
        let mut newer = sealed;
        newer[0] = 2;
        assert_eq!(look(&newer), Err(EnvelopeFault::Version(2)));
        assert_eq!(
            open(&device(), &share(), &name, &newer).err(),
            Some(EnvelopeFault::Version(2))
        );
    }
}
