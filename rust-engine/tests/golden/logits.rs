//! The logits of both models are as near to bitnet.cpp's as its rounding lets them be.
//!
//! bitnet.cpp was built with SIMD: it sums floats in another order, and one last bit flips an
//! integer code now and then. So distributions are compared, not bits.

use rust_engine::forward::{Evaluator, Kernels, Options};
use rust_engine::model::Model;
use schemas::describe::{Arithmetic, KvType};
use serde_json::Value;

use crate::npy::rows;
use crate::{golden, model};

/// What is asked of a model: mean and largest KL.
const MEAN_KL: f64 = 1e-2;
const LARGEST_KL: f64 = 5e-2;

fn expected(name: &str) -> Vec<Vec<f64>> {
    let widen = |row: Vec<u32>| {
        row.into_iter()
            .map(|bits| f64::from(f32::from_bits(bits)))
            .collect()
    };
    let logits = rows(&golden(&format!("{name}.logits.npy")));
    logits.into_iter().map(widen).collect()
}

fn found(name: &str) -> Vec<Vec<f64>> {
    let facts = std::fs::read(golden(&format!("{name}.json"))).expect("readable");
    let facts: Value = serde_json::from_slice(&facts).expect("JSON");
    let tokens = facts["tokens"].as_array().expect("a list").iter();
    let tokens: Vec<u32> = tokens
        .map(|id| id.as_u64().expect("an id") as u32)
        .collect();
    of(&model(name), &tokens)
}

/// All logits of a model after these tokens.
pub(crate) fn of(model: &Model, tokens: &[u32]) -> Vec<Vec<f64>> {
    let options = Options {
        arithmetic: Arithmetic::Exact,
        kv: KvType::F16,
        context: model.hyperparameters.context,
    };
    let kernels = Kernels::choose(options.arithmetic, None).expect("a set");
    let mut evaluator = Evaluator::new(model, kernels, options);
    evaluator.reset(tokens.len()).expect("there is room");
    let all: Vec<usize> = (0..tokens.len()).collect();
    let width = model.hyperparameters.vocabulary_size;
    evaluator.append(tokens);
    let mut logits = vec![0.0; tokens.len() * width];
    evaluator.logits(&all, &mut logits);
    let rows = logits.chunks_exact(width);
    rows.map(|row| row.iter().map(|&x| f64::from(x)).collect())
        .collect()
}

fn log_softmax(row: &[f64]) -> Vec<f64> {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = row.iter().map(|x| (x - max).exp()).sum();
    row.iter().map(|x| x - max - sum.ln()).collect()
}

fn kl(expected: &[f64], found: &[f64]) -> f64 {
    let (p, q) = (log_softmax(expected), log_softmax(found));
    p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum()
}

/// The indices of the largest and of the second largest.
fn top_two(row: &[f64]) -> [usize; 2] {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|&a, &b| row[b].total_cmp(&row[a]).then(a.cmp(&b)));
    [order[0], order[1]]
}

/// Whether another token comes first although the reference's lead is larger than twice the
/// largest difference at the two tokens that lead there.
fn flips_without_reason(expected: &[f64], found: &[f64]) -> bool {
    let [first, second] = top_two(expected);
    let difference = |id: usize| (expected[id] - found[id]).abs();
    let lead = expected[first] - expected[second];
    top_two(found)[0] != first && lead > 2.0 * difference(first).max(difference(second))
}

/// Mean and largest KL, and how many positions have another first token.
fn compare(expected: &[Vec<f64>], found: &[Vec<f64>]) -> (f64, f64, usize) {
    assert_eq!(expected.len(), found.len());
    let pairs = || expected.iter().zip(found);
    let divergences: Vec<f64> = pairs()
        .map(|(expected, found)| kl(expected, found))
        .collect();
    let mean = divergences.iter().sum::<f64>() / divergences.len() as f64;
    let largest = divergences.iter().copied().fold(f64::NAN, f64::max);
    let flips = pairs().filter(|(expected, found)| top_two(expected)[0] != top_two(found)[0]);
    (mean, largest, flips.count())
}

#[track_caller]
fn assert_near(name: &str) {
    let (expected, found) = (expected(name), found(name));
    let (mean, largest, flips) = compare(&expected, &found);
    let positions = expected.len();
    println!("{name}: mean KL {mean:.2e}, largest {largest:.2e}, {flips} of {positions} flips");
    assert!(mean <= MEAN_KL, "mean KL {mean}");
    assert!(largest <= LARGEST_KL, "largest KL {largest}");
    for (position, (expected, found)) in expected.iter().zip(&found).enumerate() {
        assert!(
            !flips_without_reason(expected, found),
            "position {position}"
        );
    }
}

#[test]
fn bitnet_b1_58_is_near_bitnet_cpp() {
    assert_near("tiny-bitnet-b1.58-i2_s");
}

#[test]
fn bitnet_with_silu_is_near_bitnet_cpp() {
    assert_near("tiny-bitnet-i2_s");
}

/// The limits tell the two graphs apart: the other activation is no rounding.
#[test]
fn the_other_graph_is_not_near() {
    let (b1_58, bitnet) = (
        expected("tiny-bitnet-b1.58-i2_s"),
        expected("tiny-bitnet-i2_s"),
    );
    let (mean, largest, _) = compare(&b1_58, &bitnet);
    assert!(mean > MEAN_KL && largest > LARGEST_KL, "{mean} {largest}");
}
