//! Where the two generators differ on purpose. A row that has become untrue fails the test.

/// A case that prost-build cannot take.
pub(crate) struct Refused {
    pub(crate) case: &'static str,
    /// A part of what it panics with, where it does.
    pub(crate) panic: Option<&'static str>,
    #[expect(dead_code, reason = "for those who read the table")]
    pub(crate) why: &'static str,
}

pub(crate) const REFUSED: &[Refused] = &[
    Refused {
        case: "collisions",
        panic: Some("Generated enum variant names overlap"),
        why: "it has no answer to names that become one; without the enums it would print three structs `FooBar`",
    },
    Refused {
        case: "deep_nesting",
        panic: None,
        why: "it follows every path to a message to see what it can derive, here 2 to the power of 30",
    },
];

/// What prost-build has to be told beyond a case's options.
pub(crate) struct Told {
    pub(crate) case: &'static str,
    pub(crate) options: &'static [(&'static str, &'static str)],
    #[expect(dead_code, reason = "for those who read the table")]
    pub(crate) why: &'static str,
}

pub(crate) const TOLD: &[Told] = &[
    Told {
        case: "editions2023",
        options: &[("boxed", ".e2023.First.second"), ("boxed", ".e2023.Second.first")],
        why: "a cycle of groups alone is no cycle to it, and the structs would be infinitely large",
    },
    Told {
        case: "provided_types",
        options: &[
            ("extern_path", ".google.api.HttpBody=::rsgrpc::google::api::HttpBody"),
            ("extern_path", ".google.rpc.BadRequest=::rsgrpc::google::rpc::BadRequest"),
            ("extern_path", ".google.rpc.BadRequest.FieldViolation=::rsgrpc::google::rpc::bad_request::FieldViolation"),
            ("extern_path", ".google.rpc.DebugInfo=::rsgrpc::google::rpc::DebugInfo"),
            ("extern_path", ".google.rpc.ErrorInfo=::rsgrpc::google::rpc::ErrorInfo"),
            ("extern_path", ".google.rpc.Help=::rsgrpc::google::rpc::Help"),
            ("extern_path", ".google.rpc.Help.Link=::rsgrpc::google::rpc::help::Link"),
            ("extern_path", ".google.rpc.LocalizedMessage=::rsgrpc::google::rpc::LocalizedMessage"),
            ("extern_path", ".google.rpc.PreconditionFailure=::rsgrpc::google::rpc::PreconditionFailure"),
            ("extern_path", ".google.rpc.QuotaFailure=::rsgrpc::google::rpc::QuotaFailure"),
            ("extern_path", ".google.rpc.RequestInfo=::rsgrpc::google::rpc::RequestInfo"),
            ("extern_path", ".google.rpc.ResourceInfo=::rsgrpc::google::rpc::ResourceInfo"),
            ("extern_path", ".google.rpc.RetryInfo=::rsgrpc::google::rpc::RetryInfo"),
            ("extern_path", ".google.rpc.Status=::rsgrpc::google::rpc::Status"),
        ],
        why: "the runtime provides these types, and the generator knows it",
    },
];

/// A name that is another one.
pub(crate) struct Renamed {
    pub(crate) case: &'static str,
    pub(crate) ours: &'static str,
    pub(crate) theirs: &'static str,
    #[expect(dead_code, reason = "for those who read the table")]
    pub(crate) why: &'static str,
}

pub(crate) const RENAMED: &[Renamed] = &[
    Renamed {
        case: "keywords",
        ours: "enum_",
        theirs: "r#enum",
        why: "prost's derive makes `get_r#enum` of a map of enums, and panics",
    },
    Renamed {
        case: "package_names",
        ours: "acme::store_",
        theirs: "acme::store",
        why: "the module of the message `acme.Store` would be that of the package `acme.store` once more",
    },
];

/// A fact that is another one, or is one of only one of the two.
pub(crate) struct Different {
    pub(crate) case: &'static str,
    pub(crate) fact: &'static str,
    pub(crate) ours: Option<&'static str>,
    pub(crate) theirs: Option<&'static str>,
    #[expect(dead_code, reason = "for those who read the table")]
    pub(crate) why: &'static str,
}

const ALIAS: &str = "JSON and users may write any name of a number, and prost-build knows only the first";
const BYTES: &str = "our attribute says what bytes are in oneofs, too; prost takes both";
const DEPRECATED: &str = "prost-build forgets that a map is deprecated";
const PROVIDED: &str = "what comes with rsgrpc is not generated again";
const FLOAT: &str = "the same number, as Rust spells it";
const ORDERED: &str = "prost's own Debug of a BTreeMap names the crate `prost`, which users of ours need not have";
const PACKED: &str = "prost-build 0.14.4 forgets that proto3 packs as soon as the field has any option";

