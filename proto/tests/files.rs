//! The list of the crate and the folder of protos must not drift apart.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn lists_every_proto_of_the_folder() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("protos");
    let mut found = BTreeSet::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(&root) {
                found.insert(name.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    let listed: BTreeSet<String> = rsgrpc_proto::FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, listed);
    Ok(())
}

#[test]
fn imports_only_itself_and_the_well_known_types() {
    for (path, text) in rsgrpc_proto::FILES {
        for line in text.lines() {
            let Some(import) = line.strip_prefix("import \"").and_then(|rest| rest.strip_suffix("\";")) else {
                continue;
            };
            let known =
                import.starts_with("google/protobuf/") || rsgrpc_proto::FILES.iter().any(|(name, _)| *name == import);
            assert!(known, "{path} imports {import}");
        }
    }
}
