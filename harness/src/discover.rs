//! Which allocators and interpreters this machine has.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf, is_separator};

use anyhow::{Context, Result, bail, ensure};

use crate::catalog::{AllocatorFile, Catalog, VersionSource, did_you_mean};
use crate::compile;
use crate::embedded;
use crate::look;
use crate::model::{Allocator, Ending, Kind, Origin, is_on};
use crate::os;
use crate::python;
use crate::run::{self, Probe};
use crate::target::{self, Machine};
use crate::workshop::Workshop;

/// What the user named on the command line.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// `jemalloc`, `jemalloc@embedded`, `cpython-3.13`
    Name(String),
    /// `[NAME=]PATH`
    Library { name: Option<String>, path: PathBuf },
}

impl Wanted {
    /// A word with a slash (on Windows of either kind), or one that is a file here, is a path.
    pub fn parse(word: &str) -> Self {
        let (name, path) = match word.split_once('=') {
            Some((name, path)) if !name.contains(is_separator) => (Some(name.to_owned()), path),
            _ => (None, word),
        };
        if name.is_some() || path.contains(is_separator) || Path::new(path).is_file() {
            Wanted::Library { name, path: path.into() }
        } else {
            Wanted::Name(word.to_owned())
        }
    }
}

impl Wanted {
    /// The allocator's name that this leads to.
    pub fn shown_name(&self) -> String {
        match self {
            Wanted::Name(name) | Wanted::Library { name: Some(name), .. } => name.clone(),
            Wanted::Library { name: None, path } => stem(path),
        }
    }

    /// The name that the user gives to a library.
    pub fn given_name(&self) -> Option<&str> {
        match self {
            Wanted::Library { name, .. } => name.as_deref(),
            Wanted::Name(_) => None,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Wanted::Name(name) => Some(name),
            Wanted::Library { .. } => None,
        }
    }
}

/// May an allocator be called so, here and on the command line?
pub fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c))
}

/// `libmine` of `./libmine.so.1`
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or(&name);
    stem.chars().map(|c| if is_name(c.encode_utf8(&mut [0; 4])) { c } else { '-' }).collect()
}

/// The allocators that the user named, or all of this machine; interpreters only if `python`.
pub fn allocators(
    catalog: &Catalog,
    machine: &Machine,
    workshop: &Workshop,
    wanted: &[Wanted],
    python: bool,
) -> Result<Vec<Allocator>> {
    let names: Vec<&str> = wanted.iter().filter_map(Wanted::name).collect();
    let mut found = Vec::new();
    if wanted.is_empty() || !names.is_empty() {
        let mut there = on_this_machine(catalog, machine, workshop, &names)?;
        if python && machine.target.is_none() && (names.is_empty() || names.iter().any(|name| python::is_name(name))) {
            there.extend(python::interpreters());
        }
        for name in &names {
            if !there.iter().any(|allocator| is_called(allocator, name)) {
                bail!(unknown(name, catalog, &there));
            }
        }
        there.retain(|allocator| names.is_empty() || names.iter().any(|name| is_called(allocator, name)));
        found.extend(there);
    }
    for one in wanted {
        if let Wanted::Library { name, path } = one {
            found.push(library_of_the_user(catalog, machine, workshop, name.as_deref(), path)?);
        }
    }
    for allocator in &mut found {
        let platform = machine.platform.name.as_str();
        allocator.deviations.retain(|known| is_on(known.platform.as_deref(), platform));
        allocator.variations.retain(|known| is_on(known.platform.as_deref(), platform));
    }
    let keys: Vec<String> = found.iter().map(Allocator::key).collect();
    if let Some((_, key)) = keys.iter().enumerate().find(|(place, key)| keys[..*place].contains(key)) {
        bail!("two allocators are called {key}; tell them apart with NAME=PATH");
    }
    Ok(found)
}

/// `jemalloc` is both the installed and the embedded one.
fn is_called(allocator: &Allocator, name: &str) -> bool {
    allocator.name == name || allocator.key() == name
}

fn unknown(name: &str, catalog: &Catalog, there: &[Allocator]) -> String {
    if let Some(file) = catalog.allocators.iter().find(|file| file.name == name) {
        let looked_for = if file.libraries.is_empty() { &file.built_by } else { &file.libraries };
        let wanted = if looked_for.is_empty() { "nothing to look for".into() } else { looked_for.join(", ") };
        return format!("{name} is not on this machine (looked for {wanted}); install it, or say {name}=PATH");
    }
    let keys: Vec<String> = there.iter().map(Allocator::key).collect();
    let files = catalog.allocators.iter().map(|file| file.name.as_str());
    let hint = did_you_mean(name, keys.iter().map(String::as_str).chain(files));
    format!("no allocator {name:?} on this machine{hint} (see `allocheck list`; a library is named by its path)")
}

