//! The shell around the sync core for one binding: it runs effects and feeds what came of them.
//!
//! [`perform`] does one effect, [`ahead`] begins early what only looks; [`sealing`] makes envelopes,
//! [`recover`] opens them, [`recall`] asks for the second factor before the old password, [`forgotten`]
//! is the way without it, [`adopt`] how further stores come to follow.
//!
//! **Architecture invariant:** a record is durable before the next effect runs; if it can't be
//! made so, everything after it is dropped and the state is what the journal says.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use lockstep_client::Fault;
use lockstep_client::proof::Ordered;
use lockstep_model::{
    BindingId, Code, EnvelopeId, Secret, Stamp, StoreKind, Timestamp, WithoutOld,
};
use lockstep_opaque::envelope::Name;
use lockstep_protocol::api::device::BindingNews;
use lockstep_protocol::api::me::{Computer, FactorKind, StoreRow};
use lockstep_protocol::local::{Explained, Need, StoreCost};
use lockstep_sync::{
    Budget, Capabilities, Config, Input, Outcome, Record, SecretRef, State, Verdict, replay, step,
};
use tokio::sync::watch;

use self::ahead::Ahead;
use self::perform::Came;
use crate::agent::Enrolled;
use crate::helper::Helper;
use crate::keep::KeepFault;
use crate::keep::bindings::{BindingFile, folder};
use crate::keep::envelopes::{self, Envelopes};
use crate::keep::journal::{self, Journal};
use crate::keep::phrase;
use crate::keep::stores::Followed;
use crate::standing::Standing;

mod adopt;
mod ahead;
mod forgotten;
mod perform;
mod recall;
mod recover;
#[cfg(test)]
mod released;
mod sealing;

/// One binding, shared by flows, line and status.
pub(crate) struct Binding {
    /// What it is.
    pub(crate) file: BindingFile,
    /// Its envelopes; only the core keeps and erases any.
    pub(crate) envelopes: Envelopes,
    /// Whoever holds it runs the core; a flow holds it from its first question to its end.
    pub(crate) core: tokio::sync::Mutex<Core>,
    /// The directory's last word on it, and when this device heard it.
    news: RefCell<Option<(BindingNews, Timestamp)>>,
    /// The words that its person chose; never logged, and told to them alone.
    phrase: RefCell<Option<String>>,
    /// The person's other computers as the directory told of them last, and when.
    computers: RefCell<Option<(Vec<Computer>, Timestamp)>>,
    /// Whether a comparison waits for the core.
    comparing: Cell<bool>,
    /// What the directory was told last.
    pub(crate) told: RefCell<Option<Standing>>,
    /// What the core said last of itself.
    pub(crate) standing: watch::Sender<Standing>,
}

/// Where a run asks and tells.
pub(crate) trait Person {
    /// Asks for a secret; none if the person gave up.
    async fn ask(&mut self, what: Need, fault: Option<Code>) -> Result<Option<Secret>, Fault>;
    /// Asks for the old password, with why the last answer was of no use and why it could not be
    /// recovered.
    async fn ask_old(
        &mut self,
        fault: Option<Code>,
        unrecovered: Option<Code>,
    ) -> Result<OldPassword, Fault>;
    /// Tells what it costs to go on without the old password, and asks whether to.
    async fn accepts(&mut self, cost: Vec<StoreCost>) -> Result<bool, Fault>;
    /// Tells that one store has moved on.
    async fn progress(&mut self, row: StoreRow);
}

/// What came of the question for the old password.
pub(crate) enum OldPassword {
    /// This was typed.
    Typed(Secret),
    /// The person said to have none any more.
    Forgotten,
    /// The person gave up.
    GaveUp,
}

/// The core of one binding, with everything that its effects need.
pub(crate) struct Core {
    binding: BindingId,
    enrolled: Rc<Enrolled>,
    state: State,
    folder: PathBuf,
    followed: Followed,
    journal: Journal,
    /// The kept envelopes.
    pub(crate) envelopes: Envelopes,
    helper: Helper,
    ahead: Ahead,
    secrets: BTreeMap<SecretRef, Secret>,
    share: Option<(EnvelopeId, Secret)>,
    /// The realm's order for the reset that the person agreed to.
    order: Option<Ordered>,
    /// The kind of second factor that would recover more, until the person was asked for it.
    factor_wanted: Option<FactorKind>,
    /// An old password came up in mid-run, and only known stores were tried with it.
    late: bool,
    problem: Option<Code>,
    /// Why the last proof did not recover the password that this computer has.
    unrecovered: Option<Code>,
    /// Whether the last proof found a copy of its own password.
    sealed: bool,
}

