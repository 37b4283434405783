//! Where the kernel locks nothing. In a process of its own: the limit is the whole process's.
// Capabilities, which pass by the limit, are Linux's.
#![cfg(target_os = "linux")]

use lockstep_memory::{Locked, is_locked};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

#[test]
fn secrets_go_on_without_and_it_is_told() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Memlock, none).unwrap();
    // Who has this power is bound by no limit.
    let mut powers = capabilities(None).unwrap();
    powers.effective.remove(CapabilitySet::IPC_LOCK);
    set_capabilities(None, powers).unwrap();
    assert!(is_locked());
    let mut secret = Locked::zeroed(5);
    secret.bytes_mut().copy_from_slice(b"words");
    assert_eq!(secret.bytes(), b"words");
    assert!(!is_locked());
}
