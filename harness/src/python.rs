//! Python interpreters and their NumPy: found, and asked who they are.

use std::collections::{BTreeMap, BTreeSet};
use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::model::{Allocator, Kind, Origin};
use crate::os::PYENV;
use crate::run::kept_environment;

/// Prints implementation, version (`3.13.0t` is free-threaded), executable, prefix and NumPy's version, a line each. The
/// last is empty where there is no NumPy, and `?` where there is one that cannot be imported.
const WHO_ARE_YOU: &str = r#"
import sys
name = getattr(sys, "implementation", None)
lines = [name.name if name else sys.subversion[0].lower()]
lines.append(sys.version.split()[0].rstrip("+") + getattr(sys, "abiflags", "").replace("m", ""))
lines += [sys.executable, sys.prefix]
try:
    import numpy
    lines.append(numpy.__version__)
except Exception as error:
    lines.append("" if str(error).replace("'", "") == "No module named numpy" else "?")
sys.stdout.write("\n".join(lines) + "\n")
"#;

/// Does a name on the command line speak of an interpreter or of NumPy?
pub fn is_name(name: &str) -> bool {
    name.starts_with("cpython") || name.starts_with("numpy")
}

struct Interpreter {
    version: String,
    executable: PathBuf,
    prefix: String,
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
        let Some(interpreter) = ask(&candidate).unwrap_or_else(|| Some(broken(&candidate))) else { continue };
        // A virtual environment shares the executable and has modules of its own.
        let file = fs::canonicalize(&interpreter.executable).unwrap_or_else(|_| interpreter.executable.clone());
        if seen.insert((file, interpreter.prefix.clone())) {
            found.push(interpreter);
        }
    }
    found.sort_by_key(|interpreter| std::cmp::Reverse(numbers(&interpreter.version)[..2].to_vec()));
    named(found)
}

fn named(interpreters: Vec<Interpreter>) -> Vec<Allocator> {
    let mut taken = BTreeSet::new();
    let mut allocators = Vec::new();
    for interpreter in interpreters {
        let executable = &interpreter.executable;
        let name = free_name(
            &taken,
            [format!("cpython-{}", minor(&interpreter.version)), format!("cpython-{}", interpreter.version)],
            || format!("cpython-{}@{}", interpreter.version, interpreter.prefix),
        );
        taken.insert(name.clone());
        allocators.push(python(&name, &interpreter.version, executable, None));
        if let Some(version) = &interpreter.numpy {
            let there = if version == "?" { "numpy".into() } else { format!("numpy-{}", minor(version)) };
            let numpy = free_name(&taken, [there.clone(), there.clone()], || format!("{there}@{name}"));
            taken.insert(numpy.clone());
            allocators.push(python(&numpy, version, executable, Some("numpy")));
        }
    }
    allocators
}

fn free_name(taken: &BTreeSet<String>, short: [String; 2], long: impl Fn() -> String) -> String {
    short.into_iter().find(|name| !taken.contains(name)).unwrap_or_else(long)
}

fn python(name: &str, version: &str, executable: &Path, module: Option<&str>) -> Allocator {
    Allocator {
        name: name.to_owned(),
        version: version.to_owned(),
        origin: Origin::Installed,
        kind: Kind::Python { module: module.map(str::to_owned) },
        path: Some(executable.to_owned()),
        environment: BTreeMap::new(),
        areas: Vec::new(),
        deviations: Vec::new(),
        variations: Vec::new(),
        knobs: Vec::new(),
        boundaries: Vec::new(),
        reserved_mib: 0,
    }
}

