// Every golden, as a module. Kept by the golden test.

#[path = "../golden/services/mod.rs"]
pub mod services;
