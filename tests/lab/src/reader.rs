//! A screen reader of the tests' own, run as the person inside a device.
//!
//! It tells the desktop that there is one, and looks at every window of every program whenever one says
//! that something is new, and now and then: standard output gets a JSON line `tree` whenever it is
//! another one, with each element's role, name, description and states, of a field its text and place
//! as well, and a line `told` for whatever a program says by itself.
//! Standard input takes `{"do": WHAT, "name": NAME}`: `press` a button, `focus` a field, `type` a text
//! into what has the keyboard, `pause` looking and `resume` it; each is answered by a line `did`.

use std::collections::HashMap;
use std::error::Error;
use std::io::BufRead as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zbus::blocking::{Connection, MessageIterator, connection};
use zbus::names::BusName;
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Type};
use zbus::{MatchRule, message};

use crate::tray::say;

/// How often the windows are looked at where no program says anything.
const SELDOM: Duration = Duration::from_millis(500);
/// What is said within this time is looked at together.
const TOGETHER: Duration = Duration::from_millis(20);
/// But nothing waits longer than this.
const LONGEST: Duration = Duration::from_millis(200);
/// How soon something is looked for again.
const EVERY: Duration = Duration::from_millis(20);
/// How long something is looked for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Deeper ones are none of the app's.
const DEEPEST: usize = 40;

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
const REGISTRY: &str = "org.a11y.atspi.Registry";
const STATUS: &str = "org.a11y.Status";

/// States that tests look at, by their numbers (AtspiStateType).
const STATES: &[(u32, &str)] = &[
    (1, "active"),
    (7, "editable"),
    (8, "enabled"),
    (11, "focusable"),
    (12, "focused"),
    (24, "sensitive"),
    (25, "showing"),
];

/// Roles that tests look at, by their numbers (AtspiRole).
const ROLES: &[(u32, &str)] = &[
    (23, "window"),
    (27, "image"),
    (29, "label"),
    (31, "list"),
    (32, "list item"),
    (40, "password"),
    (42, "progress bar"),
    (43, "button"),
    (75, "program"),
    (79, "entry"),
];

/// "Type this text" (AtspiKeySynthType).
const TYPE_TEXT: u32 = 4;

/// The roles of what is typed into.
const FIELDS: &[&str] = &["password", "entry"];

/// Places are told from the corner of the screen (AtspiCoordType).
const ON_SCREEN: u32 = 0;

static LOOKING: AtomicBool = AtomicBool::new(true);

/// An element of a window.
#[derive(Clone, Deserialize, Type)]
struct Element {
    program: String,
    path: OwnedObjectPath,
}

/// The bus of what assists.
#[derive(Clone)]
struct Reader {
    bus: Connection,
}

/// Serves until standard input ends.
pub(crate) fn serve() -> Result<(), Box<dyn Error>> {
    let reader = Reader { bus: assist()? };
    let told = reader.hear()?;
    say(&json!({ "event": "ready" }));
    let looking = reader.clone();
    thread::spawn(move || looking.look(&told));
    for line in std::io::stdin().lock().lines() {
        let order: Value = serde_json::from_str(&line?)?;
        let name = order["name"].as_str().unwrap_or_default();
        let done = match order["do"].as_str() {
            Some("press") => patiently(|| reader.press(name)),
            Some("focus") => patiently(|| reader.focus(name)),
            Some("type") => reader.type_text(name),
            Some("pause") => {
                LOOKING.store(false, Ordering::Relaxed);
                Ok(())
            }
            Some("resume") => {
                LOOKING.store(true, Ordering::Relaxed);
                Ok(())
            }
            _ => Err("not understood".into()),
        };
        let why = done.as_ref().err().map(ToString::to_string);
        say(&json!({ "event": "did", "well": done.is_ok(), "why": why }));
    }
    Ok(())
}

/// What is drawn anew meanwhile is not found: somebody who reads looks once more.
fn patiently(mut act: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match act() {
            Err(_) if Instant::now() < deadline => thread::sleep(EVERY),
            done => return done,
        }
    }
}

