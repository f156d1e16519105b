//! Arguments in, exit status out.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use allocheck::catalog;
use allocheck::diff;
use allocheck::discover::{self, Wanted};
use allocheck::explain::plot::Picture;
use allocheck::explain::{self, mixing, release};
use allocheck::look;
use allocheck::merge;
use allocheck::model::{Area, Report};
use allocheck::os;
use allocheck::plan::Selection;
use allocheck::report::{self, Format, Style};
use allocheck::session::{self, Request};
use allocheck::target::Machine;
use allocheck::workshop::Workshop;
use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{Args, Parser, Subcommand};
use tempfile::NamedTempFile;

/// Tests the memory allocators of this machine: conformance, mixing, release.
#[derive(Parser)]
#[command(version, about, long_about = None, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(Subcommand)]
enum Command {
    /// Run the rules and print a report (the same as no command at all)
    Run(Run),
    /// What changed between two JSON reports: status 0 nothing, 1 something
    Diff {
        /// A report written with --format json
        old: PathBuf,
        /// Another one
        new: PathBuf,
    },
    /// Folds JSON reports of many machines into one document, and tells of each platform: status 1 if any complains
    Merge {
        /// Reports written with --format json, or by merge
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Write the document to FILE and the table to standard output; otherwise the document goes there
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// The allocators of this machine and the rules
    List {
        /// Only this area
        #[arg(long = "area", value_name = "AREA", value_parser = area)]
        areas: Vec<Area>,
    },
    /// Says what is known: of a rule, of an allocator, or of where freed memory goes on this machine
    Explain(Explain),
    /// Looks at a library, in a process of its own
    #[command(name = look::SUBCOMMAND, hide = true)]
    Look { library: PathBuf, call: Option<String> },
}

#[derive(Args)]
struct Run {
    /// Allocators of this machine by name, FROM->TO for one pair of a mixing rule, or [NAME=]PATH of a library of your
    /// own; all of this machine without any
    #[arg(value_name = "ALLOCATOR")]
    allocators: Vec<String>,
    /// Only this area: conformance, mixing, release, python
    #[arg(long = "area", value_name = "AREA", value_parser = area)]
    areas: Vec<Area>,
    /// Only rules whose id, or id@variant, matches
    #[arg(long = "rule", value_name = "GLOB")]
    rules: Vec<String>,
    /// Every rule, not the core alone
    #[arg(long)]
    full: bool,
    /// A target that this machine can build for and run, instead of this machine itself (see `allocheck list`)
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// The name of the one library that is given by its path
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = format)]
    format: Format,
    /// Write the report to FILE
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only complaints, and the line that counts
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// A line for each cell
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Args)]
struct Explain {
    /// The id of a rule, the name of an allocator, `release`, or `mixing`
    #[arg(value_name = "RULE|ALLOCATOR|release|mixing")]
    topic: String,
    /// With `release`: only these allocators and interpreters, beside the platform's own; with `mixing`: FROM TO
    #[arg(value_name = "ALLOCATOR")]
    allocators: Vec<String>,
    /// With `release`: also draw how much of a freed block stays resident, by its size
    #[arg(long, value_name = "FILE.svg|FILE.png")]
    plot: Option<PathBuf>,
}

fn area(word: &str) -> Result<Area, String> {
    let known = || Area::ALL.iter().map(|area| area.word()).collect::<Vec<_>>().join(", ");
    Area::ALL.iter().copied().find(|area| area.word() == word).ok_or_else(|| format!("the areas are {}", known()))
}

fn format(word: &str) -> Result<Format, String> {
    match word {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err("the formats are text, json".into()),
    }
}

pub fn main() -> Result<ExitCode> {
    os::take_signals();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => bail!(in_one_line(&error)),
        // Help or version.
        Err(asked) => return print(&asked.to_string()).map(|()| ExitCode::SUCCESS),
    };
    match cli.command.unwrap_or(Command::Run(cli.run)) {
        Command::Run(arguments) => run(&arguments),
        Command::Diff { old, new } => diff_files(&old, &new),
        Command::Merge { files, output } => merge_files(&files, output.as_deref()),
        Command::List { areas } => list(&areas),
        Command::Explain(arguments) => explain(&arguments),
        Command::Look { library, call } => look::child(&library, call.as_deref()),
    }
}

