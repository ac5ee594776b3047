//! The other side of a matrix product: activations in the form that the weights' type asks for.
//!
//! What the reference does before a product (`from_float` of the weights' `vec_dot_type`):
//!
//! | weights | activations become |
//! |---|---|
//! | F32 | F32 as they are |
//! | F16, BF16 | rounded to that type |
//! | Q4_0, Q5_0, Q8_0, IQ4_NL, MXFP4 | Q8_0: blocks of 32 |
//! | Q4_1, Q5_1 | Q8_1: blocks of 32 with their sum |
//! | the K-quants, IQ4_XS, TQ1_0, TQ2_0 | Q8_K: blocks of 256 |
//! | I2_S | whole rows, as bitnet.cpp has them |
//!
//! In arithmetic `f32` nothing is rounded or quantised, whatever the weights.

use gguf::TensorType;
use schemas::describe::Arithmetic;

#[cfg(feature = "faults")]
use crate::faults::in_pass;
use crate::formats::Factors;
use crate::formats::float::{nearest_int, round_to_bf16, round_to_f16};
use crate::kernels::exact::lane_order;

/// A form of activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As computed.
    F32,
    /// Rounded to F16.
    F16,
    /// Rounded to BF16.
    Bf16,
    /// Blocks of 32 codes.
    Q8_0,
    /// Blocks of 32 codes and their sum.
    Q8_1,
    /// Blocks of 256 codes.
    Q8K,
    /// Rows of codes.
    Rows,
}

impl Form {
    /// The form that weights of this type ask for.
    pub fn of(tensor_type: TensorType, arithmetic: Arithmetic) -> Self {
        if arithmetic == Arithmetic::F32 {
            return Self::F32;
        }
        match tensor_type {
            TensorType::F16 => Self::F16,
            TensorType::BF16 => Self::Bf16,
            TensorType::Q4_0
            | TensorType::Q5_0
            | TensorType::Q8_0
            | TensorType::IQ4_NL
            | TensorType::MXFP4 => Self::Q8_0,
            TensorType::Q4_1 | TensorType::Q5_1 => Self::Q8_1,
            TensorType::Q2_K
            | TensorType::Q3_K
            | TensorType::Q4_K
            | TensorType::Q5_K
            | TensorType::Q6_K
            | TensorType::IQ4_XS
            | TensorType::TQ1_0
            | TensorType::TQ2_0 => Self::Q8K,
            TensorType::I2_S => Self::Rows,
            _ => Self::F32,
        }
    }
}

/// Activations of several positions in one form, `[position][width]`.
pub enum Activations {
    /// F32, possibly rounded to a narrower type.
    Floats(Vec<f32>),
    /// Blocks of 32.
    Blocks(Blocks),
    /// Blocks of 256.
    Supers(Supers),
    /// Rows with one scale each.
    Rows(Rows),
}

/// Codes, and for each row their sum and scale.
pub struct Rows {
    /// `[position][width]`
    pub codes: Vec<i8>,
    /// What activations were multiplied with to become codes.
    pub scales: Vec<f32>,
    /// Of the codes, as f32.
    pub sums: Vec<f32>,
}

/// Codes and factors, `[position][block]`.
pub struct Blocks {
    /// 32 for each block.
    pub codes: Vec<i16>,
    /// One for each block; `m` holds the sum of a `Q8_1` block.
    pub factors: Vec<Factors>,
}

/// Codes in lane order, factors and sums, `[position][block]`.
pub struct Supers {
    /// 256 for each block.
    pub codes: Vec<i16>,
    /// One for each block.
    pub d: Vec<f32>,
    /// Sums of 16 codes each, in their original order.
    pub sums: Vec<[i32; 16]>,
}

impl Activations {
    /// Puts `values`, rows of `width`, into a form. Blocks do not cross positions: the width is a
    /// multiple of the block size of the weights, which loading has checked.
    pub fn new(values: &[f32], width: usize, form: Form) -> Self {
        let activations = match form {
            Form::F32 => Self::Floats(values.to_vec()),
            Form::F16 => {
                let mut values = values.to_vec();
                round_to_f16(&mut values);
                Self::Floats(values)
            }
            Form::Bf16 => {
                let mut values = values.to_vec();
                round_to_bf16(&mut values);
                Self::Floats(values)
            }
            Form::Q8_0 => Self::Blocks(quantize_blocks(values, false)),
            Form::Q8_1 => Self::Blocks(quantize_blocks(values, true)),
            Form::Q8K => Self::Supers(quantize_supers(values)),
            Form::Rows => Self::Rows(quantize_rows(values, width)),
        };
        #[cfg(feature = "faults")]
        let activations = in_pass::activations(activations);
        activations
    }
}

