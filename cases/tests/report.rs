//! The report for people.

mod made_up;

use allocheck::model::{Ending, Finding, Report, Verdict};
use allocheck::report::{Format, Style, render};
use made_up::{finding, record, report};
use rstest::rstest;

const ALLOCATORS: [&str; 13] = [
    "glibc 2.36",
    "jemalloc 5.3.0",
    "mimalloc2 2.0.9",
    "tbbmalloc 2021.8",
    "tcmalloc 2.10",
    "scudo 14.0.6",
    "dlmalloc@embedded 0.2.14",
    "jemalloc@embedded 5.3.1",
    "mimalloc2@embedded 2.3.2",
    "mimalloc3@embedded 3.3.2",
    "rpmalloc@embedded 1.5.1",
    "scudo@embedded 0.2.2",
    "snmalloc@embedded 0.7.6",
];

fn names() -> impl Iterator<Item = &'static str> + Clone {
    ALLOCATORS.into_iter().map(|text| text.split(' ').next().unwrap_or(text))
}

/// A machine with thirteen allocators and two interpreters on which a bit of everything happened.
fn machine() -> Report {
    let rules = [
        "alignment/malloc",
        "alignment/calloc",
        "contents/calloc-zero-on-reuse",
        "errno/calloc-overflow",
        "errno/malloc-failure",
        "overflow/pvalloc",
        "overflow/calloc",
        "sized-free/free-sized",
        "threads/churn",
        "zero/malloc-result",
    ];
    let mut findings = Vec::new();
    for name in names() {
        for rule in rules {
            let mut one = finding(&format!("conformance/{rule}"), name);
            match (name, rule) {
                ("tcmalloc" | "mimalloc2", "errno/calloc-overflow") => {
                    one.verdict = Verdict::Violates;
                    one.complaint = true;
                    one.title = "calloc sets ENOMEM when the product overflows".into();
                    one.source = vec!["POSIX.1-2024 calloc, ERRORS, [ENOMEM]".into()];
                    one.evidence = Some("calloc(SIZE_MAX / 2, 4) returned NULL and left errno at 0".into());
                }
                ("jemalloc", "errno/malloc-failure") => {
                    one.verdict = Verdict::Deviates;
                    one.reason = Some("leaves errno at 0".into());
                }
                ("jemalloc@embedded", "errno/malloc-failure") => {
                    one.verdict = Verdict::Stale;
                    one.complaint = true;
                    one.reason = Some(
                        "leaves errno at 0 above PTRDIFF_MAX (https://github.com/jemalloc/jemalloc/issues/0)".into(),
                    );
                }
                (_, "sized-free/free-sized") => {
                    one.verdict = Verdict::Inapplicable;
                    one.reason = Some("free_sized: not exported".into());
                }
                ("dlmalloc@embedded", "threads/churn") => one.verdict = Verdict::Unobservable,
                _ => {}
            }
            findings.push(one);
        }
    }
    for from in names() {
        for to in names() {
            for size in ["24", "4096", "1048576"] {
                let outcome = match (to, size) {
                    (to, _) if to == from => "silent",
                    ("glibc" | "tcmalloc" | "scudo" | "scudo@embedded", _) => "caught",
                    ("snmalloc@embedded", _) => "leaked",
                    ("tbbmalloc", "24") => "crashed-later",
                    ("tbbmalloc", _) => "silent",
                    ("rpmalloc@embedded", "24") if from == "scudo" => "varies",
                    _ => "crashed",
                };
                let mut one = record("mixing/allocators", from, &[("outcome", outcome)]);
                one.partner = Some(to.into());
                one.variant = Some(size.into());
                if outcome == "varies" {
                    one.verdict = Verdict::Varies;
                }
                if from == "mimalloc2" && to == "mimalloc3@embedded" {
                    one.verdict = Verdict::Unsteady;
                    one.complaint = true;
                    one.facts.insert("outcome".into(), "varies".into());
                    one.evidence = Some("signalled SIGSEGV".into());
                    one.title = "what becomes of a block that another allocator frees".into();
                    one.reason = Some(format!(
                        "to declare it in cases/allocators/mimalloc2.toml: varies = [{{ rule = \"mixing/allocators\", partner = \"mimalloc3\", variant = \"{size}\", outcomes = [\"silent\", \"crashed\"], reason = \"...\" }}]"
                    ));
                    one.reproduce =
                        format!("allocheck run mimalloc2 mimalloc3@embedded --cell 'mixing/allocators {size}'");
                }
                findings.push(one);
            }
        }
    }
    let thresholds = [131049, 7340033, 16777217, 4194137, 0, 524225, 0, 7335937, 16777217, 0, 4128641, 524225, 1048577];
    for (name, bytes) in names().zip(thresholds) {
        let fate = if name.starts_with("jemalloc") { "decommitted" } else { "unmapped" };
        let bytes = bytes.to_string();
        let answers = [("bytes", bytes.as_str()), ("fate", fate)];
        let none = [("threshold", if name.starts_with("dl") { "all-but-tail" } else { "none" })];
        findings.push(record("release/threshold", name, if bytes == "0" { &none } else { &answers }));
        for variant in ["after-churn", "untouched"] {
            let one = record("release/threshold", name, &[("relation", "equal"), ("fate", fate)]);
            findings.push(Finding { variant: Some(variant.into()), ..one });
        }
        findings.push(record("release/trim", name, &[("trim", if name == "glibc" { "all" } else { "nothing" })]));
        findings.push(record("release/small-blocks", name, &[("back", if name == "glibc" { "most" } else { "none" })]));
        let promise = finding("release/neighbours", name);
        findings.push(Finding { ending: Ending::Returned, ..promise });
    }
    for (python, numpy, bytes) in [("cpython-3.13", "numpy-2.5", "208873"), ("cpython-3.9", "numpy-2.0", "192489")] {
        findings.push(record("python/release/bytes-threshold", python, &[("bytes", "131016"), ("fate", "unmapped")]));
        let answers = [("bytes", bytes), ("fate", "unmapped")];
        findings.push(record("python/release/array-threshold", numpy, &answers));
        findings.push(record("python/release/import-moves", numpy, &[("moved_by_import", "yes")]));
        for (variant, back, kib) in [("10000", "none", "0"), ("100000", "all", "784")] {
            let one = record("python/release/uniform", numpy, &[("back", back), ("kib", kib)]);
            findings.push(Finding { variant: Some(variant.into()), ..one });
        }
    }
    let pythons = ["cpython-3.13 3.13.0", "numpy-2.5 2.5.5", "cpython-3.9 3.9.18", "numpy-2.0 2.0.2"];
    let mut report = report(&[&ALLOCATORS[..], &pythons].concat(), findings);
    for (place, entry) in report.allocators[13..].iter_mut().enumerate() {
        entry.path = Some(format!("/opt/python{}", place / 2));
    }
    report
}