/// This program's file. Without /proc Linux does not tell it, and the name that it was called by must do.
fn program() -> Result<PathBuf> {
    std::env::current_exe().or_else(|error| {
        let called = std::env::args_os().next().and_then(|name| which::which(name).ok());
        called
            .and_then(|path| std::path::absolute(path).ok())
            .with_context(|| format!("cannot find this program's own file: {error}"))
    })
}

/// What is wrong and clap's tips, without its usage.
fn in_one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let said =
        text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let said: Vec<&str> = said.filter(|line| !line.is_empty()).collect();
    let said = said.join("; ").replace("error: ", "").replace("tip: ", "");
    format!("{said} (see `allocheck --help`)")
}

// ---- run -----------------------------------------------------------------------------------------------------------

fn run(arguments: &Run) -> Result<ExitCode> {
    let request = request(arguments)?;
    // Before the work, so that a folder that cannot be written costs nothing.
    let output = arguments.output.as_deref().map(Output::open).transpose()?;
    let report = session::run(&program()?, &request)?;
    let color = output.is_none() && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    let style = Style { color, width: 100, verbose: arguments.verbose, quiet: arguments.quiet };
    let text = report::render(&report, arguments.format, &style);
    match output {
        Some(output) => output.write(text.as_bytes())?,
        None => print(&text)?,
    }
    if report.findings.is_empty() {
        let _ = writeln!(io::stderr(), "allocheck: nothing to run: no rule of this selection is for these allocators");
    }
    Ok(ExitCode::from(u8::from(report.complaints().next().is_some())))
}

fn request(arguments: &Run) -> Result<Request> {
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut pairs = Vec::new();
    for word in &arguments.allocators {
        let both: Vec<Wanted> = word.split("->").map(Wanted::parse).collect();
        if let [from, to] = &both[..] {
            pairs.push((from.shown_name(), to.shown_name()));
        }
        wanted.extend(both.into_iter().filter(|one| !wanted.contains(one)).collect::<Vec<_>>());
    }
    if let Some(name) = &arguments.name {
        let mut libraries = wanted.iter_mut().filter_map(|one| match one {
            Wanted::Library { name, .. } => Some(name),
            Wanted::Name(_) => None,
        });
        let (Some(only), None) = (libraries.next(), libraries.next()) else {
            bail!("--as names one library that is given by its path; for several say NAME=PATH");
        };
        *only = Some(name.clone());
    }
    for name in wanted.iter().filter_map(Wanted::given_name) {
        ensure!(discover::is_name(name), "{name:?} is no name; use letters, digits and any of -_.+");
    }
    let selection =
        Selection { areas: arguments.areas.clone(), rules: arguments.rules.clone(), pairs, full: arguments.full };
    Ok(Request { wanted, selection, target: arguments.target.clone(), progress: !arguments.quiet })
}

/// A file to be written when all is done. Beside it until then, so that an interrupted run leaves an old one whole.
struct Output {
    path: PathBuf,
    /// `None` for what is no file, such as /dev/stdout.
    unfinished: Option<NamedTempFile>,
}

impl Output {
    fn open(path: &Path) -> Result<Self> {
        let complaint = || format!("cannot write {}; give -o a file in a folder that you can write to", path.display());
        ensure!(!path.is_dir(), "cannot write {}: it is a folder; give -o a file", path.display());
        // What a link leads to is written, not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let special = path.metadata().is_ok_and(|metadata| !metadata.is_file());
        let unfinished = (!special).then(|| beside(&path)).transpose().with_context(complaint)?;
        Ok(Output { path, unfinished })
    }

    fn write(self, text: &[u8]) -> Result<()> {
        let written = match self.unfinished {
            None => fs::write(&self.path, text),
            Some(mut file) => {
                file.write_all(text).and_then(|()| file.persist(&self.path).map(drop).map_err(|error| error.error))
            }
        };
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// A new file in the same folder, readable by whom the umask lets.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".allocheck-");
    if let Some(permissions) = os::usual_permissions() {
        builder.permissions(permissions);
    }
    builder.tempfile_in(folder)
}

/// A reader that has seen enough (`| head`) is no error.
fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to standard output"),
        _ => Ok(()),
    }
}

// ---- explain -------------------------------------------------------------------------------------------------------

