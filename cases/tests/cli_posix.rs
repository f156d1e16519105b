//! The program as a user of a POSIX system runs it: with libraries of his own, under odd callers, interrupted.
#![cfg(unix)]

mod tools;

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use allocheck::model::{Origin, Verdict};
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::Pid;
use rstest::rstest;
use tools::{PROGRAM, RULE, Said, User, eventually, native_name, processes_with, quick, unfinished};

// ---- A library of one's own ----------------------------------------------------------------------------------------------

#[test]
fn a_complaint_is_1_and_can_be_repeated() {
    let user = User::new();
    user.library("libmine.so", &["bump"], &["-DMISALIGNED"]);
    let all = user.run(["run", "./libmine.so", "--rule", "conformance/alignment/*", "--format", "json"]).report(1);
    let finding = all.findings.iter().find(|finding| finding.verdict == Verdict::Violates).expect("it is misaligned");
    assert!(all.findings.len() > 1 && all.findings.iter().all(|finding| finding.allocator == "libmine"), "{all:?}");

    // As a user pastes it, from another folder.
    let mut shell = user.command([""; 0]);
    let folder = Path::new(PROGRAM).parent().expect("a file has a folder").to_str().expect("UTF-8");
    let path = format!("{folder}:{}", std::env::var("PATH").expect("it is set"));
    let mut paste = Command::new("sh");
    paste.args(["-c", &format!("{} --format json", finding.reproduce)]).current_dir("/").env_clear();
    paste.envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PATH", path);
    let again = user.finish(&mut paste).report(1);
    shell.env_clear();
    assert_eq!(again.findings, std::slice::from_ref(finding));
}

