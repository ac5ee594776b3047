//! What people are told of a token mismatch, at once: an evaluation on the reference's tokens may
//! take long.

use std::path::Path;

use schemas::receipt::TokensFrom;
use schemas::tokenize::Bos;

use crate::case::Plan;
use crate::gate::{self, Mismatch, Rerun};
use crate::request::{AskedCase, Request};
use crate::text::{path_argument, quote_for_sh};

/// The message; `adopted` says that the reference's tokens are evaluated all the same.
pub(crate) fn text(request: &Request, plan: &Plan, mismatch: &Mismatch, adopted: bool) -> String {
    let model = quote_for_sh(&path_argument(&request.model).to_string_lossy());
    let suggestions = gate::suggestions(mismatch, &plan.evidence, &model);
    gate::mismatch_text(
        mismatch,
        &suggestions,
        &rerun(request, &plan.asked),
        adopted,
    )
}

/// The same comparison as a command, without the prompt and its template.
fn rerun(request: &Request, asked: &AskedCase) -> Rerun {
    let path = |path: &Path| Some(path_argument(path).display().to_string());
    let bos = match asked.prompt.bos {
        Some(Bos::Yes) => Some("--add-bos"),
        Some(Bos::No) => Some("--no-bos"),
        Some(Bos::Model) | None => None,
    };
    let tokens_from = match request.tokens_from {
        TokensFrom::Agreed => None,
        TokensFrom::Reference => Some("reference"),
    };
    let engines = request.engines_file.as_deref();
    let flags = [
        ("--model", path(&request.model)),
        ("--engines", engines.and_then(path)),
        (
            "--reference-model",
            request.reference_model.as_deref().and_then(path),
        ),
        ("--tokenizer", request.tokenizer.as_deref().and_then(path)),
        ("--candidate", Some(request.candidate.clone())),
        ("--reference", Some(request.reference.clone())),
        ("--profile", Some(request.profile.name().to_owned())),
        ("--tokens-from", tokens_from.map(str::to_owned)),
    ];
    let given = flags
        .into_iter()
        .filter_map(|(flag, value)| Some([flag.to_owned(), value?]));
    Rerun {
        arguments: given.flatten().chain(bos.map(str::to_owned)).collect(),
        prompt: asked.words.clone(),
    }
}
