//! The notification centre (UserNotifications).

use block2::{DynBlock, RcBlock};
use objc2::rc::Retained;
use objc2::runtime::{Bool, ProtocolObject};
use objc2::{AllocAnyThread, DefinedClass as _, define_class, msg_send};
use objc2_foundation::{
    NSArray, NSBundle, NSError, NSObject, NSObjectProtocol, NSSet, NSString, ns_string,
};
use objc2_user_notifications::{
    UNAuthorizationOptions, UNMutableNotificationContent, UNNotification, UNNotificationAction,
    UNNotificationActionOptions, UNNotificationCategory, UNNotificationCategoryOptions,
    UNNotificationDefaultActionIdentifier, UNNotificationDismissActionIdentifier,
    UNNotificationPresentationOptions, UNNotificationRequest, UNNotificationResponse,
    UNUserNotificationCenter, UNUserNotificationCenterDelegate,
};

use crate::platform::notice::Chosen;

/// What a notification says.
pub(in super::super) struct Told {
    pub(in super::super) name: String,
    pub(in super::super) title: String,
    pub(in super::super) body: String,
    pub(in super::super) button: Option<String>,
}

/// The centre, and who hears of it.
pub(in super::super) struct Center {
    center: Retained<UNUserNotificationCenter>,
    /// The centre doesn't keep it.
    _delegate: Retained<Delegate>,
}

impl Center {
    /// The one of this app, if it is in a bundle; `chosen` is called on any thread.
    pub(in super::super) fn of_this_app(
        chosen: impl Fn(&str, Chosen) + Send + Sync + 'static,
    ) -> Option<Self> {
        // Without one the centre throws.
        NSBundle::mainBundle().bundleIdentifier()?;
        let center = UNUserNotificationCenter::currentNotificationCenter();
        let delegate = Delegate::new(Box::new(chosen));
        center.setDelegate(Some(ProtocolObject::from_ref(&*delegate)));
        // What an earlier start of the app left there.
        center.removeAllDeliveredNotifications();
        Some(Self {
            center,
            _delegate: delegate,
        })
    }

    /// Shows one, once the person allows it, if it is `still` to be shown then.
    pub(in super::super) fn show(&self, told: Told, still: impl Fn() -> bool + Send + 'static) {
        let asked = RcBlock::new(move |allowed: Bool, _: *mut NSError| {
            if !allowed.as_bool() {
                eprintln!("lockstep-app: no notification: they are off in System Settings");
            } else if still() {
                add(&told);
            }
        });
        self.center
            .requestAuthorizationWithOptions_completionHandler(
                UNAuthorizationOptions::Alert,
                &asked,
            );
    }

    /// Takes one away.
    pub(in super::super) fn withdraw(&self, name: &str) {
        let names = NSArray::from_retained_slice(&[NSString::from_str(name)]);
        self.center
            .removePendingNotificationRequestsWithIdentifiers(&names);
        self.center
            .removeDeliveredNotificationsWithIdentifiers(&names);
    }
}

fn add(told: &Told) {
    let center = UNUserNotificationCenter::currentNotificationCenter();
    let name = NSString::from_str(&told.name);
    let buttons: Vec<_> = told
        .button
        .iter()
        .map(|label| {
            UNNotificationAction::actionWithIdentifier_title_options(
                ns_string!("button"),
                &NSString::from_str(label),
                UNNotificationActionOptions::empty(),
            )
        })
        .collect();
    // A kind of its own, so that its buttons are never those of another.
    let kind = UNNotificationCategory::categoryWithIdentifier_actions_intentIdentifiers_options(
        &name,
        &NSArray::from_retained_slice(&buttons),
        &NSArray::new(),
        UNNotificationCategoryOptions::CustomDismissAction,
    );
    center.setNotificationCategories(&NSSet::from_retained_slice(&[kind]));
    let content = UNMutableNotificationContent::new();
    content.setTitle(&NSString::from_str(&told.title));
    content.setBody(&NSString::from_str(&told.body));
    content.setCategoryIdentifier(&name);
    let request =
        UNNotificationRequest::requestWithIdentifier_content_trigger(&name, &content, None);
    let done = RcBlock::new(|fault: *mut NSError| {
        // SAFETY: the centre gives none, or one that lives through the call.
        if let Some(fault) = unsafe { fault.as_ref() } {
            eprintln!(
                "lockstep-app: no notification: {}",
                fault.localizedDescription()
            );
        }
    });
    center.addNotificationRequest_withCompletionHandler(&request, Some(&done));
}

type Hears = Box<dyn Fn(&str, Chosen) + Send + Sync>;

define_class!(
    // SAFETY: `NSObject` asks nothing of its subclasses, and this one has no `Drop`. It may be called
    // on any thread, and what it holds is made for that.
    #[unsafe(super(NSObject))]
    #[thread_kind = AllocAnyThread]
    #[name = "LockstepNotifications"]
    #[ivars = Hears]
    struct Delegate;

    // SAFETY: it asks nothing.
    unsafe impl NSObjectProtocol for Delegate {}

    // SAFETY: each method has the selector and the signature of the protocol.
    unsafe impl UNUserNotificationCenterDelegate for Delegate {
        // Without it, nothing is shown while the app is in front.
        #[unsafe(method(userNotificationCenter:willPresentNotification:withCompletionHandler:))]
        fn will_present(
            &self,
            _: &UNUserNotificationCenter,
            _: &UNNotification,
            answer: &DynBlock<dyn Fn(UNNotificationPresentationOptions)>,
        ) {
            let shown =
                UNNotificationPresentationOptions::Banner | UNNotificationPresentationOptions::List;
            answer.call((shown,));
        }

        #[unsafe(method(userNotificationCenter:didReceiveNotificationResponse:withCompletionHandler:))]
        fn did_receive(
            &self,
            _: &UNUserNotificationCenter,
            response: &UNNotificationResponse,
            answer: &DynBlock<dyn Fn()>,
        ) {
            // SAFETY: constants of the framework, which are there before `main` is.
            let (itself, dismissed) = unsafe {
                (
                    UNNotificationDefaultActionIdentifier,
                    UNNotificationDismissActionIdentifier,
                )
            };
            let action = response.actionIdentifier();
            let chosen = if &*action == itself {
                Chosen::Itself
            } else if &*action == dismissed {
                Chosen::Dismissed
            } else {
                Chosen::Button
            };
            let name = response.notification().request().identifier();
            (self.ivars())(&name.to_string(), chosen);
            answer.call(());
        }
    }
);

impl Delegate {
    fn new(chosen: Hears) -> Retained<Self> {
        let made = Self::alloc().set_ivars(chosen);
        // SAFETY: `NSObject`'s own `init`, which can't fail.
        unsafe { msg_send![super(made), init] }
    }
}
