//! What a model must have for a fault to change anything in it.

use gguf::TensorType;
use schemas::describe::Arithmetic;

use crate::forward::activations::Form;
use crate::model::Model;
use crate::model::families::{Activation, Family, Norm};
use crate::model::tensors::Weight;
use crate::model::vocabulary;
use crate::model::weights::Layer;
use crate::tokenizer::Role;

/// What a fault needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing that some model has not.
    Nothing,
    /// A token that begins texts.
    Bos,
    /// This function between gate and up.
    Activation(Activation),
    /// Norms before the last matrices of attention.
    SubNorm,
    /// Layers with a window.
    Window,
    /// More than one layer.
    Layers,
    /// More than one query head.
    Heads,
    /// Several key heads, each shared by several query heads.
    SharedKeyHeads,
    /// Heads whose rotated numbers can be halved to whole pairs.
    HalvedRotation,
    /// Logits from the embedding.
    TiedOutput,
    /// A matrix of blocks of codes.
    Codes,
    /// A matrix whose products use sums of activations.
    SumsOfActivations,
    /// A matrix that meets activations in blocks of 32.
    BlocksOfActivations,
    /// Keys and values kept as F16.
    F16Cache,
}

impl Needs {
    /// Whether models of the family can have it.
    pub(super) fn family(self, family: &Family) -> bool {
        match self {
            Self::Activation(activation) => family.activation == activation,
            Self::SubNorm => family.has(Norm::AttentionSub),
            Self::Window => family.window.is_some(),
            _ => true,
        }
    }

    /// Whether this model has it.
    pub(super) fn model(self, model: &Model) -> bool {
        let sizes = &model.hyperparameters;
        match self {
            Self::Nothing | Self::F16Cache => true,
            Self::Bos => has_bos(model),
            Self::Activation(_) | Self::SubNorm => self.family(sizes.family),
            Self::Window => {
                let window = sizes.window.as_ref();
                window.is_some_and(|window| window.layers.contains(&true))
            }
            Self::Layers => sizes.n_layers > 1,
            Self::Heads => sizes.n_heads > 1,
            Self::SharedKeyHeads => sizes.n_kv_heads > 1 && sizes.n_kv_heads < sizes.n_heads,
            Self::HalvedRotation => sizes.rope.rotated.is_multiple_of(4),
            Self::TiedOutput => model.weights.output.weight.place == model.weights.embedding.place,
            Self::Codes => has_matrix(model, has_codes),
            Self::SumsOfActivations => has_matrix(model, uses_sums),
            Self::BlocksOfActivations => has_matrix(model, meets_blocks),
        }
    }

    /// The arithmetics that have it.
    pub(super) fn arithmetics(self) -> &'static [Arithmetic] {
        match self {
            Self::SumsOfActivations | Self::BlocksOfActivations | Self::F16Cache => {
                &[Arithmetic::Exact, Arithmetic::Fast]
            }
            _ => &[Arithmetic::Exact, Arithmetic::F32, Arithmetic::Fast],
        }
    }

    /// For messages: "it needs ...".
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Bos => "a BOS token",
            Self::Activation(Activation::Silu) => "SiLU",
            Self::Activation(Activation::Gelu) => "GELU",
            Self::Activation(Activation::ReluSquared) => "ReLU²",
            Self::SubNorm => "norms before the output projection",
            Self::Window => "layers with a window",
            Self::Layers => "more than one layer",
            Self::Heads => "more than one query head",
            Self::SharedKeyHeads => "several key heads that serve several query heads each",
            Self::HalvedRotation => "a multiple of four rotated numbers in a head",
            Self::TiedOutput => "logits from the embedding",
            Self::Codes => "a quantised matrix",
            Self::SumsOfActivations => "quantised activations and a matrix that uses their sums",
            Self::BlocksOfActivations => "activations quantised in blocks of 32",
            Self::F16Cache => "an F16 cache",
        }
    }
}

/// Whether there is a BOS token to leave out or to double.
fn has_bos(model: &Model) -> bool {
    vocabulary::tokenizer(model.file.header.metadata())
        .is_some_and(|tokenizer| tokenizer.special_id(Role::Bos).is_some())
}

/// The matrices of a layer, those first whose results reach the first position's logits for sure:
/// a position that sees only itself takes no notice of its query and key.
pub(super) fn matrices(layer: &Layer) -> [&Weight; 7] {
    [
        &layer.down,
        &layer.attention_output,
        &layer.value,
        &layer.gate,
        &layer.up,
        &layer.query,
        &layer.key,
    ]
    .map(|linear| &linear.weight)
}

fn has_matrix(model: &Model, is: fn(TensorType) -> bool) -> bool {
    let mut all = model.weights.layers.iter().flat_map(matrices);
    all.any(|weight| is(weight.tensor_type))
}

/// Blocks of codes, rather than numbers.
pub(super) fn has_codes(tensor_type: TensorType) -> bool {
    tensor_type
        .block_elements()
        .is_some_and(|elements| elements > 1)
}

fn uses_sums(tensor_type: TensorType) -> bool {
    [
        TensorType::Q4_1,
        TensorType::Q5_1,
        TensorType::Q2_K,
        TensorType::Q4_K,
        TensorType::Q5_K,
        TensorType::I2_S,
    ]
    .contains(&tensor_type)
}

fn meets_blocks(tensor_type: TensorType) -> bool {
    let form = Form::of(tensor_type, Arithmetic::Exact);
    [Form::Q8_0, Form::Q8_1].contains(&form)
}
