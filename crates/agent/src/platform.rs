//! What differs between operating systems.

use std::io;

/// The system's name for people: "Debian GNU/Linux 12 (bookworm)".
pub(crate) fn system() -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let name = name.map(|name| name.trim_matches('"').to_owned());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "Linux".to_owned())
}

/// The computer's name.
pub(crate) fn host_name() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    if name.is_empty() {
        "computer".to_owned()
    } else {
        name
    }
}

/// The installation's own identity (machine-id(5)).
pub(crate) fn machine_id() -> Option<String> {
    std::fs::read_to_string("/etc/machine-id").ok()
}

/// The name of the local account that has a uid now, from the local files: what the helper goes by.
pub(crate) fn account_name(uid: u32) -> io::Result<Option<String>> {
    let passwd = std::fs::read("/etc/passwd")?;
    Ok(name_of(&String::from_utf8_lossy(&passwd), uid))
}

/// The first name with this uid (passwd(5)).
fn name_of(passwd: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let mut names = passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    names.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_uid_alone() {
        let passwd = "root:x:0:0::/:/bin/sh\n\n:::\nanna:x:1000:7::/:/bin/sh\nb:x:7:1000::/:/x\n";
        assert_eq!(name_of(passwd, 1000).as_deref(), Some("anna"));
        assert_eq!(name_of(passwd, 7).as_deref(), Some("b"));
        assert_eq!(name_of(passwd, 1), None);
    }
}
