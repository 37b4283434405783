//! Secure event input (HIToolbox, `CarbonEventsCore.h`). The same source runs elsewhere in tests, over
//! functions of the same names.
#![expect(unsafe_code, reason = "functions of the system")]

use super::Switch;

/// As HIToolbox's `noErr`.
const DONE: i32 = 0;

// SAFETY: as HIToolbox declares them: no argument, an `OSStatus`, which is a 32-bit integer. They want
// nothing but the main thread, where the app's windows and so their callers live.
#[cfg_attr(target_os = "macos", link(name = "Carbon", kind = "framework"))]
unsafe extern "C" {
    safe fn EnableSecureEventInput() -> i32;
    safe fn DisableSecureEventInput() -> i32;
}

/// Keys go to the app in front alone.
#[derive(Debug, Default)]
pub(in crate::platform) struct SecureInput;

impl Switch for SecureInput {
    fn on(&mut self) -> bool {
        let done = EnableSecureEventInput();
        if done != DONE {
            eprintln!("lockstep-app: other programs may read keys: {done}");
        }
        done == DONE
    }

    fn off(&mut self) {
        let done = DisableSecureEventInput();
        if done != DONE {
            eprintln!("lockstep-app: keys are kept from other programs still: {done}");
        }
    }
}

/// The functions, where the system has none: they count.
#[cfg(all(test, not(target_os = "macos")))]
pub(super) mod double {
    use std::sync::atomic::{AtomicI32, Ordering};

    static COUNT: AtomicI32 = AtomicI32::new(0);

    pub(in super::super) fn count() -> i32 {
        COUNT.load(Ordering::Relaxed)
    }

    #[unsafe(no_mangle)]
    extern "C" fn EnableSecureEventInput() -> i32 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        super::DONE
    }

    #[unsafe(no_mangle)]
    extern "C" fn DisableSecureEventInput() -> i32 {
        COUNT.fetch_sub(1, Ordering::Relaxed);
        super::DONE
    }
}
