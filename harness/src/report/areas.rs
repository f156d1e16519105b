//! A table per area. Every figure is the report's.

use std::collections::{BTreeMap, BTreeSet};

use super::Style;
use super::layout::{BOLD, Cell, DIM, GAP, PLAIN, RED, YELLOW, count, thousands, width};
use super::matrix::GRIDS;
use crate::model::{AllocatorEntry, Area, Ending, Finding, Norm, Origin, Report, Verdict};
use crate::snapshot;

const THRESHOLD: &str = "release/threshold";
const BYTES: &str = "python/release/bytes-threshold";
const ARRAY: &str = "python/release/array-threshold";
const UNIFORM: &str = "python/release/uniform";
const MOVES: &str = "python/release/import-moves";

/// The questions that come first in a table, with the head of their column; `{}` is the variant.
const FIRST: [(&str, &str); 4] = [
    (THRESHOLD, "all pages back from"),
    (BYTES, "bytes back from"),
    (ARRAY, "array back from"),
    (UNIFORM, "{} doubles"),
];

pub(super) fn all(report: &Report, style: &Style) -> Vec<String> {
    let page = Page { report, style };
    vec![
        page.promises("conformance", &[Area::Conformance, Area::Mixing, Area::Release]),
        page.pairs(),
        page.records(Area::Mixing),
        page.records(Area::Release),
        page.domains(),
        page.records(Area::Python) + &page.why_memory_stays(),
        page.promises("python, promises", &[Area::Python]),
    ]
}

/// The version of an allocator that the report names.
pub(super) fn version<'a>(report: &'a Report, key: &str) -> &'a str {
    report.allocators.iter().find(|entry| entry.name == key).map_or("", |entry| &entry.version)
}

/// `jemalloc@embedded 5.3.1`; a name that holds its minor version, `cpython-3.13`, is told as `cpython 3.13.0`.
pub(crate) fn title(report: &Report, key: &str) -> String {
    let version = version(report, key);
    let (head, tail) = key.split_at(key.find('@').unwrap_or(key.len()));
    match head.rsplit_once('-') {
        Some((base, held)) if version.starts_with(held) => format!("{base}{tail} {version}"),
        _ => format!("{key} {version}").trim_end().to_owned(),
    }
}

/// The interpreter that this NumPy is of, if the report has it.
pub(crate) fn interpreter<'a>(report: &'a Report, numpy: &str) -> Option<&'a str> {
    let path =
        report.allocators.iter().find(|entry| entry.name == numpy && entry.name.starts_with("numpy"))?.path.as_ref();
    let is_it = |entry: &&AllocatorEntry| entry.name.starts_with("cpython") && entry.path.as_ref() == path;
    report.allocators.iter().find(is_it).map(|entry| entry.name.as_str())
}

/// `numpy 2.5.5 on cpython 3.13.0`; of all else, and where the report has no such interpreter, the title.
pub(crate) fn title_on(report: &Report, key: &str) -> String {
    let title_alone = title(report, key);
    let Some(python) = interpreter(report, key) else { return title_alone };
    let (name, version) = title_alone.split_once(' ').unwrap_or((&title_alone, ""));
    let name = name.split('@').next().unwrap_or(name);
    format!("{name} {version} on {}", title(report, python))
}

pub(super) struct Page<'a> {
    pub report: &'a Report,
    pub style: &'a Style,
}

