//! The demo: everything real, nothing of the host's accounts touched.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::path::PathBuf;

use clap::Parser;
use lockstep_story::World;
use lockstep_story::play::{self, Narrator};
use lockstep_story::world::ADMIN_PASSWORD;

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
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // Each start is a new world: devices live only as long as the demo.
    let folder = tempfile::Builder::new()
        .prefix("demo-")
        .tempdir_in(&arguments.folder)?;
    let port = (!arguments.script).then_some(arguments.port);
    let world = World::in_folder(folder.path(), port)?;
    let mut tell = Narrator::default();
    if arguments.script {
        let cast = play::story(&world, &mut tell);
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
         \x20 lockstep sync\n\n\
         Ctrl-C stops it all.",
        url = world.directory.url,
        first = play::FIRST,
        folder = folder.path().display(),
        one = pid(&cast.one)?,
        two = pid(&cast.two)?,
    ))?;
    wait_for_stop()
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
