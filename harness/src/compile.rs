//! Builds probes and shims with the machine's C compiler, or with a target's, cached by content: what was built once from
//! the same text by the same compiler for the same target is not built again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, anyhow, ensure};

use crate::model::{Language, Rule};
use crate::os;
use crate::sources;
use crate::target::TargetFile;
use crate::workshop::Workshop;

/// The target this program was built for; so are probes, unless a target is named.
pub const TARGET: &str = env!("ALLOCHECK_TARGET");

const FLAGS: [&str; 5] = ["-O2", "-g", "-Wall", "-Wextra", "-pthread"];

/// clang's own choice for MSVC would be the C runtime without a DLL, and what is linked in cannot be told apart. It names
/// that one to the linker whatever it is told to take: LLVM issue 129881.
const MSVC_DLL: [&str; 2] = ["-fms-runtime-lib=dll", "-Wl,/nodefaultlib:libcmt"];

/// What differs between the programs of systems.
struct BinaryKind {
    /// What programs end in.
    extension: &'static str,
    /// How the runtime is compiled, for programs and for a library alike.
    object: &'static [&'static str],
    /// How programs are linked.
    program: &'static [&'static str],
    libraries: &'static [&'static str],
}

const POSIX: BinaryKind =
    BinaryKind { extension: "", object: &["-c", "-fPIC"], program: &["-fPIE", "-pie"], libraries: &["-ldl"] };

/// All code may lie anywhere here, without a word for it. MinGW's own libraries are DLLs that no Windows has.
const WINDOWS: BinaryKind = BinaryKind { extension: ".exe", object: &["-c"], program: &[], libraries: &["-static"] };

/// What an allocator may lack is asked for weakly, and Apple's linker wants to be told that it may stay so.
const MACOS: BinaryKind = BinaryKind { libraries: &["-Wl,-undefined,dynamic_lookup"], ..POSIX };

/// One compiler of the machine.
struct Tool {
    command: Vec<String>,
    /// Version and flags, as part of every hash.
    identity: String,
    standard: &'static str,
}

/// Compilers and the runtime of the probes, ready to build rules.
pub struct Compiler {
    c: Tool,
    /// A machine may have none: then the rules in C++ are not built.
    cxx: Result<Tool, NotBuilt>,
    builder: Builder,
    /// The programs of rules, so that each is asked of the cache once.
    programs: Mutex<BTreeMap<String, Result<PathBuf, NotBuilt>>>,
    kind: &'static BinaryKind,
    /// Objects of `c-shims/*.c`, position independent, for probes and for the Python runtime alike.
    runtime: Vec<PathBuf>,
}

/// Calls compilers, and keeps what comes of it.
struct Builder {
    cache: PathBuf,
    /// The sources on disk, for `-I` and for a debugger.
    sources: PathBuf,
    /// Programs are to say that they want fixed addresses. Those of a driven target get theirs from this system.
    asks_for_addresses: bool,
    /// What did not build, so that it is tried once only.
    failed: Mutex<BTreeMap<PathBuf, NotBuilt>>,
}

/// Why a probe was not built: the compiler's first error.
pub type NotBuilt = String;

/// `c-shims/crt` as a DLL that this command of a compiler for the target makes.
pub fn crt_library(workshop: &Workshop, command: Vec<String>, target: &str) -> Result<PathBuf> {
    let tool = Tool::new(command, target, false, "its compiler was found a moment ago")?;
    let builder = Builder::new(workshop, false)?;
    let (inputs, texts) = builder.folder("c-shims/crt");
    builder.build(&tool, "crt.dll", &texts, &["-shared"], &inputs, WINDOWS.libraries).map_err(|why| anyhow!(why))
}

impl Compiler {
    /// Finds the compilers, a target's or this machine's own (`CC`, else the usual names), and builds the probes' runtime.
    pub fn find(workshop: &Workshop, target: Option<&TargetFile>) -> Result<Self> {
        let tool = |cxx| match target {
            None => Tool::of_this_machine(workshop, cxx),
            Some(file) => Tool::of_target(file, cxx),
        };
        let mut compiler = Compiler {
            c: tool(false)?,
            cxx: tool(true).map_err(|error| error.to_string()),
            kind: match target.map_or(std::env::consts::OS, |file| &file.os) {
                "windows" => &WINDOWS,
                "macos" => &MACOS,
                _ => &POSIX,
            },
            builder: Builder::new(workshop, cfg!(windows) && target.is_none())?,
            programs: Mutex::default(),
            runtime: Vec::new(),
        };
        let runtime: Result<_, NotBuilt> = sources::in_folder("c-shims")
            .filter(|(path, _)| path.ends_with(".c"))
            .map(|(path, text)| compiler.object(path, text))
            .collect();
        os::check_interruption()?;
        compiler.runtime = runtime.map_err(|error| anyhow!("the probes' own runtime does not compile: {error}"))?;
        Ok(compiler)
    }

