//! Every command and option. No password, link or enrolment string is ever an argument: they come
//! from the terminal, or from a file descriptor that the option names.

use std::os::fd::RawFd;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// One password for you and your computer, kept in step.
#[derive(Parser)]
#[command(name = "lockstep", version, propagate_version = true)]
#[command(after_help = "Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 not in sync.")]
pub(crate) struct Arguments {
    /// Print JSON instead of sentences.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Enrol this computer with the string from your IT team (needs root).
    Enrol(Enrol),
    /// Link your account on this computer to your directory password.
    Link(Link),
    /// Stop this computer from following your directory password.
    Unlink,
    /// Show whether this computer is in step.
    Status,
    /// Explain what each part of this computer was opened with last, and what would be done next.
    Explain,
    /// Show the words by which you know that it is Lockstep that asks for your password.
    Phrase {
        /// Keep these words on this computer, 1 to 80 characters, in place of those before. While
        /// the command runs, others on this computer can see them.
        #[arg(long, value_name = "WORDS")]
        set: Option<String>,
    },
    /// Check everything that following needs, and say what to do (as root: for every account).
    Doctor,
    /// Take Lockstep off this computer: every account keeps its password (needs root).
    Uninstall {
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
    /// Bring this computer in step after your password changed.
    Sync(Sync),
    /// Change your password, here and in the directory at once.
    Passwd(Passwd),
    /// Say that somebody else changed your password: locks your account and tells your IT team.
    NotMe {
        /// Don't ask whether you mean it.
        #[arg(long)]
        yes: bool,
    },
    /// Open a keyring that was set aside because its old password was lost.
    Keyring {
        #[command(subcommand)]
        command: KeyringCommand,
    },
    /// Administer the directory.
    Admin(Admin),
    /// Print a completion script for your shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual pages' source into a folder; for packagers.
    #[command(hide = true)]
    Man {
        /// The folder, which must exist.
        folder: PathBuf,
    },
}

#[derive(Args)]
pub(crate) struct Enrol {
    /// The name that this computer goes by; its host name if left out.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Read the enrolment string from this file descriptor instead of standard input.
    #[arg(long, value_name = "FD")]
    pub(crate) string_fd: Option<RawFd>,
}

#[derive(Args)]
pub(crate) struct Link {
    /// Your user name in the directory; your account's name if left out.
    pub(crate) user_name: Option<String>,
    /// Read your directory password from this file descriptor.
    #[arg(long, value_name = "FD")]
    pub(crate) password_fd: Option<RawFd>,
    /// Read this computer's password from this file descriptor.
    #[arg(long, value_name = "FD")]
    pub(crate) computer_password_fd: Option<RawFd>,
    /// Say beforehand whether the disk is to follow, where it opens with this computer's password.
    #[arg(long, value_name = "YES|NO", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) disk: Option<bool>,
}

#[derive(Args)]
pub(crate) struct Sync {
    /// Read your new password from this file descriptor.
    #[arg(long, value_name = "FD")]
    pub(crate) password_fd: Option<RawFd>,
    /// Read your old password from this file descriptor, should it be asked for.
    #[arg(long, value_name = "FD")]
    pub(crate) old_password_fd: Option<RawFd>,
    /// Read the code that your authenticator app shows from this file descriptor, should it be asked
    /// for: after your IT team gave you a new password it stands in for the old one.
    #[arg(long, value_name = "FD")]
    pub(crate) factor_code_fd: Option<RawFd>,
    /// Go on without the old password, should it be asked for; what that costs is printed.
    #[arg(long, conflicts_with = "old_password_fd")]
    pub(crate) without_old_password: bool,
    /// Say that you have started this computer with your new password: the old one stops opening
    /// its disk.
    #[arg(long)]
    pub(crate) restarted: bool,
    /// Read the password of your own that replaces a temporary one from this file descriptor.
    #[arg(long, value_name = "FD")]
    pub(crate) own_password_fd: Option<RawFd>,
}

#[derive(Args)]
pub(crate) struct Passwd {
    /// Read your current password from this file descriptor.
    #[arg(long, value_name = "FD")]
    pub(crate) current_password_fd: Option<RawFd>,
    /// Read your new password from this file descriptor.
    #[arg(long, value_name = "FD")]
    pub(crate) new_password_fd: Option<RawFd>,
}

#[derive(Subcommand)]
pub(crate) enum KeyringCommand {
    /// List the keyrings that were set aside.
    List,
    /// Add what is in one to your present keyring; its old password opens it, and it stays as it is.
    Reopen {
        /// Which one, as `list` names it, where there are several.
        #[arg(long, value_name = "NAME")]
        which: Option<String>,
        /// Read its old password from this file descriptor.
        #[arg(long, value_name = "FD")]
        password_fd: Option<RawFd>,
    },
    /// Remove one for good, once what is in it is in your present keyring.
    Remove {
        /// Which one, as `list` names it, where there are several.
        #[arg(long, value_name = "NAME")]
        which: Option<String>,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
        /// Remove one whose saved passwords aren't all in your present keyring: they are lost.
        #[arg(long)]
        unopened: bool,
    },
}

#[derive(Args)]
pub(crate) struct Admin {
    /// Where your session is kept.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) session: Option<PathBuf>,
    /// Read your own password from this file descriptor, should the directory ask for it again.
    #[arg(long, global = true, value_name = "FD")]
    pub(crate) admin_password_fd: Option<RawFd>,
    #[command(subcommand)]
    pub(crate) command: AdminCommand,
}

#[derive(Subcommand)]
pub(crate) enum AdminCommand {
    /// Spend an activation or reset link: choose your password and sign in.
    Activate {
        #[command(flatten)]
        trust: Trust,
        /// Read the link from this file descriptor instead of standard input.
        #[arg(long, value_name = "FD")]
        link_fd: Option<RawFd>,
        /// Read the password to be chosen from this file descriptor.
        #[arg(long, value_name = "FD")]
        password_fd: Option<RawFd>,
    },
    /// Sign in.
    SignIn {
        /// The directory's address: https://host[:port].
        #[arg(long)]
        url: String,
        #[command(flatten)]
        trust: Trust,
        /// Your user name.
        user_name: String,
        /// Read the password from this file descriptor.
        #[arg(long, value_name = "FD")]
        password_fd: Option<RawFd>,
    },
    /// Sign out and forget the session.
    SignOut,
    /// List people.
    People,
    /// Add a person and print their activation link.
    Invite {
        /// 1 to 64 characters of a-z, 0-9, dot, dash, underscore.
        user_name: String,
        /// The name to greet them by; the user name if left out.
        #[arg(long)]
        display_name: Option<String>,
    },
    #[command(flatten)]
    Decide(Decision),
    /// Your own authenticator app: after your IT team gave you a new password, your computers ask
    /// for a code of it instead of your old password.
    #[command(subcommand)]
    Factor(Factor),
    /// List computers.
    Computers,
    /// Revoke a computer: it may ask the directory for nothing more.
    Revoke {
        /// Its name, or its id where several have the name.
        computer: String,
    },
    /// Make an enrolment string and print it.
    Enrolment {
        /// How many computers may use it.
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// How many seconds it works.
        #[arg(long, default_value_t = 3600)]
        valid_for: u32,
    },
    /// Set or remove the logo, which people see on every prompt and page.
    #[command(subcommand)]
    Logo(Logo),
    /// Show when people are reminded and when passwords expire, or set it.
    Policy {
        /// Remind somebody who put their new password off after so many hours.
        #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u8).range(1..=24))]
        reminder_hours: Option<u8>,
        /// Tell people that a password expires after so many days; 0: never. Nothing is locked then.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(0..=3650))]
        expiry_days: Option<u16>,
    },
    /// Show the newest part of the audit.
    Audit,
}

/// What an admin does about the logo.
#[derive(Subcommand)]
pub(crate) enum Logo {
    /// Set the logo: a PNG of at most 200 kB, 16 to 1024 pixels wide and high.
    Set {
        /// The PNG.
        file: PathBuf,
    },
    /// Remove the logo.
    Remove,
}

/// What somebody does about their own second factor.
#[derive(Subcommand)]
pub(crate) enum Factor {
    /// Show whether an authenticator app is set up.
    Status,
    /// Begin to set one up: prints the secret for the app, once.
    Enrol,
    /// Finish by the first code that the app shows.
    Confirm {
        /// What `enrol` named it.
        factor: String,
        /// Read the code from this file descriptor.
        #[arg(long, value_name = "FD")]
        code_fd: Option<RawFd>,
    },
    /// Remove it, by a code that the app shows.
    Remove {
        /// Read the code from this file descriptor.
        #[arg(long, value_name = "FD")]
        code_fd: Option<RawFd>,
    },
}

/// What an admin decides about a person.
#[derive(Subcommand)]
pub(crate) enum Decision {
    /// Issue a password, drawn here and printed once; the person replaces it at the first use.
    Issue(IssueOptions),
    /// Make a reset link and print it: the person chooses a new password with it.
    ResetLink {
        /// The person's user name.
        user_name: String,
    },
    /// End a person's second factor, because the phone is lost: the next issued password asks for
    /// the old one.
    ResetFactor {
        /// The person's user name.
        user_name: String,
    },
    /// Resolve a "This wasn't me", and forgive wrong tries: the person can sign in again.
    Unlock {
        /// The person's user name.
        user_name: String,
    },
    /// Suspend a person: signed out everywhere, and no sign-in or sync is accepted.
    Suspend {
        /// The person's user name.
        user_name: String,
    },
    /// Let a suspended person be again.
    Resume {
        /// The person's user name.
        user_name: String,
    },
}

#[derive(Args)]
pub(crate) struct IssueOptions {
    /// The person's user name.
    pub(crate) user_name: String,
    /// Don't have the person choose an own one at the first use.
    #[arg(long)]
    pub(crate) permanent: bool,
    /// Issue the password from this file descriptor instead of drawing one.
    #[arg(long, value_name = "FD")]
    pub(crate) password_fd: Option<RawFd>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Trust {
    /// Believe only this certificate authority (PEM); the system's if left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}
