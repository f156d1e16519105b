//! The command line.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::main() {
        Ok(status) => status,
        Err(error) => {
            // One line, the cause behind its context.
            eprintln!("allocheck: {error:#}");
            ExitCode::from(2)
        }
    }
}
