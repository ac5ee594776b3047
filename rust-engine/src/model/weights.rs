//! The tensors of a model, found by name and checked against its sizes.
//!
//! A tensor that the architecture does not use is refused: to leave weights out is to compute
//! something else.

use super::families::Matrix::{AttentionOutput, Down, Gate, Key, Query, Up, Value};
use super::families::{self, Fusion, Norm, Output, RopeDivisors};
use super::hyperparameters::Hyperparameters;
use super::tensors::{Finder, Weight};
use super::{ModelError, ModelFile};

/// A matrix and what becomes of its product.
pub struct Linear {
    /// The matrix.
    pub weight: Weight,
    /// Multiplies the product; few files have one.
    pub scale: Option<f32>,
    /// One number for each row, added to it; few files have one.
    pub bias: Option<Vec<f32>>,
}

/// A norm before a part of a layer, and those inside it and after it that only some families have.
pub struct Norms {
    /// Before the part.
    pub before: Vec<f32>,
    /// Before the part's last matrix.
    pub inner: Option<Vec<f32>>,
    /// Before the result is added.
    pub after: Option<Vec<f32>>,
}

/// The tensors of one layer.
pub struct Layer {
    /// Norms of attention.
    pub attention_norms: Norms,
    /// Queries.
    pub query: Linear,
    /// Norm of each query head.
    pub query_norm: Option<Vec<f32>>,
    /// Keys.
    pub key: Linear,
    /// Norm of each key head.
    pub key_norm: Option<Vec<f32>>,
    /// Values.
    pub value: Linear,
    /// From merged heads back to the width.
    pub attention_output: Linear,
    /// Norms of the feed-forward part.
    pub ffn_norms: Norms,
    /// Its gate.
    pub gate: Linear,
    /// What the gate is multiplied with.
    pub up: Linear,
    /// Back to the width.
    pub down: Linear,
}

/// Divisors of the rotation angles.
pub enum Divisors {
    /// In every context.
    Always(Vec<f32>),
    /// By the length of the context that is asked for.
    ByContext {
        /// Up to the one of the training.
        short: Option<Vec<f32>>,
        /// Beyond it.
        long: Option<Vec<f32>>,
    },
}

/// All tensors.
pub struct Weights {
    /// One row for each token.
    pub embedding: Weight,
    /// The layers in order.
    pub layers: Vec<Layer>,
    /// Norm before the output.
    pub output_norm: Vec<f32>,
    /// The matrix that gives logits.
    pub output: Linear,
    /// Divisors of the rotation angles.
    pub rope_divisors: Divisors,
}

impl Weights {
    /// Finds all tensors of the model's family.
    pub fn find(file: &ModelFile, sizes: &Hyperparameters) -> Result<Self, ModelError> {
        let mut parts = Parts {
            tensors: Finder::new(file),
            sizes,
        };
        let embedding =
            parts
                .tensors
                .weight("token_embd.weight", sizes.width, sizes.vocabulary_size)?;
        let output_norm = parts.tensors.vector("output_norm.weight", sizes.width)?;
        let output = parts.output(&embedding)?;
        let rope_divisors = parts.rope_divisors()?;
        let layers = (0..sizes.n_layers)
            .map(|layer| parts.layer(layer))
            .collect::<Result<_, _>>()?;
        parts.tensors.check_nothing_left()?;
        Ok(Self {
            embedding,
            layers,
            output_norm,
            output,
            rope_divisors,
        })
    }
}

impl Linear {
    /// A matrix alone.
    fn plain(weight: Weight) -> Self {
        Self {
            weight,
            scale: None,
            bias: None,
        }
    }
}

/// The tensors of a family, out of those of a file.
struct Parts<'a> {
    tensors: Finder<'a>,
    sizes: &'a Hyperparameters,
}

