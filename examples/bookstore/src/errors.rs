//! Errors with details (AIP-193): an `ErrorInfo` for programs, and what else says more.

use std::collections::HashMap;

use rsgrpc::google::rpc::{
    BadRequest, ErrorInfo, PreconditionFailure, ResourceInfo, bad_request::FieldViolation,
    precondition_failure::Violation,
};
use rsgrpc::{Status, StatusExt};

/// Who says the reasons of errors.
const DOMAIN: &str = "bookstore.example.com";

/// A field of the request is wrong.
pub(crate) fn invalid(field: &str, rule: &str) -> Status {
    let violation = FieldViolation { field: field.into(), description: rule.into(), ..FieldViolation::default() };
    Status::invalid_argument(format!("{field} {rule}"))
        .with_detail(&info("INVALID_FIELD", "field", field))
        .with_detail(&BadRequest { field_violations: vec![violation] })
}

/// There is no such resource.
pub(crate) fn missing(name: &str) -> Status {
    about(Status::not_found(format!("there is no `{name}`")), "RESOURCE_MISSING", name)
}

/// There is such a resource already.
pub(crate) fn taken(name: &str) -> Status {
    about(Status::already_exists(format!("there is a `{name}` already")), "RESOURCE_EXISTS", name)
}

/// A shelf that is to be removed has books.
pub(crate) fn not_empty(name: &str) -> Status {
    let description = "remove or move the books first, or set `force`";
    let violation = Violation { r#type: "EMPTY".into(), subject: name.into(), description: description.into() };
    about(Status::failed_precondition(format!("`{name}` has books: {description}")), "SHELF_NOT_EMPTY", name)
        .with_detail(&PreconditionFailure { violations: vec![violation] })
}

fn about(status: Status, reason: &str, name: &str) -> Status {
    let kind = if name.contains("/books/") { "Book" } else { "Shelf" };
    let resource = ResourceInfo {
        resource_type: format!("{DOMAIN}/{kind}"),
        resource_name: name.into(),
        ..ResourceInfo::default()
    };
    status.with_detail(&info(reason, "name", name)).with_detail(&resource)
}

fn info(reason: &str, key: &str, value: &str) -> ErrorInfo {
    let metadata = HashMap::from([(key.to_owned(), value.to_owned())]);
    ErrorInfo { reason: reason.into(), domain: DOMAIN.into(), metadata }
}
