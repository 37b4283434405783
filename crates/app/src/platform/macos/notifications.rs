//! Notifications (UserNotifications): one at a time, with its button.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::sys::{Center, Told};
use crate::platform::notice::Shown;
use crate::view::{Act, Notice};

/// The notification centre, which knows apps by their bundles: one without shows none.
pub(super) struct Notifications {
    center: Option<Center>,
    shown: Arc<Mutex<Shown>>,
}

impl Notifications {
    pub(super) fn new(chosen: fn(Act)) -> Self {
        let shown = Arc::new(Mutex::new(Shown::default()));
        let known = Arc::clone(&shown);
        let center = Center::of_this_app(move |name, what| {
            let act = lock(&known).chosen(name, what);
            if let Some(act) = act {
                chosen(act);
            }
        });
        if center.is_none() {
            eprintln!("lockstep-app: no notifications: this program is in no app bundle");
        }
        Self { center, shown }
    }

    pub(super) fn show(&mut self, notice: Notice) {
        let Some(center) = &self.center else { return };
        let (name, before) = lock(&self.shown).show(&notice);
        if let Some(before) = before {
            center.withdraw(&before);
        }
        let shown = Arc::clone(&self.shown);
        let told = Told {
            name: name.clone(),
            title: notice.title,
            body: notice.body,
            button: notice.button.map(|choice| choice.label),
        };
        // The person may take their time to allow it.
        center.show(told, move || lock(&shown).name().as_ref() == Some(&name));
    }

    pub(super) fn withdraw(&mut self) {
        let name = lock(&self.shown).withdraw();
        if let (Some(center), Some(name)) = (&self.center, name) {
            center.withdraw(&name);
        }
    }
}

fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}
