//! Text in columns. Knows nothing of allocators.

use anstyle::{AnsiColor, Style as Paint};

use super::Style;

pub(crate) const PLAIN: Paint = Paint::new();
pub(crate) const BOLD: Paint = Paint::new().bold();
pub(crate) const DIM: Paint = Paint::new().dimmed();
pub(crate) const RED: Paint = AnsiColor::Red.on_default().bold();
pub(crate) const YELLOW: Paint = AnsiColor::Yellow.on_default();

/// A word in a table.
#[derive(Clone)]
pub(crate) struct Cell {
    pub text: String,
    pub paint: Paint,
}

impl Cell {
    pub fn new(text: impl Into<String>, paint: Paint) -> Self {
        Cell { text: text.into(), paint }
    }
}

impl Style {
    pub(crate) fn paint(&self, paint: Paint, text: &str) -> String {
        if self.color && paint != PLAIN && !text.is_empty() {
            format!("{paint}{text}{paint:#}")
        } else {
            text.to_owned()
        }
    }

    /// Words up to the right margin, after `first` and then below each other.
    pub(crate) fn wrap(&self, first: &str, text: &str) -> String {
        let indent = width(first);
        let mut lines = vec![first.to_owned()];
        let mut column = indent;
        for word in text.split_whitespace() {
            if column > indent && column + 1 + width(word) > self.width {
                lines.push(" ".repeat(indent));
                column = indent;
            }
            let line = lines.last_mut().expect("starts with one");
            if column > indent {
                line.push(' ');
                column += 1;
            }
            line.push_str(word);
            column += width(word);
        }
        finish(lines)
    }

    /// Columns as wide as their widest cell; the first row is the head.
    pub(crate) fn table(&self, rows: &[Vec<Cell>]) -> String {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(&cell.text)).max();
        let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0) + GAP).collect();
        finish(rows.iter().map(|row| row.iter().zip(&widths).map(|(cell, width)| self.padded(cell, *width)).collect()))
    }

    /// A grid under heads that go down like stairs, so that narrow columns have names of any length:
    /// ```text
    /// conformance   glibc 2.36
    ///               │  jemalloc 5.3.0
    ///   errno       ·  1!
    /// ```
    /// Columns that do not fit make a further block below.
    pub(crate) fn stairs(&self, title: &str, heads: &[String], rows: &[(String, Vec<Cell>)]) -> String {
        let label = rows.iter().map(|(label, _)| width(label) + 2).chain([width(title)]).max().unwrap_or(0) + GAP;
        let cell = rows.iter().flat_map(|(_, cells)| cells).map(|cell| width(&cell.text)).max().unwrap_or(0);
        let fits = |start: usize, end: usize, step: usize| {
            (start..end).all(|head| label + (head - start) * step + width(&heads[head]) <= self.width)
        };
        let step = if fits(0, heads.len(), cell + 2) { cell + 2 } else { cell + 1 };
        let mut blocks = Vec::new();
        let mut start = 0;
        while start < heads.len() {
            let end = (start + 2..=heads.len()).rev().find(|end| fits(start, *end, step)).unwrap_or(start + 1);
            let block = &heads[start..end];
            let mut lines: Vec<String> = (0..block.len())
                .map(|stair| {
                    let title = if stair == 0 { title } else { "" };
                    let bars = self.paint(DIM, &format!("{:<step$}", "│").repeat(stair));
                    format!("{}{bars}{}", self.padded(&Cell::new(title, BOLD), label), block[stair])
                })
                .collect();
            lines.extend(rows.iter().map(|(name, cells)| {
                let cells: String = cells[start..end].iter().map(|cell| self.padded(cell, step)).collect();
                format!("{:<label$}{cells}", format!("  {name}"))
            }));
            blocks.push(finish(lines));
            start = end;
        }
        blocks.join("\n")
    }

    fn padded(&self, cell: &Cell, to: usize) -> String {
        self.paint(cell.paint, &cell.text) + &" ".repeat(to.saturating_sub(width(&cell.text)))
    }
}

/// Spaces between columns of words.
pub(crate) const GAP: usize = 3;

/// Columns that a text takes; all that reports print is one column per character.
pub(crate) fn width(text: &str) -> usize {
    text.chars().count()
}

/// Ends each line, after taking the padding off it.
fn finish(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// `131,049`
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
    groups.join(",")
}

/// `1 complaint`, `2 complaints`
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{} {what}{}", thousands(number as u64), if number == 1 { "" } else { "s" })
}
