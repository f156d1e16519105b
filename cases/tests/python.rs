//! Interpreters as users have them: some are broken, and say so in a cell each; the rest goes on. The
//! environments and links are those of POSIX systems.
#![cfg(unix)]

mod tools;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use allocheck::model::{Ending, Finding, Report, Verdict};
use tools::User;

const DOUBLES: &str = "python/release/uniform@10000";
const BYTES: &str = "python/release/bytes-threshold";

/// A virtual environment of the machine's Python 3 with these modules in it; none where there is no Python.
fn environment(user: &User, modules: &[(&str, &str)]) -> Option<PathBuf> {
    let folder = user.path("venv");
    let made = Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(&folder).output();
    if !made.is_ok_and(|output| output.status.success()) {
        println!("no python3 with the module venv on this machine: not run");
        return None;
    }
    let library = fs::read_dir(folder.join("lib")).expect("it has one").flatten().next().expect("of its version");
    for (name, text) in modules {
        let path = library.path().join("site-packages").join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("it is ours");
        fs::write(path, text).expect("it is ours");
    }
    Some(folder.join("bin"))
}

/// What the interpreters of this folder, and of no other but for the system's, do.
fn report(user: &User, folder: &Path, rules: &[&str]) -> Report {
    let words = ["run", "--format", "json"].into_iter().chain(rules.iter().flat_map(|rule| ["--rule", rule]));
    let path = [folder, Path::new("/usr/bin"), Path::new("/bin")];
    let path = std::env::join_paths(path).expect("plain names");
    user.finish(user.command(words).env("PATH", path)).report(0)
}

fn finding<'a>(report: &'a Report, allocator: &str) -> &'a Finding {
    let mut findings = report.findings.iter();
    findings.find(|finding| finding.allocator == allocator).unwrap_or_else(|| panic!("no {allocator} in {report:?}"))
}

#[test]
fn a_numpy_that_fails_to_import_says_why() {
    let user = User::new();
    let broken = [("numpy/__init__.py", "raise ImportError('libfoo.so: cannot open')")];
    let Some(folder) = environment(&user, &broken) else { return };
    let report = report(&user, &folder, &[DOUBLES]);
    let seen = finding(&report, "numpy");
    assert_eq!(seen.verdict, Verdict::Unobservable);
    assert_eq!(seen.reason.as_deref(), Some("numpy fails to import: libfoo.so: cannot open"));
}

#[test]
fn an_interpreter_without_ctypes_says_so() {
    let user = User::new();
    let modules =
        [("numpy/__init__.py", "__version__ = '2.0.0'"), ("without.pth", "import sys; sys.modules['ctypes'] = None")];
    let Some(folder) = environment(&user, &modules) else { return };
    let report = report(&user, &folder, &[DOUBLES]);
    let seen = finding(&report, "numpy-2.0");
    assert_eq!(seen.verdict, Verdict::Unobservable);
    let reason = seen.reason.as_deref().unwrap_or_default();
    assert!(reason.starts_with("the C runtime of the probe does not load: ") && reason.contains("ctypes"), "{reason}");
}

/// As much of NumPy as the rule needs, on malloc.
const ARRAYS: &str = "
import ctypes
__version__ = '2.0.0'
c = ctypes.CDLL(None)
c.malloc.restype, c.malloc.argtypes, c.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
class empty:
    def __init__(self, n, kind):
        self.nbytes, self.__array_interface__ = n, {'data': (c.malloc(n), False)}
    def fill(self, byte):
        ctypes.memset(self.__array_interface__['data'][0], byte, self.nbytes)
    def __del__(self):
        c.free(self.__array_interface__['data'][0])
";

