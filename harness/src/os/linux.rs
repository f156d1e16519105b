//! Linux: limits, signals, leftovers, and what the machine is.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use anyhow::{Context, Result};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::personality::{self, Persona};
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigHandler, Signal, kill, killpg, signal};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{Pid, SysconfVar, getsid, pipe2, setsid, sysconf};

use super::{Containment, MARK, REPORT_DESCRIPTOR};
use crate::model::Platform;

const STACK: u64 = 8 << 20;
const DESCRIPTORS: u64 = 1024;
/// A core limit of one byte: files are never written, and a piped core pattern is not run (core(5)); PR_SET_DUMPABLE
/// would do both too, and close /proc/self/pagemap to the probe.
const NO_CORE: u64 = 1;

// ---- Starting and ending a cell ----------------------------------------------------------------------------------

/// A pipe whose reading end does not block; neither end is inherited by accident.
pub fn pipe() -> Result<(fs::File, OwnedFd)> {
    let (read, write) = pipe2(nix::fcntl::OFlag::O_CLOEXEC).context("cannot create a pipe")?;
    let flags = nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK);
    nix::fcntl::fcntl(&read, flags).context("cannot set up a pipe")?;
    Ok((fs::File::from(read), write))
}

/// Makes `command` start in a session of its own, under its limits, with `report` as [`REPORT_DESCRIPTOR`].
pub fn contain(command: &mut Command, containment: Containment, report: &OwnedFd) {
    let report = report.as_raw_fd();
    // SAFETY: between fork and exec only async-signal-safe system calls are made, and nothing is allocated.
    unsafe {
        command.pre_exec(move || enter(containment, report).map_err(io::Error::from));
    }
}

fn enter(containment: Containment, report: i32) -> nix::Result<()> {
    setsid()?;
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    die_first();
    let limits = containment.limits;
    limit(Resource::RLIMIT_CORE, NO_CORE)?;
    limit(Resource::RLIMIT_STACK, STACK)?;
    limit(Resource::RLIMIT_NOFILE, DESCRIPTORS)?;
    limit(Resource::RLIMIT_DATA, limits.memory_mib << 20)?;
    if let Some(address) = limits.address_mib {
        limit(Resource::RLIMIT_AS, address << 20)?;
    }
    if containment.aslr_off {
        personality::set(Persona::ADDR_NO_RANDOMIZE)?;
    } else {
        // A caller under setarch(8) may have asked for something else; where a filter forbids it, nobody has.
        let _ = personality::set(Persona::empty());
    }
    pass_on(report)
}

/// Sets a limit, or what the caller's own leaves of it: only root may raise a hard one.
fn limit(resource: Resource, wanted: u64) -> nix::Result<()> {
    let (_, hard) = getrlimit(resource)?;
    setrlimit(resource, wanted.min(hard), wanted.min(hard))
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

/// Of all descriptors beyond the standard ones only the report is passed on; the caller's own may have leaked here.
fn pass_on(report: i32) -> nix::Result<()> {
    // SAFETY: system calls on numbers; the agreed one is free in this process, which only goes on to exec. close_range(2)
    // is missing before Linux 5.11: then the caller's are not marked, and only those are.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
        nix::errno::Errno::result(libc::dup2(report, REPORT_DESCRIPTOR))?;
        // dup2 of a number to itself keeps its mark.
        nix::errno::Errno::result(libc::fcntl(REPORT_DESCRIPTOR, libc::F_SETFD, 0)).map(drop)
    }
}

/// Ends this process, started by [`contain`], with this report; nothing else runs.
pub fn report_and_exit(report: &str, status: i32) -> ! {
    // SAFETY: write(2) of text to a number, the report's; _exit(2) never returns.
    unsafe {
        libc::write(REPORT_DESCRIPTOR, report.as_ptr().cast(), report.len());
        libc::_exit(status)
    }
}

/// Waits until one of the pipes has something to say or `milliseconds` have passed.
pub fn wait_readable(pipes: &[&fs::File], milliseconds: u16) {
    let mut watched: Vec<_> = pipes.iter().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)).collect();
    // An interrupted poll is a poll that was short.
    let _ = poll(&mut watched, PollTimeout::from(milliseconds));
}

