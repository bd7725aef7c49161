//! Bytes that are appended and made durable, or not there at all.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes at the end by which a file is known again: more than most records have, each with its time and checksum.
const TAIL: usize = 512;

/// What a log needs of its file.
pub(super) trait LogFile {
    /// Writes `bytes` from `offset` on.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes everything written durable.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file to `length`.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Its length.
    fn length(&self) -> io::Result<u64>;
    /// Reads what stands from `offset` on.
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()>;
}

impl LogFile for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.read_exact(into)
    }
}

/// A file that grows by whole, durable batches.
#[derive(Debug)]
pub(super) struct Log<F> {
    file: F,
    /// Everything up to here is durable.
    length: u64,
    /// The last bytes before that.
    tail: Vec<u8>,
    /// The file may hold so many bytes after `length`, of a batch that failed.
    unclean: u64,
}

/// Why a batch was not appended.
#[derive(Debug)]
pub(super) enum LogError {
    /// It failed and was taken back.
    Failed(io::Error),
    /// An earlier batch failed and cannot be taken back.
    Unclean,
    /// Something else wrote to the file, and nothing was done.
    Altered {
        /// Length of the file.
        found: u64,
        /// Its length as it was left.
        left: u64,
    },
}

impl<F: LogFile> Log<F> {
    /// A log that holds `found`, of which the first `length` bytes are good; whatever follows them is cut away.
    pub(super) fn new(mut file: F, length: u64, found: &[u8]) -> io::Result<Self> {
        if found.len() as u64 > length {
            file.cut(length)?;
            file.sync()?;
        }
        let mut tail = Vec::new();
        remember(&mut tail, &found[..length as usize]);
        Ok(Self {
            file,
            length,
            tail,
            unclean: 0,
        })
    }

    /// The file.
    pub(super) fn file(&self) -> &F {
        &self.file
    }

    /// Appends a batch, durably.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        self.check()?;
        if self.unclean > 0 && self.take_back().is_err() {
            return Err(LogError::Unclean);
        }
        let written = self.file.write_at(self.length, bytes);
        if let Err(error) = written.and_then(|()| self.file.sync()) {
            self.unclean = bytes.len() as u64;
            // Where even this fails, the next append tries again before it writes.
            let _ = self.take_back();
            return Err(LogError::Failed(error));
        }
        self.length += bytes.len() as u64;
        remember(&mut self.tail, bytes);
        Ok(())
    }

    /// Whether the file is as it was left: another writer may have come by the same records, at other times.
    fn check(&mut self) -> Result<(), LogError> {
        let found = self.file.length().map_err(LogError::Failed)?;
        let mut tail = vec![0; self.tail.len()];
        let is_ours = (self.length..=self.length + self.unclean).contains(&found);
        if is_ours {
            let offset = self.length - self.tail.len() as u64;
            let read = self.file.read_at(offset, &mut tail);
            read.map_err(LogError::Failed)?;
        }
        match is_ours && tail == self.tail {
            true => Ok(()),
            false => Err(LogError::Altered {
                found,
                left: self.length,
            }),
        }
    }

    fn take_back(&mut self) -> io::Result<()> {
        self.file.cut(self.length)?;
        self.file.sync()?;
        self.unclean = 0;
        Ok(())
    }
}

