//! A probe does its worst; the harness goes on, says what happened, and nothing of it is left. What it does
//! are things that only POSIX has: signals, forks, sessions.
#![cfg(unix)]

mod tools;

use std::collections::BTreeMap;
use std::path::Path;

use allocheck::model::Ending::{Exited, Flooded, Hung, Returned, Signalled};
use allocheck::model::{Allocator, Ending, Limits, Observation, Rule};
use allocheck::prepare;
use allocheck::run::{self, Question};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use rstest::rstest;
use tools::{bench, cell, eventually, native, observe, processes_with, rule};

fn with_limits(name: &str, limits: Limits) -> Rule {
    Rule { limits, ..rule(name) }
}

fn hang_after(seconds: u64) -> Limits {
    Limits { hang_s: seconds, ..Limits::default() }
}

// ---- How it ends -------------------------------------------------------------------------------------------------------

#[rstest]
#[case("returned", Returned, None)]
#[case("violated", Returned, None)]
#[case("unobservable", Returned, None)]
#[case("exit_0", Exited, Some("0 without a report"))]
#[case("exit_1", Exited, Some("1"))]
#[case("exit_3", Exited, Some("3"))]
#[case("exit_7", Exited, Some("7"))]
#[case("exit_127", Exited, Some("127"))]
#[case("becomes_another_program", Exited, Some("0 without a report"))]
#[case("close_everything", Exited, Some("0 without a report"))]
#[case("segv", Signalled, Some("SIGSEGV"))]
#[case("bus", Signalled, Some("SIGBUS"))]
#[case("fpe", Signalled, Some("SIGFPE"))]
#[case("ill", Signalled, Some("SIGILL"))]
#[case("trap", Signalled, Some("SIGTRAP"))]
#[case("sigsys", Signalled, Some("SIGSYS"))]
#[case("term", Signalled, Some("SIGTERM"))]
#[case("killed", Signalled, Some("SIGKILL"))]
#[case("aborts_with_message", Signalled, Some("SIGABRT"))]
#[case("stack_overflow", Signalled, Some("SIGSEGV"))]
#[case("dies_after_violation_of_child", Signalled, Some("SIGABRT"))]
#[case("floods_output", Flooded, None)]
#[case("floods_error", Flooded, None)]
#[case("floods_report", Flooded, None)]
#[case("a_byte_too_much", Flooded, None)]
#[case("just_enough", Returned, None)]
fn endings(#[case] variant: &str, #[case] ending: Ending, #[case] detail: Option<&str>) {
    let seen = observe(rule("hostile/endings"), native(), variant);
    assert_eq!((seen.ending, seen.detail.as_deref()), (ending, detail), "{seen:?}");
}

#[rstest]
#[case("spins")]
#[case("sleeps")]
#[case("stops")]
#[case("closes_everything_and_sleeps")]
fn hangs(#[case] variant: &str) {
    let seen = observe(with_limits("hostile/endings", hang_after(1)), native(), variant);
    assert_eq!(seen.ending, Hung, "{seen:?}");
}

#[test]
fn slow_is_not_hung() {
    let seen = observe(with_limits("hostile/endings", hang_after(2)), native(), "slow_but_ticking");
    assert_eq!(seen.ending, Returned, "{seen:?}");
}

#[test]
fn evidence_is_kept() {
    let variant = |name| observe(rule("hostile/endings"), native(), name);
    assert_eq!(variant("returned").facts, BTreeMap::from([("came".into(), "to-its-end".into())]));
    assert_eq!(variant("unobservable").unobservable.as_deref(), Some("nobody can see it"));
    assert!(variant("violated").violated.is_some_and(|text| text.starts_with("a page has ")));
    assert!(variant("dies_after_violation_of_child").violated.is_some());
    // Numbers and what steers a terminal are gone.
    assert_eq!(variant("aborts_with_message").message.as_deref(), Some("free(): block # at [31m4711 is bad"));
    assert!(variant("just_enough").message.is_some_and(|line| line.len() < 1000));
}

#[test]
fn memory_ends_at_the_limit() {
    let limits = Limits { memory_mib: 64, ..Limits::default() };
    let seen = observe(with_limits("hostile/endings", limits), native(), "eats_memory");
    assert_eq!(seen.ending, Returned, "{seen:?}");
    assert!((1..64).contains(&seen.measures["mib"]), "{seen:?}");
}

#[test]
fn address_space_ends_at_the_limit() {
    let limits = Limits { address_mib: Some(64), ..Limits::default() };
    let seen = observe(with_limits("hostile/endings", limits), native(), "eats_memory");
    assert!((1..64).contains(&seen.measures["mib"]), "{seen:?}");
}

// ---- One process, many cells ---------------------------------------------------------------------------------------------

