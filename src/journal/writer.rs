//! Records made durable on a thread of their own: a disk that takes its time delays what follows from them, and
//! nothing else.

use std::io;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::threads;

use super::{Journal, JournalError, Record};

/// A journal behind its thread, which ends when this value is dropped.
#[derive(Debug)]
pub struct Writer {
    batches: Option<Sender<Vec<Record>>>,
    written: Receiver<Result<Vec<Record>, JournalError>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread, which passes every batch to `append`, in order.
    ///
    /// # Errors
    /// Where the system gives no further thread.
    pub fn start(
        mut append: impl FnMut(&[Record]) -> Result<(), JournalError> + Send + 'static,
    ) -> io::Result<Self> {
        let (batches, received) = unbounded::<Vec<Record>>();
        let (sender, written) = unbounded();
        let work = move || {
            for records in received {
                let appended = append(&records);
                if sender.send(appended.map(|()| records)).is_err() {
                    return;
                }
            }
        };
        let thread = threads::start("journal", work)?;
        Ok(Self {
            batches: Some(batches),
            written,
            thread: Some(thread),
        })
    }

    /// Has a batch appended by one synchronisation; [`written`](Self::written) tells when it is durable. Where the
    /// thread is gone, that is told there too.
    pub fn append(&self, records: Vec<Record>) {
        if let Some(batches) = &self.batches {
            let _ = batches.send(records);
        }
    }

    /// Batches that are durable, in the order in which they came, or why one is not.
    pub fn written(&self) -> &Receiver<Result<Vec<Record>, JournalError>> {
        &self.written
    }
}

impl Drop for Writer {
    /// What is being written is written to its end; the study is locked until then.
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Journal {
    /// The journal behind a thread of its own.
    ///
    /// # Errors
    /// Where the system gives no further thread.
    pub fn on_its_own_thread(mut self) -> io::Result<Writer> {
        Writer::start(move |records| self.append(records))
    }
}
