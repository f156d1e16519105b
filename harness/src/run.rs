//! Runs one cell: spawn, limits, capture, decode. What comes back is an [`Observation`]; nothing is judged here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::model::{Ending, Observation};
use crate::os::{self, Containment, MARK};

mod serve;
pub use serve::{Question, serve};

/// After the status of a probe that reported nothing, or not its end.
const SILENT: &str = " without a report";
const PIPE: &str = "cannot duplicate a pipe";
/// More output than this is a flood.
const OUTPUT_LIMIT: usize = 1 << 20;
/// More characters of a message than this nobody reads.
const MESSAGE_LIMIT: usize = 300;

/// A probe, ready to start.
#[derive(Clone, Debug)]
pub struct Probe {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// The whole environment, but for what this module adds itself.
    pub environment: BTreeMap<String, OsString>,
    /// It starts in a folder of its own in this one.
    pub folder: PathBuf,
    pub containment: Containment,
    /// Its standard output is its report; otherwise that is a pipe of its own, and standard output is kept for evidence.
    pub reports_on_output: bool,
}

/// Runs a probe to its end. An error is the harness' own trouble, or Ctrl-C; whatever the probe does is an observation.
pub fn run(probe: &Probe) -> Result<Observation> {
    let folder = probe.own_folder()?;
    let mut cell = Cell::start(probe, folder.path(), Stdio::null())?;
    let stopped = cell.watch(probe.hang(), |_| false);
    let status = cell.end()?;
    let ended = match stopped? {
        Stopped::Ended => os::decode(status),
        Stopped::Must(ending) => return Ok(cell.reported(Observation::new(ending, None))),
        Stopped::Answered => unreachable!("nothing was asked"),
    };
    Ok(cell.ended(ended))
}

impl Probe {
    fn own_folder(&self) -> Result<TempDir> {
        let folder = tempfile::Builder::new().prefix("cell-").tempdir_in(&self.folder);
        folder.with_context(|| format!("cannot make a folder in {}", self.folder.display()))
    }

    fn hang(&self) -> Duration {
        Duration::from_secs(self.containment.limits.hang_s)
    }
}

/// Why watching a cell came to an end.
enum Stopped {
    /// The process did.
    Ended,
    /// It must be ended, and this is how it counts.
    Must(Ending),
    /// What was waited for is in the report.
    Answered,
}

/// Runs a probe by a runner, which once in a thousand times may fail to start it: a probe's first line comes before
/// anything that may go wrong in it, so where there is none it is started again.
pub fn run_by_runner(probe: &Probe) -> Result<Observation> {
    let silent = |seen: &Observation| {
        seen.ending == Ending::Exited && seen.detail.as_ref().is_some_and(|detail| detail.ends_with(SILENT))
    };
    let mut seen = run(probe)?;
    for _ in 0..2 {
        if silent(&seen) {
            seen = run(probe)?;
        }
    }
    Ok(failed_itself(probe, &seen).unwrap_or(seen))
}

/// A runner that says under its own name what is wrong speaks of itself, and not of the program: QEMU tells the program's
/// death as `qemu:`, and its own trouble as `qemu-aarch64-static:`.
fn failed_itself(probe: &Probe, seen: &Observation) -> Option<Observation> {
    let name = probe.program.file_name()?.to_string_lossy();
    let said = seen.message.as_ref().filter(|message| message.starts_with(&format!("{name}:")))?;
    Some(Observation {
        unobservable: Some(format!("the runner failed: {said}")),
        ..Observation::new(Ending::Returned, None)
    })
}

/// What no process of this system can do without.
pub fn kept_environment() -> impl Iterator<Item = (&'static str, OsString)> {
    os::KEPT_VARIABLES.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)))
}

/// A running cell.
struct Cell {
    process: os::Process,
    report: Stream,
    output: Stream,
}

