//! Linux: what it has beyond POSIX to hold a cell and to find what a cell left, and what the machine is.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard};

use nix::fcntl::OFlag;
use nix::sys::personality::{self, Persona};
use nix::sys::prctl;
use nix::sys::resource::Resource;
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, SysconfVar, pipe2, sysconf};

use super::unix::{kill_all, limit, session};
use super::{Containment, MARK};
use crate::model::Platform;

/// A core limit of one byte: files are never written, and a piped core pattern is not run (core(5)); PR_SET_DUMPABLE
/// would do both too, and close /proc/self/pagemap to the probe.
pub const NO_CORE: u64 = 1;

pub const PRELOAD: &str = "LD_PRELOAD";

// ---- Starting and ending a cell ----------------------------------------------------------------------------------

/// A pipe of which no child inherits an end by accident.
pub fn private_pipe() -> nix::Result<(OwnedFd, OwnedFd)> {
    pipe2(OFlag::O_CLOEXEC)
}

/// What a process of a cell does to itself between fork and exec, in a session of its own already.
pub fn enter(containment: Containment) -> nix::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    die_first();
    let limits = containment.limits;
    limit(Resource::RLIMIT_DATA, limits.memory_mib << 20)?;
    if let Some(address) = limits.address_mib {
        limit(Resource::RLIMIT_AS, address << 20)?;
    }
    if containment.aslr_off {
        return personality::set(Persona::ADDR_NO_RANDOMIZE).map(drop);
    }
    // A caller under setarch(8) may have asked for something else; where a filter forbids it, nobody has.
    let _ = personality::set(Persona::empty());
    Ok(())
}

/// What RLIMIT_DATA does not see, shared memory, may still exhaust the machine: then the probe is to go, not the rest.
fn die_first() {
    let adjustment = "1000";
    // SAFETY: system calls on a literal path and a descriptor of our own. Without /proc there is nothing to adjust.
    unsafe {
        let file = libc::open(c"/proc/self/oom_score_adj".as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        libc::write(file, adjustment.as_ptr().cast(), adjustment.len());
        libc::close(file);
    }
}

/// Marks every descriptor beyond the standard ones. close_range(2) is missing before Linux 5.11: then the caller's are
/// not marked, and only those are.
pub fn close_all_on_exec() {
    // SAFETY: a system call on numbers.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}

/// Has the process ended? It is not reaped.
pub fn has_ended(pid: Pid) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    let state = waitid(Id::Pid(pid), flags);
    state.is_ok_and(|state| state.pid().is_some())
}

/// Held while a cell runs. Orphans of cells come to this process instead of init.
pub struct Running(());

/// How many there are.
static RUNNING: Mutex<usize> = Mutex::new(0);

fn running() -> MutexGuard<'static, usize> {
    RUNNING.lock().expect("nothing panics while it holds this")
}

impl Running {
    pub fn begin() -> Self {
        let _ = prctl::set_child_subreaper(true);
        *running() += 1;
        Running(())
    }
}

/// An orphan may have left its cell's session and cleared its environment. It is nobody's as long as several cells run;
/// once none does, every orphan is a leftover.
impl Drop for Running {
    fn drop(&mut self) {
        let mut running = running();
        *running -= 1;
        if *running == 0 {
            kill_all(|_| true);
        }
    }
}

/// Children of this process that belong to cells: its other ones, such as compilers, are in its own session.
pub fn possible_leftovers() -> Vec<Pid> {
    let own = session(Pid::this());
    children().into_iter().filter(|pid| session(*pid) != own).collect()
}

fn children() -> Vec<Pid> {
    let mut found = Vec::new();
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return found };
    for task in tasks.flatten() {
        let list = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        found.extend(list.split_whitespace().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw));
    }
    found
}

/// Has the process this mark in its environment?
pub fn has_mark(pid: Pid, mark: &str) -> bool {
    let wanted = format!("{MARK}={mark}");
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes())
}

// ---- What the machine is -----------------------------------------------------------------------------------------

/// What this platform tells of itself; its C runtime and what needs a probe are left out.
pub fn platform() -> Platform {
    let page_size = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096);
    Platform {
        name: platform_name(),
        libc: String::new(),
        kernel: read_word("/proc/sys/kernel/osrelease").unwrap_or_else(|| "unknown".into()),
        page_size: page_size as u64,
        huge_pages: huge_pages(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        aslr: String::new(),
        witnesses: Vec::new(),
    }
}

/// Architecture, system and C runtime: the folder name of this platform's snapshots.
pub fn platform_name() -> String {
    format!("{}-linux-{}", std::env::consts::ARCH, if cfg!(target_env = "musl") { "musl" } else { "gnu" })
}

/// Name and version of the platform's own C runtime; `None` where only a probe can tell.
pub fn native() -> Option<(&'static str, String)> {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: gnu_get_libc_version(3) returns a string that lives as long as the program.
        let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
        Some(("glibc", version.to_string_lossy().into_owned()))
    }
    #[cfg(not(target_env = "gnu"))]
    Some(("musl", "unknown".into()))
}

/// The choice in brackets of the kernel's list.
fn huge_pages() -> String {
    let list = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    let chosen = list.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    chosen.map_or("none", |(chosen, _)| chosen).to_owned()
}

fn read_word(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// Docker's default seccomp profile refuses it (moby#43011). The personality is a thread's own: one that ends at once
/// tries.
pub fn can_turn_aslr_off() -> bool {
    let attempt = || personality::get().and_then(|now| personality::set(now | Persona::ADDR_NO_RANDOMIZE));
    std::thread::spawn(move || attempt().is_ok()).join().unwrap_or(false)
}

/// The folders in which the dynamic linker finds libraries, each once.
pub fn library_folders() -> Vec<PathBuf> {
    let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
    let mut folders: Vec<PathBuf> =
        std::env::split_paths(&std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default()).collect();
    let known = ["/usr/local/lib", "/usr/lib64", "/usr/lib", "/lib64", "/lib"].map(PathBuf::from);
    folders.extend([format!("/usr/local/lib/{triple}"), format!("/usr/lib/{triple}")].map(PathBuf::from));
    folders.extend(known);
    folders.extend(linker_cache().into_iter().filter_map(|library| library.parent().map(PathBuf::from)));
    let mut seen = BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

/// The libraries of ldconfig(8)'s cache.
fn linker_cache() -> Vec<PathBuf> {
    let outputs = ["ldconfig", "/sbin/ldconfig"].iter().map(|program| Command::new(program).arg("-p").output());
    let Some(output) = outputs.flatten().find(|output| output.status.success()) else { return Vec::new() };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter_map(|line| line.split_once(" => ")).map(|(_, path)| PathBuf::from(path.trim())).collect()
}