impl<'a> Page<'a> {
    pub fn findings(&self, wanted: impl Fn(&Finding) -> bool) -> Vec<&'a Finding> {
        self.report.findings.iter().filter(|finding| wanted(finding)).collect()
    }

    /// In the report's order, each once.
    pub fn in_order(&self, keys: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let place = |key: &str| self.report.allocators.iter().position(|entry| entry.name == key);
        let keys: BTreeSet<(usize, &str)> =
            keys.into_iter().map(|key| (place(key).unwrap_or(usize::MAX), key)).collect();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    pub fn titles(&self, keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| title(self.report, key)).collect()
    }

    /// Groups of rules by allocators. Outside conformance only what can be wrong is in it, an area in one row.
    fn promises(&self, head: &str, areas: &[Area]) -> String {
        let is_open = |finding: &Finding| finding.area != Area::Conformance && finding.norm == Norm::Record;
        let findings = self.findings(|finding| areas.contains(&finding.area) && !is_open(finding));
        if findings.is_empty() {
            return String::new();
        }
        let allocators = self.in_order(findings.iter().map(|finding| finding.allocator.as_str()));
        let mut groups: BTreeMap<(Area, &str), BTreeMap<&str, Vec<&Finding>>> = BTreeMap::new();
        for finding in findings {
            let group = match finding.area {
                Area::Mixing | Area::Release => finding.area.word(),
                _ => finding.rule.split('/').nth(1).unwrap_or(&finding.rule),
            };
            groups.entry((finding.area, group)).or_default().entry(&finding.allocator).or_default().push(finding);
        }
        let row = |of: &BTreeMap<&str, Vec<&Finding>>| allocators.iter().map(|name| tally(of.get(name))).collect();
        let rows: Vec<(String, Vec<Cell>)> =
            groups.iter().map(|((_, group), of)| (group.to_string(), row(of))).collect();
        let legend =
            "· upheld or recorded, n! complaints, n~ known deviations, n? not observed or built, - not provided";
        self.style.stairs(head, &self.titles(&allocators), &rows) + &self.note(legend)
    }

    /// Allocators by questions without a right answer: as many as fit, and how many do not.
    fn records(&self, area: Area) -> String {
        let findings = self.findings(|finding| {
            finding.area == area && finding.norm == Norm::Record && !GRIDS.contains(&finding.rule.as_str())
        });
        if findings.is_empty() {
            return String::new();
        }
        let rows = self.rows(area, self.in_order(findings.iter().map(|finding| finding.allocator.as_str())));
        let mut questions: BTreeMap<Question, BTreeMap<&str, &Finding>> = BTreeMap::new();
        for finding in findings {
            questions.entry(Question::of(finding)).or_default().insert(&finding.allocator, finding);
        }
        let mut columns: Vec<Vec<Cell>> = vec![vec![Cell::new(area.word(), BOLD)]];
        columns[0].extend(rows.iter().map(|row| {
            let name = self.titles(row).join(", ");
            Cell::new(format!("  {}", name.strip_prefix("cpython ").unwrap_or(&name)), PLAIN)
        }));
        let mut used = breadth(&columns[0]);
        let mut left_out = 0;
        for (question, answers) in &questions {
            let mut column = vec![Cell::new(question.head(), BOLD)];
            column.extend(answers_of(rows.iter().map(|row| row.iter().find_map(|name| answers.get(name).copied()))));
            if columns.len() > 1 && used + GAP + breadth(&column) > self.style.width {
                left_out += 1;
                continue;
            }
            used += GAP + breadth(&column);
            columns.push(column);
        }
        let lines: Vec<Vec<Cell>> =
            (0..=rows.len()).map(|line| columns.iter().map(|column| column[line].clone()).collect()).collect();
        let more = format!("and the answers to {}: --verbose", count(left_out, "more question"));
        self.style.table(&lines) + &if left_out > 0 { self.note(&more) } else { String::new() }
    }

    /// An interpreter and its NumPy have one row: they are one program.
    fn rows(&self, area: Area, allocators: Vec<&'a str>) -> Vec<Vec<&'a str>> {
        let program = |name: &str| self.report.allocators.iter().find(|entry| entry.name == name)?.path.as_deref();
        let is_one = |a: &&str, b: &&str| area == Area::Python && program(a).is_some() && program(a) == program(b);
        allocators.chunk_by(is_one).map(<[&str]>::to_vec).collect()
    }

    /// Why `del x` gives the memory of a large array back and keeps that of a smaller one.
    fn why_memory_stays(&self) -> String {
        let arrays = self.findings(|finding| finding.rule == ARRAY && finding.measures.contains_key("bytes"));
        let Some(array) = arrays.first() else { return String::new() };
        let bytes = array.measures["bytes"];
        let numpy = &array.allocator;
        let mut why = self.what_del_does(numpy).map_or(String::new(), |what| format!("Why {what}: "));
        why += &format!(
            "an array's memory goes back from {} B on, which is {} doubles ({}).",
            thousands(bytes),
            thousands(bytes.div_ceil(8)),
            title(self.report, numpy)
        );
        if array.facts.get("fate").is_some_and(|fate| fate == "unmapped") {
            why += &match self.report.platform.is_windows() {
                true => " The heap of CPython's own C runtime decides: from there on a block is a".to_owned(),
                false => format!(" {} decides: from its mmap threshold on a block is a", self.report.platform.libc),
            };
            why += " mapping of its own, which free unmaps; a smaller one free keeps for reuse.";
        }
        let native = self.report.allocators.iter().find(|entry| entry.origin == Origin::System);
        let in_c = |finding: &Finding| {
            let is_warm = finding.rule == THRESHOLD && finding.variant.is_none();
            is_warm && native.is_some_and(|native| native.name == finding.allocator)
        };
        if let Some(bytes) = self.findings(in_c).first().and_then(|finding| finding.measures.get("bytes")) {
            why += &format!(" In a C program that line is at {} B.", thousands(*bytes));
        }
        let moved = |finding: &Finding| {
            let moved = finding.facts.get("moved_by_import");
            finding.rule == MOVES && finding.allocator == *numpy && moved.is_some_and(|moved| moved == "yes")
        };
        if !self.findings(moved).is_empty() {
            why += " Here importing NumPy moved it.";
        }
        self.note(&why)
    }

    fn what_del_does(&self, numpy: &str) -> Option<String> {
        let sizes = |back: &str| {
            let is_so = |finding: &Finding| {
                finding.rule == UNIFORM
                    && finding.allocator == numpy
                    && finding.facts.get("back").is_some_and(|word| word == back)
            };
            let sizes = self.findings(is_so).into_iter().filter_map(|finding| finding.variant.as_ref()?.parse().ok());
            let sizes: Vec<String> = sizes.collect::<BTreeSet<u64>>().into_iter().map(thousands).collect();
            (!sizes.is_empty()).then(|| sizes.join(" and "))
        };
        match (sizes("all"), sizes("none")) {
            (Some(all), Some(none)) => Some(format!("`del x` gives {all} doubles back and keeps {none}")),
            (Some(all), None) => Some(format!("`del x` gives {all} doubles back")),
            (None, none) => none.map(|none| format!("`del x` keeps {none} doubles")),
        }
    }

    pub fn note(&self, text: &str) -> String {
        self.style.wrap("  ", text)
    }
}

