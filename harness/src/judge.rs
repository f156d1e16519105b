//! From what happened to what it means: pure functions of rule, allocator and observations.

use crate::model::{
    Allocator, Area, Cell, Deviation, Ending, Facts, Finding, Language, Norm, Observation, Origin, Rule, Variation,
    Verdict,
};

/// Judges a cell by what its runs showed; there is at least one.
pub fn judge(cell: &Cell, observations: &[Observation], reproduce: String) -> Finding {
    let seen: Vec<Observation> = observations.iter().map(|seen| with_outcome(&cell.rule, seen)).collect();
    let (verdict, reason) = verdict(cell, &seen);
    let first = &seen[0];
    let facts = match verdict {
        Verdict::Varies | Verdict::Unsteady => Facts::from([("outcome".into(), "varies".into())]),
        _ => first.facts.clone(),
    };
    Finding {
        rule: cell.rule.id.clone(),
        title: cell.rule.title.clone(),
        area: cell.rule.area,
        norm: cell.rule.norm,
        source: cell.rule.source.clone(),
        allocator: cell.allocator.key(),
        partner: cell.partner.as_ref().map(|partner| partner.key()),
        variant: cell.variant.clone(),
        load: cell.load,
        ending: first.ending,
        detail: first.detail.clone(),
        verdict,
        complaint: is_complaint(cell, verdict, first.ending),
        facts,
        measures: if verdict == Verdict::Recorded { first.measures.clone() } else { Default::default() },
        exact: cell.rule.exact.clone(),
        witness: first.witness.clone(),
        evidence: evidence(first),
        reason,
        reproduce,
    }
}

/// The finding of a cell that was not built.
pub fn unbuilt(cell: &Cell, why: &str, reproduce: String) -> Finding {
    judge(cell, &[Observation::new(Ending::NotBuilt, Some(why.to_owned()))], reproduce)
}

fn verdict(cell: &Cell, seen: &[Observation]) -> (Verdict, Option<String>) {
    let plain = verdict_of_one(&cell.rule, &seen[0]);
    let asked = !matches!(plain, Verdict::Inapplicable | Verdict::Unobservable | Verdict::Unbuilt);
    if let Some(variation) = declared_variation(cell).filter(|_| asked) {
        let surprise = seen.iter().map(outcome_word).find(|word| !variation.outcomes.contains(word));
        return match surprise {
            None => (Verdict::Varies, Some(variation.reason.clone())),
            Some(word) => (Verdict::Unsteady, Some(format!("{word} is not among the declared outcomes"))),
        };
    }
    if let Some(other) = seen.iter().find(|other| signature(cell, other) != signature(cell, &seen[0])) {
        return (Verdict::Unsteady, Some(declaration(cell, &outcome_word(&seen[0]), &outcome_word(other))));
    }
    let known = cell.allocator.deviations.iter().find(|known| is_about(known, cell));
    match (plain, known) {
        (Verdict::Violates, Some(known)) => (Verdict::Deviates, Some(reason(known))),
        (Verdict::Upholds, Some(known)) if !known.sometimes => (Verdict::Stale, Some(reason(known))),
        (Verdict::Inapplicable, _) => (plain, seen[0].lacking.clone().or_else(|| seen[0].detail.clone())),
        (Verdict::Unobservable, _) => (plain, seen[0].unobservable.clone()),
        (Verdict::Unbuilt, _) => (plain, seen[0].detail.clone()),
        _ => (plain, None),
    }
}

fn verdict_of_one(rule: &Rule, seen: &Observation) -> Verdict {
    match (seen.ending, rule.norm) {
        (Ending::NotBuilt, _) => Verdict::Unbuilt,
        (Ending::NotLoaded, _) => Verdict::Inapplicable,
        _ if seen.lacking.is_some() => Verdict::Inapplicable,
        _ if seen.unobservable.is_some() => Verdict::Unobservable,
        (_, Norm::Record) => Verdict::Recorded,
        (Ending::Returned, Norm::Must) if seen.violated.is_none() => Verdict::Upholds,
        (_, Norm::Must) => Verdict::Violates,
    }
}

/// A library that the user named must answer; one that lacks a function is merely not asked about it.
fn is_complaint(cell: &Cell, verdict: Verdict, ending: Ending) -> bool {
    match verdict {
        Verdict::Violates | Verdict::Stale | Verdict::Unsteady => true,
        Verdict::Inapplicable => ending == Ending::NotLoaded && cell.allocator.origin == Origin::Path,
        _ => false,
    }
}

