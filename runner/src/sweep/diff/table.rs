//! What differs as CSV: one row for each field of a cause, then one for each case and figure, the
//! verdict first. Of equal runs there is no row, and no head either.

use schemas::diff::{CaseDiff, Cause, RunDiff};
use schemas::number::Finite;
use schemas::run_summary::RowPlace;

use super::cause_word;
use super::text::{figure_name, row};
use crate::judge;
use crate::text::escape_for_terminal;

const HEAD: [&str; 14] = [
    "what",
    "change",
    "subject",
    "cases",
    "id",
    "prompt_set",
    "prompt",
    "figure",
    "before",
    "after",
    "worse",
    "first_bad_before",
    "first_bad_after",
    "causes",
];

/// The table, or nothing.
pub(super) fn csv(diff: &RunDiff) -> Result<String, csv::Error> {
    if diff.causes.is_empty() && diff.cases.is_empty() {
        return Ok(String::new());
    }
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(HEAD)?;
    let rows = diff.causes.iter().flat_map(of_cause);
    for row in rows.chain(diff.cases.iter().flat_map(of_case)) {
        table.write_record(row.map(|cell| escape_for_terminal(&cell)))?;
    }
    let bytes = table
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8(bytes).expect("every cell is text"))
}

fn of_cause(cause: &Cause) -> Vec<[String; 14]> {
    let row = |field: &str, before: &Option<String>, after: &Option<String>| {
        let none = String::new;
        [
            "cause".to_owned(),
            cause_word(cause.kind).to_owned(),
            cause.subject.clone(),
            cause.cases.to_string(),
            none(),
            none(),
            none(),
            field.to_owned(),
            before.clone().unwrap_or_default(),
            after.clone().unwrap_or_default(),
            none(),
            none(),
            none(),
            none(),
        ]
    };
    if cause.fields.is_empty() {
        return vec![row("", &None, &None)];
    }
    let fields = cause.fields.iter();
    fields
        .map(|it| row(&it.field, &it.before, &it.after))
        .collect()
}

fn of_case(case: &CaseDiff) -> Vec<[String; 14]> {
    let prompt = case.prompt.as_ref();
    let place = |place: Option<RowPlace>| place.map_or(String::new(), row);
    let causes: Vec<_> = case.causes.iter().map(|kind| cause_word(*kind)).collect();
    let row = |figure: &str, before: String, after: String, worse: String| {
        [
            "case".to_owned(),
            format!("{:?}", case.change).to_lowercase(),
            case.comparison.clone().unwrap_or_default(),
            String::new(),
            case.id.clone().unwrap_or_default(),
            prompt.map_or(String::new(), |prompt| prompt.set.clone()),
            prompt.map_or(String::new(), |prompt| prompt.name.clone()),
            figure.to_owned(),
            before,
            after,
            worse,
            place(case.before.as_ref().and_then(|it| it.first_bad)),
            place(case.after.as_ref().and_then(|it| it.first_bad)),
            causes.join(" "),
        ]
    };
    let [before, after] = [&case.before, &case.after].map(|outcome| {
        let verdict = outcome.as_ref().map(|it| judge::word(it.verdict));
        verdict.map_or(String::new(), str::to_owned)
    });
    let number = |value: Option<Finite>| value.map_or(String::new(), |it| it.get().to_string());
    let figures = case.figures.iter().map(|it| {
        let [before, after] = [it.before, it.after].map(number);
        row(figure_name(it.figure), before, after, it.worse.to_string())
    });
    [row("verdict", before, after, String::new())]
        .into_iter()
        .chain(figures)
        .collect()
}
