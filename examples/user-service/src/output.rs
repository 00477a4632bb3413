//! What the program prints.

use std::fmt;
use std::io::{self, Write as _};

/// Prints a line, as `println!` does; but where nobody reads it any more (`user-service | head`), the program ends quietly.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::output::line(format_args!($($text)*)) };
}

/// Prints a line, or ends the program with exit code 1 if that is not possible.
pub fn line(text: fmt::Arguments<'_>) {
    if writeln!(io::stdout(), "{text}").is_err() {
        std::process::exit(1);
    }
}
