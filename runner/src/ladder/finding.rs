//! What a rung comes to: one conclusion, and one for each prompt it asked about.

use schemas::coverage::Coverage;
use schemas::floor::CaseExcess;
use schemas::ladder::{LadderRung, RungPrompt};
use schemas::receipt::Verdict;
use schemas::symptom::Symptom;

use super::word;
use crate::case::Case;
use crate::conclusion::{self, Conclusion, Together};
use crate::coverage;
use crate::exit::Exit;
use crate::judge;
use crate::limits::Limits;
use crate::outcome::{self, Ending, Outcome};

/// What can be done where too little was compared.
const HINT: &str =
    "all rungs over the built-in set compare enough; --allow-small judges all the same";

/// What a rung comes to.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) conclusion: Conclusion,
    pub(super) prompts: Vec<RungPrompt>,
    pub(super) symptoms: Vec<Symptom>,
}

impl Finding {
    /// It holds.
    pub(super) fn sound(reason: String) -> Self {
        Self::of(Verdict::Match, Exit::Parity, reason)
    }

    /// It shows a difference.
    pub(super) fn diverged(reason: String) -> Self {
        Self::of(Verdict::Diverged, Exit::Diverged, reason)
    }

    /// There was nothing to show anything by.
    pub(super) fn inconclusive(reason: &str) -> Self {
        let reason = reason.to_owned();
        Self::of(Verdict::Inconclusive, Exit::Inconclusive, reason)
    }

    /// A rung below failed. It says nothing itself, so its code counts for nothing.
    pub(super) fn not_reached(failed: LadderRung) -> Self {
        let reason = format!("the rung {} failed", word(failed));
        Self::of(Verdict::NotReached, Exit::Parity, reason)
    }

    /// It was not asked for.
    pub(super) fn skipped() -> Self {
        let reason = "it was not asked for".to_owned();
        Self::of(Verdict::Skipped, Exit::Parity, reason)
    }

    /// An engine failed, or cannot do this.
    pub(super) fn of_ending(ending: &Ending) -> Self {
        Self {
            conclusion: outcome::without_rows(None, ending),
            prompts: Vec::new(),
            symptoms: Vec::new(),
        }
    }

    fn of(verdict: Verdict, exit: Exit, reason: String) -> Self {
        Self {
            conclusion: Conclusion {
                verdict,
                exit,
                reason,
            },
            prompts: Vec::new(),
            symptoms: Vec::new(),
        }
    }

    /// What was found of each prompt: of one that has not ended, what stands in its place. Prompts of
    /// which nothing is known here were left out by a rung below.
    pub(super) fn of_prompts(cases: &[Case], found: Vec<Option<Conclusion>>) -> Self {
        let concluded = cases.iter().zip(found).filter_map(|(case, found)| {
            let conclusion = match &case.ended {
                Some(ending) => of_ended(case, ending),
                None => found?,
            };
            Some((case.plan.asked.name().to_owned(), conclusion))
        });
        let concluded: Vec<_> = concluded.collect();
        let compared = concluded
            .iter()
            .filter(|(_, found)| found.verdict != Verdict::Skipped);
        let worst = compared.min_by_key(|(_, found)| found.order());
        let conclusion = match worst {
            None => Self::inconclusive("every prompt was skipped").conclusion,
            Some((_, found)) if is_plain(found.verdict) => found.clone(),
            Some((prompt, found)) => Conclusion {
                reason: format!("prompt {prompt}: {}", found.reason),
                ..found.clone()
            },
        };
        let prompts = concluded.into_iter().map(|(prompt, found)| RungPrompt {
            prompt,
            verdict: found.verdict,
            reason: found.reason,
        });
        Self {
            conclusion,
            prompts: prompts.collect(),
            symptoms: Vec::new(),
        }
    }

    /// With a reason for the whole rung, where it holds.
    pub(super) fn saying(mut self, reason: String) -> Self {
        if self.conclusion.exit == Exit::Parity {
            self.conclusion.reason = reason;
        }
        self
    }

