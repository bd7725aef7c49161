//! Tensors that several threads use, each from a queue of its own.
//!
//! On a device that is given work through queues, one for each thread, a tensor belongs to the queue of the thread that
//! made it. Wherever another thread uses it, that thread waits until the device's server has lent it a view, once for
//! every use: some two hundred times in a forward pass of a BERT of twelve layers. A clone made on a thread is at home
//! there, over the same memory. So each thread that comes by is given clones of all of them once.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

/// Something made of tensors, at home with every thread that uses it. No numbers are copied.
#[derive(Debug)]
pub struct Shared<T> {
    made: Arc<T>,
    maker: ThreadId,
    /// Those of other threads; none where all threads give a device its work alike.
    others: Option<Mutex<Homes<T>>>,
}

type Homes<T> = Vec<(ThreadId, Arc<T>)>;

impl<T: Clone> Shared<T> {
    /// Made by this thread. `queues`: every thread has a queue of its own.
    pub fn new(made: T, queues: bool) -> Self {
        Self {
            made: Arc::new(made),
            maker: thread::current().id(),
            others: queues.then(Mutex::default),
        }
    }

    /// As its maker made it: for all that is no tensor.
    pub fn made(&self) -> &T {
        &self.made
    }

    /// At home with this thread, which waits for the device if it comes here for the first time.
    pub fn here(&self) -> Arc<T> {
        let thread = thread::current().id();
        let (Some(others), false) = (&self.others, thread == self.maker) else {
            return self.made.clone();
        };
        // A list of clones is whole at every moment, so a panic elsewhere has broken none.
        let mut others = others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = others.iter().find(|(of, _)| *of == thread) {
            return known.clone();
        }
        let own = Arc::new(T::clone(&self.made));
        others.push((thread, own.clone()));
        own
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts how often it was cloned.
    struct Counting(Arc<AtomicUsize>);

    impl Clone for Counting {
        fn clone(&self) -> Self {
            self.0.fetch_add(1, Ordering::Relaxed);
            Self(self.0.clone())
        }
    }

    /// Clones after three threads, its maker among them, used it twice each.
    fn clones(queues: bool) -> usize {
        let count = Arc::new(AtomicUsize::new(0));
        let shared = Shared::new(Counting(count.clone()), queues);
        let twice = || drop((shared.here(), shared.here()));
        twice();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(twice);
            }
        });
        twice();
        count.load(Ordering::Relaxed)
    }

    #[test]
    fn every_other_thread_clones_once_where_threads_have_queues() {
        assert_eq!(clones(true), 2);
        assert_eq!(clones(false), 0);
    }
}
