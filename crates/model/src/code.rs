//! The closed list of error codes: the same code shows in app, CLI, portal, console, audit and logs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// At once, as it is.
    Now,
    /// Later, as it is.
    Later,
    /// After the person has typed something else.
    AfterInput,
    /// Not before somebody has changed something.
    Never,
}

macro_rules! codes {
    ($($name:ident = $number:literal, $retry:ident,
        $sentence:literal, $next:literal, $admin:literal;)*) => {
        /// One code of the closed list. Written `LS-1001` everywhere a person may see it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $sentence] $name,)*
        }

        impl Code {
            /// Every code, in the order of the numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The number after `LS-`.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Self::$name => $number,)* }
            }

            /// Whether trying again can help.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(Self::$name => Retry::$retry,)* }
            }

            /// What the person is told; may hold `{org}`, `{pc}` and `{it}`.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }

            /// What the person does next; may hold `{org}`, `{pc}` and `{it}`.
            #[must_use]
            pub const fn next_step(self) -> &'static str {
                match self { $(Self::$name => $next,)* }
            }

            /// What the admin is told beside it.
            #[must_use]
            pub const fn for_admin(self) -> &'static str {
                match self { $(Self::$name => $admin,)* }
            }
        }
    };
}

codes! {
    DirectoryUnreachable = 1001, Later,
        "Can't reach {org}. Nothing was changed.",
        "Check that you're online, then try again.",
        "The device or browser could not connect to the directory, or got no answer in time.";
    DirectoryFault = 1002, Later,
        "{org} answered in a way Lockstep doesn't understand. Nothing was changed.",
        "Try again in a minute. If it stays, tell {it}.",
        "The directory failed or sent an unreadable answer; its log has the reason.";
    DirectoryNotTrusted = 1003, Never,
        "This isn't the {org} directory this {pc} was set up with. Nothing was changed.",
        "Don't type your password. Tell {it}.",
        "The certificate or the realm key's signature does not match what was pinned at enrolment.";
    AgentUnreachable = 1004, Later,
        "Lockstep isn't running on this {pc}.",
        "Restart this {pc}. If it stays, tell {it}.",
        "The agent's local socket does not answer: see `systemctl status lockstep-agent`.";
    VersionRefused = 1005, Never,
        "Two parts of Lockstep on this {pc} have different versions.",
        "Finish the update of Lockstep, or restart this {pc}.",
        "Client and agent, agent and helper, or agent and directory share no protocol version.";
    BadRequest = 1006, Never,
        "That request wasn't understood. Nothing was changed.",
        "Update Lockstep, then try again.",
        "A message was malformed, too large, or out of turn.";
    Busy = 1007, Now,
        "Lockstep is already working on this. Nothing was changed.",
        "Wait a moment, then try again.",
        "Another operation of the same binding, or too many at once, was in progress.";
    ChangeUncertain = 1008, Now,
        "It isn't certain whether {org} took your new password. Nothing on this {pc} was changed.",
        "Run the sync and type your new password; if that isn't it, the old one still holds.",
        "The answer to a password change was lost and proving the new password was not possible yet.";
    AnswerLost = 1009, Never,
        "{org} didn't answer. What you asked for may have been done or not.",
        "Look whether it was done before you try again.",
        "A request left this computer and its answer did not come: the audit tells what was done.";
    NoTerminal = 1010, AfterInput,
        "There is no terminal to ask at. Nothing was changed.",
        "Run it in a terminal, or hand the secret over on a file descriptor (see --help).",
        "A program called lockstep without a terminal and without the option that names a descriptor.";
    DirectoryRestored = 1011, AfterInput,
        "{org} was set back to an earlier state. This {pc} keeps the password it has.",
        "Run `lockstep sync` and type your {org} password: if you changed it lately, the one before.",
        "The directory announces another epoch or a lower generation than this device knows: it was restored from a backup. The device moves only when its person has proved a password.";
    ProxyRefused = 1020, Later,
        "This network's proxy doesn't let this {pc} reach {org}. Nothing was changed.",
        "Try another network, or tell {it}.",
        "The proxy answered CONNECT otherwise than 200 (407: credentials), or its address can't be used: see agent.toml and https_proxy.";

    SignInRefused = 2001, AfterInput,
        "User name or password is wrong.",
        "Type them again.",
        "The OPAQUE proof failed, or no such active person exists; the answer is the same by design.";
    NotTheNewPassword = 2002, AfterInput,
        "That isn't your new password. Nothing was changed.",
        "Type the password that you set last.",
        "The person did not prove the current password from a bound device.";
    ThatIsTheOldPassword = 2003, AfterInput,
        "That's your old password. Type the new one.",
        "Type the password that you set last.",
        "The password typed opens the computer, but is no longer the directory's.";
    NotTheCurrentPassword = 2004, AfterInput,
        "That isn't your current password. Nothing was changed.",
        "Type your current password again.",
        "A password change came without a valid proof of the current password.";
    NotTheComputersPassword = 2005, AfterInput,
        "That doesn't open this {pc}. Nothing was changed.",
        "Type the password you log in to this {pc} with.",
        "PAM refused the local account's password.";
    ChangedMeanwhile = 2006, AfterInput,
        "Your password was changed somewhere else in the meantime. This change was not made.",
        "Use the password from the other change.",
        "Compare-and-set failed: another change won.";
    SignedOut = 2007, AfterInput,
        "You're signed out.",
        "Sign in again.",
        "The session is unknown, expired, or was ended by a password change.";
    AttemptExpired = 2008, Now,
        "That took too long. Nothing was changed.",
        "Try again.",
        "The sign-in or proof was older than a minute, or was already used.";
    InvitationSpent = 2009, Never,
        "This link was used or is too old.",
        "Ask {it} for a new one.",
        "The invitation is unknown, used or expired: issue a new one.";
    OldPasswordNeeded = 2010, AfterInput,
        "This {pc} still has the password you used before. Nothing was changed.",
        "Run the sync again and type the old password when asked, or leave it blank if it is lost.",
        "No envelope could be recovered and no old password was given.";
    NotAllowed = 2011, Never,
        "You aren't allowed to do that. Nothing was changed.",
        "Ask {it}.",
        "The person's role does not cover the action.";
    TooManyAttempts = 2012, Later,
        "Too many tries. Nothing was changed.",
        "Wait a minute, then try again.",
        "An attempt budget of this person, source or store is used up.";
    SignInLocked = 2013, Never,
        "Your {org} account is locked. Nothing was changed.",
        "Call {it}.",
        "Somebody said \"This wasn't me\" of the last change: `lockstep admin unlock`, or issue a new password. For the only owner: `lockstep-directory reset-link`.";
    Suspended = 2014, Never,
        "Your {org} account is suspended. Nothing was changed.",
        "Ask {it}.",
        "An admin suspended this person: `lockstep admin resume`.";
    SignInAgain = 2015, AfterInput,
        "That needs your password once more. Nothing was changed.",
        "Sign in again, then try again.",
        "A risky action came in a session whose sign-in is more than 15 minutes old.";
    OwnPasswordNeeded = 2016, AfterInput,
        "That password is for one use: choose your own. Nothing was changed.",
        "Choose a password that only you know.",
        "The present password was issued as a temporary one; the person replaces it at the first use.";
    NoSuchPerson = 2017, AfterInput,
        "There is no such person. Nothing was changed.",
        "Look the name up with `lockstep admin people`.",
        "An admin named a person who isn't in the directory.";
    FactorRefused = 2018, AfterInput,
        "That code isn't right, or was used before. Nothing was changed.",
        "Wait for the next code of your app, then type it.",
        "A one-time code was none of the present step or the one beside it, or was taken already: compare the clocks of the phone and of the directory.";
    FactorThere = 2019, Never,
        "An authenticator app is set up already. Nothing was changed.",
        "Remove it first; if it is lost, ask {it} to reset it.",
        "A person has one factor of a kind: `lockstep admin reset-factor` ends it.";
    NoFactor = 2020, AfterInput,
        "No authenticator app is set up. Nothing was changed.",
        "Set it up again from the start.",
        "The factor named is unknown, was reset, or its set-up was not finished within 15 minutes.";

    TooShort = 3001, AfterInput,
        "That password is too short. Nothing was changed.",
        "Choose a longer one.",
        "Fewer characters than the policy asks for.";
    TooLong = 3002, AfterInput,
        "That password is too long. Nothing was changed.",
        "Choose one of at most 255 bytes.",
        "More than 255 bytes after normalisation.";
    Common = 3003, AfterInput,
        "That password is a common or leaked one. Nothing was changed.",
        "Choose another.",
        "The password is on the list of common passwords.";
    ContainsName = 3004, AfterInput,
        "That password contains your name. Nothing was changed.",
        "Choose one without it.",
        "The password contains the user name or a part of the display name.";
    SameAsCurrent = 3005, AfterInput,
        "That is your current password. Nothing was changed.",
        "Choose another.",
        "New and current password are the same after normalisation.";
    BadCharacters = 3006, AfterInput,
        "That password has characters that can't be typed everywhere. Nothing was changed.",
        "Choose one without control characters or unusual spaces.",
        "Control characters, unpaired surrogates, invalid UTF-8, or (in a new password) a space other than U+0020.";
    RefusedByComputer = 3007, AfterInput,
        "This {pc} has rules that refuse that password. Nothing was changed.",
        "Choose another.",
        "The device's local password rules refused it at preflight.";
    RepeatDiffers = 3008, AfterInput,
        "The two new passwords differ. Nothing was changed.",
        "Type the new password twice.",
        "The repeat did not match.";
    Blank = 3009, AfterInput,
        "The password is blank. Nothing was changed.",
        "Type a password.",
        "An empty password was given where one is required.";
    NameTaken = 3010, AfterInput,
        "That user name is taken or can't be used. Nothing was changed.",
        "Choose another user name.",
        "User names are unique, 1 to 64 characters of a-z, 0-9, dot, dash and underscore.";
    PhraseUnusable = 3011, AfterInput,
        "That phrase can't be used. Nothing was changed.",
        "Choose one of 1 to 80 characters, on one line.",
        "A phrase was blank, longer than 80 characters, or had control characters.";
    LogoUnusable = 3012, AfterInput,
        "That file can't be the logo. Nothing was changed.",
        "Choose a PNG of at most 200 kB, 16 to 1024 pixels wide and high.",
        "The logo was no whole PNG, or one outside the bounds.";

    AccountLocked = 4001, Never,
        "Your account on this {pc} is locked. Nothing was changed.",
        "Ask {it} to unlock it.",
        "The shadow field is locked; Lockstep never unlocks an account.";
    AccountExpired = 4002, Never,
        "Your account on this {pc} has expired. Nothing was changed.",
        "Ask {it} to extend it.",
        "The local account is past its expiry date; Lockstep never extends an account.";
    AccountElsewhere = 4003, Never,
        "Your account on this {pc} is managed by another system. Nothing was changed.",
        "Ask {it}.",
        "The account is not in the local files (SSSD, homed, LDAP): Lockstep must not be a second master.";
    AccountNotForPeople = 4004, Never,
        "That account doesn't belong to a person. Nothing was changed.",
        "Log in with your own account and try again.",
        "System accounts and root are never linked.";
    AccountChanged = 4005, Never,
        "This account isn't the one that was linked. Nothing was changed.",
        "Link this {pc} again.",
        "Name or uid differ from the recorded binding: the account was deleted and created again.";
    AccountRefused = 4006, Later,
        "Your account didn't take the new password. It still opens with the old one.",
        "Try again. If it stays, tell {it}.",
        "PAM refused the change; the agent's log has PAM's reason.";
    AccountBusy = 4007, Now,
        "Your account is being changed by another program. Nothing was changed.",
        "Wait a moment, then try again.",
        "The password file was locked by another program for too long.";
    StoreUnverified = 4008, Later,
        "A store was changed but didn't open with the new password yet.",
        "Try again.",
        "The store reported success but could not be opened with the new password.";
    StoreUnknown = 4009, Later,
        "Lockstep couldn't find out which password opens this {pc}. Nothing more was changed.",
        "Try again.",
        "An operation ended without an answer (time-out, crash), and probing has not settled it.";
    ComputerBehind = 4010, AfterInput,
        "{org} has your new password, but this {pc} doesn't open with it yet.",
        "Run `lockstep sync` and type your new password.",
        "A password change was committed, and a store could not follow: the detail says why.";
    AccountChangedLately = 4011, Later,
        "This {pc} doesn't allow another change of its password so soon. Nothing was changed.",
        "Try again tomorrow, or ask {it}.",
        "The account has a minimum password age (chage -m) that PAM enforces: lower it, or wait.";
    StaysShut = 4012, Never,
        "Your disk or home would stay shut without your old password. Nothing was changed.",
        "This needs {it}: ask for the recovery key.",
        "A store that only its old password opens, or a PAM module that opens a home with the password, forbids to reset the account.";
    KeychainRefused = 4013, Later,
        "Your keychain didn't take the new password. It still opens with the old one.",
        "Try again. If it stays, tell {it}.",
        "The keyring's daemon refused the change; the agent's log has its answer.";
    KeychainUnreachable = 4014, Later,
        "Your keychain can't be reached now. Nothing was changed.",
        "Try again. If it stays, tell {it}.",
        "No keyring daemon answered in time, running or started for the purpose; the agent's log says why.";
    DiskRefused = 4015, Later,
        "Your disk didn't take the new password. It still opens with the old one.",
        "Try again. If it stays, tell {it}.",
        "cryptsetup refused the change; the agent's log has its words.";
    DiskUnreachable = 4016, Never,
        "Your disk isn't the one that was linked, or can't be reached. Nothing was changed.",
        "Ask {it}.",
        "The recorded LUKS2 header is gone, has another UUID, or can't be read.";
    DiskFull = 4017, Never,
        "Your disk has no room for another password. Nothing was changed.",
        "Ask {it} to remove one that nobody needs.",
        "All key slots of the LUKS2 header are in use, or its key slot area is full.";
    OldOpensDisk = 4018, AfterInput,
        "Your old password still starts this {pc} too, until you have started it with the new one.",
        "Restart this {pc}, type your new password, then run `lockstep sync --restarted`.",
        "The old key slot stays until a restart is confirmed, because the boot prompt may have another keyboard layout.";
    NotTheOldKeyrings = 4019, AfterInput,
        "That doesn't open your keyring. Nothing was changed.",
        "Type the password that you had when the keyring was set aside.",
        "A private keyring daemon refused the password for the copy that was set aside.";
    KeyringLocked = 4020, AfterInput,
        "Your keyring is locked: log in once, then try again. Nothing was changed.",
        "Log in to this {pc} with your password, then try again.",
        "The login collection of the person's session is locked (a log-in by fingerprint or by itself); nothing prompts for it.";
    NoKeyringSession = 4021, AfterInput,
        "Your keyring isn't open here. Nothing was changed.",
        "Log in to this {pc}'s desktop and run it in a terminal there.",
        "No session bus, or nobody on it serves a login collection (org.freedesktop.secrets).";
    NothingSetAside = 4022, Never,
        "No such keyring is set aside. Nothing was changed.",
        "See `lockstep keyring list`.",
        "The person's folder of keyrings holds no copy that was set aside, or none of the name given.";
    SeveralSetAside = 4023, AfterInput,
        "More than one keyring is set aside. Nothing was changed.",
        "See `lockstep keyring list`, then say which with --which.",
        "Several resets each set a keyring aside; the command names none of them.";
    NotReopened = 4024, AfterInput,
        "That keyring's passwords aren't all in your keyring now. Nothing was removed.",
        "Open it first with `lockstep keyring reopen`. To give up what is in it: `lockstep keyring remove --unopened`.",
        "The copy was never merged, not wholly, or into a keyring that was set aside itself later.";
    ReopenUnfinished = 4025, Now,
        "Your old keyring wasn't added to the end. Nothing was lost.",
        "Try again: what was added already isn't added twice.",
        "A daemon, a bus or the program ended or refused in the middle of a merge; the copy is untouched.";
    CopyLost = 4026, AfterInput,
        "The sealed copy of your old password is gone from this {pc}, so it has to be typed.",
        "Type the old password, or leave it blank if it is lost.",
        "The journal tells of an envelope of that generation, and its file is not there.";
    CopyDamaged = 4027, AfterInput,
        "The sealed copy of your old password doesn't open: it is damaged, or another {pc}'s. It has to be typed.",
        "Type the old password, or leave it blank if it is lost.",
        "An envelope was altered, cut, renamed, or sealed for another device or binding; the agent's log names it.";
    CopyOlder = 4028, AfterInput,
        "The sealed copies on this {pc} were set back to earlier ones, so your old password has to be typed.",
        "Type the old password, or leave it blank if it is lost.",
        "Only envelopes of earlier generations than the journal tells of are there: files were restored from a backup or snapshot.";
    CopyUnreleased = 4029, AfterInput,
        "{org} doesn't open the sealed copy of your old password, so it has to be typed.",
        "Type the old password, or leave it blank if it is lost.",
        "The share was not released: the rule envelopes is off, the rule release_after_issue keeps it closed after an issued password, or it was retired, or lost when the directory was restored.";
    NoRecoveryKey = 4030, Never,
        "Your disk has no recovery key: without your password, or if this {pc} was off when it changed, nothing else opens it.",
        "Ask {it} for a recovery key for this {pc}'s disk.",
        "The LUKS2 header has no slot beside those of passwords that Lockstep keeps in step: enrol one (systemd-cryptenroll --recovery-key DEVICE, or cryptsetup luksAddKey) and keep it safe.";

    NotEnrolled = 5001, Never,
        "This {pc} isn't set up. Ask your IT team.",
        "Ask {it} for an enrolment command.",
        "The device has no directory: run `lockstep enrol`.";
    EnrolmentUnreadable = 5002, AfterInput,
        "That isn't a complete enrolment string. Nothing was changed.",
        "Copy the whole line again.",
        "The enrolment string is malformed or its checksum is wrong.";
    EnrolmentSpent = 5003, Never,
        "This enrolment string was already used. Nothing was changed.",
        "Ask {it} for a new one.",
        "The enrolment token has no uses left or was revoked.";
    EnrolmentExpired = 5004, Never,
        "This enrolment string is too old. Nothing was changed.",
        "Ask {it} for a new one.",
        "The enrolment token is past its expiry.";
    NotLinked = 5005, Never,
        "This {pc} isn't linked to {org} for you.",
        "Run `lockstep link`.",
        "No binding exists for the caller's account.";
    AlreadyLinked = 5006, Never,
        "This account is already linked. Nothing was changed.",
        "Nothing needs to be done.",
        "One binding per account: unlink first.";
    DeviceRefused = 5007, Never,
        "This {pc} is no longer linked to {org}.",
        "Ask {it}.",
        "The device is unknown or revoked, or its assertion does not verify.";
    AlreadyEnrolled = 5008, Never,
        "This {pc} is already set up. Nothing was changed.",
        "Nothing needs to be done.",
        "The device already has a directory and a device key.";
    AdministratorNeeded = 5009, Never,
        "Setting up this {pc} needs an administrator. Nothing was changed.",
        "Run the command with `sudo`.",
        "Only root may enrol a device.";
    HelperUnavailable = 5010, Later,
        "A part of Lockstep on this {pc} doesn't answer. Nothing more was changed.",
        "Restart this {pc}. If it stays, tell {it}.",
        "The root helper's socket refused, timed out, or ended early.";
    HelperRefused = 5011, Never,
        "This {pc} refused that for your account's safety. Nothing was changed.",
        "Link this {pc} again, or ask {it}.",
        "The helper holds no such binding, or the caller is not the agent.";
    DeviceCopied = 5012, Never,
        "This {pc} is a copy of another one that {org} knows. Nothing was changed.",
        "Ask {it} to set it up again, with an enrolment command of its own.",
        "machine-id or hardware differ from those at enrolment (a cloned disk or restored image): `sudo lockstep enrol` with a new string.";
    OrderRefused = 5013, Never,
        "This {pc} didn't believe the order to set a new password. Nothing was changed.",
        "Tell {it}.",
        "A reset order's signature, realm, device, binding or account is not what the helper recorded at linking.";
    OrderSpent = 5014, Now,
        "That took too long. Nothing was changed on this {pc}.",
        "Run the sync again.",
        "A reset order's challenge is unknown, used, replaced, or older than five minutes.";
    LinkedBeforeOrders = 5015, AfterInput,
        "This {pc} was linked by an older Lockstep, so it needs your old password. Nothing was changed.",
        "Type the old password. If you don't remember it, ask {it}.",
        "The helper's record of the binding holds no realm key to judge a reset order by: set the account's password, then link it again.";

    Internal = 9001, Later,
        "Lockstep made a mistake.",
        "Copy the details and send them to {it}.",
        "A bug: the log has the chain of causes.";
    PlanRefused = 9002, Never,
        "Lockstep stopped itself before doing something unsafe. Nothing more was changed.",
        "Copy the details and send them to {it}.",
        "The independent checker refused the planner's plan.";
    StateUnreadable = 9003, Never,
        "Lockstep can't read its own records on this {pc}. Nothing was changed.",
        "Copy the details and send them to {it}.",
        "A state file, journal or record is damaged; the log names it.";
    StateNewer = 9004, Never,
        "A newer Lockstep wrote what this {pc} keeps. Nothing was changed.",
        "Update Lockstep on this {pc}, or tell {it}.",
        "A state file, journal, envelope or record has a version that this program doesn't know: its package was rolled back. Nothing was erased; install the newer one again.";
}

