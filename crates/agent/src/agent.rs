//! The agent as a whole: what it is enrolled in, its bindings, and who may use them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use lockstep_client::proof::{Prover, vouched_key};
use lockstep_client::{Client, Fault, From};
use lockstep_memory::Program;
use lockstep_model::{BindingId, Code, Timestamp};
use lockstep_opaque::envelope::FileSecret;
use lockstep_opaque::stretch::Place;
use lockstep_protocol::api::Organisation;
use lockstep_protocol::api::device::{BindingNews, CheckIn};
use lockstep_protocol::local::{BindingStatus, Status};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::arguments::Places;
use crate::binding::{Binding, Ground, now};
use crate::helper::Helper;
use crate::keep::KeepFault;
use crate::keep::bindings::{self, BindingFile, Stage, Unusable};
use crate::keep::envelopes::Grace;
use crate::keep::identity::{DirectoryWords, Identity};
use crate::keep::logo;
use crate::keep::machine::Machine;
use crate::settings::Settings;
use crate::{drift, keep, line, local, platform, report};

/// How long the helper may take to describe itself, at the start of the agent.
const EXAMINATION: Duration = Duration::from_secs(5);

/// Everything the agent knows, on its one thread.
pub(crate) struct Agent {
    /// Where things are.
    pub(crate) places: Places,
    /// What the configuration file says.
    pub(crate) settings: Settings,
    /// The root helper.
    pub(crate) helper: Helper,
    /// The directory it is enrolled in.
    enrolled: RefCell<Option<Rc<Enrolled>>>,
    bindings: RefCell<BTreeMap<BindingId, Rc<Binding>>>,
    /// The accounts whose binding's records can't be used, and why.
    unusable: RefCell<BTreeMap<u32, Code>>,
    /// The directory's last word on every binding, those in the making included.
    news: RefCell<BTreeMap<BindingId, BindingNews>>,
    /// Keeps every other agent off the state.
    _only_one: File,
    /// The accounts whose binding is being made or given up.
    joining: RefCell<BTreeSet<u32>>,
    /// Whether the directory refuses this device.
    refused: Cell<bool>,
    /// Why the identity that is kept here serves nobody: another machine's, a newer Lockstep's, or
    /// damaged.
    unfit: Cell<Option<Code>>,
    /// Whether the line is up; a change wakes whoever watches.
    pub(crate) online: watch::Sender<bool>,
    /// Since when it is up, by this device's clock.
    pub(crate) online_since: Cell<Option<Timestamp>>,
    /// Wakes whoever watches or fetches: words, logo or bindings are others now.
    pub(crate) told: watch::Sender<()>,
    /// The digest of the logo that is kept.
    logo: RefCell<Option<String>>,
    /// Wakes whoever serves an identity that may be gone.
    identities: watch::Sender<()>,
    /// Whoever holds it looks at this computer: one at a time, since that asks helper and directory.
    pub(crate) examining: tokio::sync::Mutex<()>,
    /// Its own code, most of which is needed only while something happens.
    pub(crate) program: Program,
}

/// The directory it is enrolled in.
pub(crate) struct Enrolled {
    /// The device's identity.
    pub(crate) identity: Identity,
    /// The way to the directory.
    pub(crate) client: Client,
    /// The device's half of every envelope key, for every binding's core.
    pub(crate) device_secret: FileSecret,
    words: RefCell<DirectoryWords>,
    server_key: RefCell<Vec<u8>>,
    place: Place,
}

/// Runs the agent until it is told to stop.
pub(crate) async fn run(
    places: Places,
    settings: Settings,
    program: Program,
) -> anyhow::Result<()> {
    let agent = Rc::new(Agent::open(places, settings, program).await?);
    if !lockstep_memory::is_locked() {
        tracing::warn!("the system locks no memory for the agent: secrets could reach the swap");
    }
    let listener = local::listen(&agent.places.socket)?;
    agent.clone().start();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "ready");
    let serving = tokio::task::spawn_local(local::serve(Rc::clone(&agent), listener));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    serving.abort();
    // A run in the middle of a step finishes the step: its end is worth more than a second.
    for binding in agent.all() {
        let step = tokio::time::timeout(Duration::from_secs(5), binding.core.lock());
        if step.await.is_err() {
            tracing::warn!(binding = %binding.file.binding, "stopped in the middle of a run");
        }
    }
    Ok(())
}

