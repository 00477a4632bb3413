//! Compiles every golden without a warning.

#![deny(warnings, rust_2018_idioms, unreachable_pub)]
#![forbid(unsafe_code)]

include!("../../goldens.rs");
