//! The front as a picture: score against parameters, larger is higher, fewer is to the left.
//!
//! ```text
//!  score │        ┌──────●#7           ● front, ○ measured
//!        │  ┌─────●#3   ○
//!        │ ─●#1 ─ ─ ○ ─ ─ ─ ─ ─ ┼ reference point
//!        └─────────────────────────
//!          0.01   0.1   1   10    parameters in percent of the backbone (log scale)
//! ```

use std::error::Error;
use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;

use super::Front;
use crate::domain::TrialId;

/// Width and height in pixels.
pub(super) const SIZE: (u32, u32) = (900, 600);
/// Colours that colour-blind people tell apart (Okabe and Ito 2008).
const BLUE: RGBColor = RGBColor(0, 114, 178);
const VERMILLION: RGBColor = RGBColor(213, 94, 0);
const INK: RGBColor = RGBColor(40, 40, 40);

/// A place in the picture: percent of parameters, score.
type Place = (f64, f64);

/// What both axes must hold, in whole decades and with some air.
struct Axes {
    percent: (f64, f64),
    score: (f64, f64),
}

impl Axes {
    fn around(places: &[Place], reference: Place) -> Self {
        let with_reference = || places.iter().copied().chain([reference]);
        let percents = || with_reference().map(|(x, _)| x).filter(|x| *x > 0.0);
        let least = percents().fold(f64::INFINITY, f64::min);
        let most = percents().fold(0.0, f64::max);
        let percent = match least.is_finite() {
            true => (least.log10().floor(), (most * 1.05).log10().ceil()),
            false => (-2.0, 2.0),
        };
        let lowest = with_reference().fold(f64::INFINITY, |low, (_, y)| low.min(y));
        let highest = with_reference().fold(f64::NEG_INFINITY, |high, (_, y)| high.max(y));
        let air = (0.05 * (highest - lowest)).max(0.005);
        Self {
            // A hair wider than the decades, or rounding takes the first or last mark away.
            percent: (0.999 * 10f64.powf(percent.0), 1.001 * 10f64.powf(percent.1)),
            score: (lowest - air, highest + air),
        }
    }

    /// A logarithmic axis has no zero: a configuration without parameters stands at its left end.
    fn place(&self, (percent, score): Place) -> Place {
        (percent.max(self.percent.0), score)
    }
}

/// The font comes along: a machine without a screen seldom has one.
fn with_font() -> Result<(), Box<dyn Error>> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = REGISTERED.get_or_init(|| {
        register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular()).is_ok()
    });
    match registered {
        true => Ok(()),
        false => Err("the font that comes along is damaged".into()),
    }
}

/// Draws the front.
pub(super) fn draw<B: DrawingBackend<ErrorType: 'static>>(
    front: &Front<'_>,
    area: &DrawingArea<B, Shift>,
) -> Result<(), Box<dyn Error>> {
    with_font()?;
    let on_front: Vec<_> = front.members().iter().map(|(trial, _)| trial.id).collect();
    let measured = front.finished().into_iter().map(|(trial, measurement)| {
        let objectives = measurement.objectives;
        (trial.id, (objectives.parameters_percent, objectives.score))
    });
    let measured: Vec<_> = measured
        .filter(|(_, (x, y))| x.is_finite() && y.is_finite())
        .collect();
    let places: Vec<Place> = measured.iter().map(|(_, place)| *place).collect();
    let reference = front.reference_point;
    let reference = (reference.parameters_percent, reference.score);
    let belief = |id: &TrialId| front.beliefs.get(id);
    let bars = on_front.iter().filter_map(|id| {
        let (_, (percent, _)) = measured.iter().find(|(other, _)| other == id)?;
        belief(id).map(|belief| [(*percent, belief.low), (*percent, belief.high)])
    });
    let bars: Vec<[Place; 2]> = bars.collect();
    let places: Vec<Place> = places
        .into_iter()
        .chain(bars.iter().copied().flatten())
        .collect();
    let axes = Axes::around(&places, reference);

    area.fill(&WHITE)?;
    let caption = format!(
        "{}: {} of {} finished trials on the front, hypervolume {}",
        front.name,
        on_front.len(),
        measured.len(),
        front.hypervolume
    );
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 22).into_font().color(&INK))
        .margin(16)
        .x_label_area_size(56)
        .y_label_area_size(72)
        .build_cartesian_2d(
            (axes.percent.0..axes.percent.1).log_scale(),
            axes.score.0..axes.score.1,
        )?;
    chart
        .configure_mesh()
        .x_desc("parameters in percent of the backbone (log scale)")
        .y_desc(format!("validation {}", front.context.score_name()))
        .x_label_formatter(&|x| x.to_string())
        .y_label_formatter(&|y| format!("{y:.3}"))
        .x_labels(10)
        .axis_style(INK)
        .light_line_style(INK.mix(0.04))
        .bold_line_style(INK.mix(0.12))
        .label_style(("sans-serif", 15).into_font().color(&INK))
        .axis_desc_style(("sans-serif", 17).into_font().color(&INK))
        .draw()?;

    let horizontal = [(axes.percent.0, reference.1), (axes.percent.1, reference.1)];
    let vertical = [(reference.0, axes.score.0), (reference.0, axes.score.1)];
    for line in [horizontal, vertical] {
        chart.draw_series(DashedLineSeries::new(
            line,
            5,
            4,
            VERMILLION.mix(0.6).into(),
        ))?;
    }
    chart
        .draw_series([Cross::new(reference, 6, VERMILLION.stroke_width(2))])?
        .label("reference point")
        .legend(|(x, y)| Cross::new((x + 9, y), 5, VERMILLION.stroke_width(2)));

    // Those of the front too: what is shown of them is what is believed.
    let faint = INK.mix(0.3).filled();
    chart
        .draw_series(
            measured
                .iter()
                .map(|(_, place)| Circle::new(axes.place(*place), 4, faint)),
        )?
        .label("measured")
        .legend(move |(x, y)| Circle::new((x + 9, y), 4, faint));

    let members: Vec<_> = on_front
        .iter()
        .filter_map(|id| measured.iter().find(|(other, _)| other == id))
        .map(|(id, (percent, score))| {
            let score = belief(id).map_or(*score, |belief| belief.score);
            (*id, axes.place((*percent, score)))
        })
        .collect();
    chart.draw_series(bars.iter().map(|bar| {
        let ends = bar.map(|end| axes.place(end));
        PathElement::new(ends, BLUE.stroke_width(1))
    }))?;
    let steps = steps(
        &members.iter().map(|m| m.1).collect::<Vec<_>>(),
        axes.percent.1,
    );
    chart
        .draw_series(LineSeries::new(steps, BLUE.stroke_width(2)))?
        .label("front, by the expected true scores")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], BLUE.stroke_width(2)));
    chart.draw_series(members.iter().map(|(id, place)| {
        let dot = Circle::new((0, 0), 5, BLUE.filled());
        let name = Text::new(
            id.to_string(),
            (-4, -20),
            ("sans-serif", 14).into_font().color(&BLUE),
        );
        EmptyElement::at(*place) + dot + name
    }))?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(INK.mix(0.3))
        .label_font(("sans-serif", 15).into_font().color(&INK))
        .draw()?;
    area.present()?;
    Ok(())
}

/// The edge of what the front dominates: right to the next member, then up to it, and on to `right`.
fn steps(members: &[Place], right: f64) -> Vec<Place> {
    let corners = members
        .windows(2)
        .flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)]);
    let last = members.last().map(|&(x, y)| [(x, y), (right, y)]);
    corners.chain(last.into_iter().flatten()).collect()
}
