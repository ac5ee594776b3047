//! The inner loops of arithmetic `exact`: sums of products, with the CPU's features chosen once.
//!
//! Two kinds of sums occur. Integer sums (codes of quantised blocks) are the same in any order,
//! so they may be as wide as the CPU allows. Float sums are not: each of ours keeps the
//! reference's order *within* one result and gains its speed by working on many results side by
//! side. So every kernel gives the same bits as its scalar twin, and the choice of one can never
//! change a result.
//!
//! Where the reference sums floats (`ggml_vec_dot_f32`, `_f16`, `_bf16` without SIMD), each
//! product is rounded to f32 and added to a double in element order.

#[cfg(target_arch = "x86_64")]
mod avx2;
pub mod scalar;

/// Results that a float kernel works on side by side: two registers of eight floats, or four of
/// four doubles, enough to hide the four cycles of an addition.
pub const LANES: usize = 16;

/// One set of inner loops.
#[derive(Clone, Copy)]
pub struct Kernels {
    /// The name that reaches `describe` and the receipt.
    pub name: &'static str,
    /// The CPU features that it uses.
    pub simd: &'static [&'static str],
    /// `(a, b, sums)`: for each block of 32, the sum of the products of codes.
    pub block_sums: fn(&[i16], &[i16], &mut [i32]),
    /// `(a, b, sums)`: for each block of 256 in lane order (see [`lane_order`]), eight sums.
    pub super_sums: fn(&[i16], &[i16], &mut [[i32; 8]]),
    /// `(codes, x)`: the sum over a row of I2_S, packed as in the file (32 bytes hold 128 codes),
    /// of each code times its 8-bit number.
    pub two_bit_sum: fn(&[u8], &[i8]) -> i64,
    /// `(shared, panel, results)`: the products of one row with [`LANES`] others,
    /// `panel[element][lane]`.
    pub panel_dot: fn(&[f32], &[[f32; LANES]], &mut [f32; LANES]),
    /// `(factors, rows, sums)`: adds `factor · row[i]` to `sums[i]`, row after row; `rows` is
    /// `[factor][sums.len()]`, each row beginning `stride` after the one before.
    pub add_scaled_rows: fn(&[f32], &[f32], usize, &mut [f64]),
}

impl Kernels {
    /// The sets that this CPU can run, the best first.
    pub fn available() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let best = avx2::kernels();
        #[cfg(not(target_arch = "x86_64"))]
        let best = None;
        best.into_iter().chain([scalar::KERNELS]).collect()
    }

    /// The best set that this CPU can run.
    pub fn detect() -> Self {
        Self::available()[0]
    }

    /// The set of this name, or what names there are.
    pub fn named(name: &str) -> Result<Self, String> {
        let available = Self::available();
        let found = available.iter().find(|set| set.name == name);
        found
            .copied()
            .ok_or_else(|| super::unknown(name, available.iter().map(|set| set.name)))
    }
}