/// The platform's own, the installed and the embedded ones, in that order; only those called `names`, if any are.
fn on_this_machine(
    catalog: &Catalog,
    machine: &Machine,
    workshop: &Workshop,
    names: &[&str],
) -> Result<Vec<Allocator>> {
    let asked = |file: &&AllocatorFile| {
        names.is_empty() || names.iter().any(|name| name.split('@').next() == Some(file.name.as_str()))
    };
    let here = |file: &&AllocatorFile| machine.is_among(&file.platforms);
    let files: Vec<&AllocatorFile> = catalog.allocators.iter().filter(asked).filter(here).collect();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.native && file.name == machine.runtime) {
        found.push(allocator(file, machine.version.clone(), Origin::System, None));
    }
    if let Some(start) = &machine.start {
        // What this machine has is of no use to a target; on Windows the system itself has many.
        if machine.os() == "windows" {
            let others = files.iter().filter(|file| file.name != machine.runtime);
            found.extend(families(machine, workshop, start, others, !names.is_empty())?);
        }
        return Ok(found);
    }
    let folders: Vec<Folder> = os::library_folders().into_iter().map(Folder::list).collect();
    for file in &files {
        if let Some(path) = find_library(file, machine, &folders) {
            let version = version_of(workshop, machine, Some(file), &path).unwrap_or_else(|_| "unknown".into());
            found.push(allocator(file, version, Origin::Installed, Some(path)));
        }
    }
    for library in embedded::libraries() {
        if let Some(file) = files.iter().find(|file| file.name == library.name) {
            let path = unpack(workshop, library)?;
            found.push(allocator(file, library.version.to_owned(), Origin::Embedded, Some(path)));
        }
    }
    Ok(found)
}

/// Those of the system's families, and of the DLLs of ours, that a probe of the target can open. One that is `named` and
/// does not link is an error: a compiler need not have every C runtime.
fn families<'a>(
    machine: &Machine,
    workshop: &Workshop,
    start: &Probe,
    files: impl Iterator<Item = &'a &'a AllocatorFile>,
    named: bool,
) -> Result<Vec<Allocator>> {
    let mut found = Vec::new();
    for file in files {
        let name = match file.libraries.first() {
            Some(name) => installed_dll(machine, name),
            None => match dll_of_ours(machine, workshop, file) {
                Ok(Some(library)) => library,
                Err(why) if named => return Err(why),
                _ => continue,
            },
        };
        let mut probe = start.clone();
        probe.environment.insert("ALLOCHECK_EXPECT".into(), name.clone().into());
        let seen = run::run(&probe)?;
        if let (Ending::Returned, Some(version)) = (seen.ending, seen.facts.get("version")) {
            found.push(allocator(file, version.clone(), Origin::System, Some(name)));
        }
    }
    Ok(found)
}

/// With the C runtime that the file's compiler links, if this machine has one.
fn dll_of_ours(machine: &Machine, workshop: &Workshop, file: &AllocatorFile) -> Result<Option<PathBuf>> {
    let Some(command) = machine.compiler_among(&file.built_by) else { return Ok(None) };
    let built = compile::crt_library(workshop, command, &machine.platform.name);
    built.map(Some).with_context(|| format!("{} does not build", file.name))
}

/// What a probe calls a DLL: by its place where that is not the system's.
fn installed_dll(machine: &Machine, name: &str) -> PathBuf {
    let on_path = machine.target.is_none().then(|| on_path(name)).flatten();
    on_path.unwrap_or_else(|| name.into())
}

/// The place of a DLL that is not the system's: a probe has no PATH to look for it.
fn on_path(name: &str) -> Option<PathBuf> {
    let folders = os::library_folders();
    let is_system = folders.first().is_some_and(|system| system.join(name).is_file());
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file()).filter(|_| !is_system)
}

fn allocator(file: &AllocatorFile, version: String, origin: Origin, path: Option<PathBuf>) -> Allocator {
    Allocator {
        name: file.name.clone(),
        version,
        origin,
        kind: Kind::Library,
        path,
        // It is for what others add to their builds.
        environment: if origin == Origin::Embedded { BTreeMap::new() } else { file.environment.clone() },
        areas: file.areas.clone(),
        deviations: file.deviations.clone(),
        variations: file.variations.clone(),
        knobs: file.knobs.clone(),
        boundaries: file.boundaries.clone(),
        reserved_mib: 0,
    }
}

