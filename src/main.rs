//! `autopeft-tui`: finds the best PEFT configurations for an encoder and a task. See the library for how.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    autopeft::memory::keep_freed();
    cli::main()
}
