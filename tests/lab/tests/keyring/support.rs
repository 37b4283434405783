//! People on a device with keyrings of their own, and the store run as one of them.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};

use lockstep_lab::{Device, Lab};
use lockstep_model::{Code, Secret, StoreKind};
use lockstep_stores::linux::keyring::CAPABILITIES;
use lockstep_stores::{Capabilities, ChangeFault, Refusal, Store};

/// A device with gnome-keyring.
#[derive(Clone)]
pub(crate) struct Computer {
    device: Arc<Mutex<Device>>,
}

/// One person of a device, and the store of their keyring.
#[derive(Clone)]
pub(crate) struct Person {
    computer: Computer,
    pub(crate) name: String,
    pub(crate) uid: u32,
}

/// What an operation of the store said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Done,
    Told(bool),
    Refused(Code, String),
    Unknown(String),
    /// It was killed.
    Nothing,
}

impl Computer {
    /// A fresh one, or `None` where tests on devices are switched off.
    pub(crate) fn new() -> Option<Self> {
        let device = Lab::for_test()?.device("pc").unwrap();
        Some(Self {
            device: Arc::new(Mutex::new(device)),
        })
    }

    pub(crate) fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap()
    }

    pub(crate) fn shell(&self, script: &str) -> String {
        self.device().shell(script).unwrap()
    }

    /// Somebody without a keyring, logged out.
    pub(crate) fn person(&self, uid: u32) -> Person {
        let name = format!("user{uid}");
        let account =
            format!("useradd --create-home --user-group --shell /bin/bash --uid {uid} {name}");
        self.shell(&account);
        Person {
            computer: self.clone(),
            name,
            uid,
        }
    }
}

impl Person {
    /// Begins a session: a bus of its own, and the daemon as the display manager starts it. Makes
    /// a keyring where there is none; leaves one shut that doesn't open with this password.
    pub(crate) fn log_in(&self, password: &[u8]) {
        self.begin_session();
        self.start_daemon(&[], password);
        // The daemon says that it is there before it has made a keyring.
        self.computer.shell(&format!(
            "n=0; until test -s /home/{}/.local/share/keyrings/login.keyring; do \
             n=$((n+1)); test $n -lt 500; sleep 0.01; done",
            self.name
        ));
    }

    pub(crate) fn begin_session(&self) {
        self.computer.device().prepare_session(&self.name).unwrap();
        let address = format!("--address=unix:path=/run/user/{}/bus", self.uid);
        let bus = self.run("dbus-daemon", &["--session", "--fork", &address], b"");
        assert!(bus.status.success(), "{bus:?}");
    }

    /// Starts a daemon with these options besides.
    pub(crate) fn start_daemon(&self, options: &[&str], password: &[u8]) {
        let mut all = vec!["--daemonize", "--unlock", "--components=secrets"];
        all.extend_from_slice(options);
        let daemon = self.run("gnome-keyring-daemon", &all, password);
        assert!(daemon.status.success(), "{daemon:?}");
    }

    /// Ends every process of the person, and waits until they are gone.
    pub(crate) fn log_out(&self) {
        let uid = self.uid;
        self.computer.shell(&format!(
            "pkill -TERM -u {uid} || true; n=0; \
             while pgrep -u {uid} >/dev/null; do n=$((n+1)); \
             test $n -lt 200 || pkill -KILL -u {uid}; sleep 0.01; done; \
             rm -rf /run/user/{uid}"
        ));
    }

    /// Gives the person a keyring with a secret in it, and logs them out.
    pub(crate) fn with_keyring(self, password: &[u8]) -> Self {
        self.log_in(password);
        self.keep("wifi", "s3cret");
        self.log_out();
        self
    }

    /// Keeps a secret as a program of the session does.
    pub(crate) fn keep(&self, name: &str, secret: &str) {
        let kept = self.try_to_keep(name, secret);
        assert!(kept.status.success(), "{kept:?}");
    }

    pub(crate) fn try_to_keep(&self, name: &str, secret: &str) -> Output {
        let label = format!("--label={name}");
        let words = ["5", "secret-tool", "store", &label, "name", name];
        self.run("timeout", &words, secret.as_bytes())
    }

    /// The secret as a program of the session gets it.
    pub(crate) fn kept(&self, name: &str) -> Option<String> {
        let found = self.run(
            "timeout",
            &["5", "secret-tool", "lookup", "name", name],
            b"",
        );
        let secret = String::from_utf8(found.stdout).unwrap();
        found.status.success().then_some(secret)
    }

    /// What is in the folder of keyrings, with a hash of each file.
    pub(crate) fn keyrings(&self) -> String {
        let name = &self.name;
        self.computer.shell(&format!(
            "cd /home/{name}/.local/share/keyrings 2>/dev/null || exit 0; \
             for f in $(ls -A | grep -v '[.]temp-'); do md5sum $f; done"
        ))
    }