/// What PATH calls python, in its order, then pyenv's versions. Shims are scripts that choose among those.
fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Nor do those of WindowsApps run anything: they lead to a shop.
    let runs = |folder: &PathBuf| !folder.ends_with("shims") && !folder.ends_with("WindowsApps");
    let folders = std::env::split_paths(&path).filter(runs);
    let mut found: Vec<PathBuf> = folders.flat_map(|folder| executables(&folder)).collect();
    let home = std::env::var_os(PYENV.home).map(|home| PathBuf::from(home).join(PYENV.root));
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or(home);
    let versions = pyenv.and_then(|root| fs::read_dir(root.join("versions")).ok());
    let mut versions: Vec<PathBuf> = versions.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    versions.sort();
    found.extend(versions.iter().map(|version| version.join(PYENV.python)).filter(|path| is_there(path)));
    found
}

/// A link that leads nowhere is broken, and not nothing.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// `python3`, `python` and `python2` of a folder, then its `pythonX.Y`.
fn executables(folder: &Path) -> Vec<PathBuf> {
    let is_versioned = |name: &str| {
        let name = name.strip_suffix(EXE_SUFFIX);
        let version = name.and_then(|name| name.strip_prefix("python")).and_then(|version| version.split_once('.'));
        version.is_some_and(|(major, minor)| matches!(major, "2" | "3") && minor.parse::<u32>().is_ok())
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut versioned: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_versioned))
        .map(|entry| entry.path())
        .collect();
    versioned.sort();
    let plain = ["python3", "python", "python2"].map(|name| folder.join(format!("{name}{EXE_SUFFIX}")));
    plain.into_iter().filter(|path| is_there(path)).chain(versioned).collect()
}

/// `None` if it does not say what it is, and `Some(None)` if that is no CPython.
fn ask(program: &Path) -> Option<Option<Interpreter>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.args(["-s", "-c", WHO_ARE_YOU]).env_clear().envs(kept_environment()).env("PATH", path).stdin(Stdio::null());
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let [implementation, version, executable, prefix, numpy] = text.lines().collect::<Vec<_>>().try_into().ok()?;
    Some((implementation == "cpython").then(|| Interpreter {
        version: version.to_owned(),
        executable: executable.into(),
        prefix: prefix.to_owned(),
        numpy: (!numpy.is_empty()).then(|| numpy.to_owned()),
    }))
}

/// One that does not say what it is, such as that of a virtual environment whose base is gone. Its cells say why.
fn broken(program: &Path) -> Interpreter {
    let folder = program.parent().unwrap_or(program);
    let prefix = folder.parent().filter(|_| folder.ends_with("bin")).unwrap_or(folder);
    Interpreter {
        version: "unknown".into(),
        executable: program.to_owned(),
        prefix: prefix.display().to_string(),
        numpy: None,
    }
}

/// `3.13` of `3.13.0`, `3.13t` of `3.13.0t`.
fn minor(version: &str) -> String {
    let free_threaded = if version.ends_with('t') { "t" } else { "" };
    version.split('.').take(2).collect::<Vec<_>>().join(".") + free_threaded
}

fn numbers(version: &str) -> [u32; 3] {
    let mut parts = version.trim_end_matches('t').split('.').map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpreter(version: &str, prefix: &str, numpy: Option<&str>) -> Interpreter {
        let numpy = numpy.map(str::to_owned);
        Interpreter { version: version.into(), executable: "python".into(), prefix: prefix.into(), numpy }
    }

    #[test]
    fn every_interpreter_and_numpy_has_a_name_of_its_own() {
        let found = vec![
            interpreter("3.13.0", "/a", Some("2.5.5")),
            interpreter("3.13.1t", "/b", None),
            interpreter("3.13.2", "/c", Some("2.5.1")),
            interpreter("3.13.2", "/d", Some("?")),
            interpreter("2.7.18", "/e", None),
        ];
        let names: Vec<String> = named(found).into_iter().map(|allocator| allocator.name).collect();
        assert_eq!(
            names,
            [
                "cpython-3.13",
                "numpy-2.5",
                "cpython-3.13t",
                "cpython-3.13.2",
                "numpy-2.5@cpython-3.13.2",
                "cpython-3.13.2@/d",
                "numpy",
                "cpython-2.7"
            ]
        );
    }
}
