//! What POSIX systems share: pipes, sessions, limits, signals, locks. What differs is in the system's own file.

use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use nix::fcntl::{FcntlArg, Flock, FlockArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigHandler, Signal, kill, killpg, signal};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getsid, setsid};

use super::{Containment, Pyenv, absolute_folder, system};

pub use std::os::unix::fs::symlink;

/// A probe's report has a pipe of its own.
pub const REPORTS_ON_OUTPUT: bool = false;

/// Variables of this process that its children cannot do without.
pub const KEPT_VARIABLES: [&str; 0] = [];

/// The variable with the libraries that the dynamic linker loads before a program's own.
pub const PRELOAD: &str = system::PRELOAD;

/// The descriptor on which a probe finds its report pipe.
const REPORT_DESCRIPTOR: i32 = 199;
const STACK: u64 = 8 << 20;
const DESCRIPTORS: u64 = 1024;

// ---- Pipes ---------------------------------------------------------------------------------------------------------

/// The end of a pipe that a process of a cell gets.
pub type WritingEnd = OwnedFd;

/// A pipe whose reading end does not block; neither end is inherited by accident.
pub fn pipe() -> Result<(fs::File, WritingEnd)> {
    let (read, write) = system::private_pipe().context("cannot create a pipe")?;
    fcntl(&read, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).context("cannot set up a pipe")?;
    Ok((fs::File::from(read), write))
}

/// Reads what is there; an error of the kind `WouldBlock` if that is nothing yet.
pub fn read_available(pipe: &mut fs::File, buffer: &mut [u8]) -> io::Result<usize> {
    pipe.read(buffer)
}

/// Waits until one of the pipes has something to say or `milliseconds` have passed.
pub fn wait_readable(pipes: &[&fs::File], milliseconds: u16) {
    let mut watched: Vec<_> = pipes.iter().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)).collect();
    // An interrupted poll is a poll that was short.
    let _ = poll(&mut watched, PollTimeout::from(milliseconds));
}

// ---- The process of a cell -----------------------------------------------------------------------------------------

/// A cell's process and whatever it starts.
pub struct Process {
    child: Child,
    mark: String,
    _running: system::Running,
}

impl Process {
    /// Starts it in a session of its own, under its limits, with the report where it looks for it. Every process of the
    /// cell has `mark` in its environment.
    pub fn start(
        command: &mut Command,
        containment: Containment,
        report: &WritingEnd,
        mark: &str,
    ) -> io::Result<Process> {
        let report = report.as_raw_fd();
        command.env("ALLOCHECK_REPORT", REPORT_DESCRIPTOR.to_string());
        // SAFETY: between fork and exec only async-signal-safe system calls are made, and nothing is allocated.
        unsafe {
            command.pre_exec(move || enter(containment, report).map_err(io::Error::from));
        }
        let running = system::Running::begin();
        Ok(Process { child: command.spawn()?, mark: mark.to_owned(), _running: running })
    }

    /// Its standard input, if that is a pipe; once.
    pub fn take_input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Has it ended? It stays to be reaped, so that its process group cannot become another's meanwhile.
    pub fn has_ended(&mut self) -> bool {
        system::has_ended(self.pid())
    }

    /// Kills a copy that it made of itself, with the group of processes that the copy leads.
    pub fn kill_copy(&self, copy: u32) {
        self.kill_group(Pid::from_raw(copy as i32));
    }