fn explain(arguments: &Explain) -> Result<ExitCode> {
    let wanted: Vec<Wanted> = arguments.allocators.iter().map(|word| Wanted::parse(word)).collect();
    let program = program()?;
    let color = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    let style = Style { color, ..Style::default() };
    let picture_only_of_release = || {
        ensure!(arguments.plot.is_none(), "only `explain release` draws; leave --plot out");
        Ok(())
    };
    let explained = match (arguments.topic.as_str(), &arguments.allocators[..]) {
        ("release", _) => explain_release(&program, &wanted, arguments.plot.as_deref(), &style)?,
        ("mixing", []) => picture_only_of_release().map(|()| mixing::explain(&mixing::on_record(None)))?,
        ("mixing", [from, to]) => mixing::explain_pair(&mixing::on_record(None), from, to)?,
        ("mixing", _) => bail!("`explain mixing` takes two names: who allocates, and who frees"),
        (topic, []) => picture_only_of_release().and_then(|()| explain::known(&program, topic, &style))?,
        (topic, _) => bail!("`explain {topic}` takes no more words; only `explain release` and `explain mixing` do"),
    };
    print(&explained)?;
    Ok(ExitCode::SUCCESS)
}

fn explain_release(program: &Path, wanted: &[Wanted], plot: Option<&Path>, style: &Style) -> Result<String> {
    let plot = plot.map(|path| Ok::<_, anyhow::Error>((Output::open(path)?, Picture::of(path)?))).transpose()?;
    let measured = release::measure(program, wanted, plot.is_some())?;
    if let Some((output, picture)) = plot {
        output.write(&picture.draw(&measured.report)?)?;
    }
    Ok(release::text(&measured, style))
}

// ---- diff and list -------------------------------------------------------------------------------------------------

fn diff_files(old: &Path, new: &Path) -> Result<ExitCode> {
    let (old, new) = (read(old)?, read(new)?);
    let changes = diff::compare(&old, &new);
    print(&diff::render(&old, &new, &changes))?;
    Ok(ExitCode::from(u8::from(!changes.is_empty())))
}

fn merge_files(files: &[PathBuf], output: Option<&Path>) -> Result<ExitCode> {
    let output = output.map(Output::open).transpose()?;
    let mut reports = Vec::new();
    for path in files {
        let (name, text) = text_of(path)?;
        reports.extend(report::json::read_all(&text, &name)?.into_iter().map(|report| (name.clone(), report)));
    }
    let merged = merge::merge(reports)?;
    let document = serde_json::to_string_pretty(&merged)? + "\n";
    match output {
        Some(output) => {
            output.write(document.as_bytes())?;
            print(&merge::table(&merged))?;
        }
        None => print(&document)?,
    }
    let complains = merged.reports.iter().any(|report| report.complaints().next().is_some());
    Ok(ExitCode::from(u8::from(complains)))
}

fn read(path: &Path) -> Result<Report> {
    let (name, text) = text_of(path)?;
    report::json::read(&text, &name)
}

/// A file's name, as an error calls it, and its text.
fn text_of(path: &Path) -> Result<(String, String)> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| anyhow!("cannot read {name}: {error}; give a file that --format json wrote"))?;
    Ok((name, text))
}

fn list(areas: &[Area]) -> Result<ExitCode> {
    let catalog = catalog::embedded()?;
    let workshop = Workshop::open(&program()?)?;
    let machine = Machine::this(&workshop)?;
    let mut text = String::from("allocators of this machine\n");
    let found = discover::allocators(&catalog, &machine, &workshop, &[], true)?;
    for allocator in &found {
        let path = allocator.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let line = format!("  {:<22} {:<10} {:<10} {path}", allocator.key(), allocator.version, allocator.origin);
        text += line.trim_end();
        text.push('\n');
    }
    let absent: Vec<&str> = catalog
        .allocators
        .iter()
        .map(|file| file.name.as_str())
        .filter(|name| !found.iter().any(|allocator| allocator.name == *name))
        .collect();
    if !absent.is_empty() {
        text += &format!("known and not here: {}\n", absent.join(", "));
    }
    text += "targets that this machine can drive (--target)\n";
    for file in &catalog.targets {
        let missing = file.missing();
        let here = match &missing[..] {
            [] => "yes".into(),
            some => format!("no: {} not found; {}", some.join(", "), file.install),
        };
        text += &format!("  {:<22} {here}\n", file.name);
    }
    text += "rules\n";
    for rule in catalog.rules.iter().filter(|rule| areas.is_empty() || areas.contains(&rule.area)) {
        text += &format!("  {:<6} {:<48} {}\n", rule.norm, rule.id, rule.title);
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
