//! JSON Web Tokens: each way in which one can be wrong, with what the caller and what the log reads.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::KeyPair;
use rsgrpc::{
    Code,
    interceptors::{BearerAuth, Claims, JwtVerifier, Verifier},
};
use serde_json::{Value, json};

use crate::{Guarded, support::EchoClient, tokens::INVALID};

/// A key pair of an issuer, P-256, and its public half as a JWK.
struct Issuer {
    key: EncodingKey,
    jwk: Value,
}

impl Issuer {
    fn new(kid: &str) -> Self {
        let pair = KeyPair::generate().unwrap();
        let point = pair.public_key_raw();
        let (x, y) = (BASE64.encode(&point[1..33]), BASE64.encode(&point[33..]));
        let jwk = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": x, "y": y});
        Self { key: EncodingKey::from_ec_der(&pair.serialize_der()), jwk }
    }

    fn sign(&self, kid: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }
}

fn jwks(keys: &[&Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn now() -> u64 {
    jsonwebtoken::get_current_timestamp()
}

/// Good claims, with these in place of some.
fn claims(changes: Value) -> Value {
    let mut claims = json!({"iss": "login", "aud": "users", "sub": "ada", "scope": "read write", "exp": now() + 600});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

fn unsigned(header: Value, claims: &Value, signature: &str) -> String {
    format!("{}.{}.{signature}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

#[tokio::test]
async fn good_and_bad_tokens() {
    let (ours, theirs) = (Issuer::new("ours"), Issuer::new("ours"));
    let verifier: JwtVerifier = JwtVerifier::from_jwks(jwks(&[&ours.jwk]), "users").unwrap().issuer("login");
    let good = ours.sign(Some("ours"), &claims(json!({})));
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let public_point = BASE64.decode(ours.jwk["x"].as_str().unwrap()).unwrap();
    let confused = jsonwebtoken::encode(
        &Header { kid: Some("ours".to_owned()), ..Header::new(Algorithm::HS256) },
        &claims(json!({})),
        &EncodingKey::from_secret(&public_point),
    )
    .unwrap();
    let critical = |name: &str| {
        let crit = Some(vec![name.to_owned()]);
        let header = Header { crit, kid: Some("ours".to_owned()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, &claims(json!({})), &ours.key).unwrap()
    };
    let with_own_key = json!({"alg": "ES256", "kid": "ours", "jwk": theirs.jwk, "jku": "https://evil.test/jwks.json"});
    let rows = [
        ("good", good.clone(), ""),
        ("an extension", critical("b64"), "asks for extensions that are not known here: [\"b64\"]"),
        ("a key of its own", unsigned(with_own_key, &claims(json!({})), signature), "InvalidSignature"),
        ("a path as key id", theirs.sign(Some("../../../dev/null"), &claims(json!({}))), "no key of the set is named"),
        ("a key id that is a number", unsigned(json!({"alg": "ES256", "kid": 7}), &claims(json!({})), ""), "malformed"),
        ("a key id for the log", theirs.sign(Some("a\nb"), &claims(json!({}))), "no key of the set is named"),
        ("without a key id", ours.sign(None, &claims(json!({}))), ""),
        ("one of several audiences", ours.sign(None, &claims(json!({"aud": ["other", "users"]}))), ""),
        ("within the leeway", ours.sign(None, &claims(json!({"exp": now() - 30}))), ""),
        ("expired", ours.sign(None, &claims(json!({"exp": now() - 600}))), "ExpiredSignature"),
        ("without an expiry", ours.sign(None, &claims(json!({"exp": null}))), "Missing required claim: exp"),
        ("an expiry in words", ours.sign(None, &claims(json!({"exp": "never"}))), "exp"),
        ("not yet valid", ours.sign(None, &claims(json!({"nbf": now() + 600}))), "ImmatureSignature"),
        ("another audience", ours.sign(None, &claims(json!({"aud": "other"}))), "InvalidAudience"),
        ("without an audience", ours.sign(None, &claims(json!({"aud": null}))), "Missing required claim: aud"),
        ("another issuer", ours.sign(None, &claims(json!({"iss": "other"}))), "InvalidIssuer"),
        ("without an issuer", ours.sign(None, &claims(json!({"iss": null}))), "Missing required claim: iss"),
        ("another key of the same name", theirs.sign(Some("ours"), &claims(json!({}))), "InvalidSignature"),
        (
            "an unknown key",
            theirs.sign(Some("theirs"), &claims(json!({}))),
            "no key of the set is named Some(\"theirs\")",
        ),
        ("no algorithm", unsigned(json!({"alg": "none"}), &claims(json!({})), ""), "malformed"),
        ("no Algorithm", unsigned(json!({"alg": "None"}), &claims(json!({})), ""), "malformed"),
        ("no signature", format!("{header}.{payload}."), "InvalidSignature"),
        ("two parts", format!("{header}.{payload}"), "malformed"),
        ("four parts", format!("{good}.x"), "malformed"),
        (
            "other claims",
            format!("{header}.{}.{signature}", BASE64.encode(claims(json!({"sub": "root"})).to_string())),
            "InvalidSignature",
        ),
        ("the public key as a secret", confused, "InvalidAlgorithm"),
        ("no token", "nonsense".to_owned(), "malformed"),
        ("dots", "...".to_owned(), "malformed"),
        ("not base64", "%.%.%".to_owned(), "malformed"),
        ("not JSON", format!("{}.x.x", BASE64.encode("[")), "malformed"),
    ];
    let guarded = Guarded::default();
    let verifier = Arc::new(verifier);
    let server = guarded.server().interceptor(BearerAuth::new(Arc::clone(&verifier))).build().unwrap();
    let client = EchoClient::new(server);
    for (name, token, refused) in rows {
        // The caller reads the same about each of them.
        let outcome = client.unary(String::new()).metadata("authorization", &format!("Bearer {token}")).await;
        assert_eq!(guarded.calls(), usize::from(refused.is_empty()), "{name}");
        assert_eq!(outcome.is_ok(), refused.is_empty(), "{name}");
        if let Err(status) = outcome {
            assert_eq!((status.code(), status.message()), (Code::Unauthenticated, INVALID), "{name}");
        }
        match (verifier.verify(&token).await, refused) {
            (Ok(claims), "") => {
                assert_eq!(claims.sub, "ada");
                assert!(claims.has_scope("write") && !claims.has_scope("rea"));
            }
            (Ok(_), _) => panic!("{name}: accepted"),
            (Err(denied), "") => panic!("{name}: {denied:?}"),
            (Err(denied), reason) => {
                assert!(format!("{denied:?}").replace("\\\"", "\"").contains(reason), "{name}: {denied:?}");
            }
        }
    }
}

#[tokio::test]
async fn key_sets_are_renewed() {
    let (old, new) = (Issuer::new("old"), Issuer::new("new"));
    let verifier: JwtVerifier<Claims> = JwtVerifier::from_jwks(jwks(&[&old.jwk]), "users").unwrap();
    let (with_old, with_new) = (old.sign(None, &claims(json!({}))), new.sign(None, &claims(json!({}))));
    assert!(verifier.verify(&with_old).await.is_ok() && verifier.verify(&with_new).await.is_err());
    verifier.reload(jwks(&[&old.jwk, &new.jwk])).unwrap();
    assert!(verifier.verify(&with_old).await.is_ok() && verifier.verify(&with_new).await.is_ok());
    verifier.reload("{}").unwrap_err();
    verifier.reload(jwks(&[&new.jwk])).unwrap();
    assert!(verifier.verify(&with_old).await.is_err() && verifier.verify(&with_new).await.is_ok());
}

#[tokio::test]
async fn a_file_of_keys_is_read_again_when_it_has_changed() {
    let (old, new) = (Issuer::new("old"), Issuer::new("new"));
    let (with_old, with_new) = (old.sign(None, &claims(json!({}))), new.sign(None, &claims(json!({}))));
    let path = std::env::temp_dir().join(format!("rsgrpc-jwks-{}.json", std::process::id()));
    // Whatever the clock of the file system is good for.
    let write = |content: &str, second: u64| {
        std::fs::write(&path, content).unwrap();
        let written = std::time::UNIX_EPOCH + Duration::from_secs(second);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    };
    write(&jwks(&[&old.jwk]), 1);
    let verifier: JwtVerifier<Claims> = JwtVerifier::from_file(&path, "users").unwrap().check_every(Duration::ZERO);
    let seldom: JwtVerifier<Claims> = JwtVerifier::from_file(&path, "users").unwrap();
    assert!(verifier.verify(&with_old).await.is_ok() && verifier.verify(&with_new).await.is_err());
    write(&jwks(&[&new.jwk]), 2);
    assert!(verifier.verify(&with_new).await.is_ok() && verifier.verify(&with_old).await.is_err());
    assert!(seldom.verify(&with_new).await.is_err(), "looked at before the half minute was over");
    // What cannot be used changes nothing, nor does a file that is gone.
    write("{}", 3);
    assert!(verifier.verify(&with_new).await.is_ok());
    std::fs::remove_file(&path).unwrap();
    assert!(verifier.verify(&with_new).await.is_ok());
    write(&jwks(&[&old.jwk]), 4);
    assert!(verifier.verify(&with_old).await.is_ok());
    std::fs::remove_file(&path).unwrap();
}

/// What is signed with a public key as the secret of an HMAC, is signed by anybody.
#[tokio::test]
async fn a_public_key_is_no_secret() {
    let modulus = [0xc5; 256];
    let rsa = json!({"kty": "RSA", "kid": "rsa", "n": BASE64.encode(modulus), "e": "AQAB"});
    let secret = json!({"kty": "oct", "kid": "secret", "k": BASE64.encode([7; 32])});
    let verifier: JwtVerifier = JwtVerifier::from_jwks(jwks(&[&rsa, &secret]), "users").unwrap();
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        for kid in [None, Some("rsa"), Some("secret")] {
            let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
            let sign = |secret| jsonwebtoken::encode(&header, &claims(json!({})), &EncodingKey::from_secret(secret));
            assert!(verifier.verify(&sign(&modulus).unwrap()).await.is_err(), "{algorithm:?} {kid:?}");
            assert!(verifier.verify(&sign(&[]).unwrap()).await.is_err(), "{algorithm:?} {kid:?}");
            let good = verifier.verify(&sign(&[7; 32]).unwrap()).await;
            assert_eq!(good.is_ok(), kid != Some("rsa"), "{algorithm:?} {kid:?}: {good:?}");
        }
    }
}

#[tokio::test]
async fn keys_of_other_kinds_do_not_spoil_a_set() {
    let ours = Issuer::new("ours");
    let others = [
        json!({"kty": "AKP", "kid": "new", "alg": "ML-DSA-65", "pub": "AAAA"}),
        json!({"kty": "EC", "kid": "btc", "crv": "secp256k1", "x": "AAAA", "y": "AAAA"}),
        json!({"kty": "OKP", "kid": "dh", "crv": "X25519", "x": "AAAA"}),
        json!({"kty": "RSA", "kid": "enc", "use": "enc", "n": "AAAA", "e": "AQAB"}),
        json!({"kty": "RSA", "kid": "wrap", "key_ops": ["wrapKey"], "n": "AAAA", "e": "AQAB"}),
    ];
    let keys: Vec<&Value> = others.iter().chain([&ours.jwk]).collect();
    let verifier: JwtVerifier = JwtVerifier::from_jwks(jwks(&keys), "users").unwrap().leeway(Duration::MAX);
    verifier.verify(&ours.sign(Some("ours"), &claims(json!({})))).await.unwrap();

    // A set of one key often has no name for it.
    let mut nameless = ours.jwk.clone();
    nameless.as_object_mut().unwrap().remove("kid");
    let verifier: JwtVerifier = JwtVerifier::from_jwks(jwks(&[&nameless]), "users").unwrap();
    verifier.verify(&ours.sign(Some("ours"), &claims(json!({})))).await.unwrap();
    let error = verifier.verify(&Issuer::new("ours").sign(Some("ours"), &claims(json!({})))).await.unwrap_err();
    assert!(format!("{error:?}").contains("InvalidSignature"), "{error:?}");
}

#[test]
fn key_sets_that_cannot_be_used() {
    let issuer = Issuer::new("a");
    let with = |name: &str, value: &str| {
        let mut jwk = issuer.jwk.clone();
        jwk[name] = value.into();
        jwks(&[&jwk])
    };
    let mut wraps = json!({"keys": [issuer.jwk.clone()]});
    wraps["keys"][0]["key_ops"] = json!(["wrapKey", "unwrapKey"]);
    let secret = |secret: &[u8]| jwks(&[&json!({"kty": "oct", "kid": "s", "k": BASE64.encode(secret)})]);
    for (jwks, reads) in [
        ("".to_owned(), "this is no JSON Web Key Set: "),
        ("{}".to_owned(), "this is no JSON Web Key Set: "),
        (jwks(&[]), "the key set has no key that signatures can be verified with"),
        (with("use", "enc"), "the key set has no key that signatures can be verified with"),
        (wraps.to_string(), "the key set has no key that signatures can be verified with"),
        (with("alg", "RS256"), "the key set has no key that signatures can be verified with"),
        (with("x", "%"), "the key Some(\"a\") of the set is broken: "),
        (with("crv", ""), "the key set has no key that signatures can be verified with"),
        (r#"{"keys": [{"kid": "b"}]}"#.to_owned(), "the key set has no key that signatures can be verified with"),
        (r#"{"keys": ["b"]}"#.to_owned(), "this is no JSON Web Key Set: "),
        (secret(&[]), "the key Some(\"s\") of the set is broken: a symmetric key has at least 32 bytes"),
        (secret(&[7; 31]), "the key Some(\"s\") of the set is broken: a symmetric key has at least 32 bytes"),
    ] {
        let error = JwtVerifier::<Claims>::from_jwks(jwks, "users").unwrap_err().to_string();
        assert!(error.starts_with(reads), "{error}\nis not\n{reads}");
    }
    let error = JwtVerifier::<Claims>::from_file("/no/such/jwks.json", "users").unwrap_err().to_string();
    assert!(error.starts_with("cannot read /no/such/jwks.json: "), "{error}");
}
