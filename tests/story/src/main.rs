//! The demo: everything real, nothing of the host's accounts touched.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};
use clap::Parser;
use lockstep_story::World;
use lockstep_story::display::{Display, Shown};
use lockstep_story::encore;
use lockstep_story::play::{self, Narrator};
use lockstep_story::world::ADMIN_PASSWORD;
use serde_json::json;

/// Starts a directory, a person and two computers on this machine.
#[derive(Parser)]
#[command(name = "lockstep-demo", version)]
struct Arguments {
    /// Play the story by itself and end.
    #[arg(long)]
    script: bool,
    /// Where the demo keeps its directory.
    #[arg(long)]
    folder: PathBuf,
    /// The portal's port; a free one for the script.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// The display of this machine on which to open the app.
    #[arg(long)]
    display: Option<String>,
    /// The file with that display's cookie.
    #[arg(long, requires = "display")]
    authority: Option<PathBuf>,
    /// Start a directory with invited people, and run a command that finds it by LOCKSTEP_URL, and
    /// the links and an admin by LOCKSTEP_FIXTURE (a JSON file).
    #[arg(long, requires = "command")]
    fixture: bool,
    /// The command for --fixture.
    #[arg(last = true)]
    command: Vec<String>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // Each start is a new world: devices live only as long as the demo.
    let folder = tempfile::Builder::new()
        .prefix("demo-")
        .tempdir_in(&arguments.folder)?;
    let by_itself = arguments.script || arguments.fixture;
    let port = (!by_itself).then_some(arguments.port);
    let display = match &arguments.display {
        None => Err(anyhow::anyhow!("there is no display here")),
        Some(name) => Display::find(name, arguments.authority.as_deref()),
    };
    let world = World::in_folder(folder.path(), port, display.as_ref().ok())?;
    if arguments.fixture {
        return run_with_fixture(&world, &arguments.command);
    }
    let mut tell = Narrator::default();
    if arguments.script {
        let cast = play::story(&world, &mut tell)
            .and_then(|cast| encore::play(&world, &cast, &mut tell).map(|()| cast));
        if cast.is_err() {
            print(&format!("The directory's log:\n{}", world.directory.log()))?;
        }
        drop(cast?);
        return print("demo: in sync");
    }
    let cast = play::prepare(&world, &mut tell)?;
    play::link(&world, &cast, &mut tell)?;
    let pid = |computer: &lockstep_story::Computer| computer.device.pid();
    print(&format!(
        "\nThe portal: {url}  (its certificate is this demo's own: let the browser go on)\n\
         Anna signs in with:  anna / {first}\n\
         The admin's session: lockstep admin --session {folder}/admin.session people\n\
         The admin's password: {ADMIN_PASSWORD}\n\n\
         Anna's computers, each a shell away:\n\
         \x20 desk:   sudo nsenter -t {one} -m -u -i -n -p -r -w su - anna\n\
         \x20 laptop: sudo nsenter -t {two} -m -u -i -n -p -r -w su - anna\n\n\
         Change the password in the portal, then in a computer's shell:\n\
         \x20 lockstep status\n\
         \x20 lockstep sync\n",
        url = world.directory.url,
        first = play::FIRST,
        folder = folder.path().display(),
        one = pid(&cast.one)?,
        two = pid(&cast.two)?,
    ))?;
    match display {
        Err(why) => print(&format!("The app stays closed: {why:#}."))?,
        Ok(display) => {
            let shown = display.show(&cast.one, play::FIRST)?;
            print(
                "The app of anna-desk is on your display. After a change it comes by itself; closed,\n\
                 it is opened from that computer's shell with: lockstep-app",
            )?;
            std::thread::spawn(move || tell_end(shown));
        }
    }
    print("\nCtrl-C stops it all.")?;
    wait_for_stop()
}

fn tell_end(mut shown: Shown) {
    let told = match shown.ends() {
        Ok(None) => Ok(()),
        Ok(Some(why)) => print(&format!("The app has ended: {}", why.trim())),
        Err(fault) => print(&format!("The app can't be watched: {fault}")),
    };
    // Who reads no more needs no telling.
    drop(told);
}

/// More people than any one run of the browser's tests activates.
const INVITED: usize = 24;

fn run_with_fixture(world: &World, command: &[String]) -> anyhow::Result<()> {
    let mut invitations = Vec::new();
    for number in 1..=INVITED {
        let (user_name, display_name) = (format!("person{number}"), "Robin Winter");
        let link = world.invite(&user_name, display_name)?;
        invitations
            .push(json!({ "user_name": user_name, "display_name": display_name, "link": link }));
    }
    let fixture = world.folder().join("fixture.json");
    let admin = json!({ "user_name": "admin", "password": ADMIN_PASSWORD });
    let said = json!({ "invitations": invitations, "admin": admin });
    std::fs::write(&fixture, said.to_string())?;
    let (program, arguments) = command.split_first().context("no command")?;
    let status = Command::new(program)
        .args(arguments)
        .current_dir(lockstep_story::repository().join("tests/browser"))
        .env("LOCKSTEP_URL", &world.directory.url)
        .env("LOCKSTEP_FIXTURE", &fixture)
        .status()
        .with_context(|| format!("can't run {program}"))?;
    ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn wait_for_stop() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    print("\nStopping.")
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
