//! Which cells a run has: rules × allocators × partners × variants.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, bail};

use crate::catalog::{Catalog, did_you_mean};
use crate::model::{Allocator, Area, Cell, Kind, Knob, Language, Load, Process, Rule};
use crate::target::Machine;

/// What the user asked to be run; empty lists are everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub areas: Vec<Area>,
    /// Globs over rule ids; `RULE@VARIANT` is one variant only.
    pub rules: Vec<String>,
    /// Ordered pairs of names that mixing rules are kept to.
    pub pairs: Vec<(String, String)>,
    /// Also the rules that are not core.
    pub full: bool,
}

impl Selection {
    fn takes(&self, rule: &Rule, variant: Option<&str>) -> bool {
        let area = self.areas.is_empty() || self.areas.contains(&rule.area);
        let named = self.rules.iter().any(|pattern| names(pattern, rule, variant));
        area && (named || self.rules.is_empty() && (rule.core || self.full))
    }

    /// Is there any rule of an interpreter in it?
    pub fn asks_python(&self, catalog: &Catalog) -> bool {
        let mut rules = catalog.rules.iter().filter(|rule| rule.area == Area::Python);
        rules.any(|rule| rule.variants.iter().any(|variant| self.takes(rule, variant.as_deref())))
    }

    /// A pattern that names no rule is a misspelt one.
    pub fn check(&self, catalog: &Catalog) -> Result<()> {
        for pattern in &self.rules {
            let named = |rule: &Rule| rule.variants.iter().any(|variant| names(pattern, rule, variant.as_deref()));
            let mut knobs = catalog.allocators.iter().flat_map(|file| &file.knobs);
            let mut named_by_knob =
                |rule: &Rule| rule.knobs && knobs.any(|knob| names(pattern, rule, Some(&knob.name)));
            if !catalog.rules.iter().any(|rule| named(rule) || named_by_knob(rule)) {
                let hint = did_you_mean(pattern, catalog.rules.iter().map(|rule| rule.id.as_str()));
                bail!("no rule {pattern:?}{hint} (see `allocheck list`)");
            }
        }
        Ok(())
    }

    fn takes_pair(&self, from: &Allocator, to: &Allocator) -> bool {
        let is = |allocator: &Allocator, name: &str| allocator.name == name || allocator.key() == name;
        self.pairs.is_empty() || self.pairs.iter().any(|(a, b)| is(from, a) && is(to, b))
    }
}

/// The key of a rule's cell as the command line takes it.
pub fn rule_key(rule: &str, variant: Option<&str>) -> String {
    match variant {
        Some(variant) => format!("{rule}@{variant}"),
        None => rule.to_owned(),
    }
}

fn names(pattern: &str, rule: &Rule, variant: Option<&str>) -> bool {
    let Ok(glob) = glob::Pattern::new(pattern) else { return pattern == rule.id };
    glob.matches(&rule.id) || glob.matches(&rule_key(&rule.id, variant))
}

/// Every cell, sorted by rule, allocator, partner, variant as they come.
pub fn cells(catalog: &Catalog, machine: &Machine, allocators: &[Arc<Allocator>], selection: &Selection) -> Vec<Cell> {
    let mut cells = Vec::new();
    for rule in catalog.rules.iter().filter(|rule| machine.is_among(&rule.platforms)) {
        let rule = Arc::new(rule.clone());
        for allocator in allocators.iter().filter(|allocator| is_asked(&rule, allocator)) {
            let mut variants = variants(&rule, allocator);
            variants.retain(|(_, variant)| selection.takes(&rule, variant.as_deref()));
            for partner in partners(&rule, allocator, allocators, selection) {
                for (allocator, variant) in &variants {
                    cells.push(Cell {
                        rule: Arc::clone(&rule),
                        allocator: Arc::clone(allocator),
                        partner: partner.clone(),
                        variant: variant.clone(),
                        load: rule.load.unwrap_or_else(|| allocator.load()),
                    });
                }
            }
        }
    }
    cells
}

/// The rule's variants, or the allocator with each of its knobs set in turn.
fn variants(rule: &Rule, allocator: &Arc<Allocator>) -> Vec<(Arc<Allocator>, Option<String>)> {
    if rule.knobs {
        let set = |knob: &Knob| (Arc::new(allocator.with(knob)), Some(knob.name.clone()));
        return allocator.knobs.iter().map(set).collect();
    }
    rule.variants.iter().map(|variant| (Arc::clone(allocator), variant.clone())).collect()
}

/// Python's rules are for interpreters, those that need a module for the interpreters that have it; the others are for
/// libraries.
fn is_asked(rule: &Rule, allocator: &Allocator) -> bool {
    if !allocator.areas.is_empty() && !allocator.areas.contains(&rule.area) {
        return false;
    }
    // The operators of C++ call what the program is linked to, whatever family the probe opens.
    if rule.language == Language::Cxx && allocator.load() == Load::Dlopen {
        return false;
    }
    match (&allocator.kind, rule.area) {
        (Kind::Python { module }, Area::Python) => rule.needs.first() == module.as_ref(),
        (Kind::Python { .. }, _) | (Kind::Library, Area::Python) => false,
        // What is there anyway is not loaded.
        (Kind::Library, _) => rule.load != Some(Load::Dlopen) || is_pairwise(rule) || allocator.load() != Load::Native,
    }
}

/// A mixing rule that loads its allocators itself is put to every pair, all others to the allocator alone.
fn is_pairwise(rule: &Rule) -> bool {
    rule.area == Area::Mixing && rule.load == Some(Load::Dlopen)
}

fn partners(
    rule: &Rule,
    from: &Allocator,
    allocators: &[Arc<Allocator>],
    selection: &Selection,
) -> Vec<Option<Arc<Allocator>>> {
    if !is_pairwise(rule) {
        return vec![None];
    }
    let partners = allocators.iter().filter(|to| to.kind == Kind::Library && selection.takes_pair(from, to));
    partners.map(|partner| Some(Arc::clone(partner))).collect()
}

/// The cells that one process can serve, by their places: each alone, but for those of a rule that forks, where a process
/// can, and that differ in nothing but partner and variant. `env=` in a variant is the interpreter's environment, so it is a
/// process of its own.
pub fn batches(cells: &[Cell], forks: bool) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut open: BTreeMap<_, usize> = BTreeMap::new();
    for (place, cell) in cells.iter().enumerate() {
        let key = (cell.rule.id.clone(), cell.allocator.key(), environment_word(cell));
        match open.get(&key) {
            Some(batch) if forks && cell.rule.process == Process::Fork => batches[*batch].push(place),
            _ => {
                open.insert(key, batches.len());
                batches.push(vec![place]);
            }
        }
    }
    batches
}

/// What a Python rule's variant asks PYTHONMALLOC to be.
pub fn environment_word(cell: &Cell) -> Option<&str> {
    let words = cell.variant.as_deref().filter(|_| cell.rule.language == Language::Python);
    words.unwrap_or_default().split(' ').find_map(|word| word.strip_prefix("env="))
}
