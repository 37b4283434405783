//! What is planned, what it rests on, and what comes next: in plain words and as data.

use std::collections::BTreeMap;

use lockstep_model::{Code, Stamp, StoreKind, StoreState};
use serde::{Deserialize, Serialize};

use crate::message::Belief;
use crate::plan::{Plan, Step, plan};
use crate::secret_ref::SecretRef;
use crate::state::{Run, State};

/// A binding, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The newest stamp heard of.
    pub known: Option<Stamp>,
    /// The newest stamp that the person proved.
    pub proved: Option<Stamp>,
    /// The generations whose envelope is kept.
    pub envelopes: Vec<Stamp>,
    /// What each store rests on.
    pub stores: BTreeMap<StoreKind, Evidence>,
    /// Whether the plan is what would happen once the newest password is proved, every envelope
    /// being given back; else it is under way.
    pub forecast: bool,
    /// The plan.
    pub plan: Plan,
    /// Every step of it and its end, in plain words.
    pub steps: Vec<String>,
    /// What comes next, in plain words.
    pub next: String,
}

/// What is known of one store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What is believed of it, and since when.
    pub belief: Belief,
    /// The secret that opened it last, whatever has happened since.
    pub last: Option<SecretRef>,
    /// Where it was being moved to since, without a certain end.
    pub moving: Option<Stamp>,
    /// Why it could not follow.
    pub problem: Option<Code>,
    /// Why an old password still opens it beside the new one.
    pub notice: Option<Code>,
    /// All of it in plain words.
    pub words: String,
}

/// Explains a binding.
///
/// While no run is under way the plan is made as if the newest stamp known had just been proved.
/// Nothing of it is promised: which secret opens what is found out on the way.
#[must_use]
pub fn explain(state: &State) -> Explanation {
    let forecast = !state.is_running();
    let plan = if forecast {
        plan(&foreseen(state))
    } else {
        plan(state)
    };
    let mut steps: Vec<String> = plan.steps.iter().map(ToString::to_string).collect();
    steps.push(plan.end.to_string());
    let stores = state.ledger.stores.keys();
    Explanation {
        known: state.known(),
        proved: state.target(),
        envelopes: state.envelopes().collect(),
        stores: stores
            .map(|store| (*store, evidence(state, *store)))
            .collect(),
        forecast,
        next: next(state, plan.steps.first()),
        plan,
        steps,
    }
}

/// The state in which the person has just proved what is known, and every envelope was given back.
fn foreseen(state: &State) -> State {
    let mut state = state.clone();
    let Some(known) = state.known().filter(|_| !is_settled(&state)) else {
        return state;
    };
    let mut run = Run::over(state.config.stores.keys().copied());
    let secrets = state.envelopes().chain([known]);
    run.secrets = secrets.map(SecretRef::Generation).collect();
    state.ledger.target = Some(known);
    state.run = Some(run);
    state
}

/// Whether nothing is left to do.
fn is_settled(state: &State) -> bool {
    let status = state.status();
    let in_sync = |it: &StoreState| matches!(it, StoreState::InSync { .. });
    status.stores.values().all(in_sync)
        && status.notices.is_empty()
        && status.pending.is_none()
        && status.odd.is_none()
}

fn next(state: &State, first: Option<&Step>) -> String {
    let Some(run) = &state.run else {
        return waiting(state);
    };
    if let Some(asking) = &run.asking {
        let stores: Vec<String> = asking.stores.iter().map(ToString::to_string).collect();
        return format!(
            "Waiting for the old password of the {}.",
            stores.join(" and the ")
        );
    }
    match (&run.flight, first) {
        (Some(flight), _) => format!("{}: under way.", flight.operation),
        (None, Some(step)) => format!("{step}."),
        (None, None) => "The run ends.".to_owned(),
    }
}

