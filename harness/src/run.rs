//! Runs one cell: spawn, limits, capture, decode. What comes back is an [`Observation`]; nothing is judged here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::model::{Ending, Observation};
use crate::os::{self, Containment, MARK, REPORT_DESCRIPTOR};

/// More output than this is a flood.
const OUTPUT_LIMIT: usize = 1 << 20;

/// A probe, ready to start.
#[derive(Clone, Debug)]
pub struct Probe {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// The whole environment, but for what this module adds itself.
    pub environment: BTreeMap<String, OsString>,
    /// Where it starts, and may write.
    pub folder: PathBuf,
    pub containment: Containment,
}

/// Runs a probe to its end. An error is the harness' own trouble, or Ctrl-C; whatever the probe does is an observation.
pub fn run(probe: &Probe) -> Result<Observation> {
    static CELLS: AtomicU32 = AtomicU32::new(0);
    // Of one width, so that the environment's size is the same in every cell.
    let mark = format!("{:010}-{:010}", std::process::id(), CELLS.fetch_add(1, Ordering::Relaxed));
    let (report, report_end) = os::pipe()?;
    let (output, output_end) = os::pipe()?;
    let mut command = Command::new(&probe.program);
    command
        .args(&probe.arguments)
        .env_clear()
        .envs(&probe.environment)
        .env("ALLOCHECK_REPORT", REPORT_DESCRIPTOR.to_string())
        .env(MARK, &mark)
        .current_dir(&probe.folder)
        .stdin(Stdio::null())
        .stdout(output_end.try_clone().context("cannot duplicate a pipe")?)
        .stderr(output_end);
    os::contain(&mut command, probe.containment, &report_end);
    let child = command.spawn().with_context(|| format!("cannot start {}", probe.program.display()))?;
    // The command holds this side's copies of the output pipe; without them gone the pipe never ends.
    drop((command, report_end));
    let mut cell = Cell { child, mark, report: Stream::new(report), output: Stream::new(output) };
    let stopped = cell.watch(Duration::from_secs(probe.containment.limits.hang_s));
    let status = cell.end()?;
    Ok(match stopped? {
        Some(ending) => decode_report(&cell, Observation::new(ending, None)),
        None => match os::decode(status) {
            Ok(status) => decode_exit(&cell, status),
            Err(signal) => decode_report(&cell, Observation::new(Ending::Signalled, Some(signal))),
        },
    })
}

/// A running cell.
struct Cell {
    child: Child,
    mark: String,
    report: Stream,
    output: Stream,
}

impl Cell {
    /// Until the probe ends by itself (`None`) or must be ended.
    fn watch(&mut self, hang: Duration) -> Result<Option<Ending>> {
        let mut progress = Instant::now();
        loop {
            let open: Vec<&fs::File> = [&self.report, &self.output].iter().filter_map(|stream| stream.open()).collect();
            // Closed pipes mean that the end is near.
            os::wait_readable(&open, if open.is_empty() { 1 } else { 20 });
            if self.report.read() {
                progress = Instant::now();
            }
            self.output.read();
            if self.report.bytes.len() > OUTPUT_LIMIT || self.output.bytes.len() > OUTPUT_LIMIT {
                return Ok(Some(Ending::Flooded));
            }
            if os::has_ended(self.child.id()) {
                self.report.read();
                self.output.read();
                return Ok(None);
            }
            if os::interrupted().load(Ordering::Relaxed) {
                bail!("interrupted");
            }
            if progress.elapsed() > hang {
                return Ok(Some(Ending::Hung));
            }
        }
    }

    /// Nothing of the cell is left after this.
    fn end(&mut self) -> Result<std::process::ExitStatus> {
        let pid = self.child.id();
        os::kill_group(pid);
        let status = self.child.wait().context("cannot wait for a probe")?;
        os::kill_leftovers(pid, &self.mark);
        Ok(status)
    }
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
        while let Some(pipe) = &mut self.pipe {
            if self.bytes.len() > OUTPUT_LIMIT {
                break;
            }
            match pipe.read(&mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(n) => self.bytes.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.pipe = None,
            }
        }
        self.bytes.len() > before
    }
}

/// An exit status means what the report says it means: see c-shims/probe.h.
fn decode_exit(cell: &Cell, status: i32) -> Observation {
    let observation = decode_report(cell, Observation::new(Ending::Returned, None));
    let reported = match status {
        0 => reported_line(&cell.report.bytes, "done"),
        1 => observation.violated.is_some(),
        3 => {
            observation.lacking.is_some()
                || observation.unobservable.is_some()
                || observation.ending == Ending::NotLoaded
        }
        _ => false,
    };
    if reported {
        return observation;
    }
    let detail = if status == 0 { "0 without a report".to_owned() } else { status.to_string() };
    Observation { ending: Ending::Exited, detail: Some(detail), ..observation }
}

fn reported_line(report: &[u8], word: &str) -> bool {
    String::from_utf8_lossy(report).lines().any(|line| line == word)
}

/// Reads the report's lines into the observation.
fn decode_report(cell: &Cell, mut observation: Observation) -> Observation {
    for line in String::from_utf8_lossy(&cell.report.bytes).lines() {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let text = Some(rest.to_owned());
        match kind {
            "witness" => observation.witness = text,
            "stage" => observation.stage = text,
            "violated" => observation.violated = text,
            "unobservable" => observation.unobservable = text,
            "lacking" => observation.lacking = text,
            "not-loaded" => (observation.ending, observation.detail) = (Ending::NotLoaded, text),
            "fact" => {
                observation.facts.extend(rest.split_once('=').map(|(name, word)| (name.to_owned(), word.to_owned())))
            }
            "measure" => {
                let pair =
                    rest.split_once('=').and_then(|(name, number)| Some((name.to_owned(), number.parse().ok()?)));
                observation.measures.extend(pair);
            }
            _ => {}
        }
    }
    observation.message = message(&String::from_utf8_lossy(&cell.output.bytes));
    observation
}

/// The first line of a program's output, with `#` for its numbers: they are addresses and process ids.
fn message(output: &str) -> Option<String> {
    let line = output.lines().map(str::trim).find(|line| !line.is_empty())?;
    let word = |word: &str| match word.find(|c: char| c.is_ascii_digit()) {
        Some(_) => word.split(|c: char| c.is_ascii_hexdigit() || c == 'x').collect::<Vec<_>>().join(""),
        None => word.to_owned(),
    };
    Some(line.split_whitespace().map(word).collect::<Vec<_>>().join(" "))
}

/// A path to `library` that holds neither space nor colon, at which LD_PRELOAD would split: through a link in `folder`
/// to the library's own folder, so that what the library finds beside itself is still there.
pub fn plain_path(library: &Path, folder: &Path) -> Result<PathBuf> {
    let plain = |path: &Path| !path.to_string_lossy().contains([' ', ':', '\t', '\n']);
    if plain(library) {
        return Ok(library.to_owned());
    }
    let links = tempfile::Builder::new().prefix("link-").tempdir_in(folder).context("cannot make a link")?.keep();
    let (parent, name) = (library.parent().unwrap_or(Path::new("/")), library.file_name().unwrap_or_default());
    let link = links.join("folder");
    if plain(Path::new(name)) {
        symlink(parent, &link)?;
        return Ok(link.join(name));
    }
    let link = links.join("library.so");
    symlink(library, &link)?;
    Ok(link)
}

fn symlink(target: &Path, link: &Path) -> Result<()> {
    std::os::unix::fs::symlink(target, link).with_context(|| format!("cannot link {}", link.display()))
}
