//! The forward pass: tokens in, logits out.
//!
//! [`Evaluator::append`] is the whole of it. Each operation is a module of its own and follows
//! the reference's; `matmul` and `attention` do nearly all the work.

pub mod activations;
mod attention;
mod awake;
mod exp;
mod fast;
mod gate;
mod kernels;
mod kv_cache;
mod linear;
pub mod matmul;
mod norm;
mod prepared;
mod rope;
mod spare;

pub use fast::rms_norm as fast_rms_norm;
use rayon::prelude::*;
use schemas::describe::{Arithmetic, KvType};

#[cfg(feature = "faults")]
use crate::faults::in_pass;
use crate::kernels::exact;
use crate::model::Model;
use crate::model::rope::Rope;
use crate::model::weights::{Divisors, Layer};
use attention::{Attention, Heads, Span};
pub use awake::awake;
pub use kernels::Kernels;
use kv_cache::LayerCache;
use prepared::{Forms, Prepared};
use rope::Rotations;
use spare::Spare;

/// Rows of logits that are computed together: enough to share the unpacking of the output
/// matrix, little enough that the buffer stays small beside the vocabulary's size.
const OUTPUT_ROWS: usize = 128;
/// The same where they go straight to their place: what is left to bound are codes of activations.
const FAST_OUTPUT_ROWS: usize = 512;

/// What an evaluation is to compute with.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Which numbers.
    pub arithmetic: Arithmetic,
    /// Element type of the cache.
    pub kv: KvType,
    /// Tokens that an item may have: some models turn heads otherwise when there may be many.
    pub context: usize,
}

/// Caches grow by this many tokens.
const CAPACITY_STEP: usize = 256;

/// The operations of one arithmetic or the other.
enum Operations {
    Exact(exact::Kernels),
    Fast(Box<fast::Products>),
}

/// A model with a cache.
pub struct Evaluator<'m> {
    model: &'m Model,
    operations: Operations,
    options: Options,
    caches: Vec<LayerCache>,
    capacity: usize,
    n_tokens: usize,
    /// What the last layer made of the tokens that were appended last, `[position][width]`.
    last: Vec<f32>,
    spare: Spare<Vec<f32>>,
}

impl<'m> Evaluator<'m> {
    /// With an empty cache, for the threads of the pool that this is called in.
    pub fn new(model: &'m Model, kernels: Kernels, options: Options) -> Self {
        Self {
            model,
            operations: match kernels {
                Kernels::Exact(kernels) => Operations::Exact(kernels),
                Kernels::Fast(kernels) => Operations::Fast(Box::new(fast::Products::new(kernels))),
            },
            options,
            caches: Vec::new(),
            capacity: 0,
            n_tokens: 0,
            last: Vec::new(),
            spare: Spare::default(),
        }
    }

    /// Empties the cache and makes room for `capacity` tokens, or says why there is none. What it
    /// held is never looked at again: a position sees only what was stored at or before it.
    pub fn reset(&mut self, capacity: usize) -> Result<(), String> {
        #[cfg(feature = "faults")]
        if in_pass::keeps_cache(&mut self.n_tokens) {
            return self.make_room(self.n_tokens + capacity);
        }
        self.n_tokens = 0;
        self.make_room(capacity)
    }

    fn make_room(&mut self, capacity: usize) -> Result<(), String> {
        if capacity <= self.capacity {
            return Ok(());
        }
        let sizes = &self.model.hyperparameters;
        let (heads, width) = (sizes.n_kv_heads, sizes.head_width);
        // The old ones go first, so that both are never there together.
        self.caches.clear();
        self.capacity = 0;
        let wanted = capacity.next_multiple_of(CAPACITY_STEP);
        let block = match self.operations {
            Operations::Exact(_) => wanted,
            Operations::Fast(_) => fast::KEY_BLOCK,
        };
        for _ in 0..sizes.n_layers {
            let cache = LayerCache::new(heads, width, wanted, block, self.options.kv);
            self.caches.push(
                cache.ok_or_else(|| {
                    format!("a cache for {wanted} tokens does not fit the memory")
                })?,
            );
        }
        self.capacity = wanted;
        Ok(())
    }

