//! Tells a caller everything that is wrong with a request, field by field.

use rsgrpc::google::rpc::{BadRequest, bad_request::FieldViolation};
use rsgrpc::{Status, StatusExt};

use crate::example::v1::User;
use crate::example::v1::user::UserStatus;

const MOST_ROLES: usize = 16;

/// The fields of a request that are wrong.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<FieldViolation>);

impl Violations {
    /// All that is wrong with a user in this field of the request (`""`: the user is the request).
    pub(crate) fn of_user(user: &User, at: &str) -> Self {
        let made_of = |text: &str, others: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || others.as_bytes().contains(&byte))
        };
        let mut violations = Self::default();
        let mut check = |ok, field: &str, rule| violations.check(ok, format!("{at}{field}"), rule);
        check((1..=64).contains(&user.id.len()) && made_of(&user.id, "-"), "id", "must be 1 to 64 of a-z, 0-9 and `-`");
        check((1..=200).contains(&user.name.chars().count()), "name", "must be 1 to 200 characters");
        check(user.email.contains('@'), "email", "must contain `@`");
        check(UserStatus::try_from(user.status).is_ok(), "status", "must be a state that example.v1 knows");
        // Bounds how long the details become: those over 4 KiB are not sent.
        check(user.roles.len() <= MOST_ROLES, "roles", "must be 16 at most");
        for (index, role) in user.roles.iter().enumerate().take(MOST_ROLES) {
            check(!role.is_empty() && made_of(role, "_-"), &format!("roles[{index}]"), "must be a-z, 0-9, `_` and `-`");
        }
        violations
    }

    /// Notes that the field breaks the rule, unless it is `ok`.
    pub(crate) fn check(&mut self, ok: bool, field: impl Into<String>, rule: &str) {
        if !ok {
            let (field, description) = (field.into(), rule.to_owned());
            self.0.push(FieldViolation { field, description, ..FieldViolation::default() });
        }
    }

    /// INVALID_ARGUMENT with all violations as details, if there are any.
    pub(crate) fn into_result(self) -> Result<(), Status> {
        let Some(text) = self.text() else { return Ok(()) };
        Err(Status::invalid_argument(text).with_detail(&BadRequest { field_violations: self.0 }))
    }

    /// All violations as one text, if there are any.
    pub(crate) fn text(&self) -> Option<String> {
        let lines: Vec<_> = self.0.iter().map(|it| format!("{} {}", it.field, it.description)).collect();
        (!lines.is_empty()).then(|| lines.join("; "))
    }
}
