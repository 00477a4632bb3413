//! The folders in which protoc looks for imports.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::Error;
use crate::proto_text::{imports, root};

/// Folders in the order in which they are searched.
#[derive(Debug)]
pub(crate) struct Includes {
    folders: Vec<PathBuf>,
}

impl Includes {
    /// The folders somebody named.
    pub(crate) fn given(folders: &[PathBuf]) -> Self {
        Self { folders: once_each(folders.to_vec()) }
    }

    /// The folders that follow from the protos, as [`crate::compile`] describes it.
    pub(crate) fn of(protos: &[PathBuf]) -> Result<Self, Error> {
        let mut folders = Vec::new();
        let mut texts = Vec::new();
        let mut problems = Vec::new();
        for proto in protos {
            match text(proto) {
                Ok(text) => {
                    folders.push(root(proto, &text));
                    texts.push((proto, text));
                }
                Err(problem) => problems.push(problem),
            }
        }
        // The outermost folder goes first: it gives each proto below it the longest name, the one others import it by.
        folders.sort_by_key(|folder| without_dots(folder).components().count());
        let includes = Self { folders: once_each(folders) }.with_names_apart(protos);
        problems.extend(texts.iter().flat_map(|(proto, text)| includes.ambiguous(proto, text, protos)));
        Error::of(problems).map_or(Ok(includes), Err)
    }

    /// The imports of a proto that mean another file than the one beside it, or give one of the protos a second name.
    fn ambiguous(&self, proto: &Path, text: &str, protos: &[PathBuf]) -> Vec<String> {
        let beside = root(proto, text);
        let problem = |name: String| {
            let found = self.find(&name)?;
            let meant = Some(without_dots(&beside).join(&name)).filter(|path| path.is_file()).unwrap_or(found.clone());
            let is_given = protos.iter().any(|proto| without_dots(proto) == found);
            let full = self.name(&meant);
            (meant != found || is_given && full != name).then(|| {
                format!(
                    "`{}`: `import \"{name}\"` is too short where protos of one name lie in several folders; write \
                     `import \"{full}\"`",
                    proto.display()
                )
            })
        };
        imports(text).into_iter().filter_map(problem).collect()
    }

    /// Two protos with one name below their folders have different ones below a folder that holds both.
    fn with_names_apart(mut self, protos: &[PathBuf]) -> Self {
        if protos.iter().any(|proto| self.shadow(proto).is_some())
            && let Some(holds_all) = common_ancestor(&self.folders)
        {
            self.folders.insert(0, holds_all);
            self.folders = once_each(self.folders);
        }
        self
    }

    /// That protoc finds each proto: it can be read, lies in one of the folders, and is not hidden by another one.
    pub(crate) fn check(&self, protos: &[PathBuf]) -> Result<(), Error> {
        let problem =
            |proto: &PathBuf| text(proto).err().or_else(|| self.outside(proto)).or_else(|| self.hidden(proto));
        Error::of(protos.iter().filter_map(problem).collect()).map_or(Ok(()), Err)
    }

    fn outside(&self, proto: &Path) -> Option<String> {
        let proto = without_dots(proto);
        if self.folders.iter().any(|folder| proto.starts_with(without_dots(folder))) {
            return None;
        }
        Some(format!(
            "`{}` is in none of the include folders, {}; name one that holds it, written as in the path of the proto, \
             by `rsgrpc_build::configure().include(..)`",
            proto.display(),
            self.listed()
        ))
    }

    fn hidden(&self, proto: &Path) -> Option<String> {
        let shadow = self.shadow(proto)?;
        let (proto, shadow, name) = (proto.display(), shadow.display(), self.name(proto));
        Some(format!(
            "`{proto}`: `import \"{name}\"` means `{shadow}` here, which an earlier include folder has; name first a \
             folder that holds both, by `rsgrpc_build::configure().include(..)`"
        ))
    }

    /// The other file that protoc finds by the name of this one.
    fn shadow(&self, proto: &Path) -> Option<PathBuf> {
        self.find(&self.name(proto)).filter(|found| *found != without_dots(proto))
    }

    /// The folders as a message names them.
    pub(crate) fn listed(&self) -> String {
        let folders: Vec<_> = self.folders.iter().map(|folder| format!("`{}`", folder.display())).collect();
        folders.join(", ")
    }

    pub(crate) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The file that protoc reads for this name, if it comes from one of these folders.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        self.folders.iter().map(|folder| without_dots(folder).join(name)).find(|path| path.is_file())
    }

    /// The name by which protoc knows this file: its path from the first of these folders that it is in.
    pub(crate) fn name(&self, proto: &Path) -> String {
        let proto = without_dots(proto);
        let below = |folder: &PathBuf| proto.strip_prefix(without_dots(folder)).ok().map(Path::to_owned);
        let name = self.folders.iter().find_map(below).unwrap_or(proto);
        let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
        parts.join("/")
    }

    /// Gives a message that begins with the name of a proto the path of that proto, which editors can jump to.
    pub(crate) fn localize(&self, line: &str) -> String {
        let found = line.split_once(':').and_then(|(name, rest)| Some((self.find(name)?, rest)));
        found.map_or_else(|| line.to_owned(), |(path, rest)| format!("{}:{rest}", path.display()))
    }
}

/// The text of a proto.
fn text(proto: &Path) -> Result<String, String> {
    let read = fs::read(proto).map(|text| String::from_utf8_lossy(&text).into_owned());
    read.map_err(|error| {
        format!("cannot read `{}`: {error}; the path is relative to the folder of Cargo.toml", proto.display())
    })
}

/// The path without its `.` components, so that `./proto` and `proto` are one folder.
fn without_dots(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// The folders, each the first time it comes.
fn once_each(folders: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    folders.into_iter().filter(|folder| seen.insert(without_dots(folder))).collect()
}

/// The innermost folder that holds all of these, if their paths tell.
fn common_ancestor(folders: &[PathBuf]) -> Option<PathBuf> {
    let (first, others) = folders.split_first()?;
    let first = without_dots(first);
    let ancestor =
        first.ancestors().find(|ancestor| others.iter().all(|other| without_dots(other).starts_with(ancestor)))?;
    let is_known = |folder: &PathBuf| !without_dots(folder).starts_with("..") && folder.is_relative();
    match ancestor.as_os_str().is_empty() {
        true => folders.iter().all(is_known).then(|| PathBuf::from(".")),
        false => Some(ancestor.to_owned()),
    }
}