    /// Evaluates `tokens` after those in the cache; [`Self::logits`] gives what comes of them.
    ///
    /// The caller has checked that the ids are in the vocabulary and has reset to a capacity
    /// that holds all tokens.
    pub fn append(&mut self, tokens: &[u32]) {
        let model = self.model;
        let sizes = &model.hyperparameters;
        let everywhere = self.rotations(sizes.rope, tokens.len());
        let window = sizes.window.as_ref();
        let in_window = window.map(|window| self.rotations(window.rope, tokens.len()));
        let mut x = self.embed(tokens); // [position][width]
        for (number, layer) in model.weights.layers.iter().enumerate() {
            let window = window.filter(|window| window.layers[number]);
            let rotations = match &in_window {
                Some(rotations) if window.is_some() => rotations,
                _ => &everywhere,
            };
            let view = View {
                rotations,
                window: window.map(|window| window.length),
            };
            self.attention(number, layer, &view, &mut x);
            self.feed_forward(layer, &mut x);
        }
        self.n_tokens += tokens.len();
        let before = std::mem::replace(&mut self.last, x);
        self.spare.give([before]);
    }

    fn rotations(&self, rope: Rope, n_tokens: usize) -> Rotations {
        let divisors = match &self.model.weights.rope_divisors {
            Divisors::Always(divisors) => Some(divisors),
            Divisors::ByContext { short, long } => {
                // The reference's context is a multiple of 256.
                let context = self.options.context.next_multiple_of(256);
                let is_long = context > self.model.hyperparameters.trained_context;
                if is_long { long } else { short }.as_ref()
            }
        };
        let first = self.n_tokens;
        #[cfg(feature = "faults")]
        let first = in_pass::rotated_position(first, n_tokens);
        Rotations::new(rope, divisors.map(Vec::as_slice), first, n_tokens)
    }

    fn embed(&self, tokens: &[u32]) -> Vec<f32> {
        let sizes = &self.model.hyperparameters;
        let matrix = self.model.weights.embedding.of(&self.model.file);
        let mut x = self.spare.take(tokens.len() * sizes.width);
        for (&token, x) in tokens.iter().zip(x.chunks_exact_mut(sizes.width)) {
            #[cfg(feature = "faults")]
            let token = in_pass::embedding_row(token, sizes.vocabulary_size);
            matrix.decode_row(token as usize, x);
        }
        if let Some(scale) = sizes.embedding_scale {
            multiply(&mut x, scale);
        }
        x
    }

    /// `x += after(output(inner(attention(before(x)))))`; most families have neither inner norm nor
    /// norm after.
    fn attention(&mut self, number: usize, layer: &Layer, view: &View<'_>, x: &mut [f32]) {
        let sizes = &self.model.hyperparameters;
        let mut normed = self.prepared(self.norm(x, &layer.attention_norms.before));
        let [mut q, mut k, mut v] =
            self.linears([&layer.query, &layer.key, &layer.value], &mut normed);
        q = self.norm_if(q, layer.query_norm.as_deref());
        k = self.norm_if(k, layer.key_norm.as_deref());
        view.rotations
            .apply(&mut q, sizes.n_heads, sizes.head_width);
        #[cfg(feature = "faults")]
        let unrotated = k.clone();
        view.rotations
            .apply(&mut k, sizes.n_kv_heads, sizes.head_width);
        #[cfg(feature = "faults")]
        let mut k = in_pass::rotated_keys(k, unrotated);
        if let Some(scale) = sizes.query_scale {
            multiply(&mut q, scale);
        }
        let span = Span {
            first: self.n_tokens,
            end: self.n_tokens + x.len() / sizes.width,
        };
        let cache = &mut self.caches[number];
        cache.store(span.first, &mut k, &mut v, sizes.n_kv_heads);
        let mut merged = self.spare.take(q.len());
        self.attend(&self.caches[number], view, &q, span, &mut merged);
        let merged = self.norm_if(merged, layer.attention_norms.inner.as_deref());
        let mut merged = self.prepared(merged);
        let [out] = self.linears([&layer.attention_output], &mut merged);
        #[cfg(feature = "faults")]
        in_pass::residual(number, sizes.n_layers, x);
        let out = self.norm_if(out, layer.attention_norms.after.as_deref());
        add(x, &out);
        self.spare
            .give([self.done(normed), self.done(merged), q, k, v, out]);
    }

    /// Each query head over what it sees of the cache.
    fn attend(
        &self,
        cache: &LayerCache,
        view: &View<'_>,
        queries: &[f32],
        span: Span,
        out: &mut [f32],
    ) {
        let sizes = &self.model.hyperparameters;
        let heads = Heads {
            count: sizes.n_heads,
            group: sizes.n_heads / sizes.n_kv_heads,
            width: sizes.head_width,
            scale: sizes.score_scale,
            window: view.window,
        };
        match &self.operations {
            Operations::Exact(kernels) => {
                Attention { kernels, heads }.run(cache, queries, span, out);
            }
            Operations::Fast(products) => {
                products.attention(heads).run(cache, queries, span, out);
            }
        }
    }

