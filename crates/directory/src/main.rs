//! `lockstep-directory`: sets a directory up and serves it.
#![forbid(unsafe_code)]

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use lockstep_directory::config::Files;
use lockstep_directory::init::{Answers, init};
use lockstep_directory::serve::serve;
use lockstep_model::Ksf;
use lockstep_protocol::api::ItContact;

/// The Lockstep directory: one password for a person and their computers.
#[derive(Parser)]
#[command(name = "lockstep-directory", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sets a directory up in a new folder and prints the first admin's one-time link.
    Init(Init),
    /// Serves a directory until it is told to stop.
    Serve {
        /// The folder that `init` made.
        #[arg(long, default_value = "/var/lib/lockstep-directory")]
        data: PathBuf,
    },
    /// Prints the OpenAPI document of this version.
    Openapi,
}

#[derive(clap::Args)]
struct Init {
    /// The folder to make; must not hold a directory yet.
    #[arg(long, default_value = "/var/lib/lockstep-directory")]
    data: PathBuf,
    /// The one public address, as browsers and computers reach it: https://host[:port].
    #[arg(long)]
    url: String,
    /// An address to listen on; may be given more than once.
    #[arg(long, default_values = ["[::]:8443"])]
    listen: Vec<SocketAddr>,
    /// Listen on no address of its own: sockets are handed over at start.
    #[arg(long, conflicts_with = "listen")]
    no_listen: bool,
    /// The organisation's name, shown on every window and page.
    #[arg(long)]
    organisation: String,
    /// Whom people ask for help, shown beside every error.
    #[arg(long)]
    it_contact: String,
    /// Their e-mail address.
    #[arg(long, default_value = "")]
    it_email: String,
    /// Their phone number.
    #[arg(long, default_value = "")]
    it_phone: String,
    /// The first admin's user name.
    #[arg(long, default_value = "admin")]
    admin: String,
    /// Stretch passwords as little as clients accept (19 MiB, 2 passes): for old computers.
    #[arg(long)]
    light_stretching: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("LOCKSTEP_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
        )
        .init();
    match arguments.command {
        Command::Serve { data } => serve(&Files { folder: data }).await,
        Command::Openapi => {
            print(&lockstep_directory::http::openapi()?)?;
            Ok(())
        }
        Command::Init(said) => {
            let listen = if said.no_listen {
                Vec::new()
            } else {
                said.listen
            };
            let answers = Answers {
                url: said.url,
                listen,
                organisation: said.organisation,
                it_contact: ItContact {
                    name: said.it_contact,
                    email: said.it_email,
                    phone: said.it_phone,
                },
                admin: said.admin,
                ksf: if said.light_stretching {
                    Ksf::FLOOR
                } else {
                    Ksf::DEFAULT
                },
            };
            let link = init(&Files { folder: said.data }, answers).await?;
            // The link alone on standard output, so that a script can pipe it on.
            print(&format!("{link}\n"))?;
            eprint(
                "Set up. The link above works once, for 7 days: open it to become the admin.\n",
            )?;
            Ok(())
        }
    }
}

fn print(text: &str) -> std::io::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes())
}

fn eprint(text: &str) -> std::io::Result<()> {
    std::io::stderr().lock().write_all(text.as_bytes())
}
