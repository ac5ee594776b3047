//! Every set against the scalar one, and that against the definition.

mod against_exact;
mod floats;
mod operations;

use gguf::TensorType;

use super::{
    Coding, Columns, Fast, Other, PANEL_ROWS, Panel, PanelProduct, Parts, Positions, ROW_POSITIONS,
    RowOther, RowProduct, Streamed, coding_for,
};
use crate::fixture::numbers::Numbers;
use crate::fixture::random_blocks;
use crate::formats::coded::zero_of;
use crate::formats::float::{round_to_bf16, round_to_f16};
use crate::formats::{Matrix, SUPPORTED, i2_s};

/// Types whose products are of integers.
fn coded_types() -> Vec<TensorType> {
    let floats = [TensorType::F32, TensorType::F16, TensorType::BF16];
    SUPPORTED
        .iter()
        .copied()
        .filter(|it| !floats.contains(it))
        .collect()
}

fn coding(tensor_type: TensorType) -> Coding {
    coding_for(tensor_type).expect("a coded type")
}

/// Widths that reach whole and broken vectors, and the tails of each loop.
fn widths(tensor_type: TensorType) -> Vec<usize> {
    let block = tensor_type.block_elements().expect("a type that is read") as usize;
    // I2_S is read in stretches of 128, whatever its traits say.
    let block = if tensor_type == TensorType::I2_S {
        128
    } else {
        block
    };
    let blocks: &[usize] = match block {
        1 => &[33, 1, 2, 31, 64, 100, 257, 600],
        32 => &[1, 2, 3, 15, 16, 17, 18, 33, 48],
        _ => &[1, 2, 3, 5],
    };
    few(blocks).iter().map(|n| n * block).collect()
}

/// Interpreted by Miri, the first has to do.
pub(super) fn few<T>(all: &[T]) -> &[T] {
    if cfg!(miri) { &all[..1] } else { all }
}

/// A matrix of random blocks.
struct Weights {
    tensor_type: TensorType,
    columns: usize,
    rows: usize,
    bytes: Vec<u8>,
}

impl Weights {
    fn random(numbers: &mut Numbers, tensor_type: TensorType, columns: usize, rows: usize) -> Self {
        let mut bytes = Vec::new();
        if tensor_type == TensorType::I2_S {
            bytes.extend((0..columns * rows / 4).map(|_| ternary_byte(numbers)));
            bytes.extend(0.25f32.to_le_bytes());
            bytes.resize(columns * rows / 4 + i2_s::TAIL_BYTES, 0);
        } else {
            random_blocks::matrix(numbers, tensor_type, columns * rows, &mut bytes)
                .expect("a vector takes all");
        }
        Self {
            tensor_type,
            columns,
            rows,
            bytes,
        }
    }

    fn matrix(&self) -> Matrix<'_> {
        Matrix::of_tensor(self.tensor_type, self.columns, self.rows, &self.bytes)
    }
}

/// Four codes of 0, 1 or 2.
fn ternary_byte(numbers: &mut Numbers) -> u8 {
    (0..4).fold(0, |byte, _| byte << 2 | (numbers.next() % 3) as u8)
}

pub(super) fn values(numbers: &mut Numbers, n: usize) -> Vec<f32> {
    (0..n).map(|_| numbers.signed_unit() * 3.0).collect()
}

/// As weights of a type meet them.
fn activations(numbers: &mut Numbers, tensor_type: TensorType, n: usize) -> Vec<f32> {
    let mut x = values(numbers, n);
    match tensor_type {
        TensorType::F16 => round_to_f16(&mut x),
        TensorType::BF16 => round_to_bf16(&mut x),
        _ => {}
    }
    x
}

