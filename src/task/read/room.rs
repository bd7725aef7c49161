//! How much a file of rows may hold, and how much memory its rows may take.
//!
//! Rows are kept in memory as a whole, so that a file of 50 GB needs a machine that has room for it; and a small file may
//! hold many rows: a table of lone commas, a Parquet file of one text ten million times.

use std::path::Path;

use super::{Cell, wrong};
use crate::memory;
use crate::regular;
use crate::task::error::TaskError;

/// Columns of a file. Tables of counts have some thousands, and files of texts a few dozen.
pub(super) const MOST_COLUMNS: usize = 10_000;

/// Of the free memory, the share for a file's content, and again for its rows; the third is for what is made of them.
const SHARE: u64 = 3;

/// Bytes of a row besides its cells, and of a cell besides its text, as they lie in memory.
const ROW_BYTES: usize = 128;
const CELL_BYTES: usize = 32;

/// Memory that is left for rows. It is shared by all that is read at the same time.
#[derive(Debug)]
pub(super) struct Room {
    whole: u64,
    left: std::cell::Cell<u64>,
    /// Whether more was asked for than there was.
    short: std::cell::Cell<bool>,
}

impl Room {
    /// A share of the memory that is free now.
    pub(super) fn of_memory() -> Self {
        let free = memory::room().map_or(u64::MAX, |room| room.free_bytes);
        Self::of(free / SHARE)
    }

    /// So many bytes.
    pub(super) fn of(bytes: u64) -> Self {
        Self {
            whole: bytes,
            left: std::cell::Cell::new(bytes),
            short: std::cell::Cell::new(false),
        }
    }

    /// As much as is left here, for what is let go again.
    pub(super) fn for_a_while(&self) -> Self {
        Self {
            whole: self.whole,
            left: self.left.clone(),
            short: std::cell::Cell::new(false),
        }
    }

    /// Takes some bytes; why there are not so many, where there are not.
    pub(super) fn take(&self, bytes: usize) -> Result<(), String> {
        let left = self.left.get().checked_sub(bytes as u64);
        let left = left.ok_or_else(|| {
            self.short.set(true);
            self.problem()
        })?;
        self.left.set(left);
        Ok(())
    }

    /// What is wrong where more was asked for than there was.
    pub(super) fn shortage(&self) -> Option<String> {
        self.short.get().then(|| self.problem())
    }

    fn problem(&self) -> String {
        let whole = regular::bytes(self.whole);
        format!("its rows need more memory than the {whole} that are free for them; {FEWER}")
    }

    /// Takes what a row needs, whatever its fields are, each of so many bytes.
    pub(super) fn take_fields(
        &self,
        path: &Path,
        lengths: impl ExactSizeIterator<Item = usize>,
    ) -> Result<(), TaskError> {
        let cells = lengths.len().saturating_mul(CELL_BYTES);
        let texts: usize = lengths.sum();
        let bytes = ROW_BYTES.saturating_add(cells).saturating_add(texts);
        self.take(bytes).map_err(|problem| wrong(path, problem))
    }

    /// Takes what a row's cells need.
    pub(super) fn take_row(&self, path: &Path, cells: &[Cell]) -> Result<(), TaskError> {
        let length = |cell: &Cell| match cell {
            Cell::Text(text) => text.len(),
            _ => 0,
        };
        self.take_fields(path, cells.iter().map(length))
    }

    /// Refuses a file that says it has more rows than there is room for.
    pub(super) fn has_for(&self, path: &Path, rows: i64) -> Result<(), TaskError> {
        let rows = u64::try_from(rows)
            .map_err(|_| wrong(path, "it says that it has fewer than no rows"))?;
        match rows.checked_mul(ROW_BYTES as u64) {
            Some(bytes) if bytes <= self.left.get() => Ok(()),
            _ => {
                let whole = regular::bytes(self.whole);
                Err(wrong(
                    path,
                    format!(
                        "it says that it has {rows} rows, which need more memory than the {whole} that are free for them; {FEWER}"
                    ),
                ))
            }
        }
    }
}

/// What to do about too many rows.
const FEWER: &str =
    "write a part of them into a file of their own, or take a machine with more memory";

/// The same where nothing was said of rows.
const FEWER_ROWS: &str =
    "write a part of its rows into a file of their own, or take a machine with more memory";

/// Refuses a file of more columns than are read.
pub(super) fn refuse_columns(path: &Path, count: usize) -> Result<(), TaskError> {
    if count <= MOST_COLUMNS {
        return Ok(());
    }
    Err(wrong(
        path,
        format!(
            "it has {count} columns, and at most {MOST_COLUMNS} are read; write those of the texts and the label into a file of their own"
        ),
    ))
}

/// The content of a file, if the free memory has room for it and its rows.
pub(super) fn content(path: &Path) -> Result<Vec<u8>, TaskError> {
    let free = memory::room().map_or(u64::MAX, |room| room.free_bytes);
    content_within(path, free)
}

fn content_within(path: &Path, free: u64) -> Result<Vec<u8>, TaskError> {
    let failed = |source| TaskError::Io {
        path: path.to_owned(),
        source,
    };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > free / SHARE {
        let (length, free) = (regular::bytes(length), regular::bytes(free));
        return Err(wrong(
            path,
            format!(
                "it has {length}, and {free} of memory are free, of which a third may be a file's content; {FEWER_ROWS}"
            ),
        ));
    }
    regular::read(path, free / SHARE).map_err(failed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    #[test]
    fn a_file_that_the_memory_has_no_room_for_is_refused_by_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.csv");
        std::fs::write(&path, [b'a'; 4096]).unwrap();
        assert_eq!(content_within(&path, 3 * 4096).unwrap().len(), 4096);
        let error = content_within(&path, 3 * 4095).unwrap_err().to_string();
        assert_eq!(
            error.replace(&folder.path().display().to_string(), "DIR"),
            "DIR/train.csv: it has 4 KiB, and 12 KiB of memory are free, of which a third may be a file's content; write a part of its rows into a file of their own, or take a machine with more memory"
        );
    }

    #[test]
    fn what_is_taken_for_a_while_is_there_again() {
        let room = Room::of(100);
        assert_eq!(room.for_a_while().take(80), Ok(()));
        assert_eq!(room.take(80), Ok(()));
        assert!(room.for_a_while().take(21).is_err() && room.take(21).is_err());
        assert_eq!(room.take(20), Ok(()));
    }
}
