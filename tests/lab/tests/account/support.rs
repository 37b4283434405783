//! The agent's side of the helper's protocol, for tests.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use lockstep_lab::{Device, Lab};
use lockstep_model::{
    BindingId, Code, DeviceId, Epoch, Generation, PersonId, Secret, Stamp, StoreKind,
};
use lockstep_protocol::Bytes;
use lockstep_protocol::frame::{Frame, FrameFault};
use lockstep_protocol::helper::{Operation, Realm, Reply, Request, VERSION};
use lockstep_protocol::order::{Purpose, ResetOrder, SignedOrder};
use lockstep_stores::linux::account::CAPABILITIES;
use lockstep_stores::{Capabilities, ChangeFault, Refusal, Store};
use p256::ecdsa::SigningKey;

/// A device with Lockstep installed, whose helper is asked one operation at a time.
#[derive(Clone)]
pub(crate) struct Computer {
    device: Arc<Mutex<Device>>,
}

impl Computer {
    /// A fresh one, or `None` where tests on devices are switched off.
    pub(crate) fn new() -> Option<Self> {
        static BUILT: OnceLock<()> = OnceLock::new();
        let lab = Lab::for_test()?;
        BUILT.get_or_init(|| lockstep_lab::build(&["lockstep-helper"]).unwrap());
        let device = lab.device("pc").unwrap();
        device.install_lockstep().unwrap();
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

    pub(crate) fn add_account(&self, name: &str, uid: u32, password: &[u8]) {
        self.device().add_account(name, uid, password).unwrap();
    }

    pub(crate) fn opens(&self, name: &str, password: &[u8]) -> bool {
        self.device().pam_accepts(name, password).unwrap()
    }

    /// The account's line of shadow(5).
    pub(crate) fn shadow(&self, name: &str) -> String {
        self.shell(&format!("grep '^{name}:' /etc/shadow"))
    }

    /// Asks a helper process of its own; `None` when it ends without a reply.
    pub(crate) fn ask(&self, operation: Operation, secrets: &[&[u8]]) -> Option<Reply> {
        let mut command = self.device().command("/usr/bin/lockstep-helper").unwrap();
        command.arg("op");
        self.ask_by(command, operation, secrets)
    }

    /// The same, with a helper that is started in another way.
    pub(crate) fn ask_by(
        &self,
        mut helper: Command,
        operation: Operation,
        secrets: &[&[u8]],
    ) -> Option<Reply> {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let log = self.device().logs().join("op.log");
        helper.stderr(File::options().create(true).append(true).open(log).unwrap());
        let mut running = helper
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .spawn()
            .unwrap();
        // The command keeps the helper's end of the socket.
        drop(helper);
        let reply = converse(&ours, operation, secrets);
        running.wait().unwrap();
        reply
    }

    /// What helper processes have said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.device().logs().join("op.log")).unwrap_or_default()
    }

    /// Why an operation was refused.
    #[track_caller]
    pub(crate) fn refusal(&self, operation: Operation, secrets: &[&[u8]]) -> Code {
        match self.ask(operation, secrets) {
            Some(Reply::Refused { code, .. }) => code,
            other => panic!("must be refused: {other:?}"),
        }
    }

    /// Links an account, and returns the binding.
    #[track_caller]
    pub(crate) fn link(&self, uid: u32, password: &[u8]) -> BindingId {
        let binding = BindingId::fresh();
        let reply = self.ask(link(binding, uid), &[password]);
        assert_eq!(reply, Some(Reply::Done), "linking uid {uid}");
        binding
    }

    /// The account store of a binding, behind the helper's protocol.
    pub(crate) fn store(&self, binding: BindingId, account: &str) -> RemoteStore {
        RemoteStore {
            computer: self.clone(),
            binding,
            account: account.to_owned(),
        }
    }

    /// A challenge for a reset order.
    ///
    /// # Errors
    ///
    /// The refusal.
    pub(crate) fn challenge(&self, binding: BindingId) -> Result<Bytes, Refusal> {
        match self.ask(Operation::ResetChallenge { binding }, &[]) {
            Some(Reply::Challenge { challenge }) => Ok(challenge),
            Some(Reply::Refused { code, detail }) => Err(Refusal::new(code, detail)),
            other => panic!("{other:?}"),
        }
    }
}

