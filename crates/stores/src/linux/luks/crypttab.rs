//! Which disks ask for a passphrase at boot: crypttab(5), systemd's and Debian's.

use std::path::{Path, PathBuf};

/// The most bytes of a crypttab that is read.
pub const MAX_FILE: usize = 256 * 1024;

/// A disk that asks for a passphrase at boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name of what is opened.
    pub name: String,
    /// Where its header is: a path below `/dev`, or a file.
    pub header: PathBuf,
}

/// Options of disks that don't ask at boot, or aren't LUKS.
const OTHERS: &[&str] = &[
    "noauto",
    "swap",
    "tmp",
    "plain",
    "bitlk",
    "headless",
    "keyscript",
    "tpm2-device",
    "fido2-device",
    "pkcs11-uri",
];

/// The entries that ask for a passphrase; what can't be understood asks for nothing.
#[must_use]
pub fn entries(text: &str) -> Vec<Entry> {
    text.lines().filter_map(entry).collect()
}

fn entry(line: &str) -> Option<Entry> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let mut fields = line.split_ascii_whitespace();
    let (name, source) = (fields.next()?, fields.next()?);
    let key = fields.next().unwrap_or("none");
    let options: Vec<(&str, &str)> = fields
        .next()
        .unwrap_or("")
        .split(',')
        .map(|option| option.split_once('=').unwrap_or((option, "")))
        .collect();
    let is_other = |(option, value): &(&str, &str)| {
        let off = matches!(*value, "no" | "false" | "0" | "off");
        // TrueCrypt's and VeraCrypt's options have these prefixes.
        let veracrypt = option.starts_with("tcrypt") || option.starts_with("veracrypt");
        (OTHERS.contains(option) && !off) || veracrypt
    };
    if !matches!(key, "none" | "-") || options.iter().any(is_other) {
        return None;
    }
    let detached = options.iter().find(|(option, _)| *option == "header");
    let header = detached.map_or_else(|| path(source), |(_, header)| absolute(header))?;
    Some(Entry {
        name: name.to_owned(),
        header,
    })
}

/// The path of a source; udev keeps a link for each way to name a device.
fn path(source: &str) -> Option<PathBuf> {
    let Some((tag, value)) = source.split_once('=') else {
        return absolute(source);
    };
    let value = value.trim_matches('"');
    let folder = match tag {
        "UUID" => "by-uuid",
        "PARTUUID" => "by-partuuid",
        "LABEL" => "by-label",
        "PARTLABEL" => "by-partlabel",
        "ID" => "by-id",
        _ => return absolute(source),
    };
    if value.is_empty() || value.contains('/') || value.starts_with('.') {
        return None;
    }
    let value = if tag.ends_with("UUID") {
        value.to_ascii_lowercase()
    } else {
        value.to_owned()
    };
    Some(Path::new("/dev/disk").join(folder).join(value))
}

fn absolute(path: &str) -> Option<PathBuf> {
    path.starts_with('/').then(|| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(text: &str) -> Vec<String> {
        let entries = entries(text).into_iter();
        entries
            .map(|entry| entry.header.display().to_string())
            .collect()
    }

    #[test]
    fn sources_are_found_however_they_are_named() {
        let uuid = "6145fb29-1dc4-47f4-917c-aeb6f4c13f77";
        assert_eq!(
            headers(&format!(
                "# <target> <source> <key> <options>\n\n\
                 sda3_crypt UUID={} none luks,discard\n\
                 data\t/dev/sdb1\t-\tluks\n  image /srv/disk.img\n\
                 part PARTUUID=AA-02 none\nname PARTLABEL=\"home\" none luks,x-initrd.attach\n\
                 apart /dev/sdc1 none luks,header=/boot/sdc1.luks\n",
                uuid.to_uppercase()
            )),
            [
                &format!("/dev/disk/by-uuid/{uuid}"),
                "/dev/sdb1",
                "/srv/disk.img",
                "/dev/disk/by-partuuid/aa-02",
                "/dev/disk/by-partlabel/home",
                "/boot/sdc1.luks",
            ]
        );
    }

    #[test]
    fn disks_that_dont_ask_at_boot_are_left_out() {
        for line in [
            "swap /dev/sda2 /dev/urandom swap,cipher=aes-xts-plain64",
            "data /dev/sdb1 /etc/keys/data.key luks",
            "usb /dev/sdc1 none luks,noauto",
            "chip /dev/sdd1 none luks,tpm2-device=auto",
            "chip /dev/sdd1 - fido2-device=auto",
            "other /dev/sde1 none tcrypt-veracrypt",
            "script UUID=1-2 none luks,keyscript=/bin/ask",
            "relative disk.img none luks",
            "outside UUID=../../sda none luks",
            "nothing",
            "apart /dev/sdc1 none luks,header=boot.luks",
            "#sda3_crypt /dev/sda3 none luks",
        ] {
            assert!(entries(line).is_empty(), "{line}");
        }
        assert_eq!(headers("a /dev/a none luks,headless=no"), ["/dev/a"]);
    }
}
