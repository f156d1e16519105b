//! The words of the project as plain data: no I/O, no `cfg`.
//!
//! Data flows one way: [`Rule`] and [`Allocator`] make [`Cell`]s, a cell that was run leaves an [`Observation`], and
//! judging turns that into a [`Finding`]. A [`Report`] is the findings of one run on one [`Platform`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Closed words that a probe reports, by name.
pub type Facts = BTreeMap<String, String>;
/// Numbers that a probe reports, by name; bytes where the name says nothing else.
pub type Measures = BTreeMap<String, u64>;

/// Declares an enum of unit variants whose JSON form, display and parsing share one word each.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that reports and snapshots use.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.word()) }
        }
    };
}

words! {
    /// What a rule asks about.
    Area { Conformance = "conformance", Mixing = "mixing", Release = "release", Python = "python" }
}

words! {
    /// Whether an outcome can be wrong.
    Norm {
        /// A standard or the allocator's own manual promises it.
        Must = "must",
        /// Legally open: the answer is noted.
        Record = "record",
    }
}

words! {
    /// What a probe is written in.
    Language { C = "c", Cxx = "c++", Python = "python" }
}

words! {
    /// How the allocator under test gets into the probed process.
    Load {
        /// It is the platform's own, there anyway.
        Native = "native",
        /// By the dynamic linker, before everything else.
        Preload = "preload",
        /// By the probe, while the platform's own serves the rest.
        Dlopen = "dlopen",
    }
}

words! {
    /// How a rule's cells become processes.
    Process {
        /// Each is a program of its own.
        Spawn = "spawn",
        /// One program prepares, and its copies are the cells: for many cheap ones.
        Fork = "fork",
    }
}

words! {
    /// Where an allocator comes from.
    Origin {
        /// The platform's own.
        System = "system",
        /// Found among the machine's libraries.
        Installed = "installed",
        /// Built from source by this project.
        Embedded = "embedded",
        /// Named by the user.
        Path = "path",
    }
}

words! {
    /// How a probe ended.
    Ending {
        /// It came to its end, its checks held or failed.
        Returned = "returned",
        /// It ended with a status that is none of the contract's.
        Exited = "exited",
        /// A signal ended it.
        Signalled = "signalled",
        /// It showed no sign of progress for longer than its limit.
        Hung = "hung",
        /// It wrote more than its limit.
        Flooded = "flooded",
        /// The allocator under test did not answer.
        NotLoaded = "not-loaded",
        /// The probe could not be compiled.
        NotBuilt = "not-built",
    }
}

words! {
    /// A finding's judgement.
    Verdict {
        Upholds = "upholds",
        Violates = "violates",
        /// A violation that is known for this version.
        Deviates = "deviates",
        /// A known violation that no longer happens.
        Stale = "stale",
        Recorded = "recorded",
        /// The outcome varies by itself, as declared.
        Varies = "varies",
        /// The outcome varied, and nobody declared it.
        Unsteady = "unsteady",
        Inapplicable = "inapplicable",
        Unobservable = "unobservable",
        Unbuilt = "unbuilt",
    }
}

impl Language {
    /// The extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Language::C => "c",
            Language::Cxx => "cc",
            Language::Python => "py",
        }
    }

    /// Is a probe of it a program of its own, built by us?
    pub fn is_compiled(self) -> bool {
        self != Language::Python
    }
}

