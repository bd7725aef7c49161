//! The Pareto front of a study.

use super::Objectives;

/// Indices of the non-dominated entries, by ascending parameters. Of equal entries the first is kept.
pub fn front(objectives: &[Objectives]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..objectives.len())
        .filter(|&i| {
            objectives[i].score.is_finite() && objectives[i].parameters_percent.is_finite()
        })
        .collect();
    order.sort_by(|&a, &b| {
        let (a_value, b_value) = (objectives[a], objectives[b]);
        a_value
            .parameters_percent
            .total_cmp(&b_value.parameters_percent)
            .then(b_value.score.total_cmp(&a_value.score))
            .then(a.cmp(&b))
    });
    let mut best = f64::NEG_INFINITY;
    order.retain(|&i| {
        let better = objectives[i].score > best;
        best = best.max(objectives[i].score);
        better
    });
    order
}

/// Takes one more entry into a front that is in the order of [`front`]; `objectives` reads an entry. Costs as much as
/// the front is long, however many entries were seen. Of equal entries the lower one is kept.
pub fn extend_front<T: Copy + Ord>(
    members: &mut Vec<T>,
    new: T,
    objectives: impl Fn(T) -> Objectives,
) {
    let point = objectives(new);
    if !point.score.is_finite() || !point.parameters_percent.is_finite() {
        return;
    }
    let at =
        members.partition_point(|&m| objectives(m).parameters_percent < point.parameters_percent);
    let rivals = at.checked_sub(1).into_iter().chain([at]);
    for rival in rivals.filter_map(|i| members.get(i)) {
        let other = objectives(*rival);
        if other.dominates(&point) || (other == point && *rival < new) {
            return;
        }
    }
    let beaten = members[at..].iter();
    let beaten = beaten.take_while(|m| objectives(**m).score <= point.score);
    let end = at + beaten.count();
    members.splice(at..end, [new]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(parameters_percent: f64, score: f64) -> Objectives {
        Objectives {
            score,
            parameters_percent,
        }
    }

    #[test]
    fn the_front_drops_dominated_equal_and_undefined_points() {
        let points = [
            at(1.0, 0.8),
            at(2.0, 0.7),
            at(0.5, 0.6),
            at(1.0, 0.8),
            at(0.1, f64::NAN),
        ];
        assert_eq!(front(&points), vec![2, 0]);
    }

    proptest::proptest! {
        #[test]
        fn a_front_grown_one_by_one_is_the_front(
            points in proptest::collection::vec((0_u8..6, 0_u8..6), 0..30),
            order in proptest::sample::subsequence((0..30_usize).collect::<Vec<_>>(), 0..30),
        ) {
            let points: Vec<Objectives> = points
                .iter()
                .map(|&(a, b)| at(f64::from(a), if b == 5 { f64::NAN } else { f64::from(b) }))
                .collect();
            // Some first, then the others backwards: the order of finishing is not that of the numbers.
            let first = order.iter().copied().filter(|i| *i < points.len());
            let rest = (0..points.len()).rev().filter(|i| !order.contains(i));
            let mut grown = Vec::new();
            for i in first.chain(rest) {
                extend_front(&mut grown, i, |i| points[i]);
            }
            assert_eq!(grown, front(&points));
        }
    }
}
