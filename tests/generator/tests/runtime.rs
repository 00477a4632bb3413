//! The generated code that the runtime itself carries. What differs is rewritten, and the test fails.

use generator_tests::{Outcome, kept};

#[test]
fn the_runtime_carries_what_is_generated() -> Outcome {
    let changed = kept::rewrite_runtime()?;
    assert!(changed.is_empty(), "rewritten, see the diff: {changed:#?}");
    Ok(())
}
