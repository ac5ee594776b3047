//! One prompt on its way through a comparison: what is planned for it, and what the stages leave
//! behind.

use schemas::describe::DescribeResponse;
use schemas::evaluate::Evaluated;
use schemas::floor::FloorRecord;
use schemas::receipt::{CaseKeys, FileIdentity};
use schemas::triangulation::Triangulation;
use schemas::worst_rows::WorstRows;

use crate::compare::{Evaluations, FailingRow};
use crate::gate::{AgreedTokens, Evidence, Mismatch};
use crate::outcome::Ending;
use crate::prompt::FormattedPrompt;
use crate::request::AskedCase;
use crate::rows::Rows;

/// What both engines are to tokenize.
pub struct Plan {
    /// Of a case of a sweep: by which it is known.
    pub keys: Option<CaseKeys>,
    /// As the user gave it.
    pub asked: AskedCase,
    /// What is tokenized.
    pub prompt: FormattedPrompt,
    /// What the gate may name as the cause of a mismatch.
    pub evidence: Evidence,
}

/// What is known of the engines and of what they evaluate, whatever the prompt.
#[derive(Default)]
pub struct Known {
    /// Who the candidate says it is.
    pub candidate: Option<DescribeResponse>,
    /// Who the reference says it is.
    pub reference: Option<DescribeResponse>,
    /// In `f32`: the decoded model that the reference evaluates.
    pub twin: Option<FileIdentity>,
}

/// What both engines said of one evaluation.
pub struct Answers {
    /// Who is judged.
    pub candidate: Evaluated,
    /// What it is judged against.
    pub reference: Evaluated,
}

/// What the stages leave behind of a prompt.
pub struct Case {
    /// What was planned.
    pub plan: Plan,
    /// The engines' tokens, where they differ.
    pub mismatch: Option<Mismatch>,
    /// The tokens that are evaluated.
    pub tokens: Option<AgreedTokens>,
    /// How many greedy steps are asked for.
    pub greedy_steps: u32,
    /// What the engines said of their evaluation.
    pub answers: Option<Answers>,
    /// The reference's was kept from another time.
    pub reference_was_kept: bool,
    /// The same with their numbers, where these are kept.
    pub evaluations: Option<Evaluations>,
    /// Where they are not: both engines' logits of the first row that diverged.
    pub failing: Option<FailingRow>,
    /// What both find most likely at the worst rows, where that is kept.
    pub worst: Option<WorstRows>,
    /// In `production`: how far the reference is from itself.
    pub floor: Option<FloorRecord>,
    /// In `production` without a floor: why there is none.
    pub no_floor: Option<String>,
    /// How far both are from a third voice, or why that is not known; `None` where nobody asked.
    pub triangulation: Option<Result<Triangulation, String>>,
    /// The judged rows.
    pub rows: Option<Rows>,
    /// What ended it before it was compared.
    pub ended: Option<Ending>,
}

impl Case {
    /// Nothing was done yet.
    pub fn new(plan: Plan, greedy_steps: u32) -> Self {
        Self {
            plan,
            mismatch: None,
            tokens: None,
            greedy_steps,
            answers: None,
            reference_was_kept: false,
            evaluations: None,
            failing: None,
            worst: None,
            floor: None,
            no_floor: None,
            triangulation: None,
            rows: None,
            ended: None,
        }
    }

    /// Ends it, unless it has ended before.
    pub fn end(&mut self, ending: Ending) {
        self.ended.get_or_insert(ending);
    }

    /// The tokens, while there is something to be done with them.
    pub fn open_tokens(&self) -> Option<&AgreedTokens> {
        self.tokens.as_ref().filter(|_| self.ended.is_none())
    }

    /// A prompt that is too long for the model, or has no tokens, says nothing against an engine.
    pub fn is_skipped(&self) -> bool {
        matches!(self.ended, Some(Ending::Refused(_) | Ending::Nothing(_)))
    }
}
