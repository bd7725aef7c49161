//! Threads. They are started here alone: where the system gives no further one, an error names the limits, instead of a
//! panic somewhere.
//!
//! Containers, batch jobs and services often allow few threads, and a machine with many cores asks for many. What computes
//! shares one pool, which [`start_pool`] starts before anything asks for it.

mod limits;
pub mod swallowed;

use std::io;
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle, sleep};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// How long the system may take to count a thread out that has ended.
const PATIENCE: Duration = Duration::from_millis(500);

/// The system gives no further thread.
#[derive(Debug, thiserror::Error)]
#[error(
    "the system gives this program no further thread ({source}); {limits}. Raise that, end other programs, or use fewer \
     threads: RAYON_NUM_THREADS=1 to compute, `parallel = 1` in [search]"
)]
struct NoThread {
    source: io::Error,
    /// Which limits there are, in words.
    limits: String,
}

fn refused(source: io::Error) -> io::Error {
    let limits = limits::words();
    io::Error::new(source.kind(), NoThread { source, limits })
}

/// Starts a thread.
///
/// # Errors
/// The system gives no further one; the text names the limits and says what to do.
pub fn start<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let builder = Builder::new().name(name.to_owned());
    builder.spawn(work).map_err(refused)
}

/// Starts a thread that ends within a scope.
///
/// # Errors
/// See [`start`].
pub fn start_within<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    let builder = Builder::new().name(name.to_owned());
    builder.spawn_scoped(scope, work).map_err(refused)
}

/// Starts the pool that computes: a thread for each core, or as many as `RAYON_NUM_THREADS` says. Whatever computes before
/// starts it too, and panics where it cannot.
///
/// # Errors
/// See [`start`].
pub fn start_pool() -> io::Result<()> {
    match ThreadPoolBuilder::new().build_global() {
        Err(error) => source_of(error).map_or(Ok(()), |source| Err(refused(source))),
        Ok(()) => Ok(()),
    }
}

/// A pool of its own of so many threads.
///
/// # Errors
/// See [`start`].
pub fn pool(threads: usize) -> io::Result<ThreadPool> {
    let built = ThreadPoolBuilder::new().num_threads(threads).build();
    built.map_err(|error| match source_of(error) {
        Some(source) => refused(source),
        None => io::ErrorKind::Other.into(),
    })
}

/// What the system said; none where there is such a pool already.
fn source_of(error: ThreadPoolBuildError) -> Option<io::Error> {
    let error: Box<dyn std::error::Error> = Box::new(error);
    let source = error.source()?.downcast_ref::<io::Error>()?;
    Some(source.raw_os_error().map_or_else(
        || io::Error::new(source.kind(), source.to_string()),
        io::Error::from_raw_os_error,
    ))
}

/// Whether so many further threads are to be had: to be asked before anything is begun that needs them.
///
/// # Errors
/// See [`start`].
pub fn reserve(count: usize) -> io::Result<()> {
    let before = running();
    let (gate, closed) = bounded::<()>(0);
    let waiting = (0..count).map(|_| {
        let closed = closed.clone();
        start("reserved", move || {
            // An error, once the gate is gone.
            let _ = closed.recv();
        })
    });
    let waiting: Vec<_> = waiting.collect::<Result<_, _>>()?;
    drop(gate);
    for thread in waiting {
        // It has nothing to panic about.
        let _ = thread.join();
    }
    // One that has ended is counted for a moment more.
    let begun = Instant::now();
    while running() > before && begun.elapsed() < PATIENCE {
        sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Threads that this program has; 0 where the system does not tell.
fn running() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn the_error_names_the_limits_and_what_to_do() {
        let error = NoThread {
            source: io::Error::from_raw_os_error(11),
            limits: limits::of(
                "Max processes             64                   64                   processes \n",
                &[],
            ),
        };
        assert_snapshot!(error, @"the system gives this program no further thread (Resource temporarily unavailable (os error 11)); this user may have 64 processes and threads (`ulimit -u`). Raise that, end other programs, or use fewer threads: RAYON_NUM_THREADS=1 to compute, `parallel = 1` in [search]");
    }

    #[test]
    fn threads_that_are_there_are_reserved_and_ended_again() {
        let before = running();
        reserve(5).unwrap();
        // Other tests run meanwhile.
        assert!(running() <= before + 64);
        assert_eq!(start("one", || 1).unwrap().join().unwrap(), 1);
        assert_eq!(pool(2).unwrap().install(rayon::current_num_threads), 2);
    }
}
