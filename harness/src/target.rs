//! What cells run on: this machine itself, or a target that it drives, of which `cases/targets/NAME.toml` says how to
//! build for it and how to start what was built.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::catalog::{Catalog, did_you_mean};
use crate::compile::Compiler;
use crate::look::{self, Format};
use crate::model::{Ending, Observation, Platform};
use crate::os;
use crate::prepare;
use crate::run::{self, Probe};
use crate::workshop::Workshop;

/// `cases/targets/<name>.toml`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct TargetFile {
    /// The file's stem: what reports call the platform, and the folder of its snapshots.
    #[serde(skip)]
    pub name: String,
    pub title: String,
    /// Operating system, as rules and allocator files name it.
    pub os: String,
    /// Commands of C compilers; the first that works counts.
    pub c: Vec<String>,
    /// The same of C++ compilers; without one the rules in C++ are not built.
    #[serde(default)]
    pub cxx: Vec<String>,
    /// What is added to each of these commands.
    #[serde(default)]
    pub flags: String,
    /// What a program's command begins with, if this machine does not run it by itself.
    #[serde(default)]
    pub runner: String,
    /// Set for every process of the target; `{folder}` is one of the target's own, kept from run to run.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Files that belong into its folder and that nobody may hand on: where each goes, and the environment variable that
    /// says where it is here.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// A command that leaves a server for its processes in the background, which ends by itself some time after the last.
    #[serde(default)]
    pub server: String,
    /// A command before its first process. What it leaves running is no cell's, and stays.
    #[serde(default)]
    pub prepare: String,
    /// How to get what may be missing here.
    pub install: String,
}

impl TargetFile {
    fn working(&self, commands: &[String]) -> Option<Vec<String>> {
        working(commands, &self.flags, &self.name, &self.os)
    }

    /// The C compiler's command.
    pub fn c_compiler(&self) -> Option<Vec<String>> {
        self.working(&self.c)
    }

    /// The C++ compiler's command.
    pub fn cxx_compiler(&self) -> Option<Vec<String>> {
        self.working(&self.cxx)
    }

    /// The runner's command, its program by its path; empty if there is none. The name of what is missing otherwise.
    pub fn runner(&self) -> Result<Vec<OsString>, String> {
        let mut words = self.runner.split(' ').filter(|word| !word.is_empty());
        let Some(program) = words.next() else { return Ok(Vec::new()) };
        let path: PathBuf = which::which(program).map_err(|_| program.to_owned())?;
        Ok(std::iter::once(path.into()).chain(words.map(OsString::from)).collect())
    }

    pub fn environment(&self, workshop: &Workshop) -> BTreeMap<String, String> {
        let folder = self.folder(workshop).display().to_string();
        let filled = |(name, value): (&String, &String)| (name.clone(), value.replace("{folder}", &folder));
        self.environment.iter().map(filled).collect()
    }

    fn folder(&self, workshop: &Workshop) -> PathBuf {
        workshop.cache().join(&self.name)
    }

    /// The files that it needs: the place of each in its folder, and where it is here.
    fn files_here(&self) -> Result<Vec<(&str, PathBuf)>> {
        let mut here = Vec::new();
        for (place, variable) in &self.files {
            let Some(from) = brought(variable) else {
                bail!("{}: {variable} does not name the {place} that it needs; {}", self.name, self.install)
            };
            here.push((place.as_str(), from));
        }
        Ok(here)
    }

    /// Puts a file in place if it lacks it.
    fn bring(&self, to: &Path, from: &Path) -> Result<()> {
        let complaint = || format!("{}: cannot copy {} to {}", self.name, from.display(), to.display());
        let bytes = fs::read(from).with_context(complaint)?;
        // One that is there may be in use.
        if fs::read(to).ok().as_ref() != Some(&bytes) {
            fs::create_dir_all(to.parent().unwrap_or(to)).with_context(complaint)?;
            fs::write(to, bytes).with_context(complaint)?;
        }
        Ok(())
    }

