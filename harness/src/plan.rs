//! Which cells a run has: rules × allocators × partners × variants.

use std::sync::Arc;

use anyhow::{Result, bail};

use crate::catalog::{Catalog, did_you_mean};
use crate::model::{Allocator, Area, Cell, Kind, Load, Rule};

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
pub fn cells(catalog: &Catalog, allocators: &[Arc<Allocator>], selection: &Selection) -> Vec<Cell> {
    let mut cells = Vec::new();
    for rule in &catalog.rules {
        let here = rule.platforms.is_empty() || rule.platforms.iter().any(|os| os == std::env::consts::OS);
        let variants: Vec<_> =
            rule.variants.iter().filter(|variant| selection.takes(rule, variant.as_deref())).cloned().collect();
        if !here || variants.is_empty() {
            continue;
        }
        let rule = Arc::new(rule.clone());
        for allocator in allocators.iter().filter(|allocator| is_asked(&rule, allocator)) {
            for partner in partners(&rule, allocator, allocators, selection) {
                for variant in &variants {
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

/// Python's rules are for interpreters, those that need a module for the interpreters that have it; the others are for
/// libraries.
fn is_asked(rule: &Rule, allocator: &Allocator) -> bool {
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
