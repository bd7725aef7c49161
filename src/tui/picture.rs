//! A frame of the screen as an SVG picture.
//!
//! Boxes, bars and braille are drawn as shapes: fonts disagree about them. The rest is text, each run stretched to its
//! columns.

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::{Palette, Screen};
use crate::app::State;

// A cell, in pixels.
const WIDTH: f64 = 8.0;
const HEIGHT: f64 = 16.0;
/// Distance of the text's line from the top of its cell.
const BASE: f64 = 12.0;

/// The terminal's own colours, behind the text and of the text.
#[derive(Clone, Copy)]
struct Theme {
    behind: &'static str,
    front: &'static str,
    dim: &'static str,
}

const DARK: Theme = Theme {
    behind: "#16161c",
    front: "#d4d4d8",
    dim: "#8a8a92",
};

const LIGHT: Theme = Theme {
    behind: "#fbfbf8",
    front: "#2a2a30",
    dim: "#85858c",
};

/// Draws one frame of a terminal of this many columns and rows; it is dark, unless the screen's colours are those for
/// a light one.
pub fn picture(screen: &mut Screen, state: &State, columns: u16, rows: u16) -> String {
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = Buffer::empty(area);
    screen.draw_on(&mut buffer, area, state);
    let theme = match screen.palette() == Palette::LIGHT {
        true => LIGHT,
        false => DARK,
    };
    let mut layers = Layers::default();
    for row in 0..rows {
        layers.add_row(&buffer, row, columns, theme);
    }
    let background = theme.behind;
    let (width, height) = (f64::from(columns) * WIDTH, f64::from(rows) * HEIGHT);
    let Layers {
        behind,
        shapes,
        texts,
    } = layers;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\">\n<rect width=\"100%\" height=\"100%\" fill=\"{background}\"/>\n{}{}\
         <g font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"13\">\n{texts}</g>\n</svg>\n",
        paths(&behind),
        paths(&shapes)
    )
}

/// What lies over what: backgrounds, shapes, texts. Rectangles of one colour make one path.
#[derive(Default)]
struct Layers {
    behind: BTreeMap<String, String>,
    shapes: BTreeMap<String, String>,
    texts: String,
}

fn paths(layer: &BTreeMap<String, String>) -> String {
    let paths = layer.iter();
    paths
        .map(|(fill, path)| format!("<path fill=\"{fill}\" d=\"{path}\"/>\n"))
        .collect()
}

/// Adds a rectangle to the path of its colour.
fn fill(layer: &mut BTreeMap<String, String>, colour: &str, [x, y, width, height]: [f64; 4]) {
    let path = layer.entry(colour.to_owned()).or_default();
    let short = |value: f64| (value * 100.0).round() / 100.0;
    let [x, y, width, height] = [x, y, width, height].map(short);
    // Writing to a text cannot fail.
    let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
}

/// The sign of a cell, blank behind a sign of two columns.
fn sign(cell: &Cell) -> char {
    cell.symbol().chars().next().unwrap_or(' ')
}

impl Layers {
    fn add_row(&mut self, buffer: &Buffer, row: u16, columns: u16, theme: Theme) {
        let top = f64::from(row) * HEIGHT;
        let mut column = 0;
        while column < columns {
            let cell = &buffer[(column, row)];
            let left = f64::from(column) * WIDTH;
            let ink = Ink::of(cell, theme);
            if ink.behind != theme.behind {
                fill(&mut self.behind, &ink.behind, [left, top, WIDTH, HEIGHT]);
            }
            for [x, y, width, height] in shape(sign(cell)).into_iter().flatten() {
                let place = [
                    left + x * WIDTH,
                    top + y * HEIGHT,
                    width * WIDTH,
                    height * HEIGHT,
                ];
                fill(&mut self.shapes, &ink.front, place);
            }
            column += 1;
        }
        let mut column = 0;
        while column < columns {
            let start = column;
            let ink = Ink::of(&buffer[(column, row)], theme);
            let mut text = String::new();
            while column < columns {
                let next = &buffer[(column, row)];
                if Ink::of(next, theme) != ink || shape(sign(next)).is_some() {
                    break;
                }
                text.push_str(next.symbol());
                column += (next.symbol().width() as u16).max(1);
            }
            self.add_text(&text, start, top + BASE, &ink);
            // A shape ends a run, and is none itself.
            column = column.max(start + 1);
        }
    }

    fn add_text(&mut self, text: &str, column: u16, base: f64, ink: &Ink) {
        let blanks = text.width() - text.trim_start().width();
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let left = (f64::from(column) + blanks as f64) * WIDTH;
        let length = text.width() as f64 * WIDTH;
        let bold = if ink.bold {
            " font-weight=\"bold\""
        } else {
            ""
        };
        // Browsers make one blank of several, whatever `xml:space` says; blanks that do not break are kept.
        let (front, text) = (&ink.front, escaped(text).replace(' ', "\u{a0}"));
        let _ = writeln!(
            self.texts,
            "<text x=\"{left}\" y=\"{base}\" fill=\"{front}\"{bold} textLength=\"{length}\" \
             lengthAdjust=\"spacingAndGlyphs\">{text}</text>"
        );
    }
}

/// The colours of a cell as they appear.
#[derive(Clone, Debug, PartialEq)]
struct Ink {
    front: String,
    behind: String,
    bold: bool,
}

