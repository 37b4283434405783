//! The directory as a process, and people and computers in it, made through its own endpoints.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use lockstep_protocol::api::admin::{Enrolment, Invited, NewEnrolment, NewPerson};
use lockstep_protocol::enrolment::EnrolmentString;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use tokio::task::JoinSet;

use crate::device::{Device, Nonce};
use crate::measure::settle_programs;
use crate::person::Person;
use crate::wire::Place;

/// How many connections fill it: enough to keep the machine busy.
const FILLERS: usize = 8;

/// A directory that runs.
pub struct Directory {
    program: PathBuf,
    data: PathBuf,
    child: Child,
    /// Where it is.
    pub place: Place,
    port: u16,
}

/// Somebody with a computer.
pub struct Member {
    /// Who.
    pub person: Person,
    /// Their one computer.
    pub device: Device,
}

impl Directory {
    /// Sets a directory up in a new folder, starts it, and gives the first admin's token.
    ///
    /// The folder should be on the kind of disk that a directory has: each write waits for it.
    ///
    /// # Errors
    ///
    /// When it can't be started.
    pub fn set_up(program: &Path, folder: &Path) -> anyhow::Result<(Self, String)> {
        raise_file_limit()?;
        settle_programs();
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let data = folder.join("directory");
        let listen = format!("127.0.0.1:{port}");
        let url = format!("https://localhost:{port}");
        let done = Command::new(program)
            .args(["init", "--organisation", "Acme", "--it-contact", "Sam Ito"])
            .args(["--it-email", "it@example.org", "--it-phone", "+49 30 1234"])
            .args(["--url", &url, "--listen", &listen, "--data"])
            .arg(&data)
            .output()
            .with_context(|| format!("can't run {}", program.display()))?;
        if !done.status.success() {
            bail!("init: {}", String::from_utf8_lossy(&done.stderr));
        }
        let link = String::from_utf8(done.stdout)?;
        let token = link
            .trim()
            .rsplit_once('#')
            .context("no link")?
            .1
            .to_owned();
        let place = Place::new(port, &data.join("ca.pem"))?;
        let directory = Self {
            child: start(program, &data, port)?,
            program: program.to_owned(),
            data,
            place,
            port,
        };
        Ok((directory, token))
    }

    /// Stops it and starts it again: nothing of the past is left in its memory.
    ///
    /// # Errors
    ///
    /// When it doesn't end well or can't be started.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.stop()?;
        self.child = start(&self.program, &self.data, self.port)?;
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    ///
    /// When it ends otherwise than well.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        kill_process(self.pid()?, Signal::TERM)?;
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            bail!("the directory ended with {status}")
        }
    }

    /// Its process.
    ///
    /// # Errors
    ///
    /// Never for one that runs.
    pub fn pid(&self) -> anyhow::Result<Pid> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        pid.context("no such process")
    }

    /// Fills it: the owner invites people, each activates, and enrols and links one computer.
    ///
    /// # Errors
    ///
    /// When anything is refused.
    pub async fn fill(&self, owner: &str, count: usize) -> anyhow::Result<Vec<Member>> {
        let mut line = self.place.connect().await?;
        let owner = Person::activate(&mut line, "admin", owner).await?;
        let session = Arc::new(owner.session);
        let ask = NewEnrolment {
            uses: u32::try_from(count)?,
            valid_for_s: 3600,
        };
        let made: Enrolment = line.post(Some(&session), "/admin/enrolments", &ask).await?;
        let token = Arc::new(EnrolmentString::decode(made.enrolment.expose())?.token.0);
        let mut filling = JoinSet::new();
        for filler in 0..FILLERS.min(count) {
            let (place, session) = (self.place.clone(), Arc::clone(&session));
            let token = Arc::clone(&token);
            filling.spawn(async move {
                let mut line = place.connect().await?;
                let mut nonce = Nonce::default();
                let mut made = Vec::new();
                for number in (filler..count).step_by(FILLERS) {
                    let ask = NewPerson {
                        user_name: format!("person{number}"),
                        display_name: format!("Person Number {number}"),
                    };
                    let invited: Invited = line.post(Some(&session), "/admin/people", &ask).await?;
                    let link = invited.activation_link.0;
                    let invitation = link.rsplit_once('#').context("no link")?.1;
                    let person = Person::activate(&mut line, &ask.user_name, invitation).await?;
                    let url = place.url();
                    let device =
                        Device::enrol(&mut line, &mut nonce, &url, &token, &person).await?;
                    made.push(Member { person, device });
                }
                anyhow::Ok(made)
            });
        }
        let mut all = Vec::with_capacity(count);
        while let Some(made) = filling.join_next().await {
            all.extend(made??);
        }
        Ok(all)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn start(program: &Path, data: &Path, port: u16) -> anyhow::Result<Child> {
    let mut child = Command::new(program)
        .args(["serve", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(data.with_extension("log"))?)
        .spawn()
        .with_context(|| format!("can't run {}", program.display()))?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if child.try_wait()?.is_some() || Instant::now() > deadline {
            child.kill()?;
            let log = std::fs::read_to_string(data.with_extension("log"))?;
            bail!("the directory does not answer: {log}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(child)
}

/// A connection is a descriptor on either side; the directory inherits the limit.
fn raise_file_limit() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}
