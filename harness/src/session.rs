//! One run from beginning to end: discover → plan → build → run → judge.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use crate::catalog::{self, Catalog};
use crate::compile::Compiler;
use crate::discover::{self, Wanted};
use crate::judge;
use crate::model::{
    Allocator, AllocatorEntry, Cell, Ending, Finding, Language, Load, Observation, Origin, Platform, Process, Report,
};
use crate::os;
use crate::plan::{self, Selection};
use crate::prepare;
use crate::progress;
use crate::run::{self, Question};
use crate::target::{Machine, TargetFile};
use crate::workshop::Workshop;

/// Where nobody tells what an allocator reserves (without /proc), more than any does.
const UNTOLD_MIB: u64 = 1 << 20;

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Empty is every allocator of this machine.
    pub wanted: Vec<Wanted>,
    pub selection: Selection,
    /// The name of a target; `None` is this machine.
    pub target: Option<String>,
    /// Show progress on standard error, if that is a terminal.
    pub progress: bool,
}

/// Runs what was asked for; `program` is the `allocheck` executable.
pub fn run(program: &Path, request: &Request) -> Result<Report> {
    let catalog = catalog::embedded()?;
    request.selection.check(&catalog)?;
    let target = request.target.as_deref().map(|name| catalog.target(name)).transpose()?;
    let bench = Bench::new(Workshop::open(program)?, target, request.progress)?;
    let python = request.selection.asks_python(&catalog);
    let allocators = discover::allocators(&catalog, &bench.machine, &bench.workshop, &request.wanted, python)?;
    bench.report(&catalog, allocators, &request.selection)
}

/// A machine ready to run cells.
pub struct Bench {
    pub workshop: Workshop,
    pub compiler: Compiler,
    pub machine: Machine,
    progress: bool,
}

impl Bench {
    /// For a target, or for this machine itself.
    pub fn new(workshop: Workshop, target: Option<&TargetFile>, progress: bool) -> Result<Self> {
        let compiler = Compiler::find(&workshop, target)?;
        let machine = match target {
            None => Machine::this(&workshop)?,
            Some(file) => Machine::driven(&workshop, &compiler, file)?,
        };
        Ok(Bench { workshop, compiler, machine, progress })
    }

    /// Runs every cell that the selection has for these allocators.
    pub fn report(&self, catalog: &Catalog, allocators: Vec<Allocator>, selection: &Selection) -> Result<Report> {
        let allocators = progress::each("starting", self.progress, &allocators, |allocator| self.started(allocator));
        let allocators: Vec<Arc<Allocator>> =
            allocators.into_iter().map(|one| one.map(Arc::new)).collect::<Result<_>>()?;
        let cells = plan::cells(catalog, &self.machine, &allocators, selection);
        self.build(&cells);
        self.warm_up(&cells)?;
        let findings = self.findings(&cells)?;
        Ok(Report {
            version: Report::VERSION,
            allocheck: env!("CARGO_PKG_VERSION").into(),
            platform: Platform { witnesses: witnesses(&findings), ..self.machine.platform.clone() },
            allocators: allocators.iter().map(|allocator| entry(allocator)).collect(),
            findings,
        })
    }

    /// The allocator with what it reserves, by a look at a process that it has just started in.
    fn started(&self, allocator: &Allocator) -> Result<Allocator> {
        let mut allocator = allocator.clone();
        if let (Load::Preload, Ok(program)) = (allocator.load(), self.compiler.start()) {
            let start = prepare::start(&self.workshop, self.target(), &program, false)?;
            let mut kib = [None, None];
            for (kib, library) in kib.iter_mut().zip([None, allocator.path.as_deref()]) {
                let probe = prepare::start_under(&self.workshop, self.target(), &start, &allocator, library)?;
                *kib = run::run(&probe)?.measures.get("data_kib").copied();
            }
            allocator.reserved_mib = match kib {
                [Some(plain), Some(under)] => under.saturating_sub(plain) >> 10,
                _ => UNTOLD_MIB,
            };
        }
        Ok(allocator)
    }

    fn target(&self) -> Option<&TargetFile> {
        self.machine.target.as_ref()
    }

    /// Each probe once, before any cell runs; what does not build is told by its cells.
    fn build(&self, cells: &[Cell]) {
        let mut seen = BTreeSet::new();
        let first = |cell: &&Cell| cell.rule.language.is_compiled() && seen.insert(cell.rule.id.clone());
        let rules: Vec<_> = cells.iter().filter(first).map(|cell| Arc::clone(&cell.rule)).collect();
        progress::each("building", self.progress, &rules, |rule| drop(self.compiler.probe(rule)));
    }

    /// Each interpreter imports all that its rules import, once and alone, before any of its cells runs.
    fn warm_up(&self, cells: &[Cell]) -> Result<()> {
        let mut interpreters: BTreeMap<&Path, (&Cell, BTreeSet<String>)> = BTreeMap::new();
        for cell in cells.iter().filter(|cell| cell.rule.language == Language::Python) {
            let executable = cell.allocator.path.as_deref().expect("an interpreter has a path");
            let (_, modules) = interpreters.entry(executable).or_insert_with(|| (cell, BTreeSet::new()));
            modules.extend(cell.rule.needs.iter().cloned());
        }
        let interpreters: Vec<_> = interpreters.into_values().collect();
        let results = progress::each("warm-up", self.progress, &interpreters, |(cell, modules)| {
            let modules: Vec<String> = modules.iter().cloned().collect();
            // Without the runtime the cells themselves say that they are not built.
            let probe = prepare::warm_up(&self.compiler, &self.workshop, cell, &modules);
            probe.map_or(Ok(()), |probe| run::run(&probe).map(drop))
        });
        results.into_iter().collect()
    }

