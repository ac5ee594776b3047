//! Goes through the cases of two sides, pair by pair, and adds up what became of them. Of a pair only
//! little is kept.

use std::collections::{BTreeMap, HashMap};

use schemas::diff::{CaseDiff, Cause, CauseKind, Change, ChangeCounts, FieldChange, RunDiff};
use schemas::environment::Environment;
use schemas::receipt::{ExitRecord, Receipt};
use schemas::tag::Tag;

use super::causes::{self, Reason};
use super::side::{Entry, Found, Side};
use super::{DiffError, case, fields, programs, rows};
use crate::in_turn::in_turn;
use crate::sweep::folder::FolderError;

/// A case of either side, or both.
type Pair<'a> = (Option<&'a Entry<'a>>, Option<&'a Entry<'a>>);

/// What came of a pair.
#[derive(Default)]
pub(super) struct Compared {
    is_same: bool,
    case: Option<CaseDiff>,
    reasons: Vec<Reason>,
}

impl Compared {
    /// What only one run has.
    fn of(case: CaseDiff) -> Self {
        Self {
            case: Some(case),
            ..Self::default()
        }
    }
}

/// What became of the first side's cases in the second.
pub(super) fn compare(before: &Side, after: &Side) -> Result<RunDiff, DiffError> {
    let (olds, news) = (before.entries()?, after.entries()?);
    let pairs = pairs((before, &olds), (after, &news))?;
    let mut sum = Sum::default();
    if let Some(reason) = settings(before, after) {
        sum.reasons.insert(reason, 0);
    }
    let work = |pair: &Pair<'_>| compare_pair(*pair);
    in_turn(&pairs, work, |_, compared| {
        sum.add(compared?);
        Ok::<_, DiffError>(())
    })?;
    sum.finish()
}

/// What came of all pairs so far.
#[derive(Default)]
pub(super) struct Sum {
    counts: ChangeCounts,
    cases: Vec<CaseDiff>,
    reasons: BTreeMap<Reason, u64>,
}

impl Sum {
    pub(super) fn add(&mut self, compared: Compared) {
        self.counts.same += u64::from(compared.is_same);
        for reason in compared.reasons {
            *self.reasons.entry(reason).or_default() += 1;
        }
        let Some(case) = compared.case else {
            return;
        };
        let counts = &mut self.counts;
        let count = match case.change {
            Change::Worse => &mut counts.worse,
            Change::New => &mut counts.new,
            Change::Gone => &mut counts.gone,
            Change::Better => &mut counts.better,
        };
        *count += 1;
        self.cases.push(case);
    }

    pub(super) fn finish(self) -> Result<RunDiff, DiffError> {
        let mut cases = self.cases;
        if self.counts.same == 0 && cases.is_empty() {
            return Err(DiffError::Nothing);
        }
        // Stable: within a place the order of the plan stays.
        cases.sort_by_key(place);
        let causes = self.reasons.into_iter().map(|(reason, cases)| Cause {
            kind: reason.kind,
            subject: reason.subject,
            fields: reason.fields,
            cases,
        });
        let causes: Vec<_> = causes.collect();
        Ok(RunDiff {
            schema: Tag::new(),
            exit: exit(cases.is_empty() && causes.is_empty()),
            counts: self.counts,
            causes,
            cases,
        })
    }
}

/// The codes of diff(1).
fn exit(is_same: bool) -> ExitRecord {
    let (code, name) = if is_same {
        (0, "same")
    } else {
        (1, "different")
    };
    ExitRecord {
        code,
        name: name.to_owned(),
    }
}

/// What has to be looked at first.
fn place(case: &CaseDiff) -> u8 {
    let passes = |outcome: &Option<schemas::diff::CaseOutcome>| {
        outcome
            .as_ref()
            .is_some_and(|outcome| outcome.exit.code == 0)
    };
    match case.change {
        Change::Worse if passes(&case.before) && !passes(&case.after) => 0,
        Change::Worse => 1,
        Change::New if !passes(&case.after) => 2,
        Change::Gone => 3,
        Change::Better => 4,
        Change::New => 5,
    }
}

/// Other settings make other pairing keys: then no case of one run is a case of the other.
fn settings(before: &Side, after: &Side) -> Option<Reason> {
    let ((_, old), (name, new)) = (before.sweep()?, after.sweep()?);
    let fields = fields::changed(old, new);
    (!fields.is_empty()).then(|| Reason::new(CauseKind::SettingsChanged, name, fields))
}

/// The first side's cases in their order, each with its like, then what only the second has.
fn pairs<'a>(
    (before, olds): (&Side, &'a [Entry<'a>]),
    (after, news): (&Side, &'a [Entry<'a>]),
) -> Result<Vec<Pair<'a>>, DiffError> {
    if let ([old], [new]) = (olds, news)
        && (old.pairing_key.is_none() || new.pairing_key.is_none())
    {
        same_question(old, new)?;
        return Ok(vec![(Some(old), Some(new))]);
    }
    let old_by_key = by_key(before, olds)?;
    let new_by_key = by_key(after, news)?;
    let like = |side: &HashMap<&str, &'a Entry<'a>>, entry: &Entry<'_>| {
        entry.pairing_key.and_then(|key| side.get(key).copied())
    };
    let of_first = olds.iter().map(|it| (Some(it), like(&new_by_key, it)));
    let others = news.iter().filter(|it| like(&old_by_key, it).is_none());
    Ok(of_first.chain(others.map(|it| (None, Some(it)))).collect())
}

