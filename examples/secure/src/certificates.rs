//! Certificates for the example, made anew at each start. In production they come from your authority, as files like
//! these.

use std::fs;
use std::io::Write;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};

use crate::Error;

/// The service that may come in with a certificate in place of a token.
pub const BILLING: &str = "spiffe://example.test/billing";
/// Another service, which may not.
pub const MAIL: &str = "spiffe://example.test/mail";

/// Writes `ca.crt`, and `.crt` and `.key` of `server`, `billing` and `mail`, into a folder.
///
/// # Errors
///
/// The folder cannot be written.
pub fn write(folder: &Path) -> Result<(), Error> {
    let ca = authority("rsgrpc example")?;
    fs::write(folder.join("ca.crt"), &ca.1)?;
    let hosts = ["localhost", "127.0.0.1"].map(str::to_owned).to_vec();
    issue(&ca.0, folder, "server", CertificateParams::new(hosts)?, ExtendedKeyUsagePurpose::ServerAuth)?;
    for (name, id) in [("billing", BILLING), ("mail", MAIL)] {
        let mut params = CertificateParams::default();
        params.subject_alt_names.push(SanType::URI(id.try_into()?));
        issue(&ca.0, folder, name, params, ExtendedKeyUsagePurpose::ClientAuth)?;
    }
    Ok(())
}

/// Writes a file that nobody else on this machine may read.
pub(crate) fn write_secret(path: &Path, secret: &str) -> Result<(), Error> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?.write_all(secret.as_bytes())?)
}

fn authority(name: &str) -> Result<(Issuer<'static, KeyPair>, String), Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn issue(
    ca: &Issuer<'static, KeyPair>,
    folder: &Path,
    name: &str,
    mut params: CertificateParams,
    purpose: ExtendedKeyUsagePurpose,
) -> Result<(), Error> {
    let key = KeyPair::generate()?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![purpose];
    fs::write(folder.join(name).with_extension("crt"), params.signed_by(&key, ca)?.pem())?;
    write_secret(&folder.join(name).with_extension("key"), &key.serialize_pem())
}
