//! Notifications (Desktop Notifications Specification 1.2): one at a time, with its actions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use zbus::blocking::{Connection, MessageIterator};
use zbus::zvariant::Value;
use zbus::{MatchRule, message};

use crate::view::{Act, Notice};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// Which notification is shown, and what its actions do.
#[derive(Default)]
struct Shown {
    id: u32,
    open: Option<Act>,
    button: Option<Act>,
}

/// The service; a desktop that has none shows none.
pub(super) struct Notifications {
    bus: Option<Connection>,
    shown: Arc<Mutex<Shown>>,
    /// Whether the server shows buttons.
    buttons: bool,
}

impl Notifications {
    pub(super) fn new(chosen: fn(Act)) -> Self {
        let shown = Arc::new(Mutex::new(Shown::default()));
        let bus = Connection::session().ok();
        let mut buttons = false;
        if let Some(bus) = &bus {
            let known = bus.call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &());
            buttons = known
                .ok()
                .and_then(|reply| reply.body().deserialize::<Vec<String>>().ok())
                .is_some_and(|all| all.iter().any(|one| one == "actions"));
            listen(bus.clone(), Arc::clone(&shown), chosen);
        }
        Self {
            bus,
            shown,
            buttons,
        }
    }

    /// The session's bus, if there is one.
    pub(super) const fn bus(&self) -> Option<&Connection> {
        self.bus.as_ref()
    }

    pub(super) fn show(&mut self, notice: Notice) {
        let Some(bus) = &self.bus else { return };
        let mut shown = lock(&self.shown);
        let mut actions = Vec::new();
        if self.buttons {
            actions.extend(["default", notice.open_label.as_str()]);
            if let Some(button) = &notice.button {
                actions.extend(["button", button.label.as_str()]);
            }
        }
        let hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("desktop-entry", Value::from("lockstep-app")),
            ("category", Value::from("device")),
        ]);
        // Nothing closes by a timer.
        let never = 0_i32;
        let body = (
            "Lockstep",
            shown.id,
            "lockstep-app",
            notice.title.as_str(),
            notice.body.as_str(),
            actions,
            hints,
            never,
        );
        match bus.call_method(Some(NAME), PATH, Some(NAME), "Notify", &body) {
            Ok(reply) => {
                shown.id = reply.body().deserialize().unwrap_or_default();
                shown.open = Some(notice.open);
                shown.button = notice.button.map(|choice| choice.act);
            }
            Err(fault) => eprintln!("lockstep-app: no notification: {fault}"),
        }
    }

    pub(super) fn withdraw(&mut self) {
        let Some(bus) = &self.bus else { return };
        let id = std::mem::take(&mut lock(&self.shown).id);
        if id != 0 {
            // One that is gone already is as good.
            let _gone = bus.call_method(Some(NAME), PATH, Some(NAME), "CloseNotification", &(id,));
        }
    }
}

/// Hears what is chosen, for as long as there is a bus.
fn listen(bus: Connection, shown: Arc<Mutex<Shown>>, chosen: fn(Act)) {
    let hear = move || -> zbus::Result<()> {
        let rule = MatchRule::builder()
            .msg_type(message::Type::Signal)
            .sender(NAME)?
            .interface(NAME)?
            .build();
        for signal in MessageIterator::for_match_rule(rule, &bus, Some(8))? {
            let signal = signal?;
            let header = signal.header();
            let member = header.member().map(|member| member.as_str());
            let act = match member {
                Some("ActionInvoked") => {
                    let (id, action): (u32, String) = signal.body().deserialize()?;
                    let shown = lock(&shown);
                    (id == shown.id)
                        .then(|| match action.as_str() {
                            "default" => shown.open.clone(),
                            "button" => shown.button.clone(),
                            _ => None,
                        })
                        .flatten()
                }
                Some("NotificationClosed") => {
                    let (id, _why): (u32, u32) = signal.body().deserialize()?;
                    let mut shown = lock(&shown);
                    if id == shown.id {
                        shown.id = 0;
                    }
                    None
                }
                Some(_) | None => None,
            };
            if let Some(act) = act {
                chosen(act);
            }
        }
        Ok(())
    };
    let started = std::thread::Builder::new()
        .name("notifications".to_owned())
        .spawn(move || {
            if let Err(fault) = hear() {
                eprintln!("lockstep-app: notifications: {fault}");
            }
        });
    if let Err(fault) = started {
        eprintln!("lockstep-app: {fault}");
    }
}

fn lock(shown: &Mutex<Shown>) -> std::sync::MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}
