//! What a window, the tray and a notification show: values, made by the [core](crate::core) and
//! drawn by the [shell](crate::shell). No value here holds a secret.

use lockstep_model::StoreKind;

/// Every window of the app. The number is that of its design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Page {
    /// W1: "Your password changed".
    Changed,
    /// Between W1 and W2: the code of a second factor.
    Code,
    /// An own password in place of an issued one.
    Own,
    /// W2: "One more password".
    Old,
    /// W3: "Without your old password".
    Cost,
    /// W4: "Bringing your computer in step…".
    Work,
    /// W5: "Your computer is in sync".
    InSync,
    /// W6: "Sync stopped".
    Stopped,
    /// W7: "You're offline".
    Offline,
    /// W8: "Status".
    Status,
    /// W9: "Change password".
    Change,
    /// W10: "Open your old keychain".
    Aside,
    /// W11: "Link this computer".
    Link,
    /// W12: "You didn't change it?".
    Disown,
    /// W13: "About Lockstep".
    About,
    /// W13: "Get help".
    Help,
}

/// What one window shows.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Which window.
    pub page: Page,
    /// What the window manager shows.
    pub title: String,
    /// Who asks whom, above everything else.
    pub head: Head,
    /// The window's heading.
    pub heading: String,
    /// What stands in the way of everything in this window; read out at once.
    pub banner: Option<String>,
    /// Sentences below the heading.
    pub lines: Vec<Line>,
    /// What can be looked at besides.
    pub links: Vec<Choice>,
    /// What has to be typed: at most three.
    pub fields: Vec<Field>,
    /// The rules of a new password, ticked while it is typed.
    pub rules: Vec<Row>,
    /// The same in a sentence, for whoever doesn't see the ticks.
    pub rules_told: Option<String>,
    /// How strong a new password is; advice only.
    pub strength: Option<Strength>,
    /// How far the work has come.
    pub bar: Option<Bar>,
    /// Store by store.
    pub stores: Vec<Row>,
    /// A list below the stores: computers, or what was found.
    pub list: Option<List>,
    /// A sentence below everything.
    pub foot: Option<String>,
    /// Whom to ask.
    pub help: String,
    /// From left to right; the last is the rightmost.
    pub buttons: Vec<Button>,
}

/// Who asks whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The organisation, or the product where there is none yet.
    pub org: String,
    /// "anna on desk", or nothing.
    pub who: String,
    /// "Your phrase: …", only where a password is asked for.
    pub phrase: Option<String>,
    /// What a screen reader calls the logo.
    pub logo: String,
}

/// A sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The words.
    pub text: String,
    /// How they look.
    pub tone: Tone,
}

/// How words look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// As text.
    Plain,
    /// Less than that.
    Muted,
    /// Heavier.
    Strong,
    /// As something to be copied: a code.
    Mono,
    /// Well.
    Ok,
    /// Under way.
    Accent,
    /// It needs somebody.
    Warn,
    /// It went wrong.
    Bad,
}

/// Something to type into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Which slot holds what is typed.
    pub slot: usize,
    /// What it is, above it.
    pub label: String,
    /// What is to be known beforehand, below it.
    pub hint: String,
    /// What was wrong with the last answer, in place of the hint.
    pub fault: String,
    /// Whether it is a secret.
    pub secret: bool,
    /// What screen readers call the button that shows it.
    pub show_name: String,
}

/// One row of a list: a shape, a name, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What tells the state without colour.
    pub shape: Shape,
    /// Its colour.
    pub tone: Tone,
    /// What it is.
    pub name: String,
    /// How it stands.
    pub state: String,
    /// What can be done about it.
    pub choice: Option<Choice>,
}

/// What tells a state without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A disc with a tick.
    Tick,
    /// A hollow circle.
    Hollow,
    /// A half disc.
    Half,
    /// A diamond.
    Diamond,
    /// A triangle with "!".
    Triangle,
    /// A box.
    Box,
    /// A slashed circle.
    Slashed,
    /// A dash.
    Dash,
}

/// A list with a heading of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its heading.
    pub heading: String,
    /// Its rows.
    pub rows: Vec<Row>,
    /// What is said where there are none.
    pub empty: String,
}

/// How strong a password is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strength {
    /// Segments of four.
    pub segments: u8,
    /// The same in a word: "Strength: good".
    pub word: String,
    /// One tip, or nothing.
    pub tip: String,
}

