//! The story of the product, played on real parts, one printed line a step.

use std::io::Write as _;
use std::time::Instant;

use anyhow::{bail, ensure};
use lockstep_model::{Code, Generation};
use lockstep_protocol::api::me::Standing;
use lockstep_protocol::local::BindingStatus;
use serde_json::{Value, json};

use crate::portal::browse;
use crate::world::{Computer, World};

/// Anna's first password in the directory.
pub const FIRST: &str = "violet harbour at dawn";
/// The one that she chooses in the portal.
pub const SECOND: &str = "seven quiet lanterns";
/// The one that she chooses on her computer.
pub const THIRD: &str = "maple bridge in the rain";
/// What her computers had before.
pub const BEFORE: &str = "letters on a train";

/// Anna's user name, also on her computers.
pub const ANNA: &str = "anna";

/// Prints steps, and how long the play has gone on.
pub struct Narrator {
    began: Instant,
    step: u32,
}

impl Default for Narrator {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            step: 0,
        }
    }
}

impl Narrator {
    /// Begins a step.
    ///
    /// # Errors
    ///
    /// When nothing can be printed.
    pub fn step(&mut self, text: &str) -> anyhow::Result<()> {
        self.step += 1;
        self.line(&format!("{:>2}. {text}", self.step))
    }

    /// Adds what was seen.
    ///
    /// # Errors
    ///
    /// When nothing can be printed.
    pub fn seen(&self, text: &str) -> anyhow::Result<()> {
        self.line(&format!("      {text}"))
    }

    fn line(&self, text: &str) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{:>7.2} s {text}", self.began.elapsed().as_secs_f64())?;
        Ok(out.flush()?)
    }
}

/// The two computers of the story.
pub struct Cast {
    /// The first one.
    pub one: Computer,
    /// The second one.
    pub two: Computer,
}

/// Makes Anna and her two computers, enrolled but not linked. Anna activates in the browser.
///
/// # Errors
///
/// Whatever does not happen as told.
pub fn prepare(world: &World, tell: &mut Narrator) -> anyhow::Result<Cast> {
    tell.step("The admin adds Anna and makes an enrolment string for two computers.")?;
    let link = world.invite(ANNA, "Anna Bergström")?;
    let string = world.enrolment(2, 3600)?;

    tell.step("Anna opens her link in the browser and chooses a password.")?;
    browse("activate", &json!({ "url": link, "password": FIRST }))?;

    tell.step("Two computers enrol.")?;
    let one = world.computer("anna-desk", ANNA, BEFORE)?;
    let two = world.computer("anna-laptop", ANNA, BEFORE)?;
    for computer in [&one, &two] {
        computer.make_keyring(BEFORE)?;
        computer.make_disk(BEFORE)?;
        computer.enrol(&string)?.ok()?;
    }
    tell.seen(
        "each has an account, a keyring and a disk's header, opened by the password from before",
    )?;
    let third = world.computer("one-too-many", ANNA, BEFORE)?;
    let refused = third.enrol(&string)?;
    ensure!(
        refused.code() == Some(Code::EnrolmentSpent),
        "a string for two computers enrolled three, or not for its reason: {refused:?}"
    );
    let code = Code::EnrolmentSpent;
    tell.seen(&format!(
        "a third one with the same string is refused: {code}"
    ))?;
    Ok(Cast { one, two })
}

/// Links both computers: each verifies both passwords and moves to the directory's.
///
/// # Errors
///
/// Whatever does not happen as told.
pub fn link(world: &World, cast: &Cast, tell: &mut Narrator) -> anyhow::Result<()> {
    tell.step("Anna links her account on each computer: both passwords, both verified.")?;
    for computer in [&cast.one, &cast.two] {
        let wrong = computer.link(FIRST, "not what the computer had")?;
        ensure!(
            wrong.code() == Some(Code::NotTheComputersPassword),
            "a wrong password of the computer: {wrong:?}"
        );
        ensure!(
            computer.opens(BEFORE)?,
            "a refused link changed the account"
        );
        computer.link_with_disk(FIRST, BEFORE)?.ok()?;
        expect_all_open(computer, FIRST, BEFORE)?;
    }
    expect_row(world, "anna-desk", Generation(1), Standing::InSync)?;
    expect_row(world, "anna-laptop", Generation(1), Standing::InSync)?;
    tell.seen(
        "accounts, keyrings and disks open with the directory's password, and not with the one before",
    )
}