/// What it takes to go on while nothing is under way.
fn waiting(state: &State) -> String {
    let Some(known) = state.known() else {
        return "Nothing has been heard from the directory yet.".to_owned();
    };
    if let Some(odd) = state.odd {
        return format!(
            "The directory speaks of {odd}, this computer of {known}: type the directory's present \
             password once to settle it."
        );
    }
    if is_settled(state) {
        return format!("Nothing: every store was opened with the password of {known}.");
    }
    let status = state.status();
    let in_sync = |it: &StoreState| matches!(it, StoreState::InSync { .. });
    if status.stores.values().all(in_sync) && status.pending.is_none() {
        let notices = status.notices.values();
        let steps: Vec<&str> = notices.map(|code| code.next_step()).collect();
        return format!("Everything is in sync. {}", steps.join(" "));
    }
    format!("Type the password of {known} once; the steps follow by themselves.")
}

fn evidence(state: &State, store: StoreKind) -> Evidence {
    let holding = state.holding(store);
    let (last, moving) = holding.map_or((None, None), |it| (it.last, it.moving));
    let waits = state.progress(store).and_then(|it| it.waiting);
    let mut evidence = Evidence {
        belief: state.belief(store),
        last,
        moving,
        problem: waits.or_else(|| holding.and_then(|it| it.problem)),
        notice: holding.and_then(|it| it.notice),
        words: String::new(),
    };
    evidence.words = words(store, &evidence);
    evidence
}

fn words(store: StoreKind, evidence: &Evidence) -> String {
    let Evidence {
        belief,
        last,
        moving,
        problem,
        notice,
        ..
    } = evidence;
    let mut words = match (belief, moving, last) {
        (Belief::Opens { with, .. }, ..) => format!("The {store} was opened with {with}."),
        (Belief::Unknown, Some(to), Some(last)) => format!(
            "The {store} was opened with {last}, and was being moved to the password of {to} since: \
             one of them opens it."
        ),
        (Belief::Unknown, Some(to), None) => {
            format!(
                "The {store} was being moved to the password of {to}; nobody knows how it ended."
            )
        }
        (Belief::Unknown, None, Some(last)) => format!(
            "The {store} was opened with {last}, and may have been changed from outside since."
        ),
        (Belief::Unknown, None, None) => format!("Nobody has opened the {store} yet."),
        (Belief::OpensNone, ..) => format!("Nothing at hand opened the {store}."),
        (Belief::Unreachable(code), _, Some(last)) => {
            format!("The {store} could not be tried ({code}); it was opened with {last} before.")
        }
        (Belief::Unreachable(code), _, None) => format!("The {store} could not be tried ({code})."),
    };
    if let Some(code) = problem {
        words.push_str(&format!(" It could not follow ({code})."));
    }
    if let Some(code) = notice {
        words.push_str(&format!(" An old password still opens it too ({code})."));
    }
    words
}

#[cfg(test)]
mod tests {
    use lockstep_model::Timestamp;

    use super::*;
    use crate::fixture::{ACCOUNT, Bench, DISK, KEYCHAIN, config, g, linked, of, proved};
    use crate::{Input, Outcome, step};

    const ALL: &[StoreKind] = &[DISK, ACCOUNT, KEYCHAIN];

    fn read_back(explanation: &Explanation) {
        let text = serde_json::to_string(explanation).unwrap();
        let again: Explanation = serde_json::from_str(&text).unwrap();
        assert_eq!(again, *explanation);
    }

    #[test]
    fn a_new_password_is_explained_before_anybody_types_it() {
        let state = step(
            linked(&[DISK, ACCOUNT]),
            Timestamp(0),
            Input::Announced(g(2)),
        )
        .0;
        let told = explain(&state);
        assert!(told.forecast);
        assert_eq!(
            told.next,
            "Type the password of generation 2 once; the steps follow by themselves."
        );
        let want = [
            "Open the account with the password of generation 1, else the password of generation 2, \
             changing nothing",
            "Check that the disk could take the new password",
            "Check that the account could take the new password",
            "Seal the password of generation 2 and open the copy",
            "Move the disk from the password of generation 1 to the password of generation 2",
            "Open the disk with the password of generation 2",
            "Move the account from the password of generation 1 to the password of generation 2",
            "Open the account with the password of generation 2",
            "Remove what former passwords still open in the disk, keeping the password of \
             generation 2",
            "Open the disk with the password of generation 2",
            "Drop every envelope but that of generation 2",
            "Then everything is in step with generation 2.",
        ];
        assert_eq!(told.steps, want);
        let account = &told.stores[&ACCOUNT].words;
        assert_eq!(
            account,
            "The account was opened with the password of generation 1."
        );
        read_back(&told);
    }