/// A probe of a mixing rule may die on its way: how far it came and how it ended say what the pair does.
fn with_outcome(rule: &Rule, seen: &Observation) -> Observation {
    let mut seen = seen.clone();
    let not_asked = matches!(seen.ending, Ending::NotLoaded | Ending::NotBuilt);
    // CPython ends at its start if it does not know the value, and names the variable.
    let names_setting = seen.message.as_deref().is_some_and(|message| message.contains("PYTHONMALLOC"));
    if rule.language == Language::Python && seen.ending == Ending::Exited && names_setting {
        seen.facts.insert("setting".into(), "refused".into());
        return seen;
    }
    let mixes = rule.area == Area::Mixing || rule.id.starts_with("python/mixing/");
    if !mixes || rule.norm != Norm::Record || not_asked || seen.facts.contains_key("outcome") {
        return seen;
    }
    let later = match seen.stage.as_deref() {
        Some("freeing" | "calling") => "",
        Some("later") => "-later",
        _ => return seen,
    };
    let aborted = seen.detail.as_deref() == Some("SIGABRT") || seen.message.is_some();
    let outcome = match seen.ending {
        Ending::Hung => "hung".to_owned(),
        Ending::Signalled | Ending::Exited if aborted => format!("caught{later}"),
        Ending::Exited => format!("caught{later}"),
        Ending::Signalled => format!("crashed{later}"),
        _ => return seen,
    };
    seen.facts.insert("outcome".into(), outcome);
    seen
}

fn outcome_word(seen: &Observation) -> String {
    match (seen.facts.get("outcome"), seen.ending, &seen.violated) {
        (Some(outcome), _, _) => outcome.clone(),
        (None, Ending::Returned, None) if seen.facts.is_empty() => "upholds".into(),
        (None, Ending::Returned, None) => {
            seen.facts.iter().map(|(name, word)| format!("{name}={word}")).collect::<Vec<_>>().join(" ")
        }
        (None, Ending::Returned, Some(_)) => "violates".into(),
        (None, ending, _) => ending.word().into(),
    }
}

/// What must be the same in every run of a cell.
fn signature<'a>(cell: &Cell, seen: &'a Observation) -> impl PartialEq + use<'a> {
    let exact: Vec<Option<u64>> = cell.rule.exact.iter().map(|name| seen.measures.get(name).copied()).collect();
    let must = cell.rule.norm == Norm::Must;
    let failed = seen.violated.is_some();
    (seen.ending, &seen.facts, exact, must && failed, seen.lacking.is_some(), seen.unobservable.is_some())
}

fn evidence(seen: &Observation) -> Option<String> {
    let died = match seen.ending {
        Ending::Returned => None,
        Ending::Hung => Some("no sign of progress".to_owned()),
        Ending::Flooded => Some("wrote more than a megabyte".to_owned()),
        _ => Some(format!("{} {}", seen.ending, seen.detail.as_deref().unwrap_or_default()).trim_end().to_owned()),
    };
    let parts = [seen.violated.clone(), died, seen.message.as_ref().map(|message| format!("it said: {message}"))];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn declared_variation(cell: &Cell) -> Option<&Variation> {
    let partner = cell.partner.as_ref().map(|partner| partner.name.as_str());
    cell.allocator.variations.iter().find(|known| {
        matches(&known.rule, &cell.rule.id)
            && known.partner.as_deref().is_none_or(|name| Some(name) == partner)
            && known
                .variant
                .as_deref()
                .is_none_or(|variant| matches(variant, cell.variant.as_deref().unwrap_or_default()))
            && known.versions.as_deref().is_none_or(|versions| version_matches(versions, &cell.allocator))
    })
}

fn is_about(known: &Deviation, cell: &Cell) -> bool {
    matches(&known.rule, &cell.rule.id)
        && known.variant.as_deref().is_none_or(|variant| matches(variant, cell.variant.as_deref().unwrap_or_default()))
        && known.versions.as_deref().is_none_or(|versions| version_matches(versions, &cell.allocator))
}

fn matches(pattern: &str, id: &str) -> bool {
    glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(id))
}

/// Versions of two parts (`2.36`) are read as three; one that is no version at all matches nothing.
fn version_matches(versions: &str, allocator: &Allocator) -> bool {
    let parts: Vec<&str> = allocator.version.split('.').take(3).collect();
    let whole = [parts.first(), parts.get(1), parts.get(2)].map(|part| part.copied().unwrap_or("0")).join(".");
    let wanted = semver::VersionReq::parse(versions);
    semver::Version::parse(&whole).is_ok_and(|version| wanted.is_ok_and(|wanted| wanted.matches(&version)))
}

fn reason(known: &Deviation) -> String {
    match &known.link {
        Some(link) => format!("{} ({link})", known.reason),
        None => known.reason.clone(),
    }
}

/// The entry that would declare what was seen to vary.
fn declaration(cell: &Cell, one: &str, other: &str) -> String {
    let line = |name: &str, value: Option<&str>| value.map(|value| format!("{name} = {value:?}, ")).unwrap_or_default();
    format!(
        "to declare it in cases/allocators/{}.toml: varies = [{{ rule = {:?}, {}{}outcomes = [{one:?}, {other:?}], reason = \"...\" }}]",
        cell.allocator.name,
        cell.rule.id,
        line("partner", cell.partner.as_ref().map(|partner| partner.name.as_str())),
        line("variant", cell.variant.as_deref()),
    )
}
