//! What is known of allocators, written down and compared.

mod made_up;

use allocheck::model::{Ending, Finding, Load, Report, Verdict};
use allocheck::snapshot::{Choice, Comparison, Difference, Snapshot, compare, from_report, nearest, stem, words};
use made_up::{finding, record, report};
use rstest::rstest;

fn some(text: &str) -> Option<String> {
    Some(text.into())
}

fn pair(allocator: &str, partner: &str, size: &str, outcome: &str) -> Finding {
    Finding {
        partner: some(partner),
        variant: some(size),
        load: Load::Dlopen,
        ..record("mixing/allocators", allocator, &[("outcome", outcome)])
    }
}

fn machine() -> Report {
    let known = record("release/threshold", "jemalloc@embedded", &[("fate", "decommitted"), ("bytes", "7335937")]);
    let findings = vec![
        finding("conformance/zero/malloc", "glibc"),
        Finding { verdict: Verdict::Unobservable, ..record("release/threshold", "glibc", &[]) },
        Finding { measures: [("bytes".into(), 7335937), ("peak".into(), 12345)].into(), ..known },
        pair("glibc", "jemalloc@embedded", "24", "crashed"),
        pair("jemalloc@embedded", "glibc", "24", "caught"),
        Finding {
            variant: some("PyMem_Malloc->free size=512 env=debug"),
            ..record("python/domains", "cpython-3.13", &[])
        },
    ];
    report(&["glibc 2.36", "jemalloc@embedded 5.3.1", "cpython-3.13 3.13.0"], findings)
}

fn all(report: &Report) -> String {
    from_report(report).iter().map(|(stem, snapshot)| format!("== {stem}\n{}\n", snapshot.format())).collect()
}

#[test]
fn a_report_is_a_file_per_allocator_and_one_for_mixing() {
    insta::assert_snapshot!(all(&machine()), @r"
    == cpython-3.13
    # aslr: off
    # cpus: many
    # huge pages: madvise
    # page size: 4096
    # path length: 27
    # version: 3.13.0
    # witnesses: mincore, pagemap

    python/domains preload PyMem_Malloc->free size=512 env=debug : recorded

    == glibc-2.36
    # aslr: off
    # cpus: many
    # huge pages: madvise
    # page size: 4096
    # version: 2.36
    # witnesses: mincore, pagemap

    conformance/zero/malloc preload : upholds
    release/threshold preload : unobservable

    == jemalloc-5.3.1@embedded
    # aslr: off
    # cpus: many
    # huge pages: madvise
    # page size: 4096
    # version: 5.3.1
    # witnesses: mincore, pagemap

    release/threshold preload : bytes=7335937 fate=decommitted

    == mixing
    # aslr: off
    # cpus: many
    # huge pages: madvise
    # page size: 4096
    # witnesses: mincore, pagemap

    mixing/allocators dlopen 24 glibc-2.36 -> jemalloc-5.3.1@embedded : outcome=crashed
    mixing/allocators dlopen 24 jemalloc-5.3.1@embedded -> glibc-2.36 : outcome=caught
    ");
}

#[test]
fn the_order_of_findings_does_not_show() {
    let mut reversed = machine();
    reversed.findings.reverse();
    assert_eq!(all(&machine()), all(&reversed));
}

#[test]
fn what_is_written_is_read() {
    for (_, snapshot) in from_report(&machine()) {
        let text = snapshot.format();
        assert_eq!(Snapshot::parse(&text).expect("a snapshot"), snapshot);
        let reviewed = format!("---\nsource: cases/tests/snapshots.rs\nexpression: text\n---\n{text}");
        assert_eq!(Snapshot::parse(&reviewed).expect("a snapshot"), snapshot);
    }
}

#[rstest]
#[case::no_words(
    "conformance/zero/malloc preload",
    "line 1 of the snapshot is neither `# key: value` nor `key : words`: conformance/zero/malloc preload"
)]
#[case::no_value("# aslr: off\n# cpus", "line 2 of the snapshot is neither `# key: value` nor `key : words`: # cpus")]
#[case::twice("a : b\n\na : b", "line 3 of the snapshot repeats a key: a")]
#[case::below_a_header(
    "---\nsource: x\n---\nwords",
    "line 4 of the snapshot is neither `# key: value` nor `key : words`: words"
)]
fn what_is_no_snapshot_is_told_with_its_line(#[case] text: &str, #[case] told: &str) {
    assert_eq!(Snapshot::parse(text).expect_err("no snapshot").to_string(), told);
}

