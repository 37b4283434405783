//! What the person does, window by window.

use lockstep_model::{Code, Fault, phrase};
use lockstep_protocol::keyring::Reopened;
use lockstep_protocol::local::{Ask, OpensWith, Reply};

use super::rules::Met;
use super::screen::{Again, Aside, Change, Link, LinkStep, Screen};
use super::{Core, Effect, Failed, Filled, SLOTS, What};
use crate::view::Act;

type All<'a> = &'a [Filled; SLOTS];

impl Core {
    pub(super) fn act(&mut self, act: Act, filled: All<'_>, effects: &mut Vec<Effect>) {
        match act {
            Act::Next => self.next(filled, effects),
            Act::Later | Act::Hide | Act::Close => self.closed(effects),
            Act::Back => self.back(effects),
            Act::Accept => self.accept(effects),
            Act::Yes => self.yes(effects),
            Act::No => self.no(effects),
            Act::TryAgain => self.try_again(effects),
            Act::CopyDetails => self.copy_details(effects),
            Act::Details => {
                if let Some(Screen::Changed(changed)) = &mut self.screen {
                    changed.details = !changed.details;
                }
            }
            Act::NotMe => self.show(
                Screen::Disown {
                    reported: None,
                    busy: false,
                },
                effects,
            ),
            Act::Report => self.report(effects),
            Act::OpenStatus => {
                effects.extend([Effect::ListAsides, Effect::ListComputers]);
                self.show(Screen::Status, effects);
            }
            Act::OpenChange => self.show(Screen::Change(Change::default()), effects),
            Act::OpenNeeded => self.open_needed(effects),
            Act::OpenConfirm => self.open_asking(effects, true),
            Act::OpenLink => self.show(Screen::Link(Link::default()), effects),
            Act::OpenPortal => effects.push(Effect::OpenPortal),
            Act::OpenHelp => self.show(
                Screen::Help {
                    findings: None,
                    fault: None,
                    busy: false,
                    copied: false,
                },
                effects,
            ),
            Act::OpenAbout => self.show(Screen::About, effects),
            Act::OpenAside { which } => self.open_aside(which, effects),
            Act::AskRemove => {
                if let Some(Screen::Aside(aside)) = &mut self.screen {
                    aside.removing = true;
                    effects.push(Effect::Focus);
                }
            }
            Act::Remove => self.remove(effects),
            Act::Another => self.suggest(effects),
            Act::Examine => self.examine(effects),
            Act::Quit => effects.push(Effect::Quit),
        }
    }

    /// Opens a window for a person who asked for it; what is under way comes first.
    fn show(&mut self, screen: Screen, effects: &mut Vec<Effect>) {
        if !self.holds_window() {
            effects.push(Effect::Clear);
            self.wait_for_none();
            self.measured = super::Measured::default();
            self.screen = Some(screen);
        }
        effects.push(Effect::Show { asked: true });
        effects.push(Effect::Focus);
    }

    /// The window goes; what only waits for an answer goes with it, what works goes on.
    pub(super) fn closed(&mut self, effects: &mut Vec<Effect>) {
        let checking = self.is_busy() && !self.asks_more();
        let works = matches!(self.screen, Some(Screen::Work));
        if self.holds_window()
            && !works
            && let Some(under_way) = &mut self.under_way
        {
            if under_way.given && checking {
                under_way.unattended = true;
            } else if under_way.what != What::Disown {
                self.give_up(effects);
            }
        }
        if matches!(self.screen, Some(Screen::Changed(_) | Screen::Offline)) {
            effects.push(Effect::Withdraw);
        }
        self.close(effects);
    }

    pub(super) fn close(&mut self, effects: &mut Vec<Effect>) {
        self.wait_for_none();
        self.screen = None;
        self.measured = super::Measured::default();
        effects.push(Effect::Clear);
        effects.push(Effect::Hide);
    }

    /// Whether an answer is on its way.
    fn is_busy(&self) -> bool {
        match &self.screen {
            Some(Screen::Changed(changed)) => changed.busy,
            Some(Screen::Change(change)) => change.busy,
            Some(Screen::Link(link)) => link.busy,
            Some(Screen::Aside(aside)) => aside.busy,
            Some(
                Screen::Code { busy, .. }
                | Screen::Own { busy, .. }
                | Screen::Old { busy, .. }
                | Screen::Disown { busy, .. }
                | Screen::Help { busy, .. },
            ) => *busy,
            Some(
                Screen::Cost(_)
                | Screen::Work
                | Screen::InSync { .. }
                | Screen::Stopped { .. }
                | Screen::Offline
                | Screen::Status
                | Screen::About,
            )
            | None => false,
        }
    }