impl Parts<'_> {
    /// The norm of that name, if the family has it; then every layer must.
    fn norm_of(
        &mut self,
        norm: Norm,
        name: &str,
        length: usize,
    ) -> Result<Option<Vec<f32>>, ModelError> {
        let has = self.sizes.family.has(norm);
        has.then(|| self.tensors.vector(name, length)).transpose()
    }

    /// The matrix of that name with the scale and the bias that the family may have beside it.
    fn linear(
        &mut self,
        matrix: families::Matrix,
        stem: &str,
        columns: usize,
        rows: usize,
    ) -> Result<Linear, ModelError> {
        let weight = self
            .tensors
            .weight(&format!("{stem}.weight"), columns, rows)?;
        self.with_scale_and_bias(matrix, stem, weight)
    }

    fn with_scale_and_bias(
        &mut self,
        matrix: families::Matrix,
        stem: &str,
        weight: Weight,
    ) -> Result<Linear, ModelError> {
        let family = self.sizes.family;
        let rows = weight.rows;
        let mut one_of = |list: &[families::Matrix], kind, length| {
            let may_have = list.contains(&matrix);
            let found = may_have.then(|| {
                self.tensors
                    .optional_vector(&format!("{stem}.{kind}"), length)
            });
            Ok::<_, ModelError>(found.transpose()?.flatten())
        };
        let scale = one_of(family.scales, "scale", 1)?.map(|scale| scale[0]);
        let bias = one_of(family.biases, "bias", rows)?;
        if scale.is_some() && bias.is_some() {
            // Beside a matrix of its own neither order is computed: the reference multiplies first
            // in attention and adds first in the feed-forward part, and no file is known to have
            // both. Of `attn_qkv` see `fused`.
            return Err(ModelError::unsupported(format!(
                "{stem:?} has a scale and a bias: not computed beside one matrix of its own"
            )));
        }
        Ok(Linear {
            weight,
            scale,
            bias,
        })
    }

    fn output(&mut self, embedding: &Weight) -> Result<Linear, ModelError> {
        let (family, name) = (self.sizes.family, "output.weight");
        let own = match family.output {
            Output::Embedding => None,
            Output::OwnOrEmbedding | Output::EmbeddingAlways => self
                .tensors
                .has(name)
                .then(|| {
                    self.tensors
                        .weight(name, self.sizes.width, self.sizes.vocabulary_size)
                })
                .transpose()?,
        };
        let weight = match family.output {
            Output::OwnOrEmbedding => own.unwrap_or_else(|| embedding.clone()),
            Output::Embedding | Output::EmbeddingAlways => embedding.clone(),
        };
        self.with_scale_and_bias(families::Matrix::Output, "output", weight)
    }

    fn rope_divisors(&mut self) -> Result<Divisors, ModelError> {
        let n_pairs = self.sizes.rope.rotated / 2;
        let none = Divisors::ByContext {
            short: None,
            long: None,
        };
        Ok(match self.sizes.family.rope_divisors {
            RopeDivisors::None => none,
            RopeDivisors::Optional => self
                .tensors
                .optional_vector("rope_freqs.weight", n_pairs)?
                .map_or(none, Divisors::Always),
            RopeDivisors::LongAndShort => Divisors::ByContext {
                short: self
                    .tensors
                    .optional_vector("rope_factors_short.weight", n_pairs)?,
                long: self
                    .tensors
                    .optional_vector("rope_factors_long.weight", n_pairs)?,
            },
        })
    }

    fn layer(&mut self, layer: usize) -> Result<Layer, ModelError> {
        let sizes = self.sizes;
        let name = |part: &str| format!("blk.{layer}.{part}");
        let (width, ffn_width, head_width) = (sizes.width, sizes.ffn_width, sizes.head_width);
        let query_width = sizes.n_heads * head_width;
        let [query, key, value] = self.query_key_value(name)?;
        let [gate, up] = self.gate_and_up(name)?;
        Ok(Layer {
            attention_norms: Norms {
                before: self.tensors.vector(&name("attn_norm.weight"), width)?,
                inner: self.norm_of(
                    Norm::AttentionSub,
                    &name("attn_sub_norm.weight"),
                    query_width,
                )?,
                after: self.norm_of(
                    Norm::AttentionPost,
                    &name("post_attention_norm.weight"),
                    width,
                )?,
            },
            query,
            query_norm: self.norm_of(Norm::Query, &name("attn_q_norm.weight"), head_width)?,
            key,
            key_norm: self.norm_of(Norm::Key, &name("attn_k_norm.weight"), head_width)?,
            value,
            attention_output: self.linear(
                AttentionOutput,
                &name("attn_output"),
                query_width,
                width,
            )?,
            ffn_norms: Norms {
                before: self.tensors.vector(&name("ffn_norm.weight"), width)?,
                inner: self.norm_of(Norm::FfnSub, &name("ffn_sub_norm.weight"), ffn_width)?,
                after: self.norm_of(Norm::FfnPost, &name("post_ffw_norm.weight"), width)?,
            },
            gate,
            up,
            down: self.linear(Down, &name("ffn_down"), ffn_width, width)?,
        })
    }

    /// The three matrices before attention, however the file has them.
    fn query_key_value(
        &mut self,
        name: impl Fn(&str) -> String,
    ) -> Result<[Linear; 3], ModelError> {
        let sizes = self.sizes;
        let (stems, rows) = (
            ["attn_q", "attn_k", "attn_v"].map(&name),
            sizes.qkv_widths(),
        );
        if sizes.family.fusion != Fusion::None && self.tensors.has(&name("attn_qkv.weight")) {
            return self.fused(&name("attn_qkv"), stems, sizes.width, rows);
        }
        let mut apart = |i: usize, matrix| self.linear(matrix, &stems[i], sizes.width, rows[i]);
        Ok([apart(0, Query)?, apart(1, Key)?, apart(2, Value)?])
    }

    /// The two matrices that begin the feed-forward part.
    fn gate_and_up(&mut self, name: impl Fn(&str) -> String) -> Result<[Linear; 2], ModelError> {
        let (width, rows) = (self.sizes.width, self.sizes.ffn_width);
        if self.sizes.family.fusion == Fusion::AttentionAndGate {
            let both = self
                .tensors
                .weight(&name("ffn_up.weight"), width, 2 * rows)?;
            return Ok(both.split([rows, rows]).map(Linear::plain));
        }
        Ok([
            self.linear(Gate, &name("ffn_gate"), width, rows)?,
            self.linear(Up, &name("ffn_up"), width, rows)?,
        ])
    }

    /// Three matrices out of one, whose biases are together too, or each under its own name. The
    /// one scale multiplies before they are added.
    fn fused(
        &mut self,
        stem: &str,
        own_stems: [String; 3],
        columns: usize,
        rows: [usize; 3],
    ) -> Result<[Linear; 3], ModelError> {
        let total = rows.iter().sum();
        let weight = self
            .tensors
            .weight(&format!("{stem}.weight"), columns, total)?;
        let scale = self.tensors.optional_vector(&format!("{stem}.scale"), 1)?;
        let bias = self
            .tensors
            .optional_vector(&format!("{stem}.bias"), total)?;
        let mut parts = weight.split(rows).map(Linear::plain);
        let mut start = 0;
        let has_own = |own: &String| self.tensors.has(&format!("{own}.bias"));
        let n_own = own_stems.iter().filter(|own| has_own(own)).count();
        if bias.is_none() && n_own % 3 != 0 {
            // The reference loads them and adds none.
            return Err(ModelError::unsupported(format!(
                "{stem:?}: {n_own} of queries, keys and values have a bias: all three or none is known"
            )));
        }
        for ((part, rows), own) in parts.iter_mut().zip(rows).zip(own_stems) {
            part.scale = scale.as_ref().map(|scale| scale[0]);
            part.bias = match &bias {
                Some(bias) => Some(bias[start..start + rows].to_vec()),
                None => self.tensors.optional_vector(&format!("{own}.bias"), rows)?,
            };
            start += rows;
        }
        Ok(parts)
    }
}
