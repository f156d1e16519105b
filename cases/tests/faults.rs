//! Every rule can fail: it is quiet on the reference allocator and fires on the fault that it names.
//!
//! The reference is preloaded, and written for POSIX: on Windows nothing of this can be shown.
#![cfg(unix)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
#[cfg(target_os = "linux")]
use std::sync::LazyLock;

use allocheck::catalog::Catalog;
use allocheck::model::{Allocator, Area, Ending, Fault, Finding, Kind, Knob, Norm, Origin, Rule, Verdict};
use allocheck::plan::{self, Selection};
use allocheck::session::Bench;
#[cfg(target_os = "linux")]
use allocheck::target::TargetFile;
use rstest::rstest;
#[cfg(target_os = "linux")]
use support::workshop;
use support::{BENCH, CATALOG};

#[rstest]
fn rule_catches_its_fault(
    #[files("cases/**/*.c")]
    #[files("cases/**/*.cc")]
    #[exclude("tests/")]
    #[exclude("/zones/")]
    #[base_dir = "."]
    path: PathBuf,
) {
    let rule = rule_of(&path);
    if !BENCH.machine.is_among(&rule.platforms) {
        println!("{} is for {}: not run", rule.id, rule.platforms.join(", "));
        return;
    }
    assert_catches(rule, |fault| findings(rule, &reference(fault)));
}

/// The rule is quiet on an allocator that is sound, and fires on the fault that it names.
fn assert_catches(rule: &Rule, findings: impl Fn(Option<&str>) -> Vec<Finding>) {
    let sound = findings(None);
    assert!(!sound.is_empty(), "no cell");
    assert_quiet(rule, &sound);
    match &rule.fault {
        Fault::Named(fault) => {
            let faulty = findings(Some(fault));
            assert!(fires(rule, &sound, &faulty), "{fault} is not caught\nsound {sound:#?}\nfaulty {faulty:#?}");
        }
        Fault::None(why) => assert!(!why.is_empty()),
    }
}

/// Rules that are not core, too.
fn everything() -> Selection {
    Selection { full: true, ..Selection::default() }
}

/// The reference has no knobs; one that turns nothing asks it the rules about them.
const KNOB: Knob =
    Knob { name: String::new(), environment: BTreeMap::new(), effect: String::new(), source: String::new() };

/// The project's own allocator, with one of its faults or none.
fn reference(fault: Option<&str>) -> Allocator {
    own_allocator(&BENCH, "c-shims/reference", fault)
}

fn own_allocator(bench: &Bench, folder: &str, fault: Option<&str>) -> Allocator {
    let library = bench.compiler.allocator(folder).unwrap_or_else(|why| panic!("{folder}: {why}"));
    let fault = fault.map(|name| ("ALLOCHECK_FAULT".to_owned(), name.to_owned()));
    Allocator {
        name: "reference".into(),
        version: "0".into(),
        origin: Origin::Path,
        kind: Kind::Library,
        path: Some(library),
        environment: BTreeMap::from_iter(fault),
        areas: Vec::new(),
        deviations: Vec::new(),
        variations: Vec::new(),
        knobs: vec![KNOB],
        boundaries: Vec::new(),
        reserved_mib: 0,
    }
}

fn only(rule: &Rule) -> Catalog {
    Catalog { rules: vec![rule.clone()], allocators: Vec::new(), targets: Vec::new() }
}

/// Runs all variants of one rule on one allocator.
fn findings(rule: &Rule, allocator: &Allocator) -> Vec<Finding> {
    let report = BENCH.report(&only(rule), vec![allocator.clone()], &everything());
    report.expect("the harness works").findings
}

/// The zones of macOS are nowhere else. Their rules are asked of a stand-in on Linux, which shows that they can fail and
/// nothing about macOS.
#[cfg(target_os = "linux")]
#[rstest]
fn zone_rule_catches_its_fault(
    #[files("cases/*/zones/*.c")]
    #[exclude("tests/")]
    #[base_dir = "."]
    path: PathBuf,
) {
    let rule = rule_of(&path);
    assert_eq!(rule.platforms, ["macos"], "{}", rule.id);
    let here = Rule { platforms: Vec::new(), ..rule.clone() };
    assert_catches(rule, |fault| {
        let stand_in = own_allocator(&ZONES, STAND_IN, fault);
        ZONES.report(&only(&here), vec![stand_in], &everything()).expect("the harness works").findings
    });
}

