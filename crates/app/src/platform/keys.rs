//! When other programs are kept from reading keys: while a secret has the keyboard in the app in front,
//! and not a moment longer, for nobody else's short-cuts work meanwhile.

mod sys;

pub(super) use sys::SecureInput;

/// What keeps other programs from reading keys. It counts: each `on` needs one `off`.
pub(super) trait Switch {
    /// Whether it is on now.
    fn on(&mut self) -> bool;
    fn off(&mut self);
}

/// Turns it on at most once, and off again as often as on.
#[derive(Debug, Default)]
pub(super) struct Keys<S: Switch> {
    switch: S,
    /// Whether a secret has the keyboard within the app.
    secret: bool,
    /// Whether the app is the one in front.
    active: bool,
    on: bool,
}

impl<S: Switch> Keys<S> {
    pub(super) fn secret(&mut self, secret: bool) {
        self.secret = secret;
        self.settle();
    }

    pub(super) fn active(&mut self, active: bool) {
        self.active = active;
        self.settle();
    }

    fn settle(&mut self) {
        let wanted = self.secret && self.active;
        if wanted && !self.on {
            self.on = self.switch.on();
        } else if self.on && !wanted {
            self.switch.off();
            self.on = false;
        }
    }
}

impl<S: Switch> Drop for Keys<S> {
    fn drop(&mut self) {
        self.active(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(target_os = "macos"))]
    #[test]
    fn keys_are_kept_exactly_while_a_secret_has_them_in_front_whatever_the_order() {
        for order in 0..4_u32.pow(7) {
            let mut keys = Keys::<SecureInput>::default();
            let (mut secret, mut active) = (false, false);
            for at in 0..7 {
                match (order >> (2 * at)) % 4 {
                    bit @ (0 | 1) => {
                        secret = bit == 1;
                        keys.secret(secret);
                    }
                    bit => {
                        active = bit == 3;
                        keys.active(active);
                    }
                }
                assert_eq!(
                    sys::double::count(),
                    i32::from(secret && active),
                    "{order:b} at {at}"
                );
            }
            drop(keys);
            assert_eq!(sys::double::count(), 0, "{order:b}");
        }
    }

    #[test]
    fn what_was_refused_is_not_turned_off() {
        #[derive(Default)]
        struct Refuses;
        impl Switch for Refuses {
            fn on(&mut self) -> bool {
                false
            }
            fn off(&mut self) {
                panic!("it was never on");
            }
        }
        let mut keys = Keys::<Refuses>::default();
        keys.active(true);
        keys.secret(true);
        keys.secret(false);
    }
}