/// Puts 256 codes in the order of the eight lanes in which the reference sums K-quants.
///
/// The reference's lane `l` sums the elements whose index is `l` modulo 8. A multiply-add of
/// 16-bit numbers sums neighbours, so elements that share a lane are made neighbours:
/// `16 p + 2 l + h` holds what was at `16 p + 8 h + l`.
pub fn lane_order(codes: &[i16; 256]) -> [i16; 256] {
    let mut ordered = [0; 256];
    let groups = codes.as_chunks::<16>().0;
    for (codes, ordered) in groups.iter().zip(ordered.as_chunks_mut::<16>().0) {
        // Written so that it becomes two shuffles: this is done to every row of weights.
        for l in 0..8 {
            ordered[2 * l] = codes[l];
            ordered[2 * l + 1] = codes[8 + l];
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small generator of numbers, so that the tests need no dependency and no clock.
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            self.0 >> 33
        }
        fn code(&mut self, largest: i64) -> i16 {
            (self.next() as i64 % (2 * largest + 1) - largest) as i16
        }
        fn float(&mut self) -> f32 {
            let scale = 2f32.powi((self.next() % 40) as i32 - 20);
            (self.next() as f32 / 2f32.powi(31) - 0.5) * scale
        }
    }

    fn best() -> Kernels {
        Kernels::detect()
    }

    #[test]
    fn integer_kernels_equal_their_scalar_twins() {
        let mut numbers = Numbers(1);
        for blocks in 0..12 {
            for largest in [1, 127, 4096] {
                let a: Vec<_> = (0..256 * blocks).map(|_| numbers.code(largest)).collect();
                let b: Vec<_> = (0..256 * blocks).map(|_| numbers.code(127)).collect();
                let (mut expected, mut found) = (vec![0; 8 * blocks], vec![1; 8 * blocks]);
                (scalar::KERNELS.block_sums)(&a, &b, &mut expected);
                (best().block_sums)(&a, &b, &mut found);
                assert_eq!(found, expected, "{blocks} blocks");
                let (mut expected, mut found) = (vec![[0; 8]; blocks], vec![[1; 8]; blocks]);
                (scalar::KERNELS.super_sums)(&a, &b, &mut expected);
                (best().super_sums)(&a, &b, &mut found);
                assert_eq!(found, expected, "{blocks} super-blocks");
            }
        }
    }

    #[test]
    fn block_sums_work_for_every_number_of_blocks() {
        let mut numbers = Numbers(2);
        for blocks in 0..70 {
            let a: Vec<_> = (0..32 * blocks).map(|_| numbers.code(128)).collect();
            let b: Vec<_> = (0..32 * blocks).map(|_| numbers.code(127)).collect();
            let (mut expected, mut found) = (vec![0; blocks], vec![1; blocks]);
            (scalar::KERNELS.block_sums)(&a, &b, &mut expected);
            (best().block_sums)(&a, &b, &mut found);
            assert_eq!(found, expected, "{blocks} blocks");
        }
    }

    #[test]
    fn two_bit_sums_work_for_every_number_of_blocks() {
        let mut numbers = Numbers(4);
        // Past 1024 blocks the sums of 32 bits are emptied.
        for blocks in (0..70).chain([1023, 1024, 1025, 2100]) {
            let codes: Vec<_> = (0..32 * blocks).map(|_| numbers.next() as u8).collect();
            let x: Vec<_> = (0..128 * blocks).map(|_| numbers.next() as i8).collect();
            let expected = (scalar::KERNELS.two_bit_sum)(&codes, &x);
            assert_eq!(
                (best().two_bit_sum)(&codes, &x),
                expected,
                "{blocks} blocks"
            );
        }
    }

    #[test]
    fn each_code_of_two_bits_meets_its_own_number() {
        for element in 0..256 {
            let (block, group, byte) = (element / 128, element % 128 / 32, element % 32);
            let mut codes = [0; 64];
            codes[32 * block + byte] = 3 << (6 - 2 * group);
            let x: [i8; 256] = std::array::from_fn(|i| if i == element { -128 } else { 127 });
            for kernels in [best(), scalar::KERNELS] {
                assert_eq!((kernels.two_bit_sum)(&codes, &x), -384, "{element}");
            }
        }
    }

    /// Sums of 16 bits would wrap here after 1280 elements, as those of bitnet.cpp do.
    #[test]
    fn the_largest_two_bit_codes_do_not_overflow() {
        let blocks = 3000;
        for number in [127, -128i8] {
            let (codes, x) = (vec![0xff; 32 * blocks], vec![number; 128 * blocks]);
            let expected = 3 * 128 * blocks as i64 * i64::from(number);
            for kernels in [best(), scalar::KERNELS] {
                assert_eq!((kernels.two_bit_sum)(&codes, &x), expected);
            }
        }
    }

    #[test]
    fn the_largest_codes_do_not_overflow() {
        for (a, b) in [(i16::MAX, 127), (-4096, -127), (-128, -128)] {
            let (a, b) = (vec![a; 256], vec![b; 256]);
            let mut sums = vec![[0; 8]];
            (best().super_sums)(&a, &b, &mut sums);
            assert_eq!(sums[0], [32 * i32::from(a[0]) * i32::from(b[0]); 8]);
        }
    }

    #[test]
    fn float_kernels_equal_their_scalar_twins_bit_by_bit() {
        let mut numbers = Numbers(3);
        for n in [0, 1, 2, 3, 7, 64, 65, 576] {
            let shared: Vec<_> = (0..n).map(|_| numbers.float()).collect();
            let panel: Vec<[f32; LANES]> = (0..n)
                .map(|_| std::array::from_fn(|_| numbers.float()))
                .collect();
            let (mut expected, mut found) = ([0.0; LANES], [1.0; LANES]);
            (scalar::KERNELS.panel_dot)(&shared, &panel, &mut expected);
            (best().panel_dot)(&shared, &panel, &mut found);
            assert_eq!(
                found.map(f32::to_bits),
                expected.map(f32::to_bits),
                "{n} elements"
            );

            for width in [0, 1, 3, 4, 5, 64, 67] {
                let rows: Vec<_> = (0..n * (width + 2)).map(|_| numbers.float()).collect();
                let (mut expected, mut found) = (vec![0.0; width], vec![0.0; width]);
                (scalar::KERNELS.add_scaled_rows)(&shared, &rows, width + 2, &mut expected);
                (best().add_scaled_rows)(&shared, &rows, width + 2, &mut found);
                assert_eq!(found, expected, "{n} rows of {width}");
            }
        }
    }

    #[test]
    fn a_float_sum_keeps_the_reference_order() {
        // In doubles, 1 is lost beside 2^60 when it is added after it, and kept when before.
        let huge = 2f32.powi(60);
        let mut results = [0.0; LANES];
        let panel = [[huge; LANES], [1.0; LANES], [-huge; LANES]];
        (best().panel_dot)(&[1.0, 1.0, 1.0], &panel, &mut results);
        assert_eq!(results, [0.0; LANES]);
        let panel = [[huge; LANES], [-huge; LANES], [1.0; LANES]];
        (best().panel_dot)(&[1.0, 1.0, 1.0], &panel, &mut results);
        assert_eq!(results, [1.0; LANES]);
    }

    #[test]
    fn lane_order_makes_neighbours_of_a_lane() {
        let codes = std::array::from_fn(|i| i as i16);
        let ordered = lane_order(&codes);
        for (i, pair) in ordered.chunks_exact(2).enumerate() {
            assert_eq!(usize::from(pair[0] as u16) % 8, i % 8);
            assert_eq!(pair[1], pair[0] + 8);
        }
    }
}
