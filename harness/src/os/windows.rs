//! Windows: job objects instead of sessions and limits, the system's own names for deaths.
//!
//! A cell's process starts suspended, goes into a job, and only then runs; the job ends with its last handle, so nothing
//! of a cell outlives it, or this program. A job bounds committed memory; reserved addresses and the size of the stack
//! are bounded by nothing here. Address space randomisation is off for programs that do not ask for it, as probes are built.
//!
//! Run under Wine 8 only, built for x86_64-pc-windows-gnu, with MinGW's gcc (ci/leg-windows): endings, leftovers, pipes,
//! locks, discovery, whole runs, Ctrl-C. Not run by anybody: Windows itself, the MSVC build, and the bound on memory, which
//! Wine's jobs do not have.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::windows::ffi::OsStringExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use windows_sys::Wdk::System::SystemServices::RtlGetVersion;
use windows_sys::Win32::Foundation as status;
use windows_sys::Win32::Foundation::{ERROR_BROKEN_PIPE, HANDLE, INVALID_HANDLE_VALUE, NTSTATUS};
use windows_sys::Win32::Storage::FileSystem::{LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx};
use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::Win32::System::Diagnostics::Debug::{
    SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SEM_NOOPENFILEERRORBOX, SetErrorMode,
};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::IO::OVERLAPPED;
use windows_sys::Win32::System::JobObjects::*;
use windows_sys::Win32::System::Pipes::{CreatePipe, PeekNamedPipe};
use windows_sys::Win32::System::SystemInformation::{GetSystemDirectoryW, GetSystemInfo, OSVERSIONINFOW, SYSTEM_INFO};
use windows_sys::Win32::System::Threading::{
    CREATE_SUSPENDED, DETACHED_PROCESS, GetCurrentProcess, OpenThread, ResumeThread, THREAD_SUSPEND_RESUME,
    TerminateProcess,
};

use super::{Containment, Pyenv, absolute_folder};
use crate::model::{Limits, Platform};

/// A probe's report is its standard output: see c-shims/system_windows.c.
pub const REPORTS_ON_OUTPUT: bool = true;

/// Variables of this process that its children cannot do without: many of the system's DLLs look for this one.
pub const KEPT_VARIABLES: [&str; 1] = ["SystemRoot"];

/// Nothing is preloaded on Windows, and no linker reads this.
pub const PRELOAD: &str = "LD_PRELOAD";

/// Of a pipe; a probe that writes more waits until it is read.
const PIPE_SIZE: u32 = 1 << 16;

/// How long the end of a job may take before nobody waits for it any longer.
const PATIENCE: Duration = Duration::from_secs(10);

// ---- Pipes ---------------------------------------------------------------------------------------------------------

/// The end of a pipe that a process of a cell gets.
pub type WritingEnd = OwnedHandle;

/// A pipe whose ends no child inherits by accident.
pub fn pipe() -> Result<(fs::File, WritingEnd)> {
    let (mut read, mut write): (HANDLE, HANDLE) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: writes two handles, which are ours alone.
    let ends = unsafe {
        checked(CreatePipe(&raw mut read, &raw mut write, ptr::null(), PIPE_SIZE))
            .map(|()| (OwnedHandle::from_raw_handle(read), OwnedHandle::from_raw_handle(write)))
    };
    let (read, write) = ends.context("cannot create a pipe")?;
    Ok((fs::File::from(read), write))
}