/// What every core of this device shares.
#[derive(Clone)]
pub(crate) struct Ground<'a> {
    /// The agent's folder.
    pub(crate) state: &'a Path,
    /// The directory.
    pub(crate) enrolled: Rc<Enrolled>,
    /// The root helper.
    pub(crate) helper: Helper,
}

impl Binding {
    /// Opens a binding as its journal left it.
    pub(crate) fn open(file: BindingFile, ground: &Ground<'_>) -> Result<Self, KeepFault> {
        // Before the core, which puts its journal in order.
        let phrase = phrase::load(&folder(ground.state, file.binding))?;
        let core = Core::open(&file, ground)?;
        let standing = watch::Sender::new(core.standing());
        let envelopes = core.envelopes.clone();
        Ok(Self {
            file,
            envelopes,
            core: tokio::sync::Mutex::new(core),
            news: RefCell::default(),
            phrase: RefCell::new(phrase),
            computers: RefCell::default(),
            comparing: Cell::new(false),
            told: RefCell::default(),
            standing,
        })
    }

    /// Takes the directory's word. While a flow runs, the core takes it in between two steps, and
    /// in any case when the flow has ended.
    pub(crate) async fn hear(self: &Rc<Self>, news: BindingNews) {
        let at = now();
        let is_new = self
            .news
            .borrow()
            .as_ref()
            .is_none_or(|(old, _)| old.stamp != news.stamp);
        let heard_at = match &*self.news.borrow() {
            Some((_, heard_at)) if !is_new => *heard_at,
            Some(_) | None => at,
        };
        if is_new {
            tracing::info!(
                binding = %self.file.binding,
                generation = %news.stamp.generation,
                since_change_ms = at.0 - news.changed.at.0,
                "heard of a password"
            );
        }
        *self.news.borrow_mut() = Some((news, heard_at));
        self.standing.send_modify(|_| ());
        if let Ok(mut core) = self.core.try_lock() {
            return self.absorb(&mut core).await;
        }
        let binding = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let mut core = binding.core.lock().await;
            binding.absorb(&mut core).await;
        });
    }

    /// Takes what the directory said before the binding was made.
    pub(crate) fn take(&self, news: BindingNews) {
        *self.news.borrow_mut() = Some((news, now()));
    }

    /// The words that its person chose.
    pub(crate) fn phrase(&self) -> Option<String> {
        self.phrase.borrow().clone()
    }

    /// Keeps words, which were judged, in place of those chosen before.
    pub(crate) fn keep_phrase(&self, state: &Path, words: &str) -> Result<(), KeepFault> {
        phrase::save(&folder(state, self.file.binding), words)?;
        *self.phrase.borrow_mut() = Some(words.to_owned());
        self.standing.send_modify(|_| ());
        Ok(())
    }

    /// The person's other computers as the directory told of them last, and when.
    pub(crate) fn last_computers(&self) -> Option<(Vec<Computer>, Timestamp)> {
        self.computers.borrow().clone()
    }

    /// Notes what the directory told of the person's other computers.
    pub(crate) fn note_computers(&self, told: (Vec<Computer>, Timestamp)) {
        *self.computers.borrow_mut() = Some(told);
    }

    /// Takes how many other computers have yet to follow.
    pub(crate) fn hear_of_others(&self, other_computers: u32) {
        if let Some((news, _)) = &mut *self.news.borrow_mut() {
            news.other_computers = other_computers;
        }
    }

    /// The directory's last word, and when this device heard it.
    pub(crate) fn news(&self) -> Option<(BindingNews, Timestamp)> {
        self.news.borrow().clone()
    }

    /// Has the helper compare the account with what it was, once no flow is under way: what a flow
    /// does to the account is no drift.
    pub(crate) async fn compare(&self) -> Result<(), Fault> {
        // One that waits for the core already will see what there is then.
        if self.comparing.replace(true) {
            return Ok(());
        }
        let mut core = self.core.lock().await;
        self.comparing.set(false);
        if core.helper.changed(self.file.binding).await? {
            tracing::info!(binding = %self.file.binding, "the account was changed from outside");
            let drifted = Input::Drifted(StoreKind::Account);
            self.run(&mut core, drifted, &mut Nobody).await?;
        }
        Ok(())
    }

    /// Feeds the last word to the core, outside of any run.
    async fn absorb(&self, core: &mut Core) {
        let stamp = self.news.borrow().as_ref().map(|(news, _)| news.stamp);
        if let Some(stamp) = stamp {
            let ran = self.run(core, Input::Announced(stamp), &mut Nobody).await;
            if let Err(fault) = ran {
                tracing::error!(error = %fault, "an announcement was not taken in");
            }
        }
    }

    /// Feeds one input and runs the effects until nothing is left to do.
    ///
    /// # Errors
    ///
    /// What kept a record from being made durable; the state is then what the journal says.
    pub(crate) async fn run(
        &self,
        core: &mut Core,
        input: Input,
        person: &mut impl Person,
    ) -> Result<Option<Verdict>, Fault> {
        let mut inputs = VecDeque::from([input]);
        let mut verdict = None;
        while let Some(input) = inputs.pop_front() {
            // A newer password goes first: neither an operation's end nor the answer to a question
            // that stood for long may lead on towards one that is known to be old.
            let news = self.news.borrow().as_ref().map(|(news, _)| news.stamp);
            if let Some(stamp) = core.state.overtaken_by(news)
                && !matches!(input, Input::Announced(_))
            {
                inputs.push_front(input);
                inputs.push_front(Input::Announced(stamp));
                continue;
            }
            let (state, effects) = step(core.state.clone(), now(), input);
            core.state = state;
            for effect in effects {
                match core.perform(effect, person).await {
                    Ok(Came::Nothing) => {}
                    Ok(Came::Input(next)) => inputs.push_back(next),
                    Ok(Came::News) => self.publish(core, person).await,
                    Ok(Came::End(end)) => {
                        core.end_run(&end);
                        self.publish(core, person).await;
                        verdict = Some(end);
                    }
                    Err(fault) => {
                        core.fall_back()?;
                        self.publish(core, person).await;
                        return Err(fault);
                    }
                }
            }
        }
        Ok(verdict)
    }

    async fn publish(&self, core: &Core, person: &mut impl Person) {
        let next = core.standing();
        let before = self.standing.send_replace(next.clone());
        for (kind, state) in next.status.stores {
            if before.status.stores.get(&kind) != Some(&state) {
                person.progress(StoreRow { kind, state }).await;
            }
        }
    }
}

