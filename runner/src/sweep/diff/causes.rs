//! Why a case may be another one than in another run: what differs of all that decides results, as far
//! as two receipts tell it.

use schemas::diff::{CauseKind, FieldChange};
use schemas::floor::{FloorRecord, JudgedDistances};
use schemas::receipt::{EngineRecord, FileIdentity, Receipt};

use super::rows::{self, RowChanges};
use super::{fields, limits};

/// Something that decides results and differs. Many cases have the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reason {
    /// What kind of thing.
    pub(super) kind: CauseKind,
    /// Which.
    pub(super) subject: String,
    /// What of it.
    pub(super) fields: Vec<FieldChange>,
}

impl Reason {
    pub(super) fn new(
        kind: CauseKind,
        subject: impl Into<String>,
        fields: Vec<FieldChange>,
    ) -> Self {
        Self {
            kind,
            subject: subject.into(),
            fields,
        }
    }

    /// Whether it can make engines compute other numbers. Limits and floors only judge them, and other
    /// tokens are an engine's own doing.
    fn decides_numbers(&self) -> bool {
        match self.kind {
            CauseKind::ReferenceChanged
            | CauseKind::CandidateChanged
            | CauseKind::ModelChanged
            | CauseKind::ReferenceModelChanged
            | CauseKind::TokenizerChanged
            | CauseKind::IdentityChanged
            | CauseKind::SettingsChanged => true,
            CauseKind::Conflicting
            | CauseKind::NotReproducible
            | CauseKind::Unexplained
            | CauseKind::TokensChanged
            | CauseKind::LimitsLoosened
            | CauseKind::LimitsTightened
            | CauseKind::LimitsRenamed
            | CauseKind::FloorRaised
            | CauseKind::FloorLowered
            | CauseKind::FloorChanged
            | CauseKind::Missing => false,
        }
    }
}

/// Whether numbers differ that none of these explains.
pub(super) fn leave_unexplained(reasons: &[Reason], rows: &RowChanges) -> bool {
    rows.numbers && !reasons.iter().any(Reason::decides_numbers)
}

/// What differs between two receipts of a case of that comparison, sorted.
pub(super) fn between(before: &Receipt, after: &Receipt, comparison: &str) -> Vec<Reason> {
    let mut reasons = Vec::new();
    push_engines(before, after, &mut reasons);
    push_files(before, after, &mut reasons);
    push_limits(before, after, comparison, &mut reasons);
    push_floors(before, after, comparison, &mut reasons);
    let identity = |receipt: &Receipt| receipt.case.as_ref().map(|keys| keys.identity.clone());
    if reasons.is_empty()
        && let (Some(old), Some(new)) = (identity(before), identity(after))
        && old != new
    {
        let reason = Reason::new(CauseKind::IdentityChanged, comparison, Vec::new());
        reasons.push(reason);
    }
    let both_compared = before.tokens.is_some() && after.tokens.is_some();
    let both_differ = before.rust_tokens.is_some() && after.rust_tokens.is_some();
    if (both_compared || both_differ) && rows::tokens(before) != rows::tokens(after) {
        reasons.push(Reason::new(
            CauseKind::TokensChanged,
            comparison,
            Vec::new(),
        ));
    }
    reasons.sort();
    reasons
}

fn push_engines(before: &Receipt, after: &Receipt, reasons: &mut Vec<Reason>) {
    let (old, new) = (&before.engines, &after.engines);
    let of_both = [
        (CauseKind::ReferenceChanged, &old.reference, &new.reference),
        (CauseKind::CandidateChanged, &old.candidate, &new.candidate),
    ];
    for (kind, old, new) in of_both {
        let fields = of_engine(old, new);
        if !fields.is_empty() {
            reasons.push(Reason::new(kind, &new.name, fields));
        }
    }
}

/// What an engine could not be asked on one side is not known to differ.
fn of_engine(before: &EngineRecord, after: &EngineRecord) -> Vec<FieldChange> {
    let (mut before, mut after) = (before.clone(), after.clone());
    keep_known(&mut before.version, &mut after.version);
    keep_known(&mut before.build, &mut after.build);
    keep_known(&mut before.kernels, &mut after.kernels);
    keep_known(&mut before.settings, &mut after.settings);
    if let (Some(before), Some(after)) = (&mut before.settings, &mut after.settings) {
        keep_known(&mut before.kernels, &mut after.kernels);
    }
    let mut fields = fields::changed(&before, &after);
    // Settings repeat the library and the SIMD sets of the build.
    let of_build = |fields: &[FieldChange], place: &str| {
        fields.iter().any(|field| field.field.starts_with(place))
    };
    if of_build(&fields, "build.library") {
        fields.retain(|field| !field.field.starts_with("settings.library"));
    }
    if of_build(&fields, "build.simd") {
        fields.retain(|field| field.field != "settings.cpu_features");
    }
    fields
}

