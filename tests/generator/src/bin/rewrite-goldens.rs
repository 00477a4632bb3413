//! `rewrite-goldens`: rewrites all generated code that is kept, and names the files that were others. The tests do so, too,
//! but they build only while the goldens compile.

use generator_tests::{Outcome, kept};

fn main() -> Outcome {
    for file in kept::rewrite_runtime()?.into_iter().chain(kept::rewrite_goldens()?) {
        eprintln!("{file}");
    }
    Ok(())
}
