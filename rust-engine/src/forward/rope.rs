//! Rotary position encoding, as `ggml_compute_forward_rope_flt`.

use rayon::prelude::*;

use crate::model::families::RopePairs;
use crate::model::rope::Rope;

/// Positions that a thread takes at a time, at least.
const ROWS: usize = 16;

/// Cosines and sines of several positions, `[position][pair]`.
pub(super) struct Rotations {
    pairs: RopePairs,
    n_pairs: usize,
    turns: Vec<(f32, f32)>,
}

impl Rotations {
    /// The rotations of the positions from `first` on.
    ///
    /// The angle of pair `i` is the position times `base^(-2i/n)`, found by multiplying again
    /// and again in f32: a power would round differently. `divisors` shorten it, one for each
    /// pair. `powf`, `cosf` and `sinf` are libm's on both sides.
    pub(super) fn new(
        rope: Rope,
        divisors: Option<&[f32]>,
        first: usize,
        n_positions: usize,
    ) -> Self {
        let n_pairs = rope.rotated / 2;
        let step = rope.base.powf(-2.0 / rope.rotated as f32);
        let mut turns = Vec::with_capacity(n_positions * n_pairs);
        for position in first..first + n_positions {
            let mut angle = position as f32;
            for pair in 0..n_pairs {
                let divisor = divisors.map_or(1.0, |divisors| divisors[pair]);
                turns.push(turn(rope, angle / divisor, pair));
                angle *= step;
            }
        }
        Self {
            pairs: rope.pairs,
            n_pairs,
            turns,
        }
    }

    /// Rotates the heads of `rows`, `[position][head][head_width]`; what lies beyond the rotated
    /// elements of a head stays.
    pub(super) fn apply(&self, rows: &mut [f32], heads: usize, head_width: usize) {
        rows.par_chunks_exact_mut(heads * head_width)
            .zip(self.turns.par_chunks_exact(self.n_pairs))
            .with_min_len(ROWS)
            .for_each(|(row, turns)| {
                for head in row.chunks_exact_mut(head_width) {
                    let rotated = &mut head[..2 * self.n_pairs];
                    match self.pairs {
                        RopePairs::Neighbours => rotate_neighbours(rotated, turns),
                        RopePairs::Halves => rotate_halves(rotated, turns),
                    }
                }
            });
    }
}

/// Cosine and sine of one pair, as `rope_yarn`. `angle` is the one of the training.
fn turn(rope: Rope, angle: f32, pair: usize) -> (f32, f32) {
    let shortened = rope.scale * angle;
    let (turned, factor) = match rope.yarn {
        None => (shortened, rope.attention_factor),
        Some(ramp) => {
            let along = (pair as f32 - ramp.low) / (ramp.high - ramp.low).max(0.001);
            let whole = 1.0 - along.clamp(0.0, 1.0);
            let lengthened = 1.0 + 0.1 * (1.0 / rope.scale).ln();
            (
                shortened * (1.0 - whole) + angle * whole,
                rope.attention_factor * lengthened,
            )
        }
    };
    (turned.cos() * factor, turned.sin() * factor)
}

fn rotate_neighbours(head: &mut [f32], turns: &[(f32, f32)]) {
    let (pairs, _) = head.as_chunks_mut::<2>();
    for ([x, y], turn) in pairs.iter_mut().zip(turns) {
        rotate(x, y, *turn);
    }
}

fn rotate_halves(head: &mut [f32], turns: &[(f32, f32)]) {
    let (first, second) = head.split_at_mut(turns.len());
    for ((x, y), turn) in first.iter_mut().zip(second).zip(turns) {
        rotate(x, y, *turn);
    }
}

fn rotate(x: &mut f32, y: &mut f32, (cos, sin): (f32, f32)) {
    (*x, *y) = (*x * cos - *y * sin, *x * sin + *y * cos);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROPE: Rope = Rope {
        pairs: RopePairs::Neighbours,
        rotated: 4,
        yarn: None,
        base: 100.0,
        scale: 1.0,
        attention_factor: 1.0,
    };

    #[test]
    fn position_zero_stands_still() {
        let mut head = [1.0, 2.0, 3.0, 4.0];
        Rotations::new(ROPE, None, 0, 1).apply(&mut head, 1, 4);
        assert_eq!(head, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn neighbours_turn_together_and_later_pairs_more_slowly() {
        let mut head = [1.0, 0.0, 1.0, 0.0];
        Rotations::new(ROPE, None, 2, 1).apply(&mut head, 1, 4);
        let expected = [2f32.cos(), 2f32.sin(), 0.2f32.cos(), 0.2f32.sin()];
        for (found, expected) in head.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn scale_and_divisors_shorten_the_angle() {
        let one_pair = Rope { rotated: 2, ..ROPE };
        let half = Rope {
            scale: 0.5,
            ..one_pair
        };
        let by_scale = Rotations::new(half, None, 4, 1).turns;
        let by_divisor = Rotations::new(one_pair, Some(&[2.0]), 4, 1).turns;
        assert_eq!(by_scale, by_divisor);
        assert_eq!(by_scale, Rotations::new(one_pair, None, 2, 1).turns);
    }

    #[test]
    fn halves_turn_together_and_the_rest_of_a_head_stays() {
        let halves = Rope {
            pairs: RopePairs::Halves,
            ..ROPE
        };
        let mut head = [1.0, 1.0, 0.0, 0.0, 7.0, 8.0];
        Rotations::new(halves, None, 2, 1).apply(&mut head, 1, 6);
        let expected = [2f32.cos(), 0.2f32.cos(), 2f32.sin(), 0.2f32.sin(), 7.0, 8.0];
        for (found, expected) in head.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
