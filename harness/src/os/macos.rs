//! macOS: what it has beyond POSIX to find what a cell left, and what the machine is.
//!
//! Compiled and linked for both architectures, and not run by anybody yet. Best effort, for there is less than on
//! Linux: a probe outlives a harness that is killed outright; a leftover that has left its session and cleared its
//! environment is not found; the limits on memory are set where the kernel takes them; and address space randomisation
//! can be turned off by posix_spawn(2) only, by which no cell is started.

use std::collections::BTreeSet;
use std::ffi::{CStr, c_int};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::ptr;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::resource::Resource;
use nix::unistd::{Pid, SysconfVar, pipe, sysconf};

use super::unix::limit;
use super::{Containment, MARK};
use crate::model::Platform;

/// No core file; nothing here pipes one to a program.
pub const NO_CORE: u64 = 0;

pub const PRELOAD: &str = "DYLD_INSERT_LIBRARIES";

/// `PROC_UID_ONLY` of <sys/proc_info.h>.
const OF_USER: u32 = 4;

/// Descriptors beyond this are not looked for: nothing here opens so many.
const DESCRIPTORS: c_int = 1024;

// ---- Starting and ending a cell ----------------------------------------------------------------------------------

/// A pipe of which no child inherits an end. One that is started between the two calls does until it is a program, for
/// [`close_all_on_exec`].
pub fn private_pipe() -> nix::Result<(OwnedFd, OwnedFd)> {
    let ends = pipe()?;
    for end in [ends.0.as_fd(), ends.1.as_fd()] {
        fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    Ok(ends)
}

/// What a process of a cell does to itself between fork and exec, in a session of its own already. The kernel refuses a
/// limit below what is mapped already, which the shared region alone may be.
pub fn enter(containment: Containment) -> nix::Result<()> {
    let limits = containment.limits;
    let _ = limit(Resource::RLIMIT_DATA, limits.memory_mib << 20);
    if let Some(address) = limits.address_mib {
        let _ = limit(Resource::RLIMIT_AS, address << 20);
    }
    Ok(())
}

/// Marks every descriptor beyond the standard ones.
pub fn close_all_on_exec() {
    for descriptor in 3..DESCRIPTORS {
        // SAFETY: a system call on a number; one that is not open is refused.
        unsafe {
            libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
}

/// Has the process ended? It is not reaped.
pub fn has_ended(pid: Pid) -> bool {
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: plain numbers, all of which may be zero; waitid(2) fills them in and leaves them where nothing has ended.
    let (result, state) = unsafe {
        let mut state: libc::siginfo_t = std::mem::zeroed();
        (libc::waitid(libc::P_PID, pid.as_raw() as libc::id_t, &raw mut state, flags), state)
    };
    result == 0 && state.si_pid == pid.as_raw()
}

/// Held while a cell runs. Orphans go to launchd here, which tells nobody whose they were.
pub struct Running(());

impl Running {
    pub fn begin() -> Self {
        Running(())
    }
}

/// The processes of this user but for this one: a leftover is found by its session or its mark.
pub fn possible_leftovers() -> Vec<Pid> {
    let mut pids: Vec<libc::pid_t> = vec![0; 1 << 14];
    let size = size_of_val(&pids[..]) as c_int;
    // SAFETY: getuid(2) cannot fail, and the buffer has the size that is told.
    let filled = unsafe { libc::proc_listpids(OF_USER, libc::getuid(), pids.as_mut_ptr().cast(), size) };
    pids.truncate(filled.max(0) as usize / size_of::<libc::pid_t>());
    let own = Pid::this();
    pids.into_iter().filter(|pid| *pid > 1).map(Pid::from_raw).filter(|pid| *pid != own).collect()
}

/// Has the process this mark in its environment? The mark is like no other text, so where it stands does not matter.
pub fn has_mark(pid: Pid, mark: &str) -> bool {
    let wanted = format!("{MARK}={mark}\0");
    // Arguments and environment are never more than a MiB here; the pages that are not filled are not touched.
    let mut bytes = vec![0; 1 << 20];
    let mut length = bytes.len();
    let mut name = [libc::CTL_KERN, libc::KERN_PROCARGS2, pid.as_raw()];
    // SAFETY: sysctl(3) reads three numbers, and writes at most `length` bytes.
    let result =
        unsafe { libc::sysctl(name.as_mut_ptr(), 3, bytes.as_mut_ptr().cast(), &raw mut length, ptr::null_mut(), 0) };
    result == 0 && bytes[..length].windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

// ---- What the machine is -----------------------------------------------------------------------------------------

/// What this platform tells of itself; its C runtime and what needs a probe are left out.
pub fn platform() -> Platform {
    let page_size = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(16384);
    Platform {
        name: platform_name(),
        libc: String::new(),
        kernel: system_text(c"kern.osrelease"),
        page_size: page_size as u64,
        huge_pages: "none".into(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        aslr: String::new(),
        witnesses: Vec::new(),
    }
}

/// Architecture and system: the folder name of this platform's snapshots.
pub fn platform_name() -> String {
    format!("{}-macos", std::env::consts::ARCH)
}

/// Name and version of the platform's own C runtime, which is the system's; `None` where only a probe can tell.
pub fn native() -> Option<(&'static str, String)> {
    Some(("macos", system_text(c"kern.osproductversion")))
}

/// One of the system's own words: `15.3`.
fn system_text(name: &CStr) -> String {
    let mut bytes = [0u8; 256];
    let mut length = bytes.len();
    // SAFETY: sysctlbyname(3) reads a C string, and writes at most `length` bytes.
    let result =
        unsafe { libc::sysctlbyname(name.as_ptr(), bytes.as_mut_ptr().cast(), &raw mut length, ptr::null_mut(), 0) };
    let text = CStr::from_bytes_until_nul(&bytes).ok().filter(|_| result == 0);
    text.map_or("unknown".into(), |text| text.to_string_lossy().into_owned())
}

/// posix_spawn(2) could, and nothing that runs between fork and exec can.
pub fn can_turn_aslr_off() -> bool {
    false
}

/// The folders in which the dynamic linker and the usual package managers have libraries, each once. The system's own are
/// in no folder.
pub fn library_folders() -> Vec<PathBuf> {
    let given = std::env::var_os("DYLD_LIBRARY_PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&given).collect();
    folders.extend(["/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib", "/usr/lib"].map(PathBuf::from));
    let mut seen = BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}
