//! The report for programs. Its shape is the model's, its contract `schema.json`.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::merge::Merged;
use crate::model::Report;

pub(super) fn render(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("names are text and numbers finite") + "\n"
}

/// Reads what `--format json` printed; `name` is what an error calls it.
pub fn read(text: &str, name: &str) -> Result<Report> {
    let mend = "write it with `allocheck run --format json -o FILE`";
    let value: Value =
        serde_json::from_str(text).with_context(|| format!("{name} is not JSON; {mend}")).map_err(line)?;
    match value.get("version").map(|version| (version, version.as_u64())) {
        Some((_, Some(version))) if version == u64::from(Report::VERSION) => {}
        Some((version, _)) => bail!(
            "{name} has format version {version}, this allocheck reads version {}; write it anew, or read it with the allocheck that wrote it",
            Report::VERSION
        ),
        None => bail!("{name} has no field `version`, so it is no report of allocheck; {mend}"),
    }
    serde_json::from_str(text)
        .with_context(|| format!("{name} is not a report as this allocheck writes it; {mend}"))
        .map_err(line)
}

/// Reads what `--format json` or `allocheck merge` printed.
pub fn read_all(text: &str, name: &str) -> Result<Vec<Report>> {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(fields)) if fields.contains_key("reports") => {
            let merged = serde_json::from_str::<Merged>(text);
            let merged =
                merged.with_context(|| format!("{name} is not what `allocheck merge` writes")).map_err(line)?;
            Ok(merged.reports)
        }
        _ => Ok(vec![read(text, name)?]),
    }
}

/// Context and cause in one line.
fn line(error: anyhow::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}