    /// As it was found of one prompt.
    pub(super) fn of_prompt(mut self, case: &Case) -> Self {
        self.prompts.push(RungPrompt {
            prompt: case.plan.asked.name().to_owned(),
            verdict: self.conclusion.verdict,
            reason: self.conclusion.reason.clone(),
        });
        self
    }

    /// With what may be the cause.
    pub(super) fn because(mut self, symptoms: Vec<Symptom>) -> Self {
        self.symptoms = symptoms;
        self
    }

    pub(super) fn has_failed(&self) -> bool {
        self.conclusion.exit != Exit::Parity
    }
}

/// Whether it is the same for all prompts, where it is so of the worst.
fn is_plain(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::BitExact | Verdict::Match)
}

/// A prompt that is skipped counts for nothing.
fn of_ended(case: &Case, ending: &Ending) -> Conclusion {
    let conclusion = outcome::without_rows(case.mismatch.as_ref(), ending);
    if !case.is_skipped() {
        return conclusion;
    }
    Conclusion {
        verdict: Verdict::Skipped,
        exit: Exit::Parity,
        ..conclusion
    }
}

/// What all rungs come to: the first that failed, or the worst of those that compare numbers. Parity
/// on too few prompts is none.
pub(super) fn of_all(
    findings: &[(LadderRung, Finding)],
    coverage: Option<&Coverage>,
) -> Conclusion {
    if let Some((_, failed)) = findings.iter().find(|(_, finding)| finding.has_failed()) {
        return failed.conclusion.clone();
    }
    if let Some(objection) = coverage.and_then(|it| coverage::objection(it, HINT)) {
        return Finding::inconclusive(&objection).conclusion;
    }
    let stood = findings.iter().filter(|(_, finding)| {
        let verdict = finding.conclusion.verdict;
        !matches!(verdict, Verdict::NotReached | Verdict::Skipped)
    });
    let stood: Vec<_> = stood.collect();
    let compares = |rung| rung >= LadderRung::FirstLogits;
    // The last of equals, for it compares most.
    let worst = stood.iter().max_by_key(|(rung, finding)| {
        (compares(*rung), judge::badness(finding.conclusion.verdict))
    });
    let Some((_, worst)) = worst else {
        return Finding::inconclusive("no rung was stood on").conclusion;
    };
    let found = &worst.conclusion.reason;
    let mut reason = match stood.as_slice() {
        [_] => found.clone(),
        _ => format!("all {} rungs hold; {found}", stood.len()),
    };
    if let Some(remark) = coverage.and_then(|it| coverage::remark(it, "--allow-small")) {
        reason = format!("{reason}; {remark}");
    }
    Conclusion {
        reason,
        ..worst.conclusion.clone()
    }
}

/// Where all rungs hold, what their prompts come to with everything that was compared of each, and
/// then what all of them come to together: limits of a whole comparison see more rows there than on
/// any rung.
pub(super) fn with_receipts(
    stood: Conclusion,
    outcomes: &[Outcome],
    limits: &Limits,
) -> (Conclusion, Option<CaseExcess>) {
    if stood.exit != Exit::Parity {
        return (stood, None);
    }
    let mut together = Together::default();
    for outcome in outcomes {
        let receipt = &outcome.receipt;
        if receipt.rows().next().is_some() {
            let prompt = receipt.prompt_set.as_ref();
            let prompt = prompt.map_or("prompt", |set| &set.prompt);
            together.add(prompt, outcome.exit, receipt);
        }
    }
    let (worst, excess) = together.conclude(limits);
    match worst {
        Some((prompt, failed)) if failed.exit != Exit::Parity => {
            let reason = format!("prompt {prompt}, all of it together: {}", failed.reason);
            (Conclusion { reason, ..failed }, None)
        }
        _ => (
            conclusion::of_all_rows(excess.as_ref()).unwrap_or(stood),
            excess,
        ),
    }
}
