//! Protos.
