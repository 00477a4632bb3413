//! Which files are generated.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::pool::{FileId, Pool, TypeId};
use crate::request::Request;

/// The files the request names, as a flag per file.
pub(super) fn requested(pool: &Pool<'_>, request: &Request, diagnostics: &mut Diagnostics) -> Vec<bool> {
    let mut selected = vec![false; pool.files.len()];
    for name in &request.to_generate {
        match pool.find_file(name) {
            Some(file) => selected[file.0] = true,
            None => diagnostics.push(
                Diagnostic::new(
                    "the file is to be generated but its descriptor is missing",
                    "add it to the descriptor set",
                )
                .at(name, None),
            ),
        }
    }
    selected
}

/// Adds the files that declare types which selected files use, and so on, unless other code provides the type.
pub(super) fn include_imports(pool: &Pool<'_>, selected: &mut [bool], is_extern: impl Fn(TypeId) -> bool) {
    let mut open: Vec<usize> = (0..selected.len()).filter(|&file| selected[file]).collect();
    while let Some(file) = open.pop() {
        for id in used_types(pool, FileId(file)).filter(|&id| !is_extern(id)) {
            let used = pool.get(id).file.0;
            if !std::mem::replace(&mut selected[used], true) {
                open.push(used);
            }
        }
    }
}

/// The types of all fields and methods in a file.
fn used_types<'p>(pool: &'p Pool<'_>, file: FileId) -> impl Iterator<Item = TypeId> + 'p {
    let fields = pool
        .types
        .iter()
        .filter(move |entry| entry.file == file)
        .filter_map(|entry| entry.message())
        .flat_map(|message| &message.field)
        .map(|field| field.type_name.as_str());
    let methods = pool.file(file).file().service.iter().flat_map(|service| &service.method);
    let methods = methods.flat_map(|method| [method.input_type.as_str(), method.output_type.as_str()]);
    fields.chain(methods).filter_map(|name| pool.find(name))
}
