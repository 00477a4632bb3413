//! The settings of REST.

use http::StatusCode;

use super::query::Limits;

/// How a server answers REST; [`ServerBuilder::rest`](crate::ServerBuilder::rest) sets it. Methods that have a
/// `google.api.http` rule are answered without it, too, by the defaults. `docs/rest.md` has the rules of REST, and which of
/// them each setting changes.
///
/// ```
/// use rsgrpc::{Rest, Server};
///
/// let builder = Server::builder().rest(Rest::new().refuse_unknown_parameters().max_parameters(64));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Rest {
    pub(super) enabled: bool,
    pub(super) emit_defaults: bool,
    pub(super) ignore_unknown_parameters: bool,
    pub(super) first_route_wins: bool,
    pub(super) bare_errors: bool,
    pub(super) max_target_bytes: usize,
    /// It is no default.
    target_is_set: bool,
    pub(super) query: Limits,
}

impl Default for Rest {
    fn default() -> Self {
        Self::new()
    }
}

impl Rest {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            enabled: true,
            emit_defaults: true,
            ignore_unknown_parameters: true,
            first_route_wins: false,
            bare_errors: false,
            max_target_bytes: 16 * 1024,
            target_is_set: false,
            query: Limits { parameters: 256, levels: 32 },
        }
    }

    /// No REST, whatever rules the methods have.
    pub fn off() -> Self {
        Self { enabled: false, ..Self::new() }
    }

    /// Whether answers have fields without presence that hold their default. Default: yes, so that a reader need not know
    /// the defaults. All else about JSON is as [`ServerBuilder::json`](crate::ServerBuilder::json) says.
    pub fn emit_defaults(mut self, emit: bool) -> Self {
        self.emit_defaults = emit;
        self
    }

    /// Answers 400 to parameters of a query that name no field. Default: they are ignored.
    pub fn refuse_unknown_parameters(mut self) -> Self {
        self.ignore_unknown_parameters = false;
        self
    }

    /// Of routes of two services that match the same requests, keeps that of the service that was added first. Default:
    /// the server cannot be built.
    pub fn first_route_wins(mut self) -> Self {
        self.first_route_wins = true;
        self
    }

    /// Writes errors as bare `google.rpc.Status`. Default: as AIP-193 has them, in an object `error` with the HTTP status.
    pub fn bare_errors(mut self) -> Self {
        self.bare_errors = true;
        self
    }

    /// The longest path and query of a request, in bytes; a longer one is answered with 414, as long as the whole head is
    /// within [`max_header_bytes`](crate::ConnectionLimits::max_header_bytes), and then with 431, for all protocols alike.
    /// Default: 16 KiB. What could never arrive is refused when the server is built.
    pub fn max_target_bytes(mut self, bytes: usize) -> Self {
        (self.max_target_bytes, self.target_is_set) = (bytes, true);
        self
    }

    /// What is wrong with the settings where a head may have so many bytes.
    #[cfg(feature = "net")]
    pub(crate) fn misfit(&self, header_bytes: u32) -> Option<String> {
        let bytes = self.max_target_bytes;
        let misfits = self.enabled && self.target_is_set && bytes > header_bytes as usize;
        misfits.then(|| format!(
            "Rest::max_target_bytes allows {bytes} bytes, and ConnectionLimits::max_header_bytes only {header_bytes} for \
             the whole head of a request; raise the latter"
        ))
    }

    /// The most parameters of a query. Default: 256.
    pub fn max_parameters(mut self, count: usize) -> Self {
        self.query.parameters = count;
        self
    }

    /// How deep a parameter of a query may lead: `a.b[c]` is three levels. Default: 32.
    pub fn max_parameter_levels(mut self, levels: usize) -> Self {
        self.query.levels = levels;
        self
    }
}

/// The HTTP status of an answer over REST that is no error, such as 201; other protocols have none.
/// [`ResponseExt::with_http_status`](crate::ResponseExt::with_http_status) takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HttpStatus(u16);

impl HttpStatus {
    /// 200, the default.
    pub const OK: Self = Self(200);
    /// 201: something was made, best with its place in the metadata `location`.
    pub const CREATED: Self = Self(201);
    /// 202: something will be done.
    pub const ACCEPTED: Self = Self(202);
    /// 204: done, and the message is not sent.
    pub const NO_CONTENT: Self = Self(204);

    /// Any from 200 to 399; `None` for others. What is an error is a [`Status`](crate::Status), for every protocol. From 300
    /// on, a client of [`Protocol::Rest`](crate::Protocol::Rest) has `UNKNOWN`: it asks for nothing that it is led to.
    pub const fn new(code: u16) -> Option<Self> {
        if code >= 200 && code < 400 { Some(Self(code)) } else { None }
    }

    pub(super) fn code(self) -> StatusCode {
        StatusCode::from_u16(self.0).unwrap_or(StatusCode::OK)
    }
}
