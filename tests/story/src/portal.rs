//! The portal: in a real browser, or by the interface that the browser uses.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use lockstep_client::transport::{Trust, read_authority};
use lockstep_client::{Client, Fault, From};
use lockstep_model::password::Password;
use lockstep_model::{Secret, Stamp};
use lockstep_opaque::Identifiers;
use lockstep_opaque::client::{Proof, Registration, Terms};
use lockstep_opaque::stretch::{Place, Stretch};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::Credential;
use lockstep_protocol::api::me::{
    Me, PasswordChanged, PasswordFinish, PasswordStart, PasswordStarted,
};
use serde_json::Value;

use crate::directory::Directory;

/// Has a real browser do one thing in the portal; gives what it saw.
///
/// # Errors
///
/// With what the page said.
pub fn browse(what: &str, said: &Value) -> anyhow::Result<Value> {
    let folder = crate::repository().join("tests/browser");
    let mut child = Command::new("node")
        .arg("drive.mjs")
        .arg(what)
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("can't run node")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(said.to_string().as_bytes())?;
    }
    let done = child.wait_with_output()?;
    if !done.status.success() {
        bail!(
            "the browser: {}",
            String::from_utf8_lossy(&done.stderr).trim()
        );
    }
    let out = String::from_utf8_lossy(&done.stdout);
    serde_json::from_str(out.lines().last().unwrap_or_default())
        .with_context(|| format!("the browser printed no JSON: {out}"))
}

/// Has a person change the password in the portal, by its interface.
///
/// # Errors
///
/// When it is refused.
pub fn change(directory: &Directory, user: &str, from: &str, to: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let portal = Visitor::sign_in(directory, user, from).await?;
        portal.change(from, to).await?;
        Ok(())
    })
}

/// A person signed in to the portal's interface.
pub struct Visitor {
    client: Client,
    token: Secret,
}

/// A change of the password that is ready to be committed.
pub struct ReadyChange {
    finish: PasswordFinish,
}

impl Visitor {
    /// Signs in.
    ///
    /// # Errors
    ///
    /// The directory's.
    pub async fn sign_in(directory: &Directory, user: &str, password: &str) -> Result<Self, Fault> {
        let authority = read_authority(&directory.authority())?;
        let client = Client::new(&directory.url, &Trust::Pinned(authority))?;
        let token = client
            .sign_in(user, &Secret::copy_of(password.as_bytes()))
            .await?;
        Ok(Self { client, token })
    }

    /// What the person sees.
    ///
    /// # Errors
    ///
    /// The directory's.
    pub async fn me(&self) -> Result<Me, Fault> {
        self.client.get(From::Session(&self.token), "/me").await
    }

    /// Proves the current password and prepares the new one.
    ///
    /// # Errors
    ///
    /// The directory's, or a client's fault in words.
    pub async fn prepare(&self, current: &str, new: &str) -> anyhow::Result<ReadyChange> {
        let (proof, request) = Proof::start(normal(current)?)?;
        let (registration, registration_request) = Registration::start(normal(new)?)?;
        let start = PasswordStart {
            request: Bytes(request),
            registration_request: Bytes(registration_request),
        };
        let from = From::Session(&self.token);
        let started: PasswordStarted = self.client.post(from, "/me/password/start", &start).await?;
        let proved = with_terms(&started.credential, |terms| {
            Ok(proof.finish(started.response.as_slice(), terms)?)
        })?;
        let record = with_terms(&started.new_credential, |terms| {
            Ok(registration.finish(started.registration_response.as_slice(), terms)?)
        })?;
        let finish = PasswordFinish {
            attempt: started.attempt,
            finish: Bytes(proved.message),
            registration_record: Bytes(record),
        };
        Ok(ReadyChange { finish })
    }

    /// Commits a prepared change.
    ///
    /// # Errors
    ///
    /// The directory's.
    pub async fn commit(&self, ready: &ReadyChange) -> Result<Stamp, Fault> {
        let from = From::Session(&self.token);
        let changed: PasswordChanged = self
            .client
            .post(from, "/me/password/finish", &ready.finish)
            .await?;
        Ok(changed.stamp)
    }

    /// Changes the password.
    ///
    /// # Errors
    ///
    /// The directory's, or a client's fault in words.
    pub async fn change(&self, current: &str, new: &str) -> anyhow::Result<Stamp> {
        let ready = self.prepare(current, new).await?;
        Ok(self.commit(&ready).await?)
    }
}

impl ReadyChange {
    /// Replaces the proof by one that holds nothing.
    #[must_use]
    pub fn without_proof(mut self) -> Self {
        self.finish.finish = Bytes(vec![0; self.finish.finish.0.len()]);
        self
    }
}

fn normal(password: &str) -> anyhow::Result<Password> {
    Password::normalise(&Secret::copy_of(password.as_bytes()))
        .map_err(|code| anyhow::anyhow!("{code}"))
}

fn with_terms<T>(
    credential: &Credential,
    step: impl FnOnce(&Terms<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let stretch = Stretch::new(credential.ksf, Place::Here)?;
    step(&Terms {
        identifiers: Identifiers {
            client: &credential.client_identifier,
            server: &credential.server_identifier,
        },
        stretch: &stretch,
        context: None,
        server_key: None,
    })
}