impl Agent {
    async fn open(places: Places, settings: Settings, program: Program) -> Result<Self, Fault> {
        let helper = Helper::new(&places.helper);
        let only_one = keep::lock(&places.state)?;
        let agent = Self {
            helper,
            settings,
            enrolled: RefCell::default(),
            bindings: RefCell::default(),
            unusable: RefCell::default(),
            news: RefCell::default(),
            _only_one: only_one,
            joining: RefCell::default(),
            refused: Cell::new(false),
            unfit: Cell::new(None),
            online: watch::Sender::new(false),
            online_since: Cell::new(None),
            told: watch::Sender::new(()),
            logo: RefCell::default(),
            identities: watch::Sender::new(()),
            examining: tokio::sync::Mutex::default(),
            program,
            places,
        };
        // One that can't be used is fetched anew, or stays for the version that can read it.
        match logo::load(&agent.places.state) {
            Ok(kept) => *agent.logo.borrow_mut() = kept.as_ref().map(logo::digest),
            Err(fault) => tracing::warn!(error = %fault, "the kept logo can't be used"),
        }
        let kept = Identity::load(&agent.places.state)
            .and_then(|identity| Ok((identity, DirectoryWords::load(&agent.places.state)?)));
        let (identity, words) = match kept {
            Ok(kept) => kept,
            Err(fault @ KeepFault::Io(_)) => return Err(fault.into()),
            Err(fault @ (KeepFault::Content | KeepFault::Newer)) => {
                // Whoever asks is told; whatever is kept stays for the version that can read it.
                let fault = Fault::from(fault);
                tracing::error!(error = %fault, "who this device is can't be read");
                agent.unfit.set(Some(fault.code));
                return Ok(agent);
            }
        };
        if let (Some(identity), Some(words)) = (identity, words) {
            // Two machines with one key would spend each other's envelopes: neither may.
            if identity.machine.is_not(&agent.machine().await) {
                tracing::error!(
                    error.code = %Code::DeviceCopied,
                    "what is kept here was copied from another machine: enrol this one again"
                );
                agent.unfit.set(Some(Code::DeviceCopied));
                return Ok(agent);
            }
            agent.enrol(identity, words)?;
            for file in bindings::load(&agent.places.state)? {
                agent.take_up(file);
            }
        }
        Ok(agent)
    }

    /// Takes up a binding as it is kept. One that can't be used must not cost everybody else their
    /// agent.
    fn take_up(&self, kept: Result<BindingFile, Unusable>) {
        let (uid, fault) = match kept {
            Ok(file) if file.stage == Stage::Linking => return,
            Ok(file) => {
                let uid = file.uid;
                match self.add(file) {
                    Ok(_) => return,
                    Err(fault) => (Some(uid), fault),
                }
            }
            Err(Unusable { fault, uid }) => (uid, fault.into()),
        };
        tracing::error!(uid, error = %fault, "a binding's records can't be used");
        if let Some(uid) = uid {
            self.unusable.borrow_mut().insert(uid, fault.code);
        }
    }

    /// Why the records of an account's binding can't be used, if they can't.
    pub(crate) fn unusable(&self, uid: u32) -> Option<Code> {
        self.unusable.borrow().get(&uid).copied()
    }

    /// The marks of this machine. A helper that doesn't answer leaves out those of the hardware.
    pub(crate) async fn machine(&self) -> Machine {
        let asked = tokio::time::timeout(EXAMINATION, self.helper.examine()).await;
        let hardware = match asked {
            Ok(Ok(health)) => health.hardware,
            Ok(Err(fault)) => {
                tracing::warn!(error = %fault, "the helper can't tell the hardware");
                None
            }
            Err(_) => None,
        };
        Machine::of(platform::machine_id().as_deref(), hardware.as_deref())
    }

