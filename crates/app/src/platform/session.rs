//! A person's session, as macOS's window server describes it.

/// What it says; what it doesn't say disturbs nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Session {
    /// Whether its screens, keyboard and mouse are the computer's.
    on_console: Option<bool>,
    locked: Option<bool>,
}

impl Session {
    /// Reads it by the names of its flags.
    pub(super) fn read(flag: impl Fn(&str) -> Option<bool>) -> Self {
        Self {
            // `kCGSessionOnConsoleKey` of `CGSession.h`.
            on_console: flag("kCGSSessionOnConsoleKey"),
            // In no header, and there while the screen is locked only.
            locked: flag("CGSSessionScreenIsLocked"),
        }
    }

    /// Whether its person can't see it.
    pub(super) fn is_away(self) -> bool {
        self.on_console == Some(false) || self.locked == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_away_behind_a_lock_or_another_session_and_nowhere_else() {
        let told = |flags: &'static [(&str, bool)]| {
            let flag = |name: &str| {
                let found = flags.iter().find(|(flag, _)| *flag == name);
                found.map(|(_, value)| *value)
            };
            Session::read(flag).is_away()
        };
        assert!(!told(&[]));
        assert!(!told(&[("kCGSSessionOnConsoleKey", true)]));
        assert!(told(&[("kCGSSessionOnConsoleKey", false)]));
        assert!(told(&[
            ("kCGSSessionOnConsoleKey", true),
            ("CGSSessionScreenIsLocked", true)
        ]));
        assert!(!told(&[
            ("kCGSSessionOnConsoleKey", true),
            ("CGSSessionScreenIsLocked", false)
        ]));
    }
}