/// By panels or by rows, `[position][row]`.
fn product(fast: Fast, matrix: &Matrix<'_>, x: &[f32], by_rows: bool) -> Vec<f32> {
    let positions = x.len() / matrix.columns;
    let mut out = vec![f32::NAN; positions * matrix.rows];
    let floats = coding_for(matrix.tensor_type).is_none();
    let coded =
        (!floats).then(|| Positions::new(fast, x, matrix.columns, coding(matrix.tensor_type)));
    let columns = Columns::new(&mut out, matrix.rows);
    if by_rows {
        let streamed = coded
            .as_ref()
            .map(|it| Streamed::new(it, matrix.tensor_type));
        for out in columns.pieces(7) {
            let other = match (&coded, &streamed) {
                (Some(coded), Some(streamed)) => RowOther::Codes(coded, streamed),
                _ => RowOther::Floats(x),
            };
            let matrix = matrix.slice(out.start, out.width);
            RowProduct { matrix, other, out }.run(fast);
        }
    } else {
        let by_group = coded
            .as_ref()
            .map(|it| it.by_group(zero_of(matrix.tensor_type)));
        let parts = Parts::new(fast, x, matrix.columns, matrix.tensor_type);
        let mut panel = Panel::default();
        for out in columns.pieces(PANEL_ROWS) {
            let other = match (&coded, &by_group) {
                (Some(coded), Some(by_group)) => Other::Codes(coded, by_group),
                _ => Other::Floats(x, parts.as_ref()),
            };
            let matrix = matrix.slice(out.start, out.width);
            PanelProduct {
                matrix,
                other,
                panel: &mut panel,
                out,
            }
            .run(fast);
        }
    }
    out
}

/// Products of decoded weights and decoded activations in f64, and the sum of the magnitudes of all that a
/// kernel adds, by which the error of any order of floats is bounded: a code times its step and a minimum
/// are each at most twice the largest weight of the row.
fn defined(fast: Fast, matrix: &Matrix<'_>, x: &[f32]) -> Vec<(f64, f64)> {
    let columns = matrix.columns;
    let decoded: Vec<f64> = match coding_for(matrix.tensor_type) {
        None => x.iter().map(|&x| f64::from(x)).collect(),
        Some(coding) => {
            let coded = Positions::new(fast, x, columns, coding);
            let positions = x.len() / columns;
            let of = |position: usize, column: usize| {
                let step = coded.of_groups(&coded.steps, position)[column / coded.group];
                f64::from(coded.row(position)[column].cast_signed()) * f64::from(step)
            };
            (0..positions * columns)
                .map(|i| of(i / columns, i % columns))
                .collect()
        }
    };
    let mut row = vec![0.0; columns];
    let mut out = vec![(0.0, 0.0); x.len() / columns * matrix.rows];
    for r in 0..matrix.rows {
        matrix.decode_row(r, &mut row);
        for (position, x) in decoded.chunks_exact(columns).enumerate() {
            let product: f64 = row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum();
            let largest = row.iter().fold(0f32, |largest, w| largest.max(w.abs()));
            let magnitudes: f64 = x.iter().map(|x| x.abs()).sum();
            out[position * matrix.rows + r] = (product, 4.0 * f64::from(largest) * magnitudes);
        }
    }
    out
}

