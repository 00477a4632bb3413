//! Runs build scripts as Cargo would: what they generate, what they tell Cargo, and what users read.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod compile;
mod errors;
mod package;
