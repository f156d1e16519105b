//! Many cells of one program, which prepares itself once and answers each by a copy of itself: the other side is
//! `probe_fork_here` in c-shims/probe.h.

use std::ffi::OsString;
use std::io::Write;
use std::process::{ChildStdin, Stdio};
use std::time::Duration;

use anyhow::Result;

use super::{Cell, Probe, Stopped, line_after};
use crate::model::{Ending, Observation};
use crate::os;

/// One cell of such a program.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// A setting, `NAME=VALUE`, for which the program makes a copy that then makes those for the variants.
    pub within: Option<OsString>,
    pub variant: &'a str,
}

/// An observation for each question, in their order.
pub fn serve(probe: &Probe, questions: &[Question]) -> Result<Vec<Observation>> {
    let mut probe = probe.clone();
    probe.environment.insert("ALLOCHECK_SERVE".into(), "0".into());
    let mut observations = Vec::new();
    while observations.len() < questions.len() {
        observations.extend(served(&probe, &questions[observations.len()..])?);
    }
    Ok(observations)
}

/// At least one observation: of all questions, or up to the one that ended the server.
fn served(probe: &Probe, questions: &[Question]) -> Result<Vec<Observation>> {
    let folder = probe.own_folder()?;
    let mut cell = Cell::start(probe, folder.path(), Stdio::piped())?;
    let pipe = cell.process.take_input().expect("its input is a pipe");
    let mut server = Server { cell: &mut cell, pipe, levels: Vec::new(), hang: probe.hang(), seen: Vec::new() };
    let stopped = server.answer_all(questions);
    let (prepared, mut observations) = (!server.levels.is_empty(), server.seen);
    let status = cell.end()?;
    let last = match stopped? {
        Stopped::Answered => return Ok(observations),
        Stopped::Ended => cell.ended(os::decode(status)),
        Stopped::Must(ending) => cell.reported(Observation::new(ending, None)),
    };
    // What kept it from being ready keeps it from answering any of them.
    let length = if prepared { observations.len() + 1 } else { questions.len() };
    observations.resize(length, last);
    Ok(observations)
}

/// A process that is ready to be asked.
struct Level {
    pid: Option<u32>,
    /// What was reported before it was ready; it holds for each copy.
    prepared: Vec<u8>,
}

/// What becomes of a copy.
enum Answer {
    /// It answers from now on.
    Ready(Level),
    Ended(Observation),
    /// The one that should have answered is gone, and its own server goes on.
    Lost(Observation),
    Stopped(Stopped),
}

struct Server<'a> {
    cell: &'a mut Cell,
    pipe: ChildStdin,
    levels: Vec<Level>,
    hang: Duration,
    seen: Vec<Observation>,
}

