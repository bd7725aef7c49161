//! Loops over floats that the compiler can run eight at a time.

/// Defines a function that runs `$body` with the widest registers that the processor has.
///
/// The body is inlined twice, once for AVX2 with FMA; which one runs is asked of the processor, so that one binary
/// serves all.
macro_rules! vectorised {
    ($(#[$note:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$note])*
        pub(super) fn $name($($argument: $type),*) $(-> $result)? {
            #[inline(always)]
            fn body($($argument: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn wide($($argument: $type),*) $(-> $result)? {
                    body($($argument),*)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has the instructions, as was just asked.
                    return unsafe { wide($($argument),*) };
                }
            }
            body($($argument),*)
        }
    };
}
pub(in super::super) use vectorised;

/// Sums kept apart, so that they do not wait for each other.
const LANES: usize = 16;

/// The sum of `term` over the places of `x`.
#[inline(always)]
pub(super) fn sum(x: &[f32], term: impl Fn(usize, f32) -> f32) -> f32 {
    let mut sums = [0f32; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    let tail = x.len() - rest.len();
    for (index, chunk) in chunks.enumerate() {
        for lane in 0..LANES {
            sums[lane] += term(index * LANES + lane, chunk[lane]);
        }
    }
    let rest = rest.iter().enumerate();
    let rest: f32 = rest.map(|(i, &x)| term(tail + i, x)).sum();
    sums.iter().sum::<f32>() + rest
}

/// The largest of `x`, at least `floor`.
#[inline(always)]
pub(super) fn largest(x: &[f32], floor: f32) -> f32 {
    let higher = |a: f32, b: f32| if b > a { b } else { a };
    let mut tops = [floor; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            tops[lane] = higher(tops[lane], chunk[lane]);
        }
    }
    let all = tops.iter().chain(rest);
    all.fold(floor, |top, &x| higher(top, x))
}

/// eˣ for x ≤ 0, to two units in the last place; below -87 as at -87. NaN stays NaN.
#[inline(always)]
pub(super) fn exp_below_zero(x: f32) -> f32 {
    // NaN must survive, which `max` would drop.
    let x = if x < -87.0 { -87.0 } else { x };
    // eˣ = 2ⁿ eʳ with |r| ≤ ln 2 / 2; ln 2 in two parts, the first exact in products with n.
    let n = (x * std::f32::consts::LOG2_E + 0.5).floor();
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let series = 1.987_569_1e-4;
    let series = series * r + 1.398_2e-3;
    let series = series * r + 8.333_452e-3;
    let series = series * r + 4.166_579_6e-2;
    let series = series * r + 0.166_666_65;
    let series = series * r + 0.5;
    let power = f32::from_bits((((n as i32) + 127) << 23) as u32);
    (series * r * r + r + 1.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_right_to_the_last_places() {
        for i in 0..=870_000 {
            let x = i as f32 * -1e-4;
            let exact = f64::from(x).exp();
            let off = (f64::from(exp_below_zero(x)) - exact).abs() / exact;
            assert!(off < 2.5e-7, "{x}: {off}");
        }
        assert_eq!(exp_below_zero(0.0), 1.0);
        assert!(exp_below_zero(f32::MIN) < 1e-37);
        assert!(exp_below_zero(f32::NAN).is_nan());
    }

    #[test]
    fn sums_and_maxima_take_the_odd_places_too() {
        for size in [0, 1, 15, 16, 17, 37] {
            let x: Vec<f32> = (0..size).map(|i| ((i * 7) % 11) as f32).collect();
            let naive: f32 = x.iter().enumerate().map(|(i, x)| i as f32 * x).sum();
            assert_eq!(sum(&x, |i, x| i as f32 * x), naive);
            let top = x.iter().copied().fold(f32::MIN, f32::max);
            assert_eq!(largest(&x, f32::MIN), top);
        }
    }
}
