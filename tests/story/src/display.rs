//! This machine's own X display, on which a device's windows can be shown.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use lockstep_lab::Daemon;

use crate::locked::Session;
use crate::world::Computer;

/// Where X servers listen; the display's number follows.
const SOCKETS: &str = "/tmp/.X11-unix/X";

/// What every log-in shell of the person's is told, so that the app answers there as well.
const PROFILE: &str = "/etc/profile.d/display.sh";

/// This machine's own X display; Xwayland is one.
#[derive(Debug)]
pub struct Display {
    socket: PathBuf,
    authority: Vec<u8>,
}

/// The app on this machine's display, in a log-in of the person's; both end when this is dropped.
pub struct Shown {
    app: Daemon,
    _session: Session,
}

impl Display {
    /// Finds a display by its name (`DISPLAY`) and by the file with its cookie (`XAUTHORITY`), where
    /// there is one.
    ///
    /// # Errors
    ///
    /// When it isn't on this machine, or the file is no Xauthority file.
    pub fn find(name: &str, authority: Option<&Path>) -> anyhow::Result<Self> {
        let number =
            number(name).with_context(|| format!("the display {name} is not on this machine"))?;
        let socket = PathBuf::from(format!("{SOCKETS}{number}"));
        ensure!(
            socket.exists(),
            "the display {name} has no socket {}",
            socket.display()
        );
        let authority = match authority {
            None => Vec::new(),
            Some(path) => {
                let read = std::fs::read(path);
                let bytes = read.with_context(|| format!("can't read {}", path.display()))?;
                let cookies = for_any_host(&bytes, number);
                cookies.with_context(|| format!("{} is no Xauthority file", path.display()))?
            }
        };
        Ok(Self { socket, authority })
    }

    /// The display's socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Logs the person in at a computer whose world was begun with this display, and opens the app.
    ///
    /// # Errors
    ///
    /// Whatever doesn't start.
    pub fn show(&self, computer: &Computer, password: &str) -> anyhow::Result<Shown> {
        let session = computer.log_in(password)?;
        let device = &computer.device;
        let account = computer.account();
        let cookies = format!("/home/{account}/.Xauthority");
        std::fs::write(device.path(&cookies)?, &self.authority)?;
        device.shell(&format!(
            "chmod 600 {cookies}; chown {account}: {cookies}; cat >{PROFILE} <<'END'\n\
             export DISPLAY=:0 XDG_RUNTIME_DIR=/run/user/$(id -u)\n\
             export DBUS_SESSION_BUS_ADDRESS='{}'\nEND",
            session.bus()
        ))?;
        let mut app = device.command_as(account, "lockstep-app")?;
        app.env("DISPLAY", ":0");
        app.env("DBUS_SESSION_BUS_ADDRESS", session.bus());
        let log = device.logs().join("lockstep-app.log");
        Ok(Shown {
            app: Daemon::start(app, &log)?,
            _session: session,
        })
    }
}

impl Shown {
    /// Waits until the app ends by itself; gives why, or nothing where it was quit or killed.
    ///
    /// # Errors
    ///
    /// That of wait(2).
    pub fn ends(&mut self) -> std::io::Result<Option<String>> {
        let failed = self.app.wait()?.code().is_some_and(|code| code != 0);
        Ok(failed.then(|| self.app.log()))
    }
}

/// The number of a display of this machine: `:1`, `:1.0`, `unix:1`.
fn number(name: &str) -> Option<u32> {
    let name = name.strip_prefix("unix").unwrap_or(name);
    let number = name.strip_prefix(':')?;
    let (number, _screen) = number.split_once('.').unwrap_or((number, ""));
    number.parse().ok()
}

/// The cookies of one display, told as those of any host: the device has a name of its own.
///
/// An entry is a family and four fields (address, number, name, data), each with its length; all
/// numbers are two bytes, the higher first (Xau, `AuRead.c`; families in `Xauth.h`).
fn for_any_host(mut bytes: &[u8], display: u32) -> Option<Vec<u8>> {
    const LOCAL: u16 = 256;
    const ANY: u16 = 65535;
    let wanted = display.to_string();
    let mut kept = Vec::new();
    while !bytes.is_empty() {
        let family = u16::from_be_bytes(bytes.split_off(..2)?.try_into().ok()?);
        let mut next = || field(&mut bytes);
        let [_, number, name, data] = [next()?, next()?, next()?, next()?];
        let is_its_own = number.is_empty() || number == wanted.as_bytes();
        if !is_its_own || (family != LOCAL && family != ANY) {
            continue;
        }
        kept.extend(ANY.to_be_bytes());
        for field in [b"", b"", name, data] {
            kept.extend(u16::try_from(field.len()).ok()?.to_be_bytes());
            kept.extend(field);
        }
    }
    Some(kept)
}

fn field<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u16::from_be_bytes(bytes.split_off(..2)?.try_into().ok()?);
    bytes.split_off(..length.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(family: u16, fields: [&str; 4]) -> Vec<u8> {
        let mut bytes = family.to_be_bytes().to_vec();
        for field in fields {
            bytes.extend(u16::try_from(field.len()).unwrap().to_be_bytes());
            bytes.extend(field.as_bytes());
        }
        bytes
    }

    #[test]
    fn displays_of_this_machine_are_told_by_their_names() {
        assert_eq!(
            [":0", ":12.0", "unix:1", "far:0", "localhost:10.0", ":", ""].map(number),
            [Some(0), Some(12), Some(1), None, None, None, None]
        );
    }

    #[test]
    fn cookies_of_the_display_are_kept_for_any_host() {
        const NAME: &str = "MIT-MAGIC-COOKIE-1";
        let file = [
            entry(256, ["here", "1", NAME, "other"]),
            entry(0, ["\u{7f}", "0", NAME, "by network"]),
            entry(256, ["here", "0", NAME, "own"]),
        ]
        .concat();
        let kept = entry(65535, ["", "", NAME, "own"]);
        assert_eq!(for_any_host(&file, 0), Some(kept));
        assert_eq!(for_any_host(&file[..file.len() - 1], 0), None);
        assert_eq!(for_any_host(b"", 0), Some(Vec::new()));
    }
}
