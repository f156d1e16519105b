//! Who allocates by who frees: allocators, and the families of an interpreter. Letters say it, colours only repeat them.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::{AnsiColor, Style as Paint};

use super::areas::{Page, title};
use super::layout::{Cell, DIM, PLAIN, YELLOW, thousands};
use crate::model::{Finding, Verdict};

const PAIRS: &str = "mixing/allocators";
const DOMAINS: &str = "python/mixing/domains";
const RUNTIMES: &str = "python/mixing/runtimes";
/// The rules that are told here.
pub(super) const GRIDS: [&str; 3] = [PAIRS, DOMAINS, RUNTIMES];

/// What decides between the cells of one pair, in the order of the letters: the setting, the size in bytes.
type Circumstance = (String, u64);

/// Who allocates, who frees, and what became of it in each circumstance.
#[derive(Default, PartialEq)]
struct Matrix(BTreeMap<(String, String), BTreeMap<Circumstance, Outcome>>);

impl Page<'_> {
    pub(super) fn pairs(&self) -> String {
        let mut matrix = Matrix::default();
        for finding in self.findings(|finding| finding.rule == PAIRS) {
            let size = finding.variant.as_deref().and_then(|size| size.parse().ok()).unwrap_or(0);
            let partner = finding.partner.clone().unwrap_or_default();
            matrix.add((finding.allocator.clone(), partner), (String::new(), size), outcome(finding));
        }
        let from = self.in_order(matrix.0.keys().map(|(from, _)| from.as_str()));
        let to = self.in_order(matrix.0.keys().map(|(_, to)| to.as_str()));
        if matrix.0.is_empty() {
            return String::new();
        }
        self.grid("mixing", &from, &to, &matrix, |name| title(self.report, name)) + &self.reading(&[&matrix])
    }

    /// A matrix for all interpreters that have the same one.
    pub(super) fn domains(&self) -> String {
        let findings = self.findings(|finding| [DOMAINS, RUNTIMES].contains(&finding.rule.as_str()));
        let mut families: Vec<&str> = Vec::new();
        let mut matrices: Vec<(Vec<&str>, Matrix)> = Vec::new();
        for interpreter in self.in_order(findings.iter().map(|finding| finding.allocator.as_str())) {
            let mut matrix = Matrix::default();
            for finding in findings.iter().filter(|finding| finding.allocator == interpreter) {
                let Some((from, to, circumstance)) = parts(finding.variant.as_deref().unwrap_or_default()) else {
                    continue;
                };
                families.extend((!families.contains(&from)).then_some(from));
                matrix.add((from.to_owned(), to.to_owned()), circumstance, outcome(finding));
            }
            match matrices.iter_mut().find(|(_, known)| *known == matrix) {
                Some((alike, _)) => alike.push(interpreter),
                None => matrices.push((vec![interpreter], matrix)),
            }
        }
        let told: Vec<String> = matrices
            .iter()
            .map(|(alike, matrix)| {
                let names = self.titles(alike).join(", ").replace(", cpython", ",");
                let heading = self.style.wrap("", &format!("mixing within {names}"));
                heading + &self.grid("", &families, &families, matrix, str::to_owned)
            })
            .collect();
        let matrices: Vec<&Matrix> = matrices.iter().map(|(_, matrix)| matrix).collect();
        told.join("\n") + &self.reading(&matrices)
    }

    fn grid(&self, head: &str, from: &[&str], to: &[&str], matrix: &Matrix, name: impl Fn(&str) -> String) -> String {
        let row = |from: &str| to.iter().map(|to| letters(&matrix.at(from, to))).collect();
        let rows: Vec<(String, Vec<Cell>)> = from.iter().map(|from| (name(from), row(from))).collect();
        let heads: Vec<String> = to.iter().map(|to| to.to_string()).collect();
        self.style.stairs(head, &heads, &rows)
    }

    /// What the letters are for, and what each means.
    fn reading(&self, matrices: &[&Matrix]) -> String {
        let Some(longest) = matrices.iter().max_by_key(|matrix| matrix.0.len()) else { return String::new() };
        let outcomes = || matrices.iter().flat_map(|matrix| matrix.0.values()).flat_map(BTreeMap::values);
        let is_seen = |outcome: &&Outcome| outcomes().any(|seen| seen == *outcome);
        let seen = OUTCOMES.iter().chain([&UNKNOWN, &NOT_ASKED]).filter(is_seen);
        let legend: String = seen.map(|(_, letter, _, meaning)| self.note(&format!("{letter} {meaning}"))).collect();
        self.note(&format!("rows allocate, columns free; a letter each for {}", longest.circumstances())) + &legend
    }
}

