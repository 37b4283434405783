//! Setting a directory up: keys, certificate, configuration, database, and the first admin.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use lockstep_model::password::Policy;
use lockstep_model::{Ksf, PersonId, Timestamp};
use lockstep_protocol::api::me::Role;
use lockstep_protocol::api::public::LinkKind;
use lockstep_protocol::api::{ItContact, Organisation};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::config::{Config, Files, Rules, Tls, host};
use crate::core::names::{self, UserName};
use crate::http::{INVITATION_MS, activation_link, now};
use crate::keys::Keys;
use crate::storage::audit::{self, Action, Entry};
use crate::storage::{Storage, commit, people};
use crate::tokens;

/// What an admin has to say.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The one public address.
    pub url: String,
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// The organisation's name.
    pub organisation: String,
    /// Whom people ask for help.
    pub it_contact: ItContact,
    /// The first admin's user name.
    pub admin: String,
    /// The key stretching of new passwords.
    pub ksf: Ksf,
}

/// Sets a directory up in an empty or new folder and gives the first admin's activation link.
///
/// # Errors
///
/// Any fault ends it and leaves nothing behind; a folder that isn't empty is refused untouched.
pub async fn init(files: &Files, answers: Answers) -> anyhow::Result<String> {
    let Some(host) = host(&answers.url) else {
        bail!("--url must be https://host[:port], without a path");
    };
    let admin = UserName::choose(&answers.admin)
        .map_err(|_| anyhow::anyhow!("--admin: a user name has only a-z, 0-9, dot, dash, _"))?;
    if std::fs::read_dir(&files.folder).is_ok_and(|mut inside| inside.next().is_some()) {
        bail!(
            "{} is not empty: is there a directory already?",
            files.folder.display()
        );
    }
    let config = Config {
        url: answers.url.clone(),
        realm: uuid::Uuid::new_v4().to_string(),
        listen: answers.listen,
        tls: Tls {
            certificate: PathBuf::from("tls.pem"),
            key: PathBuf::from("tls.key"),
            authority: Some(PathBuf::from("ca.pem")),
        },
        ksf: answers.ksf,
        organisation: Organisation {
            name: names::display_name(&answers.organisation)
                .map_err(|_| anyhow::anyhow!("--organisation: 1 to 128 characters"))?
                .to_owned(),
            it_contact: answers.it_contact,
            policy: Policy::default(),
        },
        rules: Rules::default(),
    };
    config.check()?;
    // Made beside its place and moved there whole: after any failure `init` can be run again.
    let making = Files {
        folder: beside(&files.folder)?,
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&making.folder)
        .with_context(|| format!("can't make {}", making.folder.display()))?;
    let made = fill(&making, &config, &admin, host).await;
    let moved = match &made {
        Ok(_) => std::fs::rename(&making.folder, &files.folder)
            .with_context(|| format!("can't make {}", files.folder.display())),
        Err(_) => Ok(()),
    };
    if made.is_err() || moved.is_err() {
        std::fs::remove_dir_all(&making.folder)?;
    }
    moved?;
    made
}

async fn fill(
    files: &Files,
    config: &Config,
    admin: &UserName,
    host: &str,
) -> anyhow::Result<String> {
    make_certificate(files, &config.tls, host)?;
    write_new(
        &files.config(),
        toml::to_string_pretty(config)?.as_bytes(),
        0o600,
    )?;
    Keys::fresh()?.save(&files.keys())?;
    let link = first_admin(files, config, admin).await?;
    std::fs::File::open(&files.folder)?.sync_all()?;
    Ok(link)
}

/// A name in the same folder, so that moving is one step.
fn beside(folder: &Path) -> anyhow::Result<PathBuf> {
    let name = folder
        .file_name()
        .context("--data names no folder")?
        .to_string_lossy();
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    Ok(parent
        .unwrap_or(Path::new("."))
        .join(format!(".{name}.{}", std::process::id())))
}

async fn first_admin(files: &Files, config: &Config, admin: &UserName) -> anyhow::Result<String> {
    let storage = Storage::create(&files.database()).await?;
    let at = now();
    let person = PersonId::fresh();
    let token = tokens::fresh();
    let mut write = storage.write().await?;
    people::add(&mut write, person, admin, admin.as_str(), Role::Owner, at).await?;
    let expires_at = Timestamp(at.0 + INVITATION_MS);
    let hash = tokens::hash(&token);
    people::add_link(&mut write, person, &hash, LinkKind::Invitation, expires_at).await?;
    let entry = Entry {
        at,
        actor: "directory",
        action: Action::DirectoryInitialised,
        subject: admin.as_str(),
        address: "local",
        result: Ok(()),
    };
    audit::append(&mut write, entry).await?;
    commit(write).await?;
    storage.close().await;
    Ok(activation_link(&config.url, &token).0)
}

/// Makes an authority of this directory's own and one certificate by it.
///
/// An organisation with a certificate of its own puts it into `tls.pem` and `tls.key` and removes
/// `authority` from the configuration.
fn make_certificate(files: &Files, tls: &Tls, host: &str) -> anyhow::Result<()> {
    let ca_key = KeyPair::generate()?;
    let mut ca = CertificateParams::default();
    ca.distinguished_name
        .push(DnType::CommonName, "Lockstep directory");
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_certificate = ca.self_signed(&ca_key)?;
    let issuer = Issuer::new(ca, ca_key);

    let key = KeyPair::generate()?;
    let mut leaf = CertificateParams::new(vec![host.to_owned()])?;
    leaf.distinguished_name.push(DnType::CommonName, host);
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&key, &issuer)?;

    let authority = tls.authority.as_deref().unwrap_or(Path::new("ca.pem"));
    write_new(
        &files.named(authority),
        ca_certificate.pem().as_bytes(),
        0o644,
    )?;
    write_new(&files.named(&tls.certificate), leaf.pem().as_bytes(), 0o644)?;
    write_new(
        &files.named(&tls.key),
        key.serialize_pem().as_bytes(),
        0o600,
    )
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("can't write {}", path.display()))
}