fn ended(ending: Ending, detail: &str, finding: Finding) -> Finding {
    Finding { ending, detail: some(detail), ..finding }
}

fn judged(verdict: Verdict) -> Finding {
    Finding { verdict, ..finding("conformance/zero/malloc", "a") }
}

#[rstest]
#[case(judged(Verdict::Upholds), "upholds")]
#[case(judged(Verdict::Stale), "stale")]
#[case(judged(Verdict::Violates), "violates")]
#[case(ended(Ending::Signalled, "SIGSEGV", judged(Verdict::Violates)), "violates signalled SIGSEGV")]
#[case(ended(Ending::Hung, "after 60 s", judged(Verdict::Deviates)), "deviates hung")]
#[case(ended(Ending::NotLoaded, "/a/b.so: static TLS block", judged(Verdict::Inapplicable)), "inapplicable")]
#[case(ended(Ending::NotBuilt, "error: line 3", judged(Verdict::Unbuilt)), "unbuilt")]
#[case(judged(Verdict::Unobservable), "unobservable")]
#[case(record("release/x", "a", &[]), "recorded")]
#[case(record("release/x", "a", &[("fate", "lazy"), ("bytes", "8")]), "bytes=8 fate=lazy")]
#[case(Finding { exact: vec![], ..record("release/x", "a", &[("fate", "lazy"), ("bytes", "8")]) }, "fate=lazy")]
#[case(ended(Ending::Exited, "3", record("release/x", "a", &[("stage", "later")])), "exited 3 stage=later")]
#[case(Finding { verdict: Verdict::Varies, ..record("release/x", "a", &[("outcome", "silent")]) }, "varies")]
#[case(Finding { verdict: Verdict::Unsteady, ..record("release/x", "a", &[("outcome", "silent")]) }, "unsteady")]
fn words_repeat(#[case] finding: Finding, #[case] said: &str) {
    assert_eq!(words(&finding), said);
}

#[rstest]
#[case("glibc", "2.36", "glibc-2.36")]
#[case("jemalloc@embedded", "5.3.1", "jemalloc-5.3.1@embedded")]
#[case("mimalloc2", "2.0.9", "mimalloc2-2.0.9")]
#[case("cpython-3.13", "3.13.0", "cpython-3.13")]
#[case("cpython-3.13.1", "3.13.1", "cpython-3.13.1")]
#[case("numpy-2.5@cpython-3.12", "2.5.5", "numpy-2.5@cpython-3.12")]
#[case("numpy-2.5", "2.50.1", "numpy-2.5-2.50.1")]
#[case("my-malloc", "unknown", "my-malloc-unknown")]
fn a_file_is_named_after_allocator_and_version(#[case] name: &str, #[case] version: &str, #[case] file: &str) {
    assert_eq!(stem(name, version), file);
}

#[rstest]
#[case::this_version("jemalloc", "5.3.0", "jemalloc-5.3.0")]
#[case::same_minor_before_all("jemalloc", "5.2.0", "jemalloc-5.2.1")]
#[case::lower_of_the_same_minor("jemalloc", "5.3.9", "jemalloc-5.3.2")]
#[case::next_lower("jemalloc", "5.5.0", "jemalloc-5.3.2")]
#[case::next_higher("jemalloc", "4.0.0", "jemalloc-5.2.1")]
#[case::numbers_not_letters("glibc", "2.10", "glibc-2.9")]
#[case::embedded_apart("jemalloc@embedded", "5.3.0", "jemalloc-5.3.1@embedded")]
#[case::only_the_very_name("mimalloc", "2.0.9", "")]
#[case::interpreter("cpython-3.13", "3.13.2", "cpython-3.13")]
#[case::interpreter_before("cpython-3.14", "3.14.0", "cpython-3.13")]
#[case::unknown("snmalloc", "0.7.6", "")]
fn the_nearest_file_is_used(#[case] name: &str, #[case] version: &str, #[case] file: &str) {
    let stems = [
        "jemalloc-5.2.1",
        "jemalloc-5.3.0",
        "jemalloc-5.3.2",
        "jemalloc-5.3.1@embedded",
        "glibc-2.9",
        "glibc-2.36",
        "mimalloc-debug-2.0.9",
        "mimalloc2-2.0.9",
        "cpython-3.9",
        "cpython-3.13",
        "mixing",
    ]
    .map(str::to_owned);
    let choice = match file {
        "" => Choice::None,
        file if file == stem(name, version) => Choice::Exact,
        file => Choice::Nearest(file.into()),
    };
    assert_eq!(nearest(&stems, name, version), choice);
}

