//! Dictionaries that claim more values than their bytes can hold: room is made for as many before they are decoded.

use std::fs::File;
use std::path::Path;

use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::broken;
use crate::task::error::TaskError;
use crate::task::read::wrong;
use crate::visible::visible;

/// Looks at the dictionaries of these columns; of all other pages the headers alone are read.
pub(super) fn refuse_false(
    path: &Path,
    reader: &SerializedFileReader<File>,
    columns: &[String],
) -> Result<(), TaskError> {
    let problem = |error: ParquetError| broken(path, &error);
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number).map_err(problem)?;
        for index in 0..group.num_columns() {
            let name = group.metadata().column(index).column_path().parts();
            let Some(name) = name.first().filter(|name| columns.contains(name)) else {
                continue;
            };
            let pages = group.get_column_page_reader(index).map_err(problem)?;
            if let Some((values, bytes)) = false_claim(pages).map_err(problem)? {
                let name = visible(name);
                return Err(wrong(
                    path,
                    format!(
                        "column `{name}` has a dictionary that claims {values} values in {bytes} bytes; write or fetch the file again"
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// The values that a dictionary claims, and the bytes that it has, where those are fewer: each value has one at least.
fn false_claim(mut pages: Box<dyn PageReader>) -> Result<Option<(u32, usize)>, ParquetError> {
    while let Some(page) = pages.peek_next_page()? {
        if !page.is_dict {
            pages.skip_next_page()?;
            continue;
        }
        if let Some(Page::DictionaryPage {
            buf, num_values, ..
        }) = pages.get_next_page()?
            && num_values as usize > buf.len()
        {
            return Ok(Some((num_values, buf.len())));
        }
    }
    Ok(None)
}