/// Half away from zero, as C's `roundf`, then the low byte, as its cast to a signed byte; without a
/// call, so that the loop around it is vectorised.
///
/// Beyond 2^31 and for NaN the cast is undefined in C; on x86-64 it gives the smallest `int`, whose
/// low byte is 0. A scale can be that small only beside a NaN or an infinity.
fn round_to_byte(x: f32) -> i8 {
    let whole = x as i32;
    let rest = x - whole as f32;
    let rounded = whole
        .wrapping_add(i32::from(rest >= 0.5))
        .wrapping_sub(i32::from(rest <= -0.5));
    if x.abs() < 2_147_483_648.0 {
        rounded as i8
    } else {
        0
    }
}

/// ggml's `MAX(max, fabsf(x))` in its order. A NaN takes the place of what was found before it and
/// gives way to what comes after it: a block that ends with one, or has nothing else, keeps it.
fn largest_magnitude(values: &[f32]) -> f32 {
    let larger = |max: f32, x: &f32| if max > x.abs() { max } else { x.abs() };
    values.iter().fold(0f32, larger)
}

/// `quantize_row_q8_0_ref` and `quantize_row_q8_1_ref`: one step is the largest magnitude over
/// 127; codes use the step as computed, products the step rounded to F16.
fn quantize_blocks(values: &[f32], with_sums: bool) -> Blocks {
    let mut codes = vec![0i16; values.len()];
    let (blocks, _) = values.as_chunks::<32>();
    let (block_codes, _) = codes.as_chunks_mut::<32>();
    let factors = blocks
        .iter()
        .zip(block_codes)
        .map(|(values, codes)| {
            let d = largest_magnitude(values) / 127.0;
            let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
            let mut sum = 0i32;
            for (code, x) in codes.iter_mut().zip(values) {
                *code = i16::from(round_to_byte(x * inverse));
                sum += i32::from(*code);
            }
            let rounded = half::f16::from_f32(d).to_f32();
            #[cfg(feature = "faults")]
            let rounded = in_pass::scale_of_activations(rounded, d);
            Factors {
                d: rounded,
                m: if with_sums {
                    half::f16::from_f32(sum as f32 * d).to_f32()
                } else {
                    0.0
                },
            }
        })
        .collect();
    Blocks { codes, factors }
}

/// `quantize_row_q8_K_ref`: the value of largest magnitude becomes -127, so the step may be
/// negative; codes are rounded half to even.
fn quantize_supers(values: &[f32]) -> Supers {
    let (blocks, _) = values.as_chunks::<256>();
    let mut supers = Supers {
        codes: Vec::with_capacity(values.len()),
        d: Vec::with_capacity(blocks.len()),
        sums: Vec::with_capacity(blocks.len()),
    };
    for values in blocks {
        let (mut largest, mut signed) = (0f32, 0f32);
        for &x in values {
            // The first of equal magnitudes wins.
            if x.abs() > largest {
                (largest, signed) = (x.abs(), x);
            }
        }
        let mut codes = [0i16; 256];
        let mut d = 0.0;
        if largest != 0.0 {
            let inverse = -127.0 / signed;
            for (code, x) in codes.iter_mut().zip(values) {
                *code = i16::from(nearest_int(inverse * x).min(127) as i8);
            }
            d = 1.0 / inverse;
        }
        let mut sums = [0i32; 16];
        for (sum, group) in sums.iter_mut().zip(codes.chunks_exact(16)) {
            *sum = group.iter().map(|&code| i32::from(code)).sum();
        }
        supers.codes.extend(lane_order(&codes));
        supers.d.push(d);
        supers.sums.push(sums);
    }
    supers
}