#[test]
fn nothing_to_run_is_told() {
    let user = User::new();
    user.library("libmine.so", &["bump"], &[]);
    let said = user.run(["run", "./libmine.so", "--area", "python"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.err.contains("nothing to run") && said.err.lines().count() == 1, "{said:?}");
}

#[rstest]
#[case(&["./libmine.so"], "libmine")]
#[case(&["libmine.so"], "libmine")]
#[case(&["./libmine.so", "--as", "bump"], "bump")]
#[case(&["bump=libmine.so"], "bump")]
#[case(&["bump=./libmine.so"], "bump")]
fn only_the_named_library_is_tested(#[case] named: &[&str], #[case] name: &str) {
    let user = User::new();
    let library = user.library("libmine.so", &["bump"], &[]);
    let report = user.run([&["run", "--rule", RULE, "--format=json"], named].concat()).report(0);
    let [allocator] = &report.allocators[..] else { panic!("{report:?}") };
    assert_eq!((allocator.name.as_str(), allocator.origin), (name, Origin::Path));
    assert_eq!(allocator.path.as_deref().map(Path::new), library.canonicalize().ok().as_deref());
    assert!(report.findings.iter().all(|finding| finding.allocator == name), "{report:?}");
}

/// The library notes the environment of every process that it is loaded into.
#[test]
fn nothing_of_the_callers_environment_reaches_a_probe() {
    let user = User::new();
    let notes = format!("-DNOTES=\"{}\"", user.path("notes").display());
    user.library("libmine.so", &["bump", "constructor"], &["-DBODY=NOTE_ENVIRONMENT", &notes]);
    let other = user.library("libother.so", &["nothing"], &[]);
    let mut command = user.command(quick("./libmine.so"));
    let inherited = ["MALLOC_ARENA_MAX", "MALLOC_CONF", "PYTHONMALLOC", "LD_LIBRARY_PATH", "ALLOCHECK_VARIANT", "TZ"];
    command
        .envs(inherited.map(|name| (name, "7")))
        .env("LD_PRELOAD", other)
        .env("GLIBC_TUNABLES", "glibc.malloc.check=3");
    user.finish(&mut command).report(0);
    let notes = fs::read_to_string(user.path("notes")).expect("the library wrote it");
    let entries: Vec<&str> = notes.split('\0').collect();
    assert!(
        entries.iter().any(|entry| entry.starts_with("LD_PRELOAD=") && entry.ends_with("/libmine.so")),
        "{entries:?}"
    );
    for name in inherited {
        assert!(!entries.iter().any(|entry| entry.starts_with(&format!("{name}="))), "{name}: {entries:?}");
    }
    assert!(!notes.contains("libother") && !notes.contains("malloc.check"), "{entries:?}");
}

// ---- Mistakes: what, where, the mend ---------------------------------------------------------------------------------------

#[rstest]
#[case::missing("./libnone.so", &["./libnone.so", "No such file", "shared library that exports malloc"])]
#[case::folder("./tmp", &["./tmp is a folder", "shared library that exports malloc"])]
#[case::device("/dev/zero", &["/dev/zero is no file", "shared library that exports malloc"])]
#[case::text("./text.so", &["text.so is not a shared library", "shared library that exports malloc"])]
#[case::empty("./empty.so", &["empty.so is not a shared library"])]
#[case::other_machine("./libother.so", &["libother.so is built for", "tests"])]
#[case::program("/bin/sh", &["/bin/sh is a program", "shared library that exports malloc"])]
#[case::no_malloc("./libnothing.so", &["libnothing.so does not ", "only a library that replaces malloc can be put under test"])]
#[case::incomplete("./libincomplete.so", &["libincomplete.so does not load", "libpages.so"])]
#[case::crashes("./libcrash.so", &["libcrash.so", "crashes (SIGSEGV)", "constructors"])]
#[case::exits("./libexit.so", &["libexit.so", "ends the program", "9", "constructors"])]
#[case::misspelt("jemaloc", &["\"jemaloc\"", "did you mean \"jemalloc\"?", "allocheck list"])]
#[case::unknown("zzz", &["\"zzz\"", "allocheck list"])]
#[case::missing_of_pair("jemaloc->zzz", &["\"jemaloc\""])]
fn allocators_that_cannot_be(#[case] name: &str, #[case] words: &[&str]) {
    let user = User::new();
    user.file("text.so", "INPUT(libmine.so)\n");
    user.file("empty.so", "");
    match name {
        "./libother.so" => of_another_machine(&user.library("libother.so", &["bump"], &[])),
        "./libnothing.so" => drop(user.library("libnothing.so", &["nothing"], &[])),
        "./libincomplete.so" => incomplete(&user),
        "./libcrash.so" => drop(user.library("libcrash.so", &["bump", "constructor"], &["-DBODY=CRASH"])),
        "./libexit.so" => drop(user.library("libexit.so", &["bump", "constructor"], &["-DBODY=EXIT"])),
        _ => {}
    }
    user.run(["run", name, "--rule", RULE]).refused(words);
    user.run([name]).refused(words);
}

#[test]
fn two_of_one_name_cannot_be() {
    let user = User::new();
    user.library("one/libmine.so", &["bump"], &[]);
    user.library("two/libmine.so", &["bump"], &[]);
    let both = ["one/libmine.so", "two/libmine.so"];
    user.run([&quick(both[0])[..], &both[1..]].concat()).refused(&["called libmine", "NAME=PATH"]);
    let report = user.run([&quick(both[0])[..], &["other=two/libmine.so"]].concat()).report(0);
    assert_eq!(report.allocators.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["libmine", "other"]);
}

/// The machine is the 19th byte of an ELF file: 183 is AArch64, 62 x86-64.
fn of_another_machine(library: &Path) {
    let mut bytes = fs::read(library).expect("it was built");
    bytes[18] = if bytes[18] == 183 { 62 } else { 183 };
    fs::write(library, bytes).expect("it is ours");
}

fn incomplete(user: &User) {
    let beside = user.library("libpages.so", &["pages"], &["-Wl,-soname,libpages.so"]);
    user.library("libincomplete.so", &["bump"], &["-DDEPENDS", beside.to_str().expect("UTF-8")]);
    fs::remove_file(beside).expect("it is ours");
}

#[cfg(target_os = "linux")]
#[rstest]
#[case("/proc/report.json", &["/proc/report.json", "folder that you can write to"])]
#[case("/dev/full", &["/dev/full", "No space left"])]
fn outputs_that_cannot_be(#[case] file: &str, #[case] words: &[&str]) {
    User::new().run([&quick(&native_name())[..], &["-o", file]].concat()).refused(words);
}

/// A program of the user's that only says its version, to stand for a compiler.
fn script(user: &User, name: &str, body: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let script = format!("#!/bin/sh\ncase \"$*\" in *--version*) echo 'compiler 1.0'; exit 0;; esac\n{body}\n");
    let path = user.file(name, script);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    path
}

#[rstest]
#[case("CC", "/none/cc", &["no C compiler", "/none/cc", "install gcc or clang", "CC"])]
#[case("CC", "false", &["no C compiler", "false", "CC"])]
#[case("PATH", "", &["no C compiler", "install gcc or clang", "CC"])]
#[case("CC", "./broken", &["does not compile", "it is broken"])]
#[case("XDG_CACHE_HOME", "/dev/null", &["/dev/null/allocheck", "XDG_CACHE_HOME"])]
#[case("XDG_CACHE_HOME", "/proc", &["/proc/allocheck", "XDG_CACHE_HOME"])]
#[case("TMPDIR", "/none", &["/none", "TMPDIR"])]
#[case("TMPDIR", "/proc", &["/proc", "TMPDIR"])]
fn surroundings_that_cannot_be(#[case] name: &str, #[case] value: &str, #[case] words: &[&str]) {
    let user = User::new();
    let broken = script(&user, "broken", "echo 'x.c:1: error: it is broken' >&2; exit 1");
    let value = if value == "./broken" { broken.into_os_string() } else { value.into() };
    let mut command = user.command(quick(&native_name()));
    user.finish(command.env(name, value)).refused(words);
}

#[test]
fn a_target_that_this_machine_cannot_drive() {
    let user = User::new();
    let mut command = user.command(["run", "--target", "x86_64-linux-musl"]);
    let words = ["no C compiler for x86_64-linux-musl", "apt-get install musl-tools"];
    user.finish(command.env("PATH", "")).refused(&words);
}

#[test]
fn no_folder_for_the_cache() {
    let user = User::new();
    let mut command = user.command(quick(&native_name()));
    user.finish(command.env_remove("HOME").env_remove("XDG_CACHE_HOME")).refused(&["XDG_CACHE_HOME", "HOME"]);
}

// ---- Surroundings that are odd and fine ----------------------------------------------------------------------------------

#[test]
fn runs_from_anywhere() {
    let user = User::new();
    // Not even root writes to /proc.
    for folder in ["/", "/proc"] {
        user.finish(user.command(quick(&native_name())).current_dir(folder).env_remove("HOME")).report(0);
    }
}

/// Callers leave signals ignored, and limits and descriptors as they please.
#[test]
fn runs_under_an_odd_caller() {
    let user = User::new();
    let mut command = user.command(quick(&native_name()));
    // SAFETY: a system call that is safe between fork and exec.
    unsafe { command.pre_exec(|| Ok(signal(Signal::SIGCHLD, SigHandler::SigIgn).map(drop)?)) };
    user.finish(&mut command).report(0);

    let under = |shell: &str| {
        let mut command = Command::new("sh");
        let quoted = format!("{shell}; exec \"$0\" \"$@\"");
        command.args(["-c", &quoted, PROGRAM]).args(quick(&native_name())).stdin(Stdio::null()).env_clear();
        let mut like = user.command(quick(&native_name()));
        command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(user.home.path());
        like.env_clear();
        user.finish(&mut command)
    };
    under("ulimit -S -n 64").report(0);
    under("ulimit -c 0").report(0);
    under("ulimit -s 4096").report(0);
    under("trap '' HUP INT TERM").report(0);
    under("umask 077").report(0);
    under("exec <&-").report(0);
    under("exec 7</dev/null").report(0);
    // Where there is no standard output, nothing can go to it.
    let said = under("exec >&-");
    assert_eq!((said.status, said.out.as_str(), said.err.as_str()), (Some(0), "", ""));
    let said = under("exec 2>&-");
    assert_eq!(said.status, Some(0));
}

/// Docker's default filter refuses personality(2): what depends on addresses is then not asked, and never sampled.
#[cfg(target_os = "linux")]
#[test]
fn without_fixed_addresses_nothing_is_sampled() {
    let user = User::new();
    let words = ["run", "glibc", "--rule", "mixing/allocators", "--rule", RULE, "--format", "json"];
    let mut command = user.command(words);
    // SAFETY: system calls that are safe between fork and exec.
    unsafe { command.pre_exec(refuse_personality) };
    let report = user.finish(&mut command).report(0);
    assert_eq!(report.platform.aslr, "on");
    let verdicts: Vec<_> = report.findings.iter().map(|finding| (finding.rule.as_str(), finding.verdict)).collect();
    let pair = ("mixing/allocators", Verdict::Unobservable);
    assert_eq!(verdicts, [(RULE, Verdict::Upholds), pair, pair, pair]);
}

/// A filter of system calls (seccomp(2)) that lets all through but this one.
#[cfg(target_os = "linux")]
fn refuse_personality() -> std::io::Result<()> {
    let statement = |code: u32, k: u32, jt: u8| libc::sock_filter { code: code as u16, jt, jf: 0, k };
    let number = libc::SYS_personality as u32;
    let refused = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    let mut filter = [
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, number, 1),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0),
        statement(libc::BPF_RET | libc::BPF_K, refused, 0),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: prctl(2) reads the program while it is called.
    let results = unsafe {
        [
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
            libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program),
        ]
    };
    if results == [0, 0] { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let user = User::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    user.finish(user.command(quick(&native_name())).stdout(full)).refused(&["standard output", "No space left"]);
}