impl Matrix {
    fn add(&mut self, pair: (String, String), circumstance: Circumstance, outcome: Outcome) {
        self.0.entry(pair).or_default().insert(circumstance, outcome);
    }

    fn at(&self, from: &str, to: &str) -> Vec<Outcome> {
        let pair = self.0.get(&(from.to_owned(), to.to_owned()));
        pair.into_iter().flat_map(BTreeMap::values).copied().collect()
    }

    /// `24 B, 1,048,576 B; then the same under PYTHONMALLOC=debug`
    fn circumstances(&self) -> String {
        let all: BTreeSet<&Circumstance> = self.0.values().flat_map(BTreeMap::keys).collect();
        let mut sizes: Vec<u64> = all.iter().map(|(_, size)| *size).collect();
        sizes.sort();
        sizes.dedup();
        let sizes: Vec<String> = sizes.into_iter().map(|size| format!("{} B", thousands(size))).collect();
        let settings: BTreeSet<&str> =
            all.iter().map(|(setting, _)| setting.as_str()).filter(|setting| !setting.is_empty()).collect();
        let settings = settings.iter().map(|setting| format!("; then the same under PYTHONMALLOC={setting}"));
        sizes.join(", ") + &settings.collect::<String>()
    }
}

/// `malloc->PyMem_Malloc size=24 env=debug`
fn parts(variant: &str) -> Option<(&str, &str, Circumstance)> {
    let (from, to) = variant.split(' ').next()?.split_once("->")?;
    let word = |name: &str| variant.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    Some((from, to, (word("env").unwrap_or_default().to_owned(), word("size")?.parse().ok()?)))
}

/// What became of a block that another family's function freed: word, letter, colour, and what it means for a user.
type Outcome = (&'static str, char, Paint, &'static str);

const FATAL: Paint = AnsiColor::Red.on_default();
const STOPPED: Paint = AnsiColor::Cyan.on_default();
const OUTCOMES: [Outcome; 9] = [
    ("silent", '.', PLAIN, "silent: it works here, and nothing tells you of the mistake"),
    ("caught", 'C', STOPPED, "caught: free stops the program, with a message or an abort"),
    ("caught-later", 'c', STOPPED, "caught later: a later call stops the program, far from the mistake"),
    ("crashed", 'X', FATAL, "crashed: the program dies in free"),
    ("crashed-later", 'x', FATAL, "crashed later: the program dies in a later call, far from the mistake"),
    ("hung", 'H', FATAL, "hung: the program stands still"),
    ("corrupted", '#', FATAL, "corrupted: another block changes or is handed out twice, and nothing tells you"),
    ("leaked", 'L', YELLOW, "leaked: the program goes on, the block is never used again"),
    ("varies", '~', YELLOW, "varies from run to run"),
];
const UNKNOWN: Outcome = ("", '?', DIM, "not observable, or not built");
const NOT_ASKED: Outcome = ("", '-', DIM, "not asked: one of the two is not there, or takes no such setting");

fn outcome(finding: &Finding) -> Outcome {
    let word = match finding.verdict {
        Verdict::Inapplicable => return NOT_ASKED,
        // The interpreter's answer to PYTHONMALLOC: ignored, refused.
        _ if finding.facts.contains_key("setting") => return NOT_ASKED,
        Verdict::Varies | Verdict::Unsteady => "varies",
        _ => finding.facts.get("outcome").map_or("", String::as_str),
    };
    OUTCOMES.into_iter().find(|(known, ..)| *known == word).unwrap_or(UNKNOWN)
}

/// One letter each, coloured where all are of one kind.
fn letters(outcomes: &[Outcome]) -> Cell {
    let mut paints: Vec<Paint> = outcomes.iter().map(|(_, _, paint, _)| *paint).collect();
    paints.dedup();
    let paint = if let [paint] = paints[..] { paint } else { PLAIN };
    Cell::new(outcomes.iter().map(|(_, letter, ..)| letter).collect::<String>(), paint)
}
