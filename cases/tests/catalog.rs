//! The catalogue is read strictly, and its rule files keep the habits that a reader relies on.

use std::collections::BTreeSet;

use allocheck::catalog::{self, Catalog};
use allocheck::model::{Fault, Language, Rule};
use rstest::rstest;

// ---- What is refused, with file and line -----------------------------------------------------------------------------------

/// A right rule, and one line of it changed or added.
fn rule(line: &str, changed: &str) -> String {
    let front = "title  = \"free does nothing with NULL\"\nnorm   = \"must\"\nsource = [\"C17 7.22.3.3p2\"]\n\
                 fault  = \"free-null-traps\"\nneeds  = [\"free\"]";
    assert!(line.is_empty() || front.contains(line));
    let front = if line.is_empty() { format!("{front}\n{changed}") } else { front.replace(line, changed) };
    format!("/*---\n{front}\n---*/\n#include \"probe.h\"\n\nPROBE {{ free(NULL); }}\n")
}

const PATH: &str = "cases/conformance/zero/free-null.c";

fn refusal(path: &str, text: &str) -> String {
    format!("{:#}", catalog::read(&[(path, text)]).expect_err("it is wrong"))
}

#[test]
fn a_right_rule_is_read() {
    let catalog = catalog::read(&[(PATH, &rule("", "")), ("cases/tests/x.c", "no rule"), ("c-shims/probe.c", "")]);
    let Catalog { rules, allocators, targets } = catalog.expect("it is right");
    let [rule] = &rules[..] else { panic!("{rules:?}") };
    assert_eq!((rule.id.as_str(), rule.language, rule.repeat), ("conformance/zero/free-null", Language::C, 1));
    assert_eq!((&rule.variants[..], allocators.len(), targets.len()), (&[None][..], 0, 0));
}

#[rstest]
#[case::unknown_key("", "sources = [\"C17\"]", 7, &["sources", "source"])]
#[case::misspelt_key("needs  = [\"free\"]", "need = [\"free\"]", 6, &["need"])]
#[case::missing_key("norm   = \"must\"", "", 2, &["norm"])]
#[case::twice("", "norm = \"must\"", 7, &["duplicate"])]
#[case::wrong_norm("\"must\"", "\"should\"", 3, &["should", "must", "record"])]
#[case::wrong_type("[\"free\"]", "\"free\"", 6, &["sequence"])]
#[case::not_toml("\"must\"", "must", 3, &["must"])]
#[case::no_source("[\"C17 7.22.3.3p2\"]", "[]", 4, &["source"])]
#[case::wrong_aslr("", "aslr = \"on\"", 7, &["on", "off"])]
#[case::wrong_load("", "load = \"late\"", 7, &["late", "dlopen"])]
#[case::unknown_limit("", "limits = { memory = 5 }", 7, &["memory", "memory_mib"])]
#[case::negative("", "repeat = -1", 7, &["-1"])]
#[case::fault_without_reason("\"free-null-traps\"", "{ nothing = \"x\" }", 5, &["none"])]
fn wrong_front_matter(#[case] line: &str, #[case] changed: &str, #[case] at: usize, #[case] words: &[&str]) {
    let text = refusal(PATH, &rule(line, changed));
    assert!(text.starts_with(&format!("{PATH}:{at}: ")), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[rstest]
#[case::each_to_each(r#"{ pairs = ["a", "b"] }"#, &["a->a", "a->b", "b->a", "b->b"])]
#[case::from_to(r#"{ pairs = { from = ["a", "b"], to = ["c"] } }"#, &["a->c", "b->c"])]
#[case::product(r#"{ pairs = ["a"], size = ["8", "9"], env = ["", "x"] }"#,
    &["a->a size=8", "a->a size=8 env=x", "a->a size=9", "a->a size=9 env=x"])]
