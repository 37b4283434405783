//! What is printed: sentences for people, or one line of JSON for programs.

use std::io::Write as _;

use lockstep_model::code::Words;
use lockstep_model::{Code, StoreKind, StoreState, WithoutOld};
use lockstep_protocol::api::Organisation;
use lockstep_protocol::api::me::StoreRow;
use lockstep_protocol::keyring::SetAside;
use lockstep_protocol::local::{
    Done, Event, Explained, Failure, KeptPassword, OpensWith, Status, StoreCost,
};
use serde::Serialize;
use serde_json::json;

use crate::{Names, keyring, status};
use lockstep_local::when;

/// Where everything is printed.
pub(crate) struct Show {
    json: bool,
}

/// How things stand, for programs.
#[derive(Serialize)]
struct Standing<'a> {
    #[serde(flatten)]
    status: &'a Status,
    /// None where it can't be told.
    set_aside: Option<&'a [SetAside]>,
}

impl Show {
    /// Printing for programs or for people.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a value as JSON, or as the text made of it.
    pub(crate) fn value<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
        if self.json {
            out(&serde_json::to_string(value).unwrap_or_default());
        } else {
            out(text(value).trim_end());
        }
    }

    /// Prints a remark, for people only.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            err(text);
        }
    }

    /// Prints what is told on the way: that one store has moved on, for people only, and why an old
    /// password has to be typed.
    pub(crate) fn progress(&self, event: &Event, names: &Names) {
        match event {
            Event::Progress(row) if !self.json => err(&store_line(row)),
            Event::Need {
                unrecovered: Some(code),
                ..
            } => {
                let sentence = names.explain(*code);
                if self.json {
                    let unrecovered = json!({ "code": code, "sentence": sentence });
                    err(&json!({ "unrecovered": unrecovered }).to_string());
                } else {
                    err(&format!("{sentence} ({code})"));
                }
            }
            Event::Progress(_)
            | Event::Need { .. }
            | Event::Status(_)
            | Event::Cost { .. }
            | Event::Consent { .. }
            | Event::Examined { .. }
            | Event::Explained(_)
            | Event::Logo { .. }
            | Event::Computers { .. }
            | Event::Done(_)
            | Event::Failed(_) => {}
        }
    }

    /// Prints what it costs to go on without the old password, on standard error.
    pub(crate) fn cost(&self, cost: &[StoreCost], names: &Names) {
        if self.json {
            return err(&json!({ "cost": cost }).to_string());
        }
        for StoreCost { kind, becomes } in cost {
            err(&names.fill(&without_old(*kind, *becomes)));
        }
        // What Lockstep doesn't follow is not in the plan, and is locked with it all the same.
        if !cost.iter().any(|cost| cost.kind == StoreKind::Keychain) {
            err("Anything else that your old password opens, such as a keyring, keeps it.");
        }
    }

    /// Prints how an exchange ended well.
    pub(crate) fn done(&self, done: &Done) {
        self.value(done, |done| match done {
            Done::Enrolled { organisation } => format!(
                "This computer is set up for {organisation}. Next, with your own account: \
                 lockstep link"
            ),
            Done::Unlinked { kept } => format!(
                "This computer no longer follows the directory. {} Its sealed copies are \
                 unreadable.",
                remains(kept)
            ),
            Done::Retired { told, kept } => {
                let mut text = "This computer belongs to no directory any more.\n".to_owned();
                for kept in kept {
                    text += &remains(kept);
                    text.push('\n');
                }
                if !told {
                    text += "The directory couldn't be told: ask your IT team to revoke this \
                        computer there.\n";
                }
                text + "The package can be removed now."
            }
            Done::Disowned {
                at: _,
                locked: true,
            } => "Reported. Your account is locked until your IT team resolves it: call them."
                .to_owned(),
            Done::Disowned {
                at: _,
                locked: false,
            } => "Reported: your IT team has been told. Call them.".to_owned(),
            Done::InSync {
                generation: _,
                other_computers: 0,
            } => "Your computer's password is in sync.".to_owned(),
            Done::InSync {
                generation: _,
                other_computers: 1,
            } => "Your computer's password is in sync. Your other computer will ask when you next \
                 use it."
                .to_owned(),
            Done::InSync {
                generation: _,
                other_computers,
            } => format!(
                "Your computer's password is in sync. Your {other_computers} other computers will \
                 ask when you next use them."
            ),
            Done::PhraseKept => {
                "Your phrase is kept on this computer. You see it whenever Lockstep \
                 asks for a password."
                    .to_owned()
            }
            Done::Acceptable => "This computer accepts that password.".to_owned(),
        });
    }

    /// Prints what a binding rests on, and what would be done next.
    pub(crate) fn explained(
        &self,
        mut explained: Explained,
        names: &Names,
        set_aside: Option<&[SetAside]>,
    ) {
        if self.json {
            explained.data["set_aside"] = json!(set_aside);
            return out(&explained.data.to_string());
        }
        for store in &explained.stores {
            out(store);
        }
        for aside in set_aside.unwrap_or_default() {
            out(&keyring::line(aside));
        }
        out(if explained.forecast {
            "\nOnce the newest password is typed:"
        } else {
            "\nUnder way:"
        });
        for step in &explained.steps {
            out(&format!("  {step}"));
        }
        if let Some(code) = explained.unrecovered {
            out(&format!("\n{} ({code})", names.explain(code)));
        }
        out(&format!("\nNext: {}", explained.next));
    }

    /// Prints the phrase.
    pub(crate) fn phrase(&self, words: Option<&str>) {
        self.value(&json!({ "phrase": words }), |_| {
            words.map_or_else(
                || "No phrase is chosen. Next: lockstep phrase --set WORDS".to_owned(),
                str::to_owned,
            )
        });
    }

    /// Prints how things stand.
    pub(crate) fn status(&self, status: &Status, set_aside: Option<&[SetAside]>) {
        let all = Standing { status, set_aside };
        self.value(&all, |_| {
            status::text(status, set_aside.unwrap_or_default())
        });
    }

    /// Prints why a command stopped, on standard error.
    pub(crate) fn failure(&self, failure: &Failure, names: &Names) {
        if self.json {
            let Failure {
                code,
                detail,
                stores,
            } = failure;
            let sentence = names.explain(*code);
            err(&json!({
                "failed": { "code": code, "sentence": sentence, "retry": code.retry(),
                    "detail": detail, "stores": stores }
            })
            .to_string());
            return;
        }
        let code = failure.code;
        err(&format!("{} ({code})", names.explain(code)));
        for opens in &failure.stores {
            let with = match opens.with {
                OpensWith::New => "your new password",
                OpensWith::Old => "your old password",
                OpensWith::Unknown => continue,
            };
            err(&format!("{}: for now use {with}.", name(opens.kind)));
        }
        err(&names.fill(code.next_step()));
        if let Some(it) = &names.it {
            err(&format!("Help: {it}"));
        }
    }
}