/// As on Windows: a copy is then the rule started anew with the answers so far, and comes to the same figures.
#[test]
fn an_interpreter_without_fork_comes_to_the_same_figures() {
    let noted = User::new();
    let starts = noted.path("starts");
    let without = format!("import os; del os.fork; open({:?}, 'a').write('.')", starts.display().to_string());
    let figures = |modules: &[(&str, &str)]| {
        let user = User::new();
        let folder = environment(&user, modules)?;
        let report = report(&user, &folder, &["python/release/share-by-size"]);
        let seen = finding(&report, "numpy-2.0");
        assert_eq!(seen.verdict, Verdict::Recorded, "{seen:?}");
        Some((seen.facts.clone(), seen.measures.clone()))
    };
    // Near the size from which glibc maps a block, 128 KiB, it lies at the heap's top, or not, by what came before it.
    let steady = |name: &String| {
        let size: u32 = name.trim_start_matches("percent_of_").parse().expect("a size");
        !(64 << 10..=256 << 10).contains(&size)
    };
    let arrays = ("numpy/__init__.py", ARRAYS);
    let Some((facts, mut measures)) = figures(&[arrays, ("without.pth", &without)]) else { return };
    let started = fs::read_to_string(&starts).expect("it started").len();
    assert!(started > measures.len(), "{started} starts are too few for a copy each of {measures:?}");
    let (usual_facts, mut usual) = figures(&[arrays]).expect("there was an interpreter");
    for figures in [&mut measures, &mut usual] {
        figures.retain(|name, _| steady(name));
        assert!(figures.len() > 40, "{figures:?}");
    }
    assert_eq!((facts, measures), (usual_facts, usual));
}

/// As a virtual environment is when what it was made from has gone.
#[test]
fn an_interpreter_that_leads_nowhere_stops_no_other() {
    let user = User::new();
    let folder = user.path("bin");
    fs::create_dir(&folder).expect("it is ours");
    symlink("/nowhere/python3", folder.join("python3")).expect("it is ours");
    let report = report(&user, &folder, &[BYTES]);
    let seen = finding(&report, "cpython-unknown");
    assert_eq!((seen.verdict, seen.ending), (Verdict::Unbuilt, Ending::NotBuilt));
    assert!(seen.reason.as_deref().is_some_and(|reason| reason.ends_with("python3 leads nowhere")), "{seen:?}");
}

#[test]
fn an_interpreter_that_does_not_start_says_its_words() {
    let user = User::new();
    let folder = user.path("bin");
    fs::create_dir(&folder).expect("it is ours");
    let script = folder.join("python3");
    fs::write(&script, "#!/bin/sh\necho \"No module named 'encodings'\" >&2\nexit 1\n").expect("it is ours");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let report = report(&user, &folder, &[BYTES]);
    let seen = finding(&report, "cpython-unknown");
    assert_eq!(
        (seen.verdict, seen.ending, seen.detail.as_deref()),
        (Verdict::Recorded, Ending::Exited, Some("1 without a report"))
    );
    assert!(seen.evidence.as_deref().is_some_and(|words| words.contains("No module named 'encodings'")), "{seen:?}");
}

/// mimalloc came with 3.13: before, its name is refused, and without it the domains are not what was asked for.
#[test]
fn a_setting_that_this_version_does_not_take_is_told() {
    let user = User::new();
    let Some(folder) = environment(&user, &[]) else { return };
    let all = report(&user, &folder, &["python/mixing/domains-full@malloc->malloc size=24 env=mimalloc"]);
    for entry in all.allocators.iter().filter(|entry| entry.name.starts_with("cpython")) {
        let minor: u32 = entry.version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0);
        let seen = finding(&all, &entry.name);
        let outcome = seen.facts.get("outcome").or(seen.facts.get("setting")).map(String::as_str);
        let words = seen.evidence.as_deref().unwrap_or_default();
        match minor {
            13.. => assert_eq!(outcome, Some("silent"), "{entry:?}: {seen:?}"),
            6.. => assert!(outcome == Some("refused") && words.contains("PYTHONMALLOC"), "{entry:?}: {seen:?}"),
            _ => assert_eq!(outcome, Some("ignored"), "{entry:?}: {seen:?}"),
        }
    }
}
