//! The rung of shapes and masks: both engines mean the same by vocabulary, context and cache, and in
//! neither does a position see the tokens that come after it.
//!
//! The mask is tested by its effect: the end of a sequence is replaced by other tokens, as many, and
//! the logits before it must keep every bit. That needs no second engine, so it is asked of both.

use schemas::evaluate::Positions;

use super::Climb;
use super::finding::Finding;
use crate::case::Case;
use crate::engine::{EvaluatedItem, kv_word};
use crate::gate::AgreedTokens;
use crate::metrics::{self, Comparison};
use crate::outcome::Ending;
use crate::sitting::{Question, Seat, Sitting};
use crate::symptoms::{self, Failure};

/// So many tokens show a mask; more would only take longer.
const MASK_TOKENS: usize = 32;

impl Climb<'_, '_> {
    pub(super) fn shapes(&mut self) -> Result<Finding, Ending> {
        self.introduce()?;
        let model = |known: &Option<schemas::describe::DescribeResponse>| {
            known.as_ref().and_then(|known| known.model.clone())
        };
        let sides = (model(&self.known.candidate), model(&self.known.reference));
        let (Some(candidate), Some(reference)) = sides else {
            return Ok(Finding::inconclusive("an engine says nothing of the model"));
        };
        let pairs = [
            (
                "tokens in the vocabulary",
                candidate.vocabulary_size,
                reference.vocabulary_size,
            ),
            ("tokens of context", candidate.context, reference.context),
        ];
        for (what, candidate, reference) in pairs {
            // A context of 0 is one that is not told.
            if candidate != reference && candidate > 0 && reference > 0 {
                return Ok(Finding::diverged(format!(
                    "the candidate reads {candidate} {what} from the model, the reference {reference}"
                )));
            }
        }
        if !self.sit_down()? {
            return Ok(Finding::of_prompts(&self.cases, self.nothing()));
        }
        self.masks(candidate.vocabulary_size)
    }

    /// Both engines on the beginning of the longest prompt, with two ends.
    fn masks(&self, vocabulary: u32) -> Result<Finding, Ending> {
        let seats = self.seats.as_ref().expect("they have sat down");
        let n_tokens = |case: &&Case| case.open_tokens().map_or(0, |it| it.ids().len());
        let longest = self.cases.iter().max_by_key(n_tokens);
        let longest = longest.and_then(|case| Some((case, case.open_tokens()?)));
        let Some((case, tokens)) = longest.filter(|(_, tokens)| tokens.ids().len() > 1) else {
            return Ok(Finding::inconclusive(
                "no prompt has two tokens, so no mask can be seen",
            ));
        };
        let prompt = case.plan.asked.name();
        let tokens = tokens.clone().cut(MASK_TOKENS);
        let changed_from = tokens.ids().len().div_ceil(2);
        let mut shapes = Vec::new();
        for (role, seat) in [
            ("candidate", &seats.candidate),
            ("reference", &seats.reference),
        ] {
            let test = MaskTest::run(seat, &tokens, changed_from, vocabulary)?;
            if let Some((position, found)) = &test.first_changed {
                let problem = format!(
                    "the {role} sees later tokens: its logits of position {position} of prompt \
                     {prompt} change when the tokens from position {changed_from} on are others: {}",
                    in_figures(found)
                );
                if role == "reference" {
                    return Err(Ending::Inconsistent(problem));
                }
                let failure = Failure::Mask(*position, changed_from);
                let symptoms = symptoms::find(&failure, &self.subject(case));
                let finding = Finding::diverged(problem).of_prompt(case);
                return Ok(finding.because(symptoms));
            }
            shapes.push((test.context, test.kv));
        }
        let [candidate, reference] = [0, 1].map(|side: usize| shapes[side]);
        // An engine may have more room than it was asked for.
        let asked = seats.candidate.settings.context.unwrap_or(0);
        if candidate.1 != reference.1 || candidate.0.min(reference.0) < asked {
            return Ok(Finding::diverged(format!(
                "asked for a KV cache of {asked} tokens, the candidate's holds {} as {}, the \
                 reference's {} as {}",
                candidate.0, candidate.1, reference.0, reference.1
            )));
        }
        Ok(Finding::sound(format!(
            "{vocabulary} logits a row, a KV cache of {} tokens as {}; {changed_from} positions keep \
             their bits whatever follows, in both engines",
            reference.0, reference.1
        )))
    }
}

/// What one engine did with two sequences that end differently.
struct MaskTest {
    /// The first position before the change whose logits changed all the same, and by how much.
    first_changed: Option<(usize, Comparison)>,
    /// Tokens that the KV cache holds.
    context: u32,
    /// How it holds them.
    kv: &'static str,
}

impl MaskTest {
    fn run(
        seat: &Seat<'_>,
        tokens: &AgreedTokens,
        changed_from: usize,
        vocabulary: u32,
    ) -> Result<Self, Ending> {
        let before = (0..changed_from as u32).collect();
        let question = |tokens| Question {
            tokens,
            positions: Positions::Listed(before),
            greedy_steps: 0,
        };
        let one = question(tokens.clone());
        let other = Question {
            tokens: tokens.clone().with_another_end(changed_from, vocabulary),
            ..one.clone()
        };
        let mut sitting = Sitting::new(seat);
        let one = sitting.ask(&one, false)?;
        let other = sitting.ask(&other, true)?;
        Ok(Self {
            first_changed: first_changed(&one, &other)?,
            context: one.response.settings.context,
            kv: kv_word(one.response.settings.kv),
        })
    }
}

fn first_changed(
    one: &EvaluatedItem,
    other: &EvaluatedItem,
) -> Result<Option<(usize, Comparison)>, Ending> {
    let mut rows = [(); 2].map(|()| vec![0f32; one.logits.columns()]);
    for position in 0..one.logits.rows() {
        one.logits.read_row(position, &mut rows[0])?;
        other.logits.read_row(position, &mut rows[1])?;
        let mut pairs = rows[0].iter().zip(&rows[1]);
        if pairs.any(|(one, other)| one.to_bits() != other.to_bits()) {
            let [one, other] = &rows;
            return Ok(Some((position, metrics::compare(other, one))));
        }
    }
    Ok(None)
}

fn in_figures(found: &Comparison) -> String {
    let largest = match &found.metrics {
        Some(metrics) => format!("the largest difference is {:.3e}", metrics.max_abs.get()),
        None => "some are not finite".to_owned(),
    };
    format!("{} have other bits, {largest}", found.differing)
}
