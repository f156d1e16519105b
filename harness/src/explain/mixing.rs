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

/// `mixing/allocators dlopen 24 glibc-2.36 -> jemalloc-5.3.0` in the matrix of allocators, with `calloc->free size=24` in
/// that of their functions; `mixing/cxx/pairs preload array new->delete 24` in an allocator's file;
/// `python/mixing/domains native malloc->PyMem_Free size=24 env=debug` in an interpreter's.
fn pair_of(key: &str, stem: &str) -> Option<((String, String), Configuration)> {
    let words: Vec<&str> = key.split(' ').collect();
    let (rule, words) = (words.first()?, words.get(2..)?);
    let (pair, configuration) = match words {
        _ if !rule.split('/').any(|part| part == "mixing") => return None,
        [variant @ .., from, "->", to] => of_allocators(variant, from, to)?,
        _ if rule.starts_with("python/") => of_interpreter(words, stem)?,
        _ if *rule == "mixing/cxx/pairs" => of_operators(words, stem)?,
        _ => return None,
    };
    let owned = configuration.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    Some((pair, owned))
}

/// Who allocates and who frees, and where.
type Told<'a> = ((String, String), Vec<(&'static str, &'a str)>);

fn of_allocators<'a>(variant: &[&'a str], from: &'a str, to: &'a str) -> Option<Told<'a>> {
    let ((taken, given), size) = match variant {
        [size] if size.parse::<u64>().is_ok() => (("malloc", "free"), *size),
        [functions, size] => (functions.split_once("->")?, size.strip_prefix("size=")?),
        _ => return None,
    };
    let ((from, from_version), (to, to_version)) = (named(from), named(to));
    let configuration = vec![
        ("taken with", taken),
        ("given to", given),
        ("size", size),
        ("version of the first", from_version),
        ("version of the second", to_version),
    ];
    Some(((from.to_owned(), to.to_owned()), configuration))
}

fn of_interpreter<'a>(words: &[&'a str], stem: &'a str) -> Option<Told<'a>> {
    let (from, to) = words.iter().find_map(|word| word.split_once("->"))?;
    let setting = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let runtime = if stem.starts_with("numpy") { "numpy" } else { "python" };
    let configuration = vec![
        (runtime, stem.split_once('-').map_or(stem, |(_, version)| version)),
        ("size", setting("size").unwrap_or("any")),
        ("PYTHONMALLOC", setting("env").unwrap_or("default")),
    ];
    Some(((from.to_owned(), to.to_owned()), configuration))
}

