//! A report, in the forms it is read in.

pub(crate) mod areas;
pub mod json;
pub(crate) mod layout;
mod matrix;
mod text;

use crate::model::Report;

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: `schema.json` beside this file.
    Json,
}

/// How the form for people looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Escape sequences for colour; nothing is told by colour alone.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// One line per finding, and complaints in full length.
    pub verbose: bool,
    /// The summary and the complaints, no tables.
    pub quiet: bool,
}

impl Default for Style {
    fn default() -> Self {
        Style { color: false, width: 100, verbose: false, quiet: false }
    }
}

/// The whole text of a report, its last line ended.
pub fn render(report: &Report, format: Format, style: &Style) -> String {
    match format {
        Format::Text => text::render(report, style),
        Format::Json => json::render(report),
    }
}