fn text(report: &Report, style: Style) -> String {
    render(report, Format::Text, &style)
}

fn plain(report: &Report) -> String {
    text(report, Style::default())
}

/// What one allocator did to one rule.
fn violated(rule: &str, allocator: &str, evidence: &str) -> Finding {
    Finding { verdict: Verdict::Violates, complaint: true, evidence: Some(evidence.into()), ..finding(rule, allocator) }
}

#[test]
fn a_report_for_people() {
    let names = ["glibc", "jemalloc", "snmalloc@embedded", "cpython-3.13", "numpy-2.5"];
    let mut report = machine();
    let is_asked = |name: &str| names.contains(&name);
    report.allocators.retain(|entry| is_asked(&entry.name));
    report.findings.retain(|finding| is_asked(&finding.allocator) && finding.partner.as_deref().is_none_or(is_asked));
    insta::assert_snapshot!(plain(&report), @r"
    allocheck 0.1.0   x86_64-linux-gnu   glibc 2.36   aslr off   witnesses mincore, pagemap
    5 allocators, 19 rules, 80 cells: 0 complaints, 1 known deviation, not run: 3 inapplicable

    conformance    glibc 2.36
                   │   jemalloc 5.3.0
                   │   │   snmalloc@embedded 0.7.6
      alignment    ·   ·   ·
      contents     ·   ·   ·
      errno        ·   1~  ·
      overflow     ·   ·   ·
      sized-free   -   -   -
      threads      ·   ·   ·
      zero         ·   ·   ·
      release      ·   ·   ·
      · upheld or recorded, n! complaints, n~ known deviations, n? not observed or built, - not provided

    mixing                      glibc
                                │    jemalloc
                                │    │    snmalloc@embedded
      glibc 2.36                ...  XXX  LLL
      jemalloc 5.3.0            CCC  ...  LLL
      snmalloc@embedded 0.7.6   CCC  XXX  ...
      rows allocate, columns free; a letter each for 24 B, 4,096 B, 1,048,576 B
      . silent: it works here, and nothing tells you of the mistake
      C caught: free stops the program, with a message or an abort
      X crashed: the program dies in free
      L leaked: the program goes on, the block is never used again

    release                     all pages back from       threshold after-churn   threshold untouched
      glibc 2.36                  131,049 B unmapped      equal                   equal
      jemalloc 5.3.0            7,340,033 B decommitted   equal                   equal
      snmalloc@embedded 0.7.6   1,048,577 B unmapped      equal                   equal
      and the answers to 2 more questions: --verbose

    python                  bytes back from      array back from      10,000 doubles   100,000 doubles
      3.13.0, numpy 2.5.5   131,016 B unmapped   208,873 B unmapped   0 KiB none       784 KiB all
      and the answers to 1 more question: --verbose
      Why `del x` gives 100,000 doubles back and keeps 10,000: an array's memory goes back from 208,873
      B on, which is 26,110 doubles (numpy 2.5.5). glibc 2.36 decides: from its mmap threshold on a
      block is a mapping of its own, which free unmaps; a smaller one free keeps for reuse. In a C
      program that line is at 131,049 B. Here importing NumPy moved it.
    ");
}

#[test]
fn complaints_of_one_rule_and_allocator_are_told_together() {
    let cell = |partner: &str, variant: &str, evidence: &str| Finding {
        partner: Some(partner.into()),
        variant: Some(variant.into()),
        reproduce: format!("allocheck run a --cell {partner}-{variant}"),
        ..violated("mixing/pairs", "a", evidence)
    };
    let mut findings: Vec<Finding> = ["b", "c"]
        .into_iter()
        .flat_map(|partner| ["24", "4096", "1048576"].map(|size| cell(partner, size, "signalled SIGSEGV")))
        .collect();
    findings.push(cell("d", "24", "the block at 3 of 24 changed"));
    let report = report(&["a 1", "b 1", "c 1", "d 1"], findings);
    insta::assert_snapshot!(text(&report, Style { quiet: true, ..Style::default() }), @r"
    4 allocators, 1 rule, 7 cells: 7 complaints, 0 known deviations, all run

    violates  a 1   mixing/pairs   7 cells
              promise:  the promise of pairs (C17 7.22.3)
              seen:     → b 24, 4096, 1048576; → c 24, 4096, 1048576: signalled SIGSEGV
                        → d 24: the block at 3 of 24 changed
              again:    allocheck run a --cell b-24
    ");
}

#[test]
fn stale_and_unsteady_say_what_to_mend() {
    let stale = Finding {
        verdict: Verdict::Stale,
        complaint: true,
        reason: Some("leaves errno at 0 (https://example.org/1)".into()),
        ..finding("conformance/errno/calloc", "b@embedded")
    };
    let line = "varies = [{ rule = \"mixing/allocators\", partner = \"a\", variant = \"24\", outcomes = [\"silent\", \"crashed\"], reason = \"...\" }]";
    let unsteady = Finding {
        verdict: Verdict::Unsteady,
        complaint: true,
        partner: Some("a".into()),
        variant: Some("24".into()),
        reason: Some(line.into()),
        ..record("mixing/allocators", "b@embedded", &[("outcome", "varies")])
    };
    let report = report(&["a 1", "b@embedded 2.1.0"], vec![stale, unsteady]);
    let text = text(&report, Style { quiet: true, ..Style::default() });
    assert!(text.contains(line), "a line to copy is not broken: {text}");
    insta::assert_snapshot!(text, @r#"
    2 allocators, 2 rules, 2 cells: 2 complaints, 0 known deviations, all run

    stale     b@embedded 2.1.0   conformance/errno/calloc
              promise:  the promise of calloc (C17 7.22.3)
              seen:     it is kept
              known:    leaves errno at 0 (https://example.org/1)
              mend:     in cases/allocators/b.toml remove the [[deviation]] about this rule, or let it
                        end with versions = "<2.1.0"
              again:    allocheck run b@embedded --rule conformance/errno/calloc

    unsteady  b@embedded 2.1.0   mixing/allocators
              question: the promise of allocators (C17 7.22.3)
              seen:     → a 24: unsteady
              mend:     varies = [{ rule = "mixing/allocators", partner = "a", variant = "24", outcomes = ["silent", "crashed"], reason = "..." }]
              again:    allocheck run b@embedded --rule mixing/allocators
    "#);
}

#[test]
fn a_library_that_is_not_loaded_is_one_complaint_to_read() {
    let cell = |rule: &str| Finding {
        verdict: Verdict::Inapplicable,
        complaint: true,
        ending: Ending::NotLoaded,
        detail: Some("mine.so has no malloc".into()),
        evidence: Some("not-loaded mine.so has no malloc".into()),
        reason: Some("mine.so has no malloc".into()),
        ..finding(rule, "mine")
    };
    let findings = ["conformance/zero/malloc", "conformance/errno/malloc", "release/threshold"].map(cell);
    let report = report(&["glibc 2.36", "mine unknown"], findings.into());
    insta::assert_snapshot!(text(&report, Style { quiet: true, ..Style::default() }), @r"
    2 allocators, 3 rules, 3 cells: 3 complaints, 0 known deviations, not run: 3 inapplicable

    not-loaded  mine unknown   3 cells
              seen:     not-loaded mine.so has no malloc
              again:    allocheck run mine --rule conformance/zero/malloc
    ");
}

#[rstest]
#[case::upheld(&[Verdict::Upholds, Verdict::Recorded, Verdict::Varies], "·")]
#[case::one_is_lacking(&[Verdict::Upholds, Verdict::Inapplicable], "·")]
#[case::all_are_lacking(&[Verdict::Inapplicable, Verdict::Inapplicable], "-")]
#[case::violated(&[Verdict::Violates, Verdict::Stale, Verdict::Upholds], "2!")]
#[case::known(&[Verdict::Deviates, Verdict::Upholds], "1~")]
#[case::not_seen(&[Verdict::Unobservable, Verdict::Unbuilt, Verdict::Upholds], "2?")]
#[case::of_each(&[Verdict::Violates, Verdict::Deviates, Verdict::Unbuilt], "1!1~1?")]
fn a_group_of_rules_is_one_cell(#[case] verdicts: &[Verdict], #[case] cell: &str) {
    let is_bad = |verdict: Verdict| matches!(verdict, Verdict::Violates | Verdict::Stale);
    let one = |(place, &verdict): (usize, &Verdict)| Finding {
        verdict,
        complaint: is_bad(verdict),
        ..finding(&format!("conformance/zero/rule-{place}"), "a")
    };
    let text = plain(&report(&["a 1"], verdicts.iter().enumerate().map(one).collect()));
    let row = text.lines().find(|line| line.starts_with("  zero")).expect("a row of the group");
    assert_eq!(row.split_whitespace().last(), Some(cell));
}

#[rstest]
#[case::both(&[("10000", "none"), ("100000", "all")], "Why `del x` gives 100,000 doubles back and keeps 10,000: an array's")]
#[case::all(&[("100000", "all")], "Why `del x` gives 100,000 doubles back: an array's")]
#[case::none(&[("10000", "none"), ("100000", "none")], "Why `del x` keeps 10,000 and 100,000 doubles: an array's")]
#[case::not_asked(&[], "\n  an array's")]
fn python_says_why_memory_stays(#[case] backs: &[(&str, &str)], #[case] why: &str) {
    let answers = [("bytes", "208873"), ("fate", "unmapped")];
    let mut findings = vec![record("python/release/array-threshold", "numpy-2.5", &answers)];
    findings.push(record("python/release/import-moves", "numpy-2.5", &[("moved_by_import", "no")]));
    findings.extend(backs.iter().map(|(size, back)| Finding {
        variant: Some(size.to_string()),
        ..record("python/release/uniform", "numpy-2.5", &[("back", *back)])
    }));
    let text = text(&report(&["glibc 2.36", "numpy-2.5 2.5.5"], findings), Style { width: 500, ..Style::default() });
    assert!(text.contains(why), "{text}");
    assert!(text.contains("208,873 B on, which is 26,110 doubles (numpy 2.5.5). glibc 2.36 decides"), "{text}");
    assert!(!text.contains("In a C program") && !text.contains("importing"), "only what was measured: {text}");
}

#[test]
fn without_python_nothing_is_said_of_it() {
    let text = plain(&report(&["a 1"], vec![finding("conformance/zero/malloc", "a")]));
    assert!(!text.contains("python") && !text.contains("doubles"), "{text}");
}

#[rstest]
fn tables_fit_the_terminal(#[values(70, 80, 100, 140)] width: usize) {
    let text = text(&machine(), Style { width, ..Style::default() });
    // What is to be copied is in one line, however long.
    let is_prose = |line: &&str| !line.contains("varies = [") && !line.contains("again:") && !line.contains("aslr off");
    let longest = text.lines().filter(is_prose).map(|line| line.chars().count()).max();
    assert!(longest <= Some(width), "{longest:?} columns in\n{text}");
    let rows = text.lines().filter(|line| line.starts_with("  errno")).count();
    assert!(rows >= 1 && (rows == 1) == (width >= 80), "{rows} blocks at {width}");
}

#[test]
fn color_adds_nothing_but_escape_sequences() {
    let colored = text(&machine(), Style { color: true, ..Style::default() });
    let mut stripped = String::new();
    let mut parts = colored.split('\x1b');
    stripped += parts.next().unwrap_or_default();
    stripped.extend(parts.map(|part| part.split_once('m').expect("an escape sequence ends").1));
    assert_ne!(colored, stripped);
    let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    assert_eq!(trimmed(&stripped), trimmed(&plain(&machine())));
}

#[test]
fn verbose_has_a_line_per_finding_and_quiet_no_table() {
    let report = machine();
    let verbose = text(&report, Style { verbose: true, ..Style::default() });
    let is_finding =
        |line: &&str| Verdict::ALL.iter().any(|verdict| line.starts_with(&format!("{:<15}", verdict.word())));
    assert_eq!(verbose.lines().filter(is_finding).count(), report.findings.len());
    let quiet = text(&report, Style { quiet: true, ..Style::default() });
    assert!(quiet.starts_with("17 allocators, 19 rules, 725 cells: 6 complaints"), "{quiet}");
    assert!(!quiet.contains("conformance  "), "{quiet}");
}
