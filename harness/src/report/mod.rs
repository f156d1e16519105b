//! stub
use crate::model::Report;
pub mod json;
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Format {
    Text,
    Json,
}
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub color: bool,
    pub width: usize,
    pub verbose: bool,
    pub quiet: bool,
}
pub fn render(report: &Report, format: Format, _style: &Style) -> String {
    match format {
        Format::Json => serde_json::to_string_pretty(report).unwrap() + "\n",
        Format::Text => report
            .findings
            .iter()
            .map(|f| {
                format!(
                    "{} {} {} {:?} {:?} {:?} {:?}\n",
                    f.verdict, f.allocator, f.rule, f.variant, f.evidence, f.facts, f.measures
                )
            })
            .collect(),
    }
}
