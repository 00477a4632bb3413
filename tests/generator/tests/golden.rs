//! What a proto produces. A golden that differs is rewritten, and the test fails: the review is the diff.

use generator_tests::{Outcome, kept};

/// `http_streams` has rules that match the same, and the option by which the first counts; `masks` those that fill a mask,
/// and those that do not.
// docs/rest.md 1.11 5.10
#[test]
fn goldens_are_what_is_generated() -> Outcome {
    let changed = kept::rewrite_goldens()?;
    assert!(changed.is_empty(), "rewritten, see the diff: {changed:#?}");
    Ok(())
}
