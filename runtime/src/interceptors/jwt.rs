//! JSON Web Tokens (RFC 7519).

use std::{
    fmt,
    marker::PhantomData,
    path::Path,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, crypto,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyOperations, PublicKeyUse},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{Denied, Verifier, key_file::KeyFile};

/// Accepts tokens that are signed by a key of a JSON Web Key Set (RFC 7517), for one audience, within their time.
///
/// Each key is good for its own algorithms only, whatever a token claims; `none` is no algorithm. `exp` and `aud` are
/// required, and `nbf` counts where it is there. A token with `crit` in its header is refused: it asks for an extension
/// that is not known here (RFC 7515, 4.1.11). `C` is what the claims are read into.
///
/// ```no_run
/// use rsgrpc::interceptors::{BearerAuth, JwtVerifier};
///
/// # fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let verifier: JwtVerifier = JwtVerifier::from_file("jwks.json", "https://users.example")?;
/// let auth = BearerAuth::new(verifier.issuer("https://login.example"));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct JwtVerifier<C = Claims> {
    keys: RwLock<Vec<Key>>,
    validation: Validation,
    file: Option<KeyFile>,
    claims: PhantomData<fn() -> C>,
}

/// How often a file is looked at.
const INTERVAL: Duration = Duration::from_secs(30);

/// What most tokens say.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Claims {
    /// Whom the token is about.
    #[serde(default)]
    pub sub: String,
    /// What the bearer may do: words with spaces between them (RFC 8693, 4.2).
    #[serde(default)]
    pub scope: String,
    /// All other claims.
    #[serde(flatten)]
    pub others: serde_json::Map<String, serde_json::Value>,
}

