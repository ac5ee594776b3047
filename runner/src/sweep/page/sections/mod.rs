//! The parts of the page that need no script, from top to bottom.

pub(super) mod comparisons;
pub(super) mod distributions;
pub(super) mod greedy;
pub(super) mod identities;
pub(super) mod verdict;
pub(super) mod worst_rows;

use std::collections::BTreeMap;

use schemas::number::Finite;
use schemas::plan::PlannedCase;
use schemas::run_summary::{RowPlace, RunSummary};

use super::entry::{Entry, verdict_class};
use super::gather::{Gathered, model_of};
use super::markup::Markup;
use super::vocabulary::Vocabulary;
use crate::sweep::folder::RunFolder;

/// What the parts are made of.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) run: &'a RunFolder,
    pub(super) summary: &'a RunSummary,
    /// In the plan's order.
    pub(super) entries: &'a [Entry<'a>],
    pub(super) gathered: &'a Gathered,
    /// By the model's label.
    pub(super) vocabularies: &'a BTreeMap<String, Vocabulary>,
}

impl View<'_> {
    /// A token as the reader sees it: its text, or its id where no text is known.
    fn token(&self, page: &mut Markup, entry: &Entry<'_>, id: u32) {
        let vocabulary = self.vocabularies.get(&model_of(&self.run.plan, entry));
        match vocabulary.and_then(|it| it.get(id)) {
            // Escaped already, and its backslashes must not be doubled again.
            Some(text) => page
                .raw("<span class=\"token\"><bdi>")
                .shown(text)
                .raw("</bdi></span>"),
            None => page
                .raw("<span class=\"token id\">")
                .text(id)
                .raw("</span>"),
        };
    }
}

/// A verdict in its colour; the word is always there, for whoever sees no colours.
fn badge(page: &mut Markup, word: &str) {
    page.raw("<span class=\"badge ")
        .text(verdict_class(word))
        .raw("\">")
        .text(word)
        .raw("</span>");
}

/// The way to a case's details.
fn link(page: &mut Markup, entry: &Entry<'_>) {
    let planned = entry.planned;
    page.raw("<a href=\"#case-")
        .text(entry.id())
        .raw("\">")
        .foreign(name_of(planned))
        .raw("</a>");
}

/// Its prompt; the same prompt may be there in several templates.
fn name_of(planned: &PlannedCase) -> String {
    let name = format!("{} / {}", planned.prompt_set, planned.prompt);
    match planned.template.as_str() {
        "raw" => name,
        template => format!("{name} · {template}"),
    }
}

fn place(place: RowPlace) -> String {
    match place {
        RowPlace::Position(position) => format!("position {position}"),
        RowPlace::Step(step) => format!("greedy step {step}"),
    }
}

/// A number for people: four digits.
fn figure(value: f64) -> String {
    let size = value.abs();
    match value {
        0.0 => "0".to_owned(),
        _ if size.is_finite() && !(1e-3..1e5).contains(&size) => format!("{value:.3e}"),
        _ if size >= 100.0 => format!("{value:.1}"),
        _ if size >= 1.0 => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}

/// The same of a number that may be beyond all numbers.
fn figure_or_beyond(value: Option<Finite>) -> String {
    value.map_or("beyond all numbers".to_owned(), |it| figure(it.get()))
}

/// `1 case`, `2 cases`.
fn counted(count: u64, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 1.0, -0.5, 1.23456e-7, 123.456, 3e9].map(figure);
        assert_eq!(
            shown,
            ["0", "1.000", "-0.5000", "1.235e-7", "123.5", "3.000e9"]
        );
        assert_eq!(figure(f64::NAN), "NaN");
        assert_eq!(figure_or_beyond(None), "beyond all numbers");
    }
}
