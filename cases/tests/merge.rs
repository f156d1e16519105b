//! Reports of many machines in one document.

mod made_up;
mod tools;

use allocheck::merge::{Merged, merge, table};
use allocheck::model::{Finding, Report, Verdict};
use allocheck::report::{Format, Style, render};
use made_up::{finding, record, report};
use rstest::rstest;
use serde_json::Value;
use tools::User;

const RULE: &str = "conformance/zero/malloc";
const THRESHOLD: &str = "release/threshold";

fn shard(allocators: &[&str], findings: &[Finding]) -> Report {
    report(allocators, findings.to_vec())
}

fn on(platform: &str, mut report: Report) -> Report {
    report.platform.name = platform.into();
    report
}

fn merged(reports: &[Report]) -> anyhow::Result<Merged> {
    let names = (0..).map(|number| format!("shard-{number}.json"));
    merge(names.zip(reports.iter().cloned()).collect())
}

#[test]
fn shards_of_one_platform_are_one_report() {
    let kept = finding(RULE, "a");
    let line = record(THRESHOLD, "b", &[("bytes", "100"), ("fate", "lazy")]);
    let mut other_machine = shard(&["a 1", "b 2"], &[line.clone(), kept.clone()]);
    other_machine.platform.kernel = "another".into();
    other_machine.platform.cpus = 16;
    let one = merged(&[shard(&["a 1"], std::slice::from_ref(&kept)), other_machine]).expect("they agree");
    let [report] = &one.reports[..] else { panic!("{one:?}") };
    assert_eq!(report.findings, [kept, line]);
    assert_eq!(report.allocators.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn platforms_stand_side_by_side_and_are_told() {
    let mut broken = finding(RULE, "c");
    (broken.verdict, broken.complaint) = (Verdict::Violates, true);
    let mut absent = finding(THRESHOLD, "c");
    absent.verdict = Verdict::Inapplicable;
    let wine = on("x86_64-wine-8.0", shard(&["c 1"], &[broken, absent]));
    let both = merged(&[wine, shard(&["a 1"], &[finding(RULE, "a")])]).expect("they are two");
    insta::assert_snapshot!(table(&both), @r"
    platform           C runtime    allocators   cells   complaints   deviations   not run
    x86_64-linux-gnu   glibc 2.36            1       1            0            0         0
    x86_64-wine-8.0    glibc 2.36            1       2            1            0         1
    ");
}

#[rstest]
#[case::verdict(finding(RULE, "a"), Verdict::Violates, "they say different things of conformance/zero/malloc  a")]
fn what_does_not_agree_is_an_error(#[case] one: Finding, #[case] verdict: Verdict, #[case] told: &str) {
    let other = Finding { verdict, ..one.clone() };
    let error = merged(&[shard(&["a 1"], &[one]), shard(&["a 1"], &[other])]).expect_err("they differ").to_string();
    assert!(error.starts_with("shard-0.json and shard-1.json: ") && error.contains(told), "{error}");
}

#[rstest]
#[case::allocator(shard(&["a 2"], &[]), "a is 1 in one and 2 in the other")]
#[case::program(Report { allocheck: "0.0.9".into(), ..shard(&["a 1"], &[]) }, "one is of allocheck 0.1.0, the other of 0.0.9")]
fn shards_of_other_versions_are_an_error(#[case] other: Report, #[case] told: &str) {
    let error = merged(&[shard(&["a 1"], &[]), other]).expect_err("they differ").to_string();
    assert!(error.contains(told), "{error}");
}

/// As a user does it: twice, the second time with what the first left.
#[test]
fn the_program_merges_files_and_what_it_merged() {
    let user = User::new();
    let json = |report: &Report| render(report, Format::Json, &Style::default());
    user.file("one.json", json(&shard(&["a 1"], &[finding(RULE, "a")])));
    user.file("two.json", json(&on("aarch64-linux-gnu", shard(&["a 1"], &[finding(RULE, "a")]))));
    let said = user.run(["merge", "one.json", "two.json", "-o", "all.json"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{said:?}");
    assert!(said.out.lines().count() == 3 && said.out.contains("aarch64-linux-gnu"), "{said:?}");
    let again = user.run(["merge", "all.json", "one.json"]);
    let value: Value = serde_json::from_str(&again.out).expect("JSON");
    assert_eq!(value["reports"].as_array().map(Vec::len), Some(2));
    let schema: Value = serde_json::from_str(include_str!("../../harness/src/report/merged.json")).expect("JSON");
    assert!(jsonschema::validator_for(&schema).expect("a schema").is_valid(&value));
    user.file("bad.json", "{}");
    user.run(["merge", "bad.json"]).refused(&["bad.json has no field `version`"]);
    user.run(["merge", "none.json"]).refused(&["cannot read none.json"]);
}