/// `aslr=off zero=upholds threshold=bytes=8` in short, for both header and lines.
fn snapshot(aslr: &str, lines: &[(&str, &str)]) -> Snapshot {
    let lines = lines.iter().map(|(key, words)| (key.to_string(), words.to_string()));
    Snapshot { header: [("aslr".to_owned(), aslr.to_owned())].into(), lines: lines.collect() }
}

fn keys(differences: &[Difference]) -> Vec<&str> {
    differences.iter().map(|difference| difference.key.as_str()).collect()
}

const KNOWN: [(&str, &str); 3] = [("zero", "upholds"), ("errno", "deviates"), ("threshold", "bytes=8")];

/// The known lines, of which one is now another.
fn with(key: &str, words: &str) -> Snapshot {
    let mut snapshot = snapshot("off", &KNOWN);
    snapshot.lines.insert(key.into(), words.into());
    snapshot
}

/// Where a run is compared with what is known.
#[derive(Clone, Copy)]
enum Against {
    SameVersion,
    OtherVersion,
    OtherHeader,
    Nothing,
}

fn compared(against: Against, current: &Snapshot) -> Comparison {
    match against {
        Against::SameVersion => compare(Some(&snapshot("off", &KNOWN)), true, current),
        Against::OtherVersion => compare(Some(&snapshot("off", &KNOWN)), false, current),
        Against::OtherHeader => compare(Some(&snapshot("on", &KNOWN)), true, current),
        Against::Nothing => compare(None, false, current),
    }
}

#[rstest]
#[case::nothing_changed(Against::SameVersion, with("zero", "upholds"), &[], &[])]
#[case::record(Against::SameVersion, with("threshold", "bytes=9"), &["threshold"], &[])]
#[case::record_elsewhere(Against::OtherVersion, with("threshold", "bytes=9"), &[], &["threshold"])]
#[case::record_under_other_header(Against::OtherHeader, with("threshold", "bytes=9"), &[], &["threshold"])]
#[case::broken(Against::SameVersion, with("zero", "violates"), &["zero"], &[])]
#[case::broken_elsewhere(Against::OtherVersion, with("zero", "violates signalled SIGSEGV"), &["zero"], &[])]
#[case::broken_under_other_header(Against::OtherHeader, with("zero", "violates"), &["zero"], &[])]
#[case::mended(Against::SameVersion, with("errno", "upholds"), &["errno"], &[])]
#[case::mended_elsewhere(Against::OtherVersion, with("errno", "upholds"), &[], &["errno"])]
#[case::no_longer_built(Against::SameVersion, with("zero", "unbuilt"), &["zero"], &[])]
#[case::no_longer_provided(Against::OtherVersion, with("zero", "inapplicable"), &[], &["zero"])]
#[case::new_rule(Against::SameVersion, with("new", "upholds"), &[], &["new"])]
#[case::new_rule_is_broken(Against::SameVersion, with("new", "violates"), &["new"], &[])]
#[case::new_rule_is_broken_elsewhere(Against::OtherVersion, with("new", "violates"), &["new"], &[])]
#[case::new_allocator(Against::Nothing, with("zero", "upholds"), &[], &["errno", "threshold", "zero"])]
#[case::new_allocator_is_broken(Against::Nothing, with("zero", "violates"), &["zero"], &["errno", "threshold"])]
fn a_difference_is_red_or_offered(
    #[case] against: Against,
    #[case] current: Snapshot,
    #[case] red: &[&str],
    #[case] offered: &[&str],
) {
    let comparison = compared(against, &current);
    assert_eq!(keys(&comparison.red), red);
    assert_eq!(keys(&comparison.offered), offered);
    assert_eq!(comparison.not_run, [""; 0]);
    assert_eq!(comparison.merged, current);
}

#[test]
fn a_difference_says_what_was_known() {
    let red = compared(Against::SameVersion, &with("threshold", "bytes=9")).red;
    assert_eq!(red, [Difference { key: "threshold".into(), known: some("bytes=8"), current: "bytes=9".into() }]);
    let red = compared(Against::Nothing, &with("zero", "violates")).red;
    assert_eq!(red, [Difference { key: "zero".into(), known: None, current: "violates".into() }]);
}

