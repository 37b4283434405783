//! What no way of bringing a computer in step can do without: the bare operations, one process each.
//!
//! Nothing of Lockstep takes part but the child that stretches for OPAQUE. PAM sets alarms for its
//! whole process, cryptsetup keeps argon2's memory in its own, a keyring is opened only by a daemon
//! of its own: so each of them costs the start of a process, too.

use std::fs::{self, DirBuilder};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use lockstep_model::Ksf;
use serde::{Deserialize, Serialize};

/// The operations of gnome-keyring's control socket (`daemon/control/gkd-control-codes.h`).
const UNLOCK: u32 = 1;
const CHANGE: u32 = 2;

/// Whose stores, and between which passwords.
#[derive(Serialize, Deserialize)]
pub struct Order {
    /// The account.
    pub account: String,
    /// Where the disk's header is.
    pub disk: String,
    /// What the stretching of its passwords takes (argon2id, t=4, p=1).
    pub memory_kib: u32,
    /// What opens everything before.
    pub old: String,
    /// What opens everything afterwards.
    pub new: String,
}

/// How long each operation took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Floor {
    /// By their names, in the order of a sync.
    pub operations: Vec<(String, Duration)>,
}

/// Does them, as root, on this computer.
///
/// # Errors
///
/// When one fails: what it took then would mean nothing.
pub fn run(order: &Order) -> anyhow::Result<Floor> {
    let Order {
        account,
        disk,
        memory_kib,
        old,
        new,
    } = order;
    let home = PathBuf::from(format!("/home/{account}"));
    let mut floor = Floor {
        operations: Vec::new(),
    };
    floor.time("OPAQUE key derivation", stretch)?;
    floor.time("PAM verify", || pam(account, &["authenticate"], &[old]))?;
    let slot = if slots(disk)?.contains("\"0\"") {
        "1"
    } else {
        "0"
    };
    floor.time("LUKS add", || {
        let like = format!(
            "--pbkdf argon2id --pbkdf-memory {memory_kib} --pbkdf-force-iterations 4 \
            --pbkdf-parallel 1"
        );
        cryptsetup(
            &format!("luksAddKey --key-file - --key-slot {slot} {like}"),
            disk,
            &[old, new],
        )
    })?;
    floor.time("LUKS test", || {
        let test = format!("open --test-passphrase --key-file - --key-slot {slot}");
        cryptsetup(&test, disk, &[new])
    })?;
    floor.time("PAM change", || {
        let change = ["chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK)"];
        pam(account, &change, &[old, new, new])
    })?;
    floor.time("PAM proof", || pam(account, &["authenticate"], &[new]))?;
    floor.time("keyring change", || {
        let uid = fs::metadata(&home)?.uid();
        let control = PathBuf::from(format!("/run/user/{uid}/keyring/control"));
        keyring(&home, CHANGE, &control, &[old, new])
    })?;
    floor.time("keyring proof", || prove_keyring(&home, new))?;
    let gone = if slot == "0" { "1" } else { "0" };
    floor.time("LUKS remove", || {
        cryptsetup_after("luksKillSlot --key-file -", disk, gone, &[new])
    })?;
    Ok(floor)
}

/// Has the account's person bring this computer in step, as they would; gives how long it took.
///
/// # Errors
///
/// When it ends otherwise than in sync.
pub fn sync(order: &Order) -> anyhow::Result<Duration> {
    let home = PathBuf::from(format!("/home/{}", order.account));
    let began = Instant::now();
    let mut command = as_owner(&home, "/x/lockstep")?;
    command.args(["--json", "sync", "--password-fd", "0"]);
    fed(command, order.new.as_bytes())?;
    Ok(began.elapsed())
}

/// The part of one process that asks a keyring's daemon, as its owner: operation and strings.
///
/// # Errors
///
/// When the daemon does not say that it is done.
pub fn ask_keyring(control: &Path, operation: u32, strings: &[String]) -> anyhow::Result<()> {
    let mut packet = operation.to_be_bytes().to_vec();
    for string in strings {
        packet.extend(u32::try_from(string.len())?.to_be_bytes());
        packet.extend(string.as_bytes());
    }
    let mut stream = UnixStream::connect(control)?;
    stream.write_all(&[0])?;
    stream.write_all(&u32::try_from(packet.len() + 4)?.to_be_bytes())?;
    stream.write_all(&packet)?;
    let mut answer = [0; 8];
    stream.read_exact(&mut answer)?;
    ensure!(answer[4..] == [0; 4], "the daemon answered {answer:?}");
    Ok(())
}

impl Floor {
    fn time(
        &mut self,
        name: &str,
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        work().with_context(|| name.to_owned())?;
        self.operations.push((name.to_owned(), began.elapsed()));
        Ok(())
    }
}

