use std::fmt;
use std::path::Path;

/// Why no code was generated: one line per problem, each with its place and how to mend it.
///
/// A build script shows the `Debug` form of the error its `main` returns, so that form is the readable text as well.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    lines: Vec<String>,
}

impl Error {
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self { lines: vec![line.into()] }
    }

    /// Several problems; `None` if there is none.
    pub(crate) fn of(lines: Vec<String>) -> Option<Self> {
        (!lines.is_empty()).then_some(Self { lines })
    }

    /// Both, or all that is wrong with either.
    pub(crate) fn both<A, B>(one: Result<A, Self>, other: Result<B, Self>) -> Result<(A, B), Self> {
        match (one, other) {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
            (Err(one), Err(other)) => Err(Self { lines: [one.lines, other.lines].concat() }),
        }
    }

    /// A file or folder with which something could not be done.
    pub(crate) fn io(action: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new(format!("cannot {action} `{}`: {error}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // After `Error: ` a list begins best on a line of its own.
        if self.lines.len() > 1 {
            f.write_str("\n")?;
        }
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}
