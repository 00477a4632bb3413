//! An issuer of tokens. In production that is your login, and the server has no more of it than its key set.

use std::fs;
use std::path::Path;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, get_current_timestamp};
use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::Error;
use crate::certificates::write_secret;

/// Who issues the tokens (`iss`).
pub const ISSUER: &str = "https://login.example.test";
/// Whom they are for (`aud`).
pub const AUDIENCE: &str = "https://accounts.example.test";

/// Signs tokens.
pub struct TokenIssuer {
    key: EncodingKey,
    jwk: Value,
}

impl TokenIssuer {
    /// One with a new key: ECDSA on P-256 (`ES256`).
    ///
    /// # Errors
    ///
    /// There are no random numbers.
    pub fn new() -> Result<Self, Error> {
        let pair = KeyPair::generate()?;
        // A point that is not compressed: 4, then x and y of 32 bytes each.
        let (x, y) = pair.public_key_raw()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let jwk = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1", "x": x, "y": y});
        Ok(Self { key: EncodingKey::from_ec_der(&pair.serialize_der()), jwk })
    }

    /// A token for this person and these scopes, which expires in so many seconds; a negative number is past.
    ///
    /// # Errors
    ///
    /// It cannot be signed.
    pub fn token(&self, subject: &str, scope: &str, seconds: i64) -> Result<String, Error> {
        let expiry = get_current_timestamp().saturating_add_signed(seconds);
        let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "scope": scope, "exp": expiry});
        let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::ES256) };
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }

    /// Writes `jwks.json` for the server, and for its callers `reader.jwt`, `writer.jwt` and `expired.jwt`.
    ///
    /// # Errors
    ///
    /// The folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        fs::write(folder.join("jwks.json"), json!({"keys": [self.jwk]}).to_string())?;
        write_secret(&folder.join("reader.jwt"), &self.token("ada", "read", 3600)?)?;
        write_secret(&folder.join("writer.jwt"), &self.token("grace", "read write", 3600)?)?;
        write_secret(&folder.join("expired.jwt"), &self.token("ada", "read write", -3600)?)
    }
}