impl Core {
    fn open(file: &BindingFile, ground: &Ground<'_>) -> Result<Self, KeepFault> {
        let folder = folder(ground.state, file.binding);
        let followed = Followed::load(&folder)?;
        let (mut journal, records) = Journal::open(journal::path(&folder))?;
        let state = restarted(&followed, &records);
        // What is whole as it is can wait for room.
        if let Err(fault) = journal.compact(&state.snapshot()) {
            tracing::warn!(error = %fault, "the journal was not compacted");
        }
        Ok(Self {
            binding: file.binding,
            enrolled: Rc::clone(&ground.enrolled),
            state,
            journal,
            envelopes: Envelopes::open(envelopes::path(&folder))?,
            folder,
            followed,
            helper: ground.helper.clone(),
            ahead: Ahead::default(),
            secrets: BTreeMap::new(),
            share: None,
            order: None,
            factor_wanted: None,
            late: false,
            problem: None,
            unrecovered: None,
            sealed: false,
        })
    }

    /// What the core says of itself.
    pub(crate) fn standing(&self) -> Standing {
        let status = self.state.status();
        Standing {
            status,
            known: self.state.known(),
            problem: self.problem,
            unrecovered: self.unrecovered,
        }
    }

    /// What it rests on, and what would be done next.
    pub(crate) fn explain(&self) -> Result<Explained, Fault> {
        let told = lockstep_sync::explain(&self.state);
        let unrecovered = self.unrecoverable()?;
        let internal = |fault| Fault::new(Code::Internal, fault);
        let mut data = serde_json::to_value(&told).map_err(internal)?;
        if let Some(code) = unrecovered {
            data["unrecovered"] = serde_json::to_value(code).map_err(internal)?;
        }
        Ok(Explained {
            data,
            stores: told.stores.into_values().map(|store| store.words).collect(),
            forecast: told.forecast,
            steps: told.steps,
            next: told.next,
            unrecovered,
        })
    }

    /// The newest stamp heard of.
    pub(crate) fn known(&self) -> Option<Stamp> {
        self.state.known()
    }

    /// Holds a secret for the run that is about to begin.
    pub(crate) fn hold(&mut self, name: SecretRef, secret: Secret) {
        self.secrets.insert(name, secret);
    }

    /// The names of the secrets held.
    pub(crate) fn held(&self) -> BTreeSet<SecretRef> {
        self.secrets.keys().copied().collect()
    }

    /// Holds the share for the envelope that is about to be sealed.
    pub(crate) fn hold_share(&mut self, envelope: EnvelopeId, share: Secret) {
        self.share = Some((envelope, share));
    }

