//! Which cells a run has: rules × allocators × partners × variants.

use std::collections::{BTreeMap, BTreeSet};
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
            let named = |rule: &Rule| {
                every_variant(catalog, rule).iter().any(|variant| names(pattern, rule, variant.as_deref()))
            };
            if !catalog.rules.iter().any(named) {
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
            for partner in partners(&rule, allocator, allocators, selection) {
                let mut variants = variants(&rule, allocator, partner.as_deref());
                variants.retain(|(_, variant)| selection.takes(&rule, variant.as_deref()));
                cells.extend(variants.into_iter().map(|(allocator, variant)| Cell {
                    rule: Arc::clone(&rule),
                    load: rule.load.unwrap_or_else(|| allocator.load()),
                    allocator,
                    partner: partner.clone(),
                    variant,
                }));
            }
        }
    }
    cells
}

/// The rule's variants, or the allocator with each of its knobs set in turn.
fn variants(
    rule: &Rule,
    allocator: &Arc<Allocator>,
    partner: Option<&Allocator>,
) -> Vec<(Arc<Allocator>, Option<String>)> {
    if rule.knobs {
        let set = |knob: &Knob| (Arc::new(allocator.with(knob)), Some(knob.name.clone()));
        return allocator.knobs.iter().map(set).collect();
    }
    let boundaries = [Some(&**allocator), partner].into_iter().flatten().flat_map(|one| &one.boundaries);
    let variants = if rule.boundaries { at_sizes_around(rule, boundaries) } else { rule.variants.clone() };
    variants.into_iter().map(|variant| (Arc::clone(allocator), variant)).collect()
}

/// Smaller than any boundary.
const SMALL: u64 = 24;

/// Each variant at a small size, at each boundary and one byte beyond it.
fn at_sizes_around<'a>(rule: &Rule, boundaries: impl Iterator<Item = &'a u64>) -> Vec<Option<String>> {
    let sizes: BTreeSet<u64> = boundaries.flat_map(|largest| [*largest, largest + 1]).chain([SMALL]).collect();
    let sized = |variant: &Option<String>, size: &u64| {
        let words = variant.iter().cloned().chain([format!("size={size}")]);
        Some(words.collect::<Vec<_>>().join(" "))
    };
    rule.variants.iter().flat_map(|variant| sizes.iter().map(move |size| sized(variant, size))).collect()
}

/// All that any allocator of the catalogue makes of a rule's variants.
fn every_variant(catalog: &Catalog, rule: &Rule) -> Vec<Option<String>> {
    if rule.knobs {
        let knobs = catalog.allocators.iter().flat_map(|file| &file.knobs);
        return knobs.map(|knob| Some(knob.name.clone())).collect();
    }
    match rule.boundaries {
        true => at_sizes_around(rule, catalog.allocators.iter().flat_map(|file| &file.boundaries)),
        false => rule.variants.clone(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use rstest::rstest;

    #[rstest]
    #[case(&[], &[24])]
    #[case(&[1032], &[24, 1032, 1033])]
    #[case(&[131_048, 1032, 1032], &[24, 1032, 1033, 131_048, 131_049])]
    fn sizes_stand_on_both_sides_of_each_boundary(#[case] boundaries: &[u64], #[case] sizes: &[u64]) {
        let catalog = catalog::embedded().expect("the catalogue is right");
        let rule = Rule {
            variants: vec![Some("calloc->free".into())],
            ..catalog.rules.iter().find(|rule| rule.boundaries).expect("one has them").clone()
        };
        let expected: Vec<Option<String>> =
            sizes.iter().map(|size| Some(format!("calloc->free size={size}"))).collect();
        assert_eq!(at_sizes_around(&rule, boundaries.iter()), expected);
    }
}
