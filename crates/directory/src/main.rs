//! `lockstep-directory`: sets a directory up, serves it, and keeps it.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use lockstep_directory::config::Files;
use lockstep_directory::log::{self, LogFormat};
use lockstep_directory::storage::chain::Head;

mod operate;

/// The Lockstep directory: one password for a person and their computers.
#[derive(Parser)]
#[command(name = "lockstep-directory", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The form of the log on standard error; LOCKSTEP_LOG says how much of it (info).
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "text",
        env = "LOCKSTEP_LOG_FORMAT"
    )]
    log_format: LogFormat,
}

/// Where the directory is.
#[derive(Args)]
struct Data {
    /// The folder that `init` made.
    #[arg(long, default_value = "/var/lib/lockstep-directory")]
    data: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Sets a directory up in a new folder and prints the first admin's one-time link.
    Init(Init),
    /// Serves a directory until it is told to stop.
    Serve {
        #[command(flatten)]
        data: Data,
    },
    /// Makes a new link for the first admin, whose former one has expired.
    AdminLink {
        #[command(flatten)]
        data: Data,
    },
    /// Makes a reset link for an admin whom no other admin can let in; the directory may be running.
    ResetLink {
        #[command(flatten)]
        data: Data,
        /// The admin's user name.
        user_name: String,
    },
    /// Makes the directory's own TLS certificate anew; computers go on trusting it.
    RenewCertificate {
        #[command(flatten)]
        data: Data,
    },
    /// Checks and exports the audit.
    #[command(subcommand)]
    Audit(Audit),
    /// Copies the directory into a new folder while it runs, and checks the copy.
    Backup {
        #[command(flatten)]
        data: Data,
        /// The folder to make, or one that is there to make it in.
        #[arg(long)]
        to: PathBuf,
        /// Put the keys beside the database: whoever has that copy can try passwords.
        #[arg(long)]
        with_keys: bool,
    },
    /// Puts a backup in the database's place; what was there is kept aside.
    Restore {
        #[command(flatten)]
        data: Data,
        /// The folder that `backup` made.
        #[arg(long)]
        from: PathBuf,
    },
    /// Prints the OpenAPI document of this version.
    Openapi,
    /// Writes the manual pages into a folder; for packagers.
    #[command(hide = true)]
    Man {
        /// The folder, which must exist.
        folder: PathBuf,
    },
}

#[derive(Subcommand)]
enum Audit {
    /// Checks that nothing was altered, removed or put in between, and prints the newest entry's hash.
    Verify {
        #[command(flatten)]
        data: Data,
        /// What was printed or logged before, NUMBER:HASH: that entry must still be there.
        #[arg(long, value_name = "NUMBER:HASH")]
        expect: Option<Head>,
    },
    /// Prints every entry, oldest first.
    Export {
        #[command(flatten)]
        data: Data,
        /// `json`: an object a line, exact; `csv`: for a spreadsheet.
        #[arg(long, value_enum, default_value = "json")]
        format: operate::Format,
    },
}

#[derive(Args)]
struct Init {
    /// The folder to make, or an empty one that is there: its owner then owns what is made.
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

impl From<Data> for Files {
    fn from(Data { data }: Data) -> Self {
        Self { folder: data }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    log::start(arguments.log_format);
    match arguments.command {
        Command::Serve { data } => lockstep_directory::serve::serve(&data.into()).await?,
        Command::Init(said) => operate::init(said).await?,
        Command::AdminLink { data } => operate::admin_link(&data.into()).await?,
        Command::ResetLink { data, user_name } => {
            operate::reset_link(&data.into(), &user_name).await?;
        }
        Command::RenewCertificate { data } => operate::renew_certificate(&data.into())?,
        Command::Audit(Audit::Verify { data, expect }) => {
            return operate::verify(&data.into(), expect).await;
        }
        Command::Audit(Audit::Export { data, format }) => {
            operate::export(&data.into(), format).await?;
        }
        Command::Backup {
            data,
            to,
            with_keys,
        } => operate::backup(&data.into(), &to, with_keys).await?,
        Command::Restore { data, from } => operate::restore(&data.into(), &from).await?,
        Command::Man { folder } => man(&folder)?,
        Command::Openapi => operate::print(&lockstep_directory::http::openapi()?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a page for the program and for each of its commands.
fn man(folder: &std::path::Path) -> std::io::Result<()> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let mut pages = vec![command];
    while let Some(page) = pages.pop() {
        pages.extend(page.get_subcommands().filter(|p| !p.is_hide_set()).cloned());
        clap_mangen::Man::new(page)
            .section("8")
            .generate_to(folder)?;
    }
    Ok(())
}
