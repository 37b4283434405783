//! The directory's own certificate authority, for organisations that bring no certificate.
//!
//! Devices pin the authority, so the certificate below it can be made anew at any time without their
//! noticing. The authority's key stays in the data directory: it can do no more than the TLS key
//! beside it, since nobody but this directory's devices trusts it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use time::{Duration, OffsetDateTime};

use crate::config::{Config, Files, host};
use crate::metrics::metrics;
use crate::place;

/// How long a certificate is good. Apple's systems take no more than 825 days.
const GOOD_FOR: Duration = Duration::days(365);
/// It is made anew when no more than this is left.
const LEFT: Duration = Duration::days(60);
/// A computer's clock may be behind.
const BACKDATED: Duration = Duration::days(2);

/// Makes an authority, and a certificate by it.
///
/// # Errors
///
/// Files that can't be written, or are there already.
pub fn make(files: &Files, config: &Config) -> anyhow::Result<()> {
    let Some(authority) = &config.tls.authority else {
        return Ok(());
    };
    let key = KeyPair::generate()?;
    // Pinned, and so never renewed: it is good for as long as dates go.
    let certificate = authority_terms().self_signed(&key)?;
    place::new_file(&files.named(authority), certificate.pem().as_bytes(), 0o644)?;
    place::new_file(
        &key_of(&files.named(authority)),
        key.serialize_pem().as_bytes(),
        0o600,
    )?;
    let (leaf, leaf_key) = by(key, config)?;
    place::new_file(
        &files.named(&config.tls.certificate),
        leaf.as_bytes(),
        0o644,
    )?;
    place::new_file(&files.named(&config.tls.key), leaf_key.as_bytes(), 0o600)
}

/// Makes the certificate anew if it is the directory's own and has become old, or is for another
/// host than the configuration says; tells whether it did.
///
/// # Errors
///
/// Unreadable files, or a folder that can't be written.
pub fn renew_if_due(files: &Files, config: &Config) -> anyhow::Result<bool> {
    if !is_own(files, config) {
        return Ok(false);
    }
    match look(files, config, OffsetDateTime::now_utc() + LEFT)? {
        Found::Good => Ok(false),
        Found::Due => {
            renew(files, config)?;
            metrics().certificate_renewed();
            Ok(true)
        }
        Found::Foreign => {
            tracing::warn!(
                "the TLS certificate is not by the authority in directory.toml, so computers refuse \
                 it: remove `authority` there, or run `lockstep-directory renew-certificate`"
            );
            Ok(false)
        }
    }
}

/// Whether the directory has the key to make its certificate anew.
#[must_use]
pub fn is_own(files: &Files, config: &Config) -> bool {
    let authority = config.tls.authority.as_ref();
    authority.is_some_and(|authority| key_of(&files.named(authority)).exists())
}

/// Makes the certificate anew, with a new key.
///
/// # Errors
///
/// No authority's key, or a folder that can't be written.
pub fn renew(files: &Files, config: &Config) -> anyhow::Result<()> {
    let authority = config.tls.authority.as_ref();
    let authority = authority.context("the certificate is not this directory's own")?;
    let file = key_of(&files.named(authority));
    let pem = zeroize::Zeroizing::new(std::fs::read_to_string(&file).with_context(|| {
        format!(
            "{} is missing: only its authority's key renews a certificate",
            file.display()
        )
    })?);
    let (leaf, leaf_key) = by(KeyPair::from_pem(&pem)?, config)?;
    // The server reads both again only when told to; if this is cut in between, the next start finds
    // a pair that does not fit, and makes both anew.
    place::replace_file(&files.named(&config.tls.key), leaf_key.as_bytes(), 0o600)?;
    place::replace_file(
        &files.named(&config.tls.certificate),
        leaf.as_bytes(),
        0o644,
    )
}

/// What the certificate will be at some time, to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Good,
    /// Ours, but too old, for another host, or without its key.
    Due,
    /// Somebody else's: not for us to replace.
    Foreign,
}

fn look(files: &Files, config: &Config, at: OffsetDateTime) -> anyhow::Result<Found> {
    let authority = config.tls.authority.as_ref().context("no authority")?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(files.named(authority))?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
    let chain = CertificateDer::pem_file_iter(files.named(&config.tls.certificate))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let Ok([leaf, above @ ..]) = chain.as_deref() else {
        return Ok(Found::Due);
    };
    let host = host(&config.url).context("`url` names no host")?;
    let name = ServerName::try_from(host).context("`url` names no host")?;
    let at = u64::try_from(at.unix_timestamp()).unwrap_or_default();
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at));
    use rustls::CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext,
    };
    Ok(
        match verifier.verify_server_cert(leaf, above, &name, &[], at) {
            Ok(_) if crate::tls::read(files, config).is_ok() => Found::Good,
            Ok(_)
            | Err(rustls::Error::InvalidCertificate(
                Expired | ExpiredContext { .. } | NotValidForName | NotValidForNameContext { .. },
            )) => Found::Due,
            Err(_) => Found::Foreign,
        },
    )
}