/// What the cells of a group say, worst first.
fn tally(findings: Option<&Vec<&Finding>>) -> Cell {
    let Some(findings) = findings else { return Cell::new("", PLAIN) };
    let number = |is_so: fn(&Finding) -> bool| findings.iter().filter(|finding| is_so(finding)).count();
    let counts = [
        (number(|finding| finding.complaint), '!', RED),
        (number(|finding| finding.verdict == Verdict::Deviates), '~', YELLOW),
        (number(|finding| matches!(finding.verdict, Verdict::Unobservable | Verdict::Unbuilt)), '?', DIM),
    ];
    let counts: Vec<_> = counts.into_iter().filter(|(number, ..)| *number > 0).collect();
    match counts.first() {
        Some((.., paint)) => {
            Cell::new(counts.iter().map(|(number, sign, _)| format!("{number}{sign}")).collect::<String>(), *paint)
        }
        None if findings.iter().all(|finding| finding.verdict == Verdict::Inapplicable) => Cell::new("-", DIM),
        None => Cell::new("·", DIM),
    }
}

/// A column of a table: those that people ask most come first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Question<'a> {
    place: usize,
    rule: &'a str,
    number: Option<u64>,
    variant: Option<&'a str>,
}

impl<'a> Question<'a> {
    fn of(finding: &'a Finding) -> Self {
        let variant = finding.variant.as_deref();
        let place = FIRST.iter().position(|(rule, _)| *rule == finding.rule);
        Question {
            place: place.unwrap_or(FIRST.len()),
            rule: &finding.rule,
            number: variant.and_then(|variant| variant.parse().ok()),
            variant,
        }
    }

    fn head(&self) -> String {
        let name = self.rule.rsplit('/').next().unwrap_or(self.rule);
        let variant = self.number.map(thousands).or(self.variant.map(str::to_owned));
        match (FIRST.get(self.place), variant) {
            (Some((_, head)), None) => head.to_string(),
            (Some((_, head)), Some(variant)) if head.contains("{}") => head.replace("{}", &variant),
            (_, variant) => format!("{name} {}", variant.unwrap_or_default()).trim_end().to_owned(),
        }
    }
}

/// The cells of a column, their numbers flush.
fn answers_of<'a>(findings: impl Iterator<Item = Option<&'a Finding>>) -> Vec<Cell> {
    let answers: Vec<(String, String)> = findings.map(|finding| finding.map(answer).unwrap_or_default()).collect();
    let widest = answers.iter().map(|(number, _)| width(number)).max().unwrap_or(0);
    let cell = |(number, words): &(String, String)| match (number.as_str(), words.as_str()) {
        ("", words) => Cell::new(words, PLAIN),
        (number, words) => Cell::new(format!("{number:>widest$} {words}"), PLAIN),
    };
    answers.iter().map(cell).collect()
}

/// The number and the words that a question was answered with.
fn answer(finding: &Finding) -> (String, String) {
    let words = match finding.verdict {
        Verdict::Inapplicable => "not provided".into(),
        Verdict::Unobservable => "not observable".into(),
        Verdict::Unbuilt => "not built".into(),
        Verdict::Recorded if finding.ending != Ending::Returned && finding.facts.is_empty() => {
            snapshot::ending(finding)
        }
        Verdict::Recorded => facts(finding),
        other => other.to_string(),
    };
    let exact = finding.measures.iter().filter(|(name, _)| finding.exact.contains(name));
    let numbers: Vec<String> = exact
        .map(|(name, number)| match name.as_str() {
            "bytes" => format!("{} B", thousands(*number)),
            "kib" => format!("{} KiB", thousands(*number)),
            name => format!("{name} {}", thousands(*number)),
        })
        .collect();
    (numbers.join(" "), words)
}

fn facts(finding: &Finding) -> String {
    let fact = |name: &str| finding.facts.get(name).map(String::as_str);
    match (fact("threshold"), fact("relation"), fact("fate")) {
        (Some("none"), ..) => "no size".into(),
        (Some("all-but-tail"), ..) => "no size: the tail stays".into(),
        (Some("not-monotone"), ..) => "no one size".into(),
        (_, Some(relation), _) => relation.into(),
        (.., Some(fate)) if finding.measures.contains_key("bytes") => fate.into(),
        _ if finding.facts.len() == 1 => finding.facts.values().cloned().collect(),
        _ => finding.facts.iter().map(|(name, word)| format!("{name}={word}")).collect::<Vec<_>>().join(" "),
    }
}

fn breadth(column: &[Cell]) -> usize {
    column.iter().map(|cell| width(&cell.text)).max().unwrap_or(0)
}
