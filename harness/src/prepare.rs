//! From a cell to a probe that can be started: program, arguments, environment, limits.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use crate::compile::{Compiler, NotBuilt};
use crate::model::{Allocator, Cell, Language, Limits, Load, Rule};
use crate::os::{self, Containment};
use crate::plan::environment_word;
use crate::run::Probe;
use crate::target::TargetFile;
use crate::workshop::Workshop;

/// What the probe finds beside its environment.
#[derive(Clone, Debug)]
pub struct Built {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub environment: BTreeMap<String, OsString>,
}

/// Builds the probe of a rule for an allocator.
pub fn build(compiler: &Compiler, cell: &Cell) -> Result<Built, NotBuilt> {
    match cell.rule.language {
        Language::C | Language::Cxx => {
            Ok(Built { program: compiler.probe(&cell.rule)?, arguments: Vec::new(), environment: BTreeMap::new() })
        }
        Language::Python => Ok(Built {
            program: interpreter(cell)?,
            arguments: python_arguments(&cell.rule, compiler.python_rule(&cell.rule).into()),
            environment: python_environment(compiler)?,
        }),
    }
}

/// The link of a virtual environment may lead to an interpreter that is gone.
fn interpreter(cell: &Cell) -> Result<PathBuf, NotBuilt> {
    let path = cell.allocator.path.clone().expect("an interpreter has a path");
    if path.exists() { Ok(path) } else { Err(format!("{} leads nowhere", path.display())) }
}

/// A rule that needs no module is put to the bare interpreter: what site-packages adds at the start moves the heap.
fn python_arguments(rule: &Rule, file: OsString) -> Vec<OsString> {
    let bare: &[&str] = if rule.needs.is_empty() { &["-S", "-s"] } else { &["-s"] };
    bare.iter().map(OsString::from).chain([file]).collect()
}

fn python_environment(compiler: &Compiler) -> Result<BTreeMap<String, OsString>, NotBuilt> {
    Ok(BTreeMap::from([
        ("PYTHONPATH".into(), compiler.python_module().into()),
        ("PYTHONPYCACHEPREFIX".into(), compiler.python_cache().into()),
        // The order of sets, and so of what is done at the start, would differ from process to process.
        ("PYTHONHASHSEED".into(), "0".into()),
        ("ALLOCHECK_PROBE_LIBRARY".into(), compiler.python_runtime()?.into()),
    ]))
}

/// A program that imports what the rules of this interpreter import, so that all of it is compiled: compiling moves the
/// heap, and the figures would not be those of the next run.
pub fn warm_up(compiler: &Compiler, workshop: &Workshop, cell: &Cell, modules: &[String]) -> Result<Probe, NotBuilt> {
    let import = |module: &String| format!("try:\n import {module}\nexcept Exception: pass\n");
    let program = format!("import probe\n{}", modules.iter().map(import).collect::<String>());
    Ok(Probe {
        program: interpreter(cell)?,
        arguments: vec!["-s".into(), "-c".into(), program.into()],
        environment: python_environment(compiler)?,
        folder: workshop.scratch().to_owned(),
        containment: Containment { limits: cell.rule.limits, aslr_off: false },
        reports_on_output: os::REPORTS_ON_OUTPUT,
    })
}

/// The probe of a cell: nothing is inherited from this process' environment.
pub fn probe(workshop: &Workshop, target: Option<&TargetFile>, cell: &Cell, built: &Built) -> Result<Probe> {
    let mut environment = built.environment.clone();
    let mut set = |name: &str, value: OsString| drop(environment.insert(name.to_owned(), value));
    if let Some(variant) = &cell.variant {
        set("ALLOCHECK_VARIANT", variant.into());
    }
    if let Some(word) = environment_word(cell) {
        set("PYTHONMALLOC", word.into());
    }
    if cell.rule.language.is_compiled() {
        set("ALLOCHECK_NEEDS", cell.rule.needs.join(",").into());
    }
    match cell.load {
        Load::Native if cell.rule.language.is_compiled() => set("ALLOCHECK_EXPECT", "native".into()),
        Load::Native => {}
        Load::Preload => {
            set(preload(target), library(workshop, &cell.allocator)?);
            // Its own path: what the probe says of it is for the user.
            set("ALLOCHECK_EXPECT", cell.allocator.path.clone().unwrap_or_default().into());
        }
        Load::Dlopen if cell.rule.load.is_none() => set("ALLOCHECK_EXPECT", library(workshop, &cell.allocator)?),
        Load::Dlopen => {
            set("ALLOCHECK_FROM", library(workshop, &cell.allocator)?);
            if let Some(partner) = partner(workshop, cell)? {
                set("ALLOCHECK_TO", partner);
                // Room for the static TLS of libraries that are loaded late: glibc's manual, tunables.
                set("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=32768".into());
            }
        }
    }
    for (name, value) in &cell.allocator.environment {
        set(name, value.into());
    }
    let probe = Probe {
        program: built.program.clone(),
        arguments: built.arguments.clone(),
        environment,
        folder: workshop.scratch().to_owned(),
        containment: Containment { limits: limits(cell), aslr_off: cell.rule.aslr_off },
        reports_on_output: os::REPORTS_ON_OUTPUT,
    };
    under_runner(workshop, target, probe)
}

