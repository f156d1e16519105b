//! The command line.

mod cli;

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::main() {
        Ok(status) => status,
        Err(error) => {
            // One line, the cause behind its context. A standard error that is gone is no reason to panic.
            let line = format!("{error:#}").replace('\n', " ");
            let _ = writeln!(std::io::stderr(), "allocheck: {line}");
            ExitCode::from(2)
        }
    }
}
