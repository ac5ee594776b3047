//! 256 bytes and five control tokens, whose texts are those of LLaMA-3.

use schemas::line::Answer;
use schemas::tag::Tag;
use schemas::tokenize::{Bos, Piece, TokenizeRequest, TokenizeResponse, Tokens};

use crate::test_engines::BOS;

/// The control tokens, from id 256.
const CONTROL: [&str; 5] = [
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
];
const END: u32 = 257;
/// How many tokens there are.
pub(crate) const SIZE: u32 = 256 + CONTROL.len() as u32;

/// The answer to one request.
pub(crate) fn tokenize(request: &TokenizeRequest, has: impl Fn(&str) -> bool) -> TokenizeResponse {
    let begins = match request.bos {
        Bos::Yes => true,
        Bos::No => false,
        Bos::Model => !has("no-model-bos"),
    };
    let mut ids = match (begins, has("doubled-bos")) {
        (false, _) => Vec::new(),
        (true, false) => vec![BOS],
        (true, true) => vec![BOS; 2],
    };
    let parse = request.parse_special && !has("special-as-text");
    push_text(&mut ids, request.text.as_bytes(), parse);
    if has("added-end") {
        ids.push(END);
    }
    Answer::Success(Tokens {
        schema: Tag::new(),
        id: request.id.clone(),
        pieces: ids.iter().map(|&id| piece(id)).collect(),
        ids,
    })
}

fn push_text(ids: &mut Vec<u32>, mut bytes: &[u8], parse: bool) {
    while let Some((&first, rest)) = bytes.split_first() {
        let control = CONTROL
            .iter()
            .position(|text| parse && bytes.starts_with(text.as_bytes()));
        if let Some(index) = control {
            ids.push(256 + index as u32);
            bytes = &bytes[CONTROL[index].len()..];
        } else {
            ids.push(u32::from(first));
            bytes = rest;
        }
    }
}

fn piece(id: u32) -> Piece {
    Piece::from_bytes(match u8::try_from(id) {
        Ok(byte) => vec![byte],
        Err(_) => CONTROL[id as usize - 256].into(),
    })
}
