//! What is known, in words: of a rule, of an allocator, and of where freed memory goes.

mod manual;
pub mod mixing;
pub mod plot;
pub mod release;

use std::path::Path;

use anyhow::{Result, bail};

use crate::catalog::{self, AllocatorFile, Catalog, did_you_mean};
use crate::discover;
use crate::model::{Allocator, Fault, Rule};
use crate::report::Style;
use crate::report::layout::{BOLD, DIM};
use crate::target::Machine;
use crate::workshop::Workshop;

/// What `allocheck explain` takes beside rules and allocators.
const TOPICS: [&str; 2] = ["mixing", "release"];

/// Explains a rule or an allocator by name, without running anything of theirs.
pub fn known(program: &Path, topic: &str, style: &Style) -> Result<String> {
    let catalog = catalog::embedded()?;
    if let Some(rule) = catalog.rules.iter().find(|rule| rule.id == topic) {
        return Ok(explain_rule(rule, style));
    }
    let name = topic.split('@').next().unwrap_or(topic);
    if let Some(file) = catalog.allocators.iter().find(|file| file.name == name) {
        let workshop = Workshop::open(program)?;
        let here = discover::allocators(&catalog, &Machine::this(&workshop)?, &workshop, &[], false)?;
        return Ok(explain_allocator(file, &here, style));
    }
    bail!("nothing to explain is called {topic:?}{} (see `allocheck list`)", hint(&catalog, topic));
}

fn hint(catalog: &Catalog, topic: &str) -> String {
    let rules = catalog.rules.iter().map(|rule| rule.id.as_str());
    let allocators = catalog.allocators.iter().map(|file| file.name.as_str());
    did_you_mean(topic, rules.chain(allocators).chain(TOPICS))
}

fn explain_rule(rule: &Rule, style: &Style) -> String {
    let norm = match rule.norm {
        crate::model::Norm::Must => "must: an allocator that does otherwise breaks a promise",
        crate::model::Norm::Record => "record: legally open, so the answer is noted and nothing is wrong",
    };
    let mut text = format!("{}\n", style.paint(BOLD, &rule.id));
    let mut line = |name: &str, value: &str| text += &style.wrap(&format!("  {name:<10}"), value);
    line("title", &rule.title);
    line("norm", norm);
    line("sources", &rule.source.join("; "));
    match &rule.fault {
        Fault::Named(name) => line("catches", &format!("the reference allocator's fault {name}")),
        Fault::None(why) => line("no fault", why),
    }
    if !rule.needs.is_empty() {
        line("needs", &rule.needs.join(", "));
    }
    let variants: Vec<&str> = rule.variants.iter().flatten().map(String::as_str).collect();
    if rule.knobs {
        line("variants", "one for each knob of the allocator, which is set");
    } else if !variants.is_empty() {
        line("variants", &variants.join(", "));
    }
    if !rule.platforms.is_empty() {
        line("only on", &rule.platforms.join(", "));
    }
    if !rule.core {
        line("asked", "with --full, or by its name");
    }
    line("run", &format!("allocheck run --rule {}", rule.id));
    let comments = comments(rule);
    if !comments.is_empty() {
        text += &format!("\n{}\n", style.paint(DIM, "what the probe says of itself"));
    }
    comments.iter().map(|comment| style.wrap("  ", comment)).fold(text, |text, comment| text + &comment)
}

/// The comments of the probe that stand on lines of their own.
fn comments(rule: &Rule) -> Vec<String> {
    let is_python = !rule.language.is_compiled();
    let (_, probe) = rule.text.split_once(if is_python { "---\"\"\"" } else { "---*/" }).unwrap_or_default();
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in probe.lines().map(str::trim) {
        let starts = if is_python { line.starts_with("# ") } else { line.starts_with("/*") };
        if starts && !(is_python && open) {
            found.push(String::new());
        }
        open = starts || open && !is_python;
        if let Some(comment) = found.last_mut().filter(|_| open) {
            let words = line.trim_start_matches(['/', '*', '#', ' ']).trim_end_matches("*/").trim_end();
            *comment += if comment.is_empty() { "" } else { " " };
            *comment += words;
        }
        open = open && (is_python || !line.ends_with("*/"));
    }
    found
}

fn explain_allocator(file: &AllocatorFile, here: &[Allocator], style: &Style) -> String {
    let mut text = format!("{}   {}\n  {}\n", style.paint(BOLD, &file.name), file.title, file.home);
    let found: Vec<&Allocator> = here.iter().filter(|allocator| allocator.name == file.name).collect();
    for allocator in &found {
        let path = allocator.path.as_ref().map_or("the platform's own".into(), |path| path.display().to_string());
        text += &format!("  {:<10} {} {}   {path}\n", allocator.origin, allocator.key(), allocator.version);
    }
    if found.is_empty() {
        text += "  not on this machine\n";
    }
    let head = |title: &str| format!("\n{}\n", style.paint(BOLD, title));
    if !file.knobs.is_empty() {
        text += &head("knobs");
    }
    for knob in &file.knobs {
        let set: Vec<String> = knob.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        text += &format!("  {}\n", set.join(" "));
        text += &style.wrap("      ", &format!("{} ({})", knob.effect, knob.source));
    }
    if !file.knobs.is_empty() {
        text += &style.wrap("  ", &format!("measured: allocheck run {} --rule release/knobs", file.name));
    }
    if !file.deviations.is_empty() {
        text += &head("known deviations");
    }
    for known in &file.deviations {
        let limit =
            |name, value: &Option<String>| value.as_ref().map_or(String::new(), |value| format!("   {name} {value}"));
        let limits = limit("versions", &known.versions) + &limit("platform", &known.platform);
        text += &format!("  {}{limits}\n", crate::plan::rule_key(&known.rule, known.variant.as_deref()));
        let link = known.link.as_ref().map_or(String::new(), |link| format!(" ({link})"));
        text += &style.wrap("      ", &format!("{}{link}", known.reason));
    }
    if !file.variations.is_empty() {
        text += &head("outcomes that vary by themselves");
    }
    for known in &file.variations {
        text += &format!("  {}\n", crate::plan::rule_key(&known.rule, known.variant.as_deref()));
        text += &style.wrap("      ", &format!("{}: {}", known.outcomes.join(" or "), known.reason));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_a_probe() {
        let catalog = catalog::embedded().expect("the catalogue is right");
        let said = |id: &str| comments(catalog.rule(id).expect("it is there"));
        assert_eq!(said("release/threshold"), ["A megabyte of small blocks, written and freed."]);
        let python = said("python/release/share-by-size");
        assert_eq!(python, ["Sizes from a page to 64 MiB, a few to each doubling: those of release/share-by-size."]);
    }
}