/// An operator's name may have two words.
fn of_operators<'a>(words: &[&'a str], stem: &'a str) -> Option<Told<'a>> {
    let (size, names) = words.split_last()?;
    let names = names.join(" ");
    let (from, to) = names.split_once("->")?;
    Some(((from.to_owned(), family(to).to_owned()), vec![("allocator", stem), ("size", *size)]))
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

/// A family's name, and the function that releases its blocks.
const FAMILIES: [(&str, &str); 11] = [
    ("malloc", "free"),
    ("new", "delete"),
    ("array new", "array delete"),
    ("aligned new", "aligned delete"),
    ("PyMem_RawMalloc", "PyMem_RawFree"),
    ("PyMem_Malloc", "PyMem_Free"),
    ("PyObject_Malloc", "PyObject_Free"),
    ("PyObject_GC_New", "PyObject_GC_Del"),
    ("PyDataMem_NEW", "PyDataMem_FREE"),
    ("PyArray_malloc", "PyArray_free"),
    ("g_malloc", "g_free"),
];

/// By either name.
fn family(name: &str) -> &str {
    let name = name.strip_prefix("operator ").unwrap_or(name);
    FAMILIES.iter().find(|(_, release)| *release == name).map_or(name, |(family, _)| family)
}

fn release(family: &str) -> &str {
    FAMILIES.iter().find(|(name, _)| *name == family).map_or(family, |(_, release)| release)
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
    let mut text = format!("{from} -> {}\n", release(to));
    let outcomes: BTreeSet<&str> = of_pair.iter().map(|one| one.outcome.as_str()).collect();
    for outcome in outcomes {
        let (those, others): (Vec<&Seen>, Vec<&Seen>) = of_pair.iter().partition(|one| one.outcome == outcome);
        for (n, place) in condensed(&those, &others).iter().enumerate() {
            text += &format!("  {:<14} {place}\n", if n == 0 { outcome } else { "" });
        }
    }
    text
}

/// Each dimension of a configuration with the values it may have.
type Region = BTreeMap<&'static str, BTreeSet<String>>;

fn holds(region: &Region, one: &Seen) -> bool {
    one.configuration.len() == region.len()
        && one.configuration.iter().all(|(name, value)| region.get(name).is_some_and(|values| values.contains(value)))
}

/// Where `those` are, a line for each box.
fn condensed(those: &[&Seen], others: &[&Seen]) -> Vec<String> {
    let mut every = Region::new();
    for (name, value) in those.iter().chain(others).flat_map(|one| &one.configuration) {
        every.entry(name).or_default().insert(value.clone());
    }
    let shared = |name: &str| those.iter().chain(others).all(|one| one.configuration.contains_key(name));
    boxes(those, others, &every).iter().map(|one| told(one, &every, shared)).collect()
}

/// Boxes that hold all of `those` and none of the others, each as large as it goes. What is not on record may be in one.
fn boxes(those: &[&Seen], others: &[&Seen], every: &Region) -> Vec<Region> {
    let mut boxes: Vec<Region> = Vec::new();
    for one in those {
        if !boxes.iter().any(|region| holds(region, one)) {
            boxes.push(widened(one, those, others, every));
        }
    }
    for place in (0..boxes.len()).rev() {
        let elsewhere = |one: &&&Seen| boxes.iter().enumerate().any(|(n, region)| n != place && holds(region, one));
        if those.iter().filter(|one| holds(&boxes[place], one)).all(|one| elsewhere(&one)) {
            boxes.remove(place);
        }
    }
    boxes
}

/// The box around one: whole dimensions first, then values that bring more of `those` in.
fn widened(one: &Seen, those: &[&Seen], others: &[&Seen], every: &Region) -> Region {
    let mut region: Region =
        one.configuration.iter().map(|(name, value)| (*name, BTreeSet::from([value.clone()]))).collect();
    let right = |region: &Region| !others.iter().any(|other| holds(region, other));
    for name in one.configuration.keys() {
        let wider: Region = region.clone().into_iter().chain([(*name, every[name].clone())]).collect();
        if right(&wider) {
            region = wider;
        }
    }
    for (name, value) in one.configuration.keys().flat_map(|name| every[name].iter().map(move |value| (name, value))) {
        let mut added = region.clone();
        added.insert(name, BTreeSet::from([value.clone()]));
        if right(&added) && those.iter().any(|one| holds(&added, one)) {
            region.entry(name).or_default().insert(value.clone());
        }
    }
    region
}

/// A dimension whose every value is in goes unsaid if all configurations have it.
fn told(one: &Region, every: &Region, shared: impl Fn(&str) -> bool) -> String {
    let parts = one.iter().filter_map(|(name, values)| {
        let mut values: Vec<&str> = values.iter().map(String::as_str).filter(|value| !value.is_empty()).collect();
        values.sort_by_key(|value| value.split('.').map(|part| part.parse().unwrap_or(u64::MAX)).collect::<Vec<_>>());
        match every.get(name).is_some_and(|all| all.len() == one[name].len()) {
            true if shared(name) => None,
            true => Some(format!("any {name}")),
            false if values.is_empty() => None,
            false => Some(format!("{name} {}", values.join(", "))),
        }
    });
    let parts: Vec<String> = parts.collect();
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
    use rstest::rstest;

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
          silent         PYTHONMALLOC malloc
                         size 513
        ");
    }

    /// Two dimensions, each letter an outcome; a dot is not on record.
    #[rstest]
    #[case(&["aab", "aab", "bba"])]
    #[case(&["ab.", ".ab", "b.a"])]
    #[case(&["abababab", "babababa", "aaaabbbb", "abbaabba"])]
    #[case(&["aaa", "aaa"])]
    fn boxes_hold_all_of_an_outcome_and_nothing_else(#[case] rows: &[&str]) {
        let cells = rows.iter().enumerate().flat_map(|(y, row)| row.chars().enumerate().map(move |(x, c)| (x, y, c)));
        let seen: Vec<Seen> = cells
            .filter(|(_, _, outcome)| *outcome != '.')
            .map(|(x, y, outcome)| Seen {
                pair: ("from".into(), "to".into()),
                configuration: BTreeMap::from([("x", x.to_string()), ("y", y.to_string())]),
                outcome: outcome.into(),
            })
            .collect();
        let values = |name| seen.iter().map(|one| one.configuration[name].clone()).collect();
        let every = Region::from(["x", "y"].map(|name| (name, values(name))));
        for outcome in ["a", "b"] {
            let (those, others): (Vec<&Seen>, Vec<&Seen>) = seen.iter().partition(|one| one.outcome == outcome);
            let boxes = boxes(&those, &others, &every);
            assert!(those.iter().all(|one| boxes.iter().any(|region| holds(region, one))), "{boxes:?}");
            assert!(!others.iter().any(|one| boxes.iter().any(|region| holds(region, one))), "{boxes:?}");
        }
    }

    #[rstest]
    #[case("operator delete", "new")]
    #[case("array delete", "array new")]
    #[case("g_free", "g_malloc")]
    #[case("jemalloc", "jemalloc")]
    fn a_family_is_named_by_what_releases_it_too(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(family(name), expected);
    }

    #[rstest]
    #[case("mixing/allocators dlopen 24 glibc-2.36 -> jemalloc-5.3.0", Some("malloc->free 24"))]
    #[case(
        "mixing/functions dlopen calloc->realloc size=1033 glibc-2.36 -> jemalloc-5.3.0",
        Some("calloc->realloc 1033")
    )]
    #[case("mixing/crt/strdup dlopen msvcrt-7.0 -> ucrtbase-10.0", None)]
    fn a_pair_of_allocators_is_told_by_functions_and_size(#[case] key: &str, #[case] expected: Option<&str>) {
        let told = pair_of(key, "mixing").map(|(_, configuration)| configuration);
        let told = told.as_ref().map(|told| format!("{}->{} {}", told["taken with"], told["given to"], told["size"]));
        assert_eq!(told.as_deref(), expected);
    }

    #[test]
    fn allocators_are_named_without_their_versions() {
        let told = told_pair(&record(), "glibc", "jemalloc");
        assert_eq!(told, "glibc -> jemalloc\n  crashed        everywhere on record\n");
    }
}
