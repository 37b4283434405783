//! Homes whose key is derived from the login password: a reset would leave them shut.
//!
//! The homes themselves are out of the helper's reach, so PAM's rules are read (pam.d(5)): where a
//! module opens homes with the password, somebody's home may need it.

use std::fs;
use std::io;

use lockstep_model::Code;

use super::etc::Etc;
use crate::Refusal;

/// The modules that open a home, or a part of it, with the password.
const MODULES: [&str; 4] = [
    "pam_fscrypt.so",
    "pam_ecryptfs.so",
    "pam_mount.so",
    "pam_zfs_key.so",
];

/// Refuses where a home could stay shut.
pub(super) fn refuse_shut(etc: &Etc) -> Result<(), Refusal> {
    let unreadable = |fault: io::Error| {
        let detail = format!("PAM's rules can't be read: {fault}");
        Refusal::new(Code::StateUnreadable, detail)
    };
    let folder = etc.path().join("pam.d");
    let entries = match fs::read_dir(&folder) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(unreadable)?,
    };
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if !path.is_file() {
            continue;
        }
        let rules = fs::read(&path).map_err(unreadable)?;
        if let Some(module) = named_in(&String::from_utf8_lossy(&rules)) {
            let detail = format!("{} opens homes by {module}", path.display());
            return Err(Refusal::new(Code::StaysShut, detail));
        }
    }
    Ok(())
}

fn named_in(rules: &str) -> Option<&'static str> {
    let rules = rules
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let mut words = rules.flat_map(str::split_whitespace);
    words.find_map(|word| MODULES.into_iter().find(|module| word.ends_with(module)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_opens_homes_refuses_and_a_comment_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let etc = Etc::at(directory.path());
        assert_eq!(refuse_shut(&etc), Ok(()), "no rules at all");
        let folder = directory.path().join("pam.d");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("lockstep"), "auth required pam_unix.so\n").unwrap();
        for (rule, refused) in [
            ("# auth optional pam_fscrypt.so\n", false),
            ("session optional pam_unix.so # not pam_mount.so\n", false),
            ("auth optional pam_fscrypt.so\n", true),
            (
                "auth [success=ok] /lib/security/pam_ecryptfs.so unwrap\n",
                true,
            ),
            ("-auth\tsufficient\tpam_zfs_key.so", true),
        ] {
            fs::write(folder.join("common-auth"), rule).unwrap();
            let code = refuse_shut(&etc).err().map(|refusal| refusal.code);
            assert_eq!(code, refused.then_some(Code::StaysShut), "{rule}");
        }
    }
}
