//! Which file can be the logo. Computers and browsers decode it, so that only a plain PNG passes.

use lockstep_model::Code;
use lockstep_protocol::api::MAX_LOGO;
use sha2::{Digest as _, Sha256};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const SIDES: std::ops::RangeInclusive<u32> = 16..=1024;

/// One part of a PNG, and what follows it.
struct Chunk<'a> {
    kind: &'a [u8; 4],
    data: &'a [u8],
    rest: &'a [u8],
}

/// Judges a file: a PNG within the bounds that begins with its header, has a picture, and ends where
/// it says so.
///
/// # Errors
///
/// [`Code::LogoUnusable`].
pub fn check(file: &[u8]) -> Result<(), Code> {
    let within = file.len() <= MAX_LOGO;
    let fits = within && file.strip_prefix(SIGNATURE).is_some_and(is_picture);
    if fits {
        Ok(())
    } else {
        Err(Code::LogoUnusable)
    }
}

/// The digest by which a logo is known: SHA-256, in hexadecimal.
#[must_use]
pub fn digest(png: &[u8]) -> String {
    let digest = Sha256::digest(png);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_picture(chunks: &[u8]) -> bool {
    let Some(header) = chunk(chunks).filter(|first| first.kind == b"IHDR") else {
        return false;
    };
    let (mut rest, mut pictured) = (header.rest, false);
    while let Some(next) = chunk(rest) {
        match next.kind {
            b"IEND" => return pictured && next.rest.is_empty() && has_good_sides(header.data),
            b"IDAT" => pictured = true,
            _ => {}
        }
        rest = next.rest;
    }
    false
}

/// The first chunk: its length, its kind, its data, and a sum that decoders check.
fn chunk(bytes: &[u8]) -> Option<Chunk<'_>> {
    let (length, bytes) = bytes.split_first_chunk::<4>()?;
    let (kind, bytes) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (data, bytes) = bytes.split_at_checked(length)?;
    let (_sum, rest) = bytes.split_first_chunk::<4>()?;
    Some(Chunk { kind, data, rest })
}

fn has_good_sides(header: &[u8]) -> bool {
    let side = |at: usize| {
        let bytes = header.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_be_bytes(*bytes))
    };
    let good = |side: Option<u32>| side.is_some_and(|side| SIDES.contains(&side));
    header.len() == 13 && good(side(0)) && good(side(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length, kind.as_slice(), data, &[0; 4]].concat()
    }

    fn png(width: u32, height: u32, picture: usize) -> Vec<u8> {
        let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
        let header = [sides.as_slice(), &[8, 6, 0, 0, 0]].concat();
        let parts = [
            part(b"IHDR", &header),
            part(b"tEXt", b"made by"),
            part(b"IDAT", &vec![0; picture]),
            part(b"IEND", b""),
        ];
        [SIGNATURE, &parts.concat()].concat()
    }

    #[test]
    fn a_png_within_the_bounds_passes() {
        let around = png(16, 16, 0).len();
        for good in [
            png(16, 1024, 100),
            png(1024, 16, 100),
            png(512, 512, MAX_LOGO - around),
        ] {
            assert_eq!(check(&good), Ok(()));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let good = png(64, 64, 100);
        let bad = Err(Code::LogoUnusable);
        for end in 0..good.len() {
            assert_eq!(check(&good[..end]), bad, "cut at {end}");
        }
        let around = png(16, 16, 0).len();
        let no_picture = [SIGNATURE, &good[8..33], &part(b"IEND", b"")].concat();
        let header_later = [SIGNATURE, &part(b"IDAT", b""), &good[8..]].concat();
        for (what, file) in [
            ("too narrow", png(15, 64, 100)),
            ("too high", png(64, 1025, 100)),
            ("endless", png(64, u32::MAX, 100)),
            ("too large", png(64, 64, MAX_LOGO - around + 1)),
            (
                "more behind its end",
                [good.as_slice(), b"<script>"].concat(),
            ),
            ("no picture", no_picture),
            ("its header later", header_later),
            ("a JPEG", b"\xff\xd8\xff\xe0".repeat(20)),
            ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
        ] {
            assert_eq!(check(&file), bad, "{what}");
        }
    }

    #[test]
    fn the_digest_is_sha_256_in_hexadecimal() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(b""), empty);
    }
}