/// Every promise that the stand-in can break is one that a rule asks about.
#[test]
fn faults_of_the_zones_are_those_of_their_rules() {
    let (_, text) =
        allocheck::sources::in_folder(STAND_IN).find(|(path, _)| path.ends_with(".c")).expect("it is there");
    let planted: BTreeSet<&str> = text.split("fault(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let rules = CATALOG.rules.iter().filter(|rule| rule.id.contains("/zones/"));
    let named = rules.filter_map(|rule| match &rule.fault {
        Fault::Named(name) => Some(name.as_str()),
        Fault::None(_) => None,
    });
    assert_eq!(planted, named.collect());
}

const STAND_IN: &str = "cases/tests/zones";

/// This machine with a compiler that finds the stand-in's headers where macOS has its own.
#[cfg(target_os = "linux")]
static ZONES: LazyLock<Bench> = LazyLock::new(|| {
    let file = TargetFile {
        name: "zones-stand-in".into(),
        title: "no macOS: a stand-in for its zones".into(),
        os: "linux".into(),
        c: ["cc", "gcc", "clang"].map(String::from).into(),
        cxx: Vec::new(),
        flags: format!("-I {STAND_IN}"),
        runner: String::new(),
        environment: BTreeMap::new(),
        files: BTreeMap::new(),
        server: String::new(),
        prepare: String::new(),
        install: "a C compiler".into(),
    };
    Bench::new(workshop(), Some(&file), false).expect("there is a C compiler")
});

/// A Python rule is asked of an interpreter that runs on the reference allocator.
#[rstest]
fn python_rule_catches_its_fault(
    #[files("cases/python/**/*.py")]
    #[base_dir = "."]
    path: PathBuf,
) {
    let rule = rule_of(&path);
    let asked_of = |interpreter: &&Allocator| {
        !plan::cells(&only(rule), &BENCH.machine, &[Arc::new((*interpreter).clone())], &everything()).is_empty()
    };
    let interpreters = allocheck::python::interpreters();
    let Some(interpreter) = interpreters.iter().find(asked_of) else {
        println!("not run: no Python here has what {} needs: {:?}", rule.id, rule.needs);
        return;
    };
    let on_reference = |fault: Option<&str>| {
        let mut environment = reference(fault).environment;
        let library = reference(fault).path.expect("it is a library");
        environment.insert("LD_PRELOAD".into(), library.display().to_string());
        findings(rule, &Allocator { environment, ..interpreter.clone() })
    };
    let sound = on_reference(None);
    assert_quiet(rule, &sound);
    let Fault::Named(fault) = &rule.fault else { return };
    let faulty = on_reference(Some(fault));
    assert!(fires(rule, &sound, &faulty), "{fault} is not caught\nsound {sound:#?}\nfaulty {faulty:#?}");
}

fn rule_of(path: &std::path::Path) -> &'static Rule {
    let name = path.with_extension("").to_string_lossy().replace('\\', "/");
    let id = name.rsplit_once("/cases/").expect("the file is under cases/").1;
    CATALOG.rule(id).expect("the catalogue has every file")
}

/// The reference upholds every promise, lacks nothing, and can be observed here.
fn assert_quiet(rule: &Rule, sound: &[Finding]) {
    let expected = if rule.norm == Norm::Must { Verdict::Upholds } else { Verdict::Recorded };
    // What no fault can express may be nothing for the reference either; and a machine may be without GLib.
    let may_lack = matches!(rule.fault, Fault::None(_)) || rule.area == Area::Python;
    for finding in sound.iter().filter(|finding| !(may_lack && finding.verdict == Verdict::Inapplicable)) {
        assert_eq!(finding.verdict, expected, "{finding:#?}");
        // A question that kills its probe says nothing, unless that is what it asks about.
        assert!(finding.ending == Ending::Returned || !finding.facts.is_empty(), "{finding:#?}");
    }
}

/// A promise fires when it is violated, a question when it is answered otherwise: another ending, other facts, or another
/// of the figures that repeat exactly.
fn fires(rule: &Rule, sound: &[Finding], faulty: &[Finding]) -> bool {
    let figures = |finding: &Finding| -> Vec<Option<u64>> {
        rule.exact.iter().map(|name| finding.measures.get(name).copied()).collect()
    };
    let answer = |finding: &Finding| (finding.ending, finding.facts.clone(), figures(finding));
    sound.iter().zip(faulty).any(|(sound, faulty)| match rule.norm {
        Norm::Must => faulty.verdict == Verdict::Violates,
        Norm::Record => answer(sound) != answer(faulty),
    })
}

/// A misspelt fault must not pass for a rule that is upheld: the reference dies of it.
#[test]
fn unknown_fault_is_refused() {
    let rule = CATALOG.rule("conformance/zero/free-null").unwrap();
    let findings = findings(rule, &reference(Some("no-such-fault")));
    assert_eq!(findings[0].verdict, Verdict::Violates, "{findings:#?}");
}

/// Every fault beyond its own rule: which rules fire on which fault. Each fault is caught, and a `must` rule never dies
/// unjudged. Long; `ALLOCHECK_FULL=1` asks for it.
#[test]
fn table_of_rules_and_faults() {
    if std::env::var_os("ALLOCHECK_FULL").is_none() {
        println!("not run: the whole table of rules and faults; set ALLOCHECK_FULL=1");
        return;
    }
    let rules: Vec<&Rule> = CATALOG.rules.iter().filter(|rule| rule.area != Area::Python && rule.core).collect();
    let sound: Vec<Vec<Finding>> =
        allocheck::progress::each("sound", false, &rules, |rule| findings(rule, &reference(None)));
    let mut uncaught = Vec::new();
    for fault in faults() {
        let caught = allocheck::progress::each(fault, false, &rules, |rule| findings(rule, &reference(Some(fault))));
        let by: Vec<&str> = (rules.iter().zip(&sound).zip(&caught))
            .filter(|((rule, sound), faulty)| fires(rule, sound, faulty))
            .map(|((rule, _), _)| rule.id.as_str())
            .collect();
        println!("{fault:<42} {:>3} rules: {}", by.len(), by.join(" "));
        if by.is_empty() {
            uncaught.push(fault);
        }
    }
    assert!(uncaught.is_empty(), "caught by no rule: {uncaught:?}");
}

/// The names of the reference allocator's faults, from its own list.
fn faults() -> impl Iterator<Item = &'static str> {
    let (_, list) = allocheck::sources::in_folder("c-shims/reference")
        .find(|(path, _)| path.ends_with("/faults.h"))
        .expect("the list of faults is there");
    list.lines().filter_map(|line| line.trim().strip_prefix("F(")?.split('"').nth(1))
}