impl Cell {
    fn start(probe: &Probe, folder: &Path, input: Stdio) -> Result<Self> {
        static CELLS: AtomicU32 = AtomicU32::new(0);
        // Of one width, so that the environment's size is the same in every cell.
        let mark = format!("{:010}-{:010}", std::process::id(), CELLS.fetch_add(1, Ordering::Relaxed));
        let (report, report_end) = os::pipe()?;
        let (output, output_end) = os::pipe()?;
        let mut command = Command::new(&probe.program);
        command
            .args(&probe.arguments)
            .env_clear()
            .envs(kept_environment())
            .envs(&probe.environment)
            .env(MARK, &mark)
            .current_dir(folder)
            .stdin(input)
            .stdout(if probe.reports_on_output { &report_end } else { &output_end }.try_clone().context(PIPE)?)
            .stderr(output_end);
        let process = os::Process::start(&mut command, probe.containment, &report_end, &mark)
            .with_context(|| format!("cannot start {}", probe.program.display()))?;
        // The command's copies of the writing ends go with it here; without them gone the pipes never end.
        Ok(Cell { process, report: Stream::new(report), output: Stream::new(output) })
    }

    /// Until the probe ends by itself, must be ended, or has reported what is waited for.
    fn watch(&mut self, hang: Duration, answered: impl Fn(&[u8]) -> bool) -> Result<Stopped> {
        let mut progress = Instant::now();
        loop {
            let open: Vec<&fs::File> = [&self.report, &self.output].iter().filter_map(|stream| stream.open()).collect();
            // Closed pipes mean that the end is near.
            os::wait_readable(&open, if open.is_empty() { 1 } else { 20 });
            // Asked first: what it wrote before its end is then read to the last byte.
            let ended = self.process.has_ended();
            if self.report.read() {
                progress = Instant::now();
            }
            self.output.read();
            if self.report.is_flooded() || self.output.is_flooded() {
                return Ok(Stopped::Must(Ending::Flooded));
            }
            if answered(&self.report.bytes) {
                return Ok(Stopped::Answered);
            }
            if ended {
                return Ok(Stopped::Ended);
            }
            os::check_interruption()?;
            if progress.elapsed() > hang {
                return Ok(Stopped::Must(Ending::Hung));
            }
        }
    }

    /// Nothing of the cell is left after this.
    fn end(&mut self) -> Result<ExitStatus> {
        self.process.end().context("cannot wait for a probe")
    }

    fn ended(&self, how: Result<i32, String>) -> Observation {
        // A POSIX runner cuts a Windows status down to eight bits, so such a probe says itself what it dies of.
        if let Some(death) = line_after(&self.report.bytes, "died ") {
            return self.reported(Observation::new(Ending::Signalled, Some(death)));
        }
        match how {
            Ok(status) => self.exited(status),
            Err(signal) => self.reported(Observation::new(Ending::Signalled, Some(signal))),
        }
    }

    /// An exit status means what the report says it means: see c-shims/probe.h.
    fn exited(&self, status: i32) -> Observation {
        let seen = self.reported(Observation::new(Ending::Returned, None));
        let not_asked = seen.lacking.is_some() || seen.unobservable.is_some() || seen.ending == Ending::NotLoaded;
        let as_reported = match status {
            0 => self.has_line("done"),
            1 => seen.violated.is_some(),
            3 => not_asked,
            _ => false,
        };
        let (ending, detail) = match status {
            _ if as_reported => return seen,
            // ld.so(8) ends a program with it if a library of the allocator's is missing.
            127 if self.report.bytes.is_empty() => {
                return Observation::new(Ending::NotLoaded, self.output.first_line());
            }
            _ if status == 0 || self.report.bytes.is_empty() => (Ending::Exited, Some(format!("{status}{SILENT}"))),
            _ => (Ending::Exited, Some(status.to_string())),
        };
        Observation { ending, detail, ..seen }
    }

    fn has_line(&self, line: &str) -> bool {
        self.report.bytes.split(|byte| *byte == b'\n').any(|other| other == line.as_bytes())
    }

