//! A file's way into the cache: beside its blob until it is whole, one program at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::cache::Shelf;
use super::client::{About, Client, LEAST_BYTES};
use super::content;
use super::fault::{Fault, broken};
use super::progress::Report;
use super::{HubProgress, Repository};

/// How often a download that breaks off is taken up again.
const TRIES: usize = 3;

/// How long is waited for another program whose download does not grow.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// No description of a model or its tokenizer is longer, in bytes; they are read into memory.
const LONGEST_TEXT: u64 = 256 << 20;

/// A file to be fetched.
pub(super) struct Download<'a> {
    pub(super) client: &'a Client,
    pub(super) shelf: &'a Shelf,
    /// The repository, at a commit.
    pub(super) at: &'a Repository,
    pub(super) file: &'a str,
    /// What the hub says of it.
    pub(super) about: &'a About,
}

impl Download<'_> {
    /// Fetches it, unless its content is here already, and puts it in its place.
    ///
    /// # Errors
    /// It does not come, or there is no room for it; what has come is kept, and gone on with the next time.
    pub(super) fn run(&self, progress: &mut dyn FnMut(HubProgress)) -> Result<PathBuf, Fault> {
        let About { commit, etag, .. } = self.about;
        let blob = self.shelf.blob(etag);
        let lock = self.shelf.lock(etag);
        for path in [&blob, &lock] {
            self.shelf.prepared(path).map_err(Fault::from)?;
        }
        let incomplete = blob.with_file_name(format!("{etag}.incomplete"));
        let _held = hold(&lock, &incomplete)?;
        if content::is_named(&blob, etag) != Some(true) {
            self.fetch(&incomplete, progress)?;
            fs::rename(&incomplete, &blob).map_err(|error| Fault::from((blob, error)))?;
        }
        self.shelf
            .link(commit, self.file, etag)
            .map_err(Fault::from)
    }

    /// Fetches the content, going on with what is here of it, and once more from its beginning where that was spoilt.
    fn fetch(&self, path: &Path, progress: &mut dyn FnMut(HubProgress)) -> Result<(), Fault> {
        // What cannot be told from something else is not gone on with.
        let keep = content::is_digest(&self.about.etag);
        let mut file = opened(path, keep).map_err(|error| Fault::from((path.to_owned(), error)))?;
        let had = file.1;
        self.complete(&mut file, path, progress)?;
        match content::is_named(path, &self.about.etag) {
            Some(false) => {
                fs::remove_file(path).map_err(|error| Fault::from((path.to_owned(), error)))?;
                match had {
                    0 => Err(Fault::Answer(
                        "what came is not what it announced: its hash differs".to_owned(),
                    )),
                    _ => self.fetch(path, progress),
                }
            }
            _ => Ok(()),
        }
    }

    fn complete(
        &self,
        (file, done): &mut (File, u64),
        path: &Path,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<(), Fault> {
        let mut tries = 0;
        loop {
            match self.take_up(file, done, path, progress) {
                Err(Fault::Unanswered(_)) if tries + 1 < TRIES => {
                    tries += 1;
                    thread::sleep(Duration::from_millis(300));
                }
                ended => return ended,
            }
        }
    }

    /// One request for what is not here yet.
    fn take_up(
        &self,
        file: &mut File,
        done: &mut u64,
        path: &Path,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<(), Fault> {
        let on_disk = |error| Fault::from((path.to_owned(), error));
        if self.about.bytes.is_some_and(|bytes| *done > bytes) {
            restart(file, done).map_err(on_disk)?;
        }
        if *done > 0 && self.about.bytes == Some(*done) {
            return Ok(());
        }
        let content = self.client.content(self.at, self.file, *done)?;
        let bytes = self.length(content.bytes)?;
        if content.start != *done {
            restart(file, done).map_err(on_disk)?;
        }
        self.has_room(path, bytes.saturating_sub(*done))?;
        let mut report = Report::new(&self.at.id, self.file, bytes, progress);
        report.tell(*done);
        let mut body = content.body.into_reader();
        let mut piece = vec![0; 1 << 16];
        let patience = self.client.patience.span;
        let mut span = (Instant::now(), *done);
        loop {
            let count = match body.read(&mut piece) {
                Ok(0) if *done < bytes => {
                    let reason = format!("it broke off after {done} of {bytes} bytes");
                    return Err(Fault::Unanswered(reason));
                }
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(error)),
            };
            if *done + count as u64 > bytes {
                let reason = format!("more comes than the {bytes} bytes that it announced");
                return Err(Fault::Answer(reason));
            }
            file.write_all(&piece[..count]).map_err(on_disk)?;
            *done += count as u64;
            report.update(*done);
            if span.0.elapsed() >= patience {
                if *done - span.1 < LEAST_BYTES {
                    let reason = format!("less than {LEAST_BYTES} bytes came in {patience:?}");
                    return Err(Fault::Unanswered(reason));
                }
                span = (Instant::now(), *done);
            }
        }
        report.tell(*done);
        Ok(())
    }

    /// The length of the whole file, on which both answers must agree.
    fn length(&self, sent: Option<u64>) -> Result<u64, Fault> {
        let announced = self.about.bytes;
        let bytes = announced.or(sent);
        let bytes = bytes
            .ok_or_else(|| Fault::Answer("it does not say how long the file is".to_owned()))?;
        if let Some(sent) = sent.filter(|sent| *sent != bytes) {
            let reason = format!("it announces {bytes} bytes and sends {sent}");
            return Err(Fault::Answer(reason));
        }
        let is_text = [".json", ".txt"].iter().any(|end| self.file.ends_with(end));
        if is_text && bytes > LONGEST_TEXT {
            let mebibytes = LONGEST_TEXT >> 20;
            let reason = format!(
                "it announces {bytes} bytes, but no file of this kind has more than {mebibytes} MiB"
            );
            return Err(Fault::Answer(reason));
        }
        Ok(bytes)
    }

    /// The disk has room for so many bytes more.
    fn has_room(&self, path: &Path, bytes: u64) -> Result<(), Fault> {
        let Ok(disk) = rustix::fs::statvfs(path) else {
            return Ok(());
        };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        match bytes > free {
            true => Err(Fault::Cache(format!(
                "{bytes} bytes more are needed in {}, and {free} are free; make room, or set HF_HOME to a folder on another disk",
                path.parent().unwrap_or(path).display()
            ))),
            false => Ok(()),
        }
    }
}