    /// Takes what the directory said of a second factor that would recover more.
    pub(crate) fn want_factor(&mut self, kind: Option<FactorKind>) {
        self.factor_wanted = kind;
    }

    /// Whether any secret that is held opens the account.
    pub(crate) async fn anything_opens_account(&self) -> bool {
        // The newest first: nearly always it is that.
        for secret in self.secrets.values().rev() {
            if self.opens_account(secret).await {
                return true;
            }
        }
        false
    }

    /// Judges a new password by this computer's own rules, before anything has changed.
    pub(crate) async fn preflight(&self, new: &Secret) -> Result<(), Fault> {
        for store in &self.followed.stores {
            match self.helper.preflight(self.binding, *store, new).await {
                Outcome::Applied => {}
                Outcome::NotApplied(code) => return Err(Fault::new(code, "preflight")),
                Outcome::Opened(_) | Outcome::Indeterminate => {
                    return Err(Fault::new(Code::HelperUnavailable, "preflight"));
                }
            }
        }
        Ok(())
    }

    /// Whether a secret opens the account; false also when that can't be found out.
    pub(crate) async fn opens_account(&self, secret: &Secret) -> bool {
        let probed = self
            .helper
            .probe(self.binding, StoreKind::Account, secret)
            .await;
        probed == Outcome::Opened(true)
    }

    fn end_run(&mut self, verdict: &Verdict) {
        self.forget_secrets();
        if self.journal.is_long()
            && let Err(fault) = self.journal.compact(&self.state.snapshot())
        {
            tracing::warn!(error = %fault, "the journal was not compacted");
        }
        if matches!(verdict, Verdict::InSync(_)) {
            // The present password is sealed, and nothing rests on what is older.
            self.unrecovered = None;
        }
        self.problem = match verdict {
            Verdict::InSync(_) => None,
            Verdict::Stopped { code, .. } => Some(*code),
        };
    }

    /// Forgets every secret; a share that sealed nothing is buried, so that it is not kept for ever.
    pub(crate) fn forget_secrets(&mut self) {
        self.ahead = Ahead::default();
        self.secrets.clear();
        self.order = None;
        self.factor_wanted = None;
        self.late = false;
        if let Some((envelope, _)) = self.share.take() {
            self.disown(envelope);
        }
    }

    /// Goes back to what is durable.
    fn fall_back(&mut self) -> Result<(), Fault> {
        self.forget_secrets();
        // First without the file, which may be what fails: no run must be left over.
        let (state, _) = step(self.state.clone(), now(), Input::Restarted);
        self.state = state;
        let (journal, records) = Journal::open(self.journal.path().to_owned())?;
        self.journal = journal;
        self.state = restarted(&self.followed, &records);
        Ok(())
    }

    fn name(&self, envelope: EnvelopeId, stamp: Stamp) -> Name {
        Name {
            realm: self.enrolled.identity.realm.clone(),
            device: self.enrolled.identity.device,
            binding: self.binding,
            envelope,
            stamp,
        }
    }
}

/// Nobody is there to be asked: outside of a run nothing is.
struct Nobody;

impl Person for Nobody {
    async fn ask(&mut self, _: Need, _: Option<Code>) -> Result<Option<Secret>, Fault> {
        Ok(None)
    }

    async fn ask_old(&mut self, _: Option<Code>, _: Option<Code>) -> Result<OldPassword, Fault> {
        Ok(OldPassword::GaveUp)
    }

    async fn accepts(&mut self, _: Vec<StoreCost>) -> Result<bool, Fault> {
        Ok(false)
    }

    async fn progress(&mut self, _: StoreRow) {}
}

/// What records add up to, for these stores, after a restart.
fn restarted(followed: &Followed, records: &[Record]) -> State {
    step(replay(config(followed), records), now(), Input::Restarted).0
}

/// The stores that follow, and what they can do.
fn config(followed: &Followed) -> Config {
    let capabilities = |kind: &StoreKind| Capabilities {
        several_slots: *kind == StoreKind::Disk,
        // A keyring is opened by a daemon of its own where nobody is logged in.
        needs_session: false,
        verify_without_change: true,
        counts_attempts: *kind == StoreKind::Account,
        change_opens_first: *kind == StoreKind::Disk,
        without_old: match kind {
            StoreKind::Disk => WithoutOld::StaysShut,
            StoreKind::Account => WithoutOld::Reset,
            StoreKind::Keychain => WithoutOld::SetAside,
        },
    };
    let stores = followed.stores.iter();
    Config {
        stores: stores.map(|kind| (*kind, capabilities(kind))).collect(),
        budget: Budget::default(),
    }
}

/// The present by the device's clock: it dates evidence and orders nothing.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
