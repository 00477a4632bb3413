//! What is asked of the text of a proto before protoc can parse it: it needs the include folders first.

use std::path::{Path, PathBuf};

/// The folder of the proto without the trailing folders that spell its package.
pub(crate) fn root(proto: &Path, text: &str) -> PathBuf {
    let folder = proto.parent().unwrap_or(Path::new(""));
    let package: PathBuf = package(text).iter().collect();
    let above = if folder.ends_with(&package) { package.components().count() } else { 0 };
    let root = folder.ancestors().nth(above).unwrap_or(folder);
    if root.as_os_str().is_empty() { PathBuf::from(".") } else { root.to_owned() }
}

/// The parts of the package that the proto declares; none if it declares none.
fn package(text: &str) -> Vec<String> {
    let code = code(text, |_| " ");
    let declared = statements(&code, "package").next();
    let parts = declared.into_iter().flat_map(|name| name.split('.'));
    parts.map(|part| part.trim().to_owned()).collect()
}

/// The names that the proto imports.
pub(crate) fn imports(text: &str) -> Vec<String> {
    // A literal that could be mistaken for code is no name of a file.
    let code = code(text, |literal| if literal.contains([';', '{', '}']) { " " } else { literal });
    let quoted = |statement: &str| statement.split(['"', '\'']).nth(1).map(str::to_owned);
    statements(&code, "import").filter_map(quoted).collect()
}

/// What follows this word in the statements that begin with it.
fn statements<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    let is_word = |rest: &&str| rest.starts_with(|next: char| next.is_whitespace() || next == '"' || next == '\'');
    code.split([';', '{', '}']).filter_map(move |statement| statement.trim().strip_prefix(word).filter(is_word))
}

/// The text without comments, and with this in place of each string literal.
fn code(text: &str, literal: impl Fn(&str) -> &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['/', '"', '\'']) {
        let (before, from) = rest.split_at(at);
        code.push_str(before);
        rest = if from.starts_with("//") {
            from.split_once('\n').map_or("", |(_, rest)| rest)
        } else if from.starts_with("/*") {
            from.split_once("*/").map_or("", |(_, rest)| rest)
        } else if let Some(rest) = from.strip_prefix('/') {
            rest
        } else {
            let rest = after_string(from);
            code.push_str(literal(&from[..from.len() - rest.len()]));
            rest
        };
        code.push(' ');
    }
    code + rest
}

/// What follows the string literal at the start of `text`.
fn after_string(text: &str) -> &str {
    let quote = text.chars().next();
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if Some(character) == quote => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_taken_off_the_folder() {
        for (proto, text, expected) in [
            ("proto/user.proto", "package example.v1;", "proto"),
            ("proto/example/v1/user.proto", "syntax = \"proto3\";\npackage example.v1;", "proto"),
            ("example/v1/user.proto", "package\n  example . v1 ;", "."),
            ("user.proto", "package example.v1;", "."),
            ("proto/example/v1/user.proto", "package other.v1;", "proto/example/v1"),
            ("proto/v1/user.proto", "package example.v1;", "proto/v1"),
            ("proto/a/user.proto", "message M {}", "proto/a"),
            ("proto/a/user.proto", "// package a;\n/* package a; */ option x = \"'; package a;\";", "proto/a"),
            ("proto/a/user.proto", "option x = '\\'//'; package a;", "proto"),
            ("proto/a/user.proto", "option x = \"unfinished", "proto/a"),
            ("/srv/proto/a/user.proto", "packages b; package a;", "/srv/proto"),
        ] {
            assert_eq!(root(Path::new(proto), text), Path::new(expected), "{proto}: {text}");
        }
    }

    #[test]
    fn imports_are_found() {
        let text = "import 'a.proto';import public\n\"b.proto\" ; // import \"c.proto\";\n/* import 'd.proto'; */\n\
                    message M { string important = 1; } option x = \"\\\"; import 'e.proto';\"; import\"f.proto\";";
        assert_eq!(imports(text), ["a.proto", "b.proto", "f.proto"]);
    }
}