impl Code {
    /// The sentence with the organisation's words put in.
    #[must_use]
    pub fn explain(self, words: &Words<'_>) -> String {
        words.put_into(self.sentence())
    }
}

/// The words that sentences leave open.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// The organisation's name.
    pub org: &'a str,
    /// "Mac" on macOS, else "computer".
    pub pc: &'a str,
    /// The IT contact.
    pub it: &'a str,
}

impl Words<'_> {
    /// Fills `{org}`, `{pc}` and `{it}` in.
    #[must_use]
    pub fn put_into(&self, sentence: &str) -> String {
        sentence
            .replace("{org}", self.org)
            .replace("{pc}", self.pc)
            .replace("{it}", self.it)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LS-{}", self.number())
    }
}

/// The text names no code of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown error code")]
pub struct UnknownCode;

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        // Digits only: a number's own reader would take a sign and zeros in front, too.
        let number: u16 = text
            .strip_prefix("LS-")
            .filter(|n| n.len() == 4 && n.bytes().all(|digit| digit.is_ascii_digit()))
            .and_then(|n| n.parse().ok())
            .ok_or(UnknownCode)?;
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.number() == number)
            .ok_or(UnknownCode)
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Code {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .enum_values(Some(Self::ALL.iter().map(ToString::to_string)))
            .description(Some("A code of the closed list in docs/errors.md"))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Code {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_so_that_none_is_used_twice() {
        assert!(
            Code::ALL
                .windows(2)
                .all(|pair| pair[0].number() < pair[1].number())
        );
    }

    #[test]
    fn every_code_reads_back_what_it_writes() {
        for code in Code::ALL {
            assert_eq!(code.to_string().parse(), Ok(*code));
        }
        assert_eq!("LS-1".parse::<Code>(), Err(UnknownCode));
        assert_eq!("1001".parse::<Code>(), Err(UnknownCode));
    }

    #[test]
    fn words_are_filled_in() {
        let words = Words {
            org: "Acme",
            pc: "computer",
            it: "Sam",
        };
        assert_eq!(
            Code::DirectoryUnreachable.explain(&words),
            "Can't reach Acme. Nothing was changed."
        );
    }
}
