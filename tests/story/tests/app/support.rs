//! Anna, logged in at a computer that is linked and in sync.

use lockstep_story::canary::Mark;
use lockstep_story::desk::Desk;
use lockstep_story::{World, portal};

/// Anna, her passwords, and her computer.
pub(crate) struct Anna {
    pub(crate) desk: Desk,
    pub(crate) world: World,
    pub(crate) mark: Mark,
    /// What the directory, the account, the keyring and the disk have at the beginning.
    pub(crate) first: String,
}

impl Anna {
    /// Anna at her desk, unless there can be no lab.
    pub(crate) fn at_her_desk() -> Option<Self> {
        lockstep_lab::build(&["lockstep-app", "lockstep-lab"]).unwrap();
        let world = World::for_test().unwrap()?;
        let mark = Mark::draw().unwrap();
        let [before, first] = ["before", "first"].map(|name| mark.typed(name));
        let link = world.invite("anna", "Anna Bergström").unwrap();
        world.activate("anna", &link, &first).unwrap();
        let computer = world.computer("anna-desk", "anna", &before).unwrap();
        computer.make_keyring(&before).unwrap();
        computer.make_disk(&before).unwrap();
        let enrolment = world.enrolment(1, 3600).unwrap();
        computer.enrol(&enrolment).unwrap().ok().unwrap();
        let linked = computer.link_with_disk(&first, &before).unwrap();
        linked.ok().unwrap();
        let desk = Desk::log_in(computer, &first).unwrap();
        desk.tray_says("in sync").unwrap();
        Some(Self {
            desk,
            world,
            mark,
            first,
        })
    }

    /// Anna changes her password in the portal.
    pub(crate) fn changes(&self, from: &str, to: &str) {
        portal::change(&self.world.directory, "anna", from, to).unwrap();
    }
}
