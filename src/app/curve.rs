//! A curve of bounded size that loses no spike, however many points it is given.
//!
//! Points are gathered into stretches, each with its first, lowest, highest and last value. Once there are too many
//! stretches, neighbours are joined in pairs: the memory stays bounded and a further point costs a constant on average.

/// Stretches of a curve under way: several for each column of dots on the widest screen.
const MOST: usize = 2048;
/// Stretches that are kept of a curve to which nothing is added any more.
const KEPT: usize = 256;

/// Neighbouring points of a curve. Values are single precision: they are only drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Step of the first point.
    pub from: u32,
    /// Step of the last point.
    pub to: u32,
    /// Value of the first point.
    pub first: f32,
    /// The lowest value that is a number.
    pub low: f32,
    /// The highest value that is a number.
    pub high: f32,
    /// Value of the last point.
    pub last: f32,
}

impl Stretch {
    fn joined(self, next: Self) -> Self {
        Self {
            to: next.to,
            low: self.low.min(next.low),
            high: self.high.max(next.high),
            last: next.last,
            ..self
        }
    }
}

/// A curve over ascending steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    stretches: Vec<Stretch>,
    /// Points that a whole stretch holds, less one: 0 to begin with.
    more_each: u64,
    /// Points in the last stretch.
    in_last: u64,
}

impl Curve {
    /// Adds a point behind the last one.
    pub fn push(&mut self, step: u64, value: f64) {
        let step = u32::try_from(step).unwrap_or(u32::MAX);
        let value = value as f32;
        let point = Stretch {
            from: step,
            to: step,
            first: value,
            low: value,
            high: value,
            last: value,
        };
        match self.stretches.last_mut() {
            Some(last) if self.in_last <= self.more_each => {
                *last = last.joined(point);
                self.in_last += 1;
            }
            _ => {
                self.thin(MOST);
                self.stretches.push(point);
                self.in_last = 1;
            }
        }
    }

    /// Gives back what a curve that is drawn now and then does not need.
    pub fn settle(&mut self) {
        self.thin(KEPT);
        self.stretches.shrink_to_fit();
    }

    /// The stretches, by ascending steps.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }

    /// Step of the last point.
    pub fn last_step(&self) -> Option<u32> {
        self.stretches.last().map(|stretch| stretch.to)
    }

    /// Joins pairs until fewer than `most` stretches are left; all of them are whole then.
    fn thin(&mut self, most: usize) {
        while self.stretches.len() >= most {
            let pairs = self.stretches.chunks(2);
            self.stretches = pairs
                .map(|pair| pair[1..].iter().fold(pair[0], |a, b| a.joined(*b)))
                .collect();
            self.more_each = 2 * self.more_each + 1;
            self.in_last = self.more_each + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_points_keep_their_spike_in_bounded_memory() {
        let mut curve = Curve::default();
        for step in 0..1_000_000_u64 {
            let value = if step == 777_777 { 9.0 } else { 0.5 };
            curve.push(step, value);
        }
        assert!(curve.stretches().len() <= MOST);
        assert_eq!(curve.last_step(), Some(999_999));
        let spikes = curve.stretches().iter().filter(|s| s.high == 9.0);
        assert_eq!(spikes.count(), 1);
        curve.settle();
        assert!(curve.stretches().len() < KEPT);
        assert_eq!(curve.stretches()[0].from, 0);
        assert!(curve.stretches().iter().any(|s| s.high == 9.0));
    }

    #[test]
    fn few_points_are_kept_as_they_are() {
        let mut curve = Curve::default();
        assert!(curve.is_empty());
        for (step, value) in [(1, 0.7), (2, f64::NAN), (3, 0.2)] {
            curve.push(step, value);
        }
        let lasts: Vec<u32> = curve.stretches().iter().map(|s| s.to).collect();
        assert_eq!(lasts, [1, 2, 3]);
        assert!(curve.stretches()[1].last.is_nan());
    }

    #[test]
    fn stretches_follow_each_other_without_gap_or_overlap() {
        let mut curve = Curve::default();
        (0..50_000).for_each(|step| curve.push(step, step as f64));
        for pair in curve.stretches().windows(2) {
            assert_eq!(pair[0].to + 1, pair[1].from);
        }
    }
}