/// Has the process ended? It stays to be reaped, so that its process group cannot become another's meanwhile.
pub fn has_ended(pid: u32) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    let state = waitid(Id::Pid(Pid::from_raw(pid as i32)), flags);
    state.is_ok_and(|state| state.pid().is_some())
}

/// Kills a process group of a cell's session. What a report calls a group may be anything, and killpg(1) is everybody.
pub fn kill_group(cell: u32, group: u32) {
    let (cell, group) = (Pid::from_raw(cell as i32), Pid::from_raw(group as i32));
    if session(group) == Some(cell) {
        let _ = killpg(group, Signal::SIGKILL);
    }
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

/// Kills what a cell left behind and says so by its session or its mark.
pub fn kill_leftovers(cell: u32, mark: &str) {
    kill_all(|orphan| session(orphan) == Some(Pid::from_raw(cell as i32)) || has_mark(orphan, mark));
}

/// Kills orphans until there are no more. One that forks and dies faster than it is killed is given up after a bounded
/// number of rounds.
fn kill_all(chosen: impl Fn(Pid) -> bool) {
    for _ in 0..10_000 {
        let leftovers: Vec<_> = orphans().into_iter().filter(|pid| chosen(*pid)).collect();
        if leftovers.is_empty() {
            return;
        }
        for pid in leftovers {
            let _ = kill(pid, Signal::SIGKILL);
            let _ = waitpid(pid, None);
        }
    }
}

/// Children of this process that belong to cells: its other ones, such as compilers, are in its own session.
fn orphans() -> Vec<Pid> {
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

fn session(pid: Pid) -> Option<Pid> {
    getsid(Some(pid)).ok()
}

fn has_mark(pid: Pid, mark: &str) -> bool {
    let wanted = format!("{MARK}={mark}");
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes())
}

/// How a process ended: its exit status, or the name of the signal.
pub fn decode(status: ExitStatus) -> Result<i32, String> {
    match status.signal() {
        None => Ok(status.code().unwrap_or(-1)),
        Some(number) => Err(signal_name(number)),
    }
}

/// `SIGSEGV`
pub fn signal_name(number: i32) -> String {
    Signal::try_from(number).map_or(format!("signal {number}"), |signal| signal.as_str().to_owned())
}

/// Set by Ctrl-C and by a polite kill.
pub fn interrupted() -> &'static AtomicBool {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    FLAG.get_or_init(|| {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            // A signal that cannot be watched keeps its default, which ends the program: no harm done.
            let _ = signal_hook::flag::register(signal, Arc::clone(&flag));
        }
        flag
    })
}

/// Signals as this program wants them, whatever its caller made of them.
pub fn take_signals() {
    interrupted().store(false, Ordering::Relaxed);
    // A caller that ignores SIGCHLD would take the ends of our children from us.
    to_default(Signal::SIGCHLD);
}

/// Lets a crash be one: Rust's own handlers, which tell a stack overflow, let others pass on the second try only.
pub fn give_up_signals() {
    to_default(Signal::SIGSEGV);
    to_default(Signal::SIGBUS);
}

fn to_default(number: Signal) {
    // SAFETY: the default is no handler of ours.
    let _ = unsafe { signal(number, SigHandler::SigDfl) };
}

/// A file's lock, held as long as this lives.
pub type Lock = nix::fcntl::Flock<fs::File>;

/// Takes the lock of a file, which is made if it is not there; an error if another process holds it.
pub fn try_lock(path: &Path) -> io::Result<Lock> {
    let file = fs::OpenOptions::new().create(true).append(true).open(path)?;
    nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock).map_err(|(_, error)| error.into())
}

// ---- What the machine is -----------------------------------------------------------------------------------------

/// Everything about the platform that needs no probe.
pub fn platform() -> Platform {
    let page_size = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096);
    let (libc, version) = native();
    Platform {
        name: platform_name(),
        libc: format!("{libc} {version}"),
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

/// Name and version of the platform's own C runtime.
pub fn native() -> (&'static str, String) {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: gnu_get_libc_version(3) returns a string that lives as long as the program.
        let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
        ("glibc", version.to_string_lossy().into_owned())
    }
    #[cfg(not(target_env = "gnu"))]
    ("musl", "unknown".into())
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