    /// `x += after(down(inner(activation(gate(before(x))) · up(before(x)))))`
    fn feed_forward(&self, layer: &Layer, x: &mut [f32]) {
        let sizes = &self.model.hyperparameters;
        let mut normed = self.prepared(self.norm(x, &layer.ffn_norms.before));
        let [mut gate, up] = self.linears([&layer.gate, &layer.up], &mut normed);
        let activation = sizes.family.activation;
        gate.par_chunks_mut(sizes.ffn_width)
            .zip(up.par_chunks(sizes.ffn_width))
            .for_each(|(gate, up)| match &self.operations {
                Operations::Exact(_) => gate::join(activation, gate, up),
                Operations::Fast(products) => {
                    fast::join(products.kernels(), activation, gate, up);
                }
            });
        let mut inner = self.prepared(self.norm_if(gate, layer.ffn_norms.inner.as_deref()));
        let [out] = self.linears([&layer.down], &mut inner);
        let out = self.norm_if(out, layer.ffn_norms.after.as_deref());
        add(x, &out);
        self.spare
            .give([self.done(normed), self.done(inner), up, out]);
    }

    /// The rows of logits of those named by `wanted` (indices into the tokens that were appended last,
    /// ascending), `[wanted][vocabulary]`.
    pub fn logits(&self, wanted: &[usize], out: &mut [f32]) {
        let sizes = &self.model.hyperparameters;
        let (width, rows) = (sizes.width, sizes.vocabulary_size);
        let together = match self.operations {
            Operations::Exact(_) => OUTPUT_ROWS,
            Operations::Fast(_) => FAST_OUTPUT_ROWS,
        };
        let outs = out.chunks_mut(together * rows);
        for (wanted, out) in wanted.chunks(together).zip(outs) {
            let chosen: Vec<f32> = wanted
                .iter()
                .flat_map(|&position| &self.last[position * width..][..width])
                .copied()
                .collect();
            let normed = self.norm(&chosen, &self.model.weights.output_norm);
            #[cfg(feature = "faults")]
            let normed = in_pass::output_norm(normed, chosen);
            let mut normed = self.prepared(normed);
            self.linears_into([&self.model.weights.output], &mut normed, [&mut *out]);
            self.spare.give([self.done(normed)]);
            #[cfg(feature = "faults")]
            in_pass::logits(out, rows);
            if let Some(cap) = sizes.logit_cap {
                out.par_iter_mut()
                    .for_each(|logit| *logit = (*logit * (1.0 / cap)).tanh() * cap);
            }
        }
    }

    fn norm(&self, x: &[f32], weight: &[f32]) -> Vec<f32> {
        let mut normed = self.spare.take(x.len());
        let epsilon = self.model.hyperparameters.norm_epsilon;
        let width = weight.len();
        let rms_norm = match self.operations {
            Operations::Exact(_) => norm::rms_norm,
            Operations::Fast(_) => fast::rms_norm,
        };
        normed
            .par_chunks_mut(width)
            .zip(x.par_chunks(width))
            .for_each(|(normed, x)| rms_norm(x, weight, epsilon, normed));
        normed
    }

    /// The norm, if there is one.
    fn norm_if(&self, x: Vec<f32>, weight: Option<&[f32]>) -> Vec<f32> {
        match weight {
            Some(weight) => {
                let normed = self.norm(&x, weight);
                self.spare.give([x]);
                normed
            }
            None => x,
        }
    }

    fn prepared(&self, values: Vec<f32>) -> Prepared {
        match self.operations {
            Operations::Exact(_) => Prepared::Exact(Forms::new(values)),
            Operations::Fast(_) => Prepared::Fast(fast::Prepared::new(values)),
        }
    }

    /// The values of what no product needs any more.
    fn done(&self, x: Prepared) -> Vec<f32> {
        match (&self.operations, x) {
            (Operations::Fast(products), Prepared::Fast(prepared)) => products.done(prepared),
            (_, Prepared::Exact(forms)) => forms.values,
            (Operations::Exact(_), Prepared::Fast(_)) => {
                unreachable!("activations are prepared for the operations")
            }
        }
    }
}

/// Numbers that a thread takes at a time, of what is done to each by itself.
const SHARE: usize = 1 << 14;
fn add(x: &mut [f32], other: &[f32]) {
    let add = |(x, other): (&mut [f32], &[f32])| {
        for (x, other) in x.iter_mut().zip(other) {
            *x += other;
        }
    };
    x.par_chunks_mut(SHARE)
        .zip(other.par_chunks(SHARE))
        .for_each(add);
}

fn multiply(x: &mut [f32], factor: f32) {
    x.par_chunks_mut(SHARE)
        .for_each(|x| x.iter_mut().for_each(|x| *x *= factor));
}

/// How one layer sees positions.
struct View<'a> {
    rotations: &'a Rotations,
    window: Option<usize>,
}
