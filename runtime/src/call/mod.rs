//! What travels: the bytes of messages in both directions, the metadata around them and the facts of a call.

mod arriving;
mod batches;
mod block;
mod body;
mod chunks;
mod context;
mod data;
mod deframe;
mod ext;
mod inbound;
mod outbound;
mod output;
mod payload;
mod progress;
mod reading;
mod streaming;
mod upload;

pub use batches::ChunksTimeout;
pub use body::Body;
pub(crate) use body::{Frame, Source};
pub(crate) use chunks::Chunks;
pub(crate) use context::CallContext;
pub use context::Peer;
pub(crate) use data::Data;
pub(crate) use deframe::{Deframe, Ending, Item};
pub(crate) use ext::ArrivedCompressed;
pub use ext::{Compression, RequestExt, ResponseExt, Trailers};
pub use inbound::Inbound;
pub use outbound::Outbound;
pub(crate) use outbound::{EncodeStream, Reframe, fill};
pub(crate) use output::{Output, Slices};
pub use payload::Payload;
pub(crate) use payload::{Hooks, Traffic};
pub(crate) use progress::Patience;
pub use streaming::Streaming;
pub(crate) use upload::Upload;
