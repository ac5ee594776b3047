//! The stage that makes agreed tokens: both engines tokenize, and the gate lets through what is equal.

use schemas::receipt::TokensFrom;
use schemas::tokenize::Tokens;

use super::{Abilities, Run};
use crate::ask::Asking;
use crate::case::{Case, Plan};
use crate::gate::{self, AgreedTokens, Mismatch};
use crate::mismatch_report;
use crate::outcome::Ending;
use crate::request::Request;

/// How much text engines are asked about together. An answer takes up to a hundred times as much
/// memory as its text: an id and a piece for each token, of which there may be one a byte.
const TEXT_BYTES: usize = 256 << 10;

impl Run<'_> {
    /// Leaves in each case what both engines are to evaluate, or why there is nothing.
    pub fn tokenize(&self, abilities: &Abilities, cases: &mut [Case]) -> Result<(), Ending> {
        let Request {
            model, tokenizer, ..
        } = self.request;
        let mut candidate = Asking::new(&self.candidate, model, tokenizer.as_deref());
        let mut reference = Asking::new(&self.reference, self.named_for_reference(), None);
        let mut rest = cases;
        while !rest.is_empty() {
            let (some, later) = rest.split_at_mut(together(rest));
            let last = later.is_empty();
            self.tokenize_some(abilities, [&mut candidate, &mut reference], some, last)?;
            rest = later;
        }
        Ok(())
    }

    /// The same of some cases, of which no more than the ids are left in memory.
    fn tokenize_some(
        &self,
        abilities: &Abilities,
        [of_candidate, of_reference]: [&mut Asking<'_>; 2],
        cases: &mut [Case],
        last: bool,
    ) -> Result<(), Ending> {
        let prompts: Vec<_> = cases.iter().map(|case| &case.plan.prompt).collect();
        let candidate = of_candidate.tokens(&prompts, last)?;
        let mut open = Vec::new();
        for (case, tokens) in cases.iter_mut().zip(candidate) {
            match tokens {
                Ok(tokens) => open.push((case, tokens)),
                Err(ending) => case.end(ending),
            }
        }
        let prompts: Vec<_> = open.iter().map(|(case, _)| &case.plan.prompt).collect();
        let reference = of_reference.tokens(&prompts, last)?;
        for ((case, candidate), reference) in open.into_iter().zip(reference) {
            let vocabulary = abilities.candidate.vocabulary_size;
            let gated = reference.and_then(|it| self.gate(case, candidate, it, vocabulary));
            match gated {
                Ok(tokens) => case.tokens = Some(tokens),
                Err(ending) => case.end(ending),
            }
        }
        Ok(())
    }

    /// What both are to evaluate: what they agree on, or on the user's word the reference's.
    fn gate(
        &self,
        case: &mut Case,
        candidate: Tokens,
        reference: Tokens,
        vocabulary: u32,
    ) -> Result<AgreedTokens, Ending> {
        let tokens = match gate::check(candidate, reference) {
            Ok(agreed) => agreed,
            Err(mismatch) => {
                let mismatch = case.mismatch.insert(*mismatch);
                self.resolve(&case.plan, mismatch, vocabulary)?
            }
        };
        if tokens.ids().is_empty() {
            // They are kept: that there are none is what was found.
            case.tokens = Some(tokens);
            return Err(Ending::Nothing("the prompt has no tokens".to_owned()));
        }
        Ok(match self.request.max_positions {
            Some(n) => tokens.cut(n),
            None => tokens,
        })
    }

    /// Tells people of a mismatch, and takes the reference's tokens if that was asked for.
    fn resolve(
        &self,
        plan: &Plan,
        mismatch: &Mismatch,
        vocabulary: u32,
    ) -> Result<AgreedTokens, Ending> {
        let tokens = match self.request.tokens_from {
            TokensFrom::Agreed => Err(Ending::Mismatch(None)),
            TokensFrom::Reference => gate::adopt_reference(mismatch, vocabulary)
                .map_err(|problem| Ending::Mismatch(Some(problem))),
        };
        let text = mismatch_report::text(self.request, plan, mismatch, tokens.is_ok());
        (self.announce)(&text);
        tokens
    }
}

/// How many of the cases are asked about together: one at least.
fn together(cases: &[Case]) -> usize {
    let mut bytes = 0;
    let fit = cases.iter().take_while(|case| {
        bytes += case.plan.prompt.text.len();
        bytes <= TEXT_BYTES
    });
    fit.count().max(1)
}
