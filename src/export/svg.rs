//! The picture as Scalable Vector Graphics.

use std::path::{Path, PathBuf};

use plotters::prelude::{IntoDrawingArea, SVGBackend};

use super::{ExportError, Exporter, Front, plot, write_file};

/// Name of the file.
const FILE: &str = "front.svg";

/// For pages and papers.
pub(super) struct Svg;

impl Exporter for Svg {
    fn name(&self) -> &'static str {
        "svg"
    }

    fn about(&self) -> &'static str {
        "front.svg: a plot of score against parameters"
    }

    fn export(&self, front: &Front<'_>, folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
        let mut picture = String::new();
        let area = SVGBackend::with_string(&mut picture, plot::SIZE).into_drawing_area();
        plot::draw(front, &area).map_err(|error| ExportError::Format {
            format: self.name(),
            reason: error.to_string(),
        })?;
        drop(area);
        Ok(vec![write_file(folder, FILE, picture.as_bytes())?])
    }
}
