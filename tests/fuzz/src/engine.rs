//! libFuzzer around one target, named by `LOCKSTEP_FUZZ_TARGET`.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lockstep_fuzz::{Target, find};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("LOCKSTEP_FUZZ_TARGET").unwrap_or_default();
    find(&name).unwrap_or_else(|| panic!("LOCKSTEP_FUZZ_TARGET={name:?} is no target"))
});

fuzz_target!(|data: &[u8]| (TARGET.run)(data));