    /// Starts the line and the reports, once enrolled; and clears up links that were never made.
    pub(crate) fn start(self: Rc<Self>) {
        if self.enrolled.borrow().is_none() {
            return;
        }
        tokio::task::spawn_local(line::keep(Rc::clone(&self)));
        for binding in self.all() {
            tokio::task::spawn_local(report::keep(Rc::clone(&self), binding));
        }
        tokio::task::spawn_local(drift::watch(Rc::clone(&self)));
        tokio::task::spawn_local(crate::logo::keep(Rc::clone(&self)));
        tokio::task::spawn_local(crate::flow::link::clear_up(self, None));
    }

    /// Takes on an identity.
    pub(crate) fn enrol(&self, identity: Identity, words: DirectoryWords) -> Result<(), Fault> {
        let proxy = self.settings.proxy()?;
        let client = Client::through(&identity.url, &identity.trust(), &proxy)?;
        let server_key = vouched_key(&words.vouch, &identity.realm, &identity.realm_key)?;
        let device_secret = FileSecret(identity.secret.0.duplicate());
        *self.enrolled.borrow_mut() = Some(Rc::new(Enrolled {
            identity,
            client,
            device_secret,
            words: RefCell::new(words),
            server_key: RefCell::new(server_key),
            place: Place::Child(PathBuf::from("/proc/self/exe")),
        }));
        self.unfit.set(None);
        self.refused.set(false);
        self.told.send_replace(());
        Ok(())
    }

    /// Forgets the identity and every binding, once they are erased.
    pub(crate) fn forget(&self) {
        *self.enrolled.borrow_mut() = None;
        self.unfit.set(None);
        self.refused.set(false);
        self.unusable.borrow_mut().clear();
        self.news.borrow_mut().clear();
        *self.logo.borrow_mut() = None;
        for binding in self.all() {
            self.drop_binding(binding.file.binding);
        }
        self.identities.send_replace(());
        self.told.send_replace(());
        self.set_online(false);
    }

    /// Waits until this identity is not the device's any more.
    pub(crate) async fn outlived(&self, enrolled: &Rc<Enrolled>) {
        let mut changes = self.identities.subscribe();
        while self.is_present(enrolled) && changes.changed().await.is_ok() {}
    }

    /// Whether this identity is the device's.
    pub(crate) fn is_present(&self, enrolled: &Rc<Enrolled>) -> bool {
        let present = self.enrolled.borrow();
        present.as_ref().is_some_and(|p| Rc::ptr_eq(p, enrolled))
    }

    /// The digest of the logo that is kept.
    pub(crate) fn logo(&self) -> Option<String> {
        self.logo.borrow().clone()
    }

    /// Notes which logo is kept now.
    pub(crate) fn set_logo(&self, digest: Option<String>) {
        *self.logo.borrow_mut() = digest;
        self.told.send_replace(());
    }

    /// Notes whether the line is up; tells whether it was.
    pub(crate) fn set_online(&self, online: bool) -> bool {
        let was = self.online.send_replace(online);
        if was != online {
            self.online_since.set(online.then(crate::binding::now));
        }
        was
    }

    /// The directory it is enrolled in.
    ///
    /// # Errors
    ///
    /// [`Code::NotEnrolled`], or why the identity that is kept serves nobody.
    pub(crate) fn enrolled(&self) -> Result<Rc<Enrolled>, Fault> {
        if let Some(code) = self.unfit.get() {
            return Err(Fault::new(code, "the identity that is kept here"));
        }
        let enrolled = self.enrolled.borrow().clone();
        enrolled.ok_or_else(|| Fault::new(Code::NotEnrolled, "no device.json"))
    }

