//! Writes the table of probe sources and snapshots that `harness/src/sources.rs` includes.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const EXTENSIONS: [&str; 6] = ["c", "cc", "h", "py", "snap", "toml"];

pub fn build(root: &Path, out_dir: &Path) {
    let mut table = String::from("static FILES: &[(&str, &str)] = &[\n");
    for folder in ["cases", "c-shims", "snapshots"] {
        let mut files = Vec::new();
        collect(&root.join(folder), &mut files);
        files.sort();
        for file in files {
            let name = file.strip_prefix(root).unwrap().to_str().expect("source paths are UTF-8").replace('\\', "/");
            writeln!(table, "    ({name:?}, include_str!({file:?})),").unwrap();
        }
    }
    table.push_str("];\n");
    fs::write(out_dir.join("sources.rs"), table).expect("OUT_DIR is writable");
}

/// Folders are watched too, so that a new file is seen.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo:rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known)) {
            files.push(path);
        }
    }
}
