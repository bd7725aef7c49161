//! Millions of hostile inputs for every reader of foreign bytes: `cargo bench --bench fuzz [-- EXECUTIONS [TARGET
//! [NUMBER]]]` (100,000 for each target unless told otherwise; another NUMBER makes other inputs).
//!
//! An input that lets a reader panic, or take longer than a second, is written to `fuzz/artifacts/` and ends the run.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]
#![recursion_limit = "256"]

#[path = "../tests/support/hostile.rs"]
mod hostile;
#[path = "../tests/support/mutation.rs"]
mod mutation;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use mutation::{Mutations, Target, targets};

/// No input may take longer.
const LIMIT: Duration = Duration::from_secs(1);

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let number =
        |at: usize, default: u64| arguments.get(at).map_or(default, |a| a.parse().unwrap());
    let (executions, stream) = (number(0, 100_000), number(2, 1));
    let only = arguments.get(1).filter(|name| *name != "all");
    for target in targets()
        .iter()
        .filter(|t| only.is_none_or(|name| *name == t.name))
    {
        run(target, executions, stream);
    }
}

fn run(target: &Target, executions: u64, stream: u64) {
    let mut mutations = Mutations::new(&target.seeds, stream);
    let (begun, mut slowest) = (Instant::now(), Duration::ZERO);
    for _ in 0..executions {
        let input = mutations.next();
        let timed = || {
            let since = Instant::now();
            let done = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
            (done, since.elapsed())
        };
        let (done, mut time) = timed();
        if time > LIMIT {
            // Not where only the machine was busy with something else.
            time = time.min(timed().1);
        }
        slowest = slowest.max(time);
        if done.is_err() || time > LIMIT {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/artifacts");
            std::fs::create_dir_all(&folder).unwrap();
            let path = folder.join(format!("{}-{:08x}", target.name, crc32fast::hash(&input)));
            std::fs::write(&path, &input).unwrap();
            eprintln!(
                "{}: {time:?}, {done:?}: see {}",
                target.name,
                path.display()
            );
            std::process::exit(1);
        }
    }
    println!(
        "{:16} {executions:10} executions, {:8.0} a second, the slowest {:6.1} ms, {} at the most",
        target.name,
        executions as f64 / begun.elapsed().as_secs_f64(),
        1e3 * slowest.as_secs_f64(),
        highest_memory(),
    );
}

/// The most memory that this process ever had.
fn highest_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown memory".to_owned(), |size| size.trim().to_owned())
}
