//! What the outside suites run against. The binaries are in `src/bin`, the suites in `tests/suites/run`.

pub mod conformance;
pub mod interop;
pub mod pages;
pub mod protobuf;
