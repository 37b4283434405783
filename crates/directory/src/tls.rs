//! TLS: the certificate that is shown, and how it changes while the directory runs.

use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::{Config, Files};

/// The certificate in use.
#[derive(Debug)]
pub struct Certificate {
    shown: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    ///
    /// Files that can't be read, or don't belong together.
    pub fn load(files: &Files, config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            shown: RwLock::new(Arc::new(read(files, config)?)),
        })
    }

    /// Reads them again; what is wrong with them leaves the former ones in use.
    ///
    /// # Errors
    ///
    /// As [`Self::load`].
    pub fn reload(&self, files: &Files, config: &Config) -> anyhow::Result<()> {
        let fresh = Arc::new(read(files, config)?);
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// What TLS is spoken with.
    ///
    /// # Errors
    ///
    /// Never with the versions of this program.
    pub fn server_config(self: Arc<Self>) -> anyhow::Result<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self);
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(tls)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown))
    }
}

/// Reads a certificate with its key, and checks that they belong together.
pub(crate) fn read(files: &Files, config: &Config) -> anyhow::Result<CertifiedKey> {
    let chain = CertificateDer::pem_file_iter(files.named(&config.tls.certificate))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .context("can't read the TLS certificate")?;
    let key = PrivateKeyDer::from_pem_file(files.named(&config.tls.key))
        .context("can't read the TLS key")?;
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain, key, &provider)
        .context("the TLS certificate and key don't belong together")
}
