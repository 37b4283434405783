//! What AppKit tells an app of itself.

use std::ptr::NonNull;

use block2::RcBlock;
use objc2::rc::Retained;
use objc2::{DefinedClass as _, MainThreadMarker, MainThreadOnly, define_class, msg_send, sel};
use objc2_app_kit::{
    NSApplicationDidBecomeActiveNotification, NSApplicationDidFinishLaunchingNotification,
    NSApplicationWillResignActiveNotification,
};
use objc2_foundation::{
    NSAppleEventDescriptor, NSAppleEventManager, NSNotification, NSNotificationCenter,
    NSNotificationName, NSObject,
};

/// Apple's core events, and among them the one that an open app gets when it is opened
/// (`kCoreEventClass`, `kAEReopenApplication` of `AppleEvents.h`).
const CORE: u32 = u32::from_be_bytes(*b"aevt");
const REOPEN: u32 = u32::from_be_bytes(*b"rapp");

/// Tells from now on whether the app comes in front or goes.
pub(in super::super) fn on_activity(told: fn(bool)) {
    // SAFETY: constants of AppKit, which are there before `main` is.
    let (comes, goes) = unsafe {
        (
            NSApplicationDidBecomeActiveNotification,
            NSApplicationWillResignActiveNotification,
        )
    };
    observe(comes, move || told(true));
    observe(goes, move || told(false));
}

/// Calls back whenever the app is opened again.
pub(in super::super) fn on_reopen(main: MainThreadMarker, again: fn()) {
    let reopened = Reopened::new(main, again);
    // SAFETY: as above.
    let launched = unsafe { NSApplicationDidFinishLaunchingNotification };
    // AppKit puts its own handler there on the way to it.
    observe(launched, move || {
        let events = NSAppleEventManager::sharedAppleEventManager();
        // SAFETY: the selector is one of the handler's class and takes what such a handler gets. The
        // manager doesn't keep its handler: this closure does, as the centre keeps it for good.
        unsafe {
            events.setEventHandler_andSelector_forEventClass_andEventID(
                &reopened,
                sel!(reopened:reply:),
                CORE,
                REOPEN,
            );
        }
    });
}

/// Hears a notification of AppKit's for as long as the app runs.
fn observe(name: &NSNotificationName, told: impl Fn() + 'static) {
    let block = RcBlock::new(move |_: NonNull<NSNotification>| told());
    let center = NSNotificationCenter::defaultCenter();
    // SAFETY: no object to compare, and no queue: it is called where it is posted, which for AppKit's
    // own is the main thread, where the closure was made.
    let _for_good = unsafe {
        center.addObserverForName_object_queue_usingBlock(Some(name), None, None, &block)
    };
}

define_class!(
    // SAFETY: `NSObject` asks nothing of its subclasses, and this one has no `Drop`.
    #[unsafe(super(NSObject))]
    #[thread_kind = MainThreadOnly]
    #[name = "LockstepReopened"]
    #[ivars = fn()]
    struct Reopened;

    impl Reopened {
        // SAFETY: as `NSAppleEventManager` calls it: event and reply, and nothing comes back.
        #[unsafe(method(reopened:reply:))]
        fn reopened(&self, _: &NSAppleEventDescriptor, _: &NSAppleEventDescriptor) {
            (self.ivars())();
        }
    }
);

impl Reopened {
    fn new(main: MainThreadMarker, again: fn()) -> Retained<Self> {
        let made = Self::alloc(main).set_ivars(again);
        // SAFETY: `NSObject`'s own `init`, which can't fail.
        unsafe { msg_send![super(made), init] }
    }
}