/// What the probe opens for this allocator; empty is the platform's own.
fn library(workshop: &Workshop, allocator: &Allocator) -> Result<OsString> {
    match &allocator.path {
        // No path but a name that the probe knows.
        Some(name) if allocator.load() == Load::Dlopen => Ok(name.into()),
        Some(path) => workshop.plain_path(path).map(OsString::from),
        None => Ok(OsString::new()),
    }
}

/// The same for the other of a pair.
pub fn partner(workshop: &Workshop, cell: &Cell) -> Result<Option<OsString>> {
    cell.partner.as_ref().map(|partner| library(workshop, partner)).transpose()
}

/// The probe as it is started on this machine: by the target's runner, in its environment.
fn under_runner(workshop: &Workshop, target: Option<&TargetFile>, mut probe: Probe) -> Result<Probe> {
    let Some(file) = target else { return Ok(probe) };
    probe.reports_on_output = file.os == "windows";
    for (name, value) in file.environment(workshop) {
        probe.environment.entry(name).or_insert(value.into());
    }
    let mut command = file.runner().map_err(|missing| anyhow!("{}: no {missing} here; {}", file.name, file.install))?;
    if !command.is_empty() {
        let program = std::mem::replace(&mut probe.program, command.remove(0).into());
        probe.arguments.insert(0, program.into());
        probe.arguments.splice(0..0, command);
    }
    Ok(probe)
}

/// A rule's limits, raised by what its allocators reserve and do not use.
pub fn limits(cell: &Cell) -> Limits {
    let limits = cell.rule.limits;
    let reserved = cell.allocator.reserved_mib + cell.partner.as_ref().map_or(0, |partner| partner.reserved_mib);
    Limits {
        memory_mib: limits.memory_mib + reserved,
        address_mib: limits.address_mib.map(|mib| mib + reserved),
        ..limits
    }
}

/// A probe that only starts, without a limit on memory.
pub fn start(workshop: &Workshop, target: Option<&TargetFile>, program: &Path, aslr_off: bool) -> Result<Probe> {
    let probe = Probe {
        program: program.to_owned(),
        arguments: Vec::new(),
        environment: BTreeMap::new(),
        folder: workshop.scratch().to_owned(),
        containment: Containment { limits: Limits { memory_mib: UNLIMITED, ..Limits::default() }, aslr_off },
        reports_on_output: os::REPORTS_ON_OUTPUT,
    };
    under_runner(workshop, target, probe)
}

/// The same in the environment of an allocator's probes, under it.
pub fn start_under(
    workshop: &Workshop,
    target: Option<&TargetFile>,
    start: &Probe,
    allocator: &Allocator,
    library: Option<&Path>,
) -> Result<Probe> {
    let mut probe = start.clone();
    probe.environment.extend(allocator.environment.iter().map(|(name, value)| (name.clone(), value.into())));
    if let Some(library) = library {
        probe.environment.insert(preload(target).into(), workshop.plain_path(library)?.into());
    }
    Ok(probe)
}

/// The variable with the libraries to load before a program's own. A target with one is a Linux.
pub fn preload(target: Option<&TargetFile>) -> &'static str {
    if target.is_some() { "LD_PRELOAD" } else { os::PRELOAD }
}

/// More than any address space.
const UNLIMITED: u64 = 1 << 40;
