//! A name for each call.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tonic::{
    Status,
    metadata::{Ascii, MetadataMap, MetadataValue},
};

use crate::{
    client::{self, ClientInterceptor, Incoming, Outgoing},
    handler::{Answer, Call},
    interceptor::{Interceptor, Next},
};

const KEY: &str = "x-request-id";
/// Longer ones are replaced: they go into every line of a log.
const LONGEST: usize = 128;

/// Gives each call a name, so that it can be found again in the logs of all who had to do with it: the one that the
/// caller sent in the metadata `x-request-id`, where it is of up to 128 letters, digits, `-`, `_`, `.`, `:` and `/`, and
/// otherwise a new one. It is in the extensions of the request as [`Id`], and in the metadata of the answer, errors
/// included.
///
/// On a client it sends the [`Id`] in the extensions of a request, or a new one.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestId;

/// The name of a call. It is unique, not secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Id(Arc<str>);

impl Id {
    /// A new one: 32 hexadecimal digits.
    pub fn random() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // Keyed from the system's random numbers, differently each time.
        let half = || RandomState::new().hash_one(COUNT.fetch_add(1, Ordering::Relaxed));
        Self(format!("{:016x}{:016x}", half(), half()).into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(metadata: &MetadataMap) -> Option<Self> {
        let text = metadata.get(KEY)?.to_str().ok()?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
        let accepted = (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain);
        accepted.then(|| Self(text.into()))
    }

    fn write(&self, metadata: &mut MetadataMap) {
        if let Ok(value) = self.0.parse::<MetadataValue<Ascii>>() {
            metadata.insert(KEY, value);
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Interceptor for RequestId {
    async fn intercept(&self, mut call: Call, next: Next) -> Result<Answer, Status> {
        let id = Id::read(call.metadata()).unwrap_or_else(Id::random);
        call.extensions_mut().insert(id.clone());
        let answered = id.clone();
        call.on_head(move |metadata| answered.write(metadata));
        let mut result = next.run(call).await;
        if let Err(status) = &mut result {
            id.write(status.metadata_mut());
        }
        result
    }
}

impl ClientInterceptor for RequestId {
    async fn intercept(&self, mut call: Outgoing, next: client::Next) -> Result<Incoming, Status> {
        let id = call.extensions().get::<Id>().cloned();
        if id.is_some() || !call.metadata().contains_key(KEY) {
            id.unwrap_or_else(Id::random).write(call.metadata_mut());
        }
        next.run(call).await
    }
}