/// Sends an operation and its secrets over a socket, and waits for what comes back.
pub(crate) fn converse(
    stream: &UnixStream,
    operation: Operation,
    secrets: &[&[u8]],
) -> Option<Reply> {
    stream
        .set_read_timeout(Some(Duration::from_secs(40)))
        .unwrap();
    let (mut output, mut input) = (stream, stream);
    let request = Request {
        version: VERSION,
        operation,
    };
    let mut sent = Frame::json(&request).and_then(|frame| frame.write_to(&mut output));
    for secret in secrets {
        sent = sent.and_then(|()| Frame::Secret(Secret::copy_of(secret)).write_to(&mut output));
    }
    // A refusal may come before everything is sent; it is what counts.
    match Frame::read_from(&mut input) {
        Ok(frame) => Some(frame.message().unwrap()),
        // A helper that dies over unread bytes resets the connection.
        Err(FrameFault::Closed | FrameFault::Io(_)) => None,
        Err(fault) => panic!("{fault} (sent: {sent:?})"),
    }
}

pub(crate) fn link(binding: BindingId, uid: u32) -> Operation {
    Operation::Link {
        binding,
        person: PersonId::fresh(),
        uid,
        realm: Some(realm()),
    }
}

/// What every binding of these tests believes.
pub(crate) fn realm() -> Realm {
    static DEVICE: LazyLock<DeviceId> = LazyLock::new(DeviceId::fresh);
    let point = realm_key().verifying_key().to_encoded_point(false);
    Realm {
        name: "acme".into(),
        key: Bytes(point.as_bytes().to_vec()),
        device: *DEVICE,
    }
}

/// The key that the realm signs with.
pub(crate) fn realm_key() -> SigningKey {
    SigningKey::from_slice(&[1; 32]).unwrap()
}

/// A right order for an account, at generation 2.
pub(crate) fn order(binding: BindingId, account: &str, challenge: Bytes) -> ResetOrder {
    ResetOrder {
        purpose: Purpose::AccountReset,
        realm: realm().name,
        device: realm().device,
        binding,
        account: account.to_owned(),
        stamp: Stamp {
            epoch: Epoch(Default::default()),
            generation: Generation(2),
        },
        challenge,
    }
}

pub(crate) fn reset(order: SignedOrder) -> Operation {
    Operation::Reset { order }
}

pub(crate) fn preflight(binding: BindingId) -> Operation {
    Operation::Preflight {
        binding,
        store: StoreKind::Account,
    }
}

pub(crate) fn probe(binding: BindingId) -> Operation {
    Operation::Probe {
        binding,
        store: StoreKind::Account,
    }
}

pub(crate) fn change(binding: BindingId) -> Operation {
    Operation::Change {
        binding,
        store: StoreKind::Account,
        to: None,
    }
}

/// A device's account store, asked as the agent asks.
pub(crate) struct RemoteStore {
    computer: Computer,
    binding: BindingId,
    account: String,
}

impl Store for RemoteStore {
    fn kind(&self) -> StoreKind {
        StoreKind::Account
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn preflight(&self, new: &Secret) -> Result<(), Refusal> {
        match self.computer.ask(preflight(self.binding), &[new.expose()]) {
            Some(Reply::Done) => Ok(()),
            Some(Reply::Refused { code, detail }) => Err(Refusal::new(code, detail)),
            other => panic!("{other:?}"),
        }
    }

    fn probe(&self, secret: &Secret) -> Result<bool, Refusal> {
        match self.computer.ask(probe(self.binding), &[secret.expose()]) {
            Some(Reply::Opened { opens }) => Ok(opens),
            Some(Reply::Refused { code, detail }) => Err(Refusal::new(code, detail)),
            other => panic!("{other:?}"),
        }
    }

    fn change(&mut self, old: &Secret, new: &Secret) -> Result<(), ChangeFault> {
        match self
            .computer
            .ask(change(self.binding), &[old.expose(), new.expose()])
        {
            Some(Reply::MOVED) => Ok(()),
            Some(Reply::Refused { code, detail }) => Err(Refusal::new(code, detail).into()),
            None => Err(ChangeFault::Unknown {
                detail: "no reply".into(),
            }),
            other => panic!("{other:?}"),
        }
    }

    fn may_reset(&self) -> Result<(), Refusal> {
        self.computer.challenge(self.binding).map(|_| ())
    }

    fn reset(&mut self, new: &Secret) -> Result<(), ChangeFault> {
        let challenge = self.computer.challenge(self.binding)?;
        let order = order(self.binding, &self.account, challenge).sign(&realm_key());
        match self.computer.ask(reset(order), &[new.expose()]) {
            Some(Reply::MOVED) => Ok(()),
            Some(Reply::Refused { code, detail }) => Err(Refusal::new(code, detail).into()),
            None => Err(ChangeFault::Unknown {
                detail: "no reply".into(),
            }),
            other => panic!("{other:?}"),
        }
    }
}
