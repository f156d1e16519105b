//! What the tests of the program itself share: a bench of their own, small libraries, the program as a user runs it.
#![allow(dead_code)] // Each test program uses its part.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, LazyLock};

use allocheck::catalog;
use allocheck::compile::TARGET;
use allocheck::model::{Allocator, Cell, Kind, Observation, Origin, Report, Rule};
use allocheck::run;
use allocheck::session::Bench;
use allocheck::sources;
use allocheck::target::Machine;
use allocheck::workshop::Workshop;
use tempfile::TempDir;

/// One that every allocator upholds.
pub const RULE: &str = "conformance/alignment/malloc";

/// The quickest run there is.
pub fn quick(name: &str) -> [&str; 6] {
    ["run", name, "--rule", RULE, "--format", "json"]
}

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_allocheck");

/// Shared by all tests, so that each probe is built once.
pub fn cache_home() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
    std::path::absolute(folder).expect("it has a name")
}

// ---- Cells run from here ---------------------------------------------------------------------------------------------

pub fn bench() -> Bench {
    let workshop =
        Workshop::with_cache(Path::new(PROGRAM), &cache_home().join("allocheck")).expect("folders can be made");
    Bench::new(workshop, None, false).expect("there is a C compiler")
}

/// A rule of `cases/tests`, which the catalogue passes over.
pub fn rule(name: &str) -> Rule {
    const FRONT: &str =
        "/*---\ntitle = \"x\"\nnorm = \"must\"\nsource = [\"x\"]\nfault = { none = \"it is one\" }\n---*/\n";
    let id = format!("tests/{name}");
    let path = format!("cases/{id}.c");
    let (_, text) = sources::files().iter().find(|(file, _)| *file == path).expect("the file is carried");
    let catalog = catalog::read(&[("cases/conformance/x.c", FRONT)]).expect("it is right");
    let rule = catalog.rules.into_iter().next().expect("there is one");
    Rule { id, text: (*text).to_owned(), ..rule }
}

/// The name of the platform's own.
pub fn native_name() -> String {
    native().name
}

/// The platform's own.
pub fn native() -> Allocator {
    static MACHINE: LazyLock<Machine> = LazyLock::new(|| bench().machine);
    Allocator {
        name: MACHINE.runtime.clone(),
        version: MACHINE.version.clone(),
        origin: Origin::System,
        kind: Kind::Library,
        path: None,
        environment: BTreeMap::new(),
        knobs: Vec::new(),
        boundaries: Vec::new(),
        reserved_mib: 0,
        areas: Vec::new(),
        deviations: Vec::new(),
        variations: Vec::new(),
    }
}

/// One that a user named.
pub fn named(path: &Path) -> Allocator {
    Allocator { name: "mine".into(), origin: Origin::Path, path: Some(path.to_owned()), ..native() }
}

pub fn cell(rule: Rule, allocator: Allocator, variant: &str) -> Cell {
    let load = rule.load.unwrap_or(allocator.load());
    Cell { rule: Arc::new(rule), allocator: Arc::new(allocator), partner: None, variant: Some(variant.into()), load }
}

pub fn observe(rule: Rule, allocator: Allocator, variant: &str) -> Observation {
    bench().observe(&cell(rule, allocator, variant)).expect("the harness works")
}

// ---- Processes ---------------------------------------------------------------------------------------------------------

/// The processes, zombies apart, in whose first environment this text stands.
pub fn processes_with(text: &str) -> Vec<u32> {
    let all = fs::read_dir("/proc").expect("these tests need /proc").flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| holds(&fs::read(format!("/proc/{pid}/environ")).unwrap_or_default(), text)).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Waits for what must come sooner or later.
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..6000 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("after a minute still not: {what}");
}

// ---- Small libraries -----------------------------------------------------------------------------------------------------

/// Builds `cases/tests/libraries/NAME.c…` into a shared library at `path`.
pub fn build_library(path: &Path, names: &[&str], flags: &[&str]) {
    let mut build = cc::Build::new();
    build.target(TARGET).host(TARGET).opt_level(1).cargo_metadata(false).no_default_flags(true).out_dir("/");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/tests/libraries");
    let output = build
        .get_compiler()
        .to_command()
        .args(["-std=c11", "-O1", "-fPIC", "-fno-builtin", "-shared", "-Wall", "-Wextra", "-o"])
        .arg(path)
        .args(names.iter().map(|name| sources.join(name).with_extension("c")))
        .args(flags)
        .output()
        .expect("the compiler runs");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Names in a cache hold a hash of 24 digits, but for what is being built.
pub fn unfinished(cache: &Path) -> Vec<String> {
    let entries = cache.join("allocheck").read_dir().expect("it is there").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let is_hash = |word: &str| word.len() == 24 && word.chars().all(|c| c.is_ascii_hexdigit());
    names.filter(|name| !name.split(['-', '.']).any(is_hash)).collect()
}

// ---- The program as a user runs it ---------------------------------------------------------------------------------------

/// A user with a folder of his own, where he is when he runs the program; its TMPDIR is a folder of its own too.
pub struct User {
    pub home: TempDir,
}

impl User {
    pub fn new() -> Self {
        let home = tempfile::Builder::new().prefix("user-").tempdir().expect("a temporary folder");
        fs::create_dir(home.path().join("tmp")).expect("it is ours");
        User { home }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn library(&self, name: &str, sources: &[&str], flags: &[&str]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("it is ours");
        build_library(&path, sources, flags);
        path
    }

    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("it is ours");
        path
    }

    /// The program with an environment that is the test's alone.
    pub fn command<Word: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = Word>) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env_clear()
            .envs(run::kept_environment())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("XDG_CACHE_HOME", cache_home())
            .env("TMPDIR", self.path("tmp"))
            .env("TMP", self.path("tmp"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run<Word: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = Word>) -> Said {
        self.finish(&mut self.command(arguments))
    }

    pub fn finish(&self, command: &mut Command) -> Said {
        self.said(command.output().expect("the program starts"))
    }

    /// What came of it; nothing temporary is left, and nothing panicked.
    pub fn said(&self, output: Output) -> Said {
        let said = Said {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        };
        let left: Vec<_> = fs::read_dir(self.path("tmp")).expect("it is ours").flatten().collect();
        assert!(left.is_empty(), "left behind: {left:?}\n{said:?}");
        assert!(!said.err.contains("panicked"), "{said:?}");
        said
    }
}

/// What a run said.
#[derive(Debug)]
pub struct Said {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The report of a run that had none but an orderly end.
    #[track_caller]
    pub fn report(&self, status: i32) -> Report {
        assert_eq!((self.status, self.err.as_str()), (Some(status), ""), "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The run could not be, and one line says what, where and the mend.
    #[track_caller]
    pub fn refused(&self, words: &[&str]) {
        assert_eq!((self.status, self.out.as_str()), (Some(2), ""), "{self:?}");
        assert!(self.err.starts_with("allocheck: ") && self.err.ends_with('\n'), "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in {self:?}");
        }
    }
}