fn variants_are_a_product(#[case] variants: &str, #[case] expected: &[&str]) {
    let catalog = catalog::read(&[(PATH, &rule("", &format!("variants = {variants}")))]).expect("it is right");
    let variants: Vec<&str> = catalog.rules[0].variants.iter().flatten().map(String::as_str).collect();
    assert_eq!(variants, expected);
}

#[rstest]
#[case::no_front_matter(PATH, "#include \"probe.h\"\n", ":1: ", &["front matter", "/*---"])]
#[case::not_closed(PATH, "/*---\ntitle = \"x\"\n", ":1: ", &["front matter"])]
#[case::windows_lines(PATH, "/*---\r\ntitle = \"x\"\r\n---*/\r\n", ":1: ", &["front matter"])]
#[case::unknown_area("cases/conformanse/zero/x.c", "", ":1: ", &["area", "conformance"])]
#[case::no_folder("cases/x.c", "", ":1: ", &["area"])]
#[case::python("cases/python/x.py", "import probe\n", ":1: ", &["front matter", "---"])]
fn wrong_files(#[case] path: &str, #[case] text: &str, #[case] at: &str, #[case] words: &[&str]) {
    let right = rule("", "");
    let text = refusal(path, if text.is_empty() { &right } else { text });
    assert!(text.starts_with(&format!("{path}{at}")), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

#[rstest]
#[case::unknown_key("libary = [\"libx.so\"]", 3, &["libary", "libraries"])]
#[case::wrong_type("libraries = \"libx.so\"", 3, &["sequence"])]
#[case::unknown_version("version = { ask = \"x\" }", 3, &["ask", "call"])]
#[case::unknown_call("version = { call = \"x_version\" }", 3, &["x_version", "mallctl"])]
#[case::found_and_built("libraries = [\"x.dll\"]\nbuilt_by = [\"gcc\"]", 4, &["libraries", "built_by"])]
#[case::no_reason("[[deviation]]\nrule = \"conformance/zero/*\"", 3, &["reason"])]
#[case::wrong_versions("[[deviation]]\nrule = \"x\"\nreason = \"x\"\nversions = \"old\"", 6, &["versions", "old"])]
#[case::unknown_rule("[[deviation]]\nrule = \"conformance/none\"\nreason = \"x\"", 4, &["conformance/none"])]
fn wrong_allocator_files(#[case] lines: &str, #[case] at: usize, #[case] words: &[&str]) {
    let path = "cases/allocators/x.toml";
    let text = refusal(path, &format!("title = \"x\"\nhome = \"https://x\"\n{lines}\n"));
    assert!(text.starts_with(&format!("{path}:{at}: ")), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

#[rstest]
#[case::unknown_key("compiler = \"cc\"", 5, &["compiler", "cxx"])]
#[case::wrong_type("cxx = \"c++\"", 5, &["sequence"])]
#[case::wrong_environment("environment = { X = 1 }", 5, &["integer"])]
#[case::wrong_files("files = [\"x.dll\"]", 5, &["map"])]
fn wrong_targets(#[case] line: &str, #[case] at: usize, #[case] words: &[&str]) {
    let path = "cases/targets/x.toml";
    let right = "title = \"x\"\nos = \"linux\"\nc = [\"cc\"]\ninstall = \"apt-get install gcc\"\n";
    let catalog = catalog::read(&[(path, right)]).expect("it is right");
    assert_eq!(catalog.target("x").expect("it is there").c, ["cc"]);
    let text = refusal(path, &format!("{right}{line}\n"));
    assert!(text.starts_with(&format!("{path}:{at}: ")), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

// ---- The real catalogue ----------------------------------------------------------------------------------------------------

fn rules() -> Vec<Rule> {
    catalog::embedded().expect("the catalogue is right").rules
}

#[test]
fn ids_are_unique_and_plain() {
    let mut seen = BTreeSet::new();
    for Rule { id, .. } in rules() {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_/".contains(c);
        assert!(id.chars().all(plain), "{id}: the command line takes ids as globs");
        assert!(seen.insert(id.clone()), "{id}: two files");
    }
}

#[test]
fn titles_are_fragments() {
    for Rule { id, title, .. } in rules() {
        let first = title.split_whitespace().next().unwrap_or_default();
        let names_something =
            first.contains(|c: char| !c.is_alphabetic()) || first.chars().filter(|c| c.is_uppercase()).count() > 1;
        assert!(title.trim() == title && !title.ends_with(['.', '!', ',', ';']), "{id}: {title:?}");
        assert!(names_something || first.starts_with(char::is_lowercase), "{id}: {title:?}");
        assert!(title.chars().count() <= 110, "{id}: {title:?} is {} long", title.chars().count());
    }
}

#[test]
fn every_rule_can_fail_or_says_why_not() {
    for Rule { id, fault, source, .. } in rules() {
        match fault {
            Fault::Named(name) => assert!(!name.is_empty(), "{id}"),
            Fault::None(why) => assert!(why.split_whitespace().count() > 3, "{id}: {why:?} is no reason"),
        }
        assert!(source.iter().all(|source| !source.trim().is_empty()), "{id}: {source:?}");
    }
}

/// What a rule calls and does not declare would be asked of an allocator that lacks it; what it declares and does not call
/// would keep it from allocators that could answer.
#[test]
fn rules_need_what_they_call() {
    for rule in rules().iter().filter(|rule| rule.language == Language::C) {
        let called: BTreeSet<&str> = calls(&without_comments_and_texts(&rule.text)).collect();
        let needed: BTreeSet<&str> = rule.needs.iter().map(String::as_str).collect();
        assert_eq!(needed, called, "{}: needs, and what the text calls", rule.id);
    }
}

/// The names in probe.h's own list.
fn family() -> impl Iterator<Item = &'static str> {
    let (_, header) = allocheck::sources::in_folder("c-shims")
        .find(|(path, _)| path.ends_with("/probe.h"))
        .expect("the contract is there");
    let lines = header.lines().filter_map(|line| line.trim().strip_prefix("F("));
    lines.filter_map(|line| line.split(", ").nth(1))
}

/// The functions of the family that follow no letter and are followed by an opening bracket. A call through a family of the
/// rule's own is `(from.malloc)(n)`: there the bracket closes first.
fn calls(code: &str) -> impl Iterator<Item = &'static str> {
    let is_called = |name: &str| {
        let mut at = code.match_indices(name).map(|(at, _)| (&code[..at], &code[at + name.len()..]));
        at.any(|(before, after)| {
            !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && after.trim_start().starts_with('(')
        })
    };
    family().filter(|name| is_called(name)).collect::<Vec<_>>().into_iter()
}

fn without_comments_and_texts(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(['/', '"', '\'']) {
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        let end = |mark: &str| from[2..].find(mark).map_or(from.len(), |end| end + 2 + mark.len());
        let length = match &from[..from.len().min(2)] {
            "/*" => end("*/"),
            "//" => end("\n"),
            _ if from.starts_with('/') => {
                kept.push('/');
                1
            }
            _ => end_of_text(from),
        };
        rest = &from[length..];
    }
    kept + rest
}

/// Past the closing quote of a text or character constant.
fn end_of_text(from: &str) -> usize {
    let bytes = from.as_bytes();
    let mut at = 1;
    while at < bytes.len() && bytes[at] != bytes[0] {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

#[rstest]
#[case("p = malloc(1); free (p);", &["malloc", "free"])]
#[case("/* malloc(1) */ // free(p)\ncalloc(1, 1)", &["calloc"])]
#[case("CHECK(p, \"malloc(\\\"%d\\\")\", '\"', realloc(p, 1));", &["realloc"])]
#[case("(from.malloc)(1); (to->free)(p); my_free(p); aligned_alloc(1, 1)", &["aligned_alloc"])]
#[case("a / b; form = {allocate, release}; under_test.free", &[])]
fn calls_are_found(#[case] code: &str, #[case] found: &[&str]) {
    assert_eq!(calls(&without_comments_and_texts(code)).collect::<Vec<_>>(), found);
}
