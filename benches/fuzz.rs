//! Millions of hostile inputs for every reader of foreign bytes: `cargo bench --bench fuzz [-- EXECUTIONS [TARGET
//! [NUMBER]]]` (100,000 for each target unless told otherwise; another NUMBER makes other inputs).
//!
//! An input that lets a reader panic, take longer than a second or more than 512 MiB is written to `fuzz/artifacts/` and
//! ends the run.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]
#![recursion_limit = "256"]

#[path = "../tests/support/hostile.rs"]
mod hostile;
#[path = "../tests/support/hostile_answer.rs"]
mod hostile_answer;
#[path = "../tests/support/hostile_exports.rs"]
mod hostile_exports;
#[path = "../tests/support/mutation.rs"]
mod mutation;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use mutation::{Mutations, Target, targets};

/// No input may take longer.
const LIMIT: Duration = Duration::from_secs(1);
/// No input may take more memory, KiB.
const MEMORY_LIMIT: u64 = 512 << 10;
/// The memory is looked at after so many executions.
const BATCH: usize = 256;

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
    let mut highest = highest_memory();
    let mut batch: Vec<Vec<u8>> = Vec::with_capacity(BATCH);
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
            found(target, &input, &format!("{time:?}, {done:?}"));
        }
        batch.push(input);
        if batch.len() == BATCH {
            let now = highest_memory();
            if now > highest + MEMORY_LIMIT {
                hungriest(target, &batch);
            }
            highest = highest.max(now);
            batch.clear();
        }
    }
    println!(
        "{:16} {executions:10} executions, {:8.0} a second, the slowest {:6.1} ms, {} kB at the most",
        target.name,
        executions as f64 / begun.elapsed().as_secs_f64(),
        1e3 * slowest.as_secs_f64(),
        highest_memory(),
    );
}

/// Keeps an input, and ends.
fn found(target: &Target, input: &[u8], why: &str) -> ! {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/artifacts");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{}-{:08x}", target.name, crc32fast::hash(input)));
    std::fs::write(&path, input).unwrap();
    eprintln!("{}: {why}: see {}", target.name, path.display());
    std::process::exit(1);
}

/// Looks for the input that took so much memory.
fn hungriest(target: &Target, batch: &[Vec<u8>]) {
    for input in batch {
        // The highest memory is that of now.
        if std::fs::write("/proc/self/clear_refs", "5").is_err() {
            return;
        }
        let before = highest_memory();
        (target.run)(input);
        let more = highest_memory().saturating_sub(before);
        if more > MEMORY_LIMIT {
            found(target, input, &format!("{more} kB of memory"));
        }
    }
}

/// The most memory that this process ever had, KiB; 0 where nothing tells.
fn highest_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let size = line.and_then(|size| size.trim().strip_suffix(" kB"));
    size.and_then(|size| size.parse().ok()).unwrap_or(0)
}
