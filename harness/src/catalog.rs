//! Reads `cases/`: the rules and the allocator files. Strict, so that a misspelt key is an error with file and line and
//! never a rule that is silently something else.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::model::{Area, Deviation, Fault, Language, Limits, Load, Norm, Rule, Variation};
use crate::sources;

/// The rules and allocator files of `cases/`.
#[derive(Debug)]
pub struct Catalog {
    /// Sorted by id.
    pub rules: Vec<Rule>,
    /// Sorted by name.
    pub allocators: Vec<AllocatorFile>,
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
    pub version: Option<VersionSource>,
    /// Set for its probes.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    #[serde(default, rename = "deviation")]
    pub deviations: Vec<Deviation>,
    #[serde(default, rename = "varies")]
    pub variations: Vec<Variation>,
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
    source: Vec<String>,
    fault: FaultKey,
    #[serde(default)]
    needs: Vec<String>,
    load: Option<Load>,
    aslr: Option<Aslr>,
    #[serde(default)]
    limits: LimitKeys,
    #[serde(default)]
    variants: Vec<String>,
    #[serde(default)]
    exact: Vec<String>,
    #[serde(default)]
    platforms: Vec<String>,
    repeat: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FaultKey {
    Named(String),
    None { none: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Aslr {
    Off,
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
    let mut catalog = Catalog { rules: Vec::new(), allocators: Vec::new() };
    for (path, text) in files {
        let Some(inside) = path.strip_prefix("cases/") else { continue };
        if let Some(name) = inside.strip_prefix("allocators/").and_then(|file| file.strip_suffix(".toml")) {
            catalog.allocators.push(read_allocator(path, name, text)?);
        } else if let Some((id, language)) = rule_id(inside).filter(|_| !inside.starts_with("tests/")) {
            catalog.rules.push(read_rule(path, id, language, text)?);
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
    for deviation in &file.deviations {
        if let Some(versions) = &deviation.versions {
            semver::VersionReq::parse(versions).with_context(|| format!("{path}: versions = {versions:?}"))?;
        }
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
    ensure!(!keys.source.is_empty(), "{path}: source is empty; name the standard, manual page or issue");
    let limits = Limits::default();
    Ok(Rule {
        id: id.to_owned(),
        area: *area.ok_or_else(|| anyhow!("{path}: no such area; the folders under cases/ are the areas"))?,
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
        aslr_off: keys.aslr.is_some(),
        limits: Limits {
            memory_mib: keys.limits.memory_mib.unwrap_or(limits.memory_mib),
            address_mib: keys.limits.address_mib,
            hang_s: keys.limits.hang_s.unwrap_or(limits.hang_s),
        },
        variants: variants(keys.variants),
        exact: keys.exact,
        platforms: keys.platforms,
        repeat: keys.repeat.unwrap_or(1),
        text: text.to_owned(),
    })
}

/// No list is one cell without a variant, and so is an empty word in it.
fn variants(words: Vec<String>) -> Vec<Option<String>> {
    if words.is_empty() {
        return vec![None];
    }
    words.into_iter().map(|word| (!word.is_empty()).then_some(word)).collect()
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