impl Claims {
    /// Whether the bearer has this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|word| word == scope)
    }
}

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl<C: DeserializeOwned + Clone + Send + Sync + 'static> JwtVerifier<C> {
    /// Reads a key set, as JSON. Keys that are for something other than signatures, and those of types, curves and
    /// algorithms that are not supported, are left out (RFC 7517, 5).
    ///
    /// # Errors
    ///
    /// The text is no key set, a key in it is broken, a symmetric one has less than 32 bytes (RFC 7518, 3.2), or there is
    /// none to verify with.
    pub fn from_jwks(jwks: impl AsRef<[u8]>, audience: impl Into<String>) -> Result<Self, JwksError> {
        // The default that features choose would be none, with a panic, where two of them are on. An earlier choice of
        // the program's own holds.
        let _ = crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let mut validation = Validation::default();
        validation.set_audience(&[audience.into()]);
        validation.set_required_spec_claims(&["exp", "aud"]);
        validation.validate_nbf = true;
        Ok(Self { keys: RwLock::new(read_keys(jwks.as_ref())?), validation, file: None, claims: PhantomData })
    }

    /// Reads a key set from a file, as [`from_jwks`](Self::from_jwks) does, and again when the file has changed: a call
    /// looks at it if nobody did for [`check_every`](Self::check_every). A new content that is no key set is logged as a
    /// warning, and the old one stays.
    ///
    /// # Errors
    ///
    /// The file cannot be read, and those of [`from_jwks`](Self::from_jwks).
    pub fn from_file(path: impl AsRef<Path>, audience: impl Into<String>) -> Result<Self, JwksError> {
        // Looked at first: what is written meanwhile is a change.
        let file = KeyFile::new(path.as_ref().to_owned(), INTERVAL);
        Ok(Self { file: Some(file), ..Self::from_jwks(read_file(path.as_ref())?, audience)? })
    }

    /// How often the [file](Self::from_file) is looked at. Default: 30 seconds.
    #[must_use]
    pub fn check_every(mut self, interval: Duration) -> Self {
        self.file = self.file.map(|file| file.every(interval));
        self
    }

    /// Accepts tokens of this issuer (`iss`) only. Default: of everyone who has a key.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.validation.set_issuer(&[issuer.into()]);
        self.validation.required_spec_claims.insert("iss".to_owned());
        self
    }

    /// How far the clocks of issuer and server may be apart, in whole seconds, up to a year. Default: 60 seconds.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        // It is taken from the time of day, which must not become negative.
        self.validation.leeway = leeway.as_secs().min(365 * 24 * 60 * 60);
        self
    }

    /// Takes a new key set in place of the old one, for all calls from now on.
    ///
    /// # Errors
    ///
    /// Those of [`from_jwks`](Self::from_jwks); the old set stays.
    pub fn reload(&self, jwks: impl AsRef<[u8]>) -> Result<(), JwksError> {
        let keys = read_keys(jwks.as_ref())?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Reads the file again if it has changed.
    fn refresh(&self) {
        let Some(file) = &self.file else {
            return;
        };
        let reloaded = match file.changed() {
            None => return,
            Some(Ok(jwks)) => self.reload(jwks).map_err(|error| error.to_string()),
            Some(Err(error)) => Err(error.to_string()),
        };
        match reloaded {
            Ok(()) => tracing::info!(file = %file.path(), "new keys for tokens"),
            Err(error) => tracing::warn!(file = %file.path(), "the keys for tokens stay as they were: {error}"),
        }
    }

    fn read(&self, token: &str) -> Result<C, String> {
        let header = jsonwebtoken::decode_header(token).map_err(|error| format!("the token is malformed: {error}"))?;
        // The signature covers it, but who does not look at it accepts what the issuer wanted refused.
        if let Some(extensions) = header.crit {
            return Err(format!("the token asks for extensions that are not known here: {extensions:?}"));
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        // Names are hints. Where one of the two has none, the signature alone tells.
        let named = |key: &&Key| header.kid.is_none() || key.id.is_none() || key.id == header.kid;
        let mut refused = format!("no key of the set is named {:?}", header.kid);
        for key in keys.iter().filter(named) {
            let mut validation = self.validation.clone();
            validation.algorithms.clone_from(&key.algorithms);
            match jsonwebtoken::decode::<C>(token, &key.key, &validation) {
                Ok(data) => return Ok(data.claims),
                Err(error) => refused = error.to_string(),
            }
        }
        Err(refused)
    }
}

impl<C: DeserializeOwned + Clone + Send + Sync + 'static> Verifier for JwtVerifier<C> {
    type Principal = C;

    async fn verify(&self, token: &str) -> Result<C, Denied> {
        self.refresh();
        self.read(token).map_err(Denied::invalid)
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, JwksError> {
    std::fs::read(path).map_err(|error| JwksError(format!("cannot read {}: {error}", path.display())))
}

fn read_keys(jwks: &[u8]) -> Result<Vec<Key>, JwksError> {
    let set: JwkSet =
        serde_json::from_slice(jwks).map_err(|error| JwksError(format!("this is no JSON Web Key Set: {error}")))?;
    let keys = set.keys.iter().filter(|key| verifies(key)).filter_map(read_key).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        return Err(JwksError("the key set has no key that signatures can be verified with".to_owned()));
    }
    Ok(keys)
}

/// Whether that is what the key is for, by its own account.
fn verifies(jwk: &Jwk) -> bool {
    let operations = jwk.common.key_operations.as_ref();
    jwk.common.public_key_use != Some(PublicKeyUse::Encryption)
        && operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// A key and its algorithms; `None` for what is not supported.
fn read_key(jwk: &Jwk) -> Option<Result<Key, JwksError>> {
    let algorithms = Some(algorithms(jwk)).filter(|algorithms| !algorithms.is_empty())?;
    let id = jwk.common.key_id.clone();
    let key = match &jwk.algorithm {
        AlgorithmParameters::OctetKey(key) if key.value.trim_end_matches('=').len() < SHORTEST_SECRET => {
            Err("a symmetric key has at least 32 bytes".to_owned())
        }
        _ => DecodingKey::from_jwk(jwk).map_err(|error| error.to_string()),
    };
    Some(match key {
        Ok(key) => Ok(Key { id, algorithms, key }),
        Err(error) => Err(JwksError(format!("the key {id:?} of the set is broken: {error}"))),
    })
}

/// 32 bytes in base64. Shorter secrets can be guessed by whoever has a token.
const SHORTEST_SECRET: usize = 43;

/// What a key may have signed with: the one algorithm that it names, or those of its type.
fn algorithms(jwk: &Jwk) -> Vec<Algorithm> {
    let by_type: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &[
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => &[Algorithm::ES256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => &[Algorithm::ES384],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
        AlgorithmParameters::OctetKey(_) => &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512],
        _ => &[],
    };
    match jwk.common.key_algorithm {
        None => by_type.to_vec(),
        Some(own) => by_type.iter().copied().filter(|&algorithm| own.to_string().parse() == Ok(algorithm)).collect(),
    }
}

/// A key set that cannot be used; it says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwksError(String);

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for JwksError {}
