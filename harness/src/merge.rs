//! Folds the reports of many machines into one document: shards of one platform into a report, platforms side by side.
//! Pure.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::diff::Key;
use crate::model::{Finding, Platform, Report, Verdict};
use crate::report::layout::thousands;

/// What `allocheck merge` prints; the schema is `harness/src/report/merged.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merged {
    /// Version of this format.
    pub version: u32,
    /// One for each platform, sorted by its name.
    pub reports: Vec<Report>,
}

/// Folds reports, each with the name of its file. Those of one platform become one: their cells together, a cell that
/// both have once. It is an error if they say different things of one cell, or were written by different versions.
pub fn merge(files: Vec<(String, Report)>) -> Result<Merged> {
    let mut folded: Vec<(String, Report)> = Vec::new();
    for (file, report) in files {
        match folded.iter_mut().find(|(_, known)| is_one(&known.platform, &report.platform)) {
            Some((first, known)) => fold(known, report).map_err(|why| anyhow::anyhow!("{first} and {file}: {why}"))?,
            None => folded.push((file, report)),
        }
    }
    let mut reports: Vec<Report> = folded.into_iter().map(|(_, report)| report).collect();
    reports.sort_by(|a, b| a.platform.name.cmp(&b.platform.name).then(a.platform.libc.cmp(&b.platform.libc)));
    Ok(Merged { version: Report::VERSION, reports })
}

/// Shards differ in the machine that they ran on, and in the witnesses that their cells asked.
fn is_one(a: &Platform, b: &Platform) -> bool {
    let decisive = |platform: &Platform| {
        let Platform { name, libc, page_size, huge_pages, aslr, .. } = platform.clone();
        (name, libc, page_size, huge_pages, aslr, platform.cpus == 1)
    };
    decisive(a) == decisive(b)
}

fn fold(known: &mut Report, other: Report) -> Result<()> {
    let (one, two) = (&known.allocheck, &other.allocheck);
    ensure!(one == two, "one is of allocheck {one}, the other of {two}; run both with the same");
    for entry in other.allocators {
        match known.allocators.iter().find(|there| there.name == entry.name) {
            None => known.allocators.push(entry),
            Some(there) if there.version == entry.version => {}
            Some(there) => {
                bail!("{} is {} in one and {} in the other; name them apart", entry.name, there.version, entry.version)
            }
        }
    }
    let mut cells: BTreeMap<Key, Finding> =
        known.findings.drain(..).map(|finding| (Key::of(&finding), finding)).collect();
    for finding in other.findings {
        let key = Key::of(&finding);
        let said = |finding: &Finding| (finding.verdict, finding.ending, finding.facts.clone());
        match cells.get(&key) {
            Some(there) if said(there) != said(&finding) => {
                bail!("they say different things of {key}; `allocheck diff` shows them")
            }
            Some(_) => {}
            None => drop(cells.insert(key, finding)),
        }
    }
    known.findings = cells.into_values().collect();
    let witnesses = other.platform.witnesses.into_iter().filter(|name| !known.platform.witnesses.contains(name));
    known.platform.witnesses.extend(witnesses.collect::<Vec<_>>());
    Ok(())
}

/// A line for each platform: what was run there, and what came of it.
pub fn table(merged: &Merged) -> String {
    let head = ["platform", "C runtime", "allocators", "cells", "complaints", "deviations", "not run"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(merged.reports.iter().map(row));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (text, width))| match column {
            0 | 1 => format!("{text:<width$}"),
            _ => format!("{text:>width$}"),
        });
        cells.collect::<Vec<_>>().join("   ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn row(report: &Report) -> [String; 7] {
    let number =
        |is_so: fn(&Finding) -> bool| thousands(report.findings.iter().filter(|finding| is_so(finding)).count() as u64);
    let not_run =
        |finding: &Finding| matches!(finding.verdict, Verdict::Inapplicable | Verdict::Unobservable | Verdict::Unbuilt);
    [
        report.platform.name.clone(),
        report.platform.libc.clone(),
        thousands(report.allocators.len() as u64),
        thousands(report.findings.len() as u64),
        number(|finding| finding.complaint),
        number(|finding| finding.verdict == Verdict::Deviates),
        number(not_run),
    ]
}
