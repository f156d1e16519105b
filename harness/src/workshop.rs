//! Where a run keeps its things: the cache of built probes, a private scratch folder, and this program itself.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;

/// The folders of one run. The scratch folder goes with it.
#[derive(Debug)]
pub struct Workshop {
    /// The `allocheck` program, which looks at libraries in a process of its own.
    pub program: PathBuf,
    cache: PathBuf,
    scratch: TempDir,
}

impl Workshop {
    /// `program` is the `allocheck` executable.
    pub fn open(program: &Path) -> Result<Self> {
        let cache = cache_folder()?;
        fs::create_dir_all(&cache).and_then(|()| tempfile::tempfile_in(&cache)).with_context(|| {
            format!("cannot write to the cache folder {}; set XDG_CACHE_HOME to one you can write to", cache.display())
        })?;
        Ok(Workshop { program: program.to_owned(), cache, scratch: scratch_folder()? })
    }

    /// Built probes, kept from run to run; names inside are hashes of what they were built from.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// A private folder whose path holds neither space nor colon, at which LD_PRELOAD would split.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }
}

/// The XDG base directory specification's cache folder, this project's part of it.
fn cache_folder() -> Result<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|base| base.join("allocheck"))
        .ok_or_else(|| {
            anyhow!("neither XDG_CACHE_HOME nor HOME is set; set XDG_CACHE_HOME to a folder you can write to")
        })
}

fn scratch_folder() -> Result<TempDir> {
    let chosen = std::env::temp_dir();
    let plain = |path: &Path| !path.to_string_lossy().contains([' ', ':', '\t', '\n']);
    let folder = if plain(&chosen) { chosen } else { PathBuf::from("/tmp") };
    tempfile::Builder::new().prefix("allocheck-").tempdir_in(&folder).with_context(|| {
        format!("cannot write to the temporary folder {}; set TMPDIR to one you can write to", folder.display())
    })
}
