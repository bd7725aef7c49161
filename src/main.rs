//! `autopeft-tui`: finds the best PEFT configurations for an encoder and a task. See the library for how.

mod cli;

use std::process::ExitCode;

use autopeft::memory;
use autopeft::model::device;

fn main() -> ExitCode {
    memory::keep_freed();
    device::keep_quiet();
    device::settle();
    cli::main()
}
