//! A certificate chain with its private key.

use std::{path::Path, sync::Arc};

use tokio_rustls::rustls::{
    Error, InconsistentKeys,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    sign::CertifiedKey,
};

use super::{
    error::{TlsError, read},
    provider,
};

/// What proves who a server or a client is: a certificate chain and the private key of its first certificate.
#[derive(Debug, Clone)]
pub struct Identity {
    pub(super) key: Arc<CertifiedKey>,
}

impl Identity {
    /// Reads PEM. The chain begins with the certificate itself; each of the others signs the one before it. The key is
    /// PKCS #8, PKCS #1 (RSA) or SEC1 (ECDSA), and not encrypted.
    ///
    /// # Errors
    ///
    /// The PEM is broken, has no certificate or no usable key, or the key is of another certificate.
    pub fn from_pem(certificates: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self, TlsError> {
        Self::parse(certificates.as_ref(), "the certificates", key.as_ref(), "the private key")
    }

    /// Reads PEM files, as [`from_pem`](Self::from_pem) does.
    ///
    /// # Errors
    ///
    /// A file cannot be read, and those of [`from_pem`](Self::from_pem).
    pub fn from_files(certificates: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsError> {
        let (certificates, key) = (certificates.as_ref(), key.as_ref());
        Self::parse(&read(certificates)?, &certificates.display().to_string(), &read(key)?, &key.display().to_string())
    }

    fn parse(certificates: &[u8], chain_from: &str, key: &[u8], key_from: &str) -> Result<Self, TlsError> {
        let chain = parse_certificates(certificates, chain_from)?;
        let key = parse_key(key, key_from)?;
        let pair = |chain| CertifiedKey::from_der(chain, key.clone_key(), &provider());
        let paired = pair(chain.clone()).map_err(|error| {
            TlsError::new(match error {
                Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                    let own = chain.iter().position(|certificate| pair(vec![certificate.clone()]).is_ok());
                    let order =
                        own.map(|own| format!("; it is that of certificate {}, which must come first", own + 1));
                    format!(
                        "{key_from} is not the key of the first certificate in {chain_from}{}",
                        order.unwrap_or_default()
                    )
                }
                Error::InvalidCertificate(error) => format!("a certificate in {chain_from} cannot be read: {error}"),
                error => format!("{key_from} cannot be used: {error}"),
            })
        })?;
        Ok(Self { key: Arc::new(paired) })
    }
}

/// All certificates in PEM, at least one.
pub(super) fn parse_certificates(pem: &[u8], from: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsError::new(format!("{from}: this is not well-formed PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(TlsError::new(format!(
            "{from}: there is no certificate in it; PEM has `-----BEGIN CERTIFICATE-----`"
        )));
    }
    Ok(certificates)
}

fn parse_key(pem: &[u8], from: &str) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
        // As a label of PKCS #8, or as the header of a key in the older form.
        let encrypted = pem.windows(9).any(|window| window == b"ENCRYPTED");
        TlsError::new(match error {
            pem::Error::NoItemsFound | pem::Error::Base64Decode(_) if encrypted => {
                format!("{from}: the key is encrypted; decrypt it first, as `openssl pkey -in KEY` does")
            }
            pem::Error::NoItemsFound => {
                format!("{from}: there is no private key in it; PEM has `-----BEGIN PRIVATE KEY-----`")
            }
            error => format!("{from}: this is not well-formed PEM: {error}"),
        })
    })
}
