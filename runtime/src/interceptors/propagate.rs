//! Metadata that goes on from call to call.

use tonic::{
    Status,
    metadata::{AsciiMetadataKey, BinaryMetadataKey, MetadataMap},
};

use crate::{
    Answer, Call, inherit,
    interceptor::{Interceptor, Next},
};

/// Adds chosen metadata of a caller to the calls that its handler makes, unless they have metadata of that key themselves
/// or [do not inherit](crate::Client::inherit). For traces there is [`Trace`](super::Trace).
///
/// ```
/// use rsgrpc::{Server, interceptors::PropagateMetadata};
///
/// let builder = Server::builder().interceptor(PropagateMetadata::new(["x-request-id", "x-tenant-bin"]));
/// ```
///
/// It reaches calls that run inside the handler, not those of tasks that it starts.
#[derive(Debug, Clone)]
pub struct PropagateMetadata {
    text: Vec<AsciiMetadataKey>,
    binary: Vec<BinaryMetadataKey>,
}

impl PropagateMetadata {
    /// Metadata of these keys, in lower case; binary ones end with `-bin`. What can be no key is left out.
    pub fn new<K: AsRef<str>>(keys: impl IntoIterator<Item = K>) -> Self {
        let (mut text, mut binary) = (Vec::new(), Vec::new());
        for key in keys {
            let key = key.as_ref();
            text.extend(key.parse::<AsciiMetadataKey>());
            binary.extend(key.parse::<BinaryMetadataKey>());
        }
        Self { text, binary }
    }

    fn chosen(&self, metadata: &MetadataMap) -> MetadataMap {
        let mut chosen = MetadataMap::new();
        for key in &self.text {
            for value in metadata.get_all(key) {
                chosen.append(key.clone(), value.clone());
            }
        }
        for key in &self.binary {
            for value in metadata.get_all_bin(key) {
                chosen.append_bin(key.clone(), value.clone());
            }
        }
        chosen
    }
}

impl Interceptor for PropagateMetadata {
    async fn intercept(&self, call: Call, next: Next) -> Result<Answer, Status> {
        let chosen = self.chosen(call.metadata());
        inherit::with_metadata(chosen, next.run(call)).await
    }
}