// ---- -o --------------------------------------------------------------------------------------------------------------------

#[test]
fn the_output_file_may_be_a_link_or_a_device() {
    let user = User::new();
    user.file("old.json", "old");
    std::os::unix::fs::symlink("old.json", user.path("link.json")).expect("it is ours");
    let said = user.run([&quick(&native_name())[..], &["-o", "link.json"]].concat());
    assert_eq!((said.status, said.out.as_str(), said.err.as_str()), (Some(0), "", ""));
    let text = fs::read_to_string(user.path("old.json")).expect("it was written");
    Said { out: text, ..said }.report(0);
    assert!(user.path("link.json").is_symlink());
    let said = user.run([&quick(&native_name())[..], &["-o", "/dev/stdout"]].concat());
    said.report(0);
    let files = user.home.path().read_dir().expect("it is ours").count();
    assert_eq!(files, ["tmp", "old.json", "link.json"].len());
}

// ---- Interruption ----------------------------------------------------------------------------------------------------------

/// Sends the signal and says what came of it; no process of this user is left.
fn interrupt(user: &User, child: Child, how: Signal) -> Said {
    kill(Pid::from_raw(child.id() as i32), how).expect("it runs");
    let said = user.said(child.wait_with_output().expect("it ends"));
    assert_eq!(processes_with(user.home.path().to_str().expect("UTF-8")), Vec::<u32>::new());
    said
}

