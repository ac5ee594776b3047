//! The numbers by which patterns are told apart, each with its basis.
//!
//! "The faults" are the 33 deliberate ones of rust-engine, compared with `llama-scalar` in `exact`
//! on SmolLM2-135M Q4_1 (23 positions) and in `exact` and `f32` on fixtures of LLaMA, Gemma 3 and
//! BitNet (44 positions). docs/symptoms.md has the table. They choose what a person is shown first
//! and decide no verdict, so they are not in a file of limits.

/// NMSE up to which rows differ by little. Faults that are a rounding or a constant a little off
/// have medians of at most 1.6e-3 in `exact`, all others at least 4e-3; with other tokens one, a
/// tensor's missing scale, was below as well.
pub(super) const SMALL_NMSE: f64 = 2.5e-3;

/// NMSE from which a row is larger than the reference's, and not only other: unrelated rows of one
/// size come to 2, the fault without the last norm to 1e2 on SmolLM2, no other fault above 2.6.
pub(super) const LARGE_NMSE: f64 = 10.0;

/// Mean share of the five most likely tokens up to which rows are unrelated: wrong embeddings and
/// heads give at most 0.17, a wrong activation function or scale at least 0.4.
pub(super) const UNRELATED_TOP5: f64 = 0.25;

/// The share below which the older documents call the five most likely tokens different.
pub(super) const LOW_TOP5: f64 = 0.95;

/// How far a factor is from 1 to be one. Rows that differ by rounding have up to 1.003 on fixtures.
pub(super) const FACTOR: f64 = 0.01;

/// The share of the difference that may be left when a factor explains it: 0.13 at most on
/// fixtures without the last norm, 0.6 and more there with other faults of a like cosine.
pub(super) const LEFT_BY_FACTOR: f64 = 0.2;

/// The same of a shift: what rounding leaves is far below, and faults of SmolLM2, whose logits have
/// a large mean in common, leave 0.05 and more.
pub(super) const LEFT_BY_SHIFT: f64 = 0.01;

/// Cosine from which "times a factor" says anything: below, the faults of attention on SmolLM2 have
/// a factor by chance, because its logits have a large mean in common.
pub(super) const COSINE_OF_A_FACTOR: f64 = 0.95;

/// How far the factors of rows may be apart to be one factor: those of a wrong constant agree to
/// rounding, those without the last norm are 10 % apart and more.
pub(super) const ONE_FACTOR: f64 = 0.01;

/// Positions from which a trend is looked for: Spearman's correlation of 12 independent numbers
/// exceeds 0.55 with a probability of 3 %.
pub(super) const TREND_ROWS: usize = 12;

/// Spearman's correlation of NMSE and position, and decades between the first and the last quarter,
/// from which distances grow: of the faults whose first position is equal only those of RoPE reach
/// both, in 14 of 16 comparisons on fixtures of LLaMA and Gemma 3.
pub(super) const GROWTH: (f64, f64) = (0.55, 0.3);

/// The same for distances that fall: only the two faults of the mask reach both,
/// and the last norm left out, which its factors tell before.
pub(super) const FALL: (f64, f64) = (-0.6, -0.45);

/// Share of the rows from the first bad one on that must be bad to call it a jump.
pub(super) const JUMP_BAD: f64 = 0.9;

/// Share of rows that must agree to say that ids follow a rule.
pub(super) const IDS_AGREE: f64 = 0.9;

/// Rows from which a rule of ids is more than chance.
pub(super) const IDS_ROWS: usize = 4;
