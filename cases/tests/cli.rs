//! The program as a user runs it: exit statuses, one clear line for each mistake, and nothing left behind. What only a POSIX
//! system can do to it is in `cli_posix.rs`.

mod tools;

use std::fs;

use allocheck::model::Verdict;
use rstest::rstest;
use tools::{RULE, Said, User, native_name, quick, unfinished};

// ---- Exit statuses -------------------------------------------------------------------------------------------------------

#[test]
fn no_complaint_is_0() {
    let report = User::new().run(quick(&native_name())).report(0);
    assert_eq!((report.allocators.len(), report.findings.len()), (1, 1), "{report:?}");
    assert_eq!(report.findings[0].verdict, Verdict::Upholds);
}

#[rstest]
#[case(&["--help"], "Usage")]
#[case(&["run", "--help"], "--rule")]
#[case(&["--version"], env!("CARGO_PKG_VERSION"))]
#[case(&["list", "--area", "conformance"], RULE)]
fn asked_for_text_goes_to_standard_output(#[case] arguments: &[&str], #[case] word: &str) {
    let said = User::new().run(arguments);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    assert!(said.out.contains(word), "{said:?}");
}

// ---- Mistakes: what, where, the mend ---------------------------------------------------------------------------------------

#[rstest]
#[case(&["run", "--rule", "conformance/alignment/maloc"], &["conformance/alignment/maloc", "did you mean \"conformance/alignment/malloc\"?"])]
#[case(&["run", "--rule", "nonsense"], &["no rule \"nonsense\"", "allocheck list"])]
#[case(&["run", "--target", "x86_64-linux-mussl"], &["\"x86_64-linux-mussl\"", "did you mean \"x86_64-linux-musl\"?"])]
#[case(&["run", "--area", "relase"], &["relase", "conformance, mixing, release, python"])]
#[case(&["run", "--format", "jsn"], &["jsn", "text, json"])]
#[case(&["run", "--rul", "x"], &["--rul", "--rule"])]
#[case(&["run", "--zzz"], &["--zzz", "--help"])]
#[case(&["--zzz"], &["--zzz", "--help"])]
#[case(&["run", "--rule"], &["--rule", "value"])]
#[case(&["run", "--quiet", "--verbose"], &["--quiet", "--verbose"])]
#[case(&["run", "jemalloc", "--as", "mine"], &["--as", "path"])]
#[case(&["run", "./a.so", "./b.so", "--as", "mine"], &["--as", "NAME=PATH"])]
#[case(&["run", "./a.so", "--as", "x/y"], &["\"x/y\" is no name", "letters"])]
#[case(&["run", "=./a.so"], &["\"\" is no name", "letters"])]
#[case(&["list", "--area", "relase"], &["relase", "conformance"])]
#[case(&["diff", "old.json"], &["NEW"])]
#[case(&["diff", "none.json", "none.json"], &["none.json", "os error 2", "--format json"])]
#[case(&["diff", "text.json", "text.json"], &["text.json", "--format json"])]
#[case(&["diff", "other.json", "other.json"], &["other.json", "version 99", "1"])]
#[case(&["diff", "array.json", "array.json"], &["array.json", "--format json"])]
#[case(&["diff", ".", "."], &["cannot read .", "--format json"])]
fn arguments_that_cannot_be(#[case] arguments: &[&str], #[case] words: &[&str]) {
    let user = User::new();
    user.file("text.json", "allocheck 0.1.0   x86_64-linux-gnu\n");
    user.file("other.json", r#"{"version": 99, "findings": []}"#);
    user.file("array.json", "[1, 2]");
    user.run(arguments).refused(words);
}

#[rstest]
#[case("none/report.json", &["none/report.json", "folder that you can write to"])]
#[case(".", &["cannot write .", "it is a folder"])]
fn outputs_that_cannot_be(#[case] file: &str, #[case] words: &[&str]) {
    User::new().run([&quick(&native_name())[..], &["-o", file]].concat()).refused(words);
}

// ---- Readers that are gone -------------------------------------------------------------------------------------------------

/// `| head`: a reader that has seen enough is no error.
#[test]
fn a_reader_that_is_gone_is_no_error() {
    let name = native_name();
    for arguments in [&["list"][..], &["--help"], &quick(&name)] {
        let user = User::new();
        let mut child = user.command(arguments).spawn().expect("the program starts");
        drop(child.stdout.take());
        let said = user.said(child.wait_with_output().expect("it ends"));
        assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    }
}

#[test]
fn errors_that_nobody_reads_are_no_panic() {
    let user = User::new();
    let mut child = user.command(["run", "./none.so"]).spawn().expect("the program starts");
    drop(child.stderr.take());
    assert_eq!(user.said(child.wait_with_output().expect("it ends")).status, Some(2));
}

// ---- -o --------------------------------------------------------------------------------------------------------------------

#[test]
fn the_output_file_gets_the_report() {
    let user = User::new();
    user.file("old.json", "old");
    for file in ["new.json", "old.json"] {
        let said = user.run([&quick(&native_name())[..], &["-o", file]].concat());
        assert_eq!((said.status, said.out.as_str(), said.err.as_str()), (Some(0), "", ""), "{file}");
        let text = fs::read_to_string(user.path(file)).expect("it was written");
        Said { out: text, ..said }.report(0);
    }
    let files = user.home.path().read_dir().expect("it is ours").count();
    assert_eq!(files, ["tmp", "new.json", "old.json"].len());
}

// ---- Two at once -----------------------------------------------------------------------------------------------------------

#[test]
fn two_runs_share_an_empty_cache() {
    let user = User::new();
    let start = || {
        let mut command = user.command(quick(&native_name()));
        command.env("XDG_CACHE_HOME", user.path("cache")).spawn().expect("the program starts")
    };
    let children = [start(), start()];
    let outputs = children.map(|child| child.wait_with_output().expect("it ends"));
    for output in outputs {
        user.said(output).report(0);
    }
    assert_eq!(unfinished(&user.path("cache")), Vec::<String>::new());
}