fn keep_known<T>(before: &mut Option<T>, after: &mut Option<T>) {
    if before.is_none() || after.is_none() {
        (*before, *after) = (None, None);
    }
}

fn push_files(before: &Receipt, after: &Receipt, reasons: &mut Vec<Reason>) {
    let mut push = |kind, old: Option<&FileIdentity>, new: Option<&FileIdentity>| {
        let sha256 = |file: Option<&FileIdentity>| file.map(|file| file.sha256.clone());
        if sha256(old) != sha256(new) {
            let label = new.or(old).map_or(String::new(), |file| file.label.clone());
            reasons.push(Reason::new(kind, label, fields::changed(&old, &new)));
        }
    };
    let same_model = before.model.sha256 == after.model.sha256;
    push(
        CauseKind::ModelChanged,
        Some(&before.model),
        Some(&after.model),
    );
    push(
        CauseKind::ReferenceModelChanged,
        before.reference_model.as_ref(),
        after.reference_model.as_ref(),
    );
    // A twin is decoded from the model; it is made when the reference can run it.
    let (old, new) = (before.twin.as_ref(), after.twin.as_ref());
    if same_model && old.is_some() && new.is_some() {
        push(CauseKind::ReferenceModelChanged, old, new);
    }
    push(
        CauseKind::TokenizerChanged,
        before.tokenizer.as_ref(),
        after.tokenizer.as_ref(),
    );
}

fn push_limits(before: &Receipt, after: &Receipt, comparison: &str, reasons: &mut Vec<Reason>) {
    let changes = limits::changes(&before.limits, &after.limits);
    let is_same = changes == limits::LimitChanges::default();
    let mut push = |kind, fields: Vec<FieldChange>| {
        if !fields.is_empty() {
            reasons.push(Reason::new(kind, comparison, fields));
        }
    };
    push(CauseKind::LimitsLoosened, changes.loosened);
    push(CauseKind::LimitsTightened, changes.tightened);
    if is_same {
        let fields = fields::changed(&before.limits_file, &after.limits_file);
        push(CauseKind::LimitsRenamed, fields);
    }
}

/// Floors are told of where both runs compared anything: else there is nothing that they would judge.
fn push_floors(before: &Receipt, after: &Receipt, comparison: &str, reasons: &mut Vec<Reason>) {
    let is_compared = before.greedy.is_some() && after.greedy.is_some();
    if !is_compared || before.floor == after.floor {
        return;
    }
    let kind = match (&before.floor, &after.floor) {
        (Some(old), Some(new)) => floor_kind(old, new),
        _ => CauseKind::FloorChanged,
    };
    let facts = |floor: &Option<FloorRecord>| {
        let variants = floor.as_ref().map(|floor| {
            let counted = floor.variants.iter().filter(|it| it.left_out.is_none());
            counted.map(|it| it.name.clone()).collect::<Vec<_>>()
        });
        serde_json::json!({ "floor.variants": variants })
    };
    let fields = fields::changed(&facts(&before.floor), &facts(&after.floor));
    reasons.push(Reason::new(kind, comparison, fields));
}

/// Which way all of its distances went.
fn floor_kind(before: &FloorRecord, after: &FloorRecord) -> CauseKind {
    let (old, new) = (distances(before), distances(after));
    if old.len() != new.len() {
        return CauseKind::FloorChanged;
    }
    let pairs = || old.iter().zip(&new);
    let rises = pairs().any(|(old, new)| new > old);
    let falls = pairs().any(|(old, new)| new < old);
    match (rises, falls) {
        (true, false) => CauseKind::FloorRaised,
        (false, true) => CauseKind::FloorLowered,
        _ => CauseKind::FloorChanged,
    }
}

fn distances(floor: &FloorRecord) -> Vec<f64> {
    let rows = floor.positions.iter().chain(&floor.steps);
    let of_row = |it: &JudgedDistances| [it.kl, it.mse, it.max_abs];
    let all = rows.chain([&floor.p90]).flat_map(of_row);
    let all = all.chain([floor.largest_difference]);
    all.map(schemas::number::Finite::get).collect()
}
