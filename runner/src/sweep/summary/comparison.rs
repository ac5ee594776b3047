//! What one comparison comes to over all of its cases.

use schemas::plan::PlannedComparison;
use schemas::receipt::{Receipt, Verdict};
use schemas::run_summary::ComparisonSummary;

use super::{counts, figures};
use crate::conclusion::{self, Conclusion, Together};
use crate::coverage::{self, ComparedPrompt};
use crate::exit::Exit;
use crate::limits::{Limits, Override};
use crate::reason;
use crate::sweep::lookup::CaseOf;

/// What can be done where too little was compared.
const HINT: &str = "a sweep of more and longer prompts, with chat markup and code among them, compares \
                    enough; `allow_small = true` in [settings] of the sweep judges all the same";

/// What allows that.
const ALLOWED: &str = "`allow_small` in [settings] of the sweep";

/// A comparison on its way.
pub(super) struct ComparisonSum<'a> {
    planned: &'a PlannedComparison,
    together: Together,
    verdicts: Vec<Verdict>,
    compared: Vec<Compared>,
    n_positions: usize,
    n_steps: usize,
}

/// What is kept of a case for coverage.
struct Compared {
    tokens: Vec<u32>,
    positions: u64,
    chat: bool,
    code: bool,
}

impl<'a> ComparisonSum<'a> {
    pub(super) fn new(planned: &'a PlannedComparison) -> Self {
        Self {
            planned,
            together: Together::default(),
            verdicts: Vec::new(),
            compared: Vec::new(),
            n_positions: 0,
            n_steps: 0,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.planned.name
    }

    pub(super) fn add(&mut self, of: &CaseOf<'_>, receipt: &Receipt) {
        // A code that is none is of no receipt that was believed.
        let exit = Exit::of_code(receipt.exit.code).unwrap_or(Exit::Internal);
        self.together.add(&of.name(), exit, receipt);
        self.verdicts.push(receipt.verdict);
        self.compared.push(Compared {
            tokens: receipt.tokens.clone().unwrap_or_default(),
            positions: receipt.positions.len() as u64,
            chat: receipt.prompt.parse_special,
            code: of.prompt.tags.iter().any(|tag| tag.as_str() == "code"),
        });
        self.n_positions += receipt.positions.len();
        self.n_steps += figures::steps(receipt) as usize;
    }

    pub(super) fn conclude(self, allow_small: bool) -> ComparisonSummary {
        let prompts = self.compared.iter().map(|it| ComparedPrompt {
            tokens: &it.tokens,
            positions: it.positions,
            chat: it.chat,
            code: it.code,
        });
        let prompts: Vec<_> = prompts.collect();
        let coverage = coverage::measure(&prompts, &coverage::shipped(), allow_small);
        let overrides = self.planned.overrides.iter();
        let overrides: Vec<Override> = overrides.map(|it| (it.metric, it.value)).collect();
        let limits = Limits::new(self.planned.limits.as_ref(), &overrides);
        let (worst, excess) = self.together.conclude(&limits);
        let is_bad = |(_, found): &&(String, Conclusion)| found.exit != Exit::Parity;
        let failed = worst.as_ref().filter(is_bad).map(named);
        let objection = coverage::objection(&coverage, HINT).map(Conclusion::inconclusive);
        let found = failed
            .or_else(|| conclusion::of_all_rows(excess.as_ref()))
            .or(objection)
            .or_else(|| {
                let (of_all, remark) = (
                    [self.n_positions, self.n_steps],
                    coverage::remark(&coverage, ALLOWED),
                );
                Some(stands(worst.as_ref()?, of_all, remark))
            })
            .unwrap_or_else(|| Conclusion::inconclusive("nothing was compared".to_owned()));
        ComparisonSummary {
            name: self.planned.name.clone(),
            verdict: found.verdict,
            exit: found.exit.record(),
            reason: found.reason,
            verdicts: counts(self.verdicts.into_iter()),
            coverage,
            excess,
        }
    }
}

/// A case's conclusion with its name before it.
fn named((name, found): &(String, Conclusion)) -> Conclusion {
    Conclusion {
        reason: format!("{name}: {}", found.reason),
        ..found.clone()
    }
}

/// Where no case and nothing else speaks against it.
fn stands(
    worst: &(String, Conclusion),
    [positions, steps]: [usize; 2],
    remark: Option<String>,
) -> Conclusion {
    let found = match reason::of_parity(worst.1.verdict, positions, steps) {
        Some(reason) => Conclusion {
            reason,
            ..worst.1.clone()
        },
        None => named(worst),
    };
    let mut why = found.reason;
    // It is so of all cases, or of none; and goes first, since a page may cut the rest.
    if worst.1.reason.ends_with(reason::SAME_PROGRAM) && !why.ends_with(reason::SAME_PROGRAM) {
        why.push_str(reason::SAME_PROGRAM);
    }
    if let Some(remark) = remark {
        why = format!("{why}; {remark}");
    }
    Conclusion {
        reason: why,
        ..found
    }
}
