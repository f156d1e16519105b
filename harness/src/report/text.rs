//! The report for people: what is wrong first, then a table per area.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::{BOLD, Cell, DIM, PLAIN, RED, YELLOW, count, width};
use super::{Style, areas};
use crate::model::{Ending, Finding, Norm, Report, Verdict};
use crate::snapshot;

/// How many like lines of a complaint are shown.
const FEW: usize = 3;

pub(super) fn render(report: &Report, style: &Style) -> String {
    let mut parts = vec![header(report, style)];
    parts.extend(complaints(report, style));
    if style.verbose {
        parts.push(findings(report, style));
    }
    if !style.quiet {
        parts.extend(areas::all(report, style));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn header(report: &Report, style: &Style) -> String {
    let summary = summary(report, style);
    if style.quiet {
        return summary;
    }
    let platform = &report.platform;
    let witnesses = if platform.witnesses.is_empty() { "none".into() } else { platform.witnesses.join(", ") };
    let program = style.paint(BOLD, &format!("allocheck {}", report.allocheck));
    let mut header =
        format!("{program}   {}   {}   aslr {}   witnesses {witnesses}\n", platform.name, platform.libc, platform.aslr);
    if style.verbose {
        let machine = format!(
            "kernel {}, pages of {} B, huge pages {}, {}",
            platform.kernel,
            platform.page_size,
            platform.huge_pages,
            count(platform.cpus, "cpu")
        );
        header += &style.wrap("", &machine);
    }
    header + &summary
}

/// Every cell is in it: complained about, known, not run, or as it should be.
fn summary(report: &Report, style: &Style) -> String {
    let rules: BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    let number = |verdict: Verdict| report.findings.iter().filter(|finding| finding.verdict == verdict).count();
    let mut run = format!(
        "{}, {}, {}: {}, {}",
        count(report.allocators.len(), "allocator"),
        count(rules.len(), "rule"),
        count(report.findings.len(), "cell"),
        count(report.complaints().count(), "complaint"),
        count(number(Verdict::Deviates), "known deviation")
    );
    if number(Verdict::Varies) > 0 {
        run += &format!(", {}", count(number(Verdict::Varies), "declared variation"));
    }
    let absent = [Verdict::Inapplicable, Verdict::Unobservable, Verdict::Unbuilt].into_iter();
    let absent = absent.filter(|verdict| number(*verdict) > 0).map(|verdict| format!("{} {verdict}", number(verdict)));
    let absent = absent.collect::<Vec<_>>().join(", ");
    let absent = if absent.is_empty() { "all run".into() } else { format!("not run: {absent}") };
    if width(&run) + 2 + width(&absent) <= style.width {
        return format!("{run}, {absent}\n");
    }
    style.wrap("", &(run + ",")) + &style.wrap("", &absent)
}

/// The complaints about one rule and allocator are told together, whatever the variant and the partner; and so is a
/// library that could not be loaded, whatever the rule.
fn complaints(report: &Report, style: &Style) -> Vec<String> {
    let mut groups: BTreeMap<(Verdict, &str, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in report.complaints() {
        let rule = if finding.ending == Ending::NotLoaded { "" } else { &finding.rule };
        groups.entry((finding.verdict, rule, &finding.allocator)).or_default().push(finding);
    }
    groups.values().map(|group| complaint(report, style, group)).collect()
}

fn complaint(report: &Report, style: &Style, group: &[&Finding]) -> String {
    let first = group[0];
    let paint = if first.verdict == Verdict::Violates { RED } else { YELLOW };
    let name = style.paint(BOLD, &areas::title(report, &first.allocator));
    let word = if first.ending == Ending::NotLoaded { first.ending.word() } else { first.verdict.word() };
    let mut text = format!("{}  {name}   ", style.paint(paint, &format!("{word:<8}")));
    if first.ending == Ending::NotLoaded {
        text += &format!("{}\n", count(group.len(), "cell"));
        text += &labelled(style, "seen", distinct(group.iter().filter_map(|finding| finding.evidence.as_deref())));
    } else {
        text += &if group.len() > 1 {
            format!("{}   {} cells\n", first.rule, group.len())
        } else {
            format!("{}\n", first.rule)
        };
        let asked = if first.norm == Norm::Must { "promise" } else { "question" };
        text += &labelled(style, asked, [format!("{} ({})", first.title, first.source.join("; "))]);
        text += &labelled(style, "seen", seen(group));
    }
    let is_told = |reason: &str| {
        group.iter().any(|finding| finding.evidence.as_deref().is_some_and(|seen| seen.contains(reason)))
    };
    let mut reasons = distinct(group.iter().filter_map(|finding| finding.reason.as_deref()));
    reasons.retain(|reason| !is_told(reason));
    match first.verdict {
        Verdict::Stale => {
            text += &labelled(style, "known", reasons);
            text += &labelled(style, "mend", [stale(report, first)]);
        }
        // What to add is in it, as the line that the allocator's file needs.
        Verdict::Unsteady => text += &verbatim(style, "mend", reasons),
        _ => text += &labelled(style, "why", reasons),
    }
    let mut commands = distinct(group.iter().map(|finding| finding.reproduce.as_str()));
    commands.truncate(if style.verbose { commands.len() } else { 1 });
    text + &verbatim(style, "again", commands)
}

/// Each once, in order.
fn distinct<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    lines.filter(|line| seen.insert(*line)).map(str::to_owned).collect()
}

/// What happened, each kind once, with the cells it happened in.
fn seen(group: &[&Finding]) -> Vec<String> {
    let mut kinds: Vec<(String, Vec<&Finding>)> = Vec::new();
    for &finding in group {
        let happened = match (&finding.evidence, finding.ending) {
            (Some(evidence), _) => evidence.clone(),
            (None, Ending::Returned) if finding.verdict == Verdict::Stale => "it is kept".into(),
            (None, Ending::Returned) => snapshot::words(finding),
            (None, _) => snapshot::ending(finding),
        };
        match kinds.iter_mut().find(|(kind, _)| *kind == happened) {
            Some((_, cells)) => cells.push(finding),
            None => kinds.push((happened, vec![finding])),
        }
    }
    kinds.into_iter().map(|(happened, findings)| cells(&findings) + &happened).collect()
}

/// `24, 4096: ` or `→ jemalloc 24, 4096; → scudo 24: `; empty for a rule without variant and partner.
fn cells(findings: &[&Finding]) -> String {
    let mut partners: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    for finding in findings {
        partners.entry(finding.partner.as_deref()).or_default().extend(finding.variant.as_deref());
    }
    let groups = partners.into_iter().map(|(partner, variants)| match partner {
        Some(partner) => format!("→ {partner} {}", variants.join(", ")).trim_end().to_owned(),
        None => variants.join(", "),
    });
    let groups: Vec<String> = groups.filter(|group| !group.is_empty()).collect();
    if groups.is_empty() { String::new() } else { groups.join("; ") + ": " }
}

fn stale(report: &Report, finding: &Finding) -> String {
    let (file, _) = finding.allocator.split_once('@').unwrap_or((&finding.allocator, ""));
    let version = areas::version(report, &finding.allocator);
    format!(
        "in cases/allocators/{file}.toml remove the [[deviation]] about this rule, or let it end with versions = \"<{version}\""
    )
}

/// Columns of a verdict or a label.
const LABEL: usize = 10;

/// Prose below a complaint's head.
fn labelled(style: &Style, label: &str, lines: impl IntoIterator<Item = String>) -> String {
    let lines = few(style, lines.into_iter().collect());
    lines.iter().zip(margins(label)).map(|(line, margin)| style.wrap(&margin, line)).collect()
}

/// Lines to be copied: never broken.
fn verbatim(style: &Style, label: &str, lines: Vec<String>) -> String {
    few(style, lines).iter().zip(margins(label)).map(|(line, margin)| format!("{margin}{line}\n")).collect()
}

/// What stands before the first line, and before the others.
fn margins(label: &str) -> impl Iterator<Item = String> {
    let first = format!("{:LABEL$}{:<LABEL$}", "", format!("{label}:"));
    std::iter::once(first).chain(std::iter::repeat(" ".repeat(2 * LABEL)))
}

fn few(style: &Style, mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(FEW);
    if !style.verbose && more > 1 {
        lines.truncate(FEW);
        lines.push(format!("and {more} more: --verbose"));
    }
    lines
}

/// One line per finding.
fn findings(report: &Report, style: &Style) -> String {
    let rows: Vec<Vec<Cell>> = report.findings.iter().map(|finding| row(report, finding)).collect();
    style.table(&rows)
}

fn row(report: &Report, finding: &Finding) -> Vec<Cell> {
    let paint = match finding.verdict {
        _ if finding.complaint => RED,
        Verdict::Deviates | Verdict::Varies => YELLOW,
        Verdict::Inapplicable | Verdict::Unobservable | Verdict::Unbuilt => DIM,
        _ => PLAIN,
    };
    let partner = finding.partner.as_ref().map(|partner| format!(" → {}", areas::title(report, partner)));
    let answers = snapshot::answers(finding).into_iter().map(|(name, word)| format!("{name}={word}"));
    let answers = Some(answers.collect::<Vec<_>>().join(" ")).filter(|answers| !answers.is_empty());
    let said = [answers, finding.evidence.clone(), finding.reason.clone()];
    let rule = [Some(finding.rule.as_str()), finding.variant.as_deref()];
    vec![
        Cell::new(finding.verdict.word(), paint),
        Cell::new(areas::title(report, &finding.allocator) + &partner.unwrap_or_default(), PLAIN),
        Cell::new(rule.into_iter().flatten().collect::<Vec<_>>().join(" "), PLAIN),
        Cell::new(said.into_iter().flatten().collect::<Vec<_>>().join("; "), PLAIN),
    ]
}