/// Plays the whole story; the end is worth the line `demo: in sync`.
///
/// # Errors
///
/// Whatever does not happen as told.
pub fn story(world: &World, tell: &mut Narrator) -> anyhow::Result<Cast> {
    let cast = prepare(world, tell)?;
    link(world, &cast, tell)?;

    tell.step("Anna changes her password in the portal, in the browser.")?;
    let url = world.directory.url.clone();
    let changed = browse(
        "change",
        &json!({ "url": url, "user_name": ANNA, "current": FIRST, "next": SECOND }),
    )?;
    tell.seen(&format!("the page says: {}", rows(&changed)))?;
    for computer in [&cast.one, &cast.two] {
        let heard = computer.wait_for("it has heard of generation 2", |_, binding| {
            binding.generation == Some(Generation(2))
        })?;
        tell.seen(&format!(
            "{} heard of it {} ms after the commit began",
            computer.device.name(),
            wake_up_ms(&heard)?
        ))?;
        ensure!(
            !heard.in_sync,
            "a computer claims to be in sync before it is"
        );
        ensure!(
            computer.opens(FIRST)?,
            "an announcement alone changed the account"
        );
    }

    tell.step("On each computer: lockstep sync, and only the new password.")?;
    for computer in [&cast.one, &cast.two] {
        computer.sync(SECOND)?.ok()?;
        expect_all_open(computer, SECOND, FIRST)?;
        expect_row(
            world,
            computer.device.name(),
            Generation(2),
            Standing::InSync,
        )?;
        tell.seen(&format!(
            "{}: account, keyring and disk refuse the old one and open with the new",
            computer.device.name()
        ))?;
    }
    let seen = browse(
        "computers",
        &json!({ "url": url, "user_name": ANNA, "password": SECOND }),
    )?;
    tell.seen(&format!("the portal says: {}", rows(&seen)))?;

    tell.step("On the first computer: lockstep passwd.")?;
    cast.one.passwd(SECOND, THIRD)?.ok()?;
    expect_all_open(&cast.one, THIRD, SECOND)?;
    expect_row(world, "anna-desk", Generation(3), Standing::InSync)?;
    tell.seen("portal and this computer are in step at once, with no further prompt")?;
    let told = cast
        .two
        .wait_for("it has heard of generation 3", |_, binding| {
            binding.generation == Some(Generation(3))
        })?;
    expect_row(world, "anna-laptop", Generation(3), Standing::AsksNow)?;
    tell.seen(&format!(
        "anna-laptop was told {} ms after",
        wake_up_ms(&told)?
    ))?;

    tell.step("On the second computer: lockstep sync.")?;
    cast.two.sync(THIRD)?.ok()?;
    expect_all_open(&cast.two, THIRD, SECOND)?;
    expect_row(world, "anna-laptop", Generation(3), Standing::InSync)?;
    let seen = browse(
        "computers",
        &json!({ "url": url, "user_name": ANNA, "password": THIRD }),
    )?;
    tell.seen(&format!("the portal says: {}", rows(&seen)))?;
    Ok(cast)
}

/// Checks by PAM itself which password opens a computer.
///
/// # Errors
///
/// When it is not as expected.
pub fn expect_opens(computer: &Computer, new: &str, old: &str) -> anyhow::Result<()> {
    ensure!(
        computer.opens(new)?,
        "{}: PAM refuses the new password",
        computer.device.name()
    );
    ensure!(
        !computer.opens(old)?,
        "{}: PAM takes the old password",
        computer.device.name()
    );
    Ok(())
}

/// Checks the account by PAM, the keyring by its own daemon, with what it holds, and the disk by
/// cryptsetup.
///
/// # Errors
///
/// When one is not as expected.
pub fn expect_all_open(computer: &Computer, new: &str, old: &str) -> anyhow::Result<()> {
    expect_opens(computer, new, old)?;
    let name = computer.device.name();
    ensure!(
        computer.keyring_opens(new)?,
        "{name}: the keyring doesn't open with the new password"
    );
    ensure!(
        !computer.keyring_opens(old)?,
        "{name}: the keyring opens with the old password"
    );
    ensure!(
        computer.disk_opens(new)? && !computer.disk_opens(old)?,
        "{name}: the disk's header doesn't open with the new password and with it alone"
    );
    Ok(())
}

/// Checks what the admin sees of a computer.
///
/// # Errors
///
/// When it is not as expected.
pub fn expect_row(
    world: &World,
    computer: &str,
    generation: Generation,
    standing: Standing,
) -> anyhow::Result<()> {
    let row = world.computer_row(computer)?;
    if row.generation != generation || row.computer.standing != standing {
        bail!("the directory says of {computer}: {row:?}");
    }
    Ok(())
}

/// From the moment that the directory took the password to the moment that the device heard of it;
/// one clock here, so the difference means something.
///
/// # Errors
///
/// When either is unknown.
pub fn wake_up_ms(binding: &BindingStatus) -> anyhow::Result<i64> {
    match (&binding.changed, binding.heard_at) {
        (Some(changed), Some(heard_at)) => Ok(heard_at.0 - changed.at.0),
        (None, _) | (_, None) => bail!("nothing was heard: {binding:?}"),
    }
}

/// What a page showed of the computers, on one line.
fn rows(seen: &Value) -> String {
    let rows = seen.get("computers").and_then(Value::as_array);
    let rows = rows.into_iter().flatten().map(|row| {
        let said = |key: &str| row.get(key).and_then(Value::as_str);
        let standing = said("standing").or_else(|| said("state"));
        format!(
            "{}: {}",
            said("name").unwrap_or("?"),
            standing.unwrap_or("?")
        )
    });
    rows.collect::<Vec<_>>().join("; ")
}
