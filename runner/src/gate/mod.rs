//! The gate: both engines have tokenized, and only what they agree on goes on.
//!
//! [`AgreedTokens`] can be made here alone, and evaluation asks for it: nothing is evaluated that
//! has not passed. Equal tokens are compared without a copy and without a word.

mod causes;
mod message;

use schemas::tokenize::Tokens;

pub use causes::{Evidence, VocabularyFacts, suggestions};
pub use message::{PromptWords, Rerun, mismatch_text};

/// A token sequence that both engines produced by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedTokens {
    ids: Vec<u32>,
    prompt_tokens: usize,
}

impl AgreedTokens {
    /// The ids to evaluate.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// How many tokens the whole prompt has.
    pub fn prompt_tokens(&self) -> usize {
        self.prompt_tokens
    }

    /// Only the first `n`; what was agreed on stays agreed.
    #[must_use]
    pub fn cut(mut self, n: usize) -> Self {
        self.ids.truncate(n);
        self
    }
}

/// Two different token sequences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The candidate's.
    pub candidate: Tokens,
    /// The reference's.
    pub reference: Tokens,
    /// The first index at which they differ; the shorter one's length when it is the beginning
    /// of the longer.
    pub first_difference: usize,
}

/// Lets equal tokens through.
pub fn check(candidate: Tokens, reference: Tokens) -> Result<AgreedTokens, Box<Mismatch>> {
    match first_difference(&candidate.ids, &reference.ids) {
        None => Ok(AgreedTokens {
            prompt_tokens: candidate.ids.len(),
            ids: candidate.ids,
        }),
        Some(first_difference) => Err(Box::new(Mismatch {
            candidate,
            reference,
            first_difference,
        })),
    }
}

/// Where two sequences begin to differ.
pub fn first_difference(candidate: &[u32], reference: &[u32]) -> Option<usize> {
    if candidate == reference {
        return None;
    }
    let pairs = candidate.iter().zip(reference);
    let shorter = candidate.len().min(reference.len());
    Some(pairs.take_while(|(c, r)| c == r).count().min(shorter))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AC3
    #[test]
    fn finds_the_first_difference() {
        assert_eq!(first_difference(&[1, 2, 3], &[1, 2, 3]), None);
        assert_eq!(first_difference(&[], &[]), None);
        assert_eq!(first_difference(&[9, 2, 3], &[1, 2, 3]), Some(0));
        assert_eq!(first_difference(&[1, 9, 3], &[1, 2, 3]), Some(1));
        assert_eq!(first_difference(&[1, 2, 3, 4], &[1, 2, 9, 4]), Some(2));
        assert_eq!(first_difference(&[1, 2], &[1, 2, 3]), Some(2));
        assert_eq!(first_difference(&[1, 2, 3], &[]), Some(0));
    }
}
