//! Rotary position encoding, as `ggml_compute_forward_rope_flt`.

use crate::model::hyperparameters::{Rope, RopePairs};

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
        head_width: usize,
        divisors: Option<&[f32]>,
        first: usize,
        n_positions: usize,
    ) -> Self {
        let n_pairs = head_width / 2;
        let step = rope.base.powf(-2.0 / head_width as f32);
        let mut turns = Vec::with_capacity(n_positions * n_pairs);
        for position in first..first + n_positions {
            let mut angle = position as f32;
            for pair in 0..n_pairs {
                let divisor = divisors.map_or(1.0, |divisors| divisors[pair]);
                let turned = rope.scale * (angle / divisor);
                turns.push((
                    turned.cos() * rope.attention_factor,
                    turned.sin() * rope.attention_factor,
                ));
                angle *= step;
            }
        }
        Self {
            pairs: rope.pairs,
            n_pairs,
            turns,
        }
    }

    /// Rotates all heads of `rows`, `[position][head][head_width]`.
    pub(super) fn apply(&self, rows: &mut [f32], heads: usize) {
        let row_width = heads * self.n_pairs * 2;
        let turns = self.turns.chunks_exact(self.n_pairs);
        for (row, turns) in rows.chunks_exact_mut(row_width).zip(turns) {
            for head in row.chunks_exact_mut(2 * self.n_pairs) {
                match self.pairs {
                    RopePairs::Neighbours => rotate_neighbours(head, turns),
                }
            }
        }
    }
}

fn rotate_neighbours(head: &mut [f32], turns: &[(f32, f32)]) {
    let (pairs, _) = head.as_chunks_mut::<2>();
    for ([x, y], (cos, sin)) in pairs.iter_mut().zip(turns) {
        (*x, *y) = (*x * cos - *y * sin, *x * sin + *y * cos);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROPE: Rope = Rope {
        pairs: RopePairs::Neighbours,
        base: 100.0,
        scale: 1.0,
        attention_factor: 1.0,
    };

    #[test]
    fn position_zero_stands_still() {
        let mut head = [1.0, 2.0, 3.0, 4.0];
        Rotations::new(ROPE, 4, None, 0, 1).apply(&mut head, 1);
        assert_eq!(head, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn neighbours_turn_together_and_later_pairs_more_slowly() {
        let mut head = [1.0, 0.0, 1.0, 0.0];
        Rotations::new(ROPE, 4, None, 2, 1).apply(&mut head, 1);
        let expected = [2f32.cos(), 2f32.sin(), 0.2f32.cos(), 0.2f32.sin()];
        for (found, expected) in head.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn scale_and_divisors_shorten_the_angle() {
        let half = Rope { scale: 0.5, ..ROPE };
        let by_scale = Rotations::new(half, 2, None, 4, 1).turns;
        let by_divisor = Rotations::new(ROPE, 2, Some(&[2.0]), 4, 1).turns;
        assert_eq!(by_scale, by_divisor);
        assert_eq!(by_scale, Rotations::new(ROPE, 2, None, 2, 1).turns);
    }
}
