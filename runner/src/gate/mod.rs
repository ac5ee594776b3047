//! The gate: both engines have tokenized, and only what they agree on goes on.
//!
//! [`AgreedTokens`] can be made here alone, and evaluation asks for it: nothing is evaluated that
//! has not passed. Equal tokens are compared without a copy and without a word.
//!
//! The one exception is made here too, and only on the user's word: [`adopt_reference`].

mod causes;
mod message;

use std::fmt;

use schemas::tokenize::Tokens;

pub use causes::{Evidence, VocabularyFacts, causes, suggestions};
pub use message::{PromptWords, Rerun, mismatch_text};

/// A token sequence that both engines produced by themselves; or, where the user asked for that, the
/// reference's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedTokens {
    ids: Vec<u32>,
    prompt_tokens: usize,
    // Of the two sequences, where they are not the same.
    first_difference: Option<usize>,
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

    /// They are the reference's alone: where the candidate's begin to differ.
    pub fn adopted(&self) -> Option<usize> {
        self.first_difference
    }

    /// Only the first `n`; what was agreed on stays agreed.
    #[must_use]
    pub fn cut(mut self, n: usize) -> Self {
        self.ids.truncate(n);
        self
    }

    /// Followed by what the reference chose after them: so both go on from one prefix.
    #[must_use]
    pub fn followed_by(mut self, chosen: &[u32]) -> Self {
        self.ids.extend(chosen);
        self
    }

    /// As many, but every one from `position` on is another: the next in the vocabulary. What comes
    /// before must not notice.
    #[must_use]
    pub fn with_another_end(mut self, position: usize, vocabulary: u32) -> Self {
        for id in self.ids.iter_mut().skip(position) {
            *id = (*id + 1) % vocabulary.max(1);
        }
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
            first_difference: None,
        }),
        Some(first_difference) => Err(Box::new(Mismatch {
            candidate,
            reference,
            first_difference,
        })),
    }
}

/// Takes the reference's tokens for both engines although the candidate's differ, which the user
/// asked for and which whoever reads the verdict is told.
pub fn adopt_reference(
    mismatch: &Mismatch,
    candidate_vocabulary: u32,
) -> Result<AgreedTokens, NotAdopted> {
    let ids = &mismatch.reference.ids;
    let outside = |&(_, &id): &(usize, &u32)| id >= candidate_vocabulary;
    if let Some((index, &id)) = ids.iter().enumerate().find(outside) {
        return Err(NotAdopted {
            index,
            id,
            candidate_vocabulary,
        });
    }
    Ok(AgreedTokens {
        prompt_tokens: ids.len(),
        ids: ids.clone(),
        first_difference: Some(mismatch.first_difference),
    })
}

/// A token of the reference that the candidate cannot evaluate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAdopted {
    index: usize,
    id: u32,
    candidate_vocabulary: u32,
}

impl fmt::Display for NotAdopted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the reference's tokens cannot be taken for both: id {} at index {} is outside the \
             candidate's vocabulary of {}",
            self.id, self.index, self.candidate_vocabulary
        )
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
    use schemas::line::ItemId;
    use schemas::tag::Tag;

    use super::*;

    fn tokens(ids: &[u32]) -> Tokens {
        Tokens {
            schema: Tag::new(),
            id: ItemId::new("case").expect("an id"),
            ids: ids.to_vec(),
            pieces: Vec::new(),
        }
    }

    #[test]
    fn the_references_tokens_are_adopted_if_the_candidate_has_them_all() {
        let mismatch = check(tokens(&[1, 2]), tokens(&[1, 9, 3])).expect_err("different");
        let adopted = adopt_reference(&mismatch, 10).expect("all inside");
        assert_eq!(adopted.ids(), [1, 9, 3]);
        assert_eq!(adopted.prompt_tokens(), 3);
        assert_eq!(adopted.adopted(), Some(1));
        assert_eq!(
            adopted.cut(1).adopted(),
            Some(1),
            "a cut changes nothing of it"
        );
        let refused = adopt_reference(&mismatch, 9).expect_err("9 is outside");
        let text = refused.to_string();
        assert!(
            text.contains("id 9 at index 1") && text.contains("vocabulary of 9"),
            "{text}"
        );
        let agreed = check(tokens(&[1]), tokens(&[1])).expect("equal");
        assert_eq!(agreed.adopted(), None);
    }

    #[test]
    fn another_end_leaves_the_beginning_alone() {
        let agreed = check(tokens(&[1, 2, 9]), tokens(&[1, 2, 9])).expect("equal");
        assert_eq!(agreed.clone().with_another_end(1, 10).ids(), [1, 3, 0]);
        assert_eq!(agreed.clone().with_another_end(3, 10).ids(), agreed.ids());
        assert_eq!(agreed.followed_by(&[4]).ids(), [1, 2, 9, 4]);
    }

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
