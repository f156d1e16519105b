//! Every allocator of this machine under every rule, against `snapshots/`: no complaint, and nothing that changed unseen.
//!
//! What the files mean, and which one is used where the version is another, is in `harness/src/snapshot.rs`; insta
//! stores and reviews them (`cargo insta review`). `ALLOCHECK_REQUIRE=glibc,jemalloc` makes the absence of one red,
//! `ALLOCHECK_TARGETS=x86_64-linux-musl` has that target run too, and `ALLOCHECK_FULL=1` asks every rule and not the core
//! alone.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use allocheck::discover;
use allocheck::model::{Allocator, Area, Kind, Report};
use allocheck::plan::Selection;
use allocheck::report::{self, Format, Style};
use allocheck::session::Bench;
use allocheck::snapshot::{self, Choice, Comparison, Difference, MIXING, Snapshot};
use allocheck::workshop::Workshop;
use rstest::rstest;
use support::{BENCH, CATALOG};

static ALLOCATORS: LazyLock<Vec<Allocator>> = LazyLock::new(|| {
    discover::allocators(&CATALOG, &BENCH.machine, &BENCH.workshop, &[], true).expect("discovery works")
});

/// Each build of an allocator that this machine has: installed, embedded.
#[rstest]
fn allocator(
    #[files("cases/allocators/*.toml")]
    #[base_dir = "."]
    path: PathBuf,
) {
    let name = path.file_stem().and_then(|stem| stem.to_str()).expect("allocator files have plain names");
    let builds: Vec<&Allocator> = ALLOCATORS.iter().filter(|allocator| allocator.name == name).collect();
    if builds.is_empty() {
        println!("{name} is not on this machine: nothing of it was run");
    }
    let areas = [Area::Conformance, Area::Mixing, Area::Release];
    for build in builds {
        check(&report(&BENCH, vec![build.clone()], &areas), |stem| stem != MIXING);
    }
}

#[test]
fn mixing() {
    let libraries = ALLOCATORS.iter().filter(|allocator| allocator.kind == Kind::Library).cloned().collect();
    check(&report(&BENCH, libraries, &[Area::Mixing]), |stem| stem == MIXING);
}

#[test]
fn python() {
    let pythons: Vec<Allocator> =
        ALLOCATORS.iter().filter(|allocator| allocator.kind != Kind::Library).cloned().collect();
    if pythons.is_empty() {
        println!("no Python on this machine: none of its rules was run");
    }
    check(&report(&BENCH, pythons, &[Area::Python]), |_| true);
}

/// Each target that is asked for; one that this machine cannot drive is red then.
#[rstest]
fn target(
    #[files("cases/targets/*.toml")]
    #[base_dir = "."]
    path: PathBuf,
) {
    let name = path.file_stem().and_then(|stem| stem.to_str()).expect("target files have plain names");
    if !named_in("ALLOCHECK_TARGETS").iter().any(|wanted| wanted == name) {
        println!("ALLOCHECK_TARGETS does not name {name}: nothing of it was run");
        return;
    }
    let file = CATALOG.target(name).expect("it is a file's name");
    let workshop = Workshop::open(Path::new(env!("CARGO_BIN_EXE_allocheck"))).expect("folders can be written");
    let bench = Bench::new(workshop, Some(file), false).expect("its compiler and its runner are here");
    let allocators =
        discover::allocators(&CATALOG, &bench.machine, &bench.workshop, &[], true).expect("discovery works");
    assert!(!allocators.is_empty(), "{name} has no allocator that cases/allocators knows: {:?}", bench.machine);
    let report = self::report(&bench, allocators, &[]);
    assert!(!report.findings.is_empty(), "{name}: nothing was run");
    println!("{}", report::render(&report, Format::Text, &Style { quiet: true, ..Style::default() }));
    check(&report, |_| true);
}

