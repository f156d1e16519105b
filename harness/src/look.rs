//! The harness' own look at a library: what its file says, and, in a process of its own, whether it loads and which
//! version it says it is.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use object::{Architecture, BinaryFormat, Object, ObjectKind, ObjectSymbol};

use crate::os;

/// A library's constructor may take this long before it counts as one that hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The hidden subcommand that does the looking.
pub const SUBCOMMAND: &str = "__look";

/// Reads the file without loading it: a shared library, for this machine, that exports malloc.
pub fn check_file(path: &Path) -> Result<()> {
    let shown = path.display();
    ensure!(path.exists(), "{shown}: no such file; give the path of a shared library that exports malloc");
    ensure!(!path.is_dir(), "{shown} is a folder; give the path of a shared library that exports malloc");
    let bytes = std::fs::read(path).map_err(|error| anyhow::anyhow!("{shown}: {error}"))?;
    let Ok(file) = object::File::parse(&*bytes) else {
        bail!("{shown} is not a shared library; give the path of one that exports malloc");
    };
    if let Some(ours) = own_format() {
        let theirs = (file.format(), file.architecture());
        ensure!(theirs == ours, "{shown} is built for {theirs:?}, this machine runs {ours:?}; build it for this one");
    }
    ensure!(file.kind() == ObjectKind::Dynamic, "{shown} is not a shared library; link it with -shared");
    let exports = file.dynamic_symbols().any(|symbol| symbol.is_definition() && symbol.name() == Ok("malloc"));
    ensure!(exports, "{shown} does not export malloc; only a library that replaces malloc can be put under test");
    Ok(())
}

/// What this program itself is, which is what the machine runs.
fn own_format() -> Option<(BinaryFormat, Architecture)> {
    static OWN: OnceLock<Option<(BinaryFormat, Architecture)>> = OnceLock::new();
    *OWN.get_or_init(|| {
        let bytes = std::fs::read(std::env::current_exe().ok()?).ok()?;
        let own = object::File::parse(&*bytes).ok()?;
        Some((own.format(), own.architecture()))
    })
}

/// Loads the library in a process of its own and asks `call` for its version.
pub fn version_in_child(program: &Path, library: &Path, call: Option<&str>) -> Result<Option<String>> {
    let shown = library.display();
    let mut command = Command::new(program);
    command.arg(SUBCOMMAND).arg(library).args(call).env_clear();
    // Without room for it, a library with static TLS (jemalloc's default) cannot be loaded late: glibc's manual, tunables.
    command.env("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=32768");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        let interrupted = os::interrupted().load(std::sync::atomic::Ordering::Relaxed);
        if interrupted || start.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            ensure!(!interrupted, "interrupted");
            bail!("{shown}: loading it hangs (more than {} s); look at its constructors", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output()?;
    match os::decode(output.status) {
        Ok(0) => Ok(Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|text| !text.is_empty())),
        Ok(_) => bail!("{shown} does not load: {}", String::from_utf8_lossy(&output.stderr).trim()),
        Err(signal) => bail!("{shown}: loading it crashes ({signal}); look at its constructors"),
    }
}

/// What the child does: loads the library and prints its version.
pub fn child(library: &Path, call: Option<&str>) -> Result<()> {
    // SAFETY: running the library's constructors is the point, and this process exists for nothing else.
    let library = unsafe { libloading::Library::new(library)? };
    if let Some(version) = call.and_then(|call| call_version(&library, call)) {
        println!("{version}");
    }
    // Its destructors are not the question.
    std::mem::forget(library);
    Ok(())
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
