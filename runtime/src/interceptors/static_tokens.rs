//! Tokens that are known in advance.

use std::{fmt, sync::Arc};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Denied, Verifier};

/// Accepts tokens from a fixed list.
///
/// It keeps digests only, and compares a token with all of them in a time that does not depend on either, so that
/// nobody can guess a token by measuring how long it takes to be refused.
pub struct StaticTokens {
    tokens: Vec<(TokenName, [u8; 32])>,
}

/// The name of the token that a caller has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenName(Arc<str>);

impl TokenName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl StaticTokens {
    /// Tokens with their names. An empty token is nobody's.
    pub fn new<N: AsRef<str>, T: AsRef<str>>(tokens: impl IntoIterator<Item = (N, T)>) -> Self {
        let digests = tokens.into_iter().filter(|(_, token)| !token.as_ref().is_empty());
        let digests = digests.map(|(name, token)| (TokenName(name.as_ref().into()), digest(token.as_ref())));
        Self { tokens: digests.collect() }
    }

    fn find(&self, token: &str) -> Option<&TokenName> {
        let wanted = digest(token);
        // Always over all of them.
        self.tokens.iter().fold(None, |found, (name, digest)| {
            let same = bool::from(digest.ct_eq(&wanted));
            if same { Some(name) } else { found }
        })
    }
}

impl Verifier for StaticTokens {
    type Principal = TokenName;

    async fn verify(&self, token: &str) -> Result<TokenName, Denied> {
        self.find(token).cloned().ok_or_else(|| Denied::invalid("the token is not on the list"))
    }
}

impl fmt::Debug for StaticTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.tokens.iter().map(|(name, _)| name)).finish()
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
