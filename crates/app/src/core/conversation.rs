//! What the agent says while something is under way, and what the windows make of it.

use lockstep_model::code::Retry;
use lockstep_model::{Code, Fault, StoreKind, StoreState};
use lockstep_protocol::api::me::StoreRow;
use lockstep_protocol::local::{Ask, Done, Event, Failure, Need, OpensWith, Reply, StoreOpens};

use super::reach::cut_off;
use super::screen::{Again, Change, Changed, LinkStep, Screen};
use super::{Core, Effect, Failed, UnderWay, What};

impl Core {
    /// Begins an exchange, or has it wait for the end of the one that is under way.
    pub(super) fn begin(&mut self, what: What, ask: Ask, effects: &mut Vec<Effect>) {
        match &mut self.under_way {
            None => {
                self.under_way = Some(UnderWay {
                    what,
                    rows: Vec::new(),
                    moved_at: self.clock.now,
                    given: false,
                    unattended: false,
                    given_up: false,
                });
                effects.push(Effect::Ask(ask));
            }
            // Nothing is typed on their way: whoever gave one up may wait for it again.
            Some(it) if it.what == what && matches!(what, What::Disown | What::Examine) => {
                it.given_up = false;
            }
            Some(_) => {
                self.waiting.retain(|(it, _)| *it != what);
                // Whoever reports a stranger waits for nothing else.
                let at = if what == What::Disown {
                    0
                } else {
                    self.waiting.len()
                };
                self.waiting.insert(at, (what, ask));
            }
        }
    }

    /// Begins what waited, once nothing is under way.
    pub(super) fn begin_waiting(&mut self, effects: &mut Vec<Effect>) {
        if self.under_way.is_none() && !self.waiting.is_empty() {
            let (what, ask) = self.waiting.remove(0);
            self.begin(what, ask, effects);
        }
    }

    /// What waits goes with the window that holds its answers; a report needs none.
    pub(super) fn wait_for_none(&mut self) {
        self.waiting.retain(|(what, _)| *what == What::Disown);
    }

    /// Whether the open window is one of such an exchange.
    pub(super) const fn is_of(&self, what: What) -> bool {
        match (what, &self.screen) {
            (What::Sync, Some(Screen::Changed(_)))
            | (What::Change, Some(Screen::Change(_)))
            | (What::Link, Some(Screen::Link(_)))
            | (What::Disown, Some(Screen::Disown { .. }))
            | (What::Examine, Some(Screen::Help { .. })) => true,
            (What::Sync | What::Change | What::Link, Some(Screen::Work)) => true,
            (What::Sync | What::Change | What::Link, _) => self.asks_more(),
            (What::Phrase | What::Disown | What::Examine, _) => false,
        }
    }

    /// Whether the open window asks for more than what it began with.
    pub(super) const fn asks_more(&self) -> bool {
        matches!(
            self.screen,
            Some(Screen::Code { .. } | Screen::Own { .. } | Screen::Old { .. } | Screen::Cost(_))
        )
    }

    /// Whether what is under way waits for the open window, which stays for it.
    pub(super) fn holds_window(&self) -> bool {
        self.under_way.as_ref().is_some_and(|it| {
            let waits = it.rows.is_empty() || self.asks_more();
            waits && !it.given_up && self.is_of(it.what)
        })
    }

    /// Whether the open window may tell how an exchange ended: not where something is typed for
    /// something else, or waits for its turn.
    fn may_tell(&self, what: What) -> bool {
        let idle = matches!(
            self.screen,
            Some(Screen::Status | Screen::Offline | Screen::InSync { .. } | Screen::Stopped { .. })
        );
        let moves_stores = matches!(what, What::Sync | What::Change | What::Link);
        self.waiting.is_empty() && (self.is_of(what) || (idle && moves_stores))
    }

    /// Whether the agent's question may be put. One in the middle of the work may even if that was
    /// hidden; nobody is asked who gave up, or closed the window of what was only being checked.
    fn may_ask(&self) -> bool {
        self.under_way.as_ref().is_some_and(|it| {
            let works = !it.rows.is_empty() && self.waiting.is_empty();
            !it.given_up && !it.unattended && (works || self.is_of(it.what))
        })
    }

    /// The person gives up what waits for them: nothing further is done.
    pub(super) fn give_up(&mut self, effects: &mut Vec<Effect>) {
        self.decline(effects);
        effects.push(Effect::Clear);
    }

