//! The report as JSON, and its schema.

mod made_up;

use std::collections::BTreeSet;

use allocheck::model::{Area, Ending, Finding, Load, Norm, Origin, Report, Verdict};
use allocheck::report::json::read;
use allocheck::report::{Format, Style, render};
use made_up::{finding, record, report};
use rstest::rstest;
use serde_json::Value;

/// A report in which nothing is absent.
fn full() -> Report {
    let some = |text: &str| Some(text.to_owned());
    let everything = Finding {
        partner: some("glibc"),
        variant: some("24"),
        load: Load::Dlopen,
        ending: Ending::Signalled,
        detail: some("SIGSEGV"),
        witness: some("mincore,pagemap"),
        evidence: some("signalled SIGSEGV"),
        reason: some("known"),
        ..record("mixing/allocators", "jemalloc@embedded", &[("outcome", "crashed"), ("bytes", "24")])
    };
    let nothing = finding("conformance/zero/malloc", "glibc");
    report(&["glibc 2.36", "jemalloc@embedded 5.3.1"], vec![everything, nothing])
}

fn json() -> Value {
    serde_json::from_str(&render(&full(), Format::Json, &Style::default())).expect("JSON")
}

fn schema() -> Value {
    serde_json::from_str(include_str!("../../harness/src/report/schema.json")).expect("JSON")
}

#[test]
fn json_comes_back_as_the_same_report() {
    let text = render(&full(), Format::Json, &Style::default());
    assert_eq!(read(&text, "new.json").expect("a report"), full());
}

#[test]
fn the_schema_is_one_and_accepts_a_report() {
    assert!(jsonschema::meta::is_valid(&schema()));
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&json()).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
}

/// Where the objects of a report are, and which part of the schema is theirs.
const OBJECTS: [(&str, &str); 4] = [
    ("", ""),
    ("/platform", "/$defs/platform"),
    ("/allocators/1", "/$defs/allocator"),
    ("/findings/0", "/$defs/finding"),
];

#[test]
fn the_schema_knows_each_field_and_no_other() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    for (place, part) in OBJECTS {
        let fields = |value: &Value, place: &str| -> BTreeSet<String> {
            value.pointer(place).and_then(Value::as_object).expect("an object").keys().cloned().collect()
        };
        assert_eq!(fields(&json(), place), fields(&schema(), &format!("{part}/properties")), "{place}");
        let mut more = json();
        more.pointer_mut(place).expect("there")["extra"] = Value::from(1);
        assert!(!validator.is_valid(&more), "an extra field in {place}");
        for field in fields(&json(), place) {
            let mut less = json();
            less.pointer_mut(place).and_then(Value::as_object_mut).expect("an object").remove(&field);
            assert!(!validator.is_valid(&less), "{place} without {field}");
            let schema = schema();
            let described = schema.pointer(&format!("{part}/properties/{field}")).expect("there");
            assert!(
                described["description"].is_string() || described["$ref"].is_string(),
                "{place}/{field} has no description"
            );
        }
    }
}

#[rstest]
#[case("/findings/0/verdict", "fine")]
#[case("/findings/0/load", "")]
#[case("/findings/0/measures/bytes", "24")]
#[case("/allocators/0/origin", "debian")]
#[case("/version", "1")]
fn the_schema_refuses_other_words(#[case] place: &str, #[case] word: &str) {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    let mut json = json();
    *json.pointer_mut(place).expect("there") = word.into();
    assert!(!validator.is_valid(&json), "{word:?} at {place}");
}

#[test]
fn the_schema_has_the_words_of_the_model() {
    fn words<T: std::fmt::Display>(all: &[T]) -> Vec<Value> {
        all.iter().map(|word| word.to_string().into()).collect()
    }
    let schema = schema();
    let listed = |place: &str| {
        schema.pointer(&format!("/$defs/{place}/enum")).expect("there").as_array().expect("words").clone()
    };
    assert_eq!(listed("finding/properties/area"), words(Area::ALL));
    assert_eq!(listed("finding/properties/norm"), words(Norm::ALL));
    assert_eq!(listed("finding/properties/load"), words(Load::ALL));
    assert_eq!(listed("finding/properties/ending"), words(Ending::ALL));
    assert_eq!(listed("finding/properties/verdict"), words(Verdict::ALL));
    assert_eq!(listed("allocator/properties/origin"), words(Origin::ALL));
    assert_eq!(schema["properties"]["version"]["const"], Report::VERSION);
}

#[rstest]
#[case::not_json(
    "allocheck 0.1.0",
    "old.json is not JSON; write it with `allocheck run --format json -o FILE`: expected value at line 1 column 1"
)]
#[case::another_file(
    "[]",
    "old.json has no field `version`, so it is no report of allocheck; write it with `allocheck run --format json -o FILE`"
)]
#[case::another_version(
    r#"{"version": 2}"#,
    "old.json has format version 2, this allocheck reads version 1; write it anew, or read it with the allocheck that wrote it"
)]
#[case::missing_field(
    r#"{"version": 1, "allocheck": "0.1.0"}"#,
    "old.json is not a report as this allocheck writes it; write it with `allocheck run --format json -o FILE`: missing field `platform` at line 1 column 36"
)]
fn what_is_no_report_is_told_in_one_line(#[case] text: &str, #[case] told: &str) {
    assert_eq!(read(text, "old.json").expect_err("no report").to_string(), told);
}