/// Tells the desktop that somebody needs assistance; gives the bus that is for it.
fn assist() -> Result<Connection, Box<dyn Error>> {
    let session = Connection::session()?;
    let (name, path) = ("org.a11y.Bus", "/org/a11y/bus");
    for property in ["IsEnabled", "ScreenReaderEnabled"] {
        let set = (STATUS, property, zbus::zvariant::Value::from(true));
        let properties = Some("org.freedesktop.DBus.Properties");
        session.call_method(Some(name), path, properties, "Set", &set)?;
    }
    let reply = session.call_method(Some(name), path, Some(name), "GetAddress", &())?;
    let address: String = reply.body().deserialize()?;
    Ok(connection::Builder::address(address.as_str())?.build()?)
}

/// What an event of an element says (`org.a11y.atspi.Event.*`).
type Told = (String, i32, i32, OwnedValue, HashMap<String, OwnedValue>);

impl Reader {
    fn call<B, T>(
        &self,
        element: &Element,
        interface: &str,
        method: &str,
        body: &B,
    ) -> zbus::Result<T>
    where
        B: serde::Serialize + DynamicType,
        T: DeserializeOwned + Type,
    {
        let program = BusName::try_from(element.program.as_str())?;
        let reply =
            self.bus
                .call_method(Some(program), &*element.path, Some(interface), method, body)?;
        reply.body().deserialize()
    }

    /// What the programs say by themselves; gives what wakes whoever looks.
    fn hear(&self) -> zbus::Result<Receiver<()>> {
        let registry = root()?;
        for event in ["object:", "window:", "focus:"] {
            let path = OwnedObjectPath::try_from("/org/a11y/atspi/registry")?;
            let registry = Element {
                path,
                ..registry.clone()
            };
            self.call::<_, ()>(&registry, REGISTRY, "RegisterEvent", &event)?;
        }
        let rule = MatchRule::builder().msg_type(message::Type::Signal).build();
        let signals = MessageIterator::for_match_rule(rule, &self.bus, Some(4096))?;
        let (news, told) = channel();
        thread::spawn(move || {
            for signal in signals.map_while(Result::ok) {
                let header = signal.header();
                let named = |it: Option<&str>| it.unwrap_or_default().to_owned();
                let interface = named(header.interface().map(|it| it.as_str()));
                if interface.starts_with("org.a11y.atspi.Event.") {
                    let member = named(header.member().map(|it| it.as_str()));
                    let body = signal.body();
                    let said = body
                        .deserialize::<Told>()
                        .map(|(what, _, _, value, _)| format!("{what} {value:?}"));
                    say(&json!({ "event": "told", "what": member, "said": said.ok() }));
                    // Whoever looks does so until the end.
                    let _gone = news.send(());
                }
            }
        });
        Ok(told)
    }

    fn look(&self, told: &Receiver<()>) {
        let mut shown = Value::Null;
        loop {
            if LOOKING.load(Ordering::Relaxed) {
                let tree = self.tree();
                if tree != shown {
                    say(&json!({ "event": "tree", "elements": tree }));
                    shown = tree;
                }
            }
            // Seldom, too: programs come and go without a word.
            let mut heard = told.recv_timeout(SELDOM);
            let deadline = Instant::now() + LONGEST;
            while heard.is_ok() && Instant::now() < deadline {
                heard = told.recv_timeout(TOGETHER);
            }
            if heard == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    }

    fn tree(&self) -> Value {
        let elements = self.elements();
        Value::Array(elements.iter().filter_map(|it| self.describe(it)).collect())
    }

    /// Every element of every program, in the order in which they are read.
    fn elements(&self) -> Vec<Element> {
        let mut elements = Vec::new();
        if let Ok(root) = root() {
            self.gather(&root, 0, &mut elements);
        }
        elements
    }

    /// One that went away meanwhile has no children.
    fn gather(&self, of: &Element, depth: usize, elements: &mut Vec<Element>) {
        let children: zbus::Result<Vec<Element>> = self.call(of, ACCESSIBLE, "GetChildren", &());
        for child in children.unwrap_or_default() {
            if depth < DEEPEST {
                elements.push(child.clone());
                self.gather(&child, depth + 1, elements);
            }
        }
    }

    fn name(&self, element: &Element) -> Option<String> {
        let (properties, name) = ("org.freedesktop.DBus.Properties", (ACCESSIBLE, "Name"));
        let name: OwnedValue = self.call(element, properties, "Get", &name).ok()?;
        String::try_from(name).ok()
    }

    /// Everything that a screen reader may say of an element.
    fn describe(&self, element: &Element) -> Option<Value> {
        let properties = "org.freedesktop.DBus.Properties";
        let all: HashMap<String, OwnedValue> =
            self.call(element, properties, "GetAll", &ACCESSIBLE).ok()?;
        let text_of = |name| String::try_from(all.get(name)?.try_clone().ok()?).ok();
        let role: u32 = self.call(element, ACCESSIBLE, "GetRole", &()).ok()?;
        let known = ROLES.iter().find(|(number, _)| *number == role);
        let role = known.map_or_else(|| role.to_string(), |(_, name)| (*name).to_owned());
        let mut said = json!({
            "role": role,
            "name": text_of("Name")?,
            "description": text_of("Description"),
            "id": text_of("AccessibleId"),
            "states": self.states(element)?,
        });
        if FIELDS.contains(&role.as_str()) {
            let text: Option<String> = self
                .call(element, "org.a11y.atspi.Text", "GetText", &(0_i32, -1_i32))
                .ok();
            let attributes: Option<HashMap<String, String>> =
                self.call(element, ACCESSIBLE, "GetAttributes", &()).ok();
            let place: Option<(i32, i32, i32, i32)> = self
                .call(
                    element,
                    "org.a11y.atspi.Component",
                    "GetExtents",
                    &ON_SCREEN,
                )
                .ok();
            said["text"] = json!(text);
            said["attributes"] = json!(attributes);
            said["place"] = json!(place);
        }
        Some(said)
    }

    fn states(&self, element: &Element) -> Option<Vec<&'static str>> {
        let bits: Vec<u32> = self.call(element, ACCESSIBLE, "GetState", &()).ok()?;
        let low = bits.first()?;
        let known = STATES.iter().filter(|(bit, _)| low & (1 << bit) != 0);
        Some(known.map(|(_, name)| *name).collect())
    }