/// As bitnet.cpp before a product with I2_S: see [`crate::formats::i2_s`]. There as here a NaN
/// becomes code 0; as in [`largest_magnitude`] the largest value before it is forgotten, and a row
/// that ends with one has scale NaN. A row with an infinity after its last NaN has scale 0. The
/// products of both are NaN.
fn quantize_rows(values: &[f32], width: usize) -> Rows {
    let mut rows = Rows {
        codes: Vec::with_capacity(values.len()),
        scales: Vec::new(),
        sums: Vec::new(),
    };
    for row in values.chunks_exact(width) {
        let larger = |max: f64, x: &f32| {
            let magnitude = f64::from(x.abs());
            if max > magnitude { max } else { magnitude }
        };
        let largest = row.iter().fold(1e-5, larger);
        let scale = (127.0 / largest) as f32;
        let mut sum = 0i64;
        rows.codes.extend(row.iter().map(|x| {
            let code = nearest_int(x * scale).clamp(-128, 127);
            sum += i64::from(code);
            code as i8
        }));
        rows.scales.push(scale);
        rows.sums.push(sum as f32);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_as_c_does() {
        let mut x = -130.0f32;
        while x < 130.0 {
            for near in [x.next_down(), x, x.next_up()] {
                assert_eq!(round_to_byte(near), near.round() as i32 as i8, "{near}");
                assert_eq!(nearest_int(near), near.round_ties_even() as i32, "{near}");
            }
            x += 0.25;
        }
        assert_eq!(round_to_byte(0.5f32.next_down()), 0);
        for beyond in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 3e9, -3e9] {
            assert_eq!(round_to_byte(beyond), 0, "{beyond}");
        }
    }

    #[test]
    fn a_block_of_zeros_has_no_step() {
        let blocks = quantize_blocks(&[0.0; 32], true);
        assert_eq!(blocks.factors[0], Factors::default());
        assert!(blocks.codes.iter().all(|&code| code == 0));
        let supers = quantize_supers(&[0.0; 256]);
        assert_eq!((supers.d[0], supers.sums[0]), (0.0, [0; 16]));
    }

    #[test]
    fn a_block_that_is_not_a_number_stays_so() {
        let blocks = quantize_blocks(&[f32::NAN; 32], true);
        assert!(blocks.factors[0].d.is_nan() && blocks.factors[0].m.is_nan());
        assert!(blocks.codes.iter().all(|&code| code == 0));
        let mut values = [8.0; 32];
        values[30] = f32::NAN;
        values[31] = 2.0;
        assert_eq!(largest_magnitude(&values), 2.0);
        // The larger blocks lose it, as the reference's do.
        assert_eq!(quantize_supers(&[f32::NAN; 256]).d[0], 0.0);
    }

    #[test]
    fn a_row_forgets_what_was_before_a_nan() {
        let quantized = |row: [f32; 4]| {
            let rows = quantize_rows(&row, 4);
            (rows.codes, rows.scales[0])
        };
        assert_eq!(
            quantized([8.0, f32::NAN, -2.0, 1.0]),
            (vec![127, 0, -127, 64], 63.5)
        );
        let (codes, scale) = quantized([1.0, 2.0, 3.0, f32::NAN]);
        assert!(scale.is_nan());
        assert_eq!(codes, [0; 4]);
        assert_eq!(
            quantized([1.0, f32::NEG_INFINITY, 3.0, 0.0]),
            (vec![0; 4], 0.0)
        );
        // No row is so small that its scale would overflow.
        assert_eq!(quantized([1e-44; 4]), (vec![0; 4], 12_700_000.0));
    }

    #[test]
    fn the_first_of_equal_magnitudes_gives_the_sign() {
        let mut values = [0.0; 256];
        (values[3], values[9]) = (2.0, -2.0);
        let supers = quantize_supers(&values);
        assert!(supers.d[0] < 0.0, "2 became -127, so a step is negative");
        // 127 is as far as a code goes on the other side.
        assert_eq!(supers.sums[0].iter().sum::<i32>(), 0);
    }

    #[test]
    fn the_sum_of_a_block_uses_the_step_before_rounding() {
        let values: [f32; 32] = std::array::from_fn(|i| i as f32 * 0.37 - 3.0);
        let blocks = quantize_blocks(&values, true);
        let d = 8.47f32 / 127.0;
        let sum: i32 = blocks.codes.iter().map(|&code| i32::from(code)).sum();
        assert_eq!(
            blocks.factors[0].m,
            half::f16::from_f32(sum as f32 * d).to_f32()
        );
    }
}