    #[test]
    fn the_forecast_is_what_then_happens() {
        let mut bench = Bench::over(linked(ALL)).session_up();
        bench.feed(Input::Announced(g(2)));
        let told = explain(&bench.state);
        bench.feed(proved(g(2), &[of(1), of(2)]));
        // One line for each step, the end included.
        assert_eq!(bench.taken().len(), told.steps.len(), "{:#?}", told.steps);
        let told = explain(&bench.state);
        let end = "Nothing to do until the current password is proved.";
        assert_eq!(told.steps, [end]);
        let settled = "Nothing: every store was opened with the password of generation 2.";
        assert_eq!(told.next, settled);
    }

    #[test]
    fn a_question_names_its_stores_and_an_operation_is_named() {
        let mut bench = Bench::over(State::new(config(&[ACCOUNT, KEYCHAIN]))).session_up();
        let state = step(bench.state.clone(), bench.now, proved(g(1), &[of(1)])).0;
        let told = explain(&state);
        assert!(!told.forecast);
        let opening = "Open the account with the password of generation 1: under way.";
        assert_eq!(told.next, opening);
        bench.feed(proved(g(1), &[of(1)]));
        let told = explain(&bench.state);
        let asking = "Waiting for the old password of the account and the keychain.";
        assert_eq!(told.next, asking);
        let account = &told.stores[&ACCOUNT].words;
        assert_eq!(account, "Nothing at hand opened the account.");
        read_back(&told);
    }

    #[test]
    fn drift_doubt_and_what_has_to_stay_are_told() {
        let refused = Outcome::NotApplied(Code::OldOpensDisk);
        let mut bench = Bench::over(linked(ALL))
            .session_up()
            .fault("remove old disk but 2", refused);
        bench.feed(proved(g(2), &[of(1), of(2)]));
        let told = explain(&bench.state);
        assert_eq!(
            told.stores[&DISK].words,
            "The disk was opened with the password of generation 2. An old password still opens it \
             too (LS-4018)."
        );
        assert!(
            told.next.starts_with("Everything is in sync."),
            "{}",
            told.next
        );
        let removal = |it: &Step| matches!(it, Step::RemoveOld { .. });
        assert!(told.plan.steps.iter().any(removal), "tried again");
        bench.feed(Input::Drifted(ACCOUNT));
        let told = explain(&bench.state);
        assert_eq!(
            told.stores[&ACCOUNT].words,
            "The account was opened with the password of generation 2, and may have been changed \
             from outside since."
        );
        assert!(told.next.starts_with("Type the password of generation 2"));
        read_back(&told);
    }

    #[test]
    fn a_change_that_was_cut_short_is_told() {
        let mut bench = Bench::over(linked(&[ACCOUNT]));
        bench.feed(proved(g(2), &[of(1), of(2)]));
        let cut = bench.journal.iter().position(|record| {
            let crate::Record::Intent { mutation, .. } = record else {
                return false;
            };
            matches!(mutation, crate::Mutation::Change { .. })
        });
        let state = crate::replay(config(&[ACCOUNT]), &bench.journal[..=cut.unwrap()]);
        let told = explain(&state);
        assert_eq!(
            told.stores[&ACCOUNT].words,
            "The account was opened with the password of generation 1, and was being moved to the \
             password of generation 2 since: one of them opens it."
        );
    }
}
