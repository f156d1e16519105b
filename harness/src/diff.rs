//! What changed between two reports. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use crate::model::{Finding, Load, Platform, Report};
use crate::snapshot;

/// Which cell: two reports speak of the same one if all of this agrees.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub rule: String,
    pub allocator: String,
    pub partner: Option<String>,
    pub variant: Option<String>,
    pub load: Load,
}

impl Key {
    pub fn of(finding: &Finding) -> Self {
        Key {
            rule: finding.rule.clone(),
            allocator: finding.allocator.clone(),
            partner: finding.partner.clone(),
            variant: finding.variant.clone(),
            load: finding.load,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.rule, self.allocator)?;
        if let Some(partner) = &self.partner {
            write!(f, " -> {partner}")?;
        }
        if let Some(variant) = &self.variant {
            write!(f, "  {variant}")?;
        }
        write!(f, "  ({})", self.load)
    }
}

/// One thing that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An allocator came (`old` is none), went (`new` is none) or has another version.
    Allocator { name: String, old: Option<String>, new: Option<String> },
    /// A cell says something else: verdict, ending, facts and exact measures, by name.
    Cell { key: Key, words: Vec<Word> },
    /// A cell that only the new report has.
    Added(Key),
    /// A cell that only the old report has.
    Removed(Key),
}

/// A part of a finding that changed; `None` is not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub name: String,
    pub old: Option<String>,
    pub new: Option<String>,
}

/// What changed: allocators first, then cells in the order of their keys. Two runs on one machine differ in nothing.
pub fn compare(old: &Report, new: &Report) -> Vec<Change> {
    let versions = |report: &Report| -> BTreeMap<String, String> {
        report.allocators.iter().map(|entry| (entry.name.clone(), entry.version.clone())).collect()
    };
    let cells = |report: &Report| -> BTreeMap<Key, BTreeMap<String, String>> {
        report.findings.iter().map(|finding| (Key::of(finding), said(finding))).collect()
    };
    let allocators = different(&versions(old), &versions(new)).into_iter().map(|(name, old, new)| Change::Allocator {
        name,
        old,
        new,
    });
    let cells = different(&cells(old), &cells(new)).into_iter().map(|(key, old, new)| match (old, new) {
        (Some(old), Some(new)) => Change::Cell { key, words: words(&old, &new) },
        (None, _) => Change::Added(key),
        (_, None) => Change::Removed(key),
    });
    allocators.chain(cells).collect()
}

fn said(finding: &Finding) -> BTreeMap<String, String> {
    let verdict = [("verdict".to_owned(), finding.verdict.to_string())];
    // An outcome says more than the signal that it came by.
    let ending = (!finding.facts.contains_key("outcome")).then(|| ("ending".to_owned(), snapshot::ending(finding)));
    verdict.into_iter().chain(ending).chain(snapshot::answers(finding)).collect()
}

fn words(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<Word> {
    different(old, new).into_iter().map(|(name, old, new)| Word { name, old, new }).collect()
}

/// The keys whose values are not the same on both sides.
fn different<K: Ord + Clone, V: PartialEq + Clone>(
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
) -> Vec<(K, Option<V>, Option<V>)> {
    let keys: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    let pairs = keys.into_iter().map(|key| (key, old.get(key), new.get(key)));
    pairs.filter(|(_, old, new)| old != new).map(|(key, old, new)| (key.clone(), old.cloned(), new.cloned())).collect()
}

/// The changes for people. The first line says so if the two machines are not alike.
pub fn render(old: &Report, new: &Report, changes: &[Change]) -> String {
    let mut text = String::new();
    let unlike = unlike(&old.platform, &new.platform);
    if !unlike.is_empty() {
        let _ = writeln!(text, "two platforms: {}\n", unlike.join(", "));
    }
    let mut only: BTreeMap<(char, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut tally = [0; 3];
    for change in changes {
        match change {
            Change::Allocator { name, old, new } => {
                let _ = match (old, new) {
                    (Some(old), Some(new)) => writeln!(text, "{name} {old} => {new}"),
                    (None, version) => writeln!(text, "+ {name} {}", version.as_deref().unwrap_or_default()),
                    (version, None) => writeln!(text, "- {name} {}", version.as_deref().unwrap_or_default()),
                };
            }
            Change::Cell { key, words } => {
                tally[0] += 1;
                let _ = writeln!(text, "{key}");
                for word in words {
                    let say = |word: &Option<String>| word.clone().unwrap_or_else(|| "nothing".into());
                    let _ = writeln!(text, "    {}: {} => {}", word.name, say(&word.old), say(&word.new));
                }
            }
            Change::Added(key) => {
                tally[1] += 1;
                only.entry(('+', &key.rule)).or_default().insert(&key.allocator);
            }
            Change::Removed(key) => {
                tally[2] += 1;
                only.entry(('-', &key.rule)).or_default().insert(&key.allocator);
            }
        }
    }
    for ((sign, rule), allocators) in only {
        let allocators: Vec<&str> = allocators.into_iter().collect();
        let _ = writeln!(text, "{sign} {rule}  {}", allocators.join(", "));
    }
    let [changed, added, removed] = tally;
    let _ = writeln!(text, "{changed} cells changed, {added} added, {removed} removed");
    text
}

fn unlike(old: &Platform, new: &Platform) -> Vec<String> {
    let parts = |platform: &Platform| {
        [
            ("", platform.name.clone()),
            ("", platform.libc.clone()),
            ("kernel ", platform.kernel.clone()),
            ("page size ", platform.page_size.to_string()),
            ("huge pages ", platform.huge_pages.clone()),
            ("cpus ", platform.cpus.to_string()),
            ("aslr ", platform.aslr.clone()),
            ("witnesses ", platform.witnesses.join(" ")),
        ]
    };
    let pairs = parts(old).into_iter().zip(parts(new)).filter(|(old, new)| old != new);
    pairs.map(|((name, old), (_, new))| format!("{name}{old} => {new}")).collect()
}
