//! The harness' own look at a library: what its file says, and, in a process of its own, whether it loads and which
//! version it says it is.

use std::collections::BTreeMap;
use std::ffi::{CStr, OsString, c_char, c_int, c_void};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use object::{Architecture, BinaryFormat, Object, ObjectKind, ObjectSymbol};

use crate::model::{Ending, Limits, Observation};
use crate::os::{self, Containment};
use crate::run::{self, Probe};
use crate::workshop::Workshop;

/// A library's constructor may take so many seconds before it counts as one that hangs.
pub const PATIENCE_S: u64 = 30;

/// The hidden subcommand that does the looking.
pub const SUBCOMMAND: &str = "__look";

/// What a program is to the system that runs it.
pub type Format = (BinaryFormat, Architecture);

/// Reads the file without loading it: a shared library, for a machine of this format, that replaces malloc.
pub fn check_file(path: &Path, machine: Option<Format>) -> Result<()> {
    const MEND: &str = "give the path of a shared library that exports malloc";
    let shown = path.display();
    let metadata = path.metadata().with_context(|| format!("cannot read {shown}; {MEND}"))?;
    // Reading a pipe or a device might not end.
    ensure!(metadata.is_file(), "{shown} is {}; {MEND}", if metadata.is_dir() { "a folder" } else { "no file" });
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {shown}"))?;
    let Ok(file) = object::File::parse(&*bytes) else { bail!("{shown} is not a shared library; {MEND}") };
    if let Some((format, architecture)) = machine {
        ensure!(file.format() == format, "{shown} is a {:?} file, this system takes {format:?}; {MEND}", file.format());
        let theirs = file.architecture();
        ensure!(theirs == architecture, "{shown} is built for {theirs:?}; this run tests {architecture:?} only");
    }
    ensure!(file.kind() == ObjectKind::Dynamic, "{shown} is not a shared library; link it with -shared");
    let (replaces, how) = replaces_malloc(&file);
    let program = file.section_by_name(".interp").is_some();
    ensure!(replaces || !program, "{shown} is a program, not a shared library; {MEND}");
    ensure!(replaces, "{shown} does not {how}; only a library that replaces malloc can be put under test");
    Ok(())
}

/// ELF: a library replaces malloc by exporting it. On macOS a program's calls are bound to libSystem's, so it has a list of
/// what it takes the place of, or puts a zone of its own first.
fn replaces_malloc(file: &object::File) -> (bool, &'static str) {
    if file.format() == BinaryFormat::MachO {
        let registers = file.symbols().any(|symbol| symbol.name() == Ok("_malloc_zone_register"));
        (registers || file.section_by_name("__interpose").is_some(), "interpose malloc or register a zone")
    } else {
        let exports = file.dynamic_symbols().any(|symbol| symbol.is_definition() && symbol.name() == Ok("malloc"));
        (exports, "export malloc")
    }
}

/// The format of a program, which its libraries must have too.
pub fn format_of(program: &Path) -> Option<Format> {
    let bytes = std::fs::read(program).ok()?;
    let file = object::File::parse(&*bytes).ok()?;
    Some((file.format(), file.architecture()))
}

/// Loads the library in a process of its own, contained like a cell, and asks `call` for its version.
pub fn version(workshop: &Workshop, library: &Path, call: Option<&str>, patience_s: u64) -> Result<Option<String>> {
    let path = workshop.plain_path(library)?;
    let words = [OsString::from(SUBCOMMAND), path.clone().into()];
    let seen = run::run(&Probe {
        program: workshop.program.clone(),
        arguments: words.into_iter().chain(call.map(OsString::from)).collect(),
        // Without room for it, a library with static TLS (jemalloc's default) cannot be loaded late: glibc's manual,
        // tunables.
        environment: BTreeMap::from([("GLIBC_TUNABLES".into(), "glibc.rtld.optional_static_tls=32768".into())]),
        folder: workshop.scratch().to_owned(),
        containment: Containment { limits: Limits { hang_s: patience_s, ..Limits::default() }, aslr_off: false },
        reports_on_output: os::REPORTS_ON_OUTPUT,
    })?;
    check_loaded(library, &path, &seen)?;
    Ok(seen.facts.get("version").cloned())
}