    /// Reads the report's lines into the observation.
    fn reported(&self, mut observation: Observation) -> Observation {
        for line in String::from_utf8_lossy(&self.report.bytes).lines() {
            let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
            let text = Some(rest.to_owned());
            let pair = rest.split_once('=').map(|(name, value)| (name.to_owned(), value));
            match (kind, pair) {
                ("witness", _) => observation.witness = text,
                ("stage", _) => observation.stage = text,
                ("violated", _) => observation.violated = text,
                ("unobservable", _) => observation.unobservable = text,
                ("lacking", _) => observation.lacking = text,
                ("not-loaded", _) => (observation.ending, observation.detail) = (Ending::NotLoaded, text),
                ("fact", Some((name, word))) => drop(observation.facts.insert(name, word.to_owned())),
                ("measure", Some((name, number))) => {
                    observation.measures.extend(number.parse().ok().map(|number| (name, number)))
                }
                _ => {}
            }
        }
        observation.message = self.output.first_line().map(|line| without_numbers(&line));
        observation
    }
}

/// The rest of the first whole line that begins with `words`.
fn line_after(report: &[u8], words: &str) -> Option<String> {
    let text = String::from_utf8_lossy(report);
    let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    whole.filter_map(|line| line.strip_prefix(words)).next().map(str::to_owned)
}

/// One pipe and what came out of it.
struct Stream {
    pipe: Option<fs::File>,
    bytes: Vec<u8>,
}

impl Stream {
    fn new(pipe: fs::File) -> Self {
        Stream { pipe: Some(pipe), bytes: Vec::new() }
    }

    fn open(&self) -> Option<&fs::File> {
        self.pipe.as_ref()
    }

    /// Takes what is there, up to a little more than the limit; did anything come?
    fn read(&mut self) -> bool {
        let before = self.bytes.len();
        let mut buffer = [0; 1 << 14];
        while !self.is_flooded() {
            let Some(pipe) = &mut self.pipe else { break };
            match os::read_available(pipe, &mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(n) => self.bytes.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.pipe = None,
            }
        }
        self.bytes.len() > before
    }

    /// Its beginning is enough; what follows is read again.
    fn forget_flood(&mut self) {
        self.bytes.truncate(OUTPUT_LIMIT / 2);
    }

    fn is_flooded(&self) -> bool {
        self.bytes.len() > OUTPUT_LIMIT
    }

    /// The first line that says anything, fit for a report: not too long, and nothing that steers a terminal.
    fn first_line(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(line.chars().filter(|c| !c.is_control()).take(MESSAGE_LIMIT).collect())
    }
}

/// A message with `#` for its numbers: they are addresses and process ids.
fn without_numbers(line: &str) -> String {
    let is_number = |word: &str| {
        let digits = word.strip_prefix("0x").unwrap_or(word);
        let hex = digits.chars().all(|c| c.is_ascii_hexdigit()) && digits.contains(|c: char| c.is_ascii_digit());
        hex && (word.starts_with(|c: char| c.is_ascii_digit()) || word.len() >= 8)
    };
    let mut text = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        text.push_str(if is_number(word) { "#" } else { word });
        let mut others = after.chars();
        text.extend(others.next());
        rest = others.as_str();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("free(): invalid pointer", "free(): invalid pointer")]
    #[case("munmap_chunk(): 0x7ffd1c20 of 24 bytes", "munmap_chunk(): # of # bytes")]
    #[case("==4711== ERROR at 00007f3a9c001e80", "==#== ERROR at #")]
    #[case("<jemalloc>: jemalloc_internal_2.h:123: Failed", "<jemalloc>: jemalloc_internal_#.h:#: Failed")]
    #[case("the facade of libx2 is 64bit", "the facade of libx2 is 64bit")]
    fn messages(#[case] said: &str, #[case] shown: &str) {
        assert_eq!(without_numbers(said), shown);
    }
}
