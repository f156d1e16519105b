//! What is known of an allocator on a platform, as keyed lines that show a change as a diff. Pure.
//!
//! ```text
//! # page size: 4096
//! # witnesses: mincore, pagemap
//!
//! conformance/errno/free preload : upholds
//! release/threshold preload : bytes=7340033 fate=decommitted
//! mixing/allocators dlopen 24 glibc-2.36 -> jemalloc-5.3.0 : outcome=crashed
//! ```
//! Words are closed and numbers exact, so that two runs on one machine write the same text.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};

use crate::model::{AllocatorEntry, Area, Ending, Finding, Report, Verdict};

/// A file's name without folder and extension: `jemalloc-5.3.1@embedded`, `cpython-3.13`, or [`MIXING`].
pub type FileStem = String;

/// The snapshot that holds the cells with a partner.
pub const MIXING: &str = "mixing";

/// One file of `snapshots/<platform>/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// What the lines depend on.
    pub header: BTreeMap<String, String>,
    /// Words by cell: `area/rule load variant [partner]`.
    pub lines: BTreeMap<String, String>,
}

impl Snapshot {
    /// Reads a snapshot, with or without the header that insta puts before it.
    pub fn parse(text: &str) -> Result<Self> {
        let insta = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
        let skipped = insta.map_or(0, |(header, _)| header.lines().count() + 2);
        let mut snapshot = Snapshot::default();
        for (number, line) in text.lines().enumerate().skip(skipped) {
            let (part, entry) = match line.strip_prefix("# ") {
                Some(header) => (&mut snapshot.header, header.split_once(": ")),
                None if line.trim().is_empty() => continue,
                None => (&mut snapshot.lines, line.rsplit_once(" : ")),
            };
            let (key, words) = entry.with_context(|| {
                format!("line {} of the snapshot is neither `# key: value` nor `key : words`: {line}", number + 1)
            })?;
            if part.insert(key.to_owned(), words.to_owned()).is_some() {
                bail!("line {} of the snapshot repeats a key: {key}", number + 1);
            }
        }
        Ok(snapshot)
    }

    /// The text that [`Snapshot::parse`] reads.
    pub fn format(&self) -> String {
        let header = self.header.iter().map(|(key, value)| format!("# {key}: {value}\n"));
        let lines = self.lines.iter().map(|(key, words)| format!("{key} : {words}\n"));
        header.chain(["\n".to_owned()]).chain(lines).collect()
    }
}

/// The snapshots of a report: one per allocator, and one of all cells with a partner.
pub fn from_report(report: &Report) -> Vec<(FileStem, Snapshot)> {
    let entries: BTreeMap<&str, &AllocatorEntry> =
        report.allocators.iter().map(|entry| (entry.name.as_str(), entry)).collect();
    let version = |key: &str| entries.get(key).map_or("unknown", |entry| entry.version.as_str());
    let mut snapshots: BTreeMap<FileStem, Snapshot> = BTreeMap::new();
    for finding in &report.findings {
        let allocator = stem(&finding.allocator, version(&finding.allocator));
        let mut key = vec![finding.rule.clone(), finding.load.to_string()];
        key.extend(finding.variant.clone());
        let file = match &finding.partner {
            None => allocator,
            Some(partner) => {
                key.push(format!("{allocator} -> {}", stem(partner, version(partner))));
                MIXING.to_owned()
            }
        };
        let snapshot = snapshots.entry(file).or_insert_with(|| {
            let mut header = platform(report);
            if finding.partner.is_none() {
                header.insert("version".into(), version(&finding.allocator).to_owned());
            }
            if finding.area == Area::Python {
                // A compiled module holds its own path, and reading it is what moves the heap.
                let path = entries.get(finding.allocator.as_str()).and_then(|entry| entry.path.as_ref());
                header.insert("path length".into(), path.map_or(0, String::len).to_string());
            }
            Snapshot { header, lines: BTreeMap::new() }
        });
        snapshot.lines.insert(key.join(" "), words(finding));
    }
    snapshots.into_iter().collect()
}

fn platform(report: &Report) -> BTreeMap<String, String> {
    let platform = &report.platform;
    let header = [
        ("aslr", platform.aslr.clone()),
        ("cpus", if platform.cpus == 1 { "one".into() } else { "many".into() }),
        ("huge pages", platform.huge_pages.clone()),
        ("page size", platform.page_size.to_string()),
        ("witnesses", platform.witnesses.join(", ")),
    ];
    header.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// What a finding says, in words that repeat: the verdict of a promise, the answer to a question.
pub fn words(finding: &Finding) -> String {
    let answer = finding.verdict == Verdict::Recorded;
    let mut words = if answer { Vec::new() } else { vec![finding.verdict.to_string()] };
    let asked = matches!(finding.verdict, Verdict::Violates | Verdict::Deviates | Verdict::Recorded);
    // An outcome says more than the signal that it came by.
    if asked && finding.ending != Ending::Returned && !finding.facts.contains_key("outcome") {
        words.push(ending(finding));
    }
    if answer {
        words.extend(answers(finding).into_iter().map(|(name, word)| format!("{name}={word}")));
    }
    if words.is_empty() { finding.verdict.to_string() } else { words.join(" ") }
}

/// The facts and the exact measures of a finding.
pub(crate) fn answers(finding: &Finding) -> BTreeMap<String, String> {
    let facts = finding.facts.iter().map(|(name, word)| (name.clone(), word.clone()));
    let exact = finding.measures.iter().filter(|(name, _)| finding.exact.contains(name));
    facts.chain(exact.map(|(name, number)| (name.clone(), number.to_string()))).collect()
}

/// `returned`, `signalled SIGSEGV`. Why something was not built or loaded is prose, and stays out.
pub(crate) fn ending(finding: &Finding) -> String {
    match (finding.ending, &finding.detail) {
        (Ending::Signalled | Ending::Exited, Some(detail)) => format!("{} {detail}", finding.ending),
        (ending, _) => ending.to_string(),
    }
}

/// `jemalloc@embedded` of version 5.3.1 is filed as `jemalloc-5.3.1@embedded`; a name that already holds its minor
/// version, `cpython-3.13`, as it is.
pub fn stem(name: &str, version: &str) -> FileStem {
    let Parts { base, version, tail } = Parts::of(name, version);
    format!("{base}-{version}{tail}")
}

/// A name apart from version and `@embedded`.
struct Parts<'a> {
    base: &'a str,
    version: &'a str,
    tail: &'a str,
}

