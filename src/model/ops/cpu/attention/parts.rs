//! Numbers cut up for the threads, by rows of the batch and by parts of several rows.

/// Parts of a batch whose share of the prefix's gradient is summed up on its own; a fixed number, so that the result
/// does not depend on the threads.
const PARTS: usize = 16;

/// Rows of one part of a batch.
pub(super) fn rows_of_part(rows: usize) -> usize {
    rows.div_ceil(PARTS).max(1)
}

/// Where each part begins, and the end, from where each row begins, and the end.
pub(super) fn bounds(starts: &[usize]) -> Vec<usize> {
    let rows = starts.len() - 1;
    let mut bounds: Vec<usize> = starts[..rows]
        .iter()
        .copied()
        .step_by(rows_of_part(rows))
        .collect();
    bounds.push(starts[rows]);
    bounds
}

/// The pieces between neighbouring bounds, each of them counting for `size` numbers; empty ones where there are no
/// numbers.
pub(super) fn pieces<'a>(
    mut numbers: &'a mut [f32],
    bounds: &[usize],
    size: usize,
) -> Vec<&'a mut [f32]> {
    let nothing = numbers.is_empty();
    let lengths = bounds.windows(2).map(|ends| (ends[1] - ends[0]) * size);
    lengths
        .map(|length| front(&mut numbers, if nothing { 0 } else { length }))
        .collect()
}

/// Takes the first numbers off; none where there are none.
pub(super) fn front<'a>(numbers: &mut &'a mut [f32], count: usize) -> &'a mut [f32] {
    let count = count.min(numbers.len());
    let (first, rest) = std::mem::take(numbers).split_at_mut(count);
    *numbers = rest;
    first
}

/// The sum of the parts, which lie one after the other, in order.
pub(super) fn summed(numbers: &[f32], parts: usize) -> Vec<f32> {
    let mut parts = numbers.chunks_exact((numbers.len() / parts.max(1)).max(1));
    let mut sum = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        for (sum, number) in sum.iter_mut().zip(part) {
            *sum += number;
        }
    }
    sum
}