/// Makes `tail` end as what it is followed by.
fn remember(tail: &mut Vec<u8>, bytes: &[u8]) {
    tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
    tail.drain(..tail.len().saturating_sub(TAIL));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use proptest::prelude::*;

    use super::*;

    /// A real file on a disk that is about to fill up.
    struct FillingDisk {
        file: File,
        free: usize,
        cuts: bool,
    }

    impl LogFile for FillingDisk {
        fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
            let fits = bytes.len().min(self.free);
            self.free -= fits;
            self.file.write_at(offset, &bytes[..fits])?;
            match fits == bytes.len() {
                true => Ok(()),
                false => Err(io::ErrorKind::StorageFull.into()),
            }
        }

        fn sync(&mut self) -> io::Result<()> {
            self.file.sync()
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            match self.cuts {
                true => self.file.cut(length),
                false => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            }
        }

        fn length(&self) -> io::Result<u64> {
            self.file.length()
        }

        fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
            self.file.read_at(offset, into)
        }
    }

    fn filling(free: usize, cuts: bool) -> (tempfile::TempDir, Log<FillingDisk>) {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create_new(folder.path().join("log")).unwrap();
        let log = Log::new(FillingDisk { file, free, cuts }, 0, &[]).unwrap();
        (folder, log)
    }

    #[test]
    fn a_batch_that_does_not_fit_leaves_nothing_behind() {
        let (folder, mut log) = filling(10, true);
        log.append(b"first\n").unwrap();
        let error = log.append(b"second\n").unwrap_err();
        assert!(matches!(error, LogError::Failed(e) if e.kind() == io::ErrorKind::StorageFull));
        let path = folder.path().join("log");
        assert_eq!(std::fs::read(&path).unwrap(), b"first\n");
        log.file.free = 100;
        log.append(b"third\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"first\nthird\n");
    }

    #[test]
    fn nothing_is_appended_after_a_batch_that_could_not_be_taken_back() {
        let (folder, mut log) = filling(10, false);
        log.append(b"first\n").unwrap();
        log.append(b"second\n").unwrap_err();
        log.file.free = 100;
        assert!(matches!(log.append(b"third\n"), Err(LogError::Unclean)));
        log.file.cuts = true;
        log.append(b"fourth\n").unwrap();
        let path = folder.path().join("log");
        assert_eq!(std::fs::read(path).unwrap(), b"first\nfourth\n");
    }

    #[test]
    fn what_something_else_wrote_is_noticed_and_left_alone() {
        let (folder, mut log) = filling(1000, true);
        let path = folder.path().join("log");
        log.append(b"first\n").unwrap();
        for altered in [&b"first\nand more"[..], b"fir", b"other\n", b""] {
            std::fs::write(&path, altered).unwrap();
            let error = log.append(b"second\n").unwrap_err();
            assert!(matches!(error, LogError::Altered { left: 6, .. }));
            assert_eq!(std::fs::read(&path).unwrap(), altered);
        }
        std::fs::write(&path, b"first\n").unwrap();
        log.append(b"second\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"first\nsecond\n");
    }

    #[test]
    fn what_came_behind_a_batch_that_could_not_be_taken_back_is_not_cut() {
        let (folder, mut log) = filling(3, false);
        log.append(b"first\n").unwrap_err();
        let path = folder.path().join("log");
        assert_eq!(std::fs::read(&path).unwrap(), b"fir");
        log.file.cuts = true;
        std::fs::write(&path, b"another's batch\n").unwrap();
        let error = log.append(b"second\n").unwrap_err();
        assert!(matches!(error, LogError::Altered { found: 16, .. }));
        assert_eq!(std::fs::read(&path).unwrap(), b"another's batch\n");
    }

    /// What goes wrong in one operation of a file.
    #[derive(Clone, Copy, Debug)]
    enum Fault {
        /// This many bytes are written, then the disk is full.
        ShortWrite(usize),
        /// An input/output error of the device (EIO).
        Device,
        /// Nothing.
        None,
    }

    /// A file in memory, whose operations go wrong in the order of `faults`; and what of it survives a power cut.
    struct Faulty {
        content: Vec<u8>,
        durable: Vec<u8>,
        faults: std::vec::IntoIter<Fault>,
    }

    impl Faulty {
        fn fault(&mut self) -> Fault {
            self.faults.next().unwrap_or(Fault::None)
        }
    }

    impl LogFile for Faulty {
        fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
            let fault = self.fault();
            let written = match fault {
                Fault::ShortWrite(count) => &bytes[..count.min(bytes.len())],
                Fault::Device => &[],
                Fault::None => bytes,
            };
            let offset = offset as usize;
            assert!(offset <= self.content.len(), "a hole in the log");
            let end = self.content.len().min(offset + written.len());
            self.content.splice(offset..end, written.iter().copied());
            match fault {
                Fault::ShortWrite(count) if count < bytes.len() => {
                    Err(io::ErrorKind::StorageFull.into())
                }
                Fault::Device => Err(io::Error::from_raw_os_error(5)),
                _ => Ok(()),
            }
        }

        fn sync(&mut self) -> io::Result<()> {
            if let Fault::Device | Fault::ShortWrite(_) = self.fault() {
                return Err(io::Error::from_raw_os_error(5));
            }
            self.durable.clone_from(&self.content);
            Ok(())
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            if let Fault::Device | Fault::ShortWrite(_) = self.fault() {
                return Err(io::Error::from_raw_os_error(5));
            }
            self.content.truncate(length as usize);
            Ok(())
        }

        fn length(&self) -> io::Result<u64> {
            Ok(self.content.len() as u64)
        }

        fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
            into.copy_from_slice(&self.content[offset as usize..][..into.len()]);
            Ok(())
        }
    }

    fn any_fault() -> impl Strategy<Value = Fault> {
        prop_oneof![
            2 => (0_usize..12).prop_map(Fault::ShortWrite),
            2 => Just(Fault::Device),
            4 => Just(Fault::None),
        ]
    }

    proptest! {
        #[test]
        fn whatever_goes_wrong_what_was_appended_is_durable_and_nothing_lies_between(
            faults in proptest::collection::vec(any_fault(), 0..30),
            sizes in proptest::collection::vec(1_usize..10, 1..20),
        ) {
            let file = Faulty {
                content: Vec::new(),
                durable: Vec::new(),
                faults: faults.into_iter(),
            };
            let mut log = Log::new(file, 0, &[]).unwrap();
            let mut appended = Vec::new();
            for (number, size) in sizes.into_iter().enumerate() {
                let batch = vec![number as u8; size];
                if log.append(&batch).is_ok() {
                    appended.extend_from_slice(&batch);
                    prop_assert_eq!(&log.file.content, &appended);
                }
                // Only an append that failed may have left something, and only behind everything else.
                prop_assert!(log.file.content.starts_with(&appended));
                prop_assert!(log.file.durable.starts_with(&appended));
            }
        }
    }
}