    /// Nothing of the cell is left after this.
    pub fn end(&mut self) -> io::Result<ExitStatus> {
        self.kill_group(self.pid());
        let status = self.child.wait()?;
        self.kill_leftovers();
        Ok(status)
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// Kills a process group of the cell's session. What a report calls a group may be anything, and killpg(1) is
    /// everybody.
    fn kill_group(&self, group: Pid) {
        if session(group) == Some(self.pid()) {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }

    /// Kills what the cell left behind and says so by its session or its mark.
    fn kill_leftovers(&self) {
        kill_all(|pid| session(pid) == Some(self.pid()) || system::has_mark(pid, &self.mark));
    }
}

fn enter(containment: Containment, report: i32) -> nix::Result<()> {
    setsid()?;
    limit(Resource::RLIMIT_CORE, system::NO_CORE)?;
    limit(Resource::RLIMIT_STACK, STACK)?;
    limit(Resource::RLIMIT_NOFILE, DESCRIPTORS)?;
    system::enter(containment)?;
    pass_on(report)
}

/// Sets a limit, or what the caller's own leaves of it: only root may raise a hard one.
pub(super) fn limit(resource: Resource, wanted: u64) -> nix::Result<()> {
    let (_, hard) = getrlimit(resource)?;
    setrlimit(resource, wanted.min(hard), wanted.min(hard))
}

/// Of all descriptors beyond the standard ones only the report is passed on; the caller's own may have leaked here.
fn pass_on(report: i32) -> nix::Result<()> {
    system::close_all_on_exec();
    // SAFETY: system calls on numbers; the agreed one is free in this process, which only goes on to exec.
    unsafe {
        nix::errno::Errno::result(libc::dup2(report, REPORT_DESCRIPTOR))?;
        // dup2 of a number to itself keeps its mark.
        nix::errno::Errno::result(libc::fcntl(REPORT_DESCRIPTOR, libc::F_SETFD, 0)).map(drop)
    }
}

/// Kills processes until there are no more. One that forks and dies faster than it is killed is given up after a bounded
/// number of rounds.
pub(super) fn kill_all(chosen: impl Fn(Pid) -> bool) {
    for _ in 0..10_000 {
        let leftovers: Vec<_> = system::possible_leftovers().into_iter().filter(|pid| chosen(*pid)).collect();
        if leftovers.is_empty() {
            return;
        }
        for pid in leftovers {
            let _ = kill(pid, Signal::SIGKILL);
            // One that is no child of ours is another's to reap, which takes a moment.
            if waitpid(pid, None).is_err() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

pub(super) fn session(pid: Pid) -> Option<Pid> {
    getsid(Some(pid)).ok()
}

/// Ends this process, the one of a cell, with this report; nothing else runs.
pub fn report_and_exit(report: &str, status: i32) -> ! {
    // SAFETY: write(2) of text to a number, the report's; _exit(2) never returns.
    unsafe {
        libc::write(REPORT_DESCRIPTOR, report.as_ptr().cast(), report.len());
        libc::_exit(status)
    }
}

// ---- Endings and signals -------------------------------------------------------------------------------------------

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

// ---- Files ---------------------------------------------------------------------------------------------------------

/// A file's lock, held as long as this lives.
pub type Lock = Flock<fs::File>;

/// Takes the lock of a file, which is made if it is not there; an error if another process holds it.
pub fn try_lock(path: &Path) -> io::Result<Lock> {
    let file = fs::OpenOptions::new().create(true).append(true).open(path)?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| error.into())
}

/// Does the path survive the list of libraries to preload, and a line? The list is split at spaces and colons, and the
/// dynamic linker has variables of its own.
pub fn is_plain(path: &Path) -> bool {
    !path.to_string_lossy().contains([' ', ':', '$', '\n'])
}

/// Permissions of a new file as programs ask for them; the umask takes what it will.
pub fn usual_permissions() -> Option<fs::Permissions> {
    Some(fs::Permissions::from_mode(0o666))
}

/// pyenv's own.
pub const PYENV: Pyenv = Pyenv { home: "HOME", root: ".pyenv", python: "bin/python" };

/// Where programs keep caches: the XDG base directory specification.
pub fn cache_base() -> Result<PathBuf> {
    let home = || absolute_folder("HOME").map(|home| home.join(".cache"));
    absolute_folder("XDG_CACHE_HOME").or_else(home).ok_or_else(|| {
        anyhow!("neither XDG_CACHE_HOME nor HOME is set; set XDG_CACHE_HOME to a folder you can write to")
    })
}
