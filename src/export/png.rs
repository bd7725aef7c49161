//! The picture as pixels.

use std::error::Error;
use std::path::{Path, PathBuf};

use plotters::prelude::{BitMapBackend, IntoDrawingArea};
use png::{BitDepth, ColorType, Encoder};

use super::{ExportError, Exporter, Front, plot, write_file};

/// Name of the file.
const FILE: &str = "front.png";
/// Bytes of a pixel: red, green, blue.
const DEPTH: usize = 3;

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
    let mut pixels = vec![0; width as usize * height as usize * DEPTH];
    let area = BitMapBackend::with_buffer(&mut pixels, plot::SIZE).into_drawing_area();
    plot::draw(front, &area)?;
    drop(area);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(bytes)
}