/// A certificate by the authority of that key, and its own key; both as PEM.
fn by(
    authority_key: KeyPair,
    config: &Config,
) -> anyhow::Result<(String, zeroize::Zeroizing<String>)> {
    let host = host(&config.url).context("`url` names no host")?;
    let issuer = Issuer::new(authority_terms(), authority_key);
    let key = KeyPair::generate()?;
    let mut leaf = CertificateParams::new(vec![host.to_owned()])?;
    leaf.distinguished_name.push(DnType::CommonName, host);
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let now = OffsetDateTime::now_utc();
    leaf.not_before = now - BACKDATED;
    leaf.not_after = now + GOOD_FOR;
    let leaf = leaf.signed_by(&key, &issuer)?;
    Ok((leaf.pem(), zeroize::Zeroizing::new(key.serialize_pem())))
}

fn authority_terms() -> CertificateParams {
    let mut terms = CertificateParams::default();
    terms
        .distinguished_name
        .push(DnType::CommonName, "Lockstep directory");
    terms.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    terms.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    terms
}

/// Where the authority's key is: beside its certificate.
#[must_use]
pub fn key_of(authority: &Path) -> PathBuf {
    authority.with_extension("key")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Tls;

    fn directory(folder: &Path) -> (Files, Config) {
        let text = "url = 'https://id.example.org'\nrealm = 'r'\nlisten = []\n\
            [tls]\ncertificate = 'tls.pem'\nkey = 'tls.key'\nauthority = 'ca.pem'\n\
            [ksf]\nmemory_kib = 65536\niterations = 3\nparallelism = 4\n\
            [organisation]\nname = 'Acme'\n\
            [organisation.it_contact]\nname = 'Sam'\nemail = ''\nphone = ''\n\
            [organisation.policy]\nmin_length = 15\n";
        let files = Files {
            folder: folder.to_owned(),
        };
        (files, toml::from_str(text).unwrap())
    }

    #[test]
    fn a_certificate_is_made_anew_when_old_or_for_another_host_and_devices_go_on_trusting_it() {
        let folder = tempfile::tempdir().unwrap();
        let (files, mut config) = directory(folder.path());
        make(&files, &config).unwrap();
        let authority = std::fs::read(files.folder.join("ca.pem")).unwrap();
        let now = OffsetDateTime::now_utc();
        let found = |config: &Config, at| look(&files, config, at).unwrap();
        assert_eq!(found(&config, now), Found::Good);
        assert_eq!(found(&config, now + GOOD_FOR - LEFT), Found::Good);
        assert_eq!(
            found(&config, now + GOOD_FOR + Duration::days(1)),
            Found::Due
        );
        assert!(!renew_if_due(&files, &config).unwrap());

        config.url = "https://another.example.org:8443".into();
        assert!(renew_if_due(&files, &config).unwrap());
        assert_eq!(found(&config, now), Found::Good);
        assert_eq!(
            std::fs::read(files.folder.join("ca.pem")).unwrap(),
            authority
        );

        // Cut between its two files.
        std::fs::write(
            files.folder.join("tls.key"),
            KeyPair::generate().unwrap().serialize_pem(),
        )
        .unwrap();
        assert!(renew_if_due(&files, &config).unwrap());
        crate::tls::read(&files, &config).unwrap();
    }

    #[test]
    fn an_organisations_own_certificate_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (files, mut config) = directory(folder.path());
        make(&files, &config).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let (others, _) = directory(elsewhere.path());
        make(&others, &config).unwrap();
        for name in ["tls.pem", "tls.key"] {
            std::fs::copy(others.folder.join(name), files.folder.join(name)).unwrap();
        }
        let brought = std::fs::read(files.folder.join("tls.pem")).unwrap();
        assert!(!renew_if_due(&files, &config).unwrap());
        assert_eq!(
            std::fs::read(files.folder.join("tls.pem")).unwrap(),
            brought
        );

        config.url = "https://another.example.org".into();
        std::fs::remove_file(files.folder.join("ca.key")).unwrap();
        assert!(!renew_if_due(&files, &config).unwrap());
        assert!(renew(&files, &config).is_err());
        config.tls = Tls {
            authority: None,
            ..config.tls
        };
        assert!(!renew_if_due(&files, &config).unwrap());
    }
}