    pub(super) fn heard(&mut self, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Status(status) => self.told(*status, effects),
            Event::Need {
                what,
                fault,
                unrecovered,
            } => self.needed(what, fault, unrecovered, effects),
            Event::Cost { stores } if self.may_ask() => {
                effects.push(Effect::Clear);
                self.ask_with(Screen::Cost(stores), effects);
            }
            Event::Cost { .. } => self.decline(effects),
            Event::Consent { store } => self.consent(store, effects),
            Event::Progress(row) => self.progress(row, effects),
            Event::Examined { findings } => {
                self.under_way = None;
                if let Some(Screen::Help { copied, .. }) = self.screen {
                    self.screen = Some(Screen::Help {
                        findings: Some(findings),
                        fault: None,
                        busy: false,
                        copied,
                    });
                }
            }
            Event::Explained(_) | Event::Logo { .. } | Event::Computers { .. } => self.broken(
                Fault::new(Code::VersionRefused, "an answer to another question"),
                effects,
            ),
            Event::Done(done) => self.done(done, effects),
            Event::Failed(failure) => self.failed(failure, effects),
        }
    }

    /// The line broke in the middle of an exchange.
    pub(super) fn broken(&mut self, fault: Fault, effects: &mut Vec<Effect>) {
        self.failed(
            Failure {
                code: fault.code,
                detail: fault.detail,
                stores: Vec::new(),
            },
            effects,
        );
    }

    fn needed(
        &mut self,
        what: Need,
        fault: Option<Code>,
        unrecovered: Option<Code>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(under_way) = self.under_way.as_ref().filter(|_| self.may_ask()) else {
            self.decline(effects);
            return;
        };
        // An answer is taken only out of the window that it was typed in, once it was submitted.
        match (under_way.what, &mut self.screen, what) {
            (What::Sync, Some(Screen::Changed(changed)), Need::DirectoryPassword)
                if changed.busy =>
            {
                self.hand_over(0, effects);
            }
            (What::Change, Some(Screen::Change(change)), Need::CurrentPassword) if change.busy => {
                effects.push(Effect::Give(0));
            }
            (What::Change, Some(Screen::Change(change)), Need::NewPassword) if change.busy => {
                self.hand_over(1, effects);
            }
            (What::Link, Some(Screen::Link(link)), Need::DirectoryPassword) if link.busy => {
                effects.push(Effect::Give(1));
            }
            (What::Link, Some(Screen::Link(link)), Need::ComputersPassword) if link.answered => {
                self.hand_over(2, effects);
            }
            (What::Link, Some(Screen::Link(link)), Need::ComputersPassword) => {
                link.step = LinkStep::Computer;
                link.busy = false;
                effects.push(Effect::Focus);
            }
            (What::Sync, _, Need::NewPassword) => {
                effects.push(Effect::Clear);
                // That it is for one use is why it is asked for, and no fault.
                let fault = fault.filter(|code| *code != Code::OwnPasswordNeeded);
                self.ask_with(Screen::Own { fault, busy: false }, effects);
            }
            (What::Sync | What::Change | What::Link, _, Need::FactorCode) => {
                effects.push(Effect::Clear);
                self.ask_with(Screen::Code { fault, busy: false }, effects);
            }
            (What::Sync | What::Change | What::Link, screen, Need::OldPassword) => {
                let before = match screen {
                    Some(Screen::Old { wrong, .. }) => Some(*wrong),
                    _ => None,
                };
                // Anything else is why it is asked for: a second factor that was of no use.
                let of_field = |code: &Code| {
                    *code == Code::NotTheComputersPassword
                        || (*code == Code::TooManyAttempts && before.is_some())
                };
                let unrecovered = fault.filter(|code| !of_field(code)).or(unrecovered);
                let fault = fault.filter(of_field);
                let wrong = before
                    .unwrap_or_default()
                    .saturating_add(u8::from(fault.is_some()));
                effects.push(Effect::Clear);
                self.ask_with(
                    Screen::Old {
                        fault,
                        unrecovered,
                        wrong,
                        busy: false,
                    },
                    effects,
                );
            }
            (
                _,
                _,
                Need::DirectoryPassword
                | Need::CurrentPassword
                | Need::NewPassword
                | Need::ComputersPassword
                | Need::OldPassword
                | Need::FactorCode
                | Need::EnrolmentString,
            ) => self.decline(effects),
        }
    }

    /// Hands over the last of what an exchange needs from the start.
    pub(super) fn hand_over(&mut self, slot: usize, effects: &mut Vec<Effect>) {
        if let Some(under_way) = &mut self.under_way {
            under_way.given = true;
        }
        effects.push(Effect::Give(slot));
    }

    /// Answers a question that nobody is there for. What is typed in another window stays.
    fn decline(&mut self, effects: &mut Vec<Effect>) {
        if let Some(under_way) = &mut self.under_way
            && !under_way.given_up
        {
            under_way.given_up = true;
            effects.push(Effect::Reply(Reply::Cancel));
        }
    }

    /// Puts a question that comes in the middle of something. Whoever hid the work did not ask for
    /// it: the keyboard stays where it is.
    fn ask_with(&mut self, screen: Screen, effects: &mut Vec<Effect>) {
        let asked = self.screen.is_some();
        self.screen = Some(screen);
        effects.push(Effect::Show { asked });
        effects.push(Effect::Focus);
    }

    fn consent(&mut self, store: StoreKind, effects: &mut Vec<Effect>) {
        if !self.may_ask() {
            self.decline(effects);
            return;
        }
        match (&mut self.screen, store) {
            (Some(Screen::Link(link)), StoreKind::Disk) if link.disk.is_some() => {
                effects.push(Effect::Reply(if link.disk == Some(true) {
                    Reply::Accept
                } else {
                    Reply::Decline
                }));
            }
            (Some(Screen::Link(link)), StoreKind::Disk) => {
                link.step = LinkStep::Disk;
                link.busy = false;
                effects.push(Effect::Focus);
            }
            _ => effects.push(Effect::Reply(Reply::Decline)),
        }
    }

    fn progress(&mut self, row: StoreRow, effects: &mut Vec<Effect>) {
        let now = self.clock.now;
        let known = self.binding().map(|binding| binding.stores.clone());
        let Some(under_way) = &mut self.under_way else {
            return;
        };
        let begins = under_way.rows.is_empty();
        if begins {
            // Every store is shown from the start; what was known of it is of the former password.
            under_way.rows = known
                .unwrap_or_default()
                .into_iter()
                .map(|row| StoreRow {
                    state: StoreState::Waiting,
                    ..row
                })
                .collect();
        }
        under_way.moved_at = now;
        match under_way.rows.iter_mut().find(|it| it.kind == row.kind) {
            Some(known) => *known = row,
            None => under_way.rows.push(row),
        }
        // It goes on after all, with the answer that it has.
        let what = under_way.what;
        self.waiting.retain(|(it, _)| *it != what);
        if begins && self.waiting.is_empty() && self.is_of(what) {
            self.screen = Some(Screen::Work);
            effects.extend([Effect::Clear, Effect::Focus]);
        }
    }

    fn done(&mut self, done: Done, effects: &mut Vec<Effect>) {
        let Some(under_way) = self.under_way.take() else {
            return;
        };
        match done {
            Done::InSync {
                other_computers, ..
            } => {
                self.failed = None;
                let notices = self
                    .binding()
                    .map(|binding| binding.notices.clone())
                    .unwrap_or_default();
                if self.may_tell(under_way.what) {
                    self.screen = Some(Screen::InSync {
                        others: other_computers,
                        notices,
                    });
                    effects.push(Effect::Clear);
                    effects.push(Effect::Focus);
                } else {
                    effects.push(Effect::Notify(super::windows::notices::done(self)));
                }
                effects.push(Effect::ListAsides);
            }
            Done::Disowned { at, locked } => {
                if matches!(self.screen, Some(Screen::Disown { .. })) {
                    self.screen = Some(Screen::Disown {
                        reported: Some((at, locked)),
                        busy: false,
                    });
                    effects.push(Effect::Focus);
                }
            }
            Done::PhraseKept
            | Done::Acceptable
            | Done::Enrolled { .. }
            | Done::Unlinked { .. }
            | Done::Retired { .. } => {}
        }
    }

    fn failed(&mut self, mut failure: Failure, effects: &mut Vec<Effect>) {
        let Some(under_way) = self.under_way.take() else {
            return;
        };
        if under_way.given_up && is_its_end(&failure) {
            return;
        }
        // Whoever answers anew waits for that.
        if self.waiting.iter().any(|(it, _)| *it == under_way.what) {
            return;
        }
        // All else that was asked for is done; Lockstep is known by the phrase of before, or by none.
        if under_way.what == What::Phrase {
            return;
        }
        if failure.stores.is_empty() && !self.asks_more() {
            failure.stores = opened(&under_way.rows);
        }
        let code = failure.code;
        let nothing_done = failure.stores.is_empty();
        let typed_wrong = code.retry() == Retry::AfterInput || code == Code::TooManyAttempts;
        let again = match under_way.what {
            What::Sync => Some(Again::Sync),
            What::Change if nothing_done => Some(Again::Change),
            // The directory has it: what is left is to bring the computer in step.
            What::Change => Some(Again::Sync),
            What::Link if nothing_done && self.binding().is_none() => {
                // There is nothing that the phrase could be kept for.
                self.phrase.clear();
                Some(Again::Link)
            }
            // It is linked already: what is left is the first sync.
            What::Link => Some(Again::Sync),
            What::Phrase | What::Disown | What::Examine => None,
        };
        self.failed = Some(Failed {
            failure: failure.clone(),
            at: self.clock.now,
            again,
            unseen: false,
        });
        if let Some(Screen::Link(link)) = &mut self.screen
            && failure.code == Code::NotTheComputersPassword
        {
            // The other password was not wrong: it stays, and only this one is typed again.
            link.busy = false;
            link.fault = Some(failure.code);
            link.step = LinkStep::Computer;
            effects.extend([Effect::ClearOne(2), Effect::Focus]);
            return;
        }
        if !self.may_tell(under_way.what) {
            if under_way.moves_stores() {
                effects.push(Effect::Notify(super::windows::notices::stopped(self, code)));
                if let Some(failed) = &mut self.failed {
                    failed.unseen = !(typed_wrong && nothing_done);
                }
            }
            return;
        }
        effects.push(Effect::Clear);
        let group = code.number() / 1000;
        match (&mut self.screen, under_way.what) {
            (None, _) => return,
            (Some(Screen::Changed(changed)), What::Sync) if typed_wrong && group == 2 => {
                changed.busy = false;
                changed.wrong = changed.wrong.saturating_add(1);
                changed.fault = Some(code);
            }
            (Some(Screen::Changed(changed)), What::Sync) if group == 1 && nothing_done => {
                changed.busy = false;
                changed.fault = None;
                changed.banner = Some(code);
                changed.unreachable = cut_off(code).then_some(self.clock.now);
            }
            (
                Some(
                    Screen::Old { .. } | Screen::Code { .. } | Screen::Own { .. } | Screen::Cost(_),
                ),
                What::Sync,
            ) if nothing_done && (code == Code::AttemptExpired || cut_off(code)) => {
                // Typed too late: the agent waits ten minutes, then hangs up.
                let late = [Code::AttemptExpired, Code::AgentUnreachable].contains(&code);
                self.screen = Some(Screen::Changed(Changed {
                    banner: Some(if late { Code::AttemptExpired } else { code }),
                    unreachable: (!late).then_some(self.clock.now),
                    ..self.asked_again()
                }));
            }
            (Some(Screen::Change(change)), What::Change)
                if nothing_done && (group == 1 || group == 3 || (typed_wrong && group == 2)) =>
            {
                *change = Change {
                    fault: Some(code),
                    ..Change::default()
                };
            }
            (Some(Screen::Link(link)), What::Link)
                if nothing_done && (group == 1 || (typed_wrong && group == 2)) =>
            {
                link.busy = false;
                link.fault = Some(code);
                link.step = LinkStep::SignIn;
                link.answered = false;
            }
            (
                Some(Screen::Help {
                    findings,
                    fault,
                    busy,
                    ..
                }),
                What::Examine,
            ) => {
                *busy = false;
                // Nothing was looked at, and so nothing was found to be well.
                *findings = None;
                *fault = Some(code);
            }
            (Some(_), _) => {
                self.screen = Some(Screen::Stopped {
                    again: again.filter(|_| code.retry() != Retry::Never),
                    at: self.clock.now,
                    failure,
                    copied: false,
                });
            }
        }
        effects.push(Effect::Focus);
    }
}

/// Whether a failure is only that the person gave up.
fn is_its_end(failure: &Failure) -> bool {
    is_giving_up(failure.code) && failure.stores.is_empty()
}

/// Whether a code says no more than that an answer didn't come.
pub(super) const fn is_giving_up(code: Code) -> bool {
    matches!(code, Code::AttemptExpired | Code::OldPasswordNeeded)
}

/// Which password opens what, as far as progress told: of an end that says nothing of it.
fn opened(rows: &[StoreRow]) -> Vec<StoreOpens> {
    let opens = |row: &StoreRow| StoreOpens {
        kind: row.kind,
        with: match row.state {
            StoreState::InSync { .. } => OpensWith::New,
            StoreState::Waiting
            | StoreState::Changing
            | StoreState::Testing
            | StoreState::NeedsYou { .. }
            | StoreState::Problem { .. }
            | StoreState::NotTested => OpensWith::Unknown,
        },
    };
    rows.iter().map(opens).collect()
}
