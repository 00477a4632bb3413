//! Compiles every golden without a warning.

#![deny(warnings, rust_2018_idioms, unreachable_pub)]
#![forbid(unsafe_code)]
#![allow(clippy::module_inception, reason = "goldens are named like the packages in them")]
#![allow(clippy::wrong_self_convention, reason = "an rpc may be named FromArc")]
// rustdoc, unlike rustc, works out the auto traits of thirty levels of boxes one by one.
#![cfg_attr(doc, recursion_limit = "512")]

include!("../../goldens.rs");
include!("../../provided.rs");
