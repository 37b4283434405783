//! A hostile PAM module: it tries what an attacker inside the helper would, and notes what came
//! of it in the one folder that the helper may write to. Compiled by the test itself.

use std::ffi::{c_char, c_int, c_void};
use std::fs::{self, Permissions};
use std::io;
use std::net::UdpSocket;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::process::Command;

/// Takes no part in the decision (`PAM_IGNORE`).
const IGNORE: c_int = 25;

unsafe extern "C" {
    fn kill(process: c_int, signal: c_int) -> c_int;
    fn socket(family: c_int, kind: c_int, protocol: c_int) -> c_int;
}

/// `pam_sm_authenticate(3)`.
#[unsafe(no_mangle)]
pub extern "C" fn pam_sm_authenticate(
    _handle: *mut c_void,
    _flags: c_int,
    _count: c_int,
    _arguments: *const *const c_char,
) -> c_int {
    let victim: c_int = fs::read_to_string("/etc/planted-victim")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0);
    let tries: [(&str, io::Result<()>); 18] = [
        ("read a file in /root", fs::read("/root/secret").map(drop)),
        ("read a person's file", fs::read("/home/anna/secret").map(drop)),
        ("list /var/lib/lockstep", fs::read_dir("/var/lib/lockstep").map(drop)),
        (
            "read another process's environment",
            fs::read(format!("/proc/{victim}/environ")).map(drop),
        ),
        ("write below /usr", fs::write("/usr/planted", "x")),
        ("write to /tmp", fs::write("/tmp/planted", "x")),
        ("write to /run", fs::write("/run/planted", "x")),
        ("make a folder in /etc", fs::create_dir("/etc/planted-folder")),
        ("make a link in /etc", symlink("/root", "/etc/planted-link")),
        ("make a program run as its owner", set_uid()),
        ("give a file away", give_away()),
        ("move a file out of /etc", move_out()),
        ("start a program", Command::new("/bin/true").status().map(drop)),
        ("connect to a network", UdpSocket::bind("127.0.0.1:0").map(drop)),
        // SAFETY: no pointer is passed.
        ("open a raw socket", status(unsafe { socket(17, 3, 0) })),
        // SAFETY: no pointer is passed; signal 0 only asks.
        ("signal another process", status(unsafe { kill(victim, 0) })),
        (
            "change a file of somebody else",
            fs::set_permissions("/home/anna/own", Permissions::from_mode(0o600)),
        ),
        ("write to the account files", fs::write("/etc/planted-file", "x")),
    ];
    let report: String = tries
        .iter()
        .map(|(what, came)| match came {
            Ok(()) => format!("{what}: done\n"),
            Err(fault) => format!("{what}: refused, {fault}\n"),
        })
        .collect();
    let _told = fs::write("/etc/planted", report);
    IGNORE
}

/// `pam_sm_setcred(3)`, without which libpam would not take the module.
#[unsafe(no_mangle)]
pub extern "C" fn pam_sm_setcred(
    _handle: *mut c_void,
    _flags: c_int,
    _count: c_int,
    _arguments: *const *const c_char,
) -> c_int {
    IGNORE
}

fn set_uid() -> io::Result<()> {
    fs::write("/etc/planted-program", "x")?;
    fs::set_permissions("/etc/planted-program", Permissions::from_mode(0o4755))
}

fn give_away() -> io::Result<()> {
    fs::write("/etc/planted-gift", "x")?;
    chown("/etc/planted-gift", Some(1000), None)
}

fn move_out() -> io::Result<()> {
    fs::write("/etc/planted-move", "x")?;
    fs::rename("/etc/planted-move", "/root/moved")
}

fn status(number: c_int) -> io::Result<()> {
    if number < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
