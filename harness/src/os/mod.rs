//! The only place with `cfg(target_os)`: what a cell needs of the operating system. One file per system, all with the
//! functions that this module names.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::*;

#[cfg(not(target_os = "linux"))]
compile_error!("allocheck has no os/ file for this system yet: harness/src/os/linux.rs shows what one provides");

use crate::model::Limits;

/// The descriptor on which a probe finds its report pipe.
pub const REPORT_DESCRIPTOR: i32 = 199;

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
