//! How messages stand in JSON.

use proc_macro2::Ident;

use super::path::TypeRef;

/// A field or a member of a oneof.
pub(crate) struct JsonField {
    /// In the proto.
    pub(crate) name: String,
    pub(crate) json_name: String,
    /// The enum whose numbers it holds.
    pub(crate) enumeration: Option<TypeRef>,
    /// JSON's `null` is a value of it.
    pub(crate) nullable: bool,
    pub(crate) access: Access,
    /// The name of its type, if other code provides that without JSON.
    pub(crate) without_json: Option<String>,
}

/// Where the value is in the struct, by its presence or cardinality.
pub(crate) enum Access {
    Implicit(Ident),
    Required(Ident),
    Optional(Ident),
    Repeated(Ident),
    Map(Ident),
    Member {
        /// The field of the message that holds the oneof.
        oneof: Ident,
        /// The oneof's enum, in the message's module.
        ident: Ident,
        variant: Ident,
    },
}

/// The list of a package's messages, by which an `Any` finds its type.
#[derive(Clone)]
pub(crate) struct MessageTypes {
    pub(crate) ident: Ident,
    /// The lists of the packages that this one imports, as modules and names.
    pub(crate) imported: Vec<(super::path::Module, Ident)>,
}
