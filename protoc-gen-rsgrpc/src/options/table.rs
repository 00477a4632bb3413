//! The keys.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{DuplicateRoutes, ExternPath, Layout, Options, PathRule};

/// One option: its row is its parser, its help and its documentation.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// What its value looks like.
    pub(super) value: &'static str,
    pub(super) help: &'static str,
    pub(super) apply: fn(&mut Options, &str) -> Result<(), &'static str>,
}

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "server",
        value: "true|false",
        help: "generate a trait and a server for each service (default true)",
        apply: |options, value| set_bool(&mut options.server, value),
    },
    Key {
        name: "client",
        value: "true|false",
        help: "generate a client for each service (default true)",
        apply: |options, value| set_bool(&mut options.client, value),
    },
    Key {
        name: "descriptor_set",
        value: "true|false",
        help: "embed a FileDescriptorSet in each package, which reflection needs (default true)",
        apply: |options, value| set_bool(&mut options.descriptor_set, value),
    },
    Key {
        name: "include_imports",
        value: "true|false",
        help: "also generate the imported files whose types are used (default false)",
        apply: |options, value| set_bool(&mut options.include_imports, value),
    },
    Key {
        name: "duplicate_routes",
        value: "error|first",
        help: "what two HTTP routes of one service with the same shape mean: a mistake, or that the first one counts \
               (default error)",
        apply: |options, value| {
            options.duplicate_routes = match value {
                "error" => DuplicateRoutes::Error,
                "first" => DuplicateRoutes::First,
                _ => return Err("write"),
            };
            Ok(())
        },
    },
    Key {
        name: "layout",
        value: "packages|single",
        help: "a file per package and a module file that nests them, or everything in the module file (default \
               packages)",
        apply: |options, value| {
            options.layout = match value {
                "packages" => Layout::Packages,
                "single" => Layout::Single,
                _ => return Err("write"),
            };
            Ok(())
        },
    },
    Key {
        name: "module_file",
        value: "NAME.rs",
        help: "the name of the module file (default mod.rs)",
        apply: |options, value| {
            let stem = value.strip_suffix(".rs").unwrap_or_default();
            if stem.is_empty() || value.contains(['/', '\\']) {
                return Err("write a file name");
            }
            options.module_file = value.to_owned();
            Ok(())
        },
    },
    Key {
        name: "extern_path",
        value: ".PROTO.PATH=::rust::path",
        help: "use types that other Rust code provides for a package or a type (repeatable)",
        apply: |options, value| {
            let (proto, rust) = value.split_once('=').unwrap_or_default();
            if !is_absolute(proto) || !is_rust_path(rust) {
                return Err("write the proto path with a leading dot, and a Rust path");
            }
            options.extern_paths.push(ExternPath { proto: proto.to_owned(), rust: rust.to_owned() });
            Ok(())
        },
    },
    Key {
        name: "bytes",
        value: "PATH",
        help: "`bytes` fields become `Bytes` instead of `Vec<u8>` (repeatable)",
        apply: |options, value| add_path(&mut options.bytes, value),
    },
    Key {
        name: "btree_map",
        value: "PATH",
        help: "map fields become `BTreeMap` instead of `HashMap` (repeatable)",
        apply: |options, value| add_path(&mut options.btree_map, value),
    },
    Key {
        name: "boxed",
        value: "PATH",
        help: "message fields are boxed (repeatable)",
        apply: |options, value| add_path(&mut options.boxed, value),
    },
    Key {
        name: "type_attribute",
        value: "PATH=#[ATTRIBUTE]",
        help: "attributes on messages, enums and oneofs (repeatable)",
        apply: |options, value| add_attribute(&mut options.type_attributes, value),
    },
    Key {
        name: "message_attribute",
        value: "PATH=#[ATTRIBUTE]",
        help: "attributes on messages (repeatable)",
        apply: |options, value| add_attribute(&mut options.message_attributes, value),
    },
    Key {
        name: "enum_attribute",
        value: "PATH=#[ATTRIBUTE]",
        help: "attributes on enums and oneofs (repeatable)",
        apply: |options, value| add_attribute(&mut options.enum_attributes, value),
    },
    Key {
        name: "field_attribute",
        value: "PATH=#[ATTRIBUTE]",
        help: "attributes on fields, oneof members and enum values (repeatable)",
        apply: |options, value| add_attribute(&mut options.field_attributes, value),
    },
];

fn set_bool(option: &mut bool, value: &str) -> Result<(), &'static str> {
    *option = value.parse().map_err(|_| "write")?;
    Ok(())
}

fn add_path(rules: &mut Vec<PathRule>, path: &str) -> Result<(), &'static str> {
    if !is_path(path) {
        return Err("write a proto path, with a leading dot from the package on");
    }
    rules.push(PathRule::new(path, ""));
    Ok(())
}

fn add_attribute(rules: &mut Vec<PathRule>, value: &str) -> Result<(), &'static str> {
    let (path, attribute) = value.split_once('=').unwrap_or_default();
    if !is_path(path) || !is_attributes(attribute) {
        return Err("write a proto path and attributes");
    }
    rules.push(PathRule::new(path, attribute));
    Ok(())
}

/// A path from the package on, or the last names of one, or `.` for everything.
fn is_path(path: &str) -> bool {
    path == "." || path.strip_prefix('.').unwrap_or(path).split('.').all(is_name)
}

fn is_absolute(path: &str) -> bool {
    path.strip_prefix('.').is_some_and(|path| path.split('.').all(is_name))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

fn is_rust_path(path: &str) -> bool {
    let is_part = |token: &TokenTree| match token {
        TokenTree::Ident(_) | TokenTree::Group(_) => true,
        TokenTree::Punct(punct) => matches!(punct.as_char(), ':' | '<' | '>' | ',' | '&' | '\''),
        TokenTree::Literal(_) => false,
    };
    tokens(path).is_some_and(|tokens| !tokens.is_empty() && tokens.iter().all(is_part))
}

fn is_attributes(text: &str) -> bool {
    let is_attribute = |pair: &[TokenTree]| {
        matches!(pair, [TokenTree::Punct(hash), TokenTree::Group(group)]
            if hash.as_char() == '#' && group.delimiter() == Delimiter::Bracket)
    };
    tokens(text).is_some_and(|tokens| !tokens.is_empty() && tokens.chunks(2).all(is_attribute))
}

fn tokens(text: &str) -> Option<Vec<TokenTree>> {
    text.parse::<TokenStream>().ok().map(|tokens| tokens.into_iter().collect())
}
