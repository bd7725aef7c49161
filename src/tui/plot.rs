//! Plots in braille: axes with round ticks, and curves of which no spike is lost.
//!
//! A terminal cell has 2 × 4 dots. A curve is reduced to what each column of dots can show, the lowest and the
//! highest value in it, before it is drawn: a single step out of a million is still seen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::widgets::Widget;
use ratatui::widgets::canvas::{Canvas, Line};
use unicode_width::UnicodeWidthStr;

use super::axis::{Axis, labels};

/// What one column of dots shows of a curve, in the order of drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    dot: f64,
    first: f64,
    low: f64,
    high: f64,
    last: f64,
}

/// Reduces a curve to its columns. Undefined values leave a gap where a column has nothing else.
fn columns(points: impl Iterator<Item = (f64, f64)>, x: &Axis, dots: u16) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (at, value) in points.filter(|(at, value)| at.is_finite() && value.is_finite()) {
        let dot = x.dot(at, dots);
        match columns.last_mut() {
            Some(column) if column.dot == dot => {
                column.low = column.low.min(value);
                column.high = column.high.max(value);
                column.last = value;
            }
            _ => columns.push(Column {
                dot,
                first: value,
                low: value,
                high: value,
                last: value,
            }),
        }
    }
    columns
}

/// A plot's inside, and its axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    inside: Rect,
    x: Axis,
    y: Axis,
}

impl Plot {
    /// Draws the axes' ticks into `area` and leaves the rest to the curves and points.
    /// `unit` stands at the right end of the horizontal axis.
    pub(super) fn with_axes(
        buffer: &mut Buffer,
        area: Rect,
        x: Axis,
        y: Axis,
        unit: &str,
        style: Style,
    ) -> Self {
        if area.width < 16 || area.height < 4 {
            return Self { inside: area, x, y };
        }
        let rows = area.height - 1;
        let y_ticks = y.ticks(usize::from(rows / 2).clamp(2, 8));
        let y_labels = labels(&y_ticks);
        let gutter = y_labels.iter().map(String::len).max().unwrap_or(0).min(10) as u16 + 1;
        let inside = Rect {
            x: area.x + gutter,
            y: area.y,
            width: area.width - gutter,
            height: rows,
        };
        for (tick, label) in y_ticks.iter().zip(&y_labels) {
            let row = inside.bottom() - 1 - (y.dot(*tick, rows * 4) / 4.0) as u16;
            let start = inside.x.saturating_sub(label.len() as u16 + 1).max(area.x);
            buffer.set_stringn(start, row, label, usize::from(gutter - 1), style);
        }
        let plot = Self { inside, x, y };
        plot.horizontal_labels(buffer, area, unit, style);
        plot
    }

    fn horizontal_labels(&self, buffer: &mut Buffer, area: Rect, unit: &str, style: Style) {
        let row = area.bottom() - 1;
        let unit_start = area
            .right()
            .saturating_sub(unit.len() as u16)
            .max(self.inside.x);
        let ticks = self
            .x
            .ticks(usize::from(self.inside.width / 5).clamp(2, 10));
        let mut free_from = area.x;
        for (tick, label) in ticks.iter().zip(labels(&ticks)) {
            let column = self.inside.x + (self.x.dot(*tick, self.inside.width * 2) / 2.0) as u16;
            let start = column.saturating_sub(label.len() as u16 / 2);
            if start >= free_from && start + (label.len() as u16) < unit_start {
                buffer.set_string(start, row, &label, style);
                free_from = start + label.len() as u16 + 2;
            }
        }
        buffer.set_stringn(
            unit_start,
            row,
            unit,
            usize::from(area.right() - unit_start),
            style,
        );
    }

    /// Draws a curve through points of ascending x.
    pub(super) fn curve(
        &self,
        buffer: &mut Buffer,
        points: impl Iterator<Item = (f64, f64)>,
        style: Style,
    ) {
        let (width, height) = (self.inside.width * 2, self.inside.height * 4);
        let columns = columns(points, &self.x, width);
        let row = |value| self.y.dot(value, height);
        let color = style.fg.unwrap_or_default();
        Canvas::default()
            .marker(Marker::Braille)
            .x_bounds([0.0, f64::from(width.saturating_sub(1))])
            .y_bounds([0.0, f64::from(height.saturating_sub(1))])
            .paint(|context| {
                for (i, column) in columns.iter().enumerate() {
                    let upright = (column.dot, row(column.low), column.dot, row(column.high));
                    let before = i.checked_sub(1).map(|before| columns[before]);
                    let link = before.map(|b| (b.dot, row(b.last), column.dot, row(column.first)));
                    for (x1, y1, x2, y2) in [Some(upright), link].into_iter().flatten() {
                        context.draw(&Line {
                            x1,
                            y1,
                            x2,
                            y2,
                            color,
                        });
                    }
                }
            })
            .render(self.inside, buffer);
    }

    /// Writes at the right end of the row below a value, or above it where there is none below.
    pub(super) fn label(&self, buffer: &mut Buffer, value: f64, text: &str, style: Style) {
        if self.inside.height < 2 || !value.is_finite() {
            return;
        }
        let row =
            self.inside.bottom() - 1 - (self.y.dot(value, self.inside.height * 4) / 4.0) as u16;
        let row = if row + 1 < self.inside.bottom() {
            row + 1
        } else {
            row - 1
        };
        let width = (text.width() as u16).min(self.inside.width);
        let start = self.inside.right() - width;
        buffer.set_stringn(start, row, text, usize::from(width), style);
    }

    /// Puts a sign at a point, over what is there.
    pub(super) fn sign(&self, buffer: &mut Buffer, at: f64, value: f64, sign: &str, style: Style) {
        if self.inside.is_empty() || !at.is_finite() || !value.is_finite() {
            return;
        }
        let column = self.inside.x + (self.x.dot(at, self.inside.width * 2) / 2.0) as u16;
        let row =
            self.inside.bottom() - 1 - (self.y.dot(value, self.inside.height * 4) / 4.0) as u16;
        // Nothing of what was there shines through.
        buffer.set_string(column, row, sign, Style::reset().patch(style));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spike_in_a_million_is_kept() {
        let x = Axis::between(0.0, 999_999.0);
        let curve = (0..1_000_000).map(|i| (f64::from(i), if i == 777_777 { 9.0 } else { 0.5 }));
        let columns = columns(curve, &x, 100);
        assert_eq!(columns.len(), 100);
        assert_eq!(
            columns.iter().filter(|column| column.high == 9.0).count(),
            1
        );
        assert!(columns.iter().all(|column| column.low == 0.5));
    }

    #[test]
    fn undefined_values_are_passed_over() {
        let points = [(0.0, 1.0), (1.0, f64::NAN), (2.0, 2.0)];
        let columns = columns(points.into_iter(), &Axis::between(0.0, 2.0), 3);
        assert_eq!(
            columns.iter().map(|c| c.dot).collect::<Vec<_>>(),
            [0.0, 2.0]
        );
    }
}