/// Each set gives what the definition gives, but for float order: within a few units of the last place of
/// the sum of magnitudes. Weights with a minimum have sums of activations rounded to F16, as the reference
/// has them, which the definition knows nothing of: 2^-11 of what they are.
fn check(tensor_type: TensorType, rows: usize, positions: usize, by_rows: bool) {
    let mut numbers = Numbers::new(u64::from(tensor_type.id()) * 1000 + rows as u64);
    for columns in widths(tensor_type) {
        let weights = Weights::random(&mut numbers, tensor_type, columns, rows);
        let x = activations(&mut numbers, tensor_type, positions * columns);
        for fast in Fast::available() {
            let expected = defined(fast, &weights.matrix(), &x);
            let found = product(fast, &weights.matrix(), &x, by_rows);
            let rounded = matches!(tensor_type, TensorType::Q4_1 | TensorType::Q5_1);
            let bound = if rounded { 2f64.powi(-11) } else { 2e-7 };
            for (i, (found, (expected, magnitude))) in found.into_iter().zip(expected).enumerate() {
                let error = (f64::from(found) - expected).abs();
                assert!(
                    error <= bound * magnitude,
                    "{tensor_type}, {}, {columns} columns, number {i}: {found}, not {expected} \
                     (of {magnitude})",
                    fast.name()
                );
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn panels_of_every_type_are_what_the_definition_says() {
    for &tensor_type in SUPPORTED {
        for (rows, positions) in [(1, 5), (16, 13), (33, 6), (32, 24), (70, 17)] {
            check(tensor_type, rows, positions, false);
        }
    }
}

#[test]
fn rows_of_every_type_are_what_the_definition_says() {
    for &tensor_type in SUPPORTED {
        for &(rows, positions) in few(&[(1, 1), (2, 1), (9, 1), (16, ROW_POSITIONS), (33, 2)]) {
            check(tensor_type, rows, positions, true);
        }
    }
}

/// With a step of one on both sides a product is a whole number, and every set has the same.
#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn the_integer_part_of_every_kernel_is_exact() {
    let mut numbers = Numbers::new(5);
    for tensor_type in coded_types() {
        for columns in widths(tensor_type) {
            let weights = Weights::random(&mut numbers, tensor_type, columns, 33);
            // One value of the largest magnitude in each block makes its step one.
            let x: Vec<f32> = (0..13 * columns)
                .map(|i| {
                    if i % 16 == 3 {
                        -127.0
                    } else {
                        (numbers.next() % 255) as f32 - 127.0
                    }
                })
                .collect();
            let sets = Fast::available();
            for by_rows in [false, true] {
                let x = if by_rows { &x[..columns] } else { &x[..] };
                let of = |fast: Fast| {
                    let coded = Positions::new(fast, x, columns, coding(tensor_type));
                    (coded.codes, coded.code_sums, coded.steps)
                };
                let scalar = sets.last().expect("the scalar set");
                let expected = product(*scalar, &weights.matrix(), x, by_rows);
                for fast in &sets {
                    let positions = x.len() / columns;
                    let (codes, code_sums, steps) = of(*fast);
                    let (scalar_codes, scalar_sums, scalar_steps) = of(*scalar);
                    // A set pads to its own tiles.
                    let (codes, scalar_codes) = (codes.bytes(), scalar_codes.bytes());
                    let lines = codes.len().min(scalar_codes.len());
                    assert_eq!(codes[..lines], scalar_codes[..lines], "{tensor_type}");
                    let groups = code_sums.len().min(scalar_sums.len());
                    assert_eq!(code_sums[..groups], scalar_sums[..groups], "{tensor_type}");
                    assert_eq!(steps[..groups], scalar_steps[..groups], "{tensor_type}");
                    let found = product(*fast, &weights.matrix(), x, by_rows);
                    let worst = found.iter().zip(&expected).map(|(found, expected)| {
                        f64::from((found - expected).abs()) / f64::from(expected.abs().max(1.0))
                    });
                    let worst = worst.fold(0.0, f64::max);
                    assert!(
                        worst < 1e-4,
                        "{tensor_type}, {}: {worst}, {positions}",
                        fast.name()
                    );
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn what_is_not_a_number_stays_so() {
    let mut numbers = Numbers::new(11);
    for &tensor_type in SUPPORTED {
        let columns = widths(tensor_type)[1];
        let weights = Weights::random(&mut numbers, tensor_type, columns, 17);
        for odd in [f32::NAN, f32::INFINITY] {
            for fast in Fast::available() {
                for (by_rows, positions) in [(false, 6), (true, 2)] {
                    let mut x = activations(&mut numbers, tensor_type, positions * columns);
                    x[columns + columns / 2] = odd;
                    let found = product(fast, &weights.matrix(), &x, by_rows);
                    let is_whole = |row: &[f32]| row.iter().all(|x| x.is_finite());
                    let rows: Vec<_> = found.chunks_exact(17).map(is_whole).collect();
                    assert!(rows[0], "{tensor_type}, {}: it spread", fast.name());
                    assert!(!rows[1], "{tensor_type}, {}: it was lost", fast.name());
                }
            }
        }
    }
}

#[test]
fn an_unknown_set_is_refused_with_the_names_of_those_there_are() {
    let complaint = Fast::named("fast-abacus").err().expect("there is none");
    assert!(
        complaint.contains("fast-portable, fast-scalar"),
        "{complaint}"
    );
}
