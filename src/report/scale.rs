//! From values to places in a picture, and where to write which numbers beside it.

/// One axis of a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    /// Places of `low` and `high`, in pixels.
    from: f64,
    to: f64,
    logarithmic: bool,
}

impl Scale {
    /// An even axis around values, with some air.
    pub(super) fn even(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (low, high) = range(values);
        let air = if high > low { 0.05 * (high - low) } else { 0.5 };
        Self {
            low: low - air,
            high: high + air,
            from,
            to,
            logarithmic: false,
        }
    }

    /// A logarithmic axis around the positive ones of some values.
    pub(super) fn logarithmic(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (low, high) = range(values.filter(|value| *value > 0.0).map(f64::ln));
        let air = if high > low { 0.05 * (high - low) } else { 0.7 };
        Self {
            low: low - air,
            high: high + air,
            from,
            to,
            logarithmic: true,
        }
    }

    /// Where a value lies; what has no place on the axis lies at its low end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.ln() } else { value };
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }

    /// Round values to write at the axis.
    pub(super) fn marks(&self) -> Vec<f64> {
        if self.logarithmic {
            let powers =
                (self.low / 10f64.ln()).floor() as i32..=(self.high / 10f64.ln()).ceil() as i32;
            let all = powers.flat_map(|p| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(p)));
            let inside = |mark: &f64| (self.low..=self.high).contains(&mark.ln());
            let all: Vec<f64> = all.filter(inside).collect();
            let decades = |mark: &f64| (mark.log10() - mark.log10().round()).abs() < 1e-9;
            return match all.len() {
                0..=9 => all,
                _ => all.into_iter().filter(decades).collect(),
            };
        }
        let rough = (self.high - self.low) / 5.0;
        let power = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
        let step = steps
            .into_iter()
            .find(|step| *step >= rough)
            .unwrap_or(rough);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        // 0.30000000000000004 is no mark.
        let round = |k: i64| (k as f64 * step * 1e9).round() / 1e9;
        (first..=last).map(round).collect()
    }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    let range = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if range.0 <= range.1 {
        range
    } else {
        (0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_inside() {
        let scores = Scale::even([0.512, 0.91].into_iter(), 0.0, 100.0);
        assert_eq!(scores.marks(), [0.5, 0.6, 0.7, 0.8, 0.9]);
        let percents = Scale::logarithmic([0.012, 26.0].into_iter(), 0.0, 100.0);
        assert_eq!(percents.marks(), [0.01, 0.1, 1.0, 10.0]);
        let nothing = Scale::even(std::iter::empty(), 0.0, 100.0);
        assert!(nothing.marks().len() >= 3);
        assert_eq!(
            percents.place(0.0),
            0.0,
            "no parameters lie at the left end"
        );
    }

    #[test]
    fn a_single_value_lies_in_the_middle() {
        let one = Scale::even([0.7].into_iter(), 0.0, 100.0);
        assert!((one.place(0.7) - 50.0).abs() < 1e-9);
        let one = Scale::logarithmic([3.0].into_iter(), 100.0, 0.0);
        assert!((one.place(3.0) - 50.0).abs() < 1e-9);
    }
}
