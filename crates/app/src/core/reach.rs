//! What becomes of a question whose directory can't be reached: W1 waits for a while, then gives way
//! to W7, which promises to ask again; once the directory is there it does.

use lockstep_model::{Code, Timestamp};

use super::screen::{Change, Changed, Link, Screen};
use super::{Core, Effect};

/// How long a directory that can't be reached may keep a person before they are told to go on.
pub(super) const OFFLINE_AFTER: i64 = 10_000;

/// Whether a code says that nobody was reached. Other faults of the network are answers, and to call
/// the person offline would be a lie.
pub(super) const fn cut_off(code: Code) -> bool {
    matches!(
        code,
        Code::DirectoryUnreachable | Code::ProxyRefused | Code::AgentUnreachable
    )
}

impl Core {
    /// W1 with nothing typed in it.
    pub(super) fn asked_again(&self) -> Changed {
        Changed {
            unreachable: (!self.online()).then_some(self.clock.now),
            ..Changed::default()
        }
    }

    /// When W1 gives way, if it waits for a directory.
    pub(super) fn patience(&self) -> Option<Timestamp> {
        match &self.screen {
            // Whoever pressed a button gets the answer first.
            Some(Screen::Changed(changed)) if !changed.busy => {
                let since = changed.unreachable?;
                Some(Timestamp(since.0 + OFFLINE_AFTER))
            }
            Some(_) | None => None,
        }
    }

    /// Tells whoever has waited long enough that they may go on.
    pub(super) fn wait_no_longer(&mut self, effects: &mut Vec<Effect>) {
        if self.patience().is_some_and(|until| until <= self.clock.now) {
            self.screen = Some(Screen::Offline);
            self.attention.promise();
            effects.extend([Effect::Clear, Effect::Focus]);
        }
    }

    /// The agent told whether it has the directory; `before` is how that was.
    pub(super) fn line_moved(&mut self, before: bool, effects: &mut Vec<Effect>) {
        let (now, online) = (self.clock.now, self.online());
        if online == before {
            return;
        }
        if online {
            self.attention.reachable();
        }
        match &mut self.screen {
            Some(Screen::Changed(changed)) if online => {
                changed.unreachable = None;
                changed.banner = changed.banner.filter(|code| !cut_off(*code));
            }
            Some(Screen::Changed(changed)) => {
                changed.unreachable.get_or_insert(now);
            }
            // As was promised; the keyboard stays with whatever has it.
            Some(Screen::Offline) if online => {
                self.screen = Some(self.asking_screen(effects));
                effects.push(Effect::Focus);
            }
            // Their fields go, and come again with what is typed in them.
            Some(
                Screen::Change(Change { busy: false, .. }) | Screen::Link(Link { busy: false, .. }),
            ) => {
                effects.push(Effect::Focus);
            }
            Some(_) | None => {}
        }
    }
}
