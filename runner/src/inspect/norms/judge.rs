//! Statistics in, findings out: which limits apply to a weight, and which it does not keep.

use std::collections::BTreeSet;

use schemas::limits::Bound;
use schemas::norms::{
    GateMode, GateVerdict, NormFinding, NormGate, NormLimit, NormLimitsFile, NormMetric,
    NormWeight, Severity,
};

use super::limits::word;
use super::tally::Float;
use crate::limits::keeps;

/// Judges all weights of a model of this family and with so many layers, where the file says it.
pub(super) fn judge(
    weights: &[NormWeight],
    family: Option<&str>,
    n_layers: Option<u32>,
    mode: GateMode,
    file: &NormLimitsFile,
) -> NormGate {
    let of_family =
        |limit: &&NormLimit| limit.family.is_none() || limit.family.as_deref() == family;
    let limits: Vec<_> = file.limits.iter().filter(of_family).cloned().collect();
    let mut findings: Vec<_> = weights
        .iter()
        .flat_map(|weight| broken(weight, &limits))
        .collect();
    findings.extend(absent(weights, &limits, n_layers.unwrap_or(0)));
    findings.extend(without_basis(weights, family, &limits, file));
    // Stable: failures first, else in the file's order.
    findings.sort_by_key(|finding| finding.severity);
    NormGate {
        mode,
        verdict: verdict(weights, mode, &findings),
        family: family.map(str::to_owned),
        limits_name: file.name.clone(),
        limits_version: file.version,
        limits,
        findings,
    }
}

/// A norm that one layer has, or that the family is known to have, and another layer has not: an
/// export that lost it, or gave it a name that no engine looks for.
fn absent(weights: &[NormWeight], limits: &[NormLimit], n_layers: u32) -> Vec<NormFinding> {
    const OUTPUT: &str = "output_norm";
    if weights.is_empty() || n_layers == 0 {
        return Vec::new();
    }
    let known = limits.iter().filter_map(|limit| limit.norm.as_deref());
    let found = weights.iter().map(|weight| weight.norm.as_str());
    // Every family has the first.
    let kinds: BTreeSet<_> = [OUTPUT].into_iter().chain(known).chain(found).collect();
    let of_layers = kinds.iter().filter(|kind| **kind != OUTPUT).count();
    let finding = |problem| NormFinding {
        severity: Severity::Failure,
        tensor: None,
        problem,
        basis: "block_count, and what the other layers have".to_owned(),
    };
    let none = (of_layers == 0).then(|| finding(format!("none of {n_layers} layers has a norm")));
    let lacking = kinds.iter().filter_map(|&kind| {
        let expected = if kind == OUTPUT { 1 } else { n_layers as usize };
        let n = weights.iter().filter(|weight| weight.norm == kind).count();
        (n < expected)
            .then(|| finding(format!("{n} of {expected} tensors {kind}.weight are there")))
    });
    none.into_iter().chain(lacking).collect()
}

/// An empty set is never a pass.
fn verdict(weights: &[NormWeight], mode: GateMode, findings: &[NormFinding]) -> GateVerdict {
    let counts =
        |finding: &NormFinding| mode == GateMode::Strict || finding.severity == Severity::Failure;
    if findings.iter().any(counts) {
        GateVerdict::Failed
    } else if weights.is_empty() {
        GateVerdict::Inconclusive
    } else {
        GateVerdict::Passed
    }
}

/// The limits that a weight does not keep. One that was not read has no numbers, so only its type
/// and size are tested, and if neither says why, that it was not read is a failure by itself.
fn broken(weight: &NormWeight, limits: &[NormLimit]) -> Vec<NormFinding> {
    let of_header = |metric| matches!(metric, NormMetric::Quantised | NormMetric::NElements);
    let is_read = weight.statistics.is_some();
    let finding = |severity, problem, basis: &str| NormFinding {
        severity,
        tensor: Some(weight.name.clone()),
        problem,
        basis: basis.to_owned(),
    };
    let broken: Vec<_> = limits
        .iter()
        .filter(|limit| limit.norm.as_ref().is_none_or(|norm| *norm == weight.norm))
        .filter(|limit| is_read || of_header(limit.metric))
        .filter(|limit| asks(limit, weight.n_elements))
        .filter(|limit| !keeps(limit.bound, limit.value, value_of(weight, limit.metric)))
        .collect();
    // A failure says all that a warning of the same number would say.
    let fails = |metric| {
        let mut broken = broken.iter();
        broken.any(|limit| limit.metric == metric && limit.severity == Severity::Failure)
    };
    let mut findings: Vec<_> = broken
        .iter()
        .filter(|limit| limit.severity == Severity::Failure || !fails(limit.metric))
        .map(|limit| {
            let found = value_of(weight, limit.metric);
            finding(limit.severity, describe(limit, found), &limit.basis)
        })
        .collect();
    if !is_read && findings.is_empty() {
        let reason = weight.unread.as_deref().unwrap_or("no reason is known");
        let problem = format!("not read: {reason}");
        findings.push(finding(
            Severity::Failure,
            problem,
            "what is not read is no pass",
        ));
    }
    findings
}

/// A code of so many levels is looked for in weights that have this many elements for each level.
///
/// A short weight has few different numbers by chance. How likely, was computed from how often each
/// number occurs in the norms of SmolLM2-135M and Gemma-3-270M, the worst of which (blk.28.ffn_norm
/// of SmolLM2-135M) has a third of its elements on four numbers: at most 4 different numbers have
/// 12 elements of it with a probability of 8e-5, 16 elements 5e-7, 64 elements 3e-31; at most 16
/// have 32 elements with 0.4, 64 elements with 9e-4, which is a warning. So weights of 16 elements
/// are looked at, and no sound model of some hundred norms fails `auto` by chance: with a hundred of
/// 16 elements, all like the worst, 5e-5. `strict` fails on warnings, too: with a hundred of 64
/// elements, all like the worst, 9 %. `scripts/norm-limits.py --chances MODEL` computes all of this.
const ELEMENTS_PER_LEVEL: f64 = 4.0;