impl<'a> Parts<'a> {
    fn of(name: &'a str, version: &'a str) -> Self {
        let (head, tail) = name.split_at(name.find('@').unwrap_or(name.len()));
        match head.rsplit_once('-') {
            Some((base, held)) if is_version(held) && numbers(version).starts_with(&numbers(held)) => {
                Parts { base, version: held, tail }
            }
            _ => Parts { base: head, version, tail },
        }
    }
}

fn is_version(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

/// The numbers of a version, in order: what is compared.
fn numbers(version: &str) -> Vec<u64> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

/// Which file says the most about an allocator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// There is one of this very version.
    Exact,
    /// The next one.
    Nearest(FileStem),
    /// None knows this allocator.
    None,
}

/// The file for an allocator's key and version: its own; else one of the same major and minor version, else any, the
/// next lower before the next higher.
pub fn nearest(stems: &[FileStem], name: &str, version: &str) -> Choice {
    if stems.contains(&stem(name, version)) {
        return Choice::Exact;
    }
    let wanted = Parts::of(name, version);
    let goal = numbers(wanted.version);
    let version_in = |stem: &FileStem| -> Option<Vec<u64>> {
        let version = stem.strip_prefix(wanted.base)?.strip_prefix('-')?.strip_suffix(wanted.tail)?;
        (is_version(version) && !version.contains('@')).then(|| numbers(version))
    };
    let known: BTreeSet<(Vec<u64>, &FileStem)> =
        stems.iter().filter_map(|stem| Some((version_in(stem)?, stem))).collect();
    let is_same_minor = |version: &[u64]| version.iter().take(2).eq(goal.iter().take(2));
    let closest = |any_minor: bool| {
        let mut among = known.iter().filter(|(version, _)| any_minor || is_same_minor(version));
        let lower = among.clone().rfind(|(version, _)| *version <= goal);
        lower.or_else(|| among.next())
    };
    match closest(false).or_else(|| closest(true)) {
        Some((_, stem)) => Choice::Nearest((*stem).clone()),
        None => Choice::None,
    }
}

/// A line that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The line's key.
    pub key: String,
    /// The words that are known; `None` if the cell was not run before.
    pub known: Option<String>,
    /// The words now.
    pub current: String,
}

/// What a run says about a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What a test must fail for.
    pub red: Vec<Difference>,
    /// What is new or may legally differ: to be looked at, and taken over.
    pub offered: Vec<Difference>,
    /// Known lines that this run did not ask for, or could not.
    pub not_run: Vec<String>,
    /// What the file would hold if it took everything over.
    pub merged: Snapshot,
}

/// Compares a run with what is known, which is `exact` if it is filed under the allocator's own version.
///
/// Every differing line is red where version and header agree. Elsewhere, and for cells that nobody has run before, a
/// difference is offered, and only a broken promise is red.
pub fn compare(known: Option<&Snapshot>, exact: bool, current: &Snapshot) -> Comparison {
    let nothing = BTreeMap::new();
    let lines = known.map_or(&nothing, |known| &known.lines);
    let strict = exact && known.is_some_and(|known| known.header == current.header);
    let mut comparison = Comparison { merged: current.clone(), ..Comparison::default() };
    for (key, words) in &current.lines {
        let before = lines.get(key);
        if before == Some(words) || is_unobservable(words) && before.is_none_or(|before| is_answer(before)) {
            continue;
        }
        let difference = Difference { key: key.clone(), known: before.cloned(), current: words.clone() };
        let changed = before.is_some_and(|before| is_answer(before));
        if is_broken(words) && !before.is_some_and(|before| is_broken(before)) || strict && changed {
            comparison.red.push(difference);
        } else {
            comparison.offered.push(difference);
        }
    }
    for (key, words) in lines {
        if current.lines.get(key).is_none_or(|now| is_unobservable(now) && is_answer(words)) {
            comparison.not_run.push(key.clone());
            // A file of another version says nothing about this one.
            if exact {
                comparison.merged.lines.insert(key.clone(), words.clone());
            }
        }
    }
    comparison
}

fn is_unobservable(words: &str) -> bool {
    words == Verdict::Unobservable.word()
}

/// Was anything asked, so that there is something to lose?
fn is_answer(words: &str) -> bool {
    !is_unobservable(words) && words != Verdict::Unbuilt.word()
}

fn is_broken(words: &str) -> bool {
    words.split(' ').next() == Some(Verdict::Violates.word())
}