fn stretch() -> anyhow::Result<()> {
    let Ksf {
        memory_kib,
        iterations,
        parallelism,
    } = Ksf::DEFAULT;
    let mut command = Command::new("/x/lockstep-agent");
    command.arg("stretch");
    command.args([memory_kib, iterations, parallelism].map(|number| number.to_string()));
    fed(command, &[0; 64])
}

fn pam(account: &str, steps: &[&str], answers: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new("pamtester");
    command.args(["lockstep", account]).args(steps);
    fed(command, (answers.join("\n") + "\n").as_bytes())
}

fn cryptsetup(words: &str, disk: &str, passwords: &[&str]) -> anyhow::Result<()> {
    cryptsetup_after(words, disk, "", passwords)
}

/// The first password is standard input, a second one a pipe that is named.
fn cryptsetup_after(
    words: &str,
    disk: &str,
    after: &str,
    passwords: &[&str],
) -> anyhow::Result<()> {
    let mut command = Command::new("cryptsetup");
    command.args(words.split_whitespace()).arg(disk);
    if !after.is_empty() {
        command.arg(after);
    }
    if let [_, second] = passwords {
        let (reader, mut writer) = io::pipe()?;
        writer.write_all(second.as_bytes())?;
        drop(writer);
        let number = 9;
        lockstep_lab::pass_fd(&mut command, reader.into(), number)?;
        command.arg(format!("/dev/fd/{number}"));
    }
    fed(
        command,
        passwords.first().context("no password")?.as_bytes(),
    )
}

fn slots(disk: &str) -> anyhow::Result<String> {
    let mut command = Command::new("cryptsetup");
    let done = command
        .args(["luksDump", "--dump-json-metadata", disk])
        .output()?;
    let json: serde_json::Value = serde_json::from_slice(&done.stdout)?;
    let slots = json["keyslots"].as_object().context("no slots")?;
    Ok(format!("{:?}", slots.keys().collect::<Vec<_>>()))
}

/// A process of the owner's that asks a daemon.
fn keyring(home: &Path, operation: u32, control: &Path, strings: &[&str]) -> anyhow::Result<()> {
    let mut command = as_owner(home, "/x/lockstep-load")?;
    command.args(["--folder", "/tmp", "keyring", &operation.to_string()]);
    command.arg(control);
    fed(command, serde_json::to_string(strings)?.as_bytes())
}

/// A daemon of its own on a copy: one that holds the keyring open would take anything.
fn prove_keyring(home: &Path, new: &str) -> anyhow::Result<()> {
    let owner = fs::metadata(home)?;
    let folder = PathBuf::from(format!("/run/user/{}/floor", owner.uid()));
    let keyrings = folder.join("keyrings");
    // The daemon refuses a folder that others may enter.
    let mut private = DirBuilder::new();
    private.recursive(true).mode(0o700).create(&keyrings)?;
    let copy = keyrings.join("login.keyring");
    fs::copy(home.join(".local/share/keyrings/login.keyring"), &copy)?;
    for path in [&folder, &keyrings, &copy] {
        chown(path, Some(owner.uid()), Some(owner.gid()))?;
    }
    let control = folder.join("control");
    let mut daemon = as_owner(home, "gnome-keyring-daemon")?;
    daemon
        .args(["--foreground", "--components=pkcs11"])
        .arg(format!("--control-directory={}", folder.display()))
        .env_clear()
        .env("XDG_DATA_HOME", &folder)
        .env("XDG_RUNTIME_DIR", &folder)
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut daemon = daemon.spawn()?;
    let proved = wait_for(&control).and_then(|()| keyring(home, UNLOCK, &control, &[new]));
    end(&mut daemon)?;
    fs::remove_dir_all(&folder)?;
    proved
}

/// Waits until somebody listens: a socket is there a moment before that.
fn wait_for(path: &Path) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(5);
    while UnixStream::connect(path).is_err() {
        ensure!(Instant::now() < deadline, "the daemon does not listen");
        thread::sleep(Duration::from_micros(200));
    }
    Ok(())
}

fn end(daemon: &mut Child) -> io::Result<()> {
    daemon.kill()?;
    daemon.wait().map(drop)
}

fn as_owner(home: &Path, program: &str) -> io::Result<Command> {
    let owner = fs::metadata(home)?;
    let mut command = Command::new(program);
    command.uid(owner.uid()).gid(owner.gid());
    Ok(command)
}

/// Runs a command with this on its standard input, and insists that it ends well.
fn fed(mut command: Command, input: &[u8]) -> anyhow::Result<()> {
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(input)?;
    drop(writer);
    let done = command
        .stdin(reader)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure!(done.status.success(), "{}: {said}", done.status);
    Ok(())
}