/// The library is fine where it is looked at, and holds its probe up for ever; whatever is there to be interrupted then is.
#[rstest]
#[case(Signal::SIGINT)]
#[case(Signal::SIGTERM)]
#[case(Signal::SIGHUP)]
fn interrupted_while_a_cell_runs(#[case] how: Signal) {
    let user = User::new();
    let library = user.library("libmine.so", &["bump", "constructor"], &["-DBODY=HANG_IN_PROBE"]);
    user.file("report.json", "old");
    let command = &mut user.command([&quick("./libmine.so")[..], &["-o", "report.json"]].concat());
    let child = command.spawn().expect("the program starts");
    let preload = format!("LD_PRELOAD={}", library.display());
    eventually("a probe runs", || !processes_with(&preload).is_empty());
    interrupt(&user, child, how).refused(&["interrupted"]);
    assert_eq!(fs::read_to_string(user.path("report.json")).expect("it is there"), "old");
    assert_eq!(user.home.path().read_dir().expect("it is ours").count(), 3, "libmine.so, report.json, tmp");
}

#[test]
fn interrupted_while_it_looks_at_a_library() {
    let user = User::new();
    user.library("libmine.so", &["bump", "constructor"], &["-DBODY=HANG"]);
    let child = user.command(quick("./libmine.so")).spawn().expect("the program starts");
    let looks = || processes_with(user.home.path().to_str().expect("UTF-8")).len() + processes_of(&child) > 1;
    eventually("it looks at the library", looks);
    interrupt(&user, child, Signal::SIGINT).refused(&["interrupted"]);
}

/// How many children it has.
fn processes_of(parent: &Child) -> usize {
    let pid = parent.id();
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().count()
}

/// On an empty cache, with a compiler that waits until it may go on; what it leaves is no harm to the next run.
#[test]
fn interrupted_while_it_builds() {
    let user = User::new();
    let compiler = script(&user, "compiler", "echo >> calls; while [ ! -e go ]; do sleep 0.01; done; exec cc \"$@\"");
    let command = &mut user.command(["run", &native_name(), "--area", "conformance", "--format", "json"]);
    command.env("CC", compiler).env("XDG_CACHE_HOME", user.path("cache"));
    let child = command.spawn().expect("the program starts");
    eventually("it compiles", || user.path("calls").exists());
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).expect("it runs");
    user.file("go", "");
    let said = user.said(child.wait_with_output().expect("it ends"));
    said.refused(&["interrupted"]);
    let calls = fs::read_to_string(user.path("calls")).expect("it is there").lines().count();
    assert!(calls <= 2, "{calls} calls of the compiler, most of them after the interruption");
    assert_eq!(unfinished(&user.path("cache")), Vec::<String>::new());
}

/// Killed outright it can tidy nothing up, but its probe goes with it.
#[test]
fn a_probe_dies_with_the_program() {
    let user = User::new();
    let library = user.library("libmine.so", &["bump", "constructor"], &["-DBODY=HANG_IN_PROBE"]);
    let mut child = user.command(quick("./libmine.so")).spawn().expect("the program starts");
    let preload = format!("LD_PRELOAD={}", library.display());
    eventually("a probe runs", || !processes_with(&preload).is_empty());
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    eventually("the probe is gone", || processes_with(&preload).is_empty());
    let mut text = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut text).expect("UTF-8");
    assert_eq!(text, "");
}