impl Server<'_> {
    /// Until all are answered or the server is no more.
    fn answer_all(&mut self, questions: &[Question]) -> Result<Stopped> {
        match self.cell.watch(self.hang, |report| line_after(report, "ready").is_some())? {
            Stopped::Answered => {
                self.levels.push(Level { pid: None, prepared: before(&self.cell.report.bytes, "ready") })
            }
            stopped => return Ok(stopped),
        }
        for group in questions.chunk_by(|a, b| a.within == b.within) {
            let stopped = match &group[0].within {
                None => self.ask_each(group)?,
                Some(setting) => self.ask_within(setting, group)?,
            };
            if let Some(stopped) = stopped {
                return Ok(stopped);
            }
        }
        Ok(Stopped::Answered)
    }

    /// All of a group by a copy of their own, which is made anew when one of them ends it.
    fn ask_within(&mut self, setting: &OsString, group: &[Question]) -> Result<Option<Stopped>> {
        let goal = self.seen.len() + group.len();
        while self.seen.len() < goal {
            match self.ask(setting.as_encoded_bytes())? {
                Answer::Ready(level) => self.levels.push(level),
                Answer::Ended(seen) | Answer::Lost(seen) => {
                    self.seen.resize(goal, seen);
                    return Ok(None);
                }
                Answer::Stopped(stopped) => return Ok(Some(stopped)),
            }
            let left = &group[group.len() - (goal - self.seen.len())..];
            let stopped = self.ask_each(left)?;
            let lost = self.seen.len() < goal;
            if stopped.is_some() {
                return Ok(stopped);
            }
            self.levels.pop();
            if !lost && !self.has_closed()? {
                return Ok(Some(Stopped::Answered));
            }
        }
        Ok(None)
    }

    /// Up to the one that ended the process that answers.
    fn ask_each(&mut self, questions: &[Question]) -> Result<Option<Stopped>> {
        for question in questions {
            match self.ask(format!("ALLOCHECK_VARIANT={}", question.variant).as_bytes())? {
                Answer::Ended(seen) => self.seen.push(seen),
                Answer::Lost(seen) => {
                    self.seen.push(seen);
                    return Ok(None);
                }
                Answer::Ready(_) => return Ok(Some(Stopped::Must(Ending::Hung))),
                Answer::Stopped(stopped) => return Ok(Some(stopped)),
            }
        }
        Ok(None)
    }

    /// The process that answers is told to end; does it?
    fn has_closed(&mut self) -> Result<bool> {
        let answer = self.ask(b"")?;
        Ok(matches!(answer, Answer::Lost(_)))
    }

    /// One copy with this setting.
    fn ask(&mut self, setting: &[u8]) -> Result<Answer> {
        let level = self.levels.last().expect("it is ready");
        self.cell.report.bytes = level.prepared.clone();
        self.cell.output.bytes.clear();
        // One that has died is found out by its report.
        let _ = self.pipe.write_all(&[setting, b"\n"].concat());
        let is_whole = |report: &[u8]| line_after(report, "ended ").or(line_after(report, "ready")).is_some();
        let stopped = self.cell.watch(self.hang, is_whole)?;
        let report = &self.cell.report.bytes;
        let copy = line_after(report, "started ").and_then(|number| number.parse().ok());
        match (&stopped, copy) {
            (Stopped::Answered, _) if line_after(report, "ended ").is_none() => {
                Ok(Answer::Ready(Level { pid: copy, prepared: before(report, "ready") }))
            }
            (Stopped::Answered, _) => Ok(self.ended(copy)),
            (Stopped::Must(ending), Some(copy)) => {
                self.cell.process.kill_copy(copy);
                self.cell.report.forget_flood();
                self.cell.output.forget_flood();
                if !matches!(self.cell.watch(self.hang, is_whole)?, Stopped::Answered) {
                    return Ok(Answer::Stopped(stopped));
                }
                Ok(Answer::Ended(self.cell.reported(Observation::new(*ending, None))))
            }
            _ => Ok(Answer::Stopped(stopped)),
        }
    }

    /// By `PID exit STATUS` or `PID signal NUMBER`, the copy's or that of the process which should have answered.
    fn ended(&self, copy: Option<u32>) -> Answer {
        let how = line_after(&self.cell.report.bytes, "ended ").unwrap_or_default();
        let mut words = how.split(' ');
        let pid = words.next().and_then(|number| number.parse().ok());
        let (word, number) = (words.next(), words.next().and_then(|number| number.parse().ok()).unwrap_or(-1));
        let seen = self.cell.ended(if word == Some("exit") { Ok(number) } else { Err(os::signal_name(number)) });
        let level = self.levels.last().and_then(|level| level.pid);
        if level.is_none() || pid != level {
            return Answer::Ended(seen);
        }
        if let Some(copy) = copy {
            self.cell.process.kill_copy(copy);
        }
        Answer::Lost(seen)
    }
}

/// What stands above the first line that is this word; `started PID` is nobody else's.
fn before(report: &[u8], word: &str) -> Vec<u8> {
    let lines = report.split_inclusive(|byte| *byte == b'\n');
    let above = lines.take_while(|line| line.strip_suffix(b"\n") != Some(word.as_bytes()));
    above.filter(|line| !line.starts_with(b"started ")).collect::<Vec<_>>().concat()
}
