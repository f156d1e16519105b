//! What several tests need: a bench to run cells on, the catalogue, the reference allocator.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use allocheck::catalog::{self, Catalog};
use allocheck::judge;
use allocheck::model::{Allocator, Finding, Kind, Origin, Rule};
use allocheck::plan::{self, Selection};
use allocheck::session::Bench;
use allocheck::workshop::Workshop;

pub static CATALOG: LazyLock<Catalog> = LazyLock::new(|| catalog::embedded().expect("the catalogue is right"));

/// One bench for all tests of a program: its probes are built once.
pub static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let program = Path::new(env!("CARGO_BIN_EXE_allocheck"));
    Bench::new(Workshop::open(program).expect("folders can be written"), false).expect("there is a C compiler")
});

/// The project's own allocator, with one of its faults or none.
pub fn reference(fault: Option<&str>) -> Allocator {
    let library = BENCH.compiler.reference().unwrap_or_else(|why| panic!("the reference allocator: {why}"));
    let fault = fault.map(|name| ("ALLOCHECK_FAULT".to_owned(), name.to_owned()));
    Allocator {
        name: "reference".into(),
        version: "0".into(),
        origin: Origin::Path,
        kind: Kind::Library,
        path: Some(library),
        environment: BTreeMap::from_iter(fault),
        deviations: Vec::new(),
        variations: Vec::new(),
    }
}

/// Runs all variants of one rule on one allocator.
pub fn findings(rule: &Rule, allocator: &Allocator) -> Vec<Finding> {
    let only = Catalog { rules: vec![rule.clone()], allocators: Vec::new() };
    let cells = plan::cells(&only, &[Arc::new(allocator.clone())], &Selection::default());
    let run = |cell| judge::judge(cell, &[BENCH.observe(cell).expect("the harness works")], String::new());
    cells.iter().map(run).collect()
}

/// The names of the reference allocator's faults, from its own list.
pub fn faults() -> impl Iterator<Item = &'static str> {
    let (_, list) = allocheck::sources::in_folder("c-shims/reference")
        .find(|(path, _)| path.ends_with("/faults.h"))
        .expect("the list of faults is there");
    list.lines().filter_map(|line| line.trim().strip_prefix("F(")?.split('"').nth(1))
}