    /// The program of a rule.
    pub fn probe(&self, rule: &Rule) -> Result<PathBuf, NotBuilt> {
        let known = || self.programs.lock().expect("nothing panics while it holds this");
        if let Some(known) = known().get(&rule.id) {
            return known.clone();
        }
        let built = self.build_probe(rule);
        known().insert(rule.id.clone(), built.clone());
        built
    }

    fn build_probe(&self, rule: &Rule) -> Result<PathBuf, NotBuilt> {
        let source = format!("cases/{}.{}", rule.id, rule.language.extension());
        let mut inputs = vec![self.builder.sources.join(source)];
        inputs.extend(self.runtime.iter().cloned());
        let tool = if rule.language == Language::Cxx { self.cxx.as_ref().map_err(String::clone)? } else { &self.c };
        self.program(tool, &rule.id, &[&rule.text], &inputs)
    }

    /// The program that tells what a process finds at its start.
    pub fn start(&self) -> Result<PathBuf, NotBuilt> {
        let (mut inputs, texts) = self.builder.folder("c-shims/start");
        inputs.extend(self.runtime.iter().cloned());
        self.program(&self.c, "start", &texts, &inputs)
    }

    fn program(&self, tool: &Tool, name: &str, texts: &[&str], inputs: &[PathBuf]) -> Result<PathBuf, NotBuilt> {
        let runtime = self.runtime_hash();
        let hashed = [texts, &[&runtime]].concat();
        let name = format!("{name}{}", self.kind.extension);
        self.builder.build(tool, &name, &hashed, self.kind.program, inputs, self.kind.libraries)
    }

    /// The runtime as a library for Python probes.
    pub fn python_runtime(&self) -> Result<PathBuf, NotBuilt> {
        let (name, flags, libraries) = ("python-runtime.so", ["-shared"], self.kind.libraries);
        self.builder.build(&self.c, name, &[&self.runtime_hash()], &flags, &self.runtime, libraries)
    }

    /// The folder of the Python probes' module.
    pub fn python_module(&self) -> PathBuf {
        self.builder.sources.join("c-shims/python")
    }

    /// Where interpreters keep what they compile for the probes.
    pub fn python_cache(&self) -> PathBuf {
        self.builder.cache.join("pycache")
    }

    /// A Python rule's file.
    pub fn python_rule(&self, rule: &Rule) -> PathBuf {
        self.builder.sources.join("cases").join(&rule.id).with_extension("py")
    }

    /// An allocator of the project's own, such as `c-shims/reference`, as a library to preload.
    pub fn allocator(&self, folder: &str) -> Result<PathBuf, NotBuilt> {
        let (inputs, texts) = self.builder.folder(folder);
        let name = format!("lib{}.so", folder.rsplit('/').next().unwrap_or(folder));
        self.builder.build(&self.c, &name, &texts, &["-shared", "-fPIC", "-fvisibility=hidden"], &inputs, &[])
    }

    fn object(&self, path: &str, text: &str) -> Result<PathBuf, NotBuilt> {
        let headers: String =
            sources::in_folder("c-shims").filter(|(path, _)| path.ends_with(".h")).map(|(_, text)| text).collect();
        let object = path.replace(".c", ".o");
        let inputs = [self.builder.sources.join(path)];
        self.builder.build(&self.c, &object, &[text, &headers], self.kind.object, &inputs, &[])
    }

    /// The objects' names hold the hashes of what they were built from.
    fn runtime_hash(&self) -> String {
        self.runtime.iter().map(|path| path.to_string_lossy()).collect()
    }
}

impl Builder {
    fn new(workshop: &Workshop, asks_for_addresses: bool) -> Result<Self> {
        let cache = workshop.cache().to_owned();
        Ok(Builder { sources: unpack_sources(&cache)?, cache, asks_for_addresses, failed: Mutex::default() })
    }

