//! What the engines of the tests have in common: good answers, which each of them changes as it is
//! told. Tokens are bytes, and BOS comes after them; numbers depend on the tokens alone.

pub(crate) mod npy;
mod numbers;

use std::collections::BTreeMap;

use schemas::describe::{Arithmetic, Build, DescribeResponse, KvType, ModelFacts, Settings};
use schemas::evaluate::{EvaluateRequest, Evaluated, greedy_file_name, logits_file_name};
use schemas::tag::Tag;

pub(crate) use numbers::row;

/// The token after all bytes.
pub(crate) const BOS: u32 = 256;

/// The engine of this name, which runs the model if there is one.
pub(crate) fn describe(
    name: &str,
    settings: Settings,
    model: Option<ModelFacts>,
) -> DescribeResponse {
    DescribeResponse {
        schema: Tag::new(),
        name: name.to_owned(),
        version: "1".to_owned(),
        build: Build {
            compiler: "rustc".to_owned(),
            flags: Vec::new(),
            simd: Vec::new(),
            library: None,
        },
        arithmetics: vec![Arithmetic::Exact, Arithmetic::F32],
        architectures: vec!["llama".to_owned()],
        tensor_types: vec!["F32".to_owned()],
        tokenizers: None,
        kernels: vec!["none".to_owned()],
        settings,
        can_run: model.is_some().then_some(true),
        reason: None,
        model,
    }
}

/// A model of a size.
pub(crate) fn model_facts(vocabulary_size: u32, context: u32) -> ModelFacts {
    ModelFacts {
        architecture: "llama".to_owned(),
        vocabulary_size,
        context,
        special_tokens: BTreeMap::from([("bos".to_owned(), BOS)]),
        tensor_type_counts: BTreeMap::from([("F32".to_owned(), 1)]),
    }
}

/// What the flags say, else the defaults; `context` is the model's own.
pub(crate) fn settings<'a>(context: u32, flag: impl Fn(&str) -> Option<&'a str>) -> Settings {
    let number = |name: &str, default: u32| {
        flag(name).map_or(default, |text| text.parse().expect("a number"))
    };
    Settings {
        arithmetic: match flag("--arithmetic") {
            Some("f32") => Arithmetic::F32,
            Some("fast") => Arithmetic::Fast,
            _ => Arithmetic::Exact,
        },
        threads: number("--threads", 2),
        context: number("--context", context),
        micro_batch: number("--micro-batch", 512),
        kv: match flag("--kv") {
            Some("f32") => KvType::F32,
            _ => KvType::F16,
        },
        flash_attention: flag("--flash-attention") == Some("on"),
        repack: flag("--repack").map(|word| word == "on"),
        library: None,
        cpu_features: Vec::new(),
        kernels: None,
    }
}

/// An answer and the numbers that go into its files.
pub(crate) struct Evaluation {
    pub(crate) response: Evaluated,
    pub(crate) logits: Vec<Vec<f32>>,
    pub(crate) greedy: Vec<Vec<f32>>,
}

/// Evaluates by `row`, which makes the row of the last of some tokens.
pub(crate) fn evaluate(
    request: &EvaluateRequest,
    settings: Settings,
    columns: u32,
    row: impl Fn(&[u32]) -> Vec<f32>,
) -> Evaluation {
    let tokens = &request.tokens;
    let positions = request.positions.resolve(tokens.len());
    let positions = positions.expect("tests ask for real positions");
    let rows = positions.iter().map(|&last| row(&tokens[..=last]));
    let logits: Vec<_> = rows.collect();
    let (greedy_ids, greedy) = numbers::greedy(tokens, request.greedy_steps, row);
    let response = Evaluated {
        schema: Tag::new(),
        id: request.id.clone(),
        logits: logits_file_name(&request.id),
        shape: [logits.len() as u64, u64::from(columns)],
        greedy_ids,
        greedy_logits: greedy_file_name(&request.id),
        prefill_ns: 1,
        decode_ns: 1,
        settings,
    };
    Evaluation {
        response,
        logits,
        greedy,
    }
}
