//! `rust-engine tokenize`: text in, tokens out.

use std::io::{BufRead, Write};
use std::path::Path;

use schemas::line::{self, Answer, Failure};
use schemas::tag::Tag;
use schemas::tokenize::{Bos, Piece, TokenizeRequest, TokenizeResponse, Tokens};

use super::{ServeError, each_line, io_error};
#[cfg(feature = "faults")]
use crate::faults::in_pass;
use crate::model::{ModelError, ModelFile, vocabulary};
use crate::tokenizer::{self, Tokenizer, TokenizerError};

/// Answers requests until the input ends.
pub fn run(
    model: &Path,
    tokenizer_json: Option<&Path>,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<(), ServeError> {
    let tokenizer = load(model, tokenizer_json)?;
    if tokenizer.pre_missing() {
        eprintln!(
            "{}: no tokenizer.ggml.pre: text is split as `default`, as llama.cpp does",
            model.display()
        );
    }
    each_line(input, |line, text| {
        let request: TokenizeRequest =
            line::read(text).map_err(|error| ServeError::Request { line, error })?;
        output
            .write_all(line::write(&answer(&tokenizer, request)).as_bytes())
            .and_then(|()| output.flush())
            .map_err(io_error("writing an answer"))
    })
}

fn load(model: &Path, tokenizer_json: Option<&Path>) -> Result<Tokenizer, ServeError> {
    let failed = |error| ServeError::Model {
        path: model.display().to_string(),
        error,
    };
    let file = ModelFile::open(model).map_err(failed)?;
    let facts = vocabulary::facts(file.header.metadata())
        .map_err(|error| failed(ModelError::Malformed(error)))?;
    match tokenizer_json {
        None => Tokenizer::from_vocabulary(&facts)
            .map_err(|error| failed(ModelError::unsupported(error.to_string()))),
        Some(path) => {
            let failed = |error| ServeError::Model {
                path: path.display().to_string(),
                error,
            };
            let bytes = std::fs::read(path).map_err(|error| failed(ModelError::Io(error)))?;
            Tokenizer::from_json(&bytes, &facts)
                .map_err(|error| failed(ModelError::unsupported(error.to_string())))
        }
    }
}

fn answer(tokenizer: &Tokenizer, request: TokenizeRequest) -> TokenizeResponse {
    match encode(tokenizer, &request) {
        Ok((ids, pieces)) => Answer::Success(Tokens {
            schema: Tag::new(),
            id: request.id,
            ids,
            pieces,
        }),
        Err(error) => Answer::Failure(Failure {
            schema: Tag::new(),
            id: request.id,
            error: error.to_string(),
        }),
    }
}

fn encode(
    tokenizer: &Tokenizer,
    request: &TokenizeRequest,
) -> Result<(Vec<u32>, Vec<Piece>), TokenizerError> {
    let bos = match request.bos {
        Bos::Model => tokenizer::Bos::Model,
        Bos::Yes => tokenizer::Bos::Yes,
        Bos::No => tokenizer::Bos::No,
    };
    let text = request.text.as_bytes();
    #[cfg(feature = "faults")]
    let text = &in_pass::text(text.to_vec());
    let ids = tokenizer.encode(text, bos, request.parse_special)?;
    #[cfg(feature = "faults")]
    let ids = in_pass::ids(ids, tokenizer.special_id(tokenizer::Role::Bos));
    let pieces = ids
        .iter()
        // A tokenizer.json may know ids that its own list of tokens leaves out.
        .map(|&id| Piece::from_bytes(tokenizer.piece(id).unwrap_or_default()))
        .collect();
    Ok((ids, pieces))
}
