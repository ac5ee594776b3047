//! Every set against the kernels of arithmetic `exact`, which have the reference's bits.

use schemas::describe::Arithmetic;

use super::{Weights, coded_types, product, values};
use crate::fixture::numbers::Numbers;
use crate::formats::Matrix;
use crate::forward::activations::{Activations, Form};
use crate::forward::matmul;
use crate::kernels::exact;
use crate::kernels::fast::Fast;

/// Columns of SmolLM2's widest matrices but one: whole blocks of every type.
const COLUMNS: usize = 1536;

fn exactly(matrix: &Matrix<'_>, x: &[f32]) -> Vec<f32> {
    let form = Form::of(matrix.tensor_type, Arithmetic::Exact);
    let activations = Activations::new(x, COLUMNS, form);
    let mut out = vec![f32::NAN; x.len() / COLUMNS * matrix.rows];
    matmul::multiply(&exact::Kernels::detect(), matrix, &activations, &mut out);
    out
}

/// The root of the mean square of the differences, as a share of that of what is expected.
fn distance(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let pairs = || found.iter().zip(expected);
    let differences = pairs().map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    let magnitudes = pairs().map(|(_, b)| f64::from(*b).powi(2));
    (differences.sum::<f64>() / magnitudes.sum::<f64>()).sqrt()
}

/// Codes and steps are the same, integers are exact, and what is left is the order of floats.
#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn a_product_is_exacts_but_for_the_order_of_floats() {
    for tensor_type in coded_types() {
        let mut numbers = Numbers::new(u64::from(tensor_type.id()));
        let weights = Weights::random(&mut numbers, tensor_type, COLUMNS, 64);
        let x = values(&mut numbers, 24 * COLUMNS);
        let matrix = weights.matrix();
        for (by_rows, x) in [(false, &x[..]), (true, &x[..COLUMNS])] {
            let expected = exactly(&matrix, x);
            for fast in Fast::available() {
                let distance = distance(&product(fast, &matrix, x, by_rows), &expected);
                let name = fast.name();
                println!("{tensor_type}, {name}, by rows {by_rows}: {distance:.1e}");
                assert!(distance <= 1e-6, "{tensor_type}, {name}: {distance:e}");
            }
        }
        // What is not the same product is seen.
        let mut other = x[..COLUMNS].to_vec();
        other[0] += 0.1;
        let other = product(Fast::detect(), &matrix, &other, true);
        assert!(distance(&other, &exactly(&matrix, &x[..COLUMNS])) > 1e-6);
    }
}
