//! The inner loops in plain Rust: the oracle of all others, and what any CPU can run.
//!
//! The bodies of the float loops are `inline(always)` because `avx2` compiles the same ones for
//! wider registers: there is no second version that could differ.

use super::{Kernels, LANES};

/// Plain loops.
pub const KERNELS: Kernels = Kernels {
    name: "exact-scalar",
    simd: &[],
    block_sums,
    super_sums,
    two_bit_sum,
    panel_dot,
    add_scaled_rows,
};

fn block_sums(a: &[i16], b: &[i16], sums: &mut [i32]) {
    let (a, b) = (a.as_chunks::<32>().0, b.as_chunks::<32>().0);
    for ((a, b), sum) in a.iter().zip(b).zip(sums) {
        *sum = a
            .iter()
            .zip(b)
            .map(|(&a, &b)| i32::from(a) * i32::from(b))
            .sum();
    }
}

fn super_sums(a: &[i16], b: &[i16], sums: &mut [[i32; 8]]) {
    let (a, b) = (a.as_chunks::<256>().0, b.as_chunks::<256>().0);
    for ((a, b), sums) in a.iter().zip(b).zip(sums) {
        *sums = [0; 8];
        for (i, (&a, &b)) in a.iter().zip(b).enumerate() {
            sums[i % 16 / 2] += i32::from(a) * i32::from(b);
        }
    }
}

fn two_bit_sum(codes: &[u8], x: &[i8]) -> i64 {
    let (codes, x) = (codes.as_chunks::<32>().0, x.as_chunks::<128>().0);
    assert!(codes.len() == x.len(), "128 numbers for 32 bytes");
    let block = |(bytes, x): (&[u8; 32], &[i8; 128])| -> i32 {
        let groups = x.as_chunks::<32>().0.iter().enumerate();
        let products = groups.flat_map(|(group, x)| {
            let codes = bytes.iter().map(move |byte| byte >> (6 - 2 * group) & 3);
            codes
                .zip(x)
                .map(|(code, &x)| i32::from(code) * i32::from(x))
        });
        products.sum()
    };
    codes.iter().zip(x).map(block).map(i64::from).sum()
}

/// Body of [`Kernels::panel_dot`].
#[inline(always)]
pub(super) fn panel_dot(shared: &[f32], panel: &[[f32; LANES]], results: &mut [f32; LANES]) {
    let mut sums = [0f64; LANES];
    for (&factor, lanes) in shared.iter().zip(panel) {
        for (sum, lane) in sums.iter_mut().zip(lanes) {
            // The product is rounded to f32 before it is added.
            *sum += f64::from(factor * lane);
        }
    }
    *results = sums.map(|sum| sum as f32);
}

/// Body of [`Kernels::add_scaled_rows`].
#[inline(always)]
pub(super) fn add_scaled_rows(factors: &[f32], rows: &[f32], stride: usize, sums: &mut [f64]) {
    for (i, &factor) in factors.iter().enumerate() {
        let row = &rows[i * stride..][..sums.len()];
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(factor * value);
        }
    }
}
