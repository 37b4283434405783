//! A person in front of a device: a display, a window manager, a tray, a screen reader, and the app.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::{Daemon, Device, LabError, Speaker, tools};

/// Where the display is; each device has files of its own.
const DISPLAY: &str = ":0";

/// A person in front of a device. All of it ends when this is dropped, or with the device.
#[derive(Debug)]
pub struct Desktop {
    account: String,
    bus: String,
    app: Option<Daemon>,
    /// The tray and the notifications, as `lockstep-lab tray` sees them.
    pub tray: Speaker,
    /// The windows, as `lockstep-lab reader` sees them.
    pub reader: Speaker,
    _parts: [Daemon; 3],
}

impl Desktop {
    /// Starts it for an account that is logged in: `bus` is the address of its session bus. The app
    /// is not started.
    ///
    /// # Errors
    ///
    /// [`LabError::NotReady`] with the log of what doesn't start.
    pub fn start(device: &Device, account: &str, bus: &str) -> Result<Self, LabError> {
        device.shell("install -d -m 1777 /tmp/.X11-unix")?;
        let command = |program: &str| command(device, account, bus, program);
        // Abstract sockets belong to the network, which all devices share.
        let mut server = command("Xvfb")?;
        server.args([DISPLAY, "-screen", "0", "1280x800x24", "-noreset"]);
        server.args(["-nolisten", "tcp", "-nolisten", "local"]);
        let server = device.start("xvfb", server, "/tmp/.X11-unix/X0")?;
        let ready = "/tmp/openbox-is-ready";
        let mut manager = command("openbox")?;
        manager.args(["--startup", &format!("touch {ready}")]);
        let manager = device.start("openbox", manager, ready)?;
        let log = |name: &str| device.logs().join(format!("{name}.log"));
        let mut assistive = command("/usr/libexec/at-spi-bus-launcher")?;
        assistive.args(["--launch-immediately", "--a11y=1"]);
        let assistive = Daemon::start(assistive, &log("at-spi"))?;
        let speaker = |name: &str| {
            let mut command = command("/x/lockstep-lab")?;
            command.arg(name);
            let speaker = Speaker::start(name, command, &log(name))?;
            speaker.wait_for("ready", |said| (!said.is_empty()).then_some(()))?;
            Ok::<_, LabError>(speaker)
        };
        Ok(Self {
            account: account.to_owned(),
            bus: bus.to_owned(),
            app: None,
            tray: speaker("tray")?,
            reader: speaker("reader")?,
            _parts: [assistive, manager, server],
        })
    }

    /// A command of the person's at this desktop.
    ///
    /// # Errors
    ///
    /// [`LabError::Off`], [`LabError::NoAccount`].
    pub fn command(&self, device: &Device, program: &str) -> Result<Command, LabError> {
        command(device, &self.account, &self.bus, program)
    }

    /// Starts the app as the log-in does, without a window, and waits until its tray is there.
    ///
    /// # Errors
    ///
    /// [`LabError::NotReady`].
    pub fn start_app(&mut self, device: &Device) -> Result<&mut Daemon, LabError> {
        let registered = |said: &[serde_json::Value]| {
            let events = said.iter().map(|line| &line["event"]);
            events.filter(|event| **event == "registered").count()
        };
        let before = registered(&self.tray.said());
        let mut command = self.command(device, "lockstep-app")?;
        command.arg("--hidden");
        let daemon = Daemon::start(command, &device.logs().join("lockstep-app.log"))?;
        let app = self.app.insert(daemon);
        self.tray.wait_for("the app's tray", |said| {
            (registered(said) > before).then_some(())
        })?;
        Ok(app)
    }

    /// The app, if it was started.
    pub const fn app(&mut self) -> Option<&mut Daemon> {
        self.app.as_mut()
    }

    /// Presses keys or does what else xdotool(1) knows; gives what it printed. It must succeed.
    ///
    /// # Errors
    ///
    /// [`LabError::Failed`].
    pub fn xdotool(&self, device: &Device, words: &[&str]) -> Result<String, LabError> {
        let mut command = self.command(device, "timeout")?;
        command.args(["10", "xdotool"]).args(words);
        let what = format!("xdotool {}", words.join(" "));
        Ok(tools::succeed(&what, &mut command, b"")?.trim().to_owned())
    }

    /// The numbers of the windows that can be seen and whose title matches.
    ///
    /// # Errors
    ///
    /// When the display can't be asked; that there is none is no error.
    pub fn windows(&self, device: &Device, title: &str) -> Result<Vec<String>, LabError> {
        let mut command = self.command(device, "timeout")?;
        command.args(["10", "xdotool", "search", "--onlyvisible", "--name", title]);
        let said = tools::run("xdotool search", &mut command, b"")?.text;
        Ok(said.lines().map(str::to_owned).collect())
    }

    /// Types a text, which is on no command line.
    ///
    /// # Errors
    ///
    /// [`LabError::Failed`].
    pub fn types(&self, device: &Device, text: &str) -> Result<(), LabError> {
        let mut command = self.command(device, "timeout")?;
        command.args(["10", "xdotool", "type", "--delay", "5", "--file", "-"]);
        tools::succeed("xdotool type", &mut command, text.as_bytes()).map(drop)
    }

    /// What the clipboard (`clipboard`) or what is selected (`primary`) holds.
    ///
    /// # Errors
    ///
    /// When it can't be asked; that nobody owns it is no error.
    pub fn clipboard(&self, device: &Device, which: &str) -> Result<String, LabError> {
        let mut command = self.command(device, "timeout")?;
        command.args(["10", "xclip", "-o", "-selection", which]);
        Ok(tools::run("xclip", &mut command, b"")?.text)
    }

    /// Puts a text there, as another program does; it holds it in the background.
    ///
    /// # Errors
    ///
    /// When it can't.
    pub fn copies(&self, device: &Device, which: &str, text: &str) -> Result<(), LabError> {
        let mut command = self.command(device, "xclip")?;
        command.args(["-i", "-selection", which]);
        let fault = || LabError::io("xclip");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(fault())?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(text.as_bytes()).map_err(fault())?;
        }
        child.wait().map(drop).map_err(fault())
    }

    /// Has the screen reader do something, and waits until it has: `press`, `focus` or `type`.
    ///
    /// # Errors
    ///
    /// [`LabError::NotReady`] with what is there instead.
    pub fn assist(&mut self, what: &str, name: &str) -> Result<(), LabError> {
        let answers = |said: &[serde_json::Value]| {
            let answer = said.iter().filter(|line| line["event"] == "did");
            answer.map(|line| line["well"] == true).collect::<Vec<_>>()
        };
        let before = answers(&self.reader.said()).len();
        self.reader.tell(&json!({ "do": what, "name": name }))?;
        let wait = format!("{what} {}", if what == "type" { "" } else { name });
        let well = self
            .reader
            .wait_for(&wait, |said| answers(said).get(before).copied())?;
        if well {
            return Ok(());
        }
        let said = self.reader.said();
        Err(LabError::NotReady {
            what: wait,
            log: said.last().map(ToString::to_string).unwrap_or_default(),
        })
    }
}

fn command(device: &Device, account: &str, bus: &str, program: &str) -> Result<Command, LabError> {
    let mut command = device.command_as(account, program)?;
    command
        .env("DISPLAY", DISPLAY)
        .env("DBUS_SESSION_BUS_ADDRESS", bus);
    Ok(command)
}