    /// A new password that meets every rule is tried on this computer as soon as its field is left:
    /// its own rules are known to nobody else.
    pub(super) fn left(&mut self, slot: usize, any: bool, effects: &mut Vec<Effect>) {
        let new = match self.screen {
            Some(Screen::Change(_)) => 1,
            Some(Screen::Own { .. }) => 0,
            _ => return,
        };
        let fits = self
            .measured
            .rules()
            .iter()
            .take(5)
            .all(|met| *met == Met::Yes);
        if slot == new && any && fits && self.tried.is_none() && !self.is_busy() {
            effects.push(Effect::Try(slot));
        }
    }

    fn next(&mut self, filled: All<'_>, effects: &mut Vec<Effect>) {
        if self.is_busy() {
            return;
        }
        let measured = self.measured;
        match &mut self.screen {
            Some(Screen::Changed(changed)) => {
                if !filled[0].any {
                    changed.fault = Some(Code::Blank);
                    effects.push(Effect::Focus);
                    return;
                }
                changed.busy = true;
                changed.fault = None;
                changed.banner = None;
                changed.unreachable = None;
                effects.push(Effect::Withdraw);
                self.begin(What::Sync, Ask::Sync { restarted: false }, effects);
            }
            Some(Screen::Code { busy, .. }) => {
                *busy = true;
                effects.push(Effect::Give(0));
            }
            Some(Screen::Own { fault, busy }) => {
                let broken = new_password_fault(&measured, &filled[0], &filled[1]);
                if broken.is_some() {
                    *fault = broken;
                    effects.push(Effect::Focus);
                    return;
                }
                *busy = true;
                effects.push(Effect::Give(0));
            }
            Some(Screen::Old { busy, .. }) => {
                *busy = true;
                effects.push(if filled[0].any {
                    Effect::Give(0)
                } else {
                    Effect::Reply(Reply::Forgotten)
                });
            }
            Some(Screen::Change(change)) => {
                change.missing = (!filled[0].any).then_some(0);
                change.fault = None;
                if change.missing.is_none() {
                    change.fault = new_password_fault(&measured, &filled[1], &filled[2]);
                }
                if change.missing.is_some() || change.fault.is_some() {
                    effects.push(Effect::Focus);
                    return;
                }
                change.busy = true;
                self.begin(What::Change, Ask::ChangePassword, effects);
            }
            Some(Screen::Aside(aside)) => {
                if !filled[0].any {
                    aside.fault = Some(Code::Blank);
                    effects.push(Effect::Focus);
                    return;
                }
                aside.busy = true;
                aside.fault = None;
                let which = aside.which.clone();
                effects.push(Effect::Reopen { which });
            }
            Some(Screen::Link(_)) => self.next_of_link(filled, effects),
            Some(
                Screen::Cost(_)
                | Screen::Work
                | Screen::InSync { .. }
                | Screen::Stopped { .. }
                | Screen::Offline
                | Screen::Status
                | Screen::Disown { .. }
                | Screen::About
                | Screen::Help { .. },
            )
            | None => {}
        }
    }

    fn next_of_link(&mut self, filled: All<'_>, effects: &mut Vec<Effect>) {
        let waits = self
            .under_way
            .as_ref()
            .is_some_and(|it| it.what == What::Link && !it.given_up);
        let Some(Screen::Link(link)) = &mut self.screen else {
            return;
        };
        link.missing = None;
        match link.step {
            LinkStep::SignIn => {
                link.user_name = filled[0].text.trim().to_owned();
                link.missing = (0..2).find(|slot| !filled[*slot].any);
                link.fault = None;
                if link.missing.is_some() {
                    effects.push(Effect::Focus);
                    return;
                }
                link.busy = true;
                let user_name = link.user_name.clone();
                self.begin(What::Link, Ask::Link { user_name }, effects);
            }
            LinkStep::Computer => {
                link.fault = None;
                link.step = LinkStep::Phrase;
                self.suggest(effects);
            }
            LinkStep::Phrase => {
                let typed = filled[0].text.trim();
                if typed.is_empty() {
                    link.missing = Some(0);
                    effects.push(Effect::Focus);
                    return;
                }
                link.fault = phrase::check(typed).err();
                if link.fault.is_some() {
                    effects.push(Effect::Focus);
                    return;
                }
                typed.clone_into(&mut self.phrase);
                link.busy = true;
                link.answered = true;
                if waits {
                    self.hand_over(2, effects);
                } else {
                    let user_name = link.user_name.clone();
                    self.begin(What::Link, Ask::Link { user_name }, effects);
                }
            }
            LinkStep::Organisation | LinkStep::Disk => {}
        }
    }

