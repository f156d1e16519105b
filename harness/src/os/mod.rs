//! The only place with `cfg(target_os)`: what a cell needs of the operating system. One file per system, all with the
//! functions that this module names; `unix.rs` has what POSIX systems share.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;

#[cfg(unix)]
pub use system::{can_turn_aslr_off, library_folders, native, platform, platform_name};
#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
compile_error!("allocheck has no os/ file for this system yet: harness/src/os/linux.rs shows what one provides");

use std::path::PathBuf;

use crate::model::Limits;

/// The variable that marks every process of a cell, so that none outlives it.
pub const MARK: &str = "ALLOCHECK_CELL";

/// An error once the user wants this program to end: asked between two steps of work.
pub fn check_interruption() -> anyhow::Result<()> {
    anyhow::ensure!(!interrupted().load(std::sync::atomic::Ordering::Relaxed), "interrupted");
    Ok(())
}

/// What keeps a cell from hurting anything but itself.
#[derive(Clone, Copy, Debug)]
pub struct Containment {
    pub limits: Limits,
    /// Ask the system for fixed addresses.
    pub aslr_off: bool,
}

/// Where pyenv keeps interpreters, in the folder `root` of the home that the variable `home` names, unless told otherwise.
pub struct Pyenv {
    pub home: &'static str,
    pub root: &'static str,
    /// In the folder of a version.
    pub python: &'static str,
}

/// The folder of a variable, if it is an absolute one.
fn absolute_folder(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
