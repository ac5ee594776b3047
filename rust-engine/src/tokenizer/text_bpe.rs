//! BPE over text, not over bytes: what Gemma 4 and its like have under the name of BPE.
//!
//! Blanks are U+2581 as in `SentencePiece`, a word is mostly a whole line, and what has no token is
//! written by its bytes, `<0xHH>`. A byte without such a token is dropped, as llama.cpp drops it.

use ahash::{HashMap, HashMapExt};
use memchr::memmem;

use super::TokenizerError;
use super::characters::Characters;
use super::merges::merge;
use super::pre_tokenizers::{PreTokenizer, Words, Writing};
use super::splits::Splitter;
use super::vocabulary::{ESCAPED_BLANK, Vocabulary, escape_blanks, until_nul};

/// An encoder for one vocabulary.
pub(super) struct TextBpe {
    /// By `left right`, the line of the file; of two equal lines the first counts. No word that is
    /// merged has a blank, so that a line can be read in one way only.
    ranks: HashMap<Vec<u8>, u32>,
    splitter: Splitter,
    pre: &'static PreTokenizer,
}

impl TextBpe {
    pub(super) fn new(merges: &[Vec<u8>], pre: &'static PreTokenizer) -> Self {
        let mut ranks = HashMap::with_capacity(merges.len());
        for (rank, line) in (0..).zip(merges) {
            ranks.entry(until_nul(line).to_vec()).or_insert(rank);
        }
        Self {
            ranks,
            splitter: Splitter::new(pre.splits),
            pre,
        }
    }

    /// Appends the ids of a text that holds no special token.
    pub(super) fn encode(
        &self,
        vocabulary: &Vocabulary,
        text: &[u8],
        ids: &mut Vec<u32>,
    ) -> Result<(), TokenizerError> {
        let characters = match self.pre.writing {
            Writing::EscapedBlanks(_) => Characters::of(&escape_blanks(text, false))?,
            Writing::Text | Writing::ByteAlphabet => Characters::of(text)?,
        };
        for word in self.splitter.words(&characters) {
            self.encode_word(vocabulary, word, ids)?;
        }
        Ok(())
    }

    fn encode_word(
        &self,
        vocabulary: &Vocabulary,
        mut word: Vec<u8>,
        ids: &mut Vec<u32>,
    ) -> Result<(), TokenizerError> {
        let rule = match self.pre.writing {
            Writing::EscapedBlanks(rule) => rule,
            Writing::Text | Writing::ByteAlphabet => Words::AsSplit,
        };
        let is_line_breaks = word.iter().all(|byte| *byte == b'\n');
        if rule == Words::AsSplit {
            return self.merge_word(vocabulary, &word, ids);
        }
        if is_line_breaks && let Some(id) = vocabulary.id_of(&word) {
            ids.push(id);
            return Ok(());
        }
        if is_line_breaks || rule == Words::Gemma4 {
            return self.merge_word(vocabulary, &word, ids);
        }
        if !word.starts_with(ESCAPED_BLANK) {
            word.splice(..0, ESCAPED_BLANK.iter().copied());
        }
        let mut rest = word.as_slice();
        while let Some(first) = rest.get(ESCAPED_BLANK.len()..) {
            let next = memmem::find(first, ESCAPED_BLANK)
                .map_or(rest.len(), |at| at + ESCAPED_BLANK.len());
            self.merge_word(vocabulary, &rest[..next], ids)?;
            rest = &rest[next..];
        }
        Ok(())
    }

    fn merge_word(
        &self,
        vocabulary: &Vocabulary,
        word: &[u8],
        ids: &mut Vec<u32>,
    ) -> Result<(), TokenizerError> {
        if word.len() > 1 && word.contains(&b' ') {
            return Err(TokenizerError::BlankInWord);
        }
        let score = |joined: &[u8], at: usize| {
            let (left, right) = joined.split_at(at);
            let rank = self.ranks.get(&[left, b" ", right].concat())?;
            Some(-f64::from(*rank))
        };
        merge(word, score, |symbol| {
            match vocabulary.id_of(symbol) {
                Some(id) => ids.push(id),
                None => ids.extend(
                    symbol
                        .iter()
                        .filter_map(|byte| vocabulary.byte_token(*byte)),
                ),
            }
            Ok(())
        })
    }
}
