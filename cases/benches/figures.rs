//! What cells cost, as ratios of things measured side by side: `cargo test --bench figures`.
//!
//! | figure | goal |
//! |---|---|
//! | cells of the allocator matrix per second, to forks per second on as many processors | at least 0.5 |
//! | cells of one interpreter's matrix in one mode, per second and processor | at least 300 |
//! | time per cell with 12 allocators, to that with 3 | about 1 |
//! | processes per threshold, to bits of the searched range | at most 3 |
//! | processor time of all thresholds of ten allocators | at most 10 s |

#[path = "../tests/tools/mod.rs"]
mod tools;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use allocheck::catalog::{self, Catalog};
use allocheck::discover;
use allocheck::model::{Allocator, Area, Kind, Load, Rule};
use allocheck::plan::Selection;
use allocheck::session::Bench;
use tools::{bench, cell, native, rule};

/// Measured so often, in turns: the median counts.
const ROUNDS: usize = 5;
const FORKS: f64 = 2000.0;
const PYTHON_MODE: &str = "python/mixing/domains-full@*env=malloc";

fn main() {
    let figures = Figures {
        bench: bench(),
        catalog: catalog::embedded().expect("the catalogue is right"),
        processors: thread::available_parallelism().map_or(1, usize::from),
    };
    if !figures.bench.machine.forks {
        return println!("not measured: the figures are about forks, and this system has none");
    }
    let all = discover::allocators(&figures.catalog, &figures.bench.machine, &figures.bench.workshop, &[], true)
        .expect("discovery works");
    let (libraries, pythons): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.kind == Kind::Library);
    figures.allocator_matrix(&libraries);
    figures.growth(&libraries);
    match pythons.into_iter().find(|python| python.name.starts_with("cpython")) {
        Some(python) => figures.python_matrix(python),
        None => println!("python matrix: not measured, this machine has no Python"),
    }
    figures.thresholds(&libraries);
}

struct Figures {
    bench: Bench,
    catalog: Catalog,
    processors: usize,
}

impl Figures {
    /// Cells, and the seconds that they took.
    fn run(&self, allocators: &[Allocator], selection: &Selection) -> (f64, f64) {
        let start = Instant::now();
        let report = self.bench.report(&self.catalog, allocators.to_vec(), selection).expect("the harness works");
        (report.findings.len() as f64, start.elapsed().as_secs_f64())
    }

    /// Forks per second that all processors reach together, of a bare process or of one that has loaded a pair.
    fn forks(&self, pair: Option<[&Allocator; 2]>) -> f64 {
        let mut cell = cell(rule("figures/forks"), native(), "2000");
        if let Some([from, to]) = pair {
            cell.rule = Arc::new(Rule { load: Some(Load::Dlopen), ..rule("figures/forks") });
            (cell.allocator, cell.partner) = (Arc::new(from.clone()), Some(Arc::new(to.clone())));
            cell.load = Load::Dlopen;
        }
        let seen: Vec<f64> = thread::scope(|scope| {
            let one = || scope.spawn(|| self.bench.observe(&cell));
            let running: Vec<_> = (0..self.processors).map(|_| one()).collect();
            let seen = running.into_iter().map(|one| one.join().expect("no panic").expect("the harness works"));
            seen.map(|seen| FORKS / (seen.measures["ms"].max(1) as f64 / 1000.0)).collect()
        });
        seen.iter().sum()
    }

    /// Without what a run of any rule costs: the harness' own start and a look at each allocator.
    fn allocator_matrix(&self, libraries: &[Allocator]) {
        let ten = &libraries[..libraries.len().min(10)];
        let [matrix, start] = ["mixing/allocators", "conformance/zero/free-null"].map(rules);
        self.run(ten, &matrix);
        self.run(ten, &start);
        let rounds: Vec<[f64; 3]> = (0..ROUNDS)
            .map(|_| {
                let bare = self.forks(None);
                let loaded = self.forks(Some([&ten[0], &ten[1]]));
                let (cells, seconds) = self.run(ten, &matrix);
                [cells / (seconds - self.run(ten, &start).1), bare, loaded]
            })
            .collect();
        let [cells, bare, loaded] = [0, 1, 2].map(|figure| median(rounds.iter().map(|round| round[figure]).collect()));
        println!(
            "allocator matrix, {n} x {n} x 3: {cells:.0} cells/s; {bare:.0} forks/s of a bare process, ratio {:.2} (goal \
             0.5), {loaded:.0} of one that has loaded a pair, ratio {:.2}",
            cells / bare,
            cells / loaded,
            n = ten.len()
        );
    }

    fn growth(&self, libraries: &[Allocator]) {
        let counts = [3, 6, 12].map(|count| libraries.len().min(count));
        let matrix = rules("mixing/allocators");
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            for (count, times) in counts.iter().zip(&mut times) {
                let (cells, seconds) = self.run(&libraries[..*count], &matrix);
                times.push(seconds / cells * 1000.0);
            }
        }
        let [few, some, many] = times.map(median);
        let [a, b, c] = counts;
        println!(
            "growth: {few:.2}, {some:.2}, {many:.2} ms a cell with {a}, {b}, {c} allocators, ratio {:.2}",
            many / few
        );
    }

    fn python_matrix(&self, python: Allocator) {
        let name = python.name.clone();
        let python = [python];
        let matrix = rules(PYTHON_MODE);
        self.run(&python, &matrix);
        let rates = (0..ROUNDS).map(|_| {
            let (cells, seconds) = self.run(&python, &matrix);
            cells / seconds
        });
        // Cells of one mode have one server, so they take one processor.
        println!(
            "python matrix, {name} in one mode: {:.0} cells/s on one processor (goal 300)",
            median(rates.collect())
        );
    }

    fn thresholds(&self, libraries: &[Allocator]) {
        let ten = &libraries[..libraries.len().min(10)];
        let thresholds = rules("release/threshold");
        self.run(ten, &thresholds);
        let before = processor_time();
        self.run(ten, &thresholds);
        println!(
            "thresholds of {} allocators: {:.1} s of processor time (goal 10)",
            ten.len(),
            (processor_time() - before).as_secs_f64()
        );
    }
}

fn rules(pattern: &str) -> Selection {
    Selection { areas: Area::ALL.to_vec(), rules: vec![pattern.into()], full: true, ..Selection::default() }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Of the cells that have ended and of this program.
#[cfg(unix)]
fn processor_time() -> Duration {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let of = |who| {
        let usage = getrusage(who).expect("it is always told");
        (usage.user_time() + usage.system_time()).num_microseconds() as u64
    };
    Duration::from_micros(of(UsageWho::RUSAGE_CHILDREN) + of(UsageWho::RUSAGE_SELF))
}

#[cfg(not(unix))]
fn processor_time() -> Duration {
    unreachable!("asked only where there are forks")
}
