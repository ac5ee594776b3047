//! What a reader wants to know first: did it pass, what broke, where, what is missing.

use crate::judge;
use std::collections::BTreeMap;

use schemas::run_summary::RunProblemKind;

use super::super::entry::{Entry, verdict_class};
use super::super::markup::Markup;
use super::{View, badge, counted, link, place};

/// Cases that are named at the top, and what else is wrong with a run.
const NAMED: usize = 5;

/// The whole part.
pub(in super::super) fn section(page: &mut Markup, view: View<'_>) {
    let summary = view.summary;
    let word = judge::word(summary.verdict);
    // Whatever the compared cases say: what is no pass does not look like one.
    let class = match (verdict_class(word), summary.exit.code) {
        ("good", 1..) => "unsure",
        (class, _) => class,
    };
    page.raw("<section class=\"verdict ").text(class);
    page.raw("\" aria-labelledby=\"verdict\"><h1 id=\"verdict\"><span class=\"mark\" aria-hidden=\"true\">")
        .raw(mark(class))
        .raw("</span> ")
        .text(word)
        .raw("</h1><p class=\"headline\">")
        .text(headline(view.entries))
        .raw("</p>");
    if let Some(worst) = view.gathered.places.first().map(|&it| &view.entries[it])
        && !worst.is_sound()
    {
        page.raw("<p class=\"first\">First to look at: ");
        link(page, worst);
        page.raw(" — ").foreign(worst.reason()).raw("</p>");
    }
    page.raw("<p class=\"fine\">").foreign(&summary.reason);
    page.raw(" — exit code <strong>")
        .text(summary.exit.code)
        .raw("</strong> (");
    page.text(&summary.exit.name).raw(")</p>");
    tally(page, view.entries);
    page.raw("</section>");
    broken(page, view);
    problems(page, view);
}

fn mark(class: &str) -> &'static str {
    match class {
        "good" => "✓",
        "unsure" | "missing" => "?",
        _ => "✗",
    }
}

/// How many cases came to which verdict, the gravest first.
fn counts(entries: &[Entry<'_>]) -> Vec<(&'static str, u64)> {
    let mut counts: BTreeMap<(u8, &'static str), u64> = BTreeMap::new();
    for entry in entries {
        *counts
            .entry((entry.exit().place(), entry.word()))
            .or_default() += 1;
    }
    let counts = counts.into_iter().map(|((_, word), count)| (word, count));
    counts.collect()
}

fn headline(entries: &[Entry<'_>]) -> String {
    let all = entries.len() as u64;
    let sound = entries.iter().filter(|it| it.is_sound()).count() as u64;
    if all == 0 {
        return "Nothing was planned, so nothing was compared.".to_owned();
    }
    if sound == all {
        return format!("{}: all as they should be.", counted(all, "case"));
    }
    let unsound = counts(entries)
        .into_iter()
        .filter(|(word, _)| verdict_class(word) != "good");
    let unsound = unsound.map(|(word, count)| format!("{count} {word}"));
    let unsound = unsound.collect::<Vec<_>>().join(", ");
    format!(
        "Of {} {unsound}; {sound} as they should be.",
        counted(all, "case")
    )
}

fn where_it_broke(entry: &Entry<'_>) -> String {
    let first_bad = entry.summary.and_then(|it| it.first_bad);
    first_bad.map_or("before any row".to_owned(), place)
}

/// A bar of all cases, and its legend, which is a text of its own.
fn tally(page: &mut Markup, entries: &[Entry<'_>]) {
    let counts = counts(entries);
    page.raw("<svg class=\"tally\" viewBox=\"0 0 1000 20\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    let (mut from, all) = (0.0, entries.len().max(1) as f64);
    for (word, count) in &counts {
        // One case in ten thousand is still to be seen.
        let width = (*count as f64 / all * 1000.0).max(4.0);
        page.raw("<rect y=\"0\" height=\"20\" x=\"")
            .text(format_args!("{from:.1}"));
        page.raw("\" width=\"").text(format_args!("{width:.1}"));
        page.raw("\" class=\"")
            .text(verdict_class(word))
            .raw("\"/>");
        from += width;
    }
    page.raw("</svg><ul class=\"legend\">");
    for (word, count) in &counts {
        page.raw("<li><span class=\"swatch ")
            .text(verdict_class(word))
            .raw("\"></span> ");
        page.text(count).raw(" ").text(word).raw("</li>");
    }
    page.raw("</ul>");
}

/// The worst cases, each with its reason.
fn broken(page: &mut Markup, view: View<'_>) {
    let of_page = view.gathered.places.iter().zip(&view.gathered.cases);
    let of_page = of_page.map(|(&place, case)| (&view.entries[place], case));
    let broken: Vec<_> = of_page.filter(|(entry, _)| !entry.is_sound()).collect();
    if broken.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"broken\"><h2 id=\"broken\">What broke</h2><div class=\"scroll\"><table class=\"stack\"><thead><tr><th scope=\"col\">Verdict</th><th scope=\"col\">Case</th><th scope=\"col\">Where</th><th scope=\"col\">Why</th><th scope=\"col\">Comparison</th></tr></thead><tbody>");
    for (entry, case) in broken.iter().take(NAMED) {
        page.raw("<tr><td>");
        badge(page, entry.word());
        page.raw("</td><td class=\"name\">");
        link(page, entry);
        page.raw("</td><td class=\"where\">")
            .text(where_it_broke(entry));
        page.raw("</td><td>").foreign(entry.reason());
        page.raw("<br><code class=\"fine\">");
        page.command(case.commands.first().map_or("", String::as_str));
        page.raw("</code></td><td>")
            .foreign(&entry.planned.comparison);
        page.raw("</td></tr>");
    }
    page.raw("</tbody></table></div>");
    let all = view.entries.iter().filter(|it| !it.is_sound()).count();
    if all > NAMED {
        page.raw("<p class=\"fine\">And ")
            .text(all - NAMED)
            .raw(" more: see the map and the cases below.</p>");
    }
    page.raw("</section>");
}

/// What is wrong with the run itself, but for missing cases, which are named above.
fn problems(page: &mut Markup, view: View<'_>) {
    let problems = view.summary.problems.iter();
    let problems: Vec<_> = problems
        .filter(|it| it.kind != RunProblemKind::Missing)
        .collect();
    if problems.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"problems\"><h2 id=\"problems\">What is wrong with the run itself</h2><ul>");
    for problem in problems.iter().take(NAMED) {
        page.raw("<li><strong>")
            .raw(problem_word(problem.kind))
            .raw("</strong> case <code>");
        page.foreign(&problem.case)
            .raw("</code>: ")
            .foreign(&problem.detail)
            .raw("</li>");
    }
    page.raw("</ul>");
    if let Some(more) = problems.len().checked_sub(NAMED).filter(|&it| it > 0) {
        page.raw("<p class=\"fine\">And ")
            .text(more)
            .raw(" more, in summary.json.</p>");
    }
    page.raw("</section>");
}

fn problem_word(kind: RunProblemKind) -> &'static str {
    match kind {
        RunProblemKind::Missing => "missing",
        RunProblemKind::Conflicting => "conflicting",
        RunProblemKind::MixedBuild => "of another build",
        RunProblemKind::Unsound => "not to be believed",
        RunProblemKind::Unplanned => "not planned",
    }
}
