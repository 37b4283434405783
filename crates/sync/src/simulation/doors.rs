//! The doors between the person and the agent: the disk at boot, the account at log-in.
//!
//! Agent and directory are reached only behind both. Where they may close, the computer is switched
//! off, or its screen locked, at any moment, as often as it likes; what is typed at a door must
//! open it, or only the recovery key helps.

use std::fmt;

use lockstep_model::StoreKind;

use super::events::Next;
use super::scenario::{Label, Scenario};
use super::world::{Node, World, restarted};
use crate::Input;

/// What a person has in mind besides the newest password, at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Person {
    /// Every former one.
    All,
    /// The one that opens the account today: it is typed every morning.
    Daily,
    /// Nothing.
    Newest,
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "every former one",
            Self::Daily => "newest and daily one",
            Self::Newest => "newest only",
        })
    }
}

/// Doors that may close.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doors {
    pub(super) person: Person,
    /// The log-in itself reaches the agent while a newer password waits.
    pub(super) login_path: bool,
}

/// Where the person stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// In the session: everything can be reached.
    In,
    /// The computer runs; the account is in the way.
    Locked,
    /// It is switched off; the disk is in the way, then the account.
    Off,
}

/// A door that does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shut {
    Boot,
    LogIn,
}

/// What the person can type.
fn typeable(world: &World, doors: Doors) -> u8 {
    let newest = 1 << world.newest;
    newest
        | match doors.person {
            Person::All => (2 << world.newest) - 2,
            Person::Daily => world.opens[&StoreKind::Account],
            Person::Newest => 0,
        }
}

/// The door in the person's way, if it does not open.
pub(super) fn shut(world: &World, scenario: Scenario) -> Option<Shut> {
    let known = typeable(world, scenario.doors?);
    let opens = |store| world.opens.get(&store).is_none_or(|it| it & known != 0);
    match world.place {
        Place::Off if !opens(StoreKind::Disk) => Some(Shut::Boot),
        Place::Off | Place::Locked if !opens(StoreKind::Account) => Some(Shut::LogIn),
        Place::In | Place::Locked | Place::Off => None,
    }
}

impl Next<'_> {
    /// What may happen at the doors. Says whether the person can reach the agent.
    pub(super) fn doors(&mut self, node: &Node, doors: Doors) -> bool {
        let newest = 1 << node.world.newest;
        let busy = node
            .state
            .run
            .as_ref()
            .is_some_and(|run| run.flight.is_some());
        if node.world.place != Place::Off && !busy {
            self.crash(node, false);
        }
        match node.world.place {
            Place::In => {
                let mut after = node.clone();
                after.world.place = Place::Locked;
                self.found.push((Label::ScreenLocked, after));
                true
            }
            Place::Locked => {
                let account = node.world.opens[&StoreKind::Account];
                let heard = node.state.known() == Some(self.scenario.stamp(node.world.newest));
                if account & typeable(&node.world, doors) != 0 {
                    let mut after = node.clone();
                    after.world.place = Place::In;
                    self.feed(Label::LoggedIn, after, Input::SessionUp);
                }
                // Asked only while a newer one waits, and refused locally.
                doors.login_path && heard && account & newest == 0
            }
            Place::Off => {
                if shut(&node.world, self.scenario) != Some(Shut::Boot)
                    && let Some(mut after) = restarted(&node.world, self.scenario)
                {
                    after.world.place = Place::Locked;
                    self.found.push((Label::Booted, after));
                }
                false
            }
        }
    }
}