/// One promise, or one question: a file under `cases/`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Path under `cases/` without the extension, `conformance/calloc/zeroes-reused-memory`.
    pub id: String,
    pub area: Area,
    pub language: Language,
    pub title: String,
    pub norm: Norm,
    /// Standard section, manual page or issue each.
    pub source: Vec<String>,
    pub fault: Fault,
    /// Functions of the family (C) or modules (Python) that the probe uses.
    pub needs: Vec<String>,
    /// `Dlopen` where the probe loads the allocators itself.
    pub load: Option<Load>,
    pub process: Process,
    /// A plain run asks it; one that is not core is asked with `--full`, or by its name.
    pub core: bool,
    /// The outcome depends on addresses: address space randomisation must be off.
    pub aslr_off: bool,
    pub limits: Limits,
    /// The empty list is one cell without a variant; `None` in it likewise.
    pub variants: Vec<Option<String>>,
    /// Each variant at the sizes where one of a pair treats its blocks another way.
    pub boundaries: bool,
    /// Its variants are the allocator's knobs instead: a cell for each, which is set.
    pub knobs: bool,
    /// Measures that repeat exactly.
    pub exact: Vec<String>,
    /// Operating systems the question makes sense on; empty is all.
    pub platforms: Vec<String>,
    /// How often a cell is run to see whether it varies.
    pub repeat: u32,
    /// Most of its time goes by in waiting: its cells run beside the others, many at a time.
    pub waits: bool,
    /// The file's whole text.
    pub text: String,
}

/// The planted defect of the reference allocator that a rule catches.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    Named(String),
    /// No fault can express it, and why.
    None(String),
}

/// What contains a cell. A limit that is absent is not set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// `RLIMIT_DATA`, MiB.
    pub memory_mib: u64,
    /// `RLIMIT_AS`, MiB: for rules about running out of memory only.
    pub address_mib: Option<u64>,
    /// Seconds without a sign of progress.
    pub hang_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory_mib: 4096, address_mib: None, hang_s: 60 }
    }
}

/// Something under test.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocator {
    pub name: String,
    pub version: String,
    pub origin: Origin,
    pub kind: Kind,
    /// The library, or the interpreter; on Windows the name of a family of the system's, see c-shims/load_windows.c;
    /// `None` is the platform's own C runtime.
    pub path: Option<PathBuf>,
    /// Set in the environment of its probes.
    pub environment: BTreeMap<String, String>,
    /// What it is asked about; empty is everything.
    pub areas: Vec<Area>,
    pub deviations: Vec<Deviation>,
    pub variations: Vec<Variation>,
    pub knobs: Vec<Knob>,
    /// The largest blocks that it treats one way, bytes, where the next byte makes it do another.
    pub boundaries: Vec<u64>,
    /// What it maps at its start beyond what a plain process has, MiB: no limit may take that for use.
    pub reserved_mib: u64,
}

/// What kind of thing an allocator is, which decides the areas it is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A malloc family.
    Library,
    /// A Python interpreter and the modules, with versions, that its rules may need.
    Python { module: Option<String> },
}

impl Allocator {
    /// The name that tells the embedded build from an installed one: `jemalloc@embedded`.
    pub fn key(&self) -> String {
        match self.origin {
            Origin::Embedded => format!("{}@embedded", self.name),
            _ => self.name.clone(),
        }
    }

    /// The same with one of its knobs set.
    pub fn with(&self, knob: &Knob) -> Self {
        let mut allocator = self.clone();
        allocator.environment.extend(knob.environment.clone());
        allocator
    }

    pub fn load(&self) -> Load {
        match self.origin {
            // One of several that the system has: the probe is told which.
            Origin::System if self.path.is_some() => Load::Dlopen,
            Origin::System => Load::Native,
            _ if self.kind != Kind::Library => Load::Native,
            _ => Load::Preload,
        }
    }
}

/// A setting of an allocator, made from outside.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Knob {
    /// As the allocator's own manual writes it, without what is the same in all: `dirty_decay_ms:0`.
    pub name: String,
    pub environment: BTreeMap<String, String>,
    /// What the manual says that it does.
    pub effect: String,
    pub source: String,
}

/// A violation known for certain versions.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// Rule id, or a glob over ids.
    pub rule: String,
    /// A glob over variants.
    pub variant: Option<String>,
    /// A glob over the names of platforms, where it is not the same on all.
    pub platform: Option<String>,
    /// A version requirement such as `<2.33`; `None` is every version.
    pub versions: Option<String>,
    pub reason: String,
    pub link: Option<String>,
    /// A race: not seeing it is no news.
    #[serde(default)]
    pub sometimes: bool,
}

/// Does this glob over platforms, if there is one, match this platform's name?
pub fn is_on(platforms: Option<&str>, platform: &str) -> bool {
    platforms.is_none_or(|glob| glob::Pattern::new(glob).is_ok_and(|glob| glob.matches(platform)))
}

