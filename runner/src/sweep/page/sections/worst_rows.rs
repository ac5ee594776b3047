//! The rows that are worth a look, each with the tokens before it and what both engines would say next.

use crate::judge;
use std::collections::BTreeSet;

use schemas::number::Finite;
use schemas::receipt::Verdict;
use schemas::row::Metrics;
use schemas::run_summary::RowPlace;

use super::super::likely::{self, Likely};
use super::super::markup::Markup;
use super::super::worst::WorstRow;
use super::{View, badge, figure, figure_or_beyond, link, place};

/// The likeliest tokens of each row, where its logits were kept.
pub(in super::super) type Tops = Vec<Option<[Vec<Likely>; 2]>>;

/// Reads them, in the order of the worst rows.
pub(in super::super) fn tops(
    view_run: &crate::sweep::folder::RunFolder,
    worst: &[WorstRow],
    ids: &[&str],
) -> Tops {
    let of_row = |row: &WorstRow| {
        let folder = view_run.case(ids.get(row.entry)?);
        likely::top(&folder, row.place, row.kept)
    };
    worst.iter().map(of_row).collect()
}

/// The whole part.
pub(in super::super) fn section(page: &mut Markup, view: View<'_>, tops: &Tops) {
    page.raw("<section aria-labelledby=\"worst\"><h2 id=\"worst\">Worst positions</h2>");
    let worst = &view.gathered.worst;
    if worst.is_empty() {
        page.raw("<p>None: no compared row differs in anything.</p></section>");
        return;
    }
    if worst.iter().all(|it| it.row.verdict != Verdict::Diverged) {
        page.raw("<p>No row diverged. These are the farthest.</p>");
    } else {
        page.raw("<p>Of the worst cases the row where each begins to diverge, and the row where it is farthest. Shaded tokens are not among the other engine's five likeliest.</p>");
    }
    for (row, top) in worst.iter().zip(tops) {
        article(page, view, row, top.as_ref());
    }
    page.raw("</section>");
}

fn article(page: &mut Markup, view: View<'_>, worst: &WorstRow, top: Option<&[Vec<Likely>; 2]>) {
    let entry = &view.entries[worst.entry];
    page.raw("<article class=\"row\"><h3>");
    badge(page, judge::word(worst.row.verdict));
    page.raw(" ");
    link(page, entry);
    page.raw(", ")
        .text(place(worst.place))
        .raw("</h3><p class=\"context\">");
    if worst.tokens.len() > 1 {
        page.raw("<span class=\"label\">after</span> ");
    }
    let last = worst.tokens.len().saturating_sub(1);
    for (at, &token) in worst.tokens.iter().enumerate() {
        if at == last && matches!(worst.place, RowPlace::Position(_)) {
            page.raw(" <span class=\"label\">at</span> <strong>");
            view.token(page, entry, token);
            page.raw("</strong>");
        } else {
            view.token(page, entry, token);
        }
    }
    page.raw("</p>");
    // What is no further than DRIFT breaks the limits of MATCH, which is nothing to look at.
    if worst.row.verdict == Verdict::Diverged {
        for broken in &worst.row.broken {
            page.raw("<p class=\"short\">").foreign(broken).raw("</p>");
        }
    }
    match &worst.row.metrics {
        Some(metrics) => figures(page, worst, metrics),
        None => not_finite(page, worst),
    }
    match (top, &worst.row.metrics) {
        (Some(top), _) => both_tops(page, view, worst, top),
        (None, Some(metrics)) => first_choices(page, view, worst, metrics),
        (None, None) => {}
    }
    page.raw("</article>");
}

fn figures(page: &mut Markup, worst: &WorstRow, metrics: &Metrics) {
    page.raw("<dl class=\"figures\">");
    let mut fact = |name: &'static str, value: String| {
        page.raw("<div><dt>")
            .raw(name)
            .raw("</dt><dd>")
            .text(value)
            .raw("</dd></div>");
    };
    let gap = metrics.reference_top2_gap.map(|it| figure(it.get()));
    let nmse = metrics.shift_removed.nmse.map(|it| figure(it.get()));
    fact("KL", figure(metrics.kl.get()));
    fact("largest difference", figure(metrics.max_abs.get()));
    fact("NMSE", nmse.unwrap_or("none".to_owned()));
    fact("reference's top-2 gap", gap.unwrap_or("none".to_owned()));
    fact("logits with other bits", worst.row.differing.to_string());
    if let (Some(floor), Some(excess)) = (&worst.floor, &worst.row.excess) {
        let both = |floor: Finite, excess: Option<Finite>| {
            format!("{} × {}", figure_or_beyond(excess), figure(floor.get()))
        };
        fact("KL: excess × floor", both(floor.kl, excess.kl));
        fact("MSE: excess × floor", both(floor.mse, excess.mse));
        fact(
            "max abs: excess × floor",
            both(floor.max_abs, excess.max_abs),
        );
    }
    page.raw("</dl>");
}

fn not_finite(page: &mut Markup, worst: &WorstRow) {
    page.raw("<p>Numbers that are not finite: candidate ");
    page.text(worst.row.candidate_non_finite.count)
        .raw(", reference ");
    page.text(worst.row.reference_non_finite.count).raw("</p>");
}

fn both_tops(page: &mut Markup, view: View<'_>, worst: &WorstRow, top: &[Vec<Likely>; 2]) {
    let [candidate, reference] = top;
    page.raw("<div class=\"pair\">");
    one_top(
        page,
        view,
        worst,
        ("Candidate says next", candidate),
        reference,
    );
    one_top(
        page,
        view,
        worst,
        ("Reference says next", reference),
        candidate,
    );
    page.raw("</div>");
}

fn one_top(
    page: &mut Markup,
    view: View<'_>,
    worst: &WorstRow,
    (title, own): (&'static str, &[Likely]),
    other: &[Likely],
) {
    let entry = &view.entries[worst.entry];
    let others: BTreeSet<u32> = other.iter().map(|it| it.id).collect();
    page.raw("<table class=\"small top\"><caption>").raw(title);
    page.raw("</caption><thead><tr><th scope=\"col\">token</th><th scope=\"col\">id</th><th scope=\"col\">logit</th><th scope=\"col\">probability</th></tr></thead><tbody>");
    for token in own {
        let is_shared = others.contains(&token.id);
        page.raw(if is_shared {
            "<tr>"
        } else {
            "<tr class=\"alone\">"
        })
        .raw("<td>");
        view.token(page, entry, token.id);
        page.raw("</td><td>").text(token.id);
        page.raw("</td><td>").text(figure(token.logit));
        page.raw("</td><td>")
            .text(percent(token.probability))
            .raw("</td></tr>");
    }
    page.raw("</tbody></table>");
}

fn percent(probability: f64) -> String {
    if probability.is_finite() {
        format!("{:.2} %", probability * 100.0)
    } else {
        "none".to_owned()
    }
}

/// Without the logits there is the first choice of each.
fn first_choices(page: &mut Markup, view: View<'_>, worst: &WorstRow, metrics: &Metrics) {
    let entry = &view.entries[worst.entry];
    page.raw("<p class=\"context\"><span class=\"label\">candidate says next</span> ");
    view.token(page, entry, metrics.candidate_top1);
    page.raw(" <span class=\"label\">reference says next</span> ");
    view.token(page, entry, metrics.reference_top1);
    page.raw(" <span class=\"label\">which the candidate has at rank ");
    page.text(metrics.reference_top1_rank)
        .raw(" (the first is 0)</span></p>");
}