pub(crate) const DIFFERENT: &[Different] = &[
    Different {
        case: "deprecated",
        fact: "deprecated::Old.list prost",
        ours: Some("enumeration = crate::deprecated::Kind, repeated, tag = 3"),
        theirs: Some("enumeration = crate::deprecated::Kind, packed = false, repeated, tag = 3"),
        why: PACKED,
    },
    Different {
        case: "deprecated",
        fact: "deprecated::Old.map attributes",
        ours: Some("deprecated"),
        theirs: None,
        why: DEPRECATED,
    },
    Different { case: "enums", fact: "enums::Alias::from_str_name(C)", ours: Some("B"), theirs: None, why: ALIAS },
    Different { case: "enums", fact: "enums::Alias::from_str_name(D)", ours: Some("A"), theirs: None, why: ALIAS },
    Different {
        case: "json",
        fact: "test::kinds::Color::from_str_name(COLOR_CRIMSON)",
        ours: Some("Red"),
        theirs: None,
        why: ALIAS,
    },
    Different {
        case: "maps",
        fact: "maps::Maps.old attributes",
        ours: Some("deprecated"),
        theirs: None,
        why: DEPRECATED,
    },
    Different {
        case: "oneofs",
        fact: "oneofs::many::First::C prost",
        ours: Some("bytes = vec, tag = 3"),
        theirs: Some("bytes, tag = 3"),
        why: BYTES,
    },
    Different {
        case: "options_types",
        fact: "options::types::Data derive",
        ours: Some("::rsgrpc::prost::Message, Clone, Debug, PartialEq"),
        theirs: Some("::rsgrpc::prost::Message, Clone, PartialEq"),
        why: ORDERED,
    },
    Different {
        case: "options_types",
        fact: "options::types::Data prost",
        ours: Some("prost_path = ::rsgrpc::prost, skip_debug"),
        theirs: Some("prost_path = ::rsgrpc::prost"),
        why: ORDERED,
    },
    Different {
        case: "options_types",
        fact: "options::types::Data.map",
        ours: Some(
            "pub ::std::collections::HashMap<::rsgrpc::prost::alloc::string::String, ::rsgrpc::prost::bytes::Bytes>",
        ),
        theirs: Some(
            "pub ::std::collections::HashMap<::rsgrpc::prost::alloc::string::String, \
             ::rsgrpc::prost::alloc::vec::Vec<u8>>",
        ),
        why: "prost-build looks a map up under the name of its entries' field `value`, which nobody would write",
    },
    Different {
        case: "options_types",
        fact: "options::types::data::One::InOne prost",
        ours: Some("bytes = bytes, tag = 8"),
        theirs: Some("bytes, tag = 8"),
        why: BYTES,
    },
    Different {
        case: "presence",
        fact: "presence::Repeated.deprecated prost",
        ours: Some("bool, repeated, tag = 7"),
        theirs: Some("bool, packed = false, repeated, tag = 7"),
        why: PACKED,
    },
    Different {
        case: "proto2",
        fact: "two::Color::from_str_name(COLOR_ALIAS)",
        ours: Some("Green"),
        theirs: None,
        why: ALIAS,
    },
    Different {
        case: "proto2",
        fact: "two::Defaults.h prost",
        ours: Some("default = 1e300, double, optional, tag = 8"),
        theirs: Some("default = 1e+300, double, optional, tag = 8"),
        why: FLOAT,
    },
    Different {
        case: "proto2",
        fact: "two::Defaults.j prost",
        ours: Some("default = 3.0, float, optional, tag = 10"),
        theirs: Some("default = 3, float, optional, tag = 10"),
        why: FLOAT,
    },
    Different {
        case: "proto2",
        fact: "two::Defaults.o prost",
        ours: Some("default = Green, enumeration = crate::two::Color, optional, tag = 15"),
        theirs: Some("default = Alias, enumeration = crate::two::Color, optional, tag = 15"),
        why: "prost-build prints no variant for an alias, and then uses it",
    },
    Different {
        case: "proto2",
        fact: "two::Defaults.t prost",
        ours: Some("default = 1e-7, float, optional, tag = 20"),
        theirs: Some("default = 1e-07, float, optional, tag = 20"),
        why: FLOAT,
    },
    Different {
        case: "rest",
        fact: "test::rest::Attachment.file",
        ours: Some("pub ::core::option::Option<::rsgrpc::google::api::HttpBody>"),
        theirs: Some("pub ::core::option::Option<crate::google::api::HttpBody>"),
        why: PROVIDED,
    },
    Different {
        case: "apis",
        fact: "test::apis::RawPredictRequest.http_body",
        ours: Some("pub ::core::option::Option<::rsgrpc::google::api::HttpBody>"),
        theirs: Some("pub ::core::option::Option<crate::google::api::HttpBody>"),
        why: PROVIDED,
    },
];
