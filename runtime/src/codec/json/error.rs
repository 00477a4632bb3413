use core::fmt;

/// Why a text is not the JSON of a message, or a message has no JSON: what is wrong, in which field, at which place.
///
/// Printed as `users[3].createTime: expected …, found … (line 1, column 35)`.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    message: String,
    /// Innermost first: the path grows while the error returns through the containers.
    path: Vec<Segment>,
    position: Option<(usize, usize)>,
    /// There is nothing wrong with the text, but no room for its elements.
    is_of_room: bool,
}

#[derive(Clone, PartialEq, Eq)]
enum Segment {
    Field(&'static str),
    Index(usize),
    Key(String),
}

impl Error {
    #[cold]
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Inner { message: message.into(), path: Vec::new(), position: None, is_of_room: false }))
    }

    /// An error at a byte offset of `input`.
    #[cold]
    pub(super) fn at(message: impl Into<String>, input: &[u8], offset: usize) -> Self {
        let before = input.get(..offset).unwrap_or(input);
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let mut error = Self::new(message);
        error.0.position = Some((line, before.len() - line_start + 1));
        error
    }

    /// An error that is none of the text.
    #[cold]
    pub(super) fn of_room(mut self) -> Self {
        self.0.is_of_room = true;
        self
    }

    pub(crate) fn is_of_room(&self) -> bool {
        self.0.is_of_room
    }

    #[cold]
    pub(super) fn in_field(mut self, name: &'static str) -> Self {
        self.0.path.push(Segment::Field(name));
        self
    }

    #[cold]
    pub(super) fn in_element(mut self, index: usize) -> Self {
        self.0.path.push(Segment::Index(index));
        self
    }

    #[cold]
    pub(super) fn in_entry(mut self, key: &str) -> Self {
        self.0.path.push(Segment::Key(shortened(key)));
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The path to the field in JSON names, such as `users[3].labels["a"]`; empty for the top.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for segment in self.0.path.iter().rev() {
            match segment {
                Segment::Field(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
                Segment::Index(index) => path.push_str(&format!("[{index}]")),
                Segment::Key(key) => path.push_str(&format!("[{key:?}]")),
            }
        }
        path
    }

    /// Line and column in the text that was read, both from 1, the column in bytes; none for an error of writing.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.0.position
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        f.write_str(&self.0.message)?;
        match self.0.position {
            Some((line, column)) => write!(f, " (line {line}, column {column})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl std::error::Error for Error {}

/// What the other side sent, short enough to stand in a message.
pub(super) fn shortened(text: &str) -> String {
    const LIMIT: usize = 64;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
