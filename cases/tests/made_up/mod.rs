//! Reports that no machine wrote.

use allocheck::model::{
    AllocatorEntry, Area, Ending, Facts, Finding, Load, Measures, Norm, Origin, Platform, Report, Verdict,
};

/// A promise that was kept.
pub fn finding(rule: &str, allocator: &str) -> Finding {
    let area =
        Area::ALL.iter().find(|area| rule.starts_with(area.word())).copied().expect("an area is a rule's first word");
    Finding {
        rule: rule.into(),
        title: format!("the promise of {}", rule.rsplit('/').next().unwrap_or(rule)),
        area,
        norm: Norm::Must,
        source: vec!["C17 7.22.3".into()],
        allocator: allocator.into(),
        partner: None,
        variant: None,
        load: Load::Preload,
        ending: Ending::Returned,
        detail: None,
        verdict: Verdict::Upholds,
        complaint: false,
        facts: Facts::new(),
        measures: Measures::new(),
        exact: Vec::new(),
        witness: None,
        evidence: None,
        reason: None,
        reproduce: format!("allocheck run {allocator} --rule {rule}"),
    }
}

/// A question, with facts such as `fate=unmapped` and exact measures such as `bytes=131049`.
pub fn record(rule: &str, allocator: &str, answers: &[(&str, &str)]) -> Finding {
    let mut record = Finding { norm: Norm::Record, verdict: Verdict::Recorded, ..finding(rule, allocator) };
    for &(name, word) in answers {
        if let Ok(number) = word.parse() {
            record.measures.insert(name.into(), number);
            record.exact.push(name.into());
        } else {
            record.facts.insert(name.into(), word.into());
        }
    }
    record
}

/// Allocators are `name version`, the first is the system's own.
pub fn report(allocators: &[&str], findings: Vec<Finding>) -> Report {
    let entry = |(place, text): (usize, &&str)| {
        let (name, version) = text.split_once(' ').expect("name and version");
        let origin = match place {
            0 => Origin::System,
            _ if name.ends_with("@embedded") => Origin::Embedded,
            _ => Origin::Installed,
        };
        let path = (place > 0).then(|| format!("/usr/lib/lib{name}.so"));
        AllocatorEntry { name: name.into(), version: version.into(), origin, path }
    };
    Report {
        version: Report::VERSION,
        allocheck: "0.1.0".into(),
        platform: Platform {
            name: "x86_64-linux-gnu".into(),
            libc: "glibc 2.36".into(),
            kernel: "6.1.0".into(),
            page_size: 4096,
            huge_pages: "madvise".into(),
            cpus: 2,
            aslr: "off".into(),
            witnesses: vec!["mincore".into(), "pagemap".into()],
        },
        allocators: allocators.iter().enumerate().map(entry).collect(),
        findings,
    }
}
