//! Draws how much of a freed block stays resident.

use std::path::Path;

use anyhow::{Result, bail};

use crate::model::Report;

/// The form of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    Svg,
}

impl Picture {
    /// The form that a file's name asks for.
    pub fn of(path: &Path) -> Result<Self> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => Ok(Picture::Svg),
            _ => bail!("{}: --plot draws .svg", path.display()),
        }
    }

    pub fn draw(self, _report: &Report) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }
}
