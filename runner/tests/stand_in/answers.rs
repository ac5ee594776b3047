//! The good answers of the stand-in: tokens are bytes, logits depend on the tokens alone.

use std::collections::BTreeMap;
use std::path::Path;

use schemas::describe::{Arithmetic, Build, DescribeResponse, KvType, ModelFacts, Settings};
use schemas::evaluate::{EvaluateRequest, Evaluated, greedy_file_name, logits_file_name};
use schemas::line::{self, Answer, Failure};
use schemas::tag::Tag;
use schemas::tokenize::{Bos, Piece, TokenizeRequest, TokenizeResponse, Tokens};
use serde_json::Value;

/// One token for each byte, and one for BOS.
pub(crate) const VOCABULARY: u32 = 257;
const BOS: u32 = 256;
const CONTEXT: u32 = 4096;

/// An answer and the numbers that go into its files.
pub(crate) struct Evaluation {
    pub(crate) response: Evaluated,
    pub(crate) logits: Vec<Vec<f32>>,
    pub(crate) greedy: Vec<Vec<f32>>,
}

/// Its name is that of its file, so that a link can make it stand in for any engine.
pub(crate) fn describe(with_model: bool, can_run: bool) -> DescribeResponse {
    let program = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&program).file_name().unwrap_or_default();
    DescribeResponse {
        schema: Tag::new(),
        name: name.to_string_lossy().into_owned(),
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
        settings: settings(|_| None),
        model: with_model.then(|| ModelFacts {
            architecture: "llama".to_owned(),
            vocabulary_size: VOCABULARY,
            context: CONTEXT,
            special_tokens: BTreeMap::from([("bos".to_owned(), BOS)]),
            tensor_type_counts: BTreeMap::from([("F32".to_owned(), 1)]),
        }),
        can_run: with_model.then_some(can_run),
        reason: (with_model && !can_run).then(|| "unknown architecture 'x\u{1b}'".to_owned()),
    }
}

/// What the flags say, else the defaults.
pub(crate) fn settings<'a>(flag: impl Fn(&str) -> Option<&'a str>) -> Settings {
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
        context: number("--context", CONTEXT),
        micro_batch: number("--micro-batch", 512),
        kv: if flag("--kv") == Some("f32") {
            KvType::F32
        } else {
            KvType::F16
        },
        flash_attention: flag("--flash-attention") == Some("on"),
        library: None,
        cpu_features: Vec::new(),
    }
}

pub(crate) fn tokenize(request: &TokenizeRequest) -> TokenizeResponse {
    let bytes = request.text.as_bytes();
    let bos = (request.bos != Bos::No).then_some((BOS, Piece::from_bytes(b"<s>".to_vec())));
    let tokens = bytes
        .iter()
        .map(|&byte| (u32::from(byte), Piece::from_bytes(vec![byte])));
    let (ids, pieces) = bos.into_iter().chain(tokens).unzip();
    Answer::Success(Tokens {
        schema: Tag::new(),
        id: request.id.clone(),
        ids,
        pieces,
    })
}

pub(crate) fn evaluate(request: &EvaluateRequest, settings: Settings) -> Evaluation {
    let positions = request
        .positions
        .resolve(request.tokens.len())
        .expect("tests ask for real positions");
    let logits = positions
        .iter()
        .map(|&position| row(&request.tokens[..=position]))
        .collect();
    let mut tokens = request.tokens.clone();
    let (mut greedy, mut greedy_ids) = (Vec::new(), Vec::new());
    for _ in 0..request.greedy_steps {
        let row = row(&tokens);
        let chosen = (0..row.len())
            .rev()
            .max_by(|&a, &b| row[a].total_cmp(&row[b]));
        let chosen = chosen.expect("a vocabulary is not empty") as u32;
        tokens.push(chosen);
        greedy_ids.push(chosen);
        greedy.push(row);
    }
    let response = Evaluated {
        schema: Tag::new(),
        id: request.id.clone(),
        logits: logits_file_name(&request.id),
        shape: [positions.len() as u64, u64::from(VOCABULARY)],
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

/// Numbers between 0 and 10 that depend on each token before them (FNV-1a of the ids).
fn row(tokens: &[u32]) -> Vec<f32> {
    let seed = tokens
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &token| {
            (hash ^ u64::from(token)).wrapping_mul(0x0100_0000_01b3)
        });
    (0..u64::from(VOCABULARY))
        .map(|id| {
            let mixed = (seed ^ id.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xff51_afd7);
            ((mixed >> 40) % 10_000) as f32 / 1000.0
        })
        .collect()
}

pub(crate) fn declined(request: &EvaluateRequest) -> String {
    line::write(&Answer::<Evaluated>::Failure(Failure {
        schema: Tag::new(),
        id: request.id.clone(),
        error: "token 99999 is outside the vocabulary of 257".to_owned(),
    }))
}

/// For the log, which also says what a malformed request was about.
pub(crate) fn id_of(request: &str) -> String {
    let request: Value = serde_json::from_str(request).unwrap_or_default();
    request["id"].as_str().unwrap_or("?").to_owned()
}
