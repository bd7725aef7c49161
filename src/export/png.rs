//! The picture as pixels, in the Portable Network Graphics format (ISO/IEC 15948).
//!
//! ```text
//! signature │ IHDR: width, height, depth, colours │ IDAT: rows, deflated │ IEND
//!           └ each chunk: length, name, content, CRC-32 of name and content
//! ```

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use plotters::prelude::{BitMapBackend, IntoDrawingArea};

use super::{ExportError, Exporter, Front, plot, write_file};

/// Name of the file.
const FILE: &str = "front.png";
/// What every file begins with.
pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Bytes of a pixel: red, green, blue.
pub(super) const DEPTH: usize = 3;

/// For slides and chats.
pub(super) struct Png;

impl Exporter for Png {
    fn name(&self) -> &'static str {
        "png"
    }

    fn about(&self) -> &'static str {
        "front.png: the same plot as pixels"
    }

    fn export(&self, front: &Front<'_>, folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
        let bytes = picture(front).map_err(|error| ExportError::Format {
            format: self.name(),
            reason: error.to_string(),
        })?;
        Ok(vec![write_file(folder, FILE, &bytes)?])
    }
}

fn picture(front: &Front<'_>) -> Result<Vec<u8>, Box<dyn Error>> {
    let (width, height) = plot::SIZE;
    let row = width as usize * DEPTH;
    let mut pixels = vec![0; row * height as usize];
    let area = BitMapBackend::with_buffer(&mut pixels, plot::SIZE).into_drawing_area();
    plot::draw(front, &area)?;
    drop(area);
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::best());
    for row in pixels.chunks_exact(row) {
        // Every row says how it is filtered: not at all.
        rows.write_all(&[0])?;
        rows.write_all(row)?;
    }
    // Eight bits a colour, true colours, the only ways to deflate and filter, rows in order.
    let header = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[8, 2, 0, 0, 0],
    ]
    .concat();
    let mut bytes = SIGNATURE.to_vec();
    chunk(&mut bytes, *b"IHDR", &header);
    chunk(&mut bytes, *b"IDAT", &rows.finish()?);
    chunk(&mut bytes, *b"IEND", &[]);
    Ok(bytes)
}

fn chunk(out: &mut Vec<u8>, name: [u8; 4], content: &[u8]) {
    out.extend((content.len() as u32).to_be_bytes());
    let begin = out.len();
    out.extend(name);
    out.extend(content);
    out.extend(crc32fast::hash(&out[begin..]).to_be_bytes());
}
