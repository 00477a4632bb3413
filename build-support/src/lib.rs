//! build.rs support.
