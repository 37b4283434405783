//! One operation of the keyring store, run as the person inside a device.
//!
//! Standard input holds the operation's name, a line feed, and per secret a big-endian u32 of its
//! length and its bytes. Standard output gets one line: `done`, `true`, `false`, `refused`, the
//! code's number and the detail, or `unknown` and the detail.

use std::error::Error;
use std::io::Read;

use lockstep_model::Secret;
use lockstep_stores::linux::KeyringStore;
use lockstep_stores::linux::keyring::{self, Owner};
use lockstep_stores::{ChangeFault, Refusal, Store};
use rustix::io::Errno;
use rustix::process::WaitOptions;

/// Reads the request, and returns the answer.
pub(crate) fn serve(uid: &str, home: &str) -> Result<String, Box<dyn Error>> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    let (operation, secrets) = parse(&bytes).ok_or("the request is not understood")?;
    let owner = Owner {
        uid: uid.parse()?,
        home: home.into(),
    };
    let mut store = KeyringStore::of(owner.clone());
    let answer = match (operation, secrets.as_slice()) {
        ("exists", []) => told(keyring::exists(&owner)),
        ("preflight", [new]) => done(store.preflight(new)),
        ("probe", [secret]) => told(store.probe(secret)),
        ("change", [old, new]) => moved(store.change(old, new)),
        ("may-reset", []) => done(store.may_reset()),
        ("reset", [new]) => moved(store.reset(new)),
        _ => return Err(format!("no operation {operation} with {} secrets", secrets.len()).into()),
    };
    // Whatever it started it has also ended and buried.
    match rustix::process::wait(WaitOptions::NOHANG) {
        Err(Errno::CHILD) => Ok(answer),
        left => Err(format!("a process is left: {left:?}").into()),
    }
}

fn parse(bytes: &[u8]) -> Option<(&str, Vec<Secret>)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let operation = std::str::from_utf8(&bytes[..end]).ok()?;
    let (mut rest, mut secrets) = (&bytes[end + 1..], Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        secrets.push(Secret::copy_of(after.get(..length)?));
        rest = &after[length..];
    }
    rest.is_empty().then_some((operation, secrets))
}

fn done(result: Result<(), Refusal>) -> String {
    moved(result.map_err(ChangeFault::from))
}

fn told(result: Result<bool, Refusal>) -> String {
    match result {
        Ok(answer) => answer.to_string(),
        Err(refusal) => done(Err(refusal)),
    }
}

fn moved(result: Result<(), ChangeFault>) -> String {
    match result {
        Ok(()) => "done".into(),
        Err(ChangeFault::Refused(refusal)) => {
            format!("refused {} {}", refusal.code.number(), refusal.detail)
        }
        Err(ChangeFault::Shut) => "shut".into(),
        Err(ChangeFault::Unknown { detail }) => format!("unknown {detail}"),
    }
}