    /// The processes of the person.
    pub(crate) fn processes(&self) -> String {
        let uid = self.uid;
        self.computer
            .shell(&format!("ps -u {uid} -o comm=,args= | sort || true"))
    }

    /// Folders of the store that are left.
    pub(crate) fn leftovers(&self) -> String {
        self.computer
            .shell("ls -d /tmp/lockstep-* /run/user/*/lockstep-* 2>/dev/null || true")
    }

    /// A program of the session.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = self
            .computer
            .device()
            .command_as(&self.name, program)
            .unwrap();
        command.env(
            "DBUS_SESSION_BUS_ADDRESS",
            format!("unix:path=/run/user/{}/bus", self.uid),
        );
        command
    }

    pub(crate) fn run(&self, program: &str, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = self.command(program);
        command.args(arguments);
        feed(command, input)
    }

    /// Runs one operation of the store as the person, without any of the session's environment.
    pub(crate) fn ask(&self, operation: &str, secrets: &[&[u8]]) -> Said {
        self.ask_by(
            self.computer
                .device()
                .command_as(&self.name, "env")
                .unwrap(),
            operation,
            secrets,
        )
    }

    /// The same, with a command before the store's, such as `strace`.
    pub(crate) fn ask_by(&self, mut command: Command, operation: &str, secrets: &[&[u8]]) -> Said {
        let home = format!("/home/{}", self.name);
        command.args(["env", "-i", "/x/lockstep-lab", "keyring"]);
        command.args([&self.uid.to_string(), &home]);
        let mut input = format!("{operation}\n").into_bytes();
        for secret in secrets {
            input.extend_from_slice(&u32::try_from(secret.len()).unwrap().to_be_bytes());
            input.extend_from_slice(secret);
        }
        let ended = feed(command, &input);
        let line = String::from_utf8(ended.stdout.clone()).unwrap();
        match line
            .trim_end()
            .split_once(' ')
            .unwrap_or((line.trim_end(), ""))
        {
            ("done", "") => Said::Done,
            ("true", "") => Said::Told(true),
            ("false", "") => Said::Told(false),
            ("refused", rest) => {
                let (number, detail) = rest.split_once(' ').unwrap();
                let code = Code::ALL
                    .iter()
                    .find(|code| code.number().to_string() == number);
                Said::Refused(*code.unwrap(), detail.to_owned())
            }
            ("unknown", detail) => Said::Unknown(detail.to_owned()),
            ("", "") if !ended.status.success() => Said::Nothing,
            _ => panic!("{ended:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn refusal(&self, operation: &str, secrets: &[&[u8]]) -> Code {
        match self.ask(operation, secrets) {
            Said::Refused(code, _) => code,
            other @ (Said::Done | Said::Told(_) | Said::Unknown(_) | Said::Nothing) => {
                panic!("must be refused: {other:?}")
            }
        }
    }

    pub(crate) fn opens(&self, password: &[u8]) -> bool {
        match self.ask("probe", &[password]) {
            Said::Told(opens) => opens,
            other @ (Said::Done | Said::Refused(..) | Said::Unknown(_) | Said::Nothing) => {
                panic!("{other:?}")
            }
        }
    }
}

/// Runs a command with this on standard input.
pub(crate) fn feed(mut command: Command, input: &[u8]) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that doesn't want its input says so by how it ends.
    let _written = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

impl Store for Person {
    fn kind(&self) -> StoreKind {
        StoreKind::Keychain
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn preflight(&self, new: &Secret) -> Result<(), Refusal> {
        refused(self.ask("preflight", &[new.expose()]))
    }

    fn probe(&self, secret: &Secret) -> Result<bool, Refusal> {
        match self.ask("probe", &[secret.expose()]) {
            Said::Told(opens) => Ok(opens),
            other @ (Said::Done | Said::Refused(..) | Said::Unknown(_) | Said::Nothing) => {
                refused(other).map(|()| panic!("done is no answer"))
            }
        }
    }

    fn change(&mut self, old: &Secret, new: &Secret) -> Result<(), ChangeFault> {
        moved(self.ask("change", &[old.expose(), new.expose()]))
    }

    fn may_reset(&self) -> Result<(), Refusal> {
        refused(self.ask("may-reset", &[]))
    }

    fn reset(&mut self, new: &Secret) -> Result<(), ChangeFault> {
        moved(self.ask("reset", &[new.expose()]))
    }
}

fn moved(said: Said) -> Result<(), ChangeFault> {
    match said {
        Said::Done => Ok(()),
        Said::Refused(code, detail) => Err(Refusal::new(code, detail).into()),
        Said::Unknown(detail) => Err(ChangeFault::Unknown { detail }),
        Said::Told(_) | Said::Nothing => panic!("{said:?}"),
    }
}

fn refused(said: Said) -> Result<(), Refusal> {
    moved(said).map_err(|fault| match fault {
        ChangeFault::Refused(refusal) => refusal,
        fault @ (ChangeFault::Shut | ChangeFault::Unknown { .. }) => panic!("{fault}"),
    })
}