/// How far the work has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Of the whole.
    pub fraction: f32,
    /// The same in words: "Step 3 of 9".
    pub name: String,
}

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its words.
    pub label: String,
    /// What it does.
    pub act: Act,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// Its words.
    pub label: String,
    /// What it does.
    pub act: Act,
    /// Whether Return presses it.
    pub default: bool,
    /// Whether something is on its way; it can't be pressed again meanwhile.
    pub busy: bool,
    /// Whether it does what can't be undone.
    pub danger: bool,
}

/// Everything that a person can do with a mouse or a key, beside typing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Not now.
    Later,
    /// Go on with what was typed.
    Next,
    /// One window back.
    Back,
    /// Go on at that cost.
    Accept,
    /// Close the window; the work goes on.
    Hide,
    /// Close the window.
    Close,
    /// Once more.
    TryAgain,
    /// Put the details, which hold no secret, on the clipboard.
    CopyDetails,
    /// Show or hide where a change came from.
    Details,
    /// "This wasn't me".
    NotMe,
    /// Lock the account and report.
    Report,
    /// Open the status.
    OpenStatus,
    /// Open the change of the password.
    OpenChange,
    /// Open the window that the present state calls for.
    OpenNeeded,
    /// Open what asks for the new password, even if the last sync stopped.
    OpenConfirm,
    /// Open the linking of this computer.
    OpenLink,
    /// Open the portal.
    OpenPortal,
    /// Open the help.
    OpenHelp,
    /// Open what tells of the app.
    OpenAbout,
    /// Open a keychain that was set aside.
    OpenAside {
        /// Which.
        which: String,
    },
    /// Ask whether its old copy is to go.
    AskRemove,
    /// Remove it.
    Remove,
    /// Yes, that is the organisation.
    Yes,
    /// No, it isn't.
    No,
    /// Another suggestion for the phrase.
    Another,
    /// Examine this computer.
    Examine,
    /// Quit the app.
    Quit,
}

/// The tray.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrayView {
    /// Which picture.
    pub icon: Icon,
    /// The status line of the menu.
    pub line: String,
    /// What is shown when the pointer rests on it, and what it is called.
    pub tooltip: String,
    /// What the state calls for.
    pub action: Option<Choice>,
    /// The menu's other entries.
    pub menu: Vec<Choice>,
}

/// The tray's pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Icon {
    /// A single bar.
    NotLinked,
    /// Level, three dots below.
    Working,
    /// Uneven, a triangle.
    Problem,
    /// Hollow, a slash.
    Offline,
    /// Uneven, a diamond.
    NeedsYou,
    /// Level, a clock.
    Expiring,
    /// Level.
    InSync,
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its title; no user name, address or phrase.
    pub title: String,
    /// Its body; the same.
    pub body: String,
    /// What clicking it does.
    pub open: Act,
    /// The word for that, where the desktop shows one.
    pub open_label: String,
    /// Its button.
    pub button: Option<Choice>,
}

/// The order in which stores are shown.
pub const STORES: [StoreKind; 3] = [StoreKind::Account, StoreKind::Keychain, StoreKind::Disk];

impl View {
    /// A window with nothing in it but its title.
    #[must_use]
    pub fn blank(page: Page, title: String) -> Self {
        Self {
            page,
            title,
            head: Head::default(),
            heading: String::new(),
            banner: None,
            lines: Vec::new(),
            links: Vec::new(),
            fields: Vec::new(),
            rules: Vec::new(),
            rules_told: None,
            strength: None,
            bar: None,
            stores: Vec::new(),
            list: None,
            foot: None,
            help: String::new(),
            buttons: Vec::new(),
        }
    }

    /// The field that gets the keyboard: the first at fault, else the first that is empty. Where there
    /// is none, the default button gets it.
    #[must_use]
    pub fn field_in_turn(&self, is_empty: impl Fn(usize) -> bool) -> Option<usize> {
        let faulty = self.fields.iter().find(|field| !field.fault.is_empty());
        let empty = || self.fields.iter().find(|field| is_empty(field.slot));
        faulty.or_else(empty).map(|field| field.slot)
    }

    /// What Escape does: the button that does nothing, or the only one.
    #[must_use]
    pub fn safe_act(&self) -> Option<Act> {
        let safe = |button: &&Button| {
            matches!(
                button.act,
                Act::Later | Act::Close | Act::Hide | Act::Back | Act::No
            )
        };
        let button = self.buttons.iter().find(safe);
        Some(button.map_or(Act::Close, |button| button.act.clone()))
    }
}