impl Ink {
    fn of(cell: &Cell, theme: Theme) -> Self {
        let mut front = hex(cell.fg, theme.front);
        let mut behind = hex(cell.bg, theme.behind);
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut front, &mut behind);
        }
        if cell.modifier.contains(Modifier::DIM) {
            front = theme.dim.to_owned();
        }
        let bold = cell.modifier.contains(Modifier::BOLD);
        Self {
            front,
            behind,
            bold,
        }
    }
}

/// Parts of a cell that are filled: left, top, width and height as shares of it.
type Shape = Vec<[f64; 4]>;

/// What a sign looks like, where it is a shape rather than a letter.
fn shape(sign: char) -> Option<Shape> {
    const THIN: f64 = 0.08;
    let middle = |from: f64, to: f64| [from, 0.5 - THIN / 4.0, to - from, THIN / 2.0];
    let upright = |from: f64, to: f64| [0.5 - THIN / 2.0, from, THIN, to - from];
    let eighths = |first: char| f64::from(sign as u32 - first as u32 + 1) / 8.0;
    Some(match sign {
        '─' => vec![middle(0.0, 1.0)],
        '│' => vec![upright(0.0, 1.0)],
        '┌' => vec![middle(0.5, 1.0), upright(0.5, 1.0)],
        '┐' => vec![middle(0.0, 0.5), upright(0.5, 1.0)],
        '└' => vec![middle(0.5, 1.0), upright(0.0, 0.5)],
        '┘' => vec![middle(0.0, 0.5), upright(0.0, 0.5)],
        // Ever higher columns, and from the full block on ever narrower bars.
        '▁'..='█' => vec![[0.0, 1.0 - eighths('▁'), 1.0, eighths('▁')]],
        '▉'..='▏' => vec![[0.0, 0.0, 1.0 - eighths('▉'), 1.0]],
        '■' => vec![[0.1, 0.25, 0.8, 0.5]],
        '\u{2800}'..='\u{28ff}' => braille(sign as u32 - 0x2800),
        _ => return None,
    })
}

fn braille(dots: u32) -> Shape {
    // Bits in the order of Unicode: the left column down, the right one down, then the lowest row.
    const PLACES: [(f64, f64); 8] = [
        (0.0, 0.0),
        (0.0, 1.0),
        (0.0, 2.0),
        (1.0, 0.0),
        (1.0, 1.0),
        (1.0, 2.0),
        (0.0, 3.0),
        (1.0, 3.0),
    ];
    let set = PLACES
        .iter()
        .enumerate()
        .filter(|(bit, _)| dots >> bit & 1 == 1);
    set.map(|(_, (x, y))| [0.12 + 0.5 * x, 0.06 + 0.25 * y, 0.26, 0.13])
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The colours that a common terminal gives the sixteen names, and the cube of the 256.
fn hex(color: Color, default: &str) -> String {
    let named = match color {
        Color::Black => "#1e1e24",
        Color::Red => "#d16969",
        Color::Green => "#6fbf73",
        Color::Yellow => "#d7ba7d",
        Color::Blue => "#5c8fd6",
        Color::Magenta => "#b97fc9",
        Color::Cyan => "#4fb8cc",
        Color::Gray => "#c0c0c6",
        Color::DarkGray => "#7f7f8a",
        Color::LightRed => "#f28b82",
        Color::LightGreen => "#9be59f",
        Color::LightYellow => "#f5dd91",
        Color::LightBlue => "#8fb8f5",
        Color::LightMagenta => "#dba6e8",
        Color::LightCyan => "#86dced",
        Color::White => "#f4f4f6",
        Color::Rgb(red, green, blue) => return format!("#{red:02x}{green:02x}{blue:02x}"),
        Color::Indexed(index @ 16..=231) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let index = index - 16;
            let (red, green, blue) = (level(index / 36), level(index / 6 % 6), level(index % 6));
            return format!("#{red:02x}{green:02x}{blue:02x}");
        }
        Color::Indexed(_) | Color::Reset => default,
    };
    named.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::tests::studies;

    #[test]
    fn a_picture_has_the_texts_and_shapes_of_the_screen() {
        let svg = picture(&mut Screen::new(Palette::DARK), &studies::busy(), 120, 40);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("rte") && svg.contains("running"));
        assert!(svg.contains("✓\u{a0}finished"), "blanks are kept");
        // Every sign that is drawn as a shape is none of the texts.
        let texts = svg.lines().filter(|line| line.starts_with("<text"));
        let letters: String = texts.collect();
        assert!(
            !letters.chars().any(|sign| shape(sign).is_some()),
            "{letters}"
        );
        let paths = svg.lines().filter(|line| line.starts_with("<path"));
        let rectangles: usize = paths.map(|path| path.matches('M').count()).sum();
        assert!(rectangles > 500, "borders and curves: {rectangles}");
    }

    #[test]
    fn colours_for_a_light_terminal_are_shown_on_one() {
        let svg = |palette| picture(&mut Screen::new(palette), &studies::busy(), 80, 24);
        assert!(svg(Palette::LIGHT).contains(LIGHT.behind));
        assert!(!svg(Palette::LIGHT).contains(DARK.behind));
        assert!(!svg(Palette::DARK).contains(LIGHT.behind));
    }

    #[test]
    fn colours_of_the_cube_are_those_of_the_terminals() {
        assert_eq!(hex(Color::Indexed(74), ""), "#5fafd7");
        assert_eq!(hex(Color::Indexed(16), ""), "#000000");
        assert_eq!(escaped("a<b & c>d"), "a&lt;b &amp; c&gt;d");
    }
}