    /// Takes on a binding.
    pub(crate) fn add(&self, file: BindingFile) -> Result<Rc<Binding>, Fault> {
        let enrolled = self.enrolled()?;
        let ground = Ground {
            state: &self.places.state,
            enrolled,
            helper: self.helper.clone(),
        };
        let binding = Rc::new(Binding::open(file, &ground)?);
        let news = self.news.borrow().get(&binding.file.binding).cloned();
        if let Some(news) = news {
            binding.take(news);
        }
        self.bindings
            .borrow_mut()
            .insert(binding.file.binding, Rc::clone(&binding));
        self.told.send_replace(());
        Ok(binding)
    }

    /// Takes the directory's word on every binding of this device.
    pub(crate) async fn hear(&self, all: Vec<BindingNews>) {
        *self.news.borrow_mut() = all
            .iter()
            .map(|news| (news.binding, news.clone()))
            .collect();
        for news in all {
            if let Some(binding) = self.binding(news.binding) {
                binding.hear(news).await;
            }
        }
    }

    /// Notes whether the directory refuses this device.
    pub(crate) fn set_refused(&self, refused: bool) {
        if self.refused.replace(refused) != refused {
            for binding in self.all() {
                binding.standing.send_modify(|_| ());
            }
        }
    }

    /// Lets one flow at a time make or give up the binding of an account.
    ///
    /// # Errors
    ///
    /// [`Code::Busy`].
    pub(crate) fn join(self: &Rc<Self>, uid: u32) -> Result<Joining, Fault> {
        if self.joining.borrow_mut().insert(uid) {
            Ok(Joining {
                agent: Rc::clone(self),
                uid,
            })
        } else {
            Err(Fault::new(
                Code::Busy,
                "another flow makes or ends this binding",
            ))
        }
    }

    /// Forgets a binding.
    pub(crate) fn drop_binding(&self, id: BindingId) {
        if let Some(binding) = self.bindings.borrow_mut().remove(&id) {
            // Whoever reports it looks up and finds it gone.
            binding.standing.send_modify(|_| ());
            self.told.send_replace(());
        }
    }

    /// Every binding.
    pub(crate) fn all(&self) -> Vec<Rc<Binding>> {
        self.bindings.borrow().values().cloned().collect()
    }

    /// A binding by its id.
    pub(crate) fn binding(&self, id: BindingId) -> Option<Rc<Binding>> {
        self.bindings.borrow().get(&id).cloned()
    }

    /// The binding of a local account.
    ///
    /// # Errors
    ///
    /// [`Code::NotEnrolled`], [`Code::NotLinked`], or [`Code::AccountChanged`] where the account
    /// that was linked had the uid of this one, but another name.
    pub(crate) fn binding_of(&self, uid: u32) -> Result<Rc<Binding>, Fault> {
        self.enrolled()?;
        if let Some(code) = self.unusable(uid) {
            return Err(Fault::new(code, format!("uid {uid}")));
        }
        let name = platform::account_name(uid)
            .map_err(|fault| Fault::new(Code::StateUnreadable, format!("/etc/passwd: {fault}")))?;
        match self.with_uid(uid) {
            Some(binding) if name.as_ref() == Some(&binding.file.account) => Ok(binding),
            Some(_) => Err(Fault::new(Code::AccountChanged, format!("uid {uid}"))),
            None => Err(Fault::new(Code::NotLinked, format!("uid {uid}"))),
        }
    }

    /// The binding of whichever account had a uid when it was linked: only to give it up.
    pub(crate) fn with_uid(&self, uid: u32) -> Option<Rc<Binding>> {
        let mut all = self.all().into_iter();
        all.find(|binding| binding.file.uid == uid)
    }