#[test]
fn targets_that_are_asked_for_are_known() {
    for name in named_in("ALLOCHECK_TARGETS") {
        CATALOG.target(&name).expect("ALLOCHECK_TARGETS names targets");
    }
}

/// CI names what must be there, so that a missing package is red and not a quiet gap.
#[test]
fn required_allocators_are_here() {
    let here: Vec<String> = ALLOCATORS.iter().map(Allocator::key).collect();
    let absent: Vec<String> =
        named_in("ALLOCHECK_REQUIRE").into_iter().filter(|name| !here.iter().any(|key| key == name)).collect();
    assert!(absent.is_empty(), "ALLOCHECK_REQUIRE asks for {absent:?}; this machine has {here:?}");
}

fn named_in(variable: &str) -> Vec<String> {
    let names = std::env::var(variable).unwrap_or_default();
    names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn report(bench: &Bench, allocators: Vec<Allocator>, areas: &[Area]) -> Report {
    let full = std::env::var_os("ALLOCHECK_FULL").is_some();
    let selection = Selection { areas: areas.to_vec(), full, ..Selection::default() };
    bench.report(&CATALOG, allocators, &selection).expect("the harness works")
}

fn check(report: &Report, concerns: impl Fn(&str) -> bool) {
    let complaints: Vec<_> = report.complaints().collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(&report.platform.name);
    let stems = stems(&folder);
    let mut red = Vec::new();
    for (stem, current) in snapshot::from_report(report) {
        let entry = report.allocators.iter().find(|entry| snapshot::stem(&entry.name, &entry.version) == stem);
        let choice = match entry {
            Some(entry) => snapshot::nearest(&stems, &entry.name, &entry.version),
            None if stems.contains(&stem) => Choice::Exact,
            None => Choice::None,
        };
        if concerns(&stem) {
            red.extend(check_file(&folder, &stem, choice, &current));
        }
    }
    assert!(red.is_empty(), "{}", red.join("\n"));
}

fn stems(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".snap")?.to_owned())).collect()
}

/// What is known of another version is only offered; the same version must say the same, and this says where it does not.
fn check_file(folder: &Path, stem: &str, choice: Choice, current: &Snapshot) -> Option<String> {
    let (known, exact) = match choice {
        Choice::Exact => (Some(read(&folder.join(format!("{stem}.snap")))), true),
        Choice::Nearest(other) => (Some(read(&folder.join(format!("{other}.snap")))), false),
        Choice::None => (None, false),
    };
    let comparison = snapshot::compare(known.as_ref(), exact, current);
    let taken_over = || store(folder, stem, &comparison.merged);
    if comparison.red.is_empty() && exact && comparison.offered.is_empty() {
        return None;
    }
    // Shows the difference and, as INSTA_UPDATE has it, leaves the new file for review.
    let stored = catch_unwind(AssertUnwindSafe(taken_over)).is_ok();
    let told = told(stem, &comparison, stored);
    println!("{told}");
    // Stored although it differs: INSTA_UPDATE=always has taken it over.
    (!comparison.red.is_empty() && !stored).then_some(told)
}

fn store(folder: &Path, stem: &str, snapshot: &Snapshot) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(stem, snapshot.format()));
}

fn told(stem: &str, comparison: &Comparison, stored: bool) -> String {
    let line = |difference: &Difference| {
        let known = difference.known.as_deref().unwrap_or("nothing known");
        format!("\n  {}\n    known: {known}\n    now:   {}", difference.key, difference.current)
    };
    let lines = |title: &str, differences: &[Difference]| match differences {
        [] => String::new(),
        some => format!("\n{title}{}", some.iter().map(line).collect::<String>()),
    };
    let where_to = if stored { "" } else { "; INSTA_UPDATE=new leaves it for review" };
    format!(
        "{stem}: differs from what snapshots/ has{where_to}{}{}",
        lines("red:", &comparison.red),
        lines("offered:", &comparison.offered)
    )
}

fn read(path: &Path) -> Snapshot {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Snapshot::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