/// Whatever a variant does, it is told of that one, and the others are answered as if it had not been there.
#[test]
fn variants_of_one_process_do_not_hurt_each_other() {
    let worst = [
        ("violated", Returned, None),
        ("exit_7", Exited, Some("7")),
        ("segv", Signalled, Some("SIGSEGV")),
        ("floods", Flooded, None),
        ("hangs", Hung, None),
        ("hangs_elsewhere", Hung, None),
        ("kills_server", Signalled, Some("SIGKILL")),
        ("stops_server", Hung, None),
        ("leaves_talker", Returned, None),
    ];
    let variants: Vec<_> = worst
        .iter()
        .flat_map(|(variant, ..)| [*variant, "returned"])
        .map(|variant| Question { within: None, variant })
        .collect();
    let bench = bench();
    let cell = cell(with_limits("hostile/serving", hang_after(1)), native(), "");
    let built = prepare::build(&bench.compiler, &cell).expect("it compiles");
    let probe = prepare::probe(&bench.workshop, None, &cell, &built).expect("folders can be made");
    let seen = run::serve(&probe, &variants).expect("the harness works");
    assert_eq!(seen.len(), variants.len());
    for (pair, (variant, ending, detail)) in seen.chunks(2).zip(worst) {
        assert_eq!((pair[0].ending, pair[0].detail.as_deref()), (ending, detail), "{variant}: {:?}", pair[0]);
        assert_eq!(pair[1].ending, Returned, "after {variant}: {:?}", pair[1]);
        assert_eq!(pair[1].facts, BTreeMap::from([("came".into(), "to-its-end".into())]), "after {variant}");
        assert_eq!((pair[1].stage.as_deref(), &pair[1].violated), (Some("prepared"), &None), "after {variant}");
    }
}

/// What keeps the process from being ready is told of all, and asked once.
#[test]
fn a_process_that_is_never_ready_answers_for_all() {
    let bench = bench();
    let cell = cell(with_limits("hostile/endings", hang_after(1)), native(), "sleeps");
    let built = prepare::build(&bench.compiler, &cell).expect("it compiles");
    let probe = prepare::probe(&bench.workshop, None, &cell, &built).expect("folders can be made");
    let seen = run::serve(&probe, &["a", "b", "c"].map(|variant| Question { within: None, variant }))
        .expect("the harness works");
    assert_eq!(seen.iter().map(|seen| seen.ending).collect::<Vec<_>>(), [Hung; 3]);
}

/// A partner that ends, or that a variant ends, is told of the cells that it was needed for.
#[test]
fn partners_of_one_process_do_not_hurt_each_other() {
    let bench = bench();
    let cell = cell(with_limits("hostile/pairs", hang_after(1)), native(), "");
    let built = prepare::build(&bench.compiler, &cell).expect("it compiles");
    let probe = prepare::probe(&bench.workshop, None, &cell, &built).expect("folders can be made");
    let asked = [
        ("a", "x", Returned, &["partner=a", "variant=x"][..]),
        ("a", "kills", Signalled, &["partner=a"]),
        ("a", "y", Returned, &["partner=a", "variant=y"]),
        ("dies", "x", Signalled, &["partner=dies"]),
        ("dies", "y", Signalled, &["partner=dies"]),
        ("b", "x", Returned, &["partner=b", "variant=x"]),
        ("hangs", "x", Hung, &["partner=hangs"]),
        ("b", "y", Returned, &["partner=b", "variant=y"]),
    ];
    let questions = asked.map(|(partner, variant, ..)| {
        let within = Some(format!("ALLOCHECK_TO={partner}").into());
        Question { within, variant }
    });
    let seen = run::serve(&probe, &questions).expect("the harness works");
    assert_eq!(seen.len(), asked.len());
    for (seen, (partner, variant, ending, facts)) in seen.iter().zip(asked) {
        let told: Vec<String> = seen.facts.iter().map(|(name, word)| format!("{name}={word}")).collect();
        assert_eq!(
            (seen.ending, told),
            (ending, facts.iter().map(|fact| fact.to_string()).collect()),
            "{partner}, {variant}"
        );
    }
}

// ---- What it leaves ------------------------------------------------------------------------------------------------------

/// Every process of the cell can be told from those of other tests.
fn marked(variant: &str) -> (Allocator, String) {
    let mark = format!("{variant}-{}", std::process::id());
    (Allocator { environment: BTreeMap::from([("ALLOCHECK_TEST".into(), mark.clone())]), ..native() }, mark)
}

#[rstest]
#[case("in_group", Returned)]
#[case("own_group", Returned)]
#[case("own_session", Returned)]
#[case("daemonised", Returned)]
#[case("silent_daemon", Returned)]
#[case("stopped", Returned)]
#[case("runner", Returned)]
#[case("bomb", Returned)]
#[case("dies_with_children", Signalled)]
#[case("hangs_with_children", Hung)]
fn nothing_outlives_a_cell(#[case] variant: &str, #[case] ending: Ending) {
    let (allocator, mark) = marked(variant);
    let seen = observe(with_limits("hostile/leftovers", hang_after(2)), allocator, variant);
    assert_eq!(seen.ending, ending, "{seen:?}");
    assert!(processes_with(&mark).is_empty(), "{seen:?}");
}