    /// The C files of a folder, and all its texts, which decide what comes of them.
    fn folder(&self, folder: &str) -> (Vec<PathBuf>, Vec<&'static str>) {
        let files: Vec<_> = sources::in_folder(folder).collect();
        let sources = files.iter().map(|(path, _)| path).filter(|path| path.ends_with(".c"));
        (sources.map(|path| self.sources.join(path)).collect(), files.iter().map(|(_, text)| *text).collect())
    }

    /// One call of the compiler, unless its result is in the cache. Built beside and renamed, so that two processes that
    /// build the same never see a half.
    fn build(
        &self,
        tool: &Tool,
        name: &str,
        hashed: &[&str],
        flags: &[&str],
        inputs: &[PathBuf],
        libraries: &[&str],
    ) -> Result<PathBuf, NotBuilt> {
        let output = self.cache.join(file_name(name, &[&[tool.identity.as_str()], flags, libraries, hashed].concat()));
        if output.exists() {
            return Ok(output);
        }
        let failed = || self.failed.lock().expect("nothing panics while it holds this");
        if let Some(why) = failed().get(&output) {
            return Err(why.clone());
        }
        let built = self.compile(tool, &output, flags, inputs, libraries);
        if let Err(why) = &built {
            failed().insert(output, why.clone());
        }
        built
    }

    fn compile(
        &self,
        tool: &Tool,
        output: &Path,
        flags: &[&str],
        inputs: &[PathBuf],
        libraries: &[&str],
    ) -> Result<PathBuf, NotBuilt> {
        os::check_interruption().map_err(|error| error.to_string())?;
        // MinGW's compiler would add the extension of programs to a name without one.
        let extension = output.extension().map(|word| format!(".{}", word.to_string_lossy())).unwrap_or_default();
        // In a folder of its own: some linkers leave another file beside it.
        let folder = tempfile::Builder::new().prefix("unfinished-").tempdir_in(&self.cache);
        let folder = folder.map_err(|error| format!("{}: {error}", self.cache.display()))?;
        let unfinished = folder.path().join(format!("output{extension}"));
        let result = Command::new(&tool.command[0])
            .args(&tool.command[1..])
            .arg(tool.standard)
            .args(FLAGS)
            .args(flags)
            .arg("-I")
            .arg(self.sources.join("c-shims"))
            .args(inputs)
            .arg("-o")
            .arg(&unfinished)
            .args(libraries)
            .output()
            .map_err(|error| format!("{}: {error}", tool.command[0]))?;
        if !result.status.success() {
            return Err(first_error(&String::from_utf8_lossy(&result.stderr)));
        }
        if self.asks_for_addresses && extension == ".exe" {
            fix_addresses(&unfinished).map_err(|error| format!("{}: {error}", output.display()))?;
        }
        match fs::rename(&unfinished, output) {
            // Another process was first, and runs it already: Windows does not replace that, and it is the same.
            Err(error) if !output.exists() => Err(format!("{}: {error}", output.display())),
            _ => Ok(output.to_owned()),
        }
    }
}

impl Tool {
    /// `cc` knows the names, the environment variables and the flags that each target wants.
    fn of_this_machine(workshop: &Workshop, cxx: bool) -> Result<Self> {
        let mend = if cxx {
            "no C++ compiler; install g++ or clang, or name yours in CXX"
        } else {
            "no C compiler; install gcc or clang, or name yours in CC"
        };
        let mut build = cc::Build::new();
        build
            .target(TARGET)
            .host(TARGET)
            .opt_level(2)
            .cargo_metadata(false)
            .cargo_warnings(false)
            .no_default_flags(true)
            .out_dir(workshop.scratch())
            .cpp(cxx);
        let mut tool = build.try_get_compiler().context(mend)?;
        if tool.is_like_msvc() {
            tool = build.compiler(instead_of_cl(cxx)?).try_get_compiler().context(mend)?;
        }
        let added = if tool.is_like_clang() && TARGET.ends_with("msvc") { &MSVC_DLL[..] } else { &[] };
        let command = tool.to_command();
        let command: Vec<String> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .chain(added.iter().map(|word| word.as_ref()))
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        Tool::new(command, TARGET, cxx, mend)
    }