/// How many bytes a pipe has; `None` once its writers are gone and all was read.
fn available(pipe: &fs::File) -> io::Result<Option<usize>> {
    let mut length = 0;
    let handle = pipe.as_raw_handle();
    // SAFETY: asks for a number only.
    let peeked = checked(unsafe {
        PeekNamedPipe(handle, ptr::null_mut(), 0, ptr::null_mut(), &raw mut length, ptr::null_mut())
    });
    match peeked {
        Ok(()) => Ok(Some(length as usize)),
        Err(error) if error.raw_os_error() == Some(ERROR_BROKEN_PIPE as i32) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads what is there; an error of the kind `WouldBlock` if that is nothing yet.
pub fn read_available(pipe: &mut fs::File, buffer: &mut [u8]) -> io::Result<usize> {
    match available(pipe)? {
        None => Ok(0),
        Some(0) => Err(ErrorKind::WouldBlock.into()),
        Some(_) => pipe.read(buffer),
    }
}

/// Waits until one of the pipes has something to say or `milliseconds` have passed. These pipes cannot be waited for.
pub fn wait_readable(pipes: &[&fs::File], milliseconds: u16) {
    let began = Instant::now();
    let speaks = |pipe: &&fs::File| !matches!(available(pipe), Ok(Some(0)));
    while !pipes.iter().any(speaks) && began.elapsed() < Duration::from_millis(milliseconds.into()) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

// ---- The process of a cell -----------------------------------------------------------------------------------------

/// A cell's process and whatever it starts.
pub struct Process {
    child: Child,
    job: OwnedHandle,
}

impl Process {
    /// Starts it in a job of its own, under its limits. It has no console, so that no window shows, and Ctrl-C is for
    /// this program alone. The report is its standard output, and a job needs no mark.
    pub fn start(
        command: &mut Command,
        containment: Containment,
        _report: &WritingEnd,
        _mark: &str,
    ) -> io::Result<Process> {
        no_dialogs();
        let job = new_job(containment.limits)?;
        let mut child = spawn(command.creation_flags(CREATE_SUSPENDED | DETACHED_PROCESS))?;
        // SAFETY: two handles that are open.
        let adopted = checked(unsafe { AssignProcessToJobObject(job.as_raw_handle(), child.as_raw_handle()) });
        match adopted.and_then(|()| resume(child.id())) {
            Ok(()) => Ok(Process { child, job }),
            Err(error) => {
                let _ = child.kill();
                Err(error)
            }
        }
    }

    /// Its standard input, if that is a pipe; once.
    pub fn take_input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Has it ended?
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// No process can copy itself here, so what calls itself a copy is not believed: the whole cell goes.
    pub fn kill_copy(&self, _copy: u32) {
        self.kill();
    }

    /// Nothing of the cell is left after this.
    pub fn end(&mut self) -> io::Result<ExitStatus> {
        self.kill();
        let status = self.child.wait()?;
        // They end one after the other, and their files are in use until they have.
        let began = Instant::now();
        while processes_of(&self.job) > 0 && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(status)
    }

    /// A process that has ended keeps its status.
    fn kill(&self) {
        // SAFETY: a handle that is open.
        unsafe {
            TerminateJobObject(self.job.as_raw_handle(), 1);
        }
    }
}

/// Under Wine one start of many fails with an internal error, and the next one does not.
fn spawn(command: &mut Command) -> io::Result<Child> {
    let failed_itself = |started: &io::Result<Child>| {
        started.as_ref().is_err_and(|error| error.raw_os_error() == Some(status::ERROR_INTERNAL_ERROR as i32))
    };
    let mut started = command.spawn();
    for _ in 0..10 {
        if failed_itself(&started) {
            std::thread::sleep(Duration::from_millis(20));
            started = command.spawn();
        }
    }
    started
}

/// A job that ends with this handle, and ends a process instead of asking the user about its crash.
fn new_job(limits: Limits) -> io::Result<OwnedHandle> {
    let mut wanted = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    wanted.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION | JOB_OBJECT_LIMIT_JOB_MEMORY;
    let mib = limits.address_mib.map_or(limits.memory_mib, |address| address.min(limits.memory_mib));
    wanted.JobMemoryLimit = usize::try_from(mib.saturating_mul(1 << 20)).unwrap_or(usize::MAX);
    // SAFETY: a new handle that is ours alone; the limits are read for as long as their size is.
    unsafe {
        let job = CreateJobObjectW(ptr::null(), ptr::null());
        if job.is_null() {
            return Err(io::Error::last_os_error());
        }
        let job = OwnedHandle::from_raw_handle(job);
        let size = size_of_val(&wanted) as u32;
        let class = JobObjectExtendedLimitInformation;
        checked(SetInformationJobObject(job.as_raw_handle(), class, (&raw const wanted).cast(), size))?;
        Ok(job)
    }
}

/// How many processes of a job still run.
fn processes_of(job: &OwnedHandle) -> u32 {
    let mut told = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default();
    let class = JobObjectBasicAccountingInformation;
    let size = size_of_val(&told) as u32;
    // SAFETY: writes as much as the size says.
    unsafe {
        QueryInformationJobObject(job.as_raw_handle(), class, (&raw mut told).cast(), size, ptr::null_mut());
    }
    told.ActiveProcesses
}

/// Lets a process run that was started suspended. Its threads are found in the list of all, for the standard library
/// closes the handle of the first one.
fn resume(process: u32) -> io::Result<()> {
    // SAFETY: the list is a handle that is ours; an entry tells its size, and is filled in by each call.
    unsafe {
        let list = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
        if list == INVALID_HANDLE_VALUE {
            return Err(io::Error::last_os_error());
        }
        let list = OwnedHandle::from_raw_handle(list);
        let mut entry = THREADENTRY32 { dwSize: size_of::<THREADENTRY32>() as u32, ..Default::default() };
        let mut more = Thread32First(list.as_raw_handle(), &raw mut entry);
        while more != 0 {
            if entry.th32OwnerProcessID == process {
                resume_thread(entry.th32ThreadID)?;
            }
            more = Thread32Next(list.as_raw_handle(), &raw mut entry);
        }
    }
    Ok(())
}

fn resume_thread(number: u32) -> io::Result<()> {
    // SAFETY: the handle is ours alone. A thread that is not suspended is not changed.
    unsafe {
        let thread = OpenThread(THREAD_SUSPEND_RESUME, 0, number);
        if thread.is_null() {
            return Err(io::Error::last_os_error());
        }
        let thread = OwnedHandle::from_raw_handle(thread);
        if ResumeThread(thread.as_raw_handle()) == u32::MAX { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// A crash ends a process, and no window waits for somebody to click. Children inherit it.
fn no_dialogs() {
    static ONCE: Once = Once::new();
    // SAFETY: a flag of this process.
    ONCE.call_once(|| unsafe {
        SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    });
}

/// Ends this process, the one of a cell, with this report; no DLL is told.
pub fn report_and_exit(report: &str, status: i32) -> ! {
    let mut output = io::stdout();
    // Nobody may be there to read it.
    let _ = output.write_all(report.as_bytes()).and_then(|()| output.flush());
    // SAFETY: ends this process itself.
    unsafe {
        TerminateProcess(GetCurrentProcess(), status as u32);
    }
    unreachable!("this process has ended")
}

// ---- Endings and signals -------------------------------------------------------------------------------------------

/// What the system ends a process with, by the names in ntstatus.h.
const DEATHS: [(NTSTATUS, &str); 17] = [
    (status::STATUS_ACCESS_VIOLATION, "STATUS_ACCESS_VIOLATION"),
    (status::STATUS_ASSERTION_FAILURE, "STATUS_ASSERTION_FAILURE"),
    (status::STATUS_BREAKPOINT, "STATUS_BREAKPOINT"),
    (status::STATUS_CONTROL_C_EXIT, "STATUS_CONTROL_C_EXIT"),
    (status::STATUS_DATATYPE_MISALIGNMENT, "STATUS_DATATYPE_MISALIGNMENT"),
    (status::STATUS_DLL_INIT_FAILED, "STATUS_DLL_INIT_FAILED"),
    (status::STATUS_DLL_NOT_FOUND, "STATUS_DLL_NOT_FOUND"),
    (status::STATUS_ENTRYPOINT_NOT_FOUND, "STATUS_ENTRYPOINT_NOT_FOUND"),
    (status::STATUS_GUARD_PAGE_VIOLATION, "STATUS_GUARD_PAGE_VIOLATION"),
    (status::STATUS_HEAP_CORRUPTION, "STATUS_HEAP_CORRUPTION"),
    (status::STATUS_ILLEGAL_INSTRUCTION, "STATUS_ILLEGAL_INSTRUCTION"),
    (status::STATUS_INTEGER_DIVIDE_BY_ZERO, "STATUS_INTEGER_DIVIDE_BY_ZERO"),
    (status::STATUS_INVALID_HANDLE, "STATUS_INVALID_HANDLE"),
    (status::STATUS_INVALID_PARAMETER, "STATUS_INVALID_PARAMETER"),
    (status::STATUS_NO_MEMORY, "STATUS_NO_MEMORY"),
    (status::STATUS_STACK_BUFFER_OVERRUN, "STATUS_STACK_BUFFER_OVERRUN"),
    (status::STATUS_STACK_OVERFLOW, "STATUS_STACK_OVERFLOW"),
];

/// How a process ended: its exit status, or the name of what killed it.
pub fn decode(status: ExitStatus) -> Result<i32, String> {
    let code = status.code().unwrap_or(-1);
    match DEATHS.iter().find(|(death, _)| *death == code) {
        Some((_, name)) => Err((*name).to_owned()),
        // An error of Microsoft's own; a program's status is hardly ever so large.
        None if code as u32 >> 28 == 0xC => Err(format!("STATUS_{code:08X}")),
        None => Ok(code),
    }
}

/// The few that C has here.
pub fn signal_name(number: i32) -> String {
    let known = [(2, "SIGINT"), (4, "SIGILL"), (8, "SIGFPE"), (11, "SIGSEGV"), (15, "SIGTERM"), (22, "SIGABRT")];
    let name = known.iter().find(|(known, _)| *known == number).map(|(_, name)| (*name).to_owned());
    name.unwrap_or_else(|| format!("signal {number}"))
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Set by Ctrl-C, by Ctrl-Break, and when the console or the session closes.
pub fn interrupted() -> &'static AtomicBool {
    static ONCE: Once = Once::new();
    // SAFETY: the handler only touches what lives as long as the program. Without it Ctrl-C ends the program: no harm.
    ONCE.call_once(|| unsafe {
        SetConsoleCtrlHandler(Some(interrupt), 1);
    });
    &INTERRUPTED
}

/// In a thread of its own. The system ends the program as soon as this returns where the console goes, so it waits for
/// what the system would wait for at most.
unsafe extern "system" fn interrupt(event: u32) -> i32 {
    INTERRUPTED.store(true, Ordering::Relaxed);
    if event > windows_sys::Win32::System::Console::CTRL_BREAK_EVENT {
        std::thread::sleep(PATIENCE);
    }
    1
}

/// Signals as this program wants them, whatever its caller made of them.
pub fn take_signals() {
    no_dialogs();
    interrupted().store(false, Ordering::Relaxed);
}

/// Nothing stands between a crash and its status here: Rust's handler tells a stack overflow and lets it pass.
pub fn give_up_signals() {}

// ---- Files ---------------------------------------------------------------------------------------------------------

/// A file's lock, held as long as this lives.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "it is held, not used")] fs::File);

/// Takes the lock of a file, which is made if it is not there; an error if another process holds it.
pub fn try_lock(path: &Path) -> io::Result<Lock> {
    let file = fs::OpenOptions::new().read(true).create(true).append(true).open(path)?;
    let mut from = OVERLAPPED::default();
    let flags = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: a handle that is open, and where the lock begins; it is not kept.
    checked(unsafe { LockFileEx(file.as_raw_handle(), flags, 0, u32::MAX, u32::MAX, &raw mut from) })?;
    Ok(Lock(file))
}

/// Does the path survive the list of libraries to preload? There is no such list.
pub fn is_plain(_path: &Path) -> bool {
    true
}

/// A link to a file or a folder, where the user may make one.
pub fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    if original.as_ref().is_dir() {
        std::os::windows::fs::symlink_dir(original, link)
    } else {
        std::os::windows::fs::symlink_file(original, link)
    }
}

/// Permissions of a new file as programs ask for them: the folder's.
pub fn usual_permissions() -> Option<fs::Permissions> {
    None
}

/// Those of pyenv-win.
pub const PYENV: Pyenv = Pyenv { home: "USERPROFILE", root: r".pyenv\pyenv-win", python: "python.exe" };

/// Where programs keep caches.
pub fn cache_base() -> Result<PathBuf> {
    absolute_folder("XDG_CACHE_HOME").or_else(|| absolute_folder("LOCALAPPDATA")).ok_or_else(|| {
        anyhow!("neither XDG_CACHE_HOME nor LOCALAPPDATA is set; set XDG_CACHE_HOME to a folder you can write to")
    })
}

// ---- What the machine is -------------------------------------------------------------------------------------------

/// What this platform tells of itself; its C runtime and what needs a probe are left out.
pub fn platform() -> Platform {
    let mut system = SYSTEM_INFO::default();
    let mut version = OSVERSIONINFOW { dwOSVersionInfoSize: size_of::<OSVERSIONINFOW>() as u32, ..Default::default() };
    // SAFETY: both fill in plain numbers; the second one knows the size.
    unsafe {
        GetSystemInfo(&raw mut system);
        RtlGetVersion(&raw mut version);
    }
    Platform {
        name: platform_name(),
        libc: String::new(),
        kernel: format!("{}.{}.{}", version.dwMajorVersion, version.dwMinorVersion, version.dwBuildNumber),
        page_size: system.dwPageSize.into(),
        huge_pages: "none".into(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        aslr: String::new(),
        witnesses: Vec::new(),
    }
}

/// Architecture, system and ABI: the folder name of this platform's snapshots.
pub fn platform_name() -> String {
    format!("{}-windows-{}", std::env::consts::ARCH, if cfg!(target_env = "msvc") { "msvc" } else { "gnu" })
}

/// Name and version of the platform's own C runtime; `None` where only a probe can tell: a program has the one of many
/// that its compiler chose.
pub fn native() -> Option<(&'static str, String)> {
    None
}

/// Probes are built so that it is off for them; what a process finds at its start tells whether it is. An interpreter is as
/// it was installed, and its own addresses are not asked.
pub fn can_turn_aslr_off() -> bool {
    true
}

/// The folders in which libraries are looked for, in their order: the system's, then those of PATH.
pub fn library_folders() -> Vec<PathBuf> {
    let mut name = [0u16; 260];
    // SAFETY: writes at most as many characters as told.
    let length = unsafe { GetSystemDirectoryW(name.as_mut_ptr(), name.len() as u32) } as usize;
    let system = PathBuf::from(OsString::from_wide(&name[..length.min(name.len())]));
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(system).chain(std::env::split_paths(&path)).collect()
}

/// What most functions of the system return: zero is failure.
fn checked(result: i32) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