    fn findings(&self, cells: &[Cell]) -> Result<Vec<Finding>> {
        let batches = plan::batches(cells, self.machine.forks);
        let waits = |batch: &Vec<usize>| cells[batch[0]].rule.waits;
        let results = progress::each_beside("running", self.progress, &batches, waits, |batch| {
            let batch: Vec<&Cell> = batch.iter().map(|place| &cells[*place]).collect();
            self.judged(&batch)
        });
        let mut placed: Vec<(usize, Finding)> = Vec::with_capacity(cells.len());
        for (batch, result) in batches.iter().zip(results) {
            placed.extend(batch.iter().copied().zip(result?));
        }
        placed.sort_by_key(|(place, _)| *place);
        Ok(placed.into_iter().map(|(_, finding)| finding).collect())
    }

    /// The findings of cells that one process can serve.
    fn judged(&self, batch: &[&Cell]) -> Result<Vec<Finding>> {
        let mut seen = vec![Vec::new(); batch.len()];
        for _ in 0..batch[0].rule.repeat.max(1) {
            for (seen, observation) in seen.iter_mut().zip(self.observations(batch)?) {
                seen.push(observation);
            }
        }
        let judged =
            batch.iter().zip(&seen).map(|(cell, seen)| judge::judge(cell, seen, reproduce(cell, self.target())));
        Ok(judged.collect())
    }

    /// Runs one cell once.
    pub fn observe(&self, cell: &Cell) -> Result<Observation> {
        Ok(self.observations(&[cell])?.remove(0))
    }

    /// Runs each cell of a batch once.
    fn observations(&self, batch: &[&Cell]) -> Result<Vec<Observation>> {
        os::check_interruption()?;
        let cell = batch[0];
        if cell.rule.aslr_off && !self.machine.aslr_off {
            let why = "the system refuses to turn address space randomisation off";
            let seen = Observation { unobservable: Some(why.into()), ..Observation::new(Ending::Returned, None) };
            return Ok(vec![seen; batch.len()]);
        }
        let mut probe = match prepare::build(&self.compiler, cell) {
            Ok(built) => prepare::probe(&self.workshop, self.target(), cell, &built)?,
            Err(why) => return Ok(vec![Observation::new(Ending::NotBuilt, Some(why)); batch.len()]),
        };
        match cell.rule.process {
            Process::Fork if self.machine.forks => {
                let limits = batch.iter().map(|cell| prepare::limits(cell));
                probe.containment.limits = limits.max_by_key(|limits| limits.memory_mib).expect("it has a cell");
                let questions: Result<Vec<_>> = batch.iter().map(|cell| self.question(cell)).collect();
                run::serve(&probe, &questions?)
            }
            _ if self.target().is_some_and(|file| !file.runner.is_empty()) => Ok(vec![run::run_by_runner(&probe)?]),
            _ => Ok(vec![run::run(&probe)?]),
        }
    }

    fn question<'a>(&self, cell: &'a Cell) -> Result<Question<'a>> {
        let partner = prepare::partner(&self.workshop, cell)?;
        let within = partner.map(|library| ["ALLOCHECK_TO=".as_ref(), library.as_os_str()].into_iter().collect());
        Ok(Question { within, variant: cell.variant.as_deref().unwrap_or_default() })
    }
}

/// The witnesses that any probe of this run believed.
fn witnesses(findings: &[Finding]) -> Vec<String> {
    let lists = findings.iter().filter_map(|finding| finding.witness.as_deref());
    let names: BTreeSet<&str> = lists.flat_map(|list| list.split(',')).collect();
    names.into_iter().map(str::to_owned).collect()
}

fn entry(allocator: &Allocator) -> AllocatorEntry {
    AllocatorEntry {
        name: allocator.key(),
        version: allocator.version.clone(),
        origin: allocator.origin,
        path: allocator.path.as_ref().map(|path| path.display().to_string()),
    }
}

/// The command that runs this cell alone.
fn reproduce(cell: &Cell, target: Option<&TargetFile>) -> String {
    let named = |allocator: &Allocator| match (&allocator.origin, &allocator.path) {
        (Origin::Path, Some(path)) => format!("{}={}", allocator.name, path.display()),
        _ => allocator.key(),
    };
    let rule = plan::rule_key(&cell.rule.id, cell.variant.as_deref());
    let who = match &cell.partner {
        None => quoted(&named(&cell.allocator)),
        Some(partner) if partner.key() == cell.allocator.key() => quoted(&named(&cell.allocator)),
        Some(partner) => quoted(&format!("{}->{}", named(&cell.allocator), named(partner))),
    };
    let target = target.map(|file| format!(" --target {}", file.name)).unwrap_or_default();
    format!("allocheck run{target} {who} --rule {}", quoted(&rule))
}

/// A word as a POSIX shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=@+,:%".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
