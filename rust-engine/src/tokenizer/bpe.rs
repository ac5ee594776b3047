//! Byte-level BPE: the words of a text to ids.
//!
//! The merging is done by the BPE model of the `tokenizers` crate: a queue of pairs by rank,
//! leftmost first among equals, which is llama.cpp's order too. What differs lies around the queue,
//! and is made the same here:
//!
//! - The crate merges ids and wants every part and every result of a merge in the vocabulary;
//!   llama.cpp merges strings and looks the results up last. So missing strings get ids of their
//!   own beyond the vocabulary, and where one remains, its bytes are looked up one by one, as
//!   llama.cpp does (a byte without a token is dropped there, silently; so it is here).
//! - Of two equal merges llama.cpp keeps the first rank, the crate the last: the later one is left
//!   out.
//! - `ignore_merges` is answered here, because the added strings are no tokens.

use std::collections::HashSet;

use tokenizers::Model;
use tokenizers::models::bpe::{BPE, Vocab};

use super::TokenizerError;
use super::byte_level::CHARACTERS;
use super::characters::Characters;
use super::pre_tokenizers::PreTokenizer;
use super::splits::Splitter;
use super::vocabulary::{Vocabulary, until_nul};

/// A byte-level BPE encoder for one vocabulary.
pub(super) struct ByteLevelBpe {
    model: BPE,
    splitter: Splitter,
    pre: &'static PreTokenizer,
}

impl ByteLevelBpe {
    pub(super) fn new(
        vocabulary: &Vocabulary,
        merges: &[Vec<u8>],
        pre: &'static PreTokenizer,
    ) -> Result<Self, TokenizerError> {
        let merges = usable_merges(merges);
        let model = BPE::builder()
            .vocab_and_merges(closed_vocabulary(vocabulary, &merges), merges)
            .build()
            .map_err(|error| TokenizerError::library(&error))?;
        Ok(Self {
            model,
            splitter: Splitter::new(pre.splits),
            pre,
        })
    }

    /// Appends the ids of a text that holds no special token.
    pub(super) fn encode(
        &self,
        vocabulary: &Vocabulary,
        text: &[u8],
        ids: &mut Vec<u32>,
    ) -> Result<(), TokenizerError> {
        for word in self.splitter.words(&Characters::of(text)?) {
            let word: String = word
                .iter()
                .map(|byte| CHARACTERS[usize::from(*byte)])
                .collect();
            self.encode_word(vocabulary, &word, ids)?;
        }
        Ok(())
    }

    fn encode_word(
        &self,
        vocabulary: &Vocabulary,
        word: &str,
        ids: &mut Vec<u32>,
    ) -> Result<(), TokenizerError> {
        if self.pre.ignore_merges
            && let Some(id) = vocabulary.id_of(word.as_bytes())
        {
            ids.push(id);
            return Ok(());
        }
        let tokens = self
            .model
            .tokenize(word)
            .map_err(|error| TokenizerError::library(&error))?;
        for token in tokens {
            if (token.id as usize) < vocabulary.tokens.len() {
                ids.push(token.id);
            } else {
                ids.extend(
                    token
                        .value
                        .bytes()
                        .filter_map(|byte| vocabulary.id_of(&[byte])),
                );
            }
        }
        Ok(())
    }
}

/// The merges that can ever apply, best first. A line without a blank after its first byte merges
/// nothing in llama.cpp, and one that is not UTF-8 cannot meet a word of the byte alphabet.
fn usable_merges(merges: &[Vec<u8>]) -> Vec<(String, String)> {
    let mut seen = HashSet::with_capacity(merges.len());
    let parts = merges.iter().filter_map(|line| {
        let line = std::str::from_utf8(until_nul(line)).ok()?;
        let (left_end, _) = line
            .bytes()
            .enumerate()
            .skip(1)
            .find(|(_, byte)| *byte == b' ')?;
        Some((&line[..left_end], &line[left_end + 1..]))
    });
    parts
        .filter(|(left, right)| !left.is_empty() && !right.is_empty())
        .filter(|merge| seen.insert(*merge))
        .map(|(left, right)| (left.to_owned(), right.to_owned()))
        .collect()
}

/// The tokens, the byte alphabet, and the parts and results of all merges, each string with an id.
fn closed_vocabulary(vocabulary: &Vocabulary, merges: &[(String, String)]) -> Vocab {
    let texts = vocabulary
        .tokens
        .iter()
        .map(|token| std::str::from_utf8(&token.text));
    let mut closed: Vocab = (0..)
        .zip(texts)
        .filter_map(|(id, text)| Some((text.ok()?.to_owned(), id)))
        .collect();
    let mut next_id = vocabulary.tokens.len() as u32;
    let mut add = |text: &str| {
        if !closed.contains_key(text) {
            closed.insert(text.to_owned(), next_id);
            next_id += 1;
        }
    };
    for character in CHARACTERS {
        add(character.encode_utf8(&mut [0; 4]));
    }
    let mut result = String::new();
    for (left, right) in merges {
        result.clear();
        result.push_str(left);
        result.push_str(right);
        for text in [left, right, &result] {
            add(text);
        }
    }
    closed
}
