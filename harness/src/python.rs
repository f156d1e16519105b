//! Python interpreters and their NumPy: found, and asked who they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::model::{Allocator, Kind, Origin};

/// Prints version, executable and NumPy's version, each on a line; an absent or broken NumPy has none.
const WHO_ARE_YOU: &str = "
import sys
print('.'.join(str(part) for part in sys.version_info[:3]))
print(sys.executable)
try:
    import numpy
    print(numpy.__version__)
except Exception:
    print('')
";

/// Does a name on the command line speak of an interpreter or of NumPy?
pub fn is_name(name: &str) -> bool {
    name.starts_with("cpython") || name.starts_with("numpy")
}

struct Interpreter {
    version: String,
    executable: PathBuf,
    numpy: Option<String>,
}

/// Every CPython on PATH and in the folders that pyenv keeps, newest first, followed by each one's NumPy.
///
/// A name holds the minor version, `cpython-3.13`; where two have the same, the one that PATH finds first has that name
/// and the other its full version's. Likewise `numpy-2.5`, then `numpy-2.5@cpython-3.12`.
pub fn interpreters() -> Vec<Allocator> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for candidate in candidates() {
        let Some(interpreter) = ask(&candidate) else { continue };
        let file = fs::canonicalize(&interpreter.executable).unwrap_or_else(|_| interpreter.executable.clone());
        if seen.insert(file) {
            found.push(interpreter);
        }
    }
    found.sort_by_key(|interpreter| std::cmp::Reverse(numbers(&interpreter.version)));
    named(found)
}

fn named(interpreters: Vec<Interpreter>) -> Vec<Allocator> {
    let mut taken = BTreeSet::new();
    let mut allocators = Vec::new();
    for interpreter in interpreters {
        let plain = format!("cpython-{}", minor(&interpreter.version));
        let name = if taken.contains(&plain) { format!("cpython-{}", interpreter.version) } else { plain };
        taken.insert(name.clone());
        allocators.push(python(&name, &interpreter.version, &interpreter.executable, None));
        if let Some(version) = &interpreter.numpy {
            let plain = format!("numpy-{}", minor(version));
            let numpy = if taken.contains(&plain) { format!("{plain}@{name}") } else { plain };
            taken.insert(numpy.clone());
            allocators.push(python(&numpy, version, &interpreter.executable, Some("numpy")));
        }
    }
    allocators
}

fn python(name: &str, version: &str, executable: &Path, module: Option<&str>) -> Allocator {
    Allocator {
        name: name.to_owned(),
        version: version.to_owned(),
        origin: Origin::Installed,
        kind: Kind::Python { module: module.map(str::to_owned) },
        path: Some(executable.to_owned()),
        environment: BTreeMap::new(),
        deviations: Vec::new(),
        variations: Vec::new(),
    }
}

/// `python3`, `python`, `python3.13`, `python2.7` in PATH's order, then pyenv's.
fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = ["python3", "python"].iter().filter_map(|name| which::which(name).ok()).collect();
    for folder in std::env::split_paths(&path) {
        found.extend(executables(&folder));
    }
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv"));
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or(home);
    let versions = pyenv.and_then(|root| fs::read_dir(root.join("versions")).ok());
    let mut versions: Vec<PathBuf> = versions.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    versions.sort();
    found.extend(versions.iter().flat_map(|version| executables(&version.join("bin"))));
    found
}

/// The files called `pythonX.Y` in a folder. A shim of pyenv answers for another version or not at all, and is then seen
/// twice or never.
fn executables(folder: &Path) -> Vec<PathBuf> {
    let is_python = |name: &str| {
        let version = name.strip_prefix("python").and_then(|version| version.split_once('.'));
        version.is_some_and(|(major, minor)| matches!(major, "2" | "3") && minor.parse::<u32>().is_ok())
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        entries.filter(|entry| entry.file_name().to_str().is_some_and(is_python)).map(|entry| entry.path()).collect();
    found.sort();
    found
}

fn ask(program: &Path) -> Option<Interpreter> {
    let output = Command::new(program).args(["-s", "-c", WHO_ARE_YOU]).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let (version, executable) = (lines.next()?.to_owned(), PathBuf::from(lines.next()?));
    let numpy = lines.next().filter(|version| !version.is_empty()).map(str::to_owned);
    output.status.success().then_some(Interpreter { version, executable, numpy })
}

fn minor(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}