    /// How things stand for a local account.
    pub(crate) fn status(&self, uid: u32) -> Status {
        let refused = self.refused.get().then_some(Code::DeviceRefused);
        let organisation = self.enrolled().ok().map(|enrolled| Organisation {
            logo: self.logo(),
            ..enrolled.words().organisation
        });
        let (binding, problem) = match self.binding_of(uid) {
            Ok(binding) => {
                let status = binding.status();
                let in_sync = status.in_sync && refused.is_none();
                let status = BindingStatus {
                    in_sync,
                    problem: refused.or(status.problem),
                    ..status
                };
                (Some(status), None)
            }
            Err(fault) if [Code::NotEnrolled, Code::NotLinked].contains(&fault.code) => {
                (None, refused)
            }
            Err(fault) => (None, Some(fault.code)),
        };
        Status {
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            portal: self.enrolled().ok().map(|it| it.identity.url.to_string()),
            organisation,
            online: *self.online.borrow(),
            binding,
            problem,
        }
    }
}

/// The right to make or give up the binding of one account.
pub(crate) struct Joining {
    agent: Rc<Agent>,
    uid: u32,
}

impl Drop for Joining {
    fn drop(&mut self) {
        self.agent.joining.borrow_mut().remove(&self.uid);
    }
}

impl Enrolled {
    /// What the directory said last of itself.
    pub(crate) fn words(&self) -> DirectoryWords {
        self.words.borrow().clone()
    }

    /// Takes what the directory says of itself now, if its realm vouches for it.
    pub(crate) fn learn(&self, words: DirectoryWords) -> Result<(), Fault> {
        let Identity {
            realm, realm_key, ..
        } = &self.identity;
        *self.server_key.borrow_mut() = vouched_key(&words.vouch, realm, realm_key)?;
        *self.words.borrow_mut() = words;
        Ok(())
    }

    /// Makes proofs with the server key that is vouched for now.
    pub(crate) fn prover<'a>(&'a self, server_key: &'a [u8]) -> Prover<'a> {
        Prover {
            client: &self.client,
            key: &self.identity.key,
            device: self.identity.device,
            realm: &self.identity.realm,
            server_key,
            place: &self.place,
        }
    }

    /// Makes sure that the directory answers, before a person is asked to type anything.
    ///
    /// # Errors
    ///
    /// What keeps it from answering.
    pub(crate) async fn reach(&self, agent: &Agent) -> Result<(), Fault> {
        if *agent.online.borrow() {
            return Ok(());
        }
        let from = From::Device(&self.identity.key);
        let said: CheckIn = self.client.get(from, "/device/check-in").await?;
        agent.hear(said.bindings).await;
        Ok(())
    }

    /// How long the organisation wants copies kept that nothing rests on any more.
    pub(crate) fn grace(&self) -> Grace {
        Grace::days(self.words.borrow().keep_former_days, now())
    }

    /// The OPAQUE key that is vouched for now.
    pub(crate) fn server_key(&self) -> Vec<u8> {
        self.server_key.borrow().clone()
    }
}

impl Binding {
    /// How the binding stands, for its person.
    pub(crate) fn status(&self) -> BindingStatus {
        let standing = self.standing.borrow().clone();
        let news = self.news();
        // What was heard while a flow waits for its person counts too.
        let heard = news.as_ref().map(|(news, _)| news.stamp);
        let up_to_date = heard.is_none_or(|heard| standing.known == Some(heard));
        let in_sync = up_to_date && standing.is_in_sync();
        BindingStatus {
            user_name: self.file.user_name.clone(),
            account: self.file.account.clone(),
            generation: heard.or(standing.known).map(|stamp| stamp.generation),
            changed: news.as_ref().map(|(news, _)| news.changed.clone()),
            temporary: news.as_ref().is_some_and(|(news, _)| news.temporary),
            held: news.as_ref().and_then(|(news, _)| news.held),
            heard_at: news.as_ref().map(|(_, heard_at)| *heard_at),
            in_sync,
            stores: standing.rows(),
            notices: standing.notices(),
            phrase: self.phrase(),
            expires_at: news.as_ref().and_then(|(news, _)| news.expires_at),
            other_computers: news.map_or(0, |(news, _)| news.other_computers),
            problem: standing.open_problem().filter(|_| !in_sync),
        }
    }
}
