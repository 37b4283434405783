//! What an admin sees and does.

use lockstep_model::{DeviceId, Generation, PersonId, Timestamp};
use serde::{Deserialize, Serialize};

use super::me::{Computer, Role};
use super::{Credential, message};
use crate::{Bytes, Token};

message! {
    /// Adds a person.
    pub struct NewPerson {
        /// 1 to 64 characters of a-z, 0-9, dot, dash, underscore.
        pub user_name: String,
        /// The name to greet them by; 1 to 128 characters.
        pub display_name: String,
    }

    /// A person was added; the link is shown once and works once.
    pub struct Invited {
        /// The person.
        pub person: PersonId,
        /// The activation link; its token is in the fragment.
        pub activation_link: Token,
        /// When the link stops working.
        pub expires_at: Timestamp,
    }

    /// One line of the list of people.
    pub struct PersonRow {
        /// The person.
        pub person: PersonId,
        /// The user name.
        pub user_name: String,
        /// The name shown.
        pub display_name: String,
        /// What they may do.
        pub role: Role,
        /// Where their account stands.
        pub status: PersonStatus,
        /// An open "This wasn't me".
        pub report: Option<ReportRow>,
        /// Whether their password was issued for one use and is still in force.
        pub temporary: bool,
        /// Their password's generation, once activated.
        pub generation: Option<Generation>,
        /// When that password was set.
        pub changed_at: Option<Timestamp>,
        /// How many of their computers are in sync.
        pub computers_in_sync: u32,
        /// How many computers they have.
        pub computers: u32,
    }

    /// "This wasn't me": a person's word that somebody else changed their password.
    pub struct ReportRow {
        /// When it came.
        pub at: Timestamp,
        /// The browser and system, or the computer's name.
        pub client: String,
        /// The network address.
        pub address: String,
    }

    /// First step of issuing a password: the admin's program draws it, the directory never sees it.
    pub struct IssueStart {
        /// OPAQUE `RegistrationRequest`.
        pub registration_request: Bytes,
    }

    /// Answer to [`IssueStart`].
    pub struct IssueStarted {
        /// Names this attempt; good for one finish within a minute.
        pub attempt: String,
        /// OPAQUE `RegistrationResponse`.
        pub registration_response: Bytes,
        /// What the client needs beside it.
        pub credential: Credential,
    }

    /// Second step: puts the issued password in force and ends every session of the person.
    pub struct IssueFinish {
        /// From [`IssueStarted`].
        pub attempt: String,
        /// OPAQUE `RegistrationRecord`.
        pub registration_record: Bytes,
        /// Whether the person has to choose an own one at the first use.
        pub temporary: bool,
    }

    /// A password was issued.
    pub struct Issued {
        /// Its generation.
        pub generation: Generation,
        /// The computers that still open, and start, with the former password.
        pub behind: Vec<Computer>,
    }

    /// A reset link; shown once, works once.
    pub struct ResetLink {
        /// The link; its token is in the fragment.
        pub reset_link: Token,
        /// When it stops working.
        pub expires_at: Timestamp,
    }

    /// The list of people, by user name.
    pub struct People {
        /// The lines.
        pub people: Vec<PersonRow>,
    }

    /// Makes an enrolment string.
    pub struct NewEnrolment {
        /// How many computers may use it: 1 to 10,000.
        pub uses: u32,
        /// How long it works, in seconds: at most 30 days.
        pub valid_for_s: u32,
    }

    /// An enrolment string; shown once.
    pub struct Enrolment {
        /// The string, to be piped or pasted into `lockstep enrol`.
        pub enrolment: Token,
        /// When it stops working.
        pub expires_at: Timestamp,
    }

    /// One line of the list of computers.
    pub struct ComputerRow {
        /// Whose it is, as user name.
        pub user_name: String,
        /// The generation that the person's password has.
        pub generation: Generation,
        /// The computer, as its owner sees it.
        #[serde(flatten)]
        pub computer: Computer,
    }

    /// An enrolled device that nobody is linked to yet.
    pub struct UnlinkedDevice {
        /// The device.
        pub device: DeviceId,
        /// Its name.
        pub name: String,
    }

    /// Every computer.
    pub struct Computers {
        /// Those that are linked to a person, by user name and computer.
        pub computers: Vec<ComputerRow>,
        /// Those that are only enrolled.
        pub unlinked: Vec<UnlinkedDevice>,
    }

    /// Sets the logo.
    pub struct NewLogo {
        /// A PNG of at most 200,000 bytes, 16 to 1024 pixels wide and high.
        pub png: Bytes,
    }

    /// What admins set of reminders and expiry.
    pub struct PolicyRules {
        /// After how many hours somebody who put their new password off is reminded: 1 to 24.
        pub reminder_hours: u8,
        /// After how many days people are told that their password has expired: at most 3650; 0 for
        /// never. Nothing is locked then.
        pub expiry_days: u16,
    }

    /// Sets some of [`PolicyRules`]; what is left out stays.
    pub struct PolicyChange {
        /// 1 to 24.
        #[serde(default)]
        pub reminder_hours: Option<u8>,
        /// 0 to 3650.
        #[serde(default)]
        pub expiry_days: Option<u16>,
    }

    /// One line of the audit.
    pub struct AuditRow {
        /// Its number.
        pub sequence: i64,
        /// When.
        pub at: Timestamp,
        /// Who: a user name, "computer NAME", "directory" or "somebody".
        pub actor: String,
        /// What: a word of the closed list of audited actions.
        pub action: String,
        /// Whom or what it concerned.
        pub subject: String,
        /// From which address.
        pub address: String,
        /// "ok", or the code it was refused with.
        pub result: String,
    }

    /// The newest part of the audit.
    pub struct Audit {
        /// Newest first; 200 lines at most.
        pub entries: Vec<AuditRow>,
    }
}

/// Where a person's account in the directory stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PersonStatus {
    /// Invited, no password yet.
    Pending,
    /// Has a password.
    Active,
    /// Locked by a "This wasn't me".
    Locked,
    /// Suspended by an admin.
    Suspended,
}