fn by_key<'a>(
    side: &Side,
    entries: &'a [Entry<'a>],
) -> Result<HashMap<&'a str, &'a Entry<'a>>, DiffError> {
    let keyed = entries.iter().map(|entry| {
        let key = entry.pairing_key;
        let key = key.ok_or_else(|| DiffError::NoKey(side.path.clone()))?;
        Ok((key, entry))
    });
    keyed.collect()
}

/// Receipts that are of no sweep have no key. Two that were named are about the same when prompt,
/// profile and engines' names are.
fn same_question(old: &Entry<'_>, new: &Entry<'_>) -> Result<(), DiffError> {
    let facts = |entry: &Entry<'_>| {
        let receipt = entry.look()?.receipt;
        Ok::<_, DiffError>(receipt.map(|receipt| {
            serde_json::json!({
                "prompt.formatted_sha256": receipt.prompt.formatted_sha256,
                "prompt.bos": receipt.prompt.bos,
                "prompt.parse_special": receipt.prompt.parse_special,
                "profile": receipt.profile,
                "engines.candidate.name": receipt.engines.candidate.name,
                "engines.reference.name": receipt.engines.reference.name,
            })
        }))
    };
    let fields = fields::changed(&facts(old)?, &facts(new)?);
    if fields.is_empty() {
        return Ok(());
    }
    let fields = fields.into_iter().map(|field| field.field);
    Err(DiffError::OtherQuestion(fields.collect()))
}

fn compare_pair((old, new): Pair<'_>) -> Result<Compared, DiffError> {
    let look = |entry: Option<&Entry<'_>>| entry.map(Entry::look).transpose();
    let (one, other) = (look(old)?, look(new)?);
    // One that is of no sweep has no name for it.
    let comparison = [new, old]
        .into_iter()
        .flatten()
        .find_map(|it| it.comparison);
    let both = one.as_ref().zip(other.as_ref());
    let doubt = both.and_then(|(one, other)| doubt([one, other], comparison?));
    let receipts = [one, other].map(|it| it.and_then(|it| it.receipt));
    let mut compared = match (old, new, &receipts) {
        (Some(old), Some(new), [Some(one), Some(other)]) => {
            let environments = || Ok([old.environment()?, new.environment()?]);
            compare_receipts(new.comparison, [one, other], environments)?
        }
        (Some(old), _, [Some(receipt), None]) => Compared::of(case::gone(old.comparison, receipt)),
        (_, Some(new), [None, Some(receipt)]) => Compared::of(case::new(new.comparison, receipt)),
        _ => Compared::default(),
    };
    if doubt
        .as_ref()
        .is_some_and(|it| it.kind == CauseKind::Conflicting)
    {
        // Which of the two was looked at is chance, and so is whether its numbers are others.
        let is_chance = |kind| matches!(kind, CauseKind::NotReproducible | CauseKind::Unexplained);
        compared.reasons.retain(|it| !is_chance(it.kind));
        if let Some(case) = &mut compared.case {
            case.causes.retain(|&kind| !is_chance(kind));
        }
    }
    if let Some(case) = &mut compared.case {
        case.causes.splice(0..0, doubt.as_ref().map(|it| it.kind));
    }
    compared.reasons.extend(doubt);
    Ok(compared)
}

/// What keeps two runs from being compared by one receipt each of a case that both have planned.
fn doubt(found: [&Found; 2], comparison: &str) -> Option<Reason> {
    let receipts = found.map(|it| it.receipts);
    let kind = match receipts {
        [2, _] | [_, 2] => CauseKind::Conflicting,
        [0, 1] | [1, 0] => CauseKind::Missing,
        _ => return None,
    };
    let [before, after] = receipts.map(|it| Some(it.to_string()));
    let field = FieldChange {
        field: "receipts".to_owned(),
        before,
        after,
    };
    Some(Reason::new(kind, comparison, vec![field]))
}

/// `environments` are asked for only where receipts do not tell why numbers differ.
pub(super) fn compare_receipts(
    comparison: Option<&str>,
    receipts: [&Receipt; 2],
    environments: impl FnOnce() -> Result<[Option<Environment>; 2], FolderError>,
) -> Result<Compared, DiffError> {
    let [one, other] = receipts;
    if one.digest == other.digest {
        return Ok(Compared {
            is_same: true,
            ..Compared::default()
        });
    }
    let engines = [&other.engines.reference.name, &other.engines.candidate.name];
    let [reference, candidate] = engines.map(String::as_str);
    let subject = match comparison {
        Some(comparison) => comparison.to_owned(),
        None => format!("{candidate}, {reference}, {}", other.profile.name()),
    };
    let rows = rows::changes(one, other);
    let mut reasons = causes::between(one, other, &subject);
    if causes::leave_unexplained(&reasons, &rows) {
        reasons.extend(programs::reasons(
            environments()?.each_ref().map(Option::as_ref),
            [reference, candidate],
            &subject,
        ));
        reasons.sort();
    }
    let case = case::of_both(comparison, receipts, &rows, &reasons);
    Ok(Compared {
        is_same: case.is_none(),
        case,
        reasons,
    })
}
