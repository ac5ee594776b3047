//! Distances of the distributions that softmax makes of two rows.
//!
//! From log-softmax, without a clamp or an added epsilon: a probability that underflows to 0
//! contributes 0, and its logarithm stays finite.

use std::cell::Cell;

use wide::f64x4;

use super::exp::exp;

/// Behind the end of a row: so far below all f32 that its probability is 0.
const NOWHERE: f64 = -1e300;

thread_local! {
    /// The powers of a row: [vector][reference and candidate]. Kept from row to row, since so large a
    /// piece that is taken and given back for each leaves holes in the heap that nothing else fills.
    static POWERS: Cell<Vec<[f64x4; 2]>> = const { Cell::new(Vec::new()) };
}

/// Distances between two distributions.
#[derive(Debug, PartialEq)]
pub(super) struct Spread {
    /// KL(reference ‖ candidate).
    pub(super) kl: f64,
    /// KL(candidate ‖ reference).
    pub(super) kl_reverse: f64,
    pub(super) total_variation: f64,
}

impl Spread {
    /// Of equal rows: what [`measure`] finds of them.
    pub(super) const NONE: Self = Self {
        kl: 0.0,
        kl_reverse: 0.0,
        total_variation: 0.0,
    };
}

/// Measures rows whose largest logits are known.
///
/// ```text
/// a = reference − its largest       A = Σ eᵃ       p = eᵃ / A       log p = a − log A
/// b = candidate − its largest       B = Σ eᵇ       q = eᵇ / B       log q = b − log B
///
/// KL(p ‖ q) = Σ p (log p − log q) = Σ eᵃ (a − b) / A − log (A / B)
/// TV(p, q)  = Σ |p − q| / 2       = Σ |eᵃ − eᵇ A / B| / 2A
/// ```
///
/// One power for each number; those are kept, since A / B is known at the end only. First each
/// row's largest is taken off, then the difference: a constant shift must leave nothing behind. The
/// logarithm is one of A / B: two of equal sums, each rounded, would be 10⁻¹⁵ apart.
pub(super) fn measure(candidate: (&[f32], f32), reference: (&[f32], f32)) -> Spread {
    let (candidate, candidate_largest) = (candidate.0, f64::from(candidate.1));
    let (reference, reference_largest) = (reference.0, f64::from(reference.1));
    let (candidate, candidate_rest) = candidate.as_chunks();
    let (reference, reference_rest) = reference.as_chunks();
    let mut powers = POWERS.take();
    powers.clear();
    let mut sums = Sums::default();
    powers.extend(
        candidate
            .iter()
            .zip(reference)
            .map(|(candidate, reference)| {
                let (candidate, reference) = (widen(candidate), widen(reference));
                sums.add(reference - reference_largest, candidate - candidate_largest)
            }),
    );
    let [candidate, reference] = [candidate_rest, reference_rest].map(filled);
    let rest = sums.add(reference - reference_largest, candidate - candidate_largest);

    let (sum_a, sum_b) = (total(sums.a), total(sums.b));
    let ratio = sum_a / sum_b;
    let apart = |[a, b]: &[f64x4; 2]| (*a - *b * ratio).abs();
    let differences = powers
        .iter()
        .fold(apart(&rest), |sum, powers| sum + apart(powers));
    POWERS.set(powers);
    Spread {
        kl: total(sums.kl) / sum_a - ratio.ln(),
        kl_reverse: ratio.ln() - total(sums.kl_reverse) / sum_b,
        total_variation: total(differences) / (2.0 * sum_a),
    }
}

/// Over vectors of both rows, in four lanes each.
#[derive(Default)]
struct Sums {
    /// eᵃ
    a: f64x4,
    /// eᵇ
    b: f64x4,
    /// eᵃ (a − b)
    kl: f64x4,
    /// eᵇ (a − b)
    kl_reverse: f64x4,
}

impl Sums {
    /// Gives back the powers.
    #[inline]
    fn add(&mut self, a: f64x4, b: f64x4) -> [f64x4; 2] {
        let difference = a - b;
        let powers = [exp(a), exp(b)];
        self.a += powers[0];
        self.b += powers[1];
        self.kl += powers[0] * difference;
        self.kl_reverse += powers[1] * difference;
        powers
    }
}

#[inline]
fn widen(four: &[f32; 4]) -> f64x4 {
    f64x4::new(four.map(f64::from))
}

/// The rest of a row, of less than a vector, and behind it nothing.
fn filled(rest: &[f32]) -> f64x4 {
    let number = |lane| rest.get(lane).map_or(NOWHERE, |&x: &f32| f64::from(x));
    f64x4::new(std::array::from_fn(number))
}

fn total(sums: f64x4) -> f64 {
    // Not `reduce_add`, whose order depends on the instructions.
    let [a, b, c, d] = sums.to_array();
    (a + b) + (c + d)
}
