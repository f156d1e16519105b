//! Reads `cases/`: the rules, the allocator files and the targets. Strict, so that a misspelt key is an error with file and line and
//! never a rule that is silently something else.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use crate::look;
use crate::model::{Area, Deviation, Fault, Knob, Language, Limits, Load, Norm, Process, Rule, Variation};
use crate::sources;
use crate::target::TargetFile;

/// The rules, allocator files and targets of `cases/`.
#[derive(Debug)]
pub struct Catalog {
    /// Sorted by id.
    pub rules: Vec<Rule>,
    /// Sorted by name.
    pub allocators: Vec<AllocatorFile>,
    /// Sorted by name.
    pub targets: Vec<TargetFile>,
}

/// `cases/allocators/<name>.toml`: how to find, load and steer an allocator, and what is known of it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct AllocatorFile {
    /// The file's stem.
    #[serde(skip)]
    pub name: String,
    pub title: String,
    pub home: String,
    /// Operating systems it exists on; empty is all.
    #[serde(default)]
    pub platforms: Vec<String>,
    /// It is the platform's own C runtime of this name.
    #[serde(default)]
    pub native: bool,
    /// File names to look for in the dynamic linker's folders, or whole paths; both may hold `*`. The first found counts.
    #[serde(default)]
    pub libraries: Vec<String>,
    /// On Windows, instead: commands of C compilers, of which the first that works for the platform makes a DLL of
    /// `c-shims/crt`, with the C runtime that it links.
    #[serde(default)]
    pub built_by: Vec<String>,
    pub version: Option<VersionSource>,
    /// The largest blocks that it treats one way, bytes, where the next byte makes it do another.
    #[serde(default)]
    pub boundaries: Vec<u64>,
    /// What it is asked about; empty is everything. The promises of malloc are not those of every allocator.
    #[serde(default)]
    pub areas: Vec<Area>,
    /// Set for its probes.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    #[serde(default, rename = "deviation")]
    pub deviations: Vec<Deviation>,
    #[serde(default, rename = "varies")]
    pub variations: Vec<Variation>,
    #[serde(default, rename = "knob")]
    pub knobs: Vec<Knob>,
}

/// Where a library's version stands.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum VersionSource {
    /// What this function of the library says; one of those that `look` knows.
    Call(String),
    /// The text that follows these words, in the library or in the one of that name beside it.
    Text { after: String, library: Option<String> },
    /// The text that follows these words in the library's path.
    Path { after: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    title: String,
    norm: Norm,
    #[serde(deserialize_with = "at_least_one")]
    source: Vec<String>,
    fault: FaultKey,
    #[serde(default)]
    needs: Vec<String>,
    load: Option<Load>,
    process: Option<Process>,
    core: Option<bool>,
    aslr: Option<Aslr>,
    #[serde(default)]
    limits: LimitKeys,
    #[serde(default)]
    variants: VariantKeys,
    #[serde(default)]
    boundaries: bool,
    #[serde(default)]
    exact: Vec<String>,
    #[serde(default)]
    platforms: Vec<String>,
    repeat: Option<u32>,
    #[serde(default)]
    waits: bool,
}

