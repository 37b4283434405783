//! What else happens to a password: another system changes it, an admin issues one, root sets the
//! account's. The computers follow by the same one question, and the old password is asked for only
//! where nothing else can open a store.

use anyhow::{Context as _, ensure};
use lockstep_model::{Code, Generation, StoreKind, StoreState};
use lockstep_protocol::api::me::Standing;
use lockstep_protocol::local::BindingStatus;
use serde_json::Value;

use crate::phone::Phone;
use crate::play::{ANNA, Cast, Narrator, THIRD, expect_all_open, expect_row};
use crate::portal;
use crate::world::{Computer, World};

/// What another system sets.
const FOURTH: &str = "five herons over the weir";
/// What Anna chooses in place of the one that IT gave her.
const FIFTH: &str = "a lighthouse made of paper";
/// What root sets on one computer.
const BY_ROOT: &str = "set by root, unasked";

/// Plays all three.
///
/// # Errors
///
/// Whatever does not happen as told.
pub fn play(world: &World, cast: &Cast, tell: &mut Narrator) -> anyhow::Result<()> {
    by_another_system(world, cast, tell)?;
    by_an_admin(world, cast, tell)?;
    by_root(world, cast, tell)
}

fn by_another_system(world: &World, cast: &Cast, tell: &mut Narrator) -> anyhow::Result<()> {
    tell.step("Another system changes Anna's password through the directory's interface.")?;
    portal::change(&world.directory, ANNA, THIRD, FOURTH)?;
    for computer in [&cast.one, &cast.two] {
        heard(computer, Generation(4))?;
        computer.sync(FOURTH)?.ok()?;
        follows(world, computer, (FOURTH, THIRD), Generation(4))?;
    }
    tell.seen("on both: one typed password; account, keyring and disk have moved with it")
}

fn by_an_admin(world: &World, cast: &Cast, tell: &mut Narrator) -> anyhow::Result<()> {
    tell.step("Anna enrols her phone. Later the admin issues her a password, for one use.")?;
    world.sign_in(ANNA, FOURTH)?.ok()?;
    let phone = Phone::enrolled(world, ANNA)?;
    let said: Value = world.admin(&["issue", ANNA])?.json()?;
    let issued = said["password"]
        .as_str()
        .context("no password was issued")?;
    tell.seen("the rule in force: what was sealed before is opened with the second factor only")?;
    cast.one.wait_for("told", |_, binding| binding.temporary)?;
    let code = phone.code(0);
    let typed = [
        ("--password-fd", issued),
        ("--own-password-fd", FIFTH),
        ("--factor-code-fd", &*code),
    ];
    cast.one.lockstep(&["sync"], &typed)?.ok()?;
    follows(world, &cast.one, (FIFTH, FOURTH), Generation(6))?;
    tell.seen("anna-desk: the issued one, an own one in its place, a code; no old password")?;
    heard(&cast.two, Generation(6))?;
    let refused = cast.two.sync(FIFTH)?;
    ensure!(
        refused.code() == Some(Code::NoTerminal) && refused.err.contains("Code from"),
        "without the code: {refused:?}"
    );
    let code = phone.code(1);
    let typed = [("--password-fd", FIFTH), ("--factor-code-fd", &*code)];
    cast.two.lockstep(&["sync"], &typed)?.ok()?;
    follows(world, &cast.two, (FIFTH, FOURTH), Generation(6))?;
    tell.seen("anna-laptop: her own one and the next code; without it nothing had changed")
}

fn by_root(world: &World, cast: &Cast, tell: &mut Narrator) -> anyhow::Result<()> {
    tell.step("Root sets the account's password on anna-laptop.")?;
    let laptop = &cast.two;
    laptop.device.set_password(ANNA, BY_ROOT.as_bytes())?;
    laptop.wait_for("it has noticed", |_, binding| {
        let mut account = binding
            .stores
            .iter()
            .filter(|row| row.kind == StoreKind::Account);
        account.any(|row| matches!(row.state, StoreState::NeedsYou { .. })) && !binding.in_sync
    })?;
    let asked = laptop.sync(FIFTH)?;
    ensure!(
        asked.code() == Some(Code::NoTerminal) && asked.err.contains("Old password"),
        "a change that Lockstep knows nothing of: {asked:?}"
    );
    let typed = [("--password-fd", FIFTH), ("--old-password-fd", BY_ROOT)];
    laptop.lockstep(&["sync"], &typed)?.ok()?;
    follows(world, laptop, (FIFTH, BY_ROOT), Generation(6))?;
    tell.seen(
        "it noticed by itself, asked for that password, the first time since it was linked,",
    )?;
    tell.seen("and is back in step")
}

fn heard(computer: &Computer, generation: Generation) -> anyhow::Result<BindingStatus> {
    computer.wait_for("it has heard", |_, binding| {
        binding.generation == Some(generation)
    })
}

/// Everything opens with the new password and not with the old one, and the directory says so.
fn follows(
    world: &World,
    computer: &Computer,
    (new, old): (&str, &str),
    generation: Generation,
) -> anyhow::Result<()> {
    expect_all_open(computer, new, old)?;
    expect_row(world, computer.device.name(), generation, Standing::InSync)
}
