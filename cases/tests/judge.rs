//! From ending to verdict: the table of the judging.

use std::collections::BTreeMap;
use std::sync::Arc;

use allocheck::judge::judge;
use allocheck::model::*;
use rstest::rstest;

fn rule(area: Area, norm: Norm) -> Rule {
    Rule {
        id: format!("{area}/group/rule"),
        area,
        language: Language::C,
        title: "a promise".into(),
        norm,
        source: vec!["C17 7.22.3".into()],
        fault: Fault::None("made up".into()),
        needs: Vec::new(),
        load: None,
        process: Process::Spawn,
        core: true,
        aslr_off: false,
        limits: Limits::default(),
        variants: vec![None],
        boundaries: false,
        knobs: false,
        exact: vec!["bytes".into()],
        platforms: Vec::new(),
        repeat: 1,
        waits: false,
        text: String::new(),
    }
}

fn allocator(origin: Origin) -> Allocator {
    Allocator {
        name: "made-up".into(),
        version: "2.3".into(),
        origin,
        kind: Kind::Library,
        path: None,
        environment: BTreeMap::new(),
        areas: Vec::new(),
        deviations: Vec::new(),
        variations: Vec::new(),
        knobs: Vec::new(),
        boundaries: Vec::new(),
        reserved_mib: 0,
    }
}

fn cell(rule: Rule, allocator: Allocator) -> Cell {
    Cell { rule: Arc::new(rule), allocator: Arc::new(allocator), partner: None, variant: None, load: Load::Preload }
}

fn seen(ending: Ending) -> Observation {
    Observation::new(ending, None)
}

fn failed() -> Observation {
    Observation { violated: Some("byte 3 of 40 is not zero".into()), ..seen(Ending::Returned) }
}

fn lacking() -> Observation {
    Observation { lacking: Some("pvalloc not provided by the allocator".into()), ..seen(Ending::Returned) }
}

fn unobservable() -> Observation {
    Observation { unobservable: Some("mincore is blind".into()), ..seen(Ending::Returned) }
}

#[rstest]
#[case::returned(seen(Ending::Returned), Verdict::Upholds, Verdict::Recorded)]
#[case::check_failed(failed(), Verdict::Violates, Verdict::Recorded)]
#[case::signalled(seen(Ending::Signalled), Verdict::Violates, Verdict::Recorded)]
#[case::hung(seen(Ending::Hung), Verdict::Violates, Verdict::Recorded)]
#[case::flooded(seen(Ending::Flooded), Verdict::Violates, Verdict::Recorded)]
#[case::exited(seen(Ending::Exited), Verdict::Violates, Verdict::Recorded)]
#[case::not_loaded(seen(Ending::NotLoaded), Verdict::Inapplicable, Verdict::Inapplicable)]
#[case::lacking(lacking(), Verdict::Inapplicable, Verdict::Inapplicable)]
#[case::not_built(seen(Ending::NotBuilt), Verdict::Unbuilt, Verdict::Unbuilt)]
#[case::unobservable(unobservable(), Verdict::Unobservable, Verdict::Unobservable)]
fn ending_to_verdict(#[case] seen: Observation, #[case] must: Verdict, #[case] record: Verdict) {
    for (norm, expected) in [(Norm::Must, must), (Norm::Record, record)] {
        let cell = cell(rule(Area::Conformance, norm), allocator(Origin::Installed));
        let finding = judge(&cell, std::slice::from_ref(&seen), String::new());
        assert_eq!(finding.verdict, expected);
        assert_eq!(finding.complaint, expected == Verdict::Violates);
    }
}

#[rstest]
#[case::of_the_user(Origin::Path, Ending::NotLoaded, true)]
#[case::installed(Origin::Installed, Ending::NotLoaded, false)]
fn library_that_does_not_answer(#[case] origin: Origin, #[case] ending: Ending, #[case] complaint: bool) {
    let cell = cell(rule(Area::Conformance, Norm::Must), allocator(origin));
    assert_eq!(judge(&cell, &[seen(ending)], String::new()).complaint, complaint);
}

#[test]
fn lacking_a_function_is_no_complaint_even_in_the_users_library() {
    let cell = cell(rule(Area::Conformance, Norm::Must), allocator(Origin::Path));
    assert!(!judge(&cell, &[lacking()], String::new()).complaint);
}

fn deviating(versions: Option<&str>, sometimes: bool) -> Allocator {
    let known = Deviation {
        rule: "conformance/group/*".into(),
        variant: None,
        platform: None,
        versions: versions.map(str::to_owned),
        reason: "known".into(),
        link: Some("made-up#1".into()),
        sometimes,
    };
    Allocator { deviations: vec![known], ..allocator(Origin::Installed) }
}

#[rstest]
#[case::known(Some("<2.4"), false, failed(), Verdict::Deviates, false)]
#[case::known_for_every_version(None, false, failed(), Verdict::Deviates, false)]
#[case::known_for_another_version(Some("<2.3"), false, failed(), Verdict::Violates, true)]
#[case::no_longer(Some("<2.4"), false, seen(Ending::Returned), Verdict::Stale, true)]
#[case::no_longer_but_a_race(Some("<2.4"), true, seen(Ending::Returned), Verdict::Upholds, false)]
#[case::another_version_upholds(Some(">=3"), false, seen(Ending::Returned), Verdict::Upholds, false)]
fn deviations(
    #[case] versions: Option<&str>,
    #[case] sometimes: bool,
    #[case] seen: Observation,
    #[case] verdict: Verdict,
    #[case] complaint: bool,
) {
    let cell = cell(rule(Area::Conformance, Norm::Must), deviating(versions, sometimes));
    let finding = judge(&cell, &[seen], String::new());
    assert_eq!((finding.verdict, finding.complaint), (verdict, complaint));
}