    /// Puts another phrase into the field.
    fn suggest(&mut self, effects: &mut Vec<Effect>) {
        let Some(Screen::Link(link)) = &mut self.screen else {
            return;
        };
        link.suggestion += 1;
        link.missing = None;
        link.fault = None;
        let number = link.suggestion;
        let text = super::windows::suggestion(self, number);
        effects.extend([Effect::Fill { slot: 0, text }, Effect::Focus]);
    }

    fn yes(&mut self, effects: &mut Vec<Effect>) {
        if let Some(Screen::Link(link)) = &mut self.screen {
            match link.step {
                LinkStep::Organisation => {
                    link.step = LinkStep::SignIn;
                    effects.push(Effect::Focus);
                }
                LinkStep::Disk => {
                    link.disk = Some(true);
                    link.busy = true;
                    effects.push(Effect::Reply(Reply::Accept));
                }
                LinkStep::SignIn | LinkStep::Computer | LinkStep::Phrase => {}
            }
        }
    }

    fn no(&mut self, effects: &mut Vec<Effect>) {
        if let Some(Screen::Link(link)) = &mut self.screen
            && link.step == LinkStep::Disk
        {
            link.disk = Some(false);
            link.busy = true;
            effects.push(Effect::Reply(Reply::Decline));
        } else {
            self.closed(effects);
        }
    }

    fn back(&mut self, effects: &mut Vec<Effect>) {
        match &mut self.screen {
            Some(
                Screen::Old { .. } | Screen::Cost(_) | Screen::Code { .. } | Screen::Own { .. },
            ) => {
                self.give_up(effects);
                self.screen = Some(Screen::Changed(self.asked_again()));
                effects.push(Effect::Focus);
            }
            Some(Screen::Disown { .. }) => {
                self.screen = Some(self.asking_screen(effects));
                effects.push(Effect::Focus);
            }
            Some(Screen::Aside(aside)) if aside.removing && aside.reopened.is_some() => {
                aside.removing = false;
                aside.fault = None;
                effects.push(Effect::Focus);
            }
            _ => self.closed(effects),
        }
    }

