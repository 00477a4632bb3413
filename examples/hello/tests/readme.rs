//! The README of the project shows this example, and what it shows must be what compiles here.

const README: &str = include_str!("../../../README.md");

/// The code after the comment that says which file it is.
fn code(file: &str) -> &str {
    file.split_once("\n\n").map_or(file, |(_, code)| code)
}

#[test]
fn the_readme_shows_the_server() {
    assert!(README.contains(code(include_str!("../src/server.rs"))));
}

#[test]
fn the_readme_shows_the_client() {
    assert!(README.contains(code(include_str!("../src/client.rs"))));
}

#[test]
fn the_readme_shows_the_proto() {
    assert!(README.contains(include_str!("../proto/hello.proto")));
}

#[test]
fn the_readme_shows_the_build_script() {
    assert!(README.contains(code(include_str!("../build.rs"))));
}
