//! Works here, breaks there: the pairs that are silent in one configuration on record and not in another.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail, ensure};

use crate::catalog::did_you_mean;
use crate::model::Report;
use crate::snapshot::{self, Snapshot};
use crate::sources;

/// What a pair did in one configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// Who allocates, who frees: `PyMem_Malloc`, `free`; `glibc`, `jemalloc`.
    pub pair: (String, String),
    /// `size` = `24`, `python` = `3.13`, and so on.
    pub configuration: BTreeMap<&'static str, String>,
    pub outcome: String,
}

/// Everything on record, and what this run adds.
pub fn on_record(run: Option<&Report>) -> Vec<Seen> {
    let carried = sources::files().iter().filter_map(|(path, text)| {
        let (platform, file) = path.strip_prefix("snapshots/")?.split_once('/')?;
        Some((platform.to_owned(), file.strip_suffix(".snap")?.to_owned(), Snapshot::parse(text).ok()?))
    });
    let now = run.into_iter().flat_map(|report| {
        let platform = report.platform.name.clone();
        snapshot::from_report(report).into_iter().map(move |(stem, snapshot)| (platform.clone(), stem, snapshot))
    });
    let mut seen: Vec<Seen> =
        carried.chain(now).flat_map(|(platform, stem, file)| read(&platform, &stem, &file)).collect();
    seen.sort();
    seen.dedup();
    seen
}

fn read(platform: &str, stem: &str, file: &Snapshot) -> Vec<Seen> {
    let outcome = |words: &str| words.split(' ').find_map(|word| word.strip_prefix("outcome=")).map(str::to_owned);
    let lines = file.lines.iter().filter_map(|(key, words)| {
        let (pair, mut configuration) = pair_of(key, stem)?;
        configuration.insert("platform", platform.to_owned());
        Some(Seen { pair, configuration, outcome: outcome(words)? })
    });
    lines.collect()
}

type Configuration = BTreeMap<&'static str, String>;

/// `mixing/allocators dlopen 24 glibc-2.36 -> jemalloc-5.3.0` in the matrix of allocators, and
/// `python/mixing/domains native malloc->PyMem_Free size=24 env=debug` in an interpreter's file.
fn pair_of(key: &str, stem: &str) -> Option<((String, String), Configuration)> {
    let mut words = key.split(' ');
    let rule = words.next()?;
    if !rule.split('/').any(|part| part == "mixing") {
        return None;
    }
    let words: Vec<&str> = words.skip(1).collect();
    if let [size, from, "->", to] = words[..] {
        let (from, from_version) = named(from);
        let (to, to_version) = named(to);
        let versions = [("size", size), ("version of the first", from_version), ("version of the second", to_version)];
        return Some(((from.into(), to.into()), versions.map(|(name, value)| (name, value.to_owned())).into()));
    }
    let (from, to) = words.iter().find_map(|word| word.split_once("->"))?;
    let setting = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let runtime = if stem.starts_with("numpy") { "numpy" } else { "python" };
    let version = stem.split_once('-').map_or(stem, |(_, version)| version);
    let configuration = [
        (runtime, version),
        ("size", setting("size").unwrap_or("any")),
        ("PYTHONMALLOC", setting("env").unwrap_or("default")),
    ];
    Some(((from.to_owned(), to.to_owned()), configuration.map(|(name, value)| (name, value.to_owned())).into()))
}

/// `jemalloc-5.3.1@embedded` is `jemalloc` of version `5.3.1@embedded`.
fn named(stem: &str) -> (&str, &str) {
    stem.split_once('-').unwrap_or((stem, ""))
}

/// The pairs that are silent somewhere on record and something else elsewhere.
pub fn seams(seen: &[Seen]) -> Vec<&(String, String)> {
    let mut outcomes: BTreeMap<&(String, String), BTreeSet<&str>> = BTreeMap::new();
    for one in seen.iter().filter(|one| one.pair.0 != one.pair.1) {
        outcomes.entry(&one.pair).or_default().insert(&one.outcome);
    }
    outcomes.retain(|_, outcomes| outcomes.contains("silent") && outcomes.len() > 1);
    outcomes.into_keys().collect()
}

/// The function that gives a family's name to those that release its blocks.
fn family(name: &str) -> &str {
    match name {
        "free" => "malloc",
        "delete" | "operator delete" => "new",
        "PyMem_RawFree" => "PyMem_RawMalloc",
        "PyMem_Free" => "PyMem_Malloc",
        "PyObject_Free" => "PyObject_Malloc",
        "PyObject_GC_Del" => "PyObject_GC_New",
        "PyDataMem_FREE" => "PyDataMem_NEW",
        "PyArray_free" => "PyArray_malloc",
        "g_free" => "g_malloc",
        other => other,
    }
}

/// What a pair does, and where; an error names what is near.
pub fn explain_pair(seen: &[Seen], from: &str, to: &str) -> Result<String> {
    let (from, to) = (family(from), family(to));
    let known = |name: &str, names: BTreeSet<&str>| match names.contains(name) {
        true => Ok(()),
        false => bail!("{name:?} is in no pair on record{}", did_you_mean(name, names.iter().copied())),
    };
    known(from, seen.iter().map(|one| one.pair.0.as_str()).collect())?;
    known(to, seen.iter().map(|one| one.pair.1.as_str()).collect())?;
    let told = told_pair(seen, from, to);
    ensure!(!told.is_empty(), "{from} -> {to} is not on record: no configuration has both");
    Ok(told)
}

