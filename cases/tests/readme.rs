//! The README's commands, by running them.

use std::path::Path;
#[cfg(unix)]
use std::process::{Command, Output};

const README: &str = include_str!("../../README.md");

/// The lines of the README's shell blocks, without their comments.
fn commands() -> Vec<&'static str> {
    let blocks = README.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines).map(|line| line.split(" #").next().unwrap_or(line).trim());
    lines.filter(|line| !line.is_empty()).collect()
}

#[cfg(unix)]
fn shell(line: &str) -> Output {
    Command::new("sh").args(["-c", line]).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("there is a shell")
}

#[cfg(unix)]
fn command(start: &str) -> &'static str {
    commands().into_iter().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no `{start}` in the README"))
}

#[test]
fn the_first_two_run_and_test() {
    assert_eq!(commands()[..2], ["cargo run", "cargo test"]);
}

#[cfg(unix)]
#[test]
fn a_rule_is_a_program_without_the_harness() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("rule");
    let build = command("cc ").replace("-o rule", &format!("-o {}", program.display())) + " -ldl";
    let built = shell(&build);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let ran = Command::new(&program).output().expect("it was built");
    let report = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && report.starts_with("malloc ") && report.ends_with("done\n"), "{report}");
}

#[cfg(unix)]
#[test]
fn explanations_and_the_list_are_printed() {
    for start in ["allocheck explain mixing", "allocheck list"] {
        let line = command(start).replacen("allocheck", env!("CARGO_BIN_EXE_allocheck"), 1);
        let output = shell(&line);
        assert!(output.status.success() && !output.stdout.is_empty(), "{line}: {output:?}");
    }
}

#[test]
fn rules_are_counted() {
    let rules = allocheck::catalog::embedded().expect("the catalogue is right").rules;
    let without = rules.iter().filter(|rule| matches!(rule.fault, allocheck::model::Fault::None(_))).count();
    let counted = format!("{} rules, {without} of which no fault can express", rules.len());
    assert!(README.contains(&counted), "the README should say: {counted}");
}

/// It says that macOS was not run for just as long as there is no snapshot of one.
#[test]
fn what_was_not_run_is_said() {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").read_dir().expect("it can be read");
    let mut names = folders.map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned());
    let was_run = names.any(|name| name.ends_with("-macos"));
    for text in [README, include_str!("../../snapshots/README.md")] {
        let not_run = text.split("**Not run:**").nth(1).and_then(|rest| rest.split([':', '.']).next());
        assert_eq!(not_run.is_some_and(|systems| systems.contains("macOS")), !was_run, "{not_run:?}");
    }
}

#[test]
fn files_that_it_names_are_there() {
    let names = README.split(['`', '(', ')', ' ', '\n']).map(|word| word.trim_end_matches([',', '.', ':', ';']));
    let is_path = |word: &&str| {
        ["cases/", "c-shims/", "harness/", "ci/", "snapshots"].iter().any(|start| word.starts_with(start))
            && !word.contains(|c: char| c == '*' || c.is_ascii_uppercase())
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let missing: Vec<&str> = names.filter(is_path).filter(|path| !root.join(path).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
