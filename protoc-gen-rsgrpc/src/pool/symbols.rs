//! Files and types.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::descriptor::{Enum, File, Message};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::features::{Features, Presence};
use crate::request::{Request, SourceFile};

use super::Locations;

/// The index of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FileId(pub(crate) usize);

/// The index of a message or enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TypeId(pub(crate) usize);

/// All files of a request and all messages and enums in them.
pub(crate) struct Pool<'a> {
    pub(crate) files: Vec<FileEntry<'a>>,
    pub(crate) types: Vec<TypeEntry<'a>>,
    by_name: HashMap<String, TypeId>,
    files_by_name: HashMap<&'a str, FileId>,
}

pub(crate) struct FileEntry<'a> {
    pub(crate) source: &'a SourceFile,
    pub(crate) messages: Vec<TypeId>,
    pub(crate) enums: Vec<TypeId>,
    locations: OnceCell<Locations>,
}

impl<'a> FileEntry<'a> {
    pub(crate) fn file(&self) -> &'a File {
        &self.source.file
    }

    /// Decoded when they are first asked for.
    pub(crate) fn locations(&self) -> &Locations {
        self.locations.get_or_init(|| Locations::decode(&self.file().source_code_info))
    }
}

pub(crate) struct TypeEntry<'a> {
    /// From the package on, with a leading dot: as other types refer to it.
    pub(crate) name: String,
    pub(crate) definition: Definition<'a>,
    pub(crate) file: FileId,
    /// Where the descriptor is within its file.
    pub(crate) path: Vec<i32>,
    pub(crate) features: Features,
    /// The messages and enums declared inside a message.
    pub(crate) messages: Vec<TypeId>,
    pub(crate) enums: Vec<TypeId>,
}

#[derive(Clone, Copy)]
pub(crate) enum Definition<'a> {
    Message(&'a Message),
    Enum(&'a Enum),
}

impl<'a> TypeEntry<'a> {
    /// The name in its declaration.
    pub(crate) fn simple_name(&self) -> &'a str {
        match self.definition {
            Definition::Message(message) => &message.name,
            Definition::Enum(definition) => &definition.name,
        }
    }

    pub(crate) fn message(&self) -> Option<&'a Message> {
        match self.definition {
            Definition::Message(message) => Some(message),
            Definition::Enum(_) => None,
        }
    }

    /// The name without the leading dot.
    pub(crate) fn full_name(&self) -> &str {
        self.name.trim_start_matches('.')
    }
}

impl<'a> Pool<'a> {
    pub(crate) fn build(request: &'a Request, diagnostics: &mut Diagnostics) -> Self {
        let mut pool = Self {
            files: Vec::with_capacity(request.files.len()),
            types: Vec::new(),
            by_name: HashMap::new(),
            files_by_name: HashMap::new(),
        };
        for source in &request.files {
            pool.add_file(source, diagnostics);
        }
        pool
    }

    pub(crate) fn file(&self, id: FileId) -> &FileEntry<'a> {
        &self.files[id.0]
    }

    pub(crate) fn get(&self, id: TypeId) -> &TypeEntry<'a> {
        &self.types[id.0]
    }

    pub(crate) fn find_file(&self, name: &str) -> Option<FileId> {
        self.files_by_name.get(name).copied()
    }

    /// The type of a name with a leading dot.
    pub(crate) fn find(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// The message of a name with a leading dot.
    pub(crate) fn find_message(&self, name: &str) -> Option<&'a Message> {
        self.find(name).and_then(|id| self.get(id).message())
    }

    /// A diagnostic at an element of a file.
    pub(crate) fn diagnose(
        &self,
        file: FileId,
        path: &[i32],
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Diagnostic {
        let entry = self.file(file);
        Diagnostic::new(what, mend).at(&entry.file().name, entry.locations().position(path))
    }

    fn add_file(&mut self, source: &'a SourceFile, diagnostics: &mut Diagnostics) {
        let file = &source.file;
        let id = FileId(self.files.len());
        if self.files_by_name.contains_key(file.name.as_str()) {
            diagnostics.push(Diagnostic::new("the file is in the request twice", "remove one").at(&file.name, None));
            return;
        }
        self.files_by_name.insert(&file.name, id);
        let features = Features::of_file(file).unwrap_or_else(|diagnostic| {
            diagnostics.push(diagnostic.at(&file.name, None));
            Features { presence: Presence::Explicit, packed: true, delimited: false }
        });
        self.files.push(FileEntry { source, messages: Vec::new(), enums: Vec::new(), locations: OnceCell::new() });
        let scope = match file.package.as_str() {
            "" => String::new(),
            package => format!(".{package}"),
        };
        let scope = Scope { file: id, name: &scope, path: &[], features };
        let messages = self.add_messages(&scope, 4, &file.message_type, diagnostics);
        let enums = self.add_enums(&scope, 5, &file.enum_type, diagnostics);
        let entry = &mut self.files[id.0];
        entry.messages = messages;
        entry.enums = enums;
    }

    fn add_messages(
        &mut self,
        scope: &Scope<'_>,
        number: i32,
        messages: &'a [Message],
        diagnostics: &mut Diagnostics,
    ) -> Vec<TypeId> {
        let mut ids = Vec::with_capacity(messages.len());
        for (index, message) in messages.iter().enumerate() {
            let stated = message.options.as_ref().and_then(|o| o.features);
            let entry = scope.entry(Definition::Message(message), [number, index as i32], stated);
            let (name, path, features) = (entry.name.clone(), entry.path.clone(), entry.features);
            let id = self.add_type(entry, diagnostics);
            let inner = Scope { file: scope.file, name: &name, path: &path, features };
            let nested = self.add_messages(&inner, 3, &message.nested_type, diagnostics);
            let enums = self.add_enums(&inner, 4, &message.enum_type, diagnostics);
            self.types[id.0].messages = nested;
            self.types[id.0].enums = enums;
            ids.push(id);
        }
        ids
    }

    fn add_enums(
        &mut self,
        scope: &Scope<'_>,
        number: i32,
        enums: &'a [Enum],
        diagnostics: &mut Diagnostics,
    ) -> Vec<TypeId> {
        let add = |(index, definition): (usize, &'a Enum)| {
            let entry = scope.entry(Definition::Enum(definition), [number, index as i32], None);
            self.add_type(entry, diagnostics)
        };
        enums.iter().enumerate().map(add).collect()
    }

    fn add_type(&mut self, entry: TypeEntry<'a>, diagnostics: &mut Diagnostics) -> TypeId {
        let id = TypeId(self.types.len());
        if self.by_name.insert(entry.name.clone(), id).is_some() {
            diagnostics.push(self.diagnose(
                entry.file,
                &entry.path,
                format!("`{}` is declared twice", entry.full_name()),
                "rename one of the two",
            ));
        }
        self.types.push(entry);
        id
    }
}

/// What the declarations inside a file or a message inherit.
struct Scope<'s> {
    file: FileId,
    name: &'s str,
    path: &'s [i32],
    features: Features,
}

impl Scope<'_> {
    fn entry<'a>(
        &self,
        definition: Definition<'a>,
        step: [i32; 2],
        stated: Option<crate::descriptor::FeatureSet>,
    ) -> TypeEntry<'a> {
        let mut entry = TypeEntry {
            name: String::new(),
            definition,
            file: self.file,
            path: [self.path, &step].concat(),
            features: self.features.with(stated),
            messages: Vec::new(),
            enums: Vec::new(),
        };
        entry.name = format!("{}.{}", self.name, entry.simple_name());
        entry
    }
}
