//! Rotary position encoding: which elements turn, how fast, and what the file makes of it for
//! contexts longer than the one of the training.
//!
//! `linear` scaling divides every angle by a factor. `yarn` does so for the slow pairs only and
//! leaves the fast ones as they are, with a ramp between them; it also lengthens the rotated heads
//! a little. `longrope` divides each pair's angle by a number of its own (a tensor of the file).

use super::ModelError;
use super::families::{Family, RopeDivisors, RopePairs};
use super::keys::Keys;

/// How heads are rotated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rope {
    /// Which elements turn together.
    pub pairs: RopePairs,
    /// Elements of a head that are rotated, from its first on.
    pub rotated: usize,
    /// The base whose powers are the wavelengths.
    pub base: f32,
    /// 1 over the factor by which angles are shortened.
    pub scale: f32,
    /// Multiplies sines and cosines.
    pub attention_factor: f32,
    /// The pairs between which `yarn` goes over from whole to shortened angles.
    pub yarn: Option<Ramp>,
}

/// Below `low` a pair turns as it did in training, above `high` it is slowed down by the scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    /// The last pair with whole angles.
    pub low: f32,
    /// The first pair with shortened ones.
    pub high: f32,
}

/// How often a pair turns over the training context if it is to keep its angle, or to lose it:
/// `beta_fast` and `beta_slow`, which no file of these architectures sets.
const TURNS: [f32; 2] = [32.0, 1.0];

impl Rope {
    /// As the file says.
    pub(super) fn read(
        keys: &Keys<'_>,
        family: &Family,
        head_width: usize,
        context: usize,
    ) -> Result<Self, ModelError> {
        let scaling = keys.text("rope.scaling.type")?.unwrap_or("linear");
        // The older key `rope.scale_linear` is read when the newer one is absent; 0 means 1.
        let factor = match keys.float("rope.scaling.factor")? {
            Some(factor) => Some(factor),
            None => keys.float("rope.scale_linear")?,
        };
        let shortened = factor
            .filter(|&factor| factor != 0.0)
            .map_or(1.0, |factor| 1.0 / factor);
        let mut rope = Self {
            pairs: family.rope_pairs,
            rotated: rotated(keys, family, head_width)?,
            // The format's own default, which files of the first models rely on.
            base: keys.float("rope.freq_base")?.unwrap_or(10_000.0),
            scale: shortened,
            attention_factor: keys.float("rope.scaling.attn_factor")?.unwrap_or(1.0),
            yarn: None,
        };
        match scaling {
            "none" => rope.scale = 1.0,
            "linear" => {}
            "longrope" if family.rope_divisors == RopeDivisors::LongAndShort => {}
            "yarn" => {
                let trained = keys.size("rope.scaling.original_context_length")?;
                rope.attention_factor *= yarn_attention_factor(rope.scale);
                rope.yarn = Some(rope.ramp(trained.unwrap_or(context)));
            }
            other => {
                return Err(ModelError::unsupported(format!(
                    "RoPE scaling {other:?} is not known for {} (known: none, linear, yarn{})",
                    family.architecture,
                    if family.rope_divisors == RopeDivisors::LongAndShort {
                        ", longrope"
                    } else {
                        ""
                    }
                )));
            }
        }
        Ok(rope)
    }

    /// The rotation of layers with a window: another base, no shortened angles.
    pub(super) fn in_window(&self, base: f32, trained: usize) -> Self {
        let mut rope = Self {
            base,
            scale: 1.0,
            ..*self
        };
        rope.yarn = self.yarn.map(|_| rope.ramp(trained));
        rope
    }

    /// As `ggml_rope_yarn_corr_dims`: the pair that turns so often over the training context.
    fn ramp(&self, trained: usize) -> Ramp {
        let n = self.rotated as f32;
        let [low, high] = TURNS.map(|turns| {
            let wavelengths = (trained as f32 / (turns * 2.0 * std::f32::consts::PI)).ln();
            n * wavelengths / (2.0 * self.base.ln())
        });
        Ramp {
            low: low.floor().max(0.0),
            high: high.ceil().min(n - 1.0),
        }
    }
}

/// What `llama_context` makes of `rope.scaling.factor` for yarn. The rotation multiplies by the
/// same logarithm again, so that the two cancel but for their rounding.
fn yarn_attention_factor(scale: f32) -> f32 {
    let factor = 1.0 / scale;
    let lengthening = if factor <= 1.0 {
        1.0
    } else {
        0.1 * factor.ln() + 1.0
    };
    lengthening * (1.0 / (1.0 + 0.1 * factor.ln()))
}

fn rotated(keys: &Keys<'_>, family: &Family, head_width: usize) -> Result<usize, ModelError> {
    let name = "rope.dimension_count";
    let rotated = keys.size(name)?.unwrap_or(head_width);
    if rotated > head_width || rotated < head_width && !family.partial_rotation {
        return Err(ModelError::unsupported(format!(
            "{:?} is {rotated}, a head has {head_width} numbers",
            keys.key(name)
        )));
    }
    if !rotated.is_multiple_of(2) {
        return Err(ModelError::unsupported(format!(
            "{rotated} numbers of a head cannot be rotated in pairs"
        )));
    }
    Ok(rotated)
}
