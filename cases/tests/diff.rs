//! What changed between two reports.

mod made_up;

use allocheck::diff::{Change, Key, Word, compare, render};
use allocheck::model::{Ending, Finding, Load, Report, Verdict};
use made_up::{finding, record, report};
use rstest::rstest;

const THRESHOLD: &str = "release/threshold";

fn threshold(bytes: &str, fate: &str) -> Finding {
    record(THRESHOLD, "a", &[("bytes", bytes), ("fate", fate)])
}

fn one(finding: Finding) -> Report {
    report(&["a 1.0"], vec![finding])
}

fn word(name: &str, old: Option<&str>, new: Option<&str>) -> Word {
    Word { name: name.into(), old: old.map(str::to_owned), new: new.map(str::to_owned) }
}

fn key(rule: &str, allocator: &str) -> Key {
    Key { rule: rule.into(), allocator: allocator.into(), partner: None, variant: None, load: Load::Preload }
}

#[rstest]
#[case::nothing(threshold("100", "unmapped"), vec![])]
#[case::a_fact(threshold("100", "lazy"), vec![word("fate", Some("unmapped"), Some("lazy"))])]
#[case::an_exact_measure(threshold("101", "unmapped"), vec![word("bytes", Some("100"), Some("101"))])]
#[case::a_fact_for_a_measure(
    record(THRESHOLD, "a", &[("threshold", "none")]),
    vec![word("bytes", Some("100"), None), word("fate", Some("unmapped"), None), word("threshold", None, Some("none"))]
)]
#[case::a_measure_that_is_not_exact(
    Finding { measures: [("bytes".into(), 100), ("peak".into(), 5)].into(), ..threshold("100", "unmapped") },
    vec![]
)]
#[case::a_verdict(
    Finding { verdict: Verdict::Varies, ..threshold("100", "unmapped") },
    vec![word("verdict", Some("recorded"), Some("varies"))]
)]
#[case::an_ending(
    Finding { ending: Ending::Signalled, detail: Some("SIGSEGV".into()), ..threshold("100", "unmapped") },
    vec![word("ending", Some("returned"), Some("signalled SIGSEGV"))]
)]
#[case::prose(
    Finding { evidence: Some("other words".into()), title: "another".into(), ..threshold("100", "unmapped") },
    vec![]
)]
fn what_a_cell_says_is_compared(#[case] new: Finding, #[case] words: Vec<Word>) {
    let changes = compare(&one(threshold("100", "unmapped")), &one(new));
    let expected = if words.is_empty() { vec![] } else { vec![Change::Cell { key: key(THRESHOLD, "a"), words }] };
    assert_eq!(changes, expected);
}

#[rstest]
#[case::rule(finding("conformance/zero/calloc", "a"))]
#[case::allocator(finding("conformance/zero/malloc", "b"))]
#[case::partner(Finding { partner: Some("b".into()), ..finding("conformance/zero/malloc", "a") })]
#[case::variant(Finding { variant: Some("24".into()), ..finding("conformance/zero/malloc", "a") })]
#[case::load(Finding { load: Load::Dlopen, ..finding("conformance/zero/malloc", "a") })]
fn another_key_is_another_cell(#[case] new: Finding) {
    let changes = compare(&one(finding("conformance/zero/malloc", "a")), &one(new));
    assert!(matches!(&changes[..], [Change::Added(_), Change::Removed(_)] | [Change::Removed(_), Change::Added(_)]));
}

#[test]
fn the_order_of_findings_is_no_change() {
    let findings = vec![finding("conformance/zero/malloc", "a"), threshold("100", "unmapped")];
    let reversed = findings.iter().rev().cloned().collect();
    assert_eq!(compare(&report(&["a 1.0"], findings), &report(&["a 1.0"], reversed)), []);
}

#[test]
fn a_diff_for_people() {
    let pair = |outcome: &str| Finding {
        partner: Some("b".into()),
        variant: Some("24".into()),
        load: Load::Dlopen,
        ..record("mixing/allocators", "a", &[("outcome", outcome)])
    };
    let old = vec![threshold("100", "unmapped"), pair("silent"), finding("conformance/zero/malloc", "a")];
    let mut new = vec![threshold("200", "unmapped"), pair("crashed")];
    new.extend(["a", "c@embedded"].map(|name| finding("conformance/errno/malloc", name)));
    let old = report(&["a 1.0", "b 1.0"], old);
    let mut new = report(&["a 1.1", "c@embedded 3.0"], new);
    new.platform.libc = "glibc 2.41".into();
    new.platform.aslr = "on".into();
    insta::assert_snapshot!(render(&old, &new, &compare(&old, &new)), @r"
    two platforms: glibc 2.36 => glibc 2.41, aslr off => on

    a 1.0 => 1.1
    - b 1.0
    + c@embedded 3.0
    mixing/allocators  a -> b  24  (dlopen)
        outcome: silent => crashed
    release/threshold  a  (preload)
        bytes: 100 => 200
    + conformance/errno/malloc  a, c@embedded
    - conformance/zero/malloc  a
    2 cells changed, 2 added, 1 removed
    ");
    assert_eq!(render(&old, &old, &compare(&old, &old)), "0 cells changed, 0 added, 0 removed\n");
}
