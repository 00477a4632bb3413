//! The trailers of an answer, until they are written.

use std::ops::Deref;

use http::HeaderMap;

/// Trailer fields (RFC 9110, 6.5). A pointer, since an answer is handed on several times, and to a map that all share
/// where they say what most of them do.
pub(crate) enum TrailerFields {
    Shared(&'static HeaderMap),
    Own(Box<HeaderMap>),
}

impl TrailerFields {
    pub(crate) fn into_map(self) -> HeaderMap {
        match self {
            Self::Shared(fields) => fields.clone(),
            Self::Own(fields) => *fields,
        }
    }
}

impl From<HeaderMap> for TrailerFields {
    fn from(fields: HeaderMap) -> Self {
        Self::Own(Box::new(fields))
    }
}

impl Deref for TrailerFields {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        match self {
            Self::Shared(fields) => fields,
            Self::Own(fields) => fields,
        }
    }
}
