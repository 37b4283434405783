//! The window that the present state calls for.

use lockstep_model::Code;
use lockstep_model::code::Retry;
use lockstep_protocol::local::Failure;

use super::conversation::is_giving_up;
use super::screen::{Again, Changed, Link, Screen};
use super::{Core, Effect, What};

impl Core {
    /// Opens the window that the present state calls for, for whoever looks: first why it is as it is.
    pub(super) fn open_needed(&mut self, effects: &mut Vec<Effect>) {
        let stopped = if self.holds_window() || self.working() || self.is_changing() {
            None
        } else {
            self.stopped_screen()
        };
        if let Some(stopped) = stopped {
            self.screen = Some(stopped);
            effects.extend([Effect::Show { asked: true }, Effect::Focus]);
        } else {
            self.open_asking(effects, true);
        }
    }

    /// Opens the window that asks, if anything is to be asked.
    pub(super) fn open_asking(&mut self, effects: &mut Vec<Effect>, asked: bool) {
        // What waits for an answer stays: it must not be asked twice.
        if !self.holds_window() {
            let screen = self.asking_screen(effects);
            self.screen = Some(screen);
        }
        effects.extend([Effect::Show { asked }, Effect::Focus]);
    }

    /// W6 of what stopped last, as far as it is known here; of anything else its code tells.
    fn stopped_screen(&mut self) -> Option<Screen> {
        // Whoever only gave up wants to go on.
        let problem = self.problem().filter(|code| !is_giving_up(*code));
        let linked = self.binding().is_some();
        let told = self.failed.as_mut().filter(|failed| {
            let code = failed.failure.code;
            failed.unseen || problem.is_some_and(|it| it == code || code == Code::ComputerBehind)
        });
        let (failure, at, again) = if let Some(failed) = told {
            failed.unseen = false;
            (failed.failure.clone(), failed.at, failed.again)
        } else {
            let failure = Failure {
                code: problem?,
                detail: String::new(),
                stores: Vec::new(),
            };
            (failure, self.clock.now, linked.then_some(Again::Sync))
        };
        Some(Screen::Stopped {
            again: again.filter(|_| failure.code.retry() != Retry::Never),
            failure,
            at,
            copied: false,
        })
    }

    /// The window that the present state calls for, if nothing stopped.
    pub(super) fn asking_screen(&mut self, effects: &mut Vec<Effect>) -> Screen {
        if self.working() || self.is_changing() {
            Screen::Work
        } else if self.known.is_some() && self.binding().is_none() && self.problem().is_none() {
            Screen::Link(Link::default())
        } else if self.cause().is_some() && !self.online() {
            self.attention.promise();
            Screen::Offline
        } else if self.cause().is_some() {
            self.attention.opened();
            Screen::Changed(Changed {
                busy: self.attend(),
                ..Changed::default()
            })
        } else {
            effects.extend([Effect::ListAsides, Effect::ListComputers]);
            Screen::Status
        }
    }

    /// Whether a change or a link has all that it needs, and goes on without a window.
    pub(super) fn is_changing(&self) -> bool {
        self.under_way.as_ref().is_some_and(|it| {
            it.given && !it.given_up && matches!(it.what, What::Change | What::Link)
        })
    }

    /// Takes up again the sync whose window was closed while the password was being checked; whether
    /// there is one.
    fn attend(&mut self) -> bool {
        let under_way = self.under_way.as_mut();
        let sync = under_way.filter(|it| it.what == What::Sync && !it.given_up);
        sync.is_some_and(|it| {
            it.unattended = false;
            true
        })
    }

    /// Why the last sync stopped, or why nothing can be shown.
    pub(super) fn problem(&self) -> Option<Code> {
        let status = self.known.as_ref()?;
        let own = status.binding.as_ref().and_then(|binding| binding.problem);
        own.or(status.problem)
    }
}
