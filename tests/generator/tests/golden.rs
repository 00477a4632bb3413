//! What a proto produces. A golden that differs is rewritten, and the test fails: the review is the diff.

use generator_tests::{Outcome, kept};

#[test]
fn goldens_are_what_is_generated() -> Outcome {
    let changed = kept::rewrite_goldens()?;
    assert!(changed.is_empty(), "rewritten, see the diff: {changed:#?}");
    Ok(())
}