/// The first of the file's libraries that is there and is for this machine.
fn find_library(file: &AllocatorFile, machine: &Machine, folders: &[Folder]) -> Option<PathBuf> {
    let candidates = file.libraries.iter().flat_map(|library| match library.starts_with('/') {
        true => glob::glob(library).into_iter().flatten().flatten().collect(),
        false => folders.iter().flat_map(|folder| folder.named(library)).collect::<Vec<_>>(),
    });
    candidates
        .filter_map(|path| fs::canonicalize(path).ok())
        .find(|path| look::check_file(path, machine.format).is_ok())
}

/// A folder of libraries, listed once for all that are looked for.
struct Folder {
    path: PathBuf,
    /// Sorted.
    names: Vec<String>,
}

impl Folder {
    fn list(path: PathBuf) -> Self {
        let entries = fs::read_dir(&path).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        Folder { path, names }
    }

    /// The files whose names match a glob.
    fn named(&self, pattern: &str) -> Vec<PathBuf> {
        let Ok(pattern) = glob::Pattern::new(pattern) else { return Vec::new() };
        self.names.iter().filter(|name| pattern.matches(name)).map(|name| self.path.join(name)).collect()
    }
}

/// The library that the user named, looked at before anything else is done with it.
fn library_of_the_user(
    catalog: &Catalog,
    machine: &Machine,
    workshop: &Workshop,
    name: Option<&str>,
    path: &Path,
) -> Result<Allocator> {
    let nothing_preloads = "nothing is preloaded on Windows; name one of its own (see `allocheck list`)";
    ensure!(machine.os() != "windows", "{}: {nothing_preloads}", path.display());
    look::check_file(path, machine.format)?;
    let name = name.map_or_else(|| stem(path), str::to_owned);
    let path = fs::canonicalize(path).with_context(|| format!("{}", path.display()))?;
    let file = catalog.allocators.iter().find(|file| file.name == name);
    let version = version_of(workshop, machine, file, &path)?;
    Ok(match file {
        Some(file) => allocator(file, version, Origin::Path, Some(path)),
        None => Allocator {
            name,
            version,
            origin: Origin::Path,
            kind: Kind::Library,
            path: Some(path),
            environment: BTreeMap::new(),
            areas: Vec::new(),
            deviations: Vec::new(),
            variations: Vec::new(),
            knobs: Vec::new(),
            boundaries: Vec::new(),
            reserved_mib: 0,
        },
    })
}

/// Loads it in a child in any case: what does not load cannot be put under test. Only on this machine itself can a function
/// of it be called.
fn version_of(workshop: &Workshop, machine: &Machine, file: Option<&AllocatorFile>, path: &Path) -> Result<String> {
    let source = file.and_then(|file| file.version.as_ref());
    let call = match source {
        Some(VersionSource::Call(call)) => Some(call.as_str()),
        _ => None,
    };
    let called = match &machine.start {
        None => look::version(workshop, path, call, look::PATIENCE_S)?,
        Some(start) => target::check_loads(workshop, start, path).map(|()| None)?,
    };
    let version = match source {
        Some(VersionSource::Text { after, library }) => {
            let holder = library.as_ref().map_or(path.to_owned(), |name| path.with_file_name(name));
            fs::read(holder).ok().and_then(|bytes| look::text_after(&bytes, after))
        }
        Some(VersionSource::Path { after }) => look::text_after(path.to_string_lossy().as_bytes(), after),
        _ => called,
    };
    Ok(version.unwrap_or_else(|| "unknown".into()))
}

/// Writes an embedded library to the cache, once.
fn unpack(workshop: &Workshop, library: &embedded::Library) -> Result<PathBuf> {
    let hash = blake3::hash(library.bytes).to_hex();
    let path = workshop.cache().join(format!("lib{}-{}.so", library.name, &hash[..16]));
    if !path.exists() {
        let complaint = || format!("cannot write to the cache folder {}", workshop.cache().display());
        let mut file = tempfile::NamedTempFile::new_in(workshop.cache()).with_context(complaint)?;
        std::io::Write::write_all(&mut file, library.bytes).with_context(complaint)?;
        file.persist(&path).with_context(complaint)?;
    }
    Ok(path)
}
