//! Who allocates by who frees, as a report draws it.

mod made_up;

use allocheck::model::{Finding, Report};
use allocheck::report::{Format, Style, render};
use made_up::{record, report};
use rstest::rstest;

fn text(report: &Report) -> String {
    render(report, Format::Text, &Style::default())
}

#[rstest]
#[case("silent", ".")]
#[case("caught", "C")]
#[case("caught-later", "c")]
#[case("crashed", "X")]
#[case("crashed-later", "x")]
#[case("hung", "H")]
#[case("corrupted", "#")]
#[case("leaked", "L")]
#[case("varies", "~")]
fn a_pair_of_allocators_is_a_letter_per_size(#[case] outcome: &str, #[case] letter: &str) {
    let sizes = ["1048576", "24", "4096"];
    let one = |size: &str| Finding {
        partner: Some("b".into()),
        variant: Some(size.into()),
        ..record("mixing/allocators", "a", &[("outcome", if size == "24" { "silent" } else { outcome })])
    };
    let text = text(&report(&["a 1", "b 1"], sizes.map(one).into()));
    let row = text.lines().find(|line| line.starts_with("  a 1")).expect("a row of the allocator");
    assert_eq!(row.split_whitespace().last(), Some(format!(".{letter}{letter}").as_str()));
    assert!(text.contains(&format!("\n  {letter} {}", outcome.replace('-', " "))), "a legend in {text}");
}

/// An interpreter's cells, `FROM->TO size=BYTES [env=SETTING]` and what became of each.
fn within(interpreter: &str, cells: &[(&str, &str)]) -> Vec<Finding> {
    let cell = |(variant, outcome): &(&str, &str)| {
        let answer = if *outcome == "ignored" { ("setting", *outcome) } else { ("outcome", *outcome) };
        let asked = record("python/mixing/domains", interpreter, &[answer]);
        Finding { variant: Some((*variant).into()), ..asked }
    };
    cells.iter().map(cell).collect()
}

#[test]
fn interpreters_that_do_the_same_have_one_matrix() {
    let usual = [
        ("malloc->malloc size=24", "silent"),
        ("malloc->malloc size=1048576", "silent"),
        ("malloc->PyMem_Malloc size=24", "silent"),
        ("malloc->PyMem_Malloc size=1048576", "silent"),
        ("malloc->PyMem_Malloc size=24 env=debug", "caught-later"),
        ("malloc->PyMem_Malloc size=1048576 env=debug", "caught-later"),
        ("PyMem_Malloc->malloc size=24", "corrupted"),
        ("PyMem_Malloc->malloc size=1048576", "leaked"),
        ("PyMem_Malloc->PyMem_Malloc size=24", "silent"),
        ("PyMem_Malloc->PyMem_Malloc size=1048576", "silent"),
    ];
    let older = usual.map(|(variant, outcome)| (variant, if variant.contains("env=") { "ignored" } else { outcome }));
    let mut findings = within("cpython-3.13", &usual);
    findings.extend(within("cpython-2.7", &older));
    findings.extend(within("cpython-3.12", &usual));
    let interpreters = ["cpython-3.13 3.13.0", "cpython-3.12 3.12.1", "cpython-2.7 2.7.18"];
    let text = text(&report(&interpreters, findings));
    let (_, matrices) = text.split_once("\n\n").expect("after the summary");
    insta::assert_snapshot!(matrices, @r"
    mixing within cpython 3.13.0, 3.12.1
                     malloc
                     │     PyMem_Malloc
      malloc         ..    ..cc
      PyMem_Malloc   #L    ..

    mixing within cpython 2.7.18
                     malloc
                     │     PyMem_Malloc
      malloc         ..    ..--
      PyMem_Malloc   #L    ..
      rows allocate, columns free; a letter each for 24 B, 1,048,576 B; then the same under
      PYTHONMALLOC=debug
      . silent: it works here, and nothing tells you of the mistake
      c caught later: a later call stops the program, far from the mistake
      # corrupted: another block changes or is handed out twice, and nothing tells you
      L leaked: the program goes on, the block is never used again
      - not asked: one of the two is not there, or takes no such setting
    ");
}