    fn accept(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.screen, Some(Screen::Cost(_))) {
            self.screen = Some(Screen::Work);
            effects.extend([Effect::Reply(Reply::Accept), Effect::Focus]);
        }
    }

    fn try_again(&mut self, effects: &mut Vec<Effect>) {
        let Some(Screen::Stopped { again, .. }) = self.screen else {
            return;
        };
        let screen = match again {
            Some(Again::Sync) => Screen::Changed(self.asked_again()),
            Some(Again::Change) => Screen::Change(Change::default()),
            Some(Again::Link) => Screen::Link(Link::default()),
            None => return,
        };
        self.screen = Some(screen);
        effects.push(Effect::Clear);
        effects.push(Effect::Focus);
    }

    fn copy_details(&mut self, effects: &mut Vec<Effect>) {
        effects.push(Effect::Copy(self.details()));
        if let Some(Screen::Stopped { copied, .. } | Screen::Help { copied, .. }) = &mut self.screen
        {
            *copied = true;
        }
    }

    /// What an engineer wants to know; no secret, no user name.
    fn details(&self) -> String {
        let version = self
            .known
            .as_ref()
            .map_or("?", |status| status.agent_version.as_str());
        let mut text = format!(
            "Lockstep {}, agent {version}, {}\n",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS
        );
        if let Some(Failed { failure, at, .. }) = &self.failed {
            let at = jiff::Timestamp::from_millisecond(at.0);
            let at = at.map_or_else(|_| "?".to_owned(), |at| at.to_string());
            text += &format!("{} at {at}: {}\n", failure.code, failure.detail);
            for store in &failure.stores {
                let with = match store.with {
                    OpensWith::New => "the new password",
                    OpensWith::Old => "the old password",
                    OpensWith::Unknown => "not known",
                };
                text += &format!("{}: {with}\n", store.kind);
            }
        }
        for row in self.binding().map_or(&[][..], |binding| &binding.stores) {
            text += &format!("{}: {:?}\n", row.kind, row.state);
        }
        text
    }

    fn report(&mut self, effects: &mut Vec<Effect>) {
        let generation = self.binding().and_then(|binding| binding.generation);
        let Some(generation) = generation else {
            return;
        };
        if let Some(Screen::Disown { busy, .. }) = &mut self.screen
            && !*busy
        {
            *busy = true;
            self.begin(What::Disown, Ask::Disown { generation }, effects);
        }
    }

    fn examine(&mut self, effects: &mut Vec<Effect>) {
        if let Some(Screen::Help { busy, fault, .. }) = &mut self.screen
            && !*busy
        {
            *busy = true;
            *fault = None;
            self.begin(What::Examine, Ask::Examine, effects);
        }
    }

    fn open_aside(&mut self, which: String, effects: &mut Vec<Effect>) {
        let Some(aside) = self.asides.iter().find(|aside| aside.which == which) else {
            return;
        };
        let screen = Screen::Aside(Aside {
            at: aside.at,
            which,
            fault: None,
            busy: false,
            // All of it was added at another time: all that is left to do is to remove it.
            removing: aside.reopened.is_some(),
            reopened: None,
            removed: false,
        });
        self.show(screen, effects);
    }

    fn remove(&mut self, effects: &mut Vec<Effect>) {
        if let Some(Screen::Aside(aside)) = &mut self.screen
            && aside.removing
            && !aside.busy
        {
            aside.busy = true;
            aside.fault = None;
            let which = aside.which.clone();
            effects.push(Effect::RemoveAside { which });
        }
    }

    pub(super) fn reopened(&mut self, ended: Result<Reopened, Fault>, effects: &mut Vec<Effect>) {
        effects.extend([Effect::Clear, Effect::ListAsides]);
        if let Some(Screen::Aside(aside)) = &mut self.screen {
            aside.busy = false;
            match ended {
                Ok(reopened) => aside.reopened = Some(reopened),
                Err(fault) => aside.fault = Some(fault.code),
            }
            effects.push(Effect::Focus);
        }
    }

    pub(super) fn removed(&mut self, ended: Result<(), Fault>, effects: &mut Vec<Effect>) {
        effects.push(Effect::ListAsides);
        if let Some(Screen::Aside(aside)) = &mut self.screen {
            aside.busy = false;
            match ended {
                Ok(()) => aside.removed = true,
                Err(fault) => aside.fault = Some(fault.code),
            }
            effects.push(Effect::Focus);
        }
    }

    /// Has the agent keep the phrase, as soon as there is a binding to keep it for, however the first
    /// sync ended.
    pub(super) fn send_phrase(&mut self, effects: &mut Vec<Effect>) {
        if self.under_way.is_none() && self.binding().is_some() && !self.phrase.is_empty() {
            let words = std::mem::take(&mut self.phrase);
            self.begin(What::Phrase, Ask::ChoosePhrase { words }, effects);
        }
    }
}

/// What keeps a new password from being tried, as far as the app can tell.
fn new_password_fault(measured: &super::Measured, new: &Filled, repeat: &Filled) -> Option<Code> {
    if !new.any {
        return Some(Code::Blank);
    }
    let rules = [
        (measured.long_enough, Code::TooShort),
        (measured.uncommon, Code::Common),
        (measured.without_name, Code::ContainsName),
        (measured.other_than_current, Code::SameAsCurrent),
        (measured.typeable, Code::BadCharacters),
    ];
    let broken = rules.into_iter().find(|(met, _)| *met == Met::No);
    let differs = !repeat.any || measured.same != Met::Yes;
    broken
        .map(|(_, code)| code)
        .or_else(|| differs.then_some(Code::RepeatDiffers))
}