/// Nothing says whose it is, so it goes when no cell runs any more.
#[test]
fn nothing_outlives_the_last_cell() {
    let seen = observe(rule("hostile/leftovers"), native(), "forgetful");
    let left = format!("/proc/{}", seen.measures["left"]);
    assert_eq!(seen.facts["left"], "something");
    eventually("the leftover is gone", || !Path::new(&left).exists());
}

#[test]
fn folders_are_private_and_go() {
    let bench = bench();
    let scratch = bench.workshop.scratch().to_owned();
    for _ in 0..2 {
        let seen = bench.observe(&cell(rule("hostile/surroundings"), native(), "")).expect("the harness works");
        assert_eq!((&*seen.facts["folder"], &*seen.facts["note"]), ("empty", "written"), "{seen:?}");
        let left = scratch.read_dir().expect("it is there").flatten().map(|entry| entry.file_name());
        assert_eq!(left.collect::<Vec<_>>(), ["lock"]);
    }
    drop(bench);
    assert!(!scratch.exists());
}

// ---- What it finds -------------------------------------------------------------------------------------------------------

fn surroundings(aslr_off: bool) -> Observation {
    let seen = observe(Rule { aslr_off, ..rule("hostile/surroundings") }, native(), "x");
    assert_eq!(seen.ending, Returned, "{seen:?}");
    seen
}

#[test]
fn the_environment_is_the_cells_own() {
    let names = "ALLOCHECK_CELL,ALLOCHECK_EXPECT,ALLOCHECK_NEEDS,ALLOCHECK_REPORT,ALLOCHECK_VARIANT";
    let seen = surroundings(false);
    let mut found: Vec<&str> = seen.facts["environment"].split(',').collect();
    found.sort_unstable();
    assert_eq!(found.join(","), names);
    assert_eq!(seen.facts["session"], "own");
    assert_eq!(seen.facts["pagemap"], "readable");
    assert_eq!(seen.measures["oom-adjustment"], 1000);
}

/// The caller's limits are raised first, so that the cell's own are seen to hold.
#[test]
fn limits_are_the_cells_own() {
    for resource in [Resource::RLIMIT_CORE, Resource::RLIMIT_STACK] {
        let (_, hard) = getrlimit(resource).expect("it is known");
        setrlimit(resource, hard, hard).expect("that is allowed");
    }
    let hard = |resource| getrlimit(resource).expect("it is known").1;
    let seen = surroundings(false);
    assert_eq!(seen.measures["stack"], hard(Resource::RLIMIT_STACK).min(8 << 20));
    assert_eq!(seen.measures["data"], Limits::default().memory_mib << 20);
    assert_eq!(seen.measures["descriptors"], hard(Resource::RLIMIT_NOFILE).min(1024));
    // One byte: the kernel then runs no piped core pattern either.
    assert_eq!(seen.measures["core"], hard(Resource::RLIMIT_CORE).min(1));
    assert_eq!(seen.facts["core"], "none");
}

/// Standard input, output, error, and the report, which the runtime moves above 200.
#[test]
fn no_descriptor_leaks_in() {
    let leak = std::fs::File::open("/dev/null").expect("it is there");
    // SAFETY: clears the close-on-exec mark of a descriptor that is ours.
    unsafe { libc::fcntl(std::os::fd::AsRawFd::as_raw_fd(&leak), libc::F_SETFD, 0) };
    assert_eq!(surroundings(false).facts["descriptors"], "0000,0001,0002,0200");
}

fn addresses(seen: &Observation) -> Vec<u64> {
    seen.measures.iter().filter(|(name, _)| name.ends_with("-address")).map(|(_, address)| *address).collect()
}

#[test]
fn addresses_are_fixed_on_request() {
    if !allocheck::os::can_turn_aslr_off() {
        let seen = observe(Rule { aslr_off: true, ..rule("hostile/surroundings") }, native(), "x");
        assert!(seen.unobservable.is_some(), "{seen:?}");
        return eprintln!("not shown here: this system refuses to turn address space randomisation off");
    }
    let first = surroundings(true);
    assert_eq!(addresses(&first).len(), 4, "{first:?}");
    for _ in 0..2 {
        assert_eq!(addresses(&surroundings(true)), addresses(&first));
    }
}

#[test]
fn addresses_are_random_otherwise() {
    let sysctl = std::fs::read_to_string("/proc/sys/kernel/randomize_va_space").unwrap_or_default();
    if sysctl.trim() != "2" {
        return eprintln!("not shown here: kernel.randomize_va_space is {sysctl:?}");
    }
    let (first, second) = (surroundings(false), surroundings(false));
    for (one, other) in addresses(&first).into_iter().zip(addresses(&second)) {
        assert_ne!(one, other);
    }
}