    fn of_target(file: &TargetFile, cxx: bool) -> Result<Self> {
        let (name, mend) = (&file.name, &file.install);
        let (found, language) = if cxx { (file.cxx_compiler(), "C++") } else { (file.c_compiler(), "C") };
        ensure!(!cxx || !file.cxx.is_empty(), "no C++ compiler is known for {name}");
        let command = found.with_context(|| format!("no {language} compiler for {name} on this machine; {mend}"))?;
        Tool::new(command, name, cxx, mend)
    }

    fn new(command: Vec<String>, target: &str, cxx: bool, mend: &str) -> Result<Self> {
        let version = Command::new(&command[0]).args(&command[1..]).arg("--version").output();
        let version = version.ok().filter(|output| output.status.success());
        let version = version.with_context(|| format!("{:?} does not run: {mend}", command[0]))?;
        let identity = format!("{target} {} {FLAGS:?} {command:?}", String::from_utf8_lossy(&version.stdout));
        Ok(Tool { command, identity, standard: if cxx { "-std=c++17" } else { "-std=c11" } })
    }
}

/// MSVC's own compiler takes neither the flags nor all of the C that gcc and clang take. MinGW's gcc comes first: its
/// programs are the ones that were seen to work.
fn instead_of_cl(cxx: bool) -> Result<PathBuf> {
    let (names, variable) = if cxx { (["g++", "clang++"], "CXX") } else { (["gcc", "clang"], "CC") };
    let found = names.iter().find_map(|name| which::which(name).ok());
    found.with_context(|| {
        let names = names.join(" or ");
        format!("probes are not written for MSVC's cl; put {names} on PATH (MinGW, LLVM), or name yours in {variable}")
    })
}

/// Windows gives no two processes the same addresses if their program says that it bears any (`DYNAMIC_BASE`), and linkers
/// differ in how they are told not to say so. PE format, Optional Header Windows-Specific Fields.
fn fix_addresses(program: &Path) -> std::io::Result<()> {
    const DYNAMIC_BASE: u8 = 0x40;
    let mut bytes = fs::read(program)?;
    let header = bytes.get(0x3c..0x40).map(|offset| u32::from_le_bytes(offset.try_into().expect("it has four bytes")));
    // The signature, the file header, and what stands before the field in both sizes of the optional header.
    let field = header.map(|header| header as usize + 4 + 20 + 70);
    let characteristics = field.and_then(|field| bytes.get_mut(field)).ok_or(std::io::ErrorKind::InvalidData)?;
    *characteristics &= !DYNAMIC_BASE;
    fs::write(program, bytes)
}

/// Writes the carried sources to the cache, once for each state of them.
fn unpack_sources(cache: &Path) -> Result<PathBuf> {
    let texts: Vec<&str> = sources::files().iter().flat_map(|(path, text)| [*path, *text]).collect();
    let folder = cache.join(file_name("sources", &texts));
    if folder.exists() {
        return Ok(folder);
    }
    let complaint = || format!("cannot write to the cache folder {}", cache.display());
    let unfinished = tempfile::Builder::new().prefix("unfinished-").tempdir_in(cache).with_context(complaint)?;
    for (path, text) in sources::files() {
        let path = unfinished.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder"))?;
        fs::write(path, text).with_context(complaint)?;
    }
    // Another process may have been first: its folder holds the same.
    if fs::rename(unfinished.path(), &folder).is_ok() {
        let _ = unfinished.keep();
    }
    Ok(folder)
}

fn file_name(name: &str, hashed: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in hashed {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let stem = stem.rsplit('/').next().unwrap_or(stem);
    format!("{stem}-{}{}{extension}", &hasher.finalize().to_hex()[..24], if extension.is_empty() { "" } else { "." })
}

fn first_error(output: &str) -> String {
    let line = output.lines().find(|line| line.contains("error")).or_else(|| output.lines().next());
    line.unwrap_or("the compiler failed and said nothing").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As much of a program as the field is in: its header is where the word at 0x3c says.
    #[test]
    fn a_windows_program_has_addresses_of_its_own_choice() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let mut program = vec![0; 0x80 + 4 + 20 + 72];
        program[0x3c] = 0x80;
        let field = program.len() - 2;
        program[field] = 0x60;
        fs::write(&file, &program).expect("it is ours");
        fix_addresses(file.path()).expect("it has the field");
        program[field] = 0x20;
        assert_eq!(fs::read(&file).expect("it is there"), program);

        fs::write(&file, b"MZ").expect("it is ours");
        fix_addresses(file.path()).expect_err("it ends before the field");
    }
}