fn told_pair(seen: &[Seen], from: &str, to: &str) -> String {
    let of_pair: Vec<&Seen> = seen.iter().filter(|one| one.pair.0 == from && one.pair.1 == to).collect();
    if of_pair.is_empty() {
        return String::new();
    }
    let mut text = format!("{from} -> {to}\n");
    let outcomes: BTreeSet<&str> = of_pair.iter().map(|one| one.outcome.as_str()).collect();
    for outcome in outcomes {
        let those = of_pair.iter().filter(|one| one.outcome == outcome).map(|one| &one.configuration);
        for (n, place) in condensed(those, of_pair.iter().map(|one| &one.configuration)).iter().enumerate() {
            text += &format!("  {:<14} {place}\n", if n == 0 { outcome } else { "" });
        }
    }
    text
}

/// Each dimension of a configuration with the values it may have.
type Region = BTreeMap<&'static str, BTreeSet<String>>;

/// Configurations joined into boxes: values that share all the rest stand together, and a dimension whose every value is
/// in goes unsaid.
fn condensed<'a>(
    some: impl Iterator<Item = &'a Configuration>,
    all: impl Iterator<Item = &'a Configuration>,
) -> Vec<String> {
    let mut every = Region::new();
    for (name, value) in all.flatten() {
        every.entry(name).or_default().insert(value.clone());
    }
    let single =
        |one: &Configuration| one.iter().map(|(name, value)| (*name, BTreeSet::from([value.clone()]))).collect();
    let mut boxes: Vec<Region> = some.map(single).collect();
    for dimension in every.keys() {
        let mut joined: BTreeMap<Region, BTreeSet<String>> = BTreeMap::new();
        for mut one in boxes {
            let values = one.remove(dimension).unwrap_or_default();
            joined.entry(one).or_default().extend(values);
        }
        let whole = |(mut one, values): (Region, BTreeSet<String>)| {
            one.insert(*dimension, values);
            one
        };
        boxes = joined.into_iter().map(whole).collect();
    }
    boxes.iter().map(|one| told(one, &every)).collect()
}

fn told(one: &Region, every: &Region) -> String {
    let parts =
        one.iter().filter(|(name, values)| every.get(*name) != Some(*values) && values.iter().any(|v| !v.is_empty()));
    let part = |(name, values): (&&str, &BTreeSet<String>)| {
        let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
        values.sort_by_key(|value| value.split('.').map(|part| part.parse().unwrap_or(u64::MAX)).collect::<Vec<_>>());
        format!("{name} {}", values.join(", "))
    };
    let parts: Vec<String> = parts.map(part).collect();
    if parts.is_empty() { "everywhere on record".into() } else { parts.join("; ") }
}

/// Every seam, each with where it is silent and where it is not.
pub fn explain(seen: &[Seen]) -> String {
    let seams = seams(seen);
    let pairs: BTreeSet<&(String, String)> = seen.iter().map(|one| &one.pair).collect();
    let mut text = format!(
        "{} of {} pairs on record are silent in one configuration and not in another: what works there breaks here.\n",
        seams.len(),
        pairs.len()
    );
    for (from, to) in seams {
        text += "\n";
        text += &told_pair(seen, from, to);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(lines: &[(&str, &str)]) -> Snapshot {
        let lines = lines.iter().map(|(key, words)| (key.to_string(), format!("outcome={words}"))).collect();
        Snapshot { header: BTreeMap::new(), lines }
    }

    fn record() -> Vec<Seen> {
        let python = file(&[
            ("python/mixing/domains native PyMem_Malloc->free size=24", "caught"),
            ("python/mixing/domains native PyMem_Malloc->free size=513", "silent"),
            ("python/mixing/domains native PyMem_Malloc->free size=24 env=malloc", "silent"),
            ("python/mixing/domains native PyMem_Malloc->free size=513 env=malloc", "silent"),
            ("python/mixing/domains native malloc->PyMem_Free size=24", "silent"),
            ("python/release/uniform native 10000", "silent"),
        ]);
        let matrix = file(&[("mixing/allocators dlopen 24 glibc-2.36 -> jemalloc-5.3.1@embedded", "crashed")]);
        let mut seen = read("x86_64-linux-gnu", "cpython-3.13", &python);
        seen.extend(read("x86_64-linux-gnu", "mixing", &matrix));
        seen
    }

    #[test]
    fn a_seam_is_silent_here_and_not_there() {
        let seen = record();
        assert_eq!(seams(&seen), [&("PyMem_Malloc".to_owned(), "free".to_owned())]);
    }

    #[test]
    fn configurations_are_told_by_what_decides() {
        let told = told_pair(&record(), "PyMem_Malloc", "free");
        insta::assert_snapshot!(told, @r"
        PyMem_Malloc -> free
          caught         PYTHONMALLOC default; size 24
          silent         size 513
                         PYTHONMALLOC malloc; size 24
        ");
    }

    #[test]
    fn allocators_are_named_without_their_versions() {
        let told = told_pair(&record(), "glibc", "jemalloc");
        assert_eq!(told, "glibc -> jemalloc\n  crashed        everywhere on record\n");
    }
}