fn restart(file: &mut File, done: &mut u64) -> io::Result<()> {
    *done = 0;
    file.set_len(0)
}

/// The file for what has come so far, and how many bytes of it are kept. A link, a pipe or a second name of another file
/// is not written to, but replaced.
fn opened(path: &Path, keep: bool) -> io::Result<(File, u64)> {
    let own = |found: fs::Metadata| {
        #[cfg(unix)]
        let alone = std::os::unix::fs::MetadataExt::nlink(&found) == 1;
        #[cfg(not(unix))]
        let alone = true;
        found.is_file() && alone
    };
    let found = path.symlink_metadata();
    if let Ok(found) = found {
        if keep && own(found) {
            let file = OpenOptions::new().append(true).open(path)?;
            let bytes = file.metadata()?.len();
            return Ok((file, bytes));
        }
        fs::remove_file(path)?;
    }
    let file = OpenOptions::new()
        .append(true)
        .create_new(true)
        .open(path)?;
    Ok((file, 0))
}

/// Waits until no other program fetches this blob: as long as its download grows. Without locks on this file system,
/// nobody is waited for.
fn hold(lock: &Path, incomplete: &Path) -> Result<Option<File>, Fault> {
    if lock.symlink_metadata().is_ok_and(|found| !found.is_file()) {
        let error = io::Error::other("it is no file, so it cannot be the lock of a download");
        return Err(Fault::from((lock.to_owned(), error)));
    }
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(lock);
    let file = file.map_err(|error| Fault::from((lock.to_owned(), error)))?;
    let bytes = || fs::metadata(incomplete).map_or(0, |found| found.len());
    let mut grown = (Instant::now(), bytes());
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) => {}
        }
        if bytes() != grown.1 {
            grown = (Instant::now(), bytes());
        } else if grown.0.elapsed() > LONGEST_WAIT {
            return Err(Fault::Cache(format!(
                "another program is downloading it, and holds {}, but nothing comes; wait for it, or end it",
                lock.display()
            )));
        }
        thread::sleep(Duration::from_millis(200));
    }
}
