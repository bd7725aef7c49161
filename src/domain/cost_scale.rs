//! The logarithmic scale of costs.
//!
//! People compare 0.1 % of a backbone's parameters with 1 % as they compare 1 % with 10 %: on a linear scale nearly all
//! hypervolume lies where costs are large.
//!
//! | symbol | meaning |
//! |---|---|
//! | c | cost: parameters in percent of the backbone, at least 0 |
//! | r | cost of the reference point, above 0 |
//! | c_0 | the least cost of the space, at least 0 |
//! | o | what is added to a cost: 0, or r / 256 where c_0 is 0, so that costs near 0 do not outweigh the rest |
//!
//! scale(c) = ln(max(c, c_0) + o)

/// What is added to costs where some configuration costs nothing, as a share of the reference point's cost.
const OFFSET_SHARE: f64 = 1.0 / 256.0;

/// The scale from the least cost of a space to that of a reference point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogCost {
    /// r.
    reference: f64,
    /// c_0.
    least: f64,
    /// o.
    offset: f64,
}

impl LogCost {
    /// The scale between the `least` cost of a space and r.
    pub fn between(least: f64, reference: f64) -> Self {
        let costs_something = least > 0.0 && least < reference;
        Self {
            reference,
            least: if costs_something { least } else { 0.0 },
            offset: if costs_something {
                0.0
            } else {
                OFFSET_SHARE * reference
            },
        }
    }

    /// scale(c).
    pub fn of(self, cost: f64) -> f64 {
        (cost.max(self.least) + self.offset).ln()
    }

    /// Where c lies between the least cost, 0, and that of the reference point, 1.
    pub fn position(self, cost: f64) -> f64 {
        let from_least = |cost: f64| ((cost + self.offset) / (self.least + self.offset)).ln();
        from_least(cost.max(self.least)) / from_least(self.reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ratios_are_equal_distances_down_to_the_least_cost() {
        let scale = LogCost::between(0.0026, 26.0);
        assert!((scale.of(26.0) - scale.of(2.6) - 10_f64.ln()).abs() < 1e-12);
        assert!((scale.of(0.026) - scale.of(0.0026) - 10_f64.ln()).abs() < 1e-12);
        for (cost, position) in [(0.0, 0.0), (0.0026, 0.0), (0.26, 0.5), (26.0, 1.0)] {
            assert!((scale.position(cost) - position).abs() < 1e-12, "{cost}");
        }
    }

    #[test]
    fn where_something_costs_nothing_it_is_eight_doublings_from_the_reference_point() {
        let scale = LogCost::between(0.0, 26.0);
        assert!((scale.of(26.0) - scale.of(0.0) - 257_f64.ln()).abs() < 1e-12);
        assert_eq!((scale.position(0.0), scale.position(26.0)), (0.0, 1.0));
    }
}
