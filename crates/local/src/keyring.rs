//! Keyrings that were set aside: `lockstep-keyring` opens them, started as whoever asks.

use std::io::BufReader;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use lockstep_model::{Code, Fault, Secret};
use lockstep_protocol::frame::{Frame, FrameFault};
use lockstep_protocol::keyring::{Answer, Ask, Reopened, Request, SetAside, VERSION};

/// The program, which is installed beside this one.
const PROGRAM: &str = "lockstep-keyring";

/// What the program is told of the session.
const SESSION: [&str; 3] = ["DBUS_SESSION_BUS_ADDRESS", "TZ", "PATH"];

/// What was set aside, the oldest first.
///
/// # Errors
///
/// The program's, or [`Code::HelperUnavailable`].
pub fn list() -> Result<Vec<SetAside>, Fault> {
    let Answer::List { set_aside } = Program::start()?.ask(Ask::List, no_password)? else {
        return Err(another_answer());
    };
    Ok(set_aside)
}

/// Adds what is in one to the present keyring; the old password is asked for once it is of use.
///
/// # Errors
///
/// The program's, that of `password`, or [`Code::ReopenUnfinished`] where it may have begun.
pub fn reopen(
    which: &str,
    password: impl FnOnce() -> Result<Secret, Fault>,
) -> Result<Reopened, Fault> {
    let which = which.to_owned();
    let Answer::Reopened(reopened) = Program::start()?.ask(Ask::Reopen { which }, password)? else {
        return Err(another_answer());
    };
    Ok(reopened)
}

/// Removes one for good, `unopened` with what is in it alone; gives which.
///
/// # Errors
///
/// As of [`list`].
pub fn remove(which: &str, unopened: bool) -> Result<String, Fault> {
    let ask = Ask::Remove {
        which: which.to_owned(),
        unopened,
    };
    let Answer::Removed { which } = Program::start()?.ask(ask, no_password)? else {
        return Err(another_answer());
    };
    Ok(which)
}

/// The program, running.
struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    fn start() -> Result<Self, Fault> {
        let unavailable = |fault: std::io::Error| {
            Fault::new(Code::HelperUnavailable, format!("{PROGRAM}: {fault}"))
        };
        let path = std::env::current_exe()
            .map_err(unavailable)?
            .with_file_name(PROGRAM);
        let session = SESSION
            .into_iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut child = Command::new(path)
            .env_clear()
            .envs(session)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(unavailable)?;
        let output = child.stdout.take();
        let output = output.ok_or_else(|| Fault::new(Code::Internal, "no pipe"))?;
        Ok(Self {
            input: child.stdin.take(),
            child,
            output: BufReader::new(output),
        })
    }

    /// Asks, and hands the old password over once it is of use.
    fn ask(
        mut self,
        ask: Ask,
        password: impl FnOnce() -> Result<Secret, Fault>,
    ) -> Result<Answer, Fault> {
        let request = Request {
            version: VERSION,
            ask,
        };
        let silent = |fault: FrameFault| Fault::new(Code::HelperUnavailable, fault);
        let request = Frame::json(&request).map_err(silent)?;
        self.tell(&request).map_err(silent)?;
        let mut answer = self.answer().map_err(silent)?;
        if answer == Answer::Need {
            let handed = self.tell(&Frame::Secret(password()?));
            // From here on it may have begun.
            let unfinished = |fault: FrameFault| Fault::new(Code::ReopenUnfinished, fault);
            handed.map_err(unfinished)?;
            answer = self.answer().map_err(unfinished)?;
        }
        if let Answer::Failed { code, detail } = answer {
            return Err(Fault::new(code, detail));
        }
        Ok(answer)
    }

    fn tell(&mut self, frame: &Frame) -> Result<(), FrameFault> {
        let input = self.input.as_mut().ok_or(FrameFault::Closed)?;
        frame.write_to(input)
    }

    fn answer(&mut self) -> Result<Answer, FrameFault> {
        Frame::read_from(&mut self.output)?.message()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // At the end of its input it ends, where it hasn't.
        drop(self.input.take());
        let _ended = self.child.wait();
    }
}

fn no_password() -> Result<Secret, Fault> {
    Err(Fault::new(Code::Internal, "no password is needed"))
}

fn another_answer() -> Fault {
    Fault::new(Code::VersionRefused, "an answer to another question")
}
