//! Where a run keeps its things: the cache of built probes, a private scratch folder, and this program itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::os::{self, is_plain, symlink};

/// The folders of one run. The scratch folder goes with it.
#[derive(Debug)]
pub struct Workshop {
    /// The `allocheck` program, which looks at libraries in a process of its own.
    pub program: PathBuf,
    cache: PathBuf,
    /// Tells other runs that the scratch folder is in use. It goes first: Windows keeps a folder whose files are open.
    _lock: os::Lock,
    scratch: TempDir,
    /// Links that were made, by what they lead to.
    links: Mutex<BTreeMap<PathBuf, PathBuf>>,
}

impl Workshop {
    /// `program` is the `allocheck` executable.
    pub fn open(program: &Path) -> Result<Self> {
        Self::with_cache(program, &os::cache_base()?.join("allocheck"))
    }

    /// With a cache folder of the caller's choice.
    pub fn with_cache(program: &Path, cache: &Path) -> Result<Self> {
        fs::create_dir_all(cache).and_then(|()| tempfile::tempfile_in(cache)).with_context(|| {
            format!("cannot write to the cache folder {}; set XDG_CACHE_HOME to one you can write to", cache.display())
        })?;
        let links = Mutex::default();
        let (scratch, lock) = scratch_folder()?;
        Ok(Workshop { program: program.to_owned(), cache: cache.to_owned(), scratch, _lock: lock, links })
    }

    /// Built probes, kept from run to run; names inside are hashes of what they were built from.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// A private folder with a plain path.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// A plain path to a library: its own, or one through a link.
    pub fn plain_path(&self, library: &Path) -> Result<PathBuf> {
        if is_plain(library) {
            return Ok(library.to_owned());
        }
        let mut links = self.links.lock().expect("nothing panics while it holds this");
        if let Some(link) = links.get(library) {
            return Ok(link.clone());
        }
        let link = link_to(library, &self.scratch().join(format!("link-{}", links.len())))
            .with_context(|| format!("cannot make a link to {} in {}", library.display(), self.scratch().display()))?;
        links.insert(library.to_owned(), link.clone());
        Ok(link)
    }
}

/// What the library finds beside itself (`$ORIGIN`) is beside the link too: its folder is linked as a whole, or where the
/// library's own name is not plain, everything in that folder.
fn link_to(library: &Path, link: &Path) -> std::io::Result<PathBuf> {
    let (parent, name) = (library.parent().unwrap_or(Path::new("/")), library.file_name().unwrap_or_default());
    if is_plain(Path::new(name)) {
        symlink(parent, link)?;
        return Ok(link.join(name));
    }
    fs::create_dir(link)?;
    for beside in fs::read_dir(parent)? {
        let beside = beside?;
        symlink(beside.path(), link.join(beside.file_name()))?;
    }
    let link = link.join("allocator-under-test.so");
    symlink(library, &link)?;
    Ok(link)
}

const SCRATCH: &str = "allocheck-";
const LOCK: &str = "lock";

fn scratch_folder() -> Result<(TempDir, os::Lock)> {
    // Absolute, for probes start in other folders.
    let chosen = std::path::absolute(std::env::temp_dir()).ok().filter(|folder| is_plain(folder));
    let folder = chosen.unwrap_or_else(|| PathBuf::from("/tmp"));
    sweep(&folder);
    let complaint =
        || format!("cannot write to the temporary folder {}; set TMPDIR to one you can write to", folder.display());
    let scratch = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(&folder).with_context(complaint)?;
    // Held before it has its name: a lock that others can see is never free while its run lives.
    let unnamed = scratch.path().join("lock-to-be");
    let lock = os::try_lock(&unnamed).with_context(complaint)?;
    fs::rename(unnamed, scratch.path().join(LOCK)).with_context(complaint)?;
    Ok((scratch, lock))
}

/// Removes what runs left here that were killed before they could: the folders whose lock nobody holds.
fn sweep(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(SCRATCH)) {
        let lock = entry.path().join(LOCK);
        if lock.exists() && os::try_lock(&lock).is_ok() {
            // Another's, or gone already: not ours to say anything about.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