/// An outcome that varies by itself, with the set of outcomes that are expected.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Variation {
    pub rule: String,
    pub partner: Option<String>,
    /// As in a deviation.
    pub variant: Option<String>,
    pub platform: Option<String>,
    pub versions: Option<String>,
    pub outcomes: Vec<String>,
    pub reason: String,
}

/// One thing to run.
#[derive(Clone, Debug)]
pub struct Cell {
    pub rule: Arc<Rule>,
    pub allocator: Arc<Allocator>,
    pub partner: Option<Arc<Allocator>>,
    pub variant: Option<String>,
    pub load: Load,
}

/// What one run of a cell showed, not judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    pub ending: Ending,
    /// Signal name, exit status, or the reason why it was not loaded or built.
    pub detail: Option<String>,
    /// The text of the failed check.
    pub violated: Option<String>,
    /// Why the question cannot be asked on this machine.
    pub unobservable: Option<String>,
    /// A function the allocator does not provide, and why.
    pub lacking: Option<String>,
    /// How far the probe said it came.
    pub stage: Option<String>,
    pub facts: Facts,
    pub measures: Measures,
    /// The believed witnesses, separated by commas.
    pub witness: Option<String>,
    /// First line that the allocator wrote to standard error, without its numbers.
    pub message: Option<String>,
}

impl Observation {
    pub fn new(ending: Ending, detail: Option<String>) -> Self {
        Observation {
            ending,
            detail,
            violated: None,
            unobservable: None,
            lacking: None,
            stage: None,
            facts: Facts::new(),
            measures: Measures::new(),
            witness: None,
            message: None,
        }
    }
}

/// One cell, judged. Field for field what `--format json` prints; the schema is `harness/src/report/schema.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    pub rule: String,
    pub title: String,
    pub area: Area,
    pub norm: Norm,
    pub source: Vec<String>,
    /// The allocator's [`Allocator::key`].
    pub allocator: String,
    pub partner: Option<String>,
    pub variant: Option<String>,
    pub load: Load,
    pub ending: Ending,
    pub detail: Option<String>,
    pub verdict: Verdict,
    /// The exit status counts it.
    pub complaint: bool,
    pub facts: Facts,
    pub measures: Measures,
    /// Names of the measures that repeat exactly.
    pub exact: Vec<String>,
    pub witness: Option<String>,
    /// What a reader needs to believe the verdict: the failed check, the allocator's message.
    pub evidence: Option<String>,
    /// Why a known violation is known, what a variation's outcomes are, what is lacking.
    pub reason: Option<String>,
    /// The command that runs this one cell.
    pub reproduce: String,
}

/// The machine a report is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// `x86_64-linux-gnu`
    pub name: String,
    /// C runtime and version, `glibc 2.36`.
    pub libc: String,
    pub kernel: String,
    pub page_size: u64,
    /// Transparent huge pages: `always`, `madvise`, `never`, or `none`.
    pub huge_pages: String,
    pub cpus: usize,
    /// `off` if probes that ask for it run without address space randomisation, `on` if the system refuses.
    pub aslr: String,
    /// Witnesses of page fate that passed their control.
    pub witnesses: Vec<String>,
}

impl Platform {
    /// Windows itself, or what runs its programs.
    pub fn is_windows(&self) -> bool {
        ["-windows-", "-wine-"].iter().any(|system| self.name.contains(system))
    }
}

/// An allocator as reports name it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllocatorEntry {
    /// The allocator's [`Allocator::key`].
    pub name: String,
    pub version: String,
    pub origin: Origin,
    pub path: Option<String>,
}

/// The findings of one run: what `--format json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Version of this format.
    pub version: u32,
    /// Version of the program that wrote it.
    pub allocheck: String,
    pub platform: Platform,
    pub allocators: Vec<AllocatorEntry>,
    pub findings: Vec<Finding>,
}

impl Report {
    /// The format that this program writes and reads.
    pub const VERSION: u32 = 1;

    pub fn complaints(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.complaint)
    }
}
