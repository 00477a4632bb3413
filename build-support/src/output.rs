//! Writing files.

use std::fs;
use std::path::Path;

use crate::Error;

/// Writes a file unless it has that content already: a new time stamp would recompile the user's crate.
pub(crate) fn write_if_changed(path: &Path, content: &[u8]) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    write(path, content)
}

/// Writes a file and the folders on the way to it.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Error::io("create the folder", folder, &error))?;
    }
    fs::write(path, content).map_err(|error| Error::io("write", path, &error))
}
