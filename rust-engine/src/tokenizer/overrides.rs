//! What llama.cpp decides about a token by looking at its text or at the model's name, whatever
//! type the file gives it.
//!
//! Converters have long written control tokens as ordinary ones. llama.cpp repairs that when it
//! loads, and the repair changes ids: a control token is matched only if special tokens are parsed.

use super::special_ids::{Role, SpecialIds};
use super::vocabulary::Attributes;
use super::{TokenizerError, VocabularyFacts};

/// Tokens that end generation, and therefore become control tokens.
const ENDS_OF_GENERATION: [&str; 22] = [
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
];

/// Parts of a message in the Harmony format: always matched.
const HARMONY: [&str; 4] = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"];

/// Roles whose token ends generation.
const ENDING_ROLES: [Role; 6] = [
    Role::Eos,
    Role::Eot,
    Role::Eom,
    Role::FimPad,
    Role::FimRep,
    Role::FimSep,
];

/// A change to the attributes of one token.
pub(super) enum Change {
    Add(Attributes),
    Remove(Attributes),
    Replace(Attributes),
}

/// The changes that follow from texts, to be made in this order. Fills the roles still open.
pub(super) fn by_text(
    special_ids: &mut SpecialIds,
    find: &impl Fn(&str) -> Option<u32>,
    hash_map_order: impl FnOnce() -> Vec<u32>,
) -> Vec<(u32, Change)> {
    let mut changes = Vec::new();
    let found = special_ids.find_by_text(find, hash_map_order);
    let ends = ENDS_OF_GENERATION.iter().filter_map(|text| find(text));
    for id in found.into_iter().chain(ends) {
        changes.push((id, Change::Add(Attributes::CONTROL)));
    }
    for id in HARMONY.iter().filter_map(|text| find(text)) {
        changes.push((id, Change::Replace(Attributes::USER_DEFINED)));
    }
    let has = |text| find(text).is_some();
    let has_call = has("<|call|>") || has("<|calls|>");
    let ends_otherwise = has_call && (has("<|return|>") || has("<|flush|>"));
    if let Some(end) = find("<|end|>").filter(|_| ends_otherwise) {
        changes.push((end, Change::Replace(Attributes::USER_DEFINED)));
    }
    let plamo_eos = find("<|plamo:eos|>");
    let is_plamo = plamo_eos.is_some()
        && ENDING_ROLES
            .iter()
            .any(|role| special_ids.get(*role) == plamo_eos);
    if let Some(s) = find("</s>").filter(|_| is_plamo || has("<|tool_response>")) {
        changes.push((s, Change::Replace(Attributes::NORMAL)));
    }
    changes
}

/// The changes that follow from the model's name, its pre-tokenizer or its architecture: which
/// special tokens take the blanks before or after them along. `specials` are all special tokens.
pub(super) fn by_model(
    facts: &VocabularyFacts,
    specials: &[u32],
    find: &impl Fn(&str) -> Option<u32>,
) -> Result<Vec<(u32, Change)>, TokenizerError> {
    let contains_any = |text: &Option<String>, parts: &[&str]| {
        text.as_ref()
            .is_some_and(|text| parts.iter().any(|part| text.contains(part)))
    };
    let name = facts
        .general_name
        .as_ref()
        .map(|name| name.to_ascii_lowercase());
    let mask = |text| {
        find(text)
            .map(|id| (id, Change::Add(Attributes::STRIPS_LEFT)))
            .into_iter()
            .collect()
    };
    if contains_any(
        &facts.pre,
        &["jina-v2-de", "jina-v2-es", "jina-v2-code", "mmbert"],
    ) || contains_any(&facts.architecture, &["nomic-bert-moe", "jina-bert-v3"])
    {
        Ok(mask("<mask>"))
    } else if contains_any(&name, &["phi-3", "phi3"]) {
        phi3(specials, find)
    } else if contains_any(&name, &["modern-bert"]) {
        Ok(mask("[MASK]"))
    } else {
        Ok(Vec::new())
    }
}

/// llama.cpp does not load a Phi-3 without these tokens, so neither do we.
fn phi3(
    specials: &[u32],
    find: &impl Fn(&str) -> Option<u32>,
) -> Result<Vec<(u32, Change)>, TokenizerError> {
    let needed = |text| find(text).ok_or(TokenizerError::MissingToken { text });
    let mut changes: Vec<_> = specials
        .iter()
        .map(|id| (*id, Change::Add(Attributes::STRIPS_RIGHT)))
        .collect();
    changes.push((needed("</s>")?, Change::Add(Attributes::STRIPS_RIGHT)));
    for text in ["<unk>", "<s>", "<|endoftext|>"] {
        changes.push((needed(text)?, Change::Remove(Attributes::STRIPS_RIGHT)));
    }
    Ok(changes)
}
