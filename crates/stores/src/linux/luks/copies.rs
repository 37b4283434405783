//! The two copies of a header as they are on the disk, read without starting a program.
//!
//! Format: LUKS2 On-Disk Format Specification 1.1, 2.1: a binary header of 4096 bytes, big-endian,
//! then JSON; the second copy follows the first. Whatever is not plainly whole is for cryptsetup to
//! judge, and to mend.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::header::MAX_JSON;

const BINARY: usize = 4096;
/// Where the checksum is in the binary header; it is computed with zeros in its place.
const CHECKSUM: std::ops::Range<usize> = 448..512;
/// No key slot's area is longer than this, by far.
const MAX_AREA: u64 = 64 * 1024 * 1024;

/// The metadata, where both copies are whole and the same.
///
/// # Errors
///
/// When the device can't be read.
pub(super) fn metadata(device: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(device)?;
    let mut first = read(&mut file, BINARY as u64)?;
    let Some(size) = whole_size(&first) else {
        return Ok(None);
    };
    let rest = read(&mut file, (size - BINARY) as u64)?;
    first.extend(rest);
    let second = read(&mut file, size as u64)?;
    Ok(agreed(&first, &second, size))
}

/// The sum of a stretch of a device: the same sum, the same bytes.
///
/// # Errors
///
/// When it can't be read, or is longer than any key slot's.
pub(super) fn sum(device: &Path, (offset, length): (u64, u64)) -> io::Result<[u8; 32]> {
    if length > MAX_AREA {
        return Err(io::Error::other("a key slot's area is too long"));
    }
    let mut file = File::open(device)?;
    file.seek(SeekFrom::Start(offset))?;
    let bytes = read(&mut file, length)?;
    if bytes.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Sha256::digest(bytes).into())
}

fn read(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The length of one copy, if the binary header says a possible one.
fn whole_size(binary: &[u8]) -> Option<usize> {
    let (magic, version) = (binary.get(..6)?, binary.get(6..8)?);
    let size = u64::from_be_bytes(binary.get(8..16)?.try_into().ok()?);
    let size = usize::try_from(size).ok()?;
    let possible = size.is_power_of_two() && (16 * 1024..=MAX_JSON).contains(&size);
    (magic == b"LUKS\xba\xbe" && version == [0, 2] && possible).then_some(size)
}

/// The JSON, if the first copy's checksum is right and the second one says the same.
fn agreed(first: &[u8], second: &[u8], size: usize) -> Option<Vec<u8>> {
    if first.len() != size || second.len() != size || !second.starts_with(b"SKUL\xba\xbe") {
        return None;
    }
    let algorithm = first.get(72..104)?.split(|byte| *byte == 0).next()?;
    if algorithm != b"sha256" {
        return None;
    }
    let sum = Sha256::new()
        .chain_update(&first[..CHECKSUM.start])
        .chain_update([0; CHECKSUM.end - CHECKSUM.start])
        .chain_update(&first[CHECKSUM.end..])
        .finalize();
    let said = first[CHECKSUM].get(..sum.len())?;
    let sequence = 16..24;
    let same = first[sequence.clone()] == second[sequence] && first[BINARY..] == second[BINARY..];
    if said != sum.as_slice() || !same {
        return None;
    }
    let json = first[BINARY..].split(|byte| *byte == 0).next()?;
    Some(json.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 16 * 1024;

    fn copy(magic: &[u8], json: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; SIZE];
        bytes[..6].copy_from_slice(magic);
        bytes[6..8].copy_from_slice(&[0, 2]);
        bytes[8..16].copy_from_slice(&(SIZE as u64).to_be_bytes());
        bytes[16..24].copy_from_slice(&7_u64.to_be_bytes());
        bytes[72..78].copy_from_slice(b"sha256");
        bytes[BINARY..BINARY + json.len()].copy_from_slice(json);
        let sum = Sha256::digest(&bytes);
        bytes[CHECKSUM.start..CHECKSUM.start + 32].copy_from_slice(&sum);
        bytes
    }

    fn read_back(bytes: &[u8]) -> Option<Vec<u8>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        metadata(file.path()).unwrap()
    }

    #[test]
    fn what_is_whole_twice_is_read() {
        let json = br#"{"keyslots":{}}"#;
        let both = [copy(b"LUKS\xba\xbe", json), copy(b"SKUL\xba\xbe", json)].concat();
        assert_eq!(read_back(&both).as_deref(), Some(json.as_slice()));
    }

    #[test]
    fn any_other_byte_leaves_it_to_cryptsetup() {
        let json = br#"{"keyslots":{}}"#;
        let both = [copy(b"LUKS\xba\xbe", json), copy(b"SKUL\xba\xbe", json)].concat();
        let places = [
            0,
            7,
            8,
            15,
            16,
            72,
            100,
            300,
            450,
            BINARY,
            BINARY + 3,
            SIZE - 1,
        ];
        let places = places
            .into_iter()
            .chain([SIZE, SIZE + 16, SIZE + BINARY, 2 * SIZE - 1]);
        for place in places {
            let mut torn = both.clone();
            torn[place] ^= 1;
            assert_eq!(read_back(&torn), None, "byte {place}");
        }
        for length in [0, 6, 200, BINARY, SIZE, 2 * SIZE - 1] {
            assert_eq!(read_back(&both[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn a_stretch_has_its_own_sum() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"abcdef").unwrap();
        let of = |at| sum(file.path(), at).unwrap();
        assert_eq!(of((1, 3)), <[u8; 32]>::from(Sha256::digest(b"bcd")));
        assert_ne!(of((1, 3)), of((2, 3)));
        assert!(sum(file.path(), (4, 3)).is_err());
        assert!(sum(file.path(), (0, MAX_AREA + 1)).is_err());
    }
}
