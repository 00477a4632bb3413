//! What is wrong with the input, where, and how to mend it.

use std::fmt;

/// One mistake in a proto file or an option.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    file: String,
    /// Line and column, counted from one.
    position: Option<(u32, u32)>,
    what: String,
    mend: String,
}

impl Diagnostic {
    /// A mistake that belongs to no file, such as an option.
    pub(crate) fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { file: String::new(), position: None, what: what.into(), mend: mend.into() }
    }

    pub(crate) fn at(mut self, file: &str, position: Option<(u32, u32)>) -> Self {
        self.file = file.to_owned();
        self.position = position;
        self
    }
}

/// `file:line:col: what is wrong; how to mend it`, as far as the place is known.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}:", self.file)?;
            if let Some((line, column)) = self.position {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        write!(f, "{}; {}", self.what, self.mend)
    }
}

impl std::error::Error for Diagnostic {}

/// Everything that is wrong with one run, in the order of files and lines. Displayed one per line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// The mistakes in the order of files and lines.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// These mistakes and those of the result.
    pub(crate) fn join<T>(mut self, result: Result<T, Self>) -> Result<T, Self> {
        match result {
            Ok(value) => self.finish(value),
            Err(others) => {
                self.0.extend(others.0);
                Err(self)
            }
        }
    }

    /// `value`, unless something was wrong.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort();
        self.0.dedup();
        Err(self)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
