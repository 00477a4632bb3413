//! What is wrong with TLS settings, and why a handshake failed, in words that say how to mend it.

use std::{fmt, io, path::Path};

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

/// TLS settings that cannot be used, such as PEM without a certificate or a key of another certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsError(String);

impl TlsError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}

/// Reads a file that settings name.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::new(format!("cannot read {}: {error}", path.display())))
}

/// Which side of a connection an error is explained to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    Client,
    Server,
}

/// An error of a TLS connection, for the log of a server or the status of a client's call.
pub(crate) fn explain(error: &io::Error, side: Side) -> String {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => "the peer closed the connection during the TLS handshake".to_owned(),
            _ => error.to_string(),
        };
    };
    match side {
        Side::Client => of_client(tls),
        Side::Server => of_server(tls),
    }
}

fn of_client(error: &Error) -> String {
    match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the server does not speak TLS on this port; an unencrypted one is reached by http://".to_owned()
        }
        Error::InvalidCertificate(error) => format!("the server's certificate is refused: {}", certificate(error)),
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) | Error::NoApplicationProtocol => {
            "the server does not offer HTTP/2 (`h2` by ALPN), which gRPC needs".to_owned()
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server demands a client certificate; give one with ClientTls::identity".to_owned()
        }
        Error::AlertReceived(
            alert @ (AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown),
        ) => format!("the server refuses the client's certificate (alert {alert:?})"),
        Error::AlertReceived(alert) => format!("the server ended the TLS connection with the alert {alert:?}"),
        error => error.to_string(),
    }
}

fn of_server(error: &Error) -> String {
    match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => "the client does not speak TLS".to_owned(),
        Error::NoCertificatesPresented => "the client presented no certificate, and one is required".to_owned(),
        Error::InvalidCertificate(error) => format!("the client's certificate is refused: {}", certificate(error)),
        Error::PeerIncompatible(why) => {
            format!("the client does not speak TLS 1.2 or 1.3 as it is spoken here: {why:?}")
        }
        Error::NoApplicationProtocol => "the client offers neither `h2` nor `http/1.1` by ALPN".to_owned(),
        Error::AlertReceived(AlertDescription::UnknownCA) => {
            "the client does not trust the CA of the server's certificate".to_owned()
        }
        Error::AlertReceived(alert) => format!("the client refused the connection with the alert {alert:?}"),
        error => error.to_string(),
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => "it is signed by no authority that is trusted here".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!("it has expired ({error})"),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("it is not valid yet ({error})")
        }
        error => error.to_string(),
    }
}