impl Names {
    /// The sentence of a code.
    pub(crate) fn explain(&self, code: Code) -> String {
        self.fill(code.sentence())
    }

    /// Fills the words that a sentence leaves open.
    pub(crate) fn fill(&self, text: &str) -> String {
        Words {
            org: self.org.as_deref().unwrap_or("the directory"),
            pc: "computer",
            it: self.it.as_deref().unwrap_or("your IT team"),
        }
        .put_into(text)
    }
}

/// The IT contact on one line.
pub(crate) fn contact(organisation: &Organisation) -> String {
    let contact = &organisation.it_contact;
    let parts = [&contact.name, &contact.email, &contact.phone];
    let parts: Vec<&str> = parts
        .iter()
        .map(|part| part.as_str())
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(", ")
}

impl From<&Organisation> for Names {
    fn from(organisation: &Organisation) -> Self {
        Self {
            org: Some(organisation.name.clone()),
            it: Some(contact(organisation)),
        }
    }
}

/// One store, for people.
pub(crate) fn store_line(row: &StoreRow) -> String {
    let state = match &row.state {
        StoreState::InSync { tested_at, .. } => {
            format!("in sync, tested {}", when::past(*tested_at))
        }
        StoreState::Waiting => "waiting".to_owned(),
        StoreState::Changing => "changing...".to_owned(),
        StoreState::Testing => "testing...".to_owned(),
        StoreState::NeedsYou { since } => format!("needs you since {}", when::past(*since)),
        StoreState::Problem { code } => format!("problem {code}"),
        StoreState::NotTested => "not tested yet".to_owned(),
    };
    format!("{}: {state}", name(row.kind))
}

/// What becomes of a store without its old password.
fn without_old(kind: StoreKind, becomes: WithoutOld) -> String {
    let (name, whose) = match kind {
        StoreKind::Account => ("account", "Your account"),
        StoreKind::Keychain => ("keyring", "Your keyring"),
        StoreKind::Disk => ("disk", "Your disk"),
    };
    match becomes {
        WithoutOld::Reset => format!("{whose} gets your new password."),
        WithoutOld::SetAside => format!(
            "{whose} is set aside, not deleted. You start with an empty one; your old password \
             opens the old {name} later."
        ),
        WithoutOld::StaysShut => format!(
            "{whose} keeps the old password. After a restart only that or a recovery key opens \
             it. Talk to {{it}} before you restart."
        ),
    }
}

const fn name(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::Account => "Your account",
        StoreKind::Keychain => "Keyring",
        StoreKind::Disk => "Disk",
    }
}

/// Which password an account goes on with.
fn remains(kept: &KeptPassword) -> String {
    let with = match kept.with {
        OpensWith::New => "your directory password as it is now; later changes don't reach it",
        OpensWith::Old => "the password from before your last change: it had not followed yet",
        OpensWith::Unknown => "the password that it has now",
    };
    format!("The account {} keeps {with}.", kept.account)
}

/// A reader that has gone away is no fault of ours.
fn out(line: &str) {
    let _gone = writeln!(std::io::stdout().lock(), "{line}");
}

fn err(line: &str) {
    let _gone = writeln!(std::io::stderr().lock(), "{line}");
}
