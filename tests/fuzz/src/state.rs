//! What programs keep on disk: a file may be torn, old, newer, or somebody's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lockstep_model::{BindingId, StoreKind, WithoutOld};
use lockstep_sync::{Budget, Capabilities, Config, Record, replay};
use tempfile::TempDir;

use crate::named;

use self::helper_bindings::Bindings;
use self::keep::bindings;
use self::keep::envelopes::Envelopes;
use self::keep::identity::{DirectoryWords, Identity, drawn_key};
use self::keep::journal::Journal;
use self::keep::{logo, phrase};

/// Compiled in, for programs have no library.
#[expect(dead_code, reason = "only what reads")]
#[path = "../../../crates/agent/src/keep/mod.rs"]
mod keep;

#[cfg_attr(not(test), expect(dead_code, reason = "only what reads"))]
#[path = "../../../crates/helper/src/bindings.rs"]
mod helper_bindings;

thread_local! {
    static SCRATCH: TempDir = scratch();
}

/// The journal of one binding, and the core that goes on from it.
pub(crate) fn journal(data: &[u8]) {
    in_scratch(|folder| {
        let path = folder.join("journal");
        fs::write(&path, data).expect("scratch");
        let Ok((mut journal, records)) = Journal::open(path.clone()) else {
            assert_eq!(
                fs::read(&path).expect("scratch"),
                data,
                "a refused file is not touched"
            );
            return;
        };
        // What was accepted is accepted again, and goes on.
        let (_, again) = Journal::open(path.clone()).expect("it was opened before");
        assert!(records == again);
        journal
            .append(&Record::Doubted(StoreKind::Account))
            .expect("scratch");
        let (mut journal, longer) = Journal::open(path.clone()).expect("it was opened before");
        assert_eq!(longer.len(), records.len() + 1);
        let state = replay(config(), &longer);
        let snapshot = state.snapshot();
        journal.compact(&snapshot).expect("scratch");
        let (_, compact) = Journal::open(path).expect("what is written is read");
        assert!(compact == [snapshot.clone()]);
        assert!(replay(config(), &compact).snapshot() == snapshot);
    });
}

const FILES: &[&str] = &[
    "device",
    "directory",
    "device-key",
    "binding",
    "phrase",
    "logo",
    "envelope",
];

/// Identity, words, drawn key, bindings, phrase, logo and envelopes: the file that the first line
/// names.
pub(crate) fn agent(data: &[u8]) {
    let (which, content) = named(data, FILES);
    in_scratch(|folder| {
        let put = |path: PathBuf| {
            fs::create_dir_all(path.parent().expect("a folder")).expect("scratch");
            fs::write(path, content).expect("scratch");
        };
        match which {
            0 => {
                put(folder.join("device.json"));
                if let Ok(Some(identity)) = Identity::load(folder) {
                    identity.save(folder).expect("scratch");
                    let again = Identity::load(folder).expect("what is written is read");
                    let again = again.expect("it is there");
                    assert_eq!(again.device, identity.device);
                    assert!(again.secret.0.same_as(&identity.secret.0));
                    // Neither an address nor an authority that is nonsense may cost the agent more
                    // than a fault.
                    let _client = lockstep_client::Client::new(&identity.url, &identity.trust());
                }
            }
            1 => {
                put(folder.join("directory.json"));
                if let Ok(Some(words)) = DirectoryWords::load(folder) {
                    let _key = lockstep_client::proof::vouched_key(&words.vouch, "acme", &[4; 65]);
                    words.save(folder).expect("scratch");
                    assert!(DirectoryWords::load(folder).is_ok());
                }
            }
            2 => {
                put(folder.join("device-key.json"));
                let first = drawn_key(folder);
                assert!(first.is_err() || drawn_key(folder).is_ok());
            }
            3 => {
                put(folder.join("bindings/one/binding.json"));
                let found = bindings::load(folder).expect("a damaged one is one of them");
                if let Some(Ok(binding)) = found.into_iter().next() {
                    binding.save(folder).expect("scratch");
                    let all = bindings::load(folder).expect("what is written is read");
                    assert!(all.into_iter().flatten().any(|one| one == binding));
                }
            }
            4 => {
                put(folder.join("phrase.json"));
                if let Ok(Some(words)) = phrase::load(folder) {
                    assert!(lockstep_model::phrase::check(&words).is_ok());
                    phrase::save(folder, &words).expect("scratch");
                    assert_eq!(phrase::load(folder).expect("it reads"), Some(words));
                }
            }
            5 => {
                put(folder.join("logo.json"));
                if let Ok(Some(png)) = logo::load(folder) {
                    logo::save(folder, Some(&png)).expect("scratch");
                    assert_eq!(logo::load(folder).expect("it reads"), Some(png));
                }
            }
            _ => {
                put(folder.join("envelopes/one.json"));
                let envelopes = Envelopes::open(folder.join("envelopes")).expect("scratch");
                let kept = envelopes.kept().expect("damaged ones are left alone");
                let dead = envelopes.tombstones().expect("damaged ones are left alone");
                assert!(kept.len() + dead.len() <= 1);
                for one in kept {
                    let sealed = one.sealed.clone().expect("it is kept").0;
                    envelopes
                        .keep(one.envelope, one.stamp, sealed)
                        .expect("scratch");
                    assert_eq!(envelopes.reread(one.envelope).expect("it reads"), Some(one));
                }
            }
        }
    });
}

/// A record of the helper.
pub(crate) fn helper(data: &[u8]) {
    in_scratch(|folder| {
        let state = folder.join("helper");
        let bindings = Bindings::open(&state).expect("scratch");
        let id = BindingId(uuid::Uuid::from_bytes([7; 16]));
        let path = state.join(format!("bindings/{id}.json"));
        fs::write(&path, data).expect("scratch");
        if let Ok(Some(record)) = bindings.find(id) {
            assert_eq!(record.binding, id);
            assert!(data.len() <= 4096);
            let judged = bindings.judge(&record).expect("its own file reads");
            assert_eq!(judged, helper_bindings::Recorded::Done);
            bindings.record(&record).expect("scratch");
            assert_eq!(
                bindings.find(id).expect("what is written is read"),
                Some(record)
            );
        }
        bindings.forget(id).expect("anything can be forgotten");
        assert_eq!(bindings.find(id).expect("it is gone"), None);
    });
}

fn config() -> Config {
    let account = Capabilities {
        several_slots: false,
        needs_session: false,
        verify_without_change: true,
        counts_attempts: true,
        change_opens_first: false,
        without_old: WithoutOld::Reset,
    };
    Config {
        stores: BTreeMap::from([(StoreKind::Account, account)]),
        budget: Budget {
            attempts: 3,
            window: 60_000,
        },
    }
}

/// A folder in memory, where there is one: nothing here has to last.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a folder")
}

pub(crate) fn in_scratch(run: impl FnOnce(&Path)) {
    SCRATCH.with(|scratch| {
        run(scratch.path());
        for entry in fs::read_dir(scratch.path()).expect("scratch") {
            let path = entry.expect("scratch").path();
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.expect("scratch");
        }
    });
}
