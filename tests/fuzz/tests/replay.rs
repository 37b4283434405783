//! What is checked in is replayed, and nothing that is parsed is left out.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lockstep_fuzz::{MESSAGES, TARGETS, find};
use serde_json::Value;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn inputs(target: &str) -> Vec<PathBuf> {
    let folder = corpus().join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|_| panic!("{target} has no corpus"));
    let mut inputs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    inputs
}

#[test]
fn every_promise_holds_for_everything_that_was_ever_found() {
    for target in TARGETS {
        let inputs = inputs(target.name);
        assert!(inputs.len() >= 5, "{} has next to no corpus", target.name);
        (target.run)(b"");
        for input in inputs {
            let data = fs::read(&input).unwrap();
            assert!(data.len() <= target.max_bytes, "{}", input.display());
            let ran = std::panic::catch_unwind(|| (target.run)(&data));
            assert!(ran.is_ok(), "{} breaks a promise", input.display());
        }
    }
}

#[test]
fn every_folder_of_the_corpus_has_a_target() {
    for folder in fs::read_dir(corpus()).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        assert!(find(&name).is_some(), "corpus/{name} is replayed by nobody");
    }
}

/// The message that a body refers to, if it has one.
fn message(body: &Value) -> Option<String> {
    let named = body.pointer("/content/application~1json/schema/$ref")?;
    Some(named.as_str()?.rsplit('/').next()?.to_owned())
}

#[test]
fn every_message_of_the_openapi_document_is_read_by_a_target() {
    let document = lockstep_directory::http::openapi().unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    let mut told = BTreeSet::new();
    for methods in document["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            told.extend(operation.get("requestBody").and_then(message));
            let answers = operation["responses"].as_object().unwrap().values();
            told.extend(answers.filter_map(message));
        }
    }
    assert!(told.len() > 20, "{told:?}");
    let read: BTreeSet<String> = MESSAGES.iter().map(|name| (*name).to_owned()).collect();
    // Streams say what they send nowhere in the document.
    let streamed = ["CheckIn", "Me"].map(String::from).into();
    let unread: Vec<_> = told.difference(&read).collect();
    assert!(unread.is_empty(), "add these to messages.rs: {unread:?}");
    let unheard: Vec<_> = read.difference(&(&told | &streamed)).cloned().collect();
    assert!(unheard.is_empty(), "no longer in the document: {unheard:?}");
}
