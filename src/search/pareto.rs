//! Which of several points are not dominated. All objectives are maximised.

/// Whether duplicates of a non-dominated point count as non-dominated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// All of them do.
    Keep,
    /// Only the first does.
    Drop,
}

/// For each of `points` (`[n][m]`) whether no other point is at least as good everywhere and better somewhere.
pub fn non_dominated<P: AsRef<[f64]>>(points: &[P], duplicates: Duplicates) -> Vec<bool> {
    (0..points.len())
        .map(|i| {
            let point = points[i].as_ref();
            !points.iter().enumerate().any(|(j, other)| {
                let other = other.as_ref();
                dominates(other, point)
                    || (duplicates == Duplicates::Drop && j < i && other == point)
            })
        })
        .collect()
}

fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(x, y)| x >= y) && a != b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_points_stand_or_fall_together_unless_dropped() {
        let points = [[1.0, 2.0], [1.0, 2.0], [0.5, 2.0], [2.0, 0.0]];
        assert_eq!(
            non_dominated(&points, Duplicates::Keep),
            [true, true, false, true]
        );
        assert_eq!(
            non_dominated(&points, Duplicates::Drop),
            [true, false, false, true]
        );
    }
}