    /// The element of a name that can be seen and does what is wanted.
    fn find(&self, name: &str, wanted: &str) -> Result<Element, Box<dyn Error>> {
        let can = |element: &Element| {
            let interfaces: zbus::Result<Vec<String>> =
                self.call(element, ACCESSIBLE, "GetInterfaces", &());
            interfaces.is_ok_and(|all| all.iter().any(|it| it == wanted))
        };
        let mut elements = self.elements().into_iter();
        let found = elements.find(|it| {
            self.name(it).as_deref() == Some(name)
                && can(it)
                && self.states(it).is_some_and(|all| all.contains(&"showing"))
        });
        found.ok_or_else(|| format!("there is no {name} that has {wanted}").into())
    }

    fn press(&self, name: &str) -> Result<(), Box<dyn Error>> {
        let interface = "org.a11y.atspi.Action";
        let button = self.find(name, interface)?;
        let pressed: bool = self.call(&button, interface, "DoAction", &0_i32)?;
        pressed.then_some(()).ok_or_else(|| "refused".into())
    }

    fn focus(&self, name: &str) -> Result<(), Box<dyn Error>> {
        let interface = "org.a11y.atspi.Component";
        // A label has the same name, but nothing can be typed into it.
        let mut fields = self.elements().into_iter().rev().filter(|it| {
            self.name(it).as_deref() == Some(name)
                && self.states(it).is_some_and(|all| all.contains(&"editable"))
        });
        let field = fields
            .next()
            .ok_or_else(|| format!("there is no field {name}"))?;
        let focused: bool = self.call(&field, interface, "GrabFocus", &())?;
        focused.then_some(()).ok_or_else(|| "refused".into())
    }

    /// Types as the desktop's on-screen keyboard does: the toolkit offers no way to set a field.
    fn type_text(&self, text: &str) -> Result<(), Box<dyn Error>> {
        let path = OwnedObjectPath::try_from("/org/a11y/atspi/registry/deviceeventcontroller")?;
        let keyboard = Element { path, ..root()? };
        let interface = "org.a11y.atspi.DeviceEventController";
        let typed = (0_i32, text, TYPE_TEXT);
        self.call::<_, ()>(&keyboard, interface, "GenerateKeyboardEvent", &typed)?;
        Ok(())
    }
}

/// Above every program.
fn root() -> Result<Element, zbus::zvariant::Error> {
    Ok(Element {
        program: REGISTRY.to_owned(),
        path: OwnedObjectPath::try_from("/org/a11y/atspi/accessible/root")?,
    })
}