/// Whether a weight of this size is long enough for what the limit asks.
fn asks(limit: &NormLimit, n_elements: u64) -> bool {
    let levels = limit.value.get() - 1.0;
    limit.metric != NormMetric::NDistinct || n_elements as f64 >= ELEMENTS_PER_LEVEL * levels
}

fn describe(limit: &NormLimit, found: Option<f64>) -> String {
    let bound = match limit.bound {
        Bound::Largest => "at most",
        Bound::Smallest => "at least",
    };
    let value = limit.value.get();
    let metric = word(limit.metric);
    // All digits: a value just beyond its limit must not look like it.
    let found = found.map_or("does not exist".to_owned(), |found| format!("is {found}"));
    format!(
        "{metric} {found}, expected {bound} {value} ({})",
        limit.unit
    )
}

/// `None` when the weight was not read or has no such number.
fn value_of(weight: &NormWeight, metric: NormMetric) -> Option<f64> {
    let statistics = weight.statistics.as_ref();
    match metric {
        NormMetric::Quantised => Some(f64::from(u8::from(!Float::is_called(&weight.r#type)))),
        NormMetric::NElements => Some(weight.n_elements as f64),
        NormMetric::NonFinite => statistics.map(|it| it.n_non_finite as f64),
        NormMetric::NonZero => statistics.map(|it| it.n_non_zero as f64),
        NormMetric::NDistinct => statistics.map(|it| it.n_distinct as f64),
        NormMetric::Rms => statistics.and_then(|it| it.rms).map(Into::into),
    }
}

/// What the family's own limits leave out: all of it, or some kinds of norm.
fn without_basis(
    weights: &[NormWeight],
    family: Option<&str>,
    limits: &[NormLimit],
    file: &NormLimitsFile,
) -> Vec<NormFinding> {
    let warning = |problem: String, basis: String| NormFinding {
        severity: Severity::Warning,
        tensor: None,
        problem,
        basis,
    };
    let own: Vec<_> = limits
        .iter()
        .filter(|limit| limit.family.is_some())
        .collect();
    let name = family.unwrap_or("(absent)");
    if own.is_empty() {
        let known = file
            .unmeasured
            .iter()
            .find(|it| Some(it.family.as_str()) == family);
        let reason = known.map_or("it is not in the file of limits", |it| &it.reason);
        return vec![warning(
            format!("no basis for the family {name}: only the limits of all families were applied"),
            reason.to_owned(),
        )];
    }
    let kinds: BTreeSet<_> = weights.iter().map(|weight| &weight.norm).collect();
    let has_limit = |kind: &str| {
        let mut norms = own.iter().map(|limit| limit.norm.as_deref());
        norms.any(|norm| norm.is_none_or(|norm| norm == kind))
    };
    let left_out = kinds.into_iter().filter(|kind| !has_limit(kind));
    left_out
        .map(|kind| {
            warning(
                format!("no basis for {kind} of the family {name}"),
                "the models that were measured have none".to_owned(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::limits::shipped;
    use super::*;

    fn unread(n_elements: u64) -> NormWeight {
        NormWeight {
            name: "output_norm.weight".to_owned(),
            norm: "output_norm".to_owned(),
            r#type: "F32".to_owned(),
            n_elements,
            statistics: None,
            unread: Some("too large".to_owned()),
        }
    }

    /// A file of limits may let any size pass; it cannot let pass what nobody looked at.
    #[test]
    fn what_was_not_read_fails_whatever_the_limits_are() {
        let findings = broken(&unread(640), &[]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].severity, Severity::Failure);
        assert_eq!(findings[0].problem, "not read: too large");
        let mut file = shipped();
        file.limits
            .retain(|limit| limit.metric != NormMetric::NElements);
        let gate = judge(
            &[unread(1 << 40)],
            Some("llama"),
            None,
            GateMode::Auto,
            &file,
        );
        assert_eq!(gate.verdict, GateVerdict::Failed);
    }

    #[test]
    fn a_failure_is_not_repeated_as_a_warning() {
        let mut weight = unread(640);
        let finite = schemas::number::Finite::new;
        weight.unread = None;
        weight.statistics = Some(schemas::norms::NormStatistics {
            n_non_finite: 0,
            n_non_zero: 640,
            n_distinct: 64,
            rms: finite(1000.0),
            mean: finite(0.0),
            min: finite(-1000.0),
            max: finite(1000.0),
        });
        let gate = judge(
            &[weight.clone()],
            Some("llama"),
            None,
            GateMode::Auto,
            &shipped(),
        );
        let severities: Vec<_> = gate.findings.iter().map(|it| it.severity).collect();
        assert_eq!(severities, [Severity::Failure], "{:?}", gate.findings);
        // Alone, the warning is told: 4 is above its limit of 3.7 and below the failure's 19.
        if let Some(statistics) = &mut weight.statistics {
            statistics.rms = finite(4.0);
        }
        let gate = judge(&[weight], Some("llama"), None, GateMode::Auto, &shipped());
        let severities: Vec<_> = gate.findings.iter().map(|it| it.severity).collect();
        assert_eq!(severities, [Severity::Warning], "{:?}", gate.findings);
        assert_eq!(gate.verdict, GateVerdict::Passed);
    }
}
