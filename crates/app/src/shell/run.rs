//! The running app: inputs go to the core, its effects are carried out here.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use jiff::tz::TimeZone;
use lockstep_local::agent::Agent;
use lockstep_local::keyring;
use lockstep_local::when::now;
use lockstep_model::{Code, Fault, Secret, Timestamp};
use slint::{ComponentHandle as _, SharedString, Timer, TimerMode};

use super::line::{self, Exchange};
use super::ui::{AppWindow, Tray};
use super::{drawing, memory};
use crate::core::{Core, Effect, Filled, Input, SLOTS, rules};
use crate::platform::{self, Desktop};
use crate::view::{Act, TrayView, View};
use crate::words::{Clock, Platform, Words};

/// Why the app can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// There is nothing to draw on.
    #[error("there is no display to show windows on: {0}")]
    Display(#[from] slint::PlatformError),
    /// No thread could be started.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

/// Runs the app until it is quit; `open` opens a window at once.
///
/// # Errors
///
/// Why it can't start.
pub fn run(open: Option<Act>) -> Result<(), StartFault> {
    platform::begin()?;
    let words = Words::new(platform::language(), Platform::HERE);
    let window = AppWindow::new()?;
    drawing::dress(&window, &words);
    platform::prepare(&window)?;
    // Where nobody shows trays, the app opens by being started again.
    let tray = Tray::new().ok();
    let clock = Clock {
        now: now(),
        zone: TimeZone::system(),
    };
    let folder = platform::state_folder();
    let core = Core::new(
        words,
        clock,
        platform::computer(),
        memory::load(&folder),
        luck(),
    );
    let shell = Rc::new(Shell {
        window,
        tray,
        core: RefCell::new(core),
        shown: RefCell::default(),
        shown_tray: RefCell::default(),
        exchange: RefCell::default(),
        timer: Timer::default(),
        desktop: RefCell::default(),
        logo: RefCell::default(),
        folder,
    });
    shell.connect();
    SHELL.with(|it| *it.borrow_mut() = Some(Rc::clone(&shell)));
    shell.draw();
    line::watch(post)?;
    platform::on_start_again(|| post_act(Act::OpenStatus))?;
    if let Some(act) = open {
        shell.act(act);
    }
    slint::run_event_loop_until_quit()?;
    platform::keep_keys_secret(false);
    SHELL.with(|it| it.borrow_mut().take());
    Ok(())
}

thread_local! {
    static SHELL: RefCell<Option<Rc<Shell>>> = const { RefCell::new(None) };
}

/// Takes an input to the core, from any thread.
fn post(input: Input) {
    with_shell(move |shell| shell.take(input));
}

fn post_act(act: Act) {
    with_shell(move |shell| shell.act(act));
}

fn with_shell(work: impl FnOnce(&Rc<Shell>) + Send + 'static) {
    // An event loop that is gone needs no inputs any more.
    let _gone = slint::invoke_from_event_loop(move || {
        let shell = SHELL.with(|it| it.borrow().clone());
        if let Some(shell) = shell {
            work(&shell);
        }
    });
}

struct Shell {
    window: AppWindow,
    tray: Option<Tray>,
    core: RefCell<Core>,
    /// What the window shows now.
    shown: RefCell<Option<View>>,
    /// What the tray shows now, and whether on something dark.
    shown_tray: RefCell<Option<(TrayView, bool)>>,
    exchange: RefCell<Option<Exchange>>,
    timer: Timer,
    /// The desktop's services; nothing is asked of them before there is something to ask.
    desktop: RefCell<Option<Desktop>>,
    /// Which logo is shown.
    logo: RefCell<Option<String>>,
    folder: std::path::PathBuf,
}

impl Shell {
    /// Connects what the person does with what is decided.
    fn connect(self: &Rc<Self>) {
        let window = &self.window;
        let on = |work: fn(&Rc<Self>, i32)| {
            let shell = Rc::downgrade(self);
            move |index| {
                if let Some(shell) = shell.upgrade() {
                    work(&shell, index);
                }
            }
        };
        window.on_pressed(on(|shell, index| {
            let act = shell.shown_act(|view| Some(view.buttons.get(at(index))?.act.clone()));
            shell.act_if(act);
        }));
        window.on_link(on(|shell, index| {
            let act = shell.shown_act(|view| Some(view.links.get(at(index))?.act.clone()));
            shell.act_if(act);
        }));
        window.on_row_chosen(on(|shell, index| {
            let act = shell.shown_act(|view| {
                let choice = view.stores.get(at(index))?.choice.as_ref()?;
                Some(choice.act.clone())
            });
            shell.act_if(act);
        }));
        let plain = |work: fn(&Rc<Self>)| {
            let shell = Rc::downgrade(self);
            move || {
                if let Some(shell) = shell.upgrade() {
                    work(&shell);
                }
            }
        };
        window.on_accepted(plain(|shell| {
            let act = shell.shown_act(|view| {
                let button = view.buttons.iter().find(|button| button.default);
                button.map(|button| button.act.clone())
            });
            shell.act_if(act);
        }));
        window.on_edited(plain(|shell| shell.measure()));
        window.on_escaped(plain(|shell| {
            let act = shell.shown_act(View::safe_act);
            shell.act_if(act);
        }));
        window.on_left(on(|shell, slot| {
            let slot = at(slot);
            let any = !shell.typed(slot).is_empty();
            shell.take(Input::Left { slot, any });
        }));
        let shell = Rc::downgrade(self);
        window.on_key(move |text, shift| {
            if let Some(shell) = shell.upgrade()
                && let Some(caps) = caps_lock(&text, shift)
            {
                shell.window.set_caps(caps);
            }
        });
        window.on_secret_focus(platform::keep_keys_secret);
        let shell = Rc::downgrade(self);
        window.window().on_close_requested(move || {
            if let Some(shell) = shell.upgrade() {
                shell.take(Input::Closed);
            }
            slint::CloseRequestResponse::HideWindow
        });
        if let Some(tray) = &self.tray {
            tray.on_acted(plain(|shell| {
                let action = shell.core.borrow().tray().action;
                shell.act_if(action.map(|choice| choice.act));
            }));
            tray.on_chosen(on(|shell, index| {
                let menu = shell.core.borrow().tray().menu;
                shell.act_if(menu.into_iter().nth(at(index)).map(|choice| choice.act));
            }));
            tray.on_chosen_more(on(|shell, index| {
                let act = MORE.get(at(index)).map(|(_, act)| act.clone());
                shell.act_if(act);
            }));
            tray.on_opened(plain(|shell| shell.act(Act::OpenNeeded)));
        }
    }

    fn shown_act(&self, find: impl FnOnce(&View) -> Option<Act>) -> Option<Act> {
        self.shown.borrow().as_ref().and_then(find)
    }

    fn act_if(self: &Rc<Self>, act: Option<Act>) {
        if let Some(act) = act {
            self.act(act);
        }
    }

    fn act(self: &Rc<Self>, act: Act) {
        let filled = self.filled();
        self.take(Input::Act { act, filled });
    }

    /// What the fields hold, as far as the core may know.
    fn filled(&self) -> [Filled; SLOTS] {
        std::array::from_fn(|slot| {
            let typed = self.typed(slot);
            let secret = self.shown.borrow().as_ref().is_none_or(|view| {
                let field = view.fields.iter().find(|field| field.slot == slot);
                field.is_none_or(|field| field.secret)
            });
            Filled {
                any: !typed.is_empty(),
                text: if secret { String::new() } else { typed.into() },
            }
        })
    }

    fn typed(&self, slot: usize) -> SharedString {
        match slot {
            0 => self.window.get_typed_0(),
            1 => self.window.get_typed_1(),
            _ => self.window.get_typed_2(),
        }
    }

    fn secret(&self, slot: usize) -> Secret {
        Secret::copy_of(self.typed(slot).as_bytes())
    }

    fn fill(&self, slot: usize, text: &str) {
        match slot {
            0 => self.window.set_typed_0(text.into()),
            1 => self.window.set_typed_1(text.into()),
            _ => self.window.set_typed_2(text.into()),
        }
    }

    /// Judges a new password while it is typed, where rules are shown.
    fn measure(self: &Rc<Self>) {
        let fields = self.shown_fields();
        let (current, new, repeat) = match fields {
            3 => (Some(self.secret(0)), self.secret(1), self.secret(2)),
            2 => (None, self.secret(0), self.secret(1)),
            _ => return,
        };
        let standard = self.core.borrow().standard();
        let measured = rules::measure(&standard, current.as_ref(), &new, &repeat);
        self.take(Input::Measured(measured));
    }

    /// How many fields there are beside rules.
    fn shown_fields(&self) -> usize {
        let shown = self.shown.borrow();
        let with_rules = shown.as_ref().filter(|view| !view.rules.is_empty());
        with_rules.map_or(0, |view| view.fields.len())
    }

    fn take(self: &Rc<Self>, input: Input) {
        if let Input::Status(status) = &input {
            self.look_for_logo(status.organisation.as_ref());
        }
        let effects = self.core.borrow_mut().step(now(), input);
        self.draw();
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn draw(&self) {
        let core = self.core.borrow();
        let view = core.view();
        if let Some(view) = &view
            && self.shown.borrow().as_ref() != Some(view)
        {
            drawing::draw(&self.window, view, core.words());
            self.fit_soon();
        }
        *self.shown.borrow_mut() = view;
        if let Some(tray) = &self.tray {
            let drawn = (core.tray(), platform::dark_bar(tray.get_dark()));
            // The desktop lays the whole menu out again for whatever is set.
            if self.shown_tray.borrow().as_ref() != Some(&drawn) {
                let more = MORE.map(|(label, _)| core.words().say(label));
                drawing::draw_tray(tray, &drawn.0, &more, drawn.1);
                *self.shown_tray.borrow_mut() = Some(drawn);
            }
        }
    }

    /// What is laid out is known after this turn of the loop.
    fn fit_soon(&self) {
        let window = self.window.as_weak();
        Timer::single_shot(Duration::ZERO, move || {
            if let Some(window) = window.upgrade() {
                drawing::fit(&window);
            }
        });
    }

    fn carry_out(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Show { asked } => self.show(asked),
            Effect::Hide => {
                drawing::clear(&self.window, self.core.borrow().words());
                // A window that was never shown hides as well.
                let _hidden = self.window.hide();
                platform::keep_keys_secret(false);
            }
            Effect::Fill { slot, text } => self.fill(slot, &text),
            Effect::Clear => {
                (0..SLOTS).for_each(|slot| self.fill(slot, ""));
                self.window.invoke_forget();
            }
            Effect::ClearOne(slot) => self.fill(slot, ""),
            Effect::Focus => self.focus(),
            Effect::Ask(ask) => match Exchange::begin(ask, post) {
                Ok(exchange) => *self.exchange.borrow_mut() = Some(exchange),
                Err(fault) => self.take(Input::Broken(Fault::new(Code::Internal, fault))),
            },
            Effect::Give(slot) => {
                let secret = self.secret(slot);
                if let Some(exchange) = &*self.exchange.borrow() {
                    exchange.give(secret);
                }
            }
            Effect::Reply(reply) => {
                if let Some(exchange) = &*self.exchange.borrow() {
                    exchange.reply(reply);
                }
            }
            Effect::Notify(notice) => self.with_desktop(|desktop| desktop.notify(notice)),
            Effect::Withdraw => {
                // Where nothing was asked of it yet, nothing is shown.
                if let Some(desktop) = &mut *self.desktop.borrow_mut() {
                    desktop.withdraw();
                }
            }
            Effect::Copy(text) => platform::copy(&text),
            Effect::OpenPortal => {
                if let Some(address) = self.core.borrow().portal() {
                    platform::open(address);
                }
            }
            Effect::ListAsides => self.in_background(|| {
                let listed = keyring::list();
                Input::Asides(listed.unwrap_or_default())
            }),
            Effect::ListComputers => self.in_background_maybe(|| {
                let told = Agent::connect().and_then(|mut agent| agent.computers());
                told.ok().map(|(all, as_of)| Input::Computers(all, as_of))
            }),
            Effect::Try(slot) => {
                let typed = self.secret(slot);
                self.in_background(move || {
                    let tried = Agent::connect().and_then(|mut agent| agent.try_password(&typed));
                    Input::Tried(match tried {
                        Ok(()) => Some(Ok(())),
                        // What is no rule's fault says nothing of the password.
                        Err(fault) if fault.code.number() / 1000 == 3 => Some(Err(fault.code)),
                        Err(_) => None,
                    })
                });
            }
            Effect::Reopen { which } => {
                let typed = self.secret(0);
                self.in_background(move || Input::Reopened(keyring::reopen(&which, || Ok(typed))));
            }
            Effect::RemoveAside { which } => {
                self.in_background(move || {
                    Input::Removed(keyring::remove(&which, false).map(drop))
                });
            }
            Effect::Remember(kept) => {
                if let Err(fault) = memory::save(&self.folder, &kept) {
                    eprintln!("lockstep-app: {}: {fault}", self.folder.display());
                }
            }
            Effect::WakeAt(at) => self.wake_at(at),
            Effect::LookAround => self.with_desktop(Desktop::look_around),
            Effect::Quit => {
                // At the end of the loop nothing is left to do.
                let _gone = slint::quit_event_loop();
            }
        }
    }

    /// Brings the window up; without the keyboard, unless the person asked for it.
    fn show(&self, asked: bool) {
        if let Err(fault) = platform::show(&self.window, asked) {
            eprintln!("lockstep-app: {fault}");
        }
        self.fit_soon();
    }

    /// Puts the keyboard into the first field that is empty or at fault, or on the default button.
    fn focus(&self) {
        let shown = self.shown.borrow();
        let Some(view) = shown.as_ref() else {
            return;
        };
        let slot = view.field_in_turn(|slot| self.typed(slot).is_empty());
        drawing::focus(&self.window, slot);
    }

    fn wake_at(self: &Rc<Self>, at: Timestamp) {
        let after = u64::try_from(at.0 - now().0).unwrap_or_default();
        self.timer.start(
            TimerMode::SingleShot,
            Duration::from_millis(after.max(1)),
            || {
                let shell = SHELL.with(|it| it.borrow().clone());
                if let Some(shell) = shell {
                    shell.take(Input::Tick);
                }
            },
        );
    }

    /// The desktop's services, once they are needed.
    fn with_desktop(&self, work: impl FnOnce(&mut Desktop)) {
        let mut desktop = self.desktop.borrow_mut();
        work(desktop.get_or_insert_with(|| {
            Desktop::new(post_act, |around| post(Input::Surroundings(around)))
        }));
    }

    fn in_background(&self, work: impl FnOnce() -> Input + Send + 'static) {
        self.in_background_maybe(move || Some(work()));
    }

    fn in_background_maybe(&self, work: impl FnOnce() -> Option<Input> + Send + 'static) {
        let started = line::thread("work", move || {
            if let Some(input) = work() {
                post(input);
            }
        });
        if let Err(fault) = started {
            eprintln!("lockstep-app: {fault}");
        }
    }

    /// Fetches the logo, where there is another one than that which is shown.
    fn look_for_logo(&self, organisation: Option<&lockstep_protocol::api::Organisation>) {
        let wanted = organisation.and_then(|it| it.logo.clone());
        if *self.logo.borrow() == wanted {
            return;
        }
        (*self.logo.borrow_mut()).clone_from(&wanted);
        if wanted.is_none() {
            drawing::set_logo(&self.window, &[]);
            return;
        }
        let fetched = line::logo(|png| {
            with_shell(move |shell| drawing::set_logo(&shell.window, &png));
        });
        if let Err(fault) = fetched {
            eprintln!("lockstep-app: {fault}");
        }
    }
}

/// What stands below the line in the tray's menu.
const MORE: [(&str, Act); 3] = [
    ("menu-help", Act::OpenHelp),
    ("menu-about", Act::OpenAbout),
    ("menu-quit", Act::Quit),
];

fn at(index: i32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// Whether Caps Lock is on, as far as a key tells.
fn caps_lock(key: &str, shift: bool) -> Option<bool> {
    let mut letters = key.chars();
    let letter = letters.next().filter(|_| letters.next().is_none())?;
    if letter.is_uppercase() {
        Some(!shift)
    } else if letter.is_lowercase() {
        Some(shift)
    } else {
        None
    }
}

/// Something that is not the same everywhere; it keeps nothing secret.
fn luck() -> u64 {
    u64::from(std::process::id()) ^ u64::try_from(now().0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_lock_is_told_by_the_letters_that_come() {
        assert_eq!(caps_lock("A", false), Some(true));
        assert_eq!(caps_lock("a", true), Some(true));
        assert_eq!(caps_lock("a", false), Some(false));
        assert_eq!(caps_lock("1", false), None);
        assert_eq!(caps_lock("", false), None);
    }
}
