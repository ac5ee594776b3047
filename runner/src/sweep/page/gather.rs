//! One walk over the receipts of a run. Of each only little is kept, and all of that has a bound that
//! does not grow with the run: bars, a few worst rows, and what the page shows of the worst cases.

use std::collections::{BTreeMap, BTreeSet};

use schemas::floor::FloorRecord;
use schemas::plan::{Plan, PlannedComparison};
use schemas::receipt::Receipt;

use super::PageError;
use super::case_data::CaseData;
use super::cells::Binning;
use super::entry::{Entry, worst_first};
use super::histogram::{Histogram, measures};
use super::worst::{Worst, WorstRow};
use crate::in_turn::in_turn;
use crate::sweep::folder::RunFolder;

/// Cases that the page shows one by one; the rest is counted.
pub(super) const SHOWN_CASES: usize = 1000;

/// What one comparison came to.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) histograms: [Histogram; 3],
    /// A receipt without its rows: who ran, with which settings and limits.
    pub(super) example: Option<Receipt>,
}

/// All that the page needs of the receipts.
#[derive(Debug)]
pub(super) struct Gathered {
    /// One for each comparison of the plan.
    pub(super) comparisons: Vec<Compared>,
    /// The worst first.
    pub(super) cases: Vec<CaseData>,
    /// Their places among the entries.
    pub(super) places: Vec<usize>,
    pub(super) left_out: usize,
    pub(super) worst: Vec<WorstRow>,
    pub(super) binning: Binning,
    /// The variants of floors, each list once.
    pub(super) floors: Vec<String>,
    /// The tokens that are shown, by the model's label.
    pub(super) tokens: BTreeMap<String, BTreeSet<u32>>,
}

/// Walks over the receipts in the plan's order, as `read` gives them.
pub(super) fn walk(
    plan: &Plan,
    entries: &[Entry<'_>],
    read: impl Fn(&Entry<'_>) -> Result<Option<Receipt>, PageError> + Sync,
) -> Result<Gathered, PageError> {
    let mut places = worst_first(entries);
    places.truncate(SHOWN_CASES);
    let ranks: BTreeMap<usize, usize> = places.iter().enumerate().map(|(a, &b)| (b, a)).collect();
    let sizes = entries.iter().filter_map(|it| it.summary);
    let (most_positions, most_steps) = sizes.fold((0, 0), |(positions, steps), it| {
        (it.positions.max(positions), it.greedy_steps.max(steps))
    });
    let mut gathered = Gathered {
        comparisons: plan.comparisons.iter().map(Compared::nothing).collect(),
        cases: Vec::new(),
        left_out: entries.len() - places.len(),
        places,
        worst: Vec::new(),
        binning: Binning::of(most_positions, most_steps),
        floors: Vec::new(),
        tokens: BTreeMap::new(),
    };
    let mut worst: Vec<Worst> = plan.comparisons.iter().map(|_| Worst::default()).collect();
    let mut cases = Vec::new();
    let all: Vec<_> = entries.iter().enumerate().collect();
    let read = |(_, entry): &(usize, &Entry<'_>)| read(entry);
    in_turn(&all, read, |&(place, entry), receipt| {
        let receipt = receipt?;
        if let Some(receipt) = &receipt
            && let Some(compared) = gathered.comparisons.get_mut(entry.comparison)
        {
            compared.add(receipt);
            worst[entry.comparison].add(place, receipt);
        }
        if let Some(rank) = ranks.get(&place) {
            cases.push((*rank, gathered.case(entry, plan, receipt.as_ref())));
        }
        Ok(())
    })?;
    cases.sort_by_key(|(rank, _)| *rank);
    gathered.cases = cases.into_iter().map(|(_, case)| case).collect();
    gathered.worst = Worst::of_run(worst);
    for row in &gathered.worst {
        let shown = row.row.metrics.iter();
        let shown = shown.flat_map(|it| [it.candidate_top1, it.reference_top1]);
        let shown = shown.chain(row.tokens.iter().copied());
        let model = model_of(plan, &entries[row.entry]);
        gathered.tokens.entry(model).or_default().extend(shown);
    }
    Ok(gathered)
}

/// The receipt that the summary is of.
pub(super) fn receipt_of(run: &RunFolder, entry: &Entry<'_>) -> Result<Option<Receipt>, PageError> {
    let Some(summary) = entry.summary else {
        return Ok(None);
    };
    let receipt = run.receipt(entry.planned).map_err(PageError::Folder)?;
    match receipt {
        Some(receipt) if receipt.digest == summary.receipt_digest => Ok(Some(receipt)),
        _ => Err(PageError::Changed {
            case: summary.keys.id.clone(),
        }),
    }
}

/// The label of a case's model.
pub(super) fn model_of(plan: &Plan, entry: &Entry<'_>) -> String {
    let comparison = plan.comparisons.get(entry.comparison);
    comparison.map_or(String::new(), |it| it.model.clone())
}

impl Compared {
    fn nothing(comparison: &PlannedComparison) -> Self {
        Self {
            histograms: measures(comparison.profile).map(Histogram::new),
            example: None,
        }
    }

    fn add(&mut self, receipt: &Receipt) {
        for histogram in &mut self.histograms {
            histogram.limit = histogram.limit.or(histogram.measure.limit(receipt));
            receipt.rows().for_each(|row| histogram.add(row));
        }
        // One that was evaluated knows more of its engines.
        let knows_more = |it: &Receipt| it.engines.candidate.settings.is_none();
        if self.example.as_ref().is_none_or(knows_more) {
            self.example = Some(Receipt {
                positions: Vec::new(),
                greedy: None,
                floor: None,
                tokens: None,
                per_token_cosine_sim: Vec::new(),
                per_token_l2_dist: Vec::new(),
                ..receipt.clone()
            });
        }
    }
}

impl Gathered {
    fn case(&mut self, entry: &Entry<'_>, plan: &Plan, receipt: Option<&Receipt>) -> CaseData {
        let with_floor = receipt.map(|receipt| {
            let floor = receipt.floor.as_ref().map(|it| self.floor(it));
            (receipt, floor)
        });
        let data = CaseData::of(entry, plan, with_floor, self.binning);
        let shown = self.tokens.entry(model_of(plan, entry)).or_default();
        shown.extend(data.ids());
        data
    }

    /// The place of a floor's variants in the list.
    fn floor(&mut self, floor: &FloorRecord) -> usize {
        let words = floor.variants.iter().map(|it| match &it.left_out {
            None => it.name.clone(),
            Some(why) => format!("{} (left out: {why})", it.name),
        });
        let words = crate::text::escape_for_terminal(&words.collect::<Vec<_>>().join(", "));
        let known = self.floors.iter().position(|it| *it == words);
        known.unwrap_or_else(|| {
            self.floors.push(words);
            self.floors.len() - 1
        })
    }
}
