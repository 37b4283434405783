//! Anna, logged in at a computer of hers.

use lockstep_story::canary::Mark;
use lockstep_story::desk::Desk;
use lockstep_story::{Computer, World, portal};

/// Anna, her passwords, and her computer.
pub(crate) struct Anna {
    pub(crate) desk: Desk,
    pub(crate) world: World,
    pub(crate) mark: Mark,
    /// What her computer had before it was linked.
    pub(crate) before: String,
    /// What the directory has at the beginning, and everything that is linked.
    pub(crate) first: String,
}

impl Anna {
    /// Anna at her desk: account, keyring and disk are linked. None where there can be no lab.
    pub(crate) fn at_her_desk() -> Option<Self> {
        Self::arrives(|computer, first, before| {
            computer.make_disk(before).unwrap();
            let linked = computer.link_with_disk(first, before).unwrap();
            linked.ok().unwrap();
        })
    }

    /// The same without a disk, which would stay shut without its old password.
    pub(crate) fn without_a_disk() -> Option<Self> {
        Self::arrives(|computer, first, before| {
            computer.link(first, before).unwrap().ok().unwrap();
        })
    }

    /// Anna at a computer that was set up for her organisation, and not linked.
    pub(crate) fn before_linking() -> Option<Self> {
        Self::arrives(|computer, _, before| computer.make_disk(before).unwrap())
    }

    fn arrives(prepare: impl FnOnce(&Computer, &str, &str)) -> Option<Self> {
        lockstep_lab::build(&["lockstep-app", "lockstep-lab"]).unwrap();
        let world = World::for_test().unwrap()?;
        let mark = Mark::draw().unwrap();
        let [before, first] = ["before", "first"].map(|name| mark.typed(name));
        let link = world.invite("anna", "Anna Bergström").unwrap();
        world.activate("anna", &link, &first).unwrap();
        let computer = world.computer("anna-desk", "anna", &before).unwrap();
        computer.make_keyring(&before).unwrap();
        let enrolment = world.enrolment(1, 3600).unwrap();
        computer.enrol(&enrolment).unwrap().ok().unwrap();
        prepare(&computer, &first, &before);
        let linked = computer.status().unwrap().binding.is_some();
        let (password, tray) = if linked {
            (&first, "in sync")
        } else {
            (&before, "not set up")
        };
        let desk = Desk::log_in(computer, password).unwrap();
        desk.tray_says(tray).unwrap();
        Some(Self {
            desk,
            world,
            mark,
            before,
            first,
        })
    }

    /// Anna changes her password in the portal.
    pub(crate) fn changes(&self, from: &str, to: &str) {
        portal::change(&self.world.directory, "anna", from, to).unwrap();
    }

    /// The same, and she gives the window that asks for it the keyboard.
    pub(crate) fn changes_and_is_asked(&self, to: &str) {
        self.changes(&self.first, to);
        let window = self.desk.window_comes().unwrap();
        self.desk.reads("Your password changed").unwrap();
        self.desk.activate(&window).unwrap();
    }
}