#[rstest]
#[case::a_rule_was_not_asked(Against::SameVersion, "threshold", "threshold", None, Some("bytes=8"))]
#[case::under_other_header(Against::OtherHeader, "threshold", "threshold", None, Some("bytes=8"))]
#[case::another_versions_line_is_not_taken_over(Against::OtherVersion, "threshold", "threshold", None, None)]
#[case::not_observable_here(Against::SameVersion, "threshold", "threshold", Some("unobservable"), Some("bytes=8"))]
#[case::not_observable_elsewhere(
    Against::OtherVersion,
    "threshold",
    "threshold",
    Some("unobservable"),
    Some("unobservable")
)]
fn a_cell_that_was_not_run_is_no_difference(
    #[case] against: Against,
    #[case] key: &str,
    #[case] not_run: &str,
    #[case] current: Option<&str>,
    #[case] merged: Option<&str>,
) {
    let mut run = snapshot("off", &KNOWN);
    run.lines.remove(key);
    run.lines.extend(current.map(|words| (key.to_owned(), words.to_owned())));
    let comparison = compared(against, &run);
    assert_eq!((keys(&comparison.red), keys(&comparison.offered)), (vec![], vec![]));
    assert_eq!(comparison.not_run, [not_run]);
    assert_eq!(comparison.merged.lines.get(key).map(String::as_str), merged);
}

#[rstest]
#[case::seen_now("unobservable", "bytes=8")]
#[case::built_now("unbuilt", "bytes=8")]
#[case::built_and_not_seen("unbuilt", "unobservable")]
fn what_nobody_could_ask_before_is_offered(#[case] before: &str, #[case] now: &str) {
    let (known, current) = (snapshot("off", &[("threshold", before)]), snapshot("off", &[("threshold", now)]));
    let comparison = compare(Some(&known), true, &current);
    assert_eq!((keys(&comparison.red), keys(&comparison.offered)), (vec![], vec!["threshold"]));
    assert_eq!((comparison.merged, comparison.not_run.len()), (current, 0));
    assert_eq!(compare(Some(&known), true, &known).not_run, [""; 0]);
}

#[test]
fn a_violation_that_was_taken_over_is_no_news() {
    let known = snapshot("off", &[("zero", "violates")]);
    let now = snapshot("off", &[("zero", "violates signalled SIGSEGV")]);
    assert_eq!(compare(Some(&known), false, &known), Comparison { merged: known.clone(), ..Comparison::default() });
    assert_eq!(keys(&compare(Some(&known), false, &now).offered), ["zero"]);
    assert_eq!(keys(&compare(Some(&known), true, &now).red), ["zero"]);
}

/// The partners of a machine come and go; what is known of the others stays.
#[test]
fn an_absent_partner_is_not_run_here() {
    let mixing = |report: &Report| from_report(report).into_iter().find(|(stem, _)| stem == "mixing").expect("pairs").1;
    let known = mixing(&report(
        &["glibc 2.36", "jemalloc 5.3.0", "scudo 14"],
        vec![pair("glibc", "jemalloc", "24", "crashed"), pair("glibc", "scudo", "24", "caught")],
    ));
    let current = mixing(&report(
        &["glibc 2.36", "jemalloc 5.3.0", "snmalloc 0.7"],
        vec![pair("glibc", "jemalloc", "24", "silent"), pair("glibc", "snmalloc", "24", "leaked")],
    ));
    let comparison = compare(Some(&known), true, &current);
    assert_eq!(keys(&comparison.red), ["mixing/allocators dlopen 24 glibc-2.36 -> jemalloc-5.3.0"]);
    assert_eq!(keys(&comparison.offered), ["mixing/allocators dlopen 24 glibc-2.36 -> snmalloc-0.7"]);
    assert_eq!(comparison.not_run, ["mixing/allocators dlopen 24 glibc-2.36 -> scudo-14"]);
    assert_eq!(comparison.merged.lines.len(), 3);
}

#[test]
fn an_absent_allocator_is_not_asked_about() {
    let mut without = machine();
    without.allocators.retain(|entry| entry.name == "glibc");
    without.findings.retain(|finding| finding.allocator == "glibc" && finding.partner.is_none());
    let current = from_report(&without);
    assert_eq!(current.iter().map(|(stem, _)| stem.as_str()).collect::<Vec<_>>(), ["glibc-2.36"]);
    let known = from_report(&machine()).into_iter().find(|(stem, _)| stem == "glibc-2.36").expect("glibc").1;
    assert_eq!(compare(Some(&known), true, &current[0].1), Comparison { merged: known, ..Comparison::default() });
}
