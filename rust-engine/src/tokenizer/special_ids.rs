//! Which id plays which role: named by the file, else a model's default, else known by its text.

use std::cell::LazyCell;

use super::VocabularyFacts;
use super::pre_tokenizers::PreTokenizer;

/// A part that one token of the vocabulary can play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Beginning of sequence.
    Bos,
    /// End of sequence.
    Eos,
    /// End of a turn of a chat.
    Eot,
    /// End of a message within a turn.
    Eom,
    /// Stands for what has no token.
    Unk,
    /// Between two sequences.
    Sep,
    /// Fills a batch.
    Pad,
    /// Masked text.
    Mask,
    /// Fill in the middle: before the prefix.
    FimPre,
    /// Fill in the middle: before the suffix.
    FimSuf,
    /// Fill in the middle: before the middle.
    FimMid,
    /// Fill in the middle: padding.
    FimPad,
    /// Fill in the middle: before the repository's name.
    FimRep,
    /// Fill in the middle: between two files.
    FimSep,
}

/// The metadata keys that name special ids. Two keys may name one role; the last ones are old names
/// that llama.cpp still reads, after the new ones.
pub const SPECIAL_ID_KEYS: [(&str, Role); 17] = [
    ("tokenizer.ggml.bos_token_id", Role::Bos),
    ("tokenizer.ggml.eos_token_id", Role::Eos),
    ("tokenizer.ggml.eot_token_id", Role::Eot),
    ("tokenizer.ggml.eom_token_id", Role::Eom),
    ("tokenizer.ggml.unknown_token_id", Role::Unk),
    // The spelling is the format's.
    ("tokenizer.ggml.seperator_token_id", Role::Sep),
    ("tokenizer.ggml.padding_token_id", Role::Pad),
    ("tokenizer.ggml.mask_token_id", Role::Mask),
    ("tokenizer.ggml.fim_pre_token_id", Role::FimPre),
    ("tokenizer.ggml.fim_suf_token_id", Role::FimSuf),
    ("tokenizer.ggml.fim_mid_token_id", Role::FimMid),
    ("tokenizer.ggml.fim_pad_token_id", Role::FimPad),
    ("tokenizer.ggml.fim_rep_token_id", Role::FimRep),
    ("tokenizer.ggml.fim_sep_token_id", Role::FimSep),
    ("tokenizer.ggml.prefix_token_id", Role::FimPre),
    ("tokenizer.ggml.suffix_token_id", Role::FimSuf),
    ("tokenizer.ggml.middle_token_id", Role::FimMid),
];

/// The texts by which llama.cpp finds a role that the file does not name.
///
/// Where a vocabulary has several of them, llama.cpp takes the one that its hash map yields first.
pub(super) const ROLE_TEXTS: [(Role, &[&str]); 8] = [
    (
        Role::Eot,
        &[
            "<|eot_id|>",
            "<|im_end|>",
            "<|end|>",
            "<end_of_turn>",
            "<|endoftext|>",
            "<|end_of_text|>",
            "<EOT>",
            "_<EOT>",
            "[EOT]",
            "<｜end▁of▁sentence｜>",
            "<end_of_utterance>",
        ],
    ),
    (Role::Eom, &["<|eom_id|>"]),
    (
        Role::FimPre,
        &[
            "<|fim_prefix|>",
            "<fim-prefix>",
            "<fim_prefix>",
            "<｜fim▁begin｜>",
            "<PRE>",
            "▁<PRE>",
            "<|code_prefix|>",
            "<|prefix|>",
        ],
    ),
    (
        Role::FimSuf,
        &[
            "<|fim_suffix|>",
            "<fim-suffix>",
            "<fim_suffix>",
            "<｜fim▁hole｜>",
            "<SUF>",
            "▁<SUF>",
            "<|code_suffix|>",
            "<|suffix|>",
        ],
    ),
    (
        Role::FimMid,
        &[
            "<|fim_middle|>",
            "<fim-middle>",
            "<fim_middle>",
            "<｜fim▁end｜>",
            "<MID>",
            "▁<MID>",
            "<|code_middle|>",
            "<|middle|>",
        ],
    ),
    (
        Role::FimPad,
        &["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"],
    ),
    (
        Role::FimRep,
        &[
            "<|fim_repo|>",
            "<|repo_name|>",
            "<fim-repo>",
            "<REPO>",
            "<reponame>",
        ],
    ),
    (Role::FimSep, &["<|file_sep|>"]),
];

/// The id of each role that the vocabulary has.
#[derive(Clone, Debug, Default)]
pub(super) struct SpecialIds {
    ids: [Option<u32>; 14],
}

impl SpecialIds {
    /// The ids that the file names, over the defaults of its model. An id outside the vocabulary
    /// counts as not named, as llama.cpp has it.
    pub(super) fn named(
        facts: &VocabularyFacts,
        pre: Option<&PreTokenizer>,
        n_tokens: usize,
    ) -> Self {
        let in_vocabulary = |id: &u32| (*id as usize) < n_tokens;
        let mut special_ids = Self::default();
        for (role, id) in defaults(&facts.model, pre) {
            special_ids.set(role, Some(id).filter(in_vocabulary));
        }
        for (role, id) in facts.special_ids.iter().filter(|(_, id)| in_vocabulary(id)) {
            special_ids.set(*role, Some(*id));
        }
        special_ids
    }

    pub(super) fn get(&self, role: Role) -> Option<u32> {
        self.ids[role as usize]
    }

    /// Fills the roles that are still open with the tokens of known texts; returns what it found.
    /// `hash_map_order` are all ids as llama.cpp's hash map yields them: costly, and seldom needed.
    pub(super) fn find_by_text(
        &mut self,
        find: &impl Fn(&str) -> Option<u32>,
        hash_map_order: impl FnOnce() -> Vec<u32>,
    ) -> Vec<u32> {
        let order = LazyCell::new(hash_map_order);
        let mut found = Vec::new();
        for (role, texts) in ROLE_TEXTS {
            if self.get(role).is_none() {
                let candidates: Vec<u32> = texts.iter().filter_map(|text| find(text)).collect();
                let id = match candidates[..] {
                    [] => None,
                    [only] => Some(only),
                    _ => order.iter().find(|id| candidates.contains(id)).copied(),
                };
                self.set(role, id);
                found.extend(id);
            }
        }
        found
    }

    fn set(&mut self, role: Role, id: Option<u32>) {
        self.ids[role as usize] = id;
    }
}

/// What llama.cpp assumes of a file that names no ids. The 11 of `gpt2` is Falcon's.
fn defaults(model: &str, pre: Option<&PreTokenizer>) -> Vec<(Role, u32)> {
    match model {
        "llama" => vec![(Role::Bos, 1), (Role::Eos, 2), (Role::Unk, 0)],
        "gpt2" if pre.is_some_and(|pre| !pre.assumes_bos) => vec![(Role::Eos, 11)],
        "gpt2" => vec![(Role::Bos, 11), (Role::Eos, 11)],
        _ => Vec::new(),
    }
}
