//! The good answers of the stand-in: tokens are bytes, logits depend on the tokens alone.

use std::path::Path;

use schemas::describe::{DescribeResponse, Settings};
use schemas::evaluate::{EvaluateRequest, Evaluated};
use schemas::line::{self, Answer, Failure};
use schemas::tag::Tag;
use schemas::tokenize::{Bos, Piece, TokenizeRequest, TokenizeResponse, Tokens};
use serde_json::Value;

use crate::test_engines::{self, BOS, Evaluation};

/// One token for each byte, and one for BOS.
pub(crate) const VOCABULARY: u32 = 257;
const CONTEXT: u32 = 4096;

/// Its name is that of its file, so that a link can make it stand in for any engine.
pub(crate) fn describe(with_model: bool, can_run: bool) -> DescribeResponse {
    let program = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&program).file_name().unwrap_or_default();
    let model = with_model.then(|| test_engines::model_facts(VOCABULARY, CONTEXT));
    DescribeResponse {
        can_run: with_model.then_some(can_run),
        reason: (with_model && !can_run).then(|| "unknown architecture 'x\u{1b}'".to_owned()),
        ..test_engines::describe(&name.to_string_lossy(), settings(|_| None), model)
    }
}

pub(crate) fn settings<'a>(flag: impl Fn(&str) -> Option<&'a str>) -> Settings {
    test_engines::settings(CONTEXT, flag)
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
    let row = |tokens: &[u32]| test_engines::row(tokens, VOCABULARY);
    test_engines::evaluate(request, settings, VOCABULARY, row)
}

/// Times that depend on the settings alone, and are shorter than any real answer: flash attention and a
/// micro-batch of 128 make the prefill shorter, and both make the greedy steps longer.
pub(crate) fn claim_times(response: &mut Evaluated) {
    let flash = u64::from(response.settings.flash_attention);
    let small = u64::from(response.settings.micro_batch == 128);
    response.prefill_ns = 4000 - 1000 * flash - 500 * small;
    response.decode_ns = 2000 + 300 * flash + 100 * small;
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