/// Did a process load the library, by this path to it?
pub fn check_loaded(library: &Path, path: &Path, seen: &Observation) -> Result<()> {
    let shown = library.display();
    let detail = seen.detail.as_deref().unwrap_or_default();
    match seen.ending {
        Ending::Returned => Ok(()),
        // The linker's message begins with the path, or it is about another library.
        Ending::NotLoaded => {
            bail!("{shown} does not load: {}", detail.trim_start_matches(&format!("{}: ", path.display())))
        }
        Ending::Hung => bail!("{shown}: loading it hangs; look at its constructors"),
        Ending::Signalled => bail!("{shown}: loading it crashes ({detail}); look at its constructors"),
        ending => bail!("{shown}: loading it ends the program ({ending} {detail}); look at its constructors"),
    }
}

/// What the child does: loads the library and reports its version as a probe would. Never returns, so that the library's
/// destructors are not asked.
pub fn child(library: &Path, call: Option<&str>) -> ! {
    os::give_up_signals();
    // SAFETY: running the library's constructors is the point, and this process exists for nothing else.
    let loaded = unsafe { libloading::Library::new(library) };
    let (report, status) = match &loaded {
        Ok(library) => match call.and_then(|call| call_version(library, call)) {
            Some(version) => (format!("fact version={version}\ndone\n"), 0),
            None => ("done\n".to_owned(), 0),
        },
        Err(error) => (format!("not-loaded {}\n", error.to_string().replace('\n', " ")), 3),
    };
    os::report_and_exit(&report, status)
}

/// The version functions that allocators have.
pub const CALLS: [&str; 3] = ["mallctl", "mi_version", "tc_version"];

fn call_version(library: &libloading::Library, call: &str) -> Option<String> {
    // SAFETY: each function is called by the prototype that its own header declares.
    unsafe {
        match call {
            "mallctl" => {
                type Mallctl =
                    unsafe extern "C" fn(*const c_char, *mut c_void, *mut usize, *mut c_void, usize) -> c_int;
                let mallctl = library.get::<Mallctl>(b"mallctl\0").ok()?;
                let mut text: *const c_char = std::ptr::null();
                let mut size = size_of_val(&text);
                let failed =
                    mallctl(c"version".as_ptr(), (&raw mut text).cast(), &mut size, std::ptr::null_mut(), 0) != 0;
                // 5.3.0-0-g54eaed1d8b56b1aa528be3bdd1877e59c56fa90c
                (!failed).then(|| CStr::from_ptr(text).to_string_lossy().split('-').next().map(str::to_owned))?
            }
            "mi_version" => {
                let version = library.get::<unsafe extern "C" fn() -> c_int>(b"mi_version\0").ok()?();
                Some(mimalloc_version(version))
            }
            "tc_version" => {
                type Version = unsafe extern "C" fn(*mut c_int, *mut c_int, *mut *const c_char) -> *const c_char;
                let version = library.get::<Version>(b"tc_version\0").ok()?;
                let (mut major, mut minor, mut patch) = (0, 0, std::ptr::null());
                version(&mut major, &mut minor, &mut patch);
                let patch = if patch.is_null() { "".into() } else { CStr::from_ptr(patch).to_string_lossy() };
                Some(format!("{major}.{minor}{patch}"))
            }
            _ => None,
        }
    }
}

/// mimalloc.h: one digit each up to 2.1 (`209`), two digits for minor and patch later (`20302`).
fn mimalloc_version(number: c_int) -> String {
    match number {
        0..1000 => format!("{}.{}.{}", number / 100, number / 10 % 10, number % 10),
        _ => format!("{}.{}.{}", number / 10000, number / 100 % 100, number % 100),
    }
}

/// The word after `marker` in a file's bytes.
pub fn text_after(bytes: &[u8], marker: &str) -> Option<String> {
    let at = bytes.windows(marker.len()).position(|window| window == marker.as_bytes())? + marker.len();
    let end = bytes[at..].iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'.')? + at;
    (end > at).then(|| String::from_utf8_lossy(&bytes[at..end]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(209, "2.0.9")]
    #[case(217, "2.1.7")]
    #[case(20302, "2.3.2")]
    #[case(30302, "3.3.2")]
    fn mimalloc_versions(#[case] number: c_int, #[case] version: &str) {
        assert_eq!(mimalloc_version(number), version);
    }

    #[rstest]
    #[case("x VERSION\t2021.8\0y", "VERSION\t", Some("2021.8"))]
    #[case("/usr/lib/clang/14.0.6/lib", "clang/", Some("14.0.6"))]
    #[case("VERSION ", "VERSION ", None)]
    #[case("nothing", "VERSION ", None)]
    fn texts_after(#[case] bytes: &str, #[case] marker: &str, #[case] found: Option<&str>) {
        assert_eq!(text_after(bytes.as_bytes(), marker).as_deref(), found);
    }
}
