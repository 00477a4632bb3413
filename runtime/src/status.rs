//! Typed error details of a status.

use prost::{Message, Name};
use prost_types::Any;
use tonic::Status;

use crate::google::rpc;

/// Reads and attaches error details: messages packed into a `google.rpc.Status`, which travels in
/// `grpc-status-details-bin` (AIP-193). The standard ones are in [`google::rpc`](crate::google::rpc).
///
/// ```
/// use rsgrpc::{Status, StatusExt, google::rpc::{BadRequest, bad_request::FieldViolation}};
///
/// let violation = FieldViolation { field: "email".into(), description: "must not be empty".into(), ..Default::default() };
/// let status = Status::invalid_argument("the user is not valid")
///     .with_detail(&BadRequest { field_violations: vec![violation] });
///
/// let read = status.detail::<BadRequest>().expect("just attached");
/// assert_eq!(read.field_violations[0].field, "email");
/// ```
pub trait StatusExt: Sized {
    /// Attaches one more detail.
    ///
    /// All details of a status together should stay under 4 KiB: gRPC sends them as a header, of which peers refuse the
    /// longer ones, so the last details are left out there until the rest is short enough. Connect and REST send all.
    #[must_use]
    fn with_detail<D: Message + Name>(self, detail: &D) -> Self;

    /// The first detail of this type; `None` when there is none or it does not decode.
    fn detail<D: Message + Name + Default>(&self) -> Option<D>;

    /// All details, as they travel.
    fn any_details(&self) -> Vec<Any>;
}

impl StatusExt for Status {
    fn with_detail<D: Message + Name>(self, detail: &D) -> Self {
        let mut details = self.any_details();
        details.push(Any { type_url: D::type_url(), value: detail.encode_to_vec() });
        let packed = rpc::Status { code: self.code() as i32, message: self.message().to_owned(), details };
        Self::with_details_and_metadata(
            self.code(),
            self.message(),
            packed.encode_to_vec().into(),
            self.metadata().clone(),
        )
    }

    fn detail<D: Message + Name + Default>(&self) -> Option<D> {
        // The name behind the last slash is what counts; the host before it is free (google/protobuf/any.proto).
        let full_name = D::full_name();
        let named = |any: &&Any| any.type_url.rsplit('/').next() == Some(full_name.as_str());
        self.any_details().iter().find(named).and_then(|any| D::decode(&*any.value).ok())
    }

    fn any_details(&self) -> Vec<Any> {
        rpc::Status::decode(self.details()).map(|packed| packed.details).unwrap_or_default()
    }
}
