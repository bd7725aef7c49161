//! The logarithmic scale of costs.
//!
//! People compare 0.1 % of a backbone's parameters with 1 % as they compare 1 % with 10 %: on a linear scale nearly all
//! hypervolume lies where costs are large.
//!
//! | symbol | meaning |
//! |---|---|
//! | c | cost: parameters in percent of the backbone, at least 0 |
//! | r | cost of the reference point, above 0 |
//! | o | what is added to a cost, r / 256, so that costs near 0 do not outweigh the rest |
//!
//! scale(c) = ln(c + o)

/// Costs below this share of the reference point's are nearly as good as none.
const OFFSET_SHARE: f64 = 1.0 / 256.0;

/// The scale within one reference point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogCost {
    /// r.
    reference: f64,
    /// o.
    offset: f64,
}

impl LogCost {
    /// The scale below the reference point's cost r.
    pub fn below(reference: f64) -> Self {
        Self {
            reference,
            offset: OFFSET_SHARE * reference,
        }
    }

    /// scale(c).
    pub fn of(self, cost: f64) -> f64 {
        (cost + self.offset).ln()
    }

    /// Where c lies between no cost at all, 0, and that of the reference point, 1.
    pub fn position(self, cost: f64) -> f64 {
        let from_nothing = |cost: f64| ((cost + self.offset) / self.offset).ln();
        from_nothing(cost) / from_nothing(self.reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_nothing_to_the_reference_point_it_is_eight_doublings() {
        let scale = LogCost::below(26.0);
        assert!((scale.of(26.0) - scale.of(0.0) - 257_f64.ln()).abs() < 1e-12);
        assert_eq!((scale.position(0.0), scale.position(26.0)), (0.0, 1.0));
        let middle = (scale.of(1.0) - scale.of(0.0)) / 257_f64.ln();
        assert!((scale.position(1.0) - middle).abs() < 1e-12);
    }
}
