//! Axes of plots: range, scale and round ticks.

use super::format::significant;

/// One axis: its range and its scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
    /// Whether ticks between whole numbers would make no sense.
    counting: bool,
}

impl Axis {
    /// Around the finite values, with a little room; none where there is no finite value.
    pub(super) fn around(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (low, high) = range(values.into_iter().filter(|v| v.is_finite()))?;
        let room = match high - low {
            0.0 if low == 0.0 => 1.0,
            0.0 => low.abs() * 0.05,
            width => width * 0.05,
        };
        let axis = Self {
            low: low - room,
            high: high + room,
            logarithmic: false,
            counting: false,
        };
        (axis.high - axis.low).is_finite().then_some(axis)
    }

    /// From exactly `low` to `high`, made wider where they are equal.
    pub(super) fn between(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self {
            low,
            high,
            logarithmic: false,
            counting: false,
        }
    }

    /// From 0 to a number of things, with ticks at whole numbers only.
    pub(super) fn counting(high: f64) -> Self {
        Self {
            counting: true,
            ..Self::between(0.0, high)
        }
    }

    /// Logarithmic, around the values above 0; none where there is none.
    pub(super) fn logarithmic(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let positive = values.into_iter().filter(|v| v.is_finite() && *v > 0.0);
        let (low, high) = range(positive.map(f64::log10))?;
        // At least a decade in all, so that there is a tick.
        let room = ((high - low) * 0.05).max((1.0 - (high - low)) / 2.0);
        Some(Self {
            low: 10f64.powf(low - room),
            high: 10f64.powf(high + room),
            logarithmic: true,
            counting: false,
        })
    }

    /// Where a value lies: 0 at the low end, 1 at the high end; values outside lie at the nearer end.
    fn position(&self, value: f64) -> f64 {
        let share = if self.logarithmic {
            (value.max(f64::MIN_POSITIVE) / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        share.clamp(0.0, 1.0)
    }

    /// Round values inside the range, at most `most` of them, ascending.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        if self.logarithmic {
            self.logarithmic_ticks(most)
        } else {
            self.linear_ticks(most)
        }
    }

    fn linear_ticks(&self, most: usize) -> Vec<f64> {
        let rough = (self.high - self.low) / most.max(1) as f64;
        let magnitude = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0, 20.0].map(|factor| factor * magnitude);
        for step in steps
            .into_iter()
            .filter(|step| !self.counting || *step >= 1.0)
        {
            let first = (self.low / step).ceil();
            let count = (self.high / step).floor() - first + 1.0;
            if count <= most as f64 {
                return (0..count.max(0.0) as usize)
                    .map(|i| (first + i as f64) * step)
                    .collect();
            }
        }
        Vec::new()
    }

    fn logarithmic_ticks(&self, most: usize) -> Vec<f64> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        for factors in [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]] {
            let ticks: Vec<f64> = decades
                .clone()
                .flat_map(|decade| {
                    factors
                        .iter()
                        .map(move |factor| factor * 10f64.powi(decade))
                })
                .filter(|tick| (self.low..=self.high).contains(tick))
                .collect();
            if ticks.len() <= most {
                return ticks;
            }
        }
        Vec::new()
    }

    /// Column of dots (from the left) of a value, out of `dots`.
    pub(super) fn dot(&self, value: f64, dots: u16) -> f64 {
        (self.position(value) * f64::from(dots.saturating_sub(1))).round()
    }
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// Texts of ticks, all with as many decimals as tell them apart.
pub(super) fn labels(ticks: &[f64]) -> Vec<String> {
    let step = ticks
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .fold(f64::INFINITY, f64::min);
    let largest = ticks
        .iter()
        .fold(0.0, |largest: f64, tick| largest.max(tick.abs()));
    if !step.is_finite() || largest >= 1e6 || step < 1e-6 {
        return ticks.iter().map(|tick| significant(*tick, 3)).collect();
    }
    if largest >= 1e4 && step >= 1e3 {
        return ticks
            .iter()
            .map(|tick| match *tick == 0.0 {
                true => "0".to_owned(),
                false => format!("{:.0}k", tick / 1e3),
            })
            .collect();
    }
    // A logarithmic axis' smallest step needs more decimals than its larger ticks.
    let decimals = |value: f64| (-value.log10().floor()).clamp(0.0, 6.0) as usize;
    let even = ticks
        .windows(2)
        .all(|pair| (pair[1] - pair[0] - step).abs() < step * 1e-6);
    let text = |tick: &f64| match even {
        true => format!("{tick:.*}", decimals(step * 1.000_001)),
        false => format!("{tick:.*}", decimals(tick.abs() * 1.000_001)),
    };
    ticks.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::between(0.0, 97.0);
        assert_eq!(Axis::counting(1.5).ticks(5), [0.0, 1.0]);
        assert_eq!(axis.ticks(5), [0.0, 20.0, 40.0, 60.0, 80.0]);
        assert_eq!(
            labels(&Axis::between(0.61, 0.84).ticks(4)),
            ["0.65", "0.70", "0.75", "0.80"]
        );
        let log = Axis::logarithmic([0.02, 15.0, 0.0, f64::NAN]).expect("two values above 0");
        assert_eq!(labels(&log.ticks(4)), ["0.1", "1", "10"]);
        for most in 0..9 {
            assert!(axis.ticks(most).len() <= most);
            assert!(log.ticks(most).len() <= most);
        }
    }

    #[test]
    fn an_axis_needs_a_finite_value_and_has_a_width() {
        assert_eq!(Axis::around([f64::NAN, f64::INFINITY]), None);
        assert_eq!(Axis::around([f64::MAX, f64::MIN]), None);
        assert_eq!(Axis::logarithmic([0.0, -1.0]), None);
        for value in [0.0, 3.0, -2.0] {
            let axis = Axis::around([value]).expect("finite");
            assert!(axis.low < value && value < axis.high);
        }
    }
}
