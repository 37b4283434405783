//! What each earlier version left behind is read and finished by this one.
//!
//! `released/N` is an agent's folder as format N was first released, in the middle of a change: no
//! `stores.json`, no marks of the machine, words without a version; and the same journal as it was
//! when a start had compacted it. Nothing in there is ever edited; a new format gets a new folder.

use std::fs;

use lockstep_model::Generation;
use lockstep_opaque::envelope;
use lockstep_sync::Effect;

use super::*;
use crate::keep::bindings;
use crate::keep::identity::{DirectoryWords, Identity};

const FORMATS: [&str; 1] = ["1"];
const PASSWORDS: [(u32, &str); 2] = [(1, "violet harbour at dawn"), (2, "seven quiet lanterns")];

/// A copy of what a format left, since to open it is to go on with it.
fn copy(format: &str) -> tempfile::TempDir {
    fn copy_into(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let (path, to) = {
                let entry = entry.unwrap();
                (entry.path(), to.join(entry.file_name()))
            };
            if path.is_dir() {
                copy_into(&path, &to);
            } else {
                fs::copy(&path, &to).unwrap();
            }
        }
    }
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("released");
    let here = tempfile::tempdir().unwrap();
    copy_into(&kept.join(format), here.path());
    here
}

fn only_binding(state: &Path) -> BindingFile {
    let mut all = bindings::load(state).unwrap();
    assert_eq!(all.len(), 1);
    all.pop().unwrap().unwrap()
}

#[test]
fn identity_words_binding_and_envelopes_of_every_format_are_read() {
    for format in FORMATS {
        let kept = copy(format);
        let state = kept.path();
        let identity = Identity::load(state).unwrap().unwrap();
        assert_eq!(identity.realm, "acme");
        let words = DirectoryWords::load(state).unwrap().unwrap();
        assert_eq!(words.organisation.it_contact.name, "Sam Ito");
        let binding = only_binding(state);
        assert_eq!((binding.account.as_str(), binding.uid), ("anna", 1000));
        let folder = folder(state, binding.binding);
        assert_eq!(Followed::load(&folder).unwrap(), Followed::default());
        let envelopes = Envelopes::open(envelopes::path(&folder)).unwrap();
        let kept = envelopes.kept().unwrap();
        assert_eq!(kept.len(), PASSWORDS.len());
        for (kept, (generation, password)) in kept.into_iter().zip(PASSWORDS) {
            assert_eq!(kept.stamp.generation, Generation(generation));
            let name = Name {
                realm: identity.realm.clone(),
                device: identity.device,
                binding: binding.binding,
                envelope: kept.envelope,
                stamp: kept.stamp,
            };
            let share = Secret::copy_of(&[9; 32]);
            let sealed = kept.sealed.unwrap().0;
            envelope::look(&sealed).unwrap();
            let opened = envelope::open(&identity.secret, &share, &name, &sealed).unwrap();
            assert_eq!(opened.expose(), password.as_bytes());
        }
    }
}

#[test]
fn a_change_that_an_earlier_version_began_is_finished() {
    for format in FORMATS {
        for journal in ["journal", "journal.compacted"] {
            // The change itself may have been done, or not.
            for generation in [1, 2] {
                let kept = copy(format);
                let binding = only_binding(kept.path());
                let folder = folder(kept.path(), binding.binding);
                let (mut open, records) = Journal::open(folder.join(journal)).unwrap();
                let state = restarted(&Followed::default(), &records);
                let target = state.target().unwrap();
                assert_eq!(target.generation, Generation(2));
                assert!(!state.is_running());
                let opens = Stamp {
                    generation: Generation(generation),
                    ..target
                };
                let (state, verdict) = finish(state, &mut open, target, opens);
                assert_eq!(verdict, Verdict::InSync(target), "{journal}, {generation}");
                // And what this version wrote on the way adds up to the same.
                drop(open);
                let (_, records) = Journal::open(folder.join(journal)).unwrap();
                let again = restarted(&Followed::default(), &records);
                assert_eq!(again.snapshot(), state.snapshot());
            }
        }
    }
}

/// Runs a sync on an account that opens with a generation's password.
fn finish(
    mut state: State,
    journal: &mut Journal,
    target: Stamp,
    opens: Stamp,
) -> (State, Verdict) {
    let mut opens = SecretRef::Generation(opens);
    let recovered = state.envelopes().chain([target]);
    let secrets = recovered.map(SecretRef::Generation).collect();
    let mut inputs = VecDeque::from([Input::Proved {
        stamp: target,
        secrets,
    }]);
    let mut verdict = None;
    while let Some(input) = inputs.pop_front() {
        let (next, effects) = step(state, now(), input);
        state = next;
        for effect in effects {
            let (op, outcome) = match effect {
                Effect::Persist(record) => {
                    journal.append(&record).unwrap();
                    continue;
                }
                Effect::Report => continue,
                Effect::Finish(end) => {
                    verdict = Some(end);
                    continue;
                }
                Effect::Probe { op, with, .. } => (op, Outcome::Opened(with == opens)),
                Effect::Change { op, from, to, .. } => {
                    assert_eq!(from, opens);
                    opens = SecretRef::Generation(to);
                    (op, Outcome::Applied)
                }
                Effect::Preflight { op, .. }
                | Effect::Seal { op, .. }
                | Effect::RemoveOld { op, .. }
                | Effect::Retire { op, .. } => (op, Outcome::Applied),
                Effect::AskOld { .. } | Effect::Reset { .. } => {
                    panic!("the old password is at hand")
                }
            };
            inputs.push_back(Input::Finished { op, outcome });
        }
    }
    assert_eq!(opens, SecretRef::Generation(target));
    (state, verdict.unwrap())
}
