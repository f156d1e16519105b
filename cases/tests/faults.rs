//! Every rule can fail: it is quiet on the reference allocator and fires on the fault that it names.

mod support;

use std::path::PathBuf;

use allocheck::model::{Area, Fault, Finding, Norm, Rule, Verdict};
use rstest::rstest;
use support::{CATALOG, findings, reference};

#[rstest]
fn rule_catches_its_fault(
    #[files("cases/**/*.c")]
    #[exclude("/cases/tests/")]
    #[base_dir = "."]
    path: PathBuf,
) {
    let rule = rule_of(&path);
    let sound = findings(rule, &reference(None));
    assert!(!sound.is_empty(), "no cell");
    assert_quiet(rule, &sound);
    match &rule.fault {
        Fault::Named(fault) => {
            let faulty = findings(rule, &reference(Some(fault)));
            assert!(fires(rule, &sound, &faulty), "{fault} is not caught\nsound {sound:#?}\nfaulty {faulty:#?}");
        }
        Fault::None(why) => assert!(!why.is_empty()),
    }
}

fn rule_of(path: &std::path::Path) -> &'static Rule {
    let name = path.with_extension("").to_string_lossy().replace('\\', "/");
    let id = name.rsplit_once("/cases/").expect("the file is under cases/").1;
    CATALOG.rule(id).expect("the catalogue has every file")
}

/// The reference upholds every promise, lacks nothing, and can be observed here.
fn assert_quiet(rule: &Rule, sound: &[Finding]) {
    let expected = if rule.norm == Norm::Must { Verdict::Upholds } else { Verdict::Recorded };
    for finding in sound {
        assert_eq!(finding.verdict, expected, "{finding:#?}");
    }
}

/// A promise fires when it is violated, a question when it is answered otherwise.
fn fires(rule: &Rule, sound: &[Finding], faulty: &[Finding]) -> bool {
    sound.iter().zip(faulty).any(|(sound, faulty)| match rule.norm {
        Norm::Must => faulty.verdict == Verdict::Violates,
        Norm::Record => (sound.ending, &sound.facts, &sound.measures) != (faulty.ending, &faulty.facts, &faulty.measures),
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
    let rules: Vec<&Rule> = CATALOG.rules.iter().filter(|rule| rule.area != Area::Python).collect();
    let sound: Vec<Vec<Finding>> =
        allocheck::progress::each("sound", false, &rules, |rule| findings(rule, &reference(None)));
    let mut uncaught = Vec::new();
    for fault in support::faults() {
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