    /// Before its first process, and before this one takes in orphans.
    fn make_ready(&self, workshop: &Workshop) -> Result<()> {
        let files = self.files_here()?;
        let folder = self.folder(workshop);
        let complaint = || format!("{}: cannot write to {}", self.name, folder.display());
        fs::create_dir_all(&folder).with_context(complaint)?;
        let command = |words: &str| {
            let mut words = words.split(' ');
            let mut command = Command::new(words.next().unwrap_or_default());
            command.args(words).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
            command.envs(self.environment(workshop)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let failed = |words: &str| format!("{}: {words} fails; {}", self.name, self.install);
        // Waited for, or the first process would start one that does not stay; and it fails where one is at work.
        if !self.server.is_empty() {
            command(&self.server).status().with_context(|| failed(&self.server))?;
        }
        if !self.prepare.is_empty() {
            let status = command(&self.prepare).status().with_context(|| failed(&self.prepare))?;
            ensure!(status.success(), failed(&self.prepare));
        }
        // Last: what prepares the folder need not work with them.
        files.iter().try_for_each(|(place, from)| self.bring(&folder.join(place), from))
    }

    /// What this machine would need to run it; empty if it can.
    pub fn missing(&self) -> Vec<String> {
        let compiler = self.c_compiler().is_none().then(|| self.c.join(" or "));
        let files = self.files.iter().filter(|(_, variable)| brought(variable).is_none());
        let files = files.map(|(place, variable)| format!("{place} ({variable})"));
        compiler.into_iter().chain(self.runner().err()).chain(files).collect()
    }
}

/// The file that an environment variable names.
fn brought(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file())
}

/// The first of these commands that compiles for the target, a platform's name and its system, and finds its headers.
fn working(commands: &[String], flags: &str, target: &str, os: &str) -> Option<Vec<String>> {
    let text = test_text(target, os);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut commands = commands.iter().map(|command| [words(command), words(flags)].concat());
    commands.find(|command| preprocesses(command, &text))
}

/// What only a compiler for the target takes: `gcc -m32` is also one for Windows, and musl-gcc is one for its machine.
fn test_text(target: &str, os: &str) -> String {
    let architecture = match target.split('-').next() {
        Some("x86_64") => "__x86_64__",
        Some("i686") => "__i386__",
        Some("aarch64") => "__aarch64__",
        Some("riscv64") => "__riscv",
        _ => "__STDC__",
    };
    let system = match os {
        "windows" => "_WIN32",
        "macos" => "__APPLE__",
        _ => "__linux__",
    };
    format!("#if !defined {architecture} || !defined {system}\n#error another target\n#endif\n#include <stdlib.h>\n")
}

/// Does the compiler run, and take this text?
fn preprocesses(command: &[String], text: &str) -> bool {
    let child = Command::new(&command[0])
        .args(&command[1..])
        .args(["-E", "-x", "c", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return false };
    let written = child.stdin.take().is_some_and(|mut input| input.write_all(text.as_bytes()).is_ok());
    child.wait().is_ok_and(|status| status.success()) && written
}

impl Catalog {
    /// The target of this name, or an error that names the nearest.
    pub fn target(&self, name: &str) -> Result<&TargetFile> {
        match self.targets.iter().find(|file| file.name == name) {
            Some(file) => Ok(file),
            None => {
                let hint = did_you_mean(name, self.targets.iter().map(|file| file.name.as_str()));
                bail!("no target {name:?}{hint} (see `allocheck list`)")
            }
        }
    }
}

/// What cells run on, as it was found to be.
#[derive(Clone, Debug)]
pub struct Machine {
    /// `None` is this machine itself.
    pub target: Option<TargetFile>,
    /// But for the witnesses, which only cells can tell.
    pub platform: Platform,
    /// The name of its own C runtime.
    pub runtime: String,
    pub version: String,
    /// A process can make a copy of itself.
    pub forks: bool,
    /// Address space randomisation can be turned off.
    pub aslr_off: bool,
    /// What its programs and libraries are.
    pub format: Option<Format>,
    /// The program that was asked; `None` where none was, for this program itself knows.
    pub start: Option<Probe>,
}

impl Machine {
    /// The one that this program runs on.
    pub fn this(workshop: &Workshop) -> Result<Self> {
        let Some((runtime, version)) = os::native() else {
            return Machine::asked(workshop, &Compiler::find(workshop, None)?, None);
        };
        let aslr_off = os::can_turn_aslr_off();
        Ok(Machine {
            target: None,
            platform: Platform { libc: format!("{runtime} {version}"), aslr: on_or_off(aslr_off), ..os::platform() },
            runtime: runtime.into(),
            version,
            forks: true,
            aslr_off,
            format: std::env::current_exe().ok().and_then(|program| look::format_of(&program)),
            start: None,
        })
    }

    /// A target.
    pub fn driven(workshop: &Workshop, compiler: &Compiler, file: &TargetFile) -> Result<Self> {
        file.make_ready(workshop)?;
        Machine::asked(workshop, compiler, Some(file))
    }

    /// A machine, asked by a program that is built for it and started as its cells will be.
    fn asked(workshop: &Workshop, compiler: &Compiler, target: Option<&TargetFile>) -> Result<Self> {
        let here = os::platform();
        let name = target.map_or(&here.name, |file| &file.name);
        let program = compiler.start().map_err(|why| anyhow::anyhow!("{name}: nothing can be built for it: {why}"))?;
        let aslr_off = os::can_turn_aslr_off();
        let start = |aslr_off| run::run(&prepare::start(workshop, target, &program, aslr_off)?);
        let seen = start(aslr_off)?;
        if let Some(what) = trouble(&seen) {
            bail!("{name}: a program that was built for it does not run here: {what}");
        }
        let word = |fact: &str| seen.facts.get(fact).cloned().unwrap_or_else(|| "unknown".into());
        let addresses = |seen: &Observation| ["heap", "stack", "code"].map(|name| seen.measures.get(name).copied());
        let aslr_off = aslr_off && addresses(&seen) == addresses(&start(true)?);
        let (runtime, version) = (word("runtime"), word("version"));
        ensure!(seen.measures.contains_key("page"), "{name}: a program that was built for it does not report");
        Ok(Machine {
            target: target.cloned(),
            platform: Platform {
                name: match seen.facts.get("wine") {
                    // What another version shows is filed apart, and never as what it stands for.
                    Some(version) => format!("{}-{version}", name.replace("-windows-gnu", "-wine")),
                    None => name.clone(),
                },
                libc: format!("{runtime} {version}"),
                page_size: seen.measures["page"],
                aslr: on_or_off(aslr_off),
                ..here
            },
            runtime,
            version,
            forks: word("forks") == "yes",
            aslr_off,
            format: look::format_of(&program),
            start: Some(prepare::start(workshop, target, &program, false)?),
        })
    }

    /// The operating system, as rules and allocator files name it.
    pub fn os(&self) -> &str {
        self.target.as_ref().map_or(std::env::consts::OS, |file| &file.os)
    }

    /// The first of these commands of C compilers that works, and compiles for it.
    pub fn compiler_among(&self, commands: &[String]) -> Option<Vec<String>> {
        working(commands, "", &self.platform.name, self.os())
    }

    /// Is this one of the operating systems? No list is all.
    pub fn is_among(&self, platforms: &[String]) -> bool {
        platforms.is_empty() || platforms.iter().any(|os| os == self.os())
    }
}

/// Loads a library of the user's into a process of the target, as its cells will.
pub fn check_loads(workshop: &Workshop, start: &Probe, library: &Path) -> Result<()> {
    let path = workshop.plain_path(library)?;
    let mut probe = start.clone();
    probe.environment.insert("LD_PRELOAD".into(), path.clone().into());
    probe.environment.insert("ALLOCHECK_EXPECT".into(), library.into());
    look::check_loaded(library, &path, &run::run(&probe)?)
}

fn on_or_off(aslr_off: bool) -> String {
    if aslr_off { "off" } else { "on" }.into()
}

/// Why a start was none.
fn trouble(seen: &Observation) -> Option<String> {
    match seen.ending {
        Ending::Returned if seen.violated.is_none() && seen.unobservable.is_none() => None,
        _ => {
            let said = [&seen.detail, &seen.violated, &seen.unobservable, &seen.message];
            let said: Vec<&str> = said.into_iter().flatten().map(String::as_str).collect();
            Some(format!("{} {}", seen.ending, said.join(", ")).trim_end().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn needs(place: &str, variable: &str) -> TargetFile {
        let text = format!(
            "title = 'x'\nos = 'windows'\nc = []\ninstall = 'bring it'\nfiles = {{ '{place}' = '{variable}' }}"
        );
        TargetFile { name: "made-up".into(), ..toml::from_str(&text).expect("it is right") }
    }

    /// A machine's own compiler is one for that machine.
    #[rstest]
    #[case("x86_64-made-up", "linux", cfg!(all(target_arch = "x86_64", target_os = "linux")))]
    #[case("aarch64-made-up", "linux", cfg!(all(target_arch = "aarch64", target_os = "linux")))]
    #[case("x86_64-made-up", "windows", cfg!(all(target_arch = "x86_64", windows)))]
    fn a_compiler_for_another_target_is_none(#[case] name: &str, #[case] os: &str, #[case] works: bool) {
        let commands = ["gcc".to_owned(), "clang".to_owned()];
        let target = TargetFile { name: name.into(), os: os.into(), c: commands.into(), ..needs("x", "Y") };
        assert_eq!(target.c_compiler().is_some(), works);
    }

    #[test]
    fn a_file_that_nobody_brings_is_missing() {
        let target = needs("system32/x.dll", "ALLOCHECK_NOT_SET");
        assert!(target.missing().iter().any(|what| what == "system32/x.dll (ALLOCHECK_NOT_SET)"), "{target:?}");
        let refusal = target.files_here().expect_err("nobody brings it").to_string();
        assert!(refusal.contains("ALLOCHECK_NOT_SET") && refusal.contains("bring it"), "{refusal}");
        assert_eq!(refusal.lines().count(), 1);
    }
}