#[rstest]
#[case::of_every_platform(None, "i686-wine-8.0", true)]
#[case::of_this_one(Some("*-wine-*"), "i686-wine-8.0", true)]
#[case::of_another(Some("*-wine-*"), "i686-windows-gnu", false)]
fn a_platform_is_one_of_those_named(#[case] platforms: Option<&str>, #[case] platform: &str, #[case] is_one: bool) {
    assert_eq!(is_on(platforms, platform), is_one);
}

fn died(stage: &str, ending: Ending, detail: &str, message: Option<&str>) -> Observation {
    Observation {
        stage: Some(stage.into()),
        detail: Some(detail.into()),
        message: message.map(str::to_owned),
        ..Observation::new(ending, None)
    }
}

#[rstest]
#[case::abort(died("freeing", Ending::Signalled, "SIGABRT", None), "caught")]
#[case::message_and_trap(died("freeing", Ending::Signalled, "SIGTRAP", Some("corrupted chunk header")), "caught")]
#[case::exit(died("freeing", Ending::Exited, "1", None), "caught")]
#[case::fault(died("freeing", Ending::Signalled, "SIGSEGV", None), "crashed")]
#[case::spin(died("freeing", Ending::Hung, "", None), "hung")]
#[case::abort_later(died("later", Ending::Signalled, "SIGABRT", None), "caught-later")]
#[case::fault_later(died("later", Ending::Signalled, "SIGBUS", None), "crashed-later")]
#[case::fault_in_a_call(died("calling", Ending::Signalled, "SIGSEGV", None), "crashed")]
fn outcome_of_a_mixing_probe_that_died(#[case] seen: Observation, #[case] outcome: &str) {
    let between_libraries = rule(Area::Mixing, Norm::Record);
    let in_an_interpreter = Rule { id: "python/mixing/rule".into(), ..rule(Area::Python, Norm::Record) };
    for rule in [between_libraries, in_an_interpreter] {
        let cell = cell(rule, allocator(Origin::Installed));
        assert_eq!(judge(&cell, std::slice::from_ref(&seen), String::new()).facts["outcome"], outcome);
    }
}

#[test]
fn other_python_rules_have_no_outcome() {
    let cell = cell(rule(Area::Python, Norm::Record), allocator(Origin::Installed));
    let dead = died("freeing", Ending::Signalled, "SIGSEGV", None);
    assert!(judge(&cell, &[dead], String::new()).facts.is_empty());
}

#[test]
fn death_before_the_free_is_no_outcome() {
    let cell = cell(rule(Area::Mixing, Norm::Record), allocator(Origin::Installed));
    let dead = Observation::new(Ending::Signalled, Some("SIGSEGV".into()));
    assert!(judge(&cell, &[dead], String::new()).facts.is_empty());
}

fn with_bytes(bytes: u64) -> Observation {
    Observation { measures: Measures::from([("bytes".into(), bytes)]), ..seen(Ending::Returned) }
}

#[test]
fn runs_that_disagree_are_a_complaint_that_prints_the_line_to_add() {
    let cell = cell(rule(Area::Release, Norm::Record), allocator(Origin::Installed));
    let finding = judge(&cell, &[with_bytes(1), with_bytes(2)], String::new());
    assert_eq!((finding.verdict, finding.complaint), (Verdict::Unsteady, true));
    assert!(finding.reason.unwrap().contains("cases/allocators/made-up.toml"));
}

#[rstest]
#[case::inside(None, "caught", Verdict::Varies, false)]
#[case::outside(None, "silent", Verdict::Unsteady, true)]
#[case::of_the_variant(Some("*->free size=2?"), "caught", Verdict::Varies, false)]
#[case::of_another_variant(Some("*->realloc *"), "caught", Verdict::Recorded, false)]
fn declared_variation(
    #[case] variant: Option<&str>,
    #[case] outcome: &str,
    #[case] verdict: Verdict,
    #[case] complaint: bool,
) {
    let variation = Variation {
        rule: "mixing/group/rule".into(),
        partner: None,
        variant: variant.map(str::to_owned),
        platform: None,
        versions: None,
        outcomes: vec!["caught".into(), "crashed".into()],
        reason: "it randomises".into(),
    };
    let allocator = Allocator { variations: vec![variation], ..allocator(Origin::Installed) };
    let facts = Facts::from([("outcome".into(), outcome.into())]);
    let cell =
        Cell { variant: Some("calloc->free size=24".into()), ..cell(rule(Area::Mixing, Norm::Record), allocator) };
    let finding = judge(&cell, &[Observation { facts, ..seen(Ending::Returned) }], String::new());
    assert_eq!((finding.verdict, finding.complaint), (verdict, complaint));
    assert_eq!(finding.facts["outcome"], if verdict == Verdict::Recorded { outcome } else { "varies" });
}
