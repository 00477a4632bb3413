//! ProtoJSON: what is read, what is refused and with which words, what is written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod any;
mod containers;
mod extensions;
mod hostile;
mod names;
mod options;
mod scalars;
#[cfg(feature = "serde")]
mod serde;
mod text;
mod well_known;

#[allow(clippy::all, unreachable_pub, reason = "generated")]
mod kinds {
    include!("../../../tests/golden/json/test.kinds.rs");
}

#[allow(clippy::all, dead_code, unreachable_pub, reason = "generated")]
mod extended {
    include!("../../../tests/golden/extensions/test.extensions.rs");
}

use rsgrpc::json::{Json, Options, Registry};

fn options() -> Options {
    Options::new().registry(Registry::new().with(kinds::MESSAGE_TYPES))
}

fn read<T: Json + Default>(text: &str) -> T {
    options().from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn write(value: &dyn Json) -> String {
    options().to_string(value).unwrap()
}

/// The error of reading, as it is printed.
fn refuse<T: Json + Default>(text: &str) -> String {
    match options().from_str::<T>(text) {
        Ok(value) => panic!("{text} was read and would be written {:?}", options().to_string(&value)),
        Err(error) => error.to_string(),
    }
}

/// Reads `text` as `T` and expects to write `expected`.
#[track_caller]
fn becomes<T: Json + Default>(text: &str, expected: &str) {
    assert_eq!(write(&read::<T>(text)), expected, "from {text}");
}

/// Reads `text` as `T` and expects to write it again.
#[track_caller]
fn stays<T: Json + Default>(text: &str) {
    becomes::<T>(text, text);
}

/// Expects each text to be refused, with an error that begins as given.
#[track_caller]
fn refuses<T: Json + Default>(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let error = refuse::<T>(text);
        assert!(error.starts_with(expected), "{text}\n  gave     {error}\n  expected {expected}");
    }
}
