//! Faults that are a wrong constant or a wrong weight: the forward pass is sound and does not know.

use std::mem;

use super::list::Kind;
use super::needs::{has_codes, matrices};
use super::{Chosen, chosen};
use crate::model::families::{Activation, Family, RopePairs};
use crate::model::hyperparameters::Hyperparameters;
use crate::model::rope::Rope;
use crate::model::weights::{Layer, Linear};
use crate::model::{Model, ModelError};

/// The model with the chosen fault, if there is one; refuses a model in which it changes nothing.
pub(crate) fn with_fault(model: Model) -> Result<Model, ModelError> {
    match chosen() {
        None => Ok(model),
        Some(chosen) => make(chosen, model),
    }
}

fn make(Chosen { fault, strength }: Chosen, mut model: Model) -> Result<Model, ModelError> {
    if !fault.needs.model(&model) {
        return Err(ModelError::unsupported(format!(
            "fault {} would change nothing here: it needs {}",
            fault.name,
            fault.needs.text()
        )));
    }
    let sizes = &mut model.hyperparameters;
    let layers = &mut model.weights.layers;
    let middle = sizes.n_layers / 2;
    let times = strength as f32;
    match fault.kind {
        // A file may say 0.
        Kind::NormEpsilonWrong => {
            sizes.norm_epsilon = ((1.0 + 9.0 * times) * sizes.norm_epsilon).max(1e-5 * times);
        }
        Kind::RopeBase1PercentOff => each_rope(sizes, |rope| rope.base *= 1.0 + 0.01 * times),
        Kind::RopePairsOfTheOtherStyle => each_rope(sizes, |rope| rope.pairs = other(rope.pairs)),
        Kind::HalfOfAHeadNotRotated => each_rope(sizes, |rope| rope.rotated /= 2),
        Kind::AttentionScaleWrong => square_attention_scale(sizes),
        Kind::WindowOffByOne => {
            if let Some(window) = &mut sizes.window {
                window.length += strength as usize;
            }
        }
        Kind::SiluForReluSquared => activate(sizes, Activation::Silu),
        Kind::GeluForSilu => activate(sizes, Activation::Gelu),
        Kind::HeadsSwapped => return swap_heads(model, strength as usize),
        Kind::ScaleOfOneTensorDropped => some_layers(layers, strength).for_each(drop_scale),
        Kind::SubNormLeftOut => {
            some_layers(layers, strength).for_each(|layer| layer.attention_norms.inner = None);
        }
        Kind::CodesOfOneBlockShifted => return shift_codes(model, strength as usize),
        Kind::GateAndUpExchanged => {
            for layer in layers {
                mem::swap(&mut layer.gate, &mut layer.up);
            }
        }
        Kind::OneLayerSkipped => {
            layers.remove(middle);
            sizes.n_layers -= 1;
            if let Some(window) = &mut sizes.window {
                window.layers.remove(middle);
            }
        }
        Kind::TwoLayersExchanged => layers.swap(middle - 1, middle),
        _ => {} // made in the pass
    }
    Ok(model)
}

/// The numbers of so many layers, from the middle one on and round again.
fn from_the_middle(n_layers: usize, n: usize) -> impl Iterator<Item = usize> {
    (0..n.min(n_layers)).map(move |i| (n_layers / 2 + i) % n_layers)
}

fn some_layers(layers: &mut [Layer], strength: u32) -> impl Iterator<Item = &mut Layer> {
    let numbers: Vec<_> = from_the_middle(layers.len(), strength as usize).collect();
    let chosen = move |(number, layer)| numbers.contains(&number).then_some(layer);
    layers.iter_mut().enumerate().filter_map(chosen)
}

fn each_rope(sizes: &mut Hyperparameters, change: impl Fn(&mut Rope)) {
    change(&mut sizes.rope);
    if let Some(window) = &mut sizes.window {
        change(&mut window.rope);
    }
}

fn other(pairs: RopePairs) -> RopePairs {
    match pairs {
        RopePairs::Neighbours => RopePairs::Halves,
        RopePairs::Halves => RopePairs::Neighbours,
    }
}

/// 1 over the width of a head rather than over its root.
fn square_attention_scale(sizes: &mut Hyperparameters) {
    match &mut sizes.query_scale {
        Some(scale) => *scale *= *scale,
        None => sizes.score_scale *= sizes.score_scale,
    }
}

/// A family lives as long as the process; so does its double, of which there is one.
fn activate(sizes: &mut Hyperparameters, activation: Activation) {
    sizes.family = Box::leak(Box::new(Family {
        activation,
        ..*sizes.family
    }));
}

/// Drops the first scale that counts; where there is none, the weight of a norm.
fn drop_scale(layer: &mut Layer) {
    let linears = [
        &mut layer.down,
        &mut layer.attention_output,
        &mut layer.value,
        &mut layer.gate,
        &mut layer.up,
    ];
    for linear in linears {
        if linear.scale.is_some_and(|scale| scale != 1.0) {
            linear.scale = None;
            return;
        }
        if linear.weight.scale != 1.0 {
            linear.weight.scale = 1.0;
            return;
        }
    }
    layer.attention_norms.before.fill(1.0);
}

/// The rows of the first and of the last query head change places in so many layers.
fn swap_heads(mut model: Model, n_layers: usize) -> Result<Model, ModelError> {
    let sizes = &model.hyperparameters;
    let (head_width, last) = (sizes.head_width, sizes.n_heads - 1);
    for number in from_the_middle(sizes.n_layers, n_layers) {
        let Linear { weight, bias, .. } = &mut model.weights.layers[number].query;
        let head_bytes = weight.place.len() / sizes.n_heads;
        let place = weight.place.clone();
        let swap = |rows: &mut [u8]| swap_ends(rows, head_bytes, last);
        model.file.bytes = model
            .file
            .bytes
            .changed(place, swap)
            .map_err(ModelError::Io)?;
        if let Some(bias) = bias {
            swap_ends(bias, head_width, last);
        }
    }
    Ok(model)
}

/// Exchanges the first of several pieces of one length with the one of this number.
fn swap_ends<T>(pieces: &mut [T], length: usize, last: usize) {
    let (head, tail) = pieces.split_at_mut(last * length);
    head[..length].swap_with_slice(&mut tail[..length]);
}

/// Rotates the codes of so many blocks by a byte: the first ones of which that changes anything.
fn shift_codes(mut model: Model, n_blocks: usize) -> Result<Model, ModelError> {
    let mut matrices = model.weights.layers.iter().flat_map(matrices);
    let weight = matrices
        .find(|weight| has_codes(weight.tensor_type))
        .expect("that there is one is what this fault needs");
    let elements = weight.tensor_type.block_elements().unwrap_or(1) as usize;
    let block_bytes = weight.place.len() / (weight.rows * weight.columns / elements);
    let place = weight.place.clone();
    drop(matrices);
    let shift = |bytes: &mut [u8]| {
        let mut shifted = 0;
        for block in bytes.chunks_exact_mut(block_bytes) {
            // The middle third of a block is codes in every type, whatever stands beside them.
            let codes = &mut block[block_bytes.div_ceil(3)..2 * block_bytes / 3];
            let before = codes.to_vec();
            codes.rotate_left(1);
            shifted += usize::from(before != codes);
            if shifted == n_blocks {
                return;
            }
        }
    };
    model.file.bytes = model
        .file
        .bytes
        .changed(place, shift)
        .map_err(ModelError::Io)?;
    Ok(model)
}
