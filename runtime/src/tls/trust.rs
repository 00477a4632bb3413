//! Certificate authorities.

use std::{path::Path, sync::Arc};

use tokio_rustls::rustls::RootCertStore;

use super::{
    error::{TlsError, read},
    identity::parse_certificates,
};

/// The certificate authorities whose certificates are trusted.
#[derive(Debug, Clone)]
pub struct TrustRoots {
    /// Never empty.
    pub(super) store: Arc<RootCertStore>,
}

impl TrustRoots {
    /// Reads PEM with at least one CA certificate.
    ///
    /// # Errors
    ///
    /// The PEM is broken or has no certificate, or one of them cannot be read.
    pub fn from_pem(certificates: impl AsRef<[u8]>) -> Result<Self, TlsError> {
        Self::parse(certificates.as_ref(), "the CA certificates")
    }

    /// Reads a PEM file, as [`from_pem`](Self::from_pem) does.
    ///
    /// # Errors
    ///
    /// The file cannot be read, and those of [`from_pem`](Self::from_pem).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, TlsError> {
        let path = path.as_ref();
        Self::parse(&read(path)?, &path.display().to_string())
    }

    fn parse(pem: &[u8], from: &str) -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        for certificate in parse_certificates(pem, from)? {
            store
                .add(certificate)
                .map_err(|error| TlsError::new(format!("a certificate in {from} cannot be read: {error}")))?;
        }
        Ok(Self { store: Arc::new(store) })
    }
}