fn at_least_one<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    let words = Vec::deserialize(source)?;
    if words.is_empty() {
        Err(D::Error::custom("no source; name the standard, manual page or issue"))
    } else {
        Ok(words)
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected the name of a fault, or { none = \"why\" }")]
enum FaultKey {
    Named(String),
    None { none: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Aslr {
    Off,
}

/// `["24", "4096"]`; `"knobs"`, a cell for each knob of the allocator; or the product of
/// `{ pairs = ["malloc", "new"], size = ["24"] }`: `malloc->new size=24` and so on.
#[derive(Deserialize)]
#[serde(untagged)]
enum VariantKeys {
    Knobs(KnobsKey),
    List(Vec<String>),
    Product(toml::Table),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KnobsKey {
    Knobs,
}

impl Default for VariantKeys {
    fn default() -> Self {
        VariantKeys::List(Vec::new())
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitKeys {
    memory_mib: Option<u64>,
    address_mib: Option<u64>,
    hang_s: Option<u64>,
}

/// The catalogue that this binary carries.
pub fn embedded() -> Result<Catalog> {
    read(sources::files())
}

/// Reads a catalogue from files: path from the project's root, and text.
pub fn read(files: &[(&str, &str)]) -> Result<Catalog> {
    let mut catalog = Catalog { rules: Vec::new(), allocators: Vec::new(), targets: Vec::new() };
    for (path, text) in files {
        let Some(inside) = path.strip_prefix("cases/") else { continue };
        if let Some(name) = inside.strip_prefix("allocators/").and_then(|file| file.strip_suffix(".toml")) {
            catalog.allocators.push(read_allocator(path, name, text)?);
        } else if let Some(name) = inside.strip_prefix("targets/").and_then(|file| file.strip_suffix(".toml")) {
            catalog.targets.push(TargetFile { name: name.to_owned(), ..parse(path, text, 0)? });
        } else if let Some((id, language)) = rule_id(inside).filter(|_| !inside.starts_with("tests/")) {
            catalog.rules.push(read_rule(path, id, language, text)?);
        }
    }
    for file in &catalog.allocators {
        let path = format!("cases/allocators/{}.toml", file.name);
        let text = files.iter().find(|(other, _)| *other == path).map_or("", |(_, text)| text);
        let mut named =
            file.deviations.iter().map(|known| &known.rule).chain(file.variations.iter().map(|known| &known.rule));
        if let Some(pattern) = named.find(|pattern| !catalog.has(pattern)) {
            let hint = did_you_mean(pattern, catalog.rules.iter().map(|rule| rule.id.as_str()));
            bail!("{path}:{}: no rule {pattern:?}{hint}", line_of(text, pattern));
        }
    }
    Ok(catalog)
}

fn rule_id(path: &str) -> Option<(&str, Language)> {
    let (id, extension) = path.rsplit_once('.')?;
    Language::ALL.iter().find(|language| language.extension() == extension).map(|language| (id, *language))
}

fn read_allocator(path: &str, name: &str, text: &str) -> Result<AllocatorFile> {
    let mut file: AllocatorFile = parse(path, text, 0)?;
    file.name = name.to_owned();
    let at = |word: &str| format!("{path}:{}", line_of(text, word));
    for versions in file.deviations.iter().filter_map(|known| known.versions.as_deref()) {
        semver::VersionReq::parse(versions).with_context(|| format!("{}: versions = {versions:?}", at(versions)))?;
    }
    if let (Some(_), Some(command)) = (file.libraries.first(), file.built_by.first()) {
        bail!("{}: libraries are looked for, and built_by builds one; give one of the two", at(command));
    }
    if let Some(VersionSource::Call(call)) = &file.version {
        ensure!(
            look::CALLS.contains(&call.as_str()),
            "{}: no version call {call:?}; there are {:?}",
            at(call),
            look::CALLS
        );
    }
    Ok(file)
}

fn read_rule(path: &str, id: &str, language: Language, text: &str) -> Result<Rule> {
    let (open, close) = match language {
        Language::C | Language::Cxx => ("/*---\n", "\n---*/"),
        Language::Python => ("\"\"\"---\n", "\n---\"\"\""),
    };
    let front = text.strip_prefix(open).and_then(|rest| rest.split_once(close)).map(|(front, _)| front);
    let front =
        front.ok_or_else(|| anyhow!("{path}:1: no front matter; the file starts with {:?}", open.trim_end()))?;
    let keys: FrontMatter = parse(path, front, 1)?;
    let area = id.split('/').next().unwrap_or_default();
    let area = Area::ALL.iter().find(|known| known.word() == area);
    let limits = Limits::default();
    Ok(Rule {
        id: id.to_owned(),
        area: *area.ok_or_else(|| {
            anyhow!(
                "{path}:1: no such area; the folders under cases/ are {:?}",
                Area::ALL.iter().map(|area| area.word()).collect::<Vec<_>>()
            )
        })?,
        language,
        title: keys.title,
        norm: keys.norm,
        source: keys.source,
        fault: match keys.fault {
            FaultKey::Named(name) => Fault::Named(name),
            FaultKey::None { none } => Fault::None(none),
        },
        needs: keys.needs,
        load: keys.load,
        process: keys.process.unwrap_or(Process::Spawn),
        core: keys.core.unwrap_or(true),
        aslr_off: keys.aslr.is_some(),
        limits: Limits {
            memory_mib: keys.limits.memory_mib.unwrap_or(limits.memory_mib),
            address_mib: keys.limits.address_mib,
            hang_s: keys.limits.hang_s.unwrap_or(limits.hang_s),
        },
        knobs: matches!(keys.variants, VariantKeys::Knobs(_)),
        variants: variants(keys.variants).with_context(|| format!("{path}: variants"))?,
        boundaries: keys.boundaries,
        exact: keys.exact,
        platforms: keys.platforms,
        repeat: keys.repeat.unwrap_or(1),
        waits: keys.waits,
        text: text.to_owned(),
    })
}

/// No list is one cell without a variant, and so is an empty word in it.
fn variants(keys: VariantKeys) -> Result<Vec<Option<String>>> {
    let words = match keys {
        VariantKeys::Knobs(_) => vec![String::new()],
        VariantKeys::List(words) if words.is_empty() => vec![String::new()],
        VariantKeys::List(words) => words,
        VariantKeys::Product(table) => product(&table)?,
    };
    Ok(words.into_iter().map(|word| (!word.is_empty()).then_some(word)).collect())
}

/// Every combination of the lists' words, as `key=word`; an empty word leaves its key out. `pairs` is each of its words
/// to each, `from->to`, or each of `from` to each of `to`.
fn product(table: &toml::Table) -> Result<Vec<String>> {
    let mut combinations = vec![String::new()];
    for (key, value) in table {
        let parts = match key.as_str() {
            "pairs" => pairs(value)?,
            _ => words(key, value)?
                .iter()
                .map(|word| if word.is_empty() { String::new() } else { format!("{key}={word}") })
                .collect(),
        };
        let join = |left: &String, right: &String| format!("{left} {right}").trim().to_owned();
        combinations = combinations.iter().flat_map(|left| parts.iter().map(move |right| join(left, right))).collect();
    }
    Ok(combinations)
}

fn words(key: &str, value: &toml::Value) -> Result<Vec<String>> {
    value.clone().try_into().with_context(|| format!("{key} is no list of words"))
}

fn pairs(value: &toml::Value) -> Result<Vec<String>> {
    let side = |name: &str| words("pairs", value.get(name).unwrap_or(value));
    let (from, to) = (side("from")?, side("to")?);
    Ok(from.iter().flat_map(|from| to.iter().map(move |to| format!("{from}->{to}"))).collect())
}

/// The line on which a text of the file stands.
fn line_of(file: &str, text: &str) -> usize {
    let quoted = format!("{text:?}");
    file.lines().position(|line| line.contains(&quoted)).map_or(1, |index| index + 1)
}

/// TOML with the file's own line in the error.
fn parse<T: DeserializeOwned>(path: &str, text: &str, lines_above: usize) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text[..at].matches('\n').count() + 1 + lines_above;
        anyhow!("{path}:{line}: {}", error.message().replace('\n', " "))
    })
}

impl Catalog {
    /// Is there a rule that this glob over ids matches?
    fn has(&self, pattern: &str) -> bool {
        let pattern = glob::Pattern::new(pattern);
        pattern.is_ok_and(|pattern| self.rules.iter().any(|rule| pattern.matches(&rule.id)))
    }

    /// The rule of this id, or an error that names the nearest.
    pub fn rule(&self, id: &str) -> Result<&Rule> {
        match self.rules.iter().find(|rule| rule.id == id) {
            Some(rule) => Ok(rule),
            None => bail!("no rule {id:?}{}", did_you_mean(id, self.rules.iter().map(|rule| rule.id.as_str()))),
        }
    }
}

/// `; did you mean "x"?` for the nearest of the known words, if one is near.
pub fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known.map(|name| (strsim::jaro_winkler(word, name), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, name)) if likeness > 0.7 => format!("; did you mean {name:?}?"),
        _ => String::new(),
    }
}
