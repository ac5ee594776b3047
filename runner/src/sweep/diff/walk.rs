//! Goes through the cases of two sides, a pair at a time, and adds up what became of them. Pairs are
//! compared by as many threads as there are processors, each with the two receipts of its pair in
//! memory; what is kept of a pair is small.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use schemas::diff::{CaseDiff, Cause, CauseKind, Change, ChangeCounts, RunDiff};
use schemas::receipt::{ExitRecord, Receipt};
use schemas::tag::Tag;

use super::causes::{self, Reason};
use super::side::{Entry, Side};
use super::{DiffError, case, fields, programs, rows};

/// A case of either side, or both.
type Pair<'a> = (Option<&'a Entry>, Option<&'a Entry>);

/// What came of a pair.
#[derive(Default)]
struct Compared {
    is_same: bool,
    case: Option<CaseDiff>,
    reasons: Vec<Reason>,
}

/// What became of the first side's cases in the second.
pub(super) fn compare(before: &Side, after: &Side) -> Result<RunDiff, DiffError> {
    let pairs = pairs(before, after)?;
    let mut counts = ChangeCounts::default();
    let mut cases = Vec::new();
    let mut reasons: BTreeMap<Reason, u64> = BTreeMap::new();
    if let Some(reason) = settings(before, after) {
        reasons.insert(reason, 0);
    }
    for compared in compare_all(&pairs, before, after)? {
        counts.same += u64::from(compared.is_same);
        for reason in compared.reasons {
            *reasons.entry(reason).or_default() += 1;
        }
        if let Some(case) = compared.case {
            match case.change {
                Change::Worse => counts.worse += 1,
                Change::New => counts.new += 1,
                Change::Gone => counts.gone += 1,
                Change::Better => counts.better += 1,
            }
            cases.push(case);
        }
    }
    if counts.same == 0 && cases.is_empty() {
        return Err(DiffError::Nothing);
    }
    // Stable: within a place the order of the plan stays.
    cases.sort_by_key(place);
    let causes = reasons.into_iter().map(|(reason, cases)| Cause {
        kind: reason.kind,
        subject: reason.subject,
        fields: reason.fields,
        cases,
    });
    let causes: Vec<_> = causes.collect();
    Ok(RunDiff {
        schema: Tag::new(),
        exit: exit(cases.is_empty() && causes.is_empty()),
        counts,
        causes,
        cases,
    })
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
    let ((_, old), (name, new)) = (before.sweep.as_ref()?, after.sweep.as_ref()?);
    let fields = fields::changed(old, new);
    (!fields.is_empty()).then(|| Reason::new(CauseKind::SettingsChanged, name, fields))
}

/// The first side's cases in their order, each with its like, then what only the second has.
fn pairs<'a>(before: &'a Side, after: &'a Side) -> Result<Vec<Pair<'a>>, DiffError> {
    if let ([old], [new]) = (before.entries.as_slice(), after.entries.as_slice())
        && (old.pairing_key.is_none() || new.pairing_key.is_none())
    {
        same_question(old, new)?;
        return Ok(vec![(Some(old), Some(new))]);
    }
    let by_key = |side: &'a Side| -> Result<HashMap<&'a str, &'a Entry>, DiffError> {
        let keyed = side.entries.iter().map(|entry| {
            let key = entry.pairing_key.as_deref();
            let key = key.ok_or_else(|| DiffError::NoKey(side.path.clone()))?;
            Ok((key, entry))
        });
        keyed.collect()
    };
    let (olds, news) = (by_key(before)?, by_key(after)?);
    let like = |side: &HashMap<&str, &'a Entry>, entry: &Entry| {
        let key = entry.pairing_key.as_deref();
        key.and_then(|key| side.get(key).copied())
    };
    let of_first = before.entries.iter().map(|it| (Some(it), like(&news, it)));
    let others = after.entries.iter().filter(|it| like(&olds, it).is_none());
    Ok(of_first.chain(others.map(|it| (None, Some(it)))).collect())
}

/// Receipts that are of no sweep have no key. Two that were named are about the same when prompt,
/// profile and engines' names are.
fn same_question(old: &Entry, new: &Entry) -> Result<(), DiffError> {
    let facts = |entry: &Entry| {
        let receipt = entry.receipt()?;
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

/// What came of each pair, in their order.
fn compare_all(
    pairs: &[Pair<'_>],
    before: &Side,
    after: &Side,
) -> Result<Vec<Compared>, DiffError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(pair) = pairs.get(at) else {
                return done;
            };
            done.push((at, compare_pair(*pair, before, after)));
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut all: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().map(thread::ScopedJoinHandle::join);
        done.flat_map(|it| it.expect("a worker does not panic"))
            .collect()
    });
    // The first one that cannot be read is told, whoever came upon it.
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, compared)| compared).collect()
}

fn compare_pair(pair: Pair<'_>, before: &Side, after: &Side) -> Result<Compared, DiffError> {
    let (old, new) = pair;
    if let (Some(old), Some(new)) = pair
        && old.same_bytes(new)?
    {
        return Ok(Compared {
            is_same: true,
            ..Compared::default()
        });
    }
    let receipt = |entry: Option<&Entry>| match entry {
        Some(entry) => entry.receipt(),
        None => Ok(None),
    };
    let case = match (old, new, receipt(old)?, receipt(new)?) {
        (Some(old), Some(new), Some(one), Some(other)) => {
            return compare_both([(before, old), (after, new)], [&one, &other]);
        }
        (Some(entry), _, Some(receipt), None) => Some(case::gone(entry, &receipt)),
        (_, Some(entry), None, Some(receipt)) => Some(case::new(entry, &receipt)),
        _ => None,
    };
    Ok(Compared {
        case,
        ..Compared::default()
    })
}

fn compare_both(
    [(before, old), (after, new)]: [(&Side, &Entry); 2],
    receipts: [&Receipt; 2],
) -> Result<Compared, DiffError> {
    let [one, other] = receipts;
    let engines = [&other.engines.reference.name, &other.engines.candidate.name];
    let [reference, candidate] = engines.map(String::as_str);
    let comparison = match &new.comparison {
        Some(comparison) => comparison.clone(),
        None => format!("{candidate}, {reference}, {}", other.profile.name()),
    };
    let rows = rows::changes(one, other);
    let mut reasons = causes::between(one, other, &comparison);
    if causes::leave_unexplained(&reasons, &rows) {
        let environments = [before.environment(old)?, after.environment(new)?];
        reasons.extend(programs::reasons(
            environments.each_ref().map(Option::as_ref),
            [reference, candidate],
            &comparison,
        ));
        reasons.sort();
    }
    let case = case::of_both(new, receipts, &rows, &reasons);
    Ok(Compared {
        is_same: case.is_none(),
        case,
        reasons,
    })
}
