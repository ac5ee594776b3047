//! A table of the comparisons: verdict, who against whom, how much was covered, how far it is.

use crate::judge;
use schemas::coverage::{Coverage, CoverageFigure};
use schemas::floor::{CaseExcess, ExcessStatistics};
use schemas::run_summary::ComparisonSummary;

use super::super::markup::Markup;
use super::{View, badge, figure, figure_or_beyond};

/// The whole part.
pub(in super::super) fn section(page: &mut Markup, view: View<'_>) {
    page.raw("<section aria-labelledby=\"comparisons\"><h2 id=\"comparisons\">Comparisons and coverage</h2><div class=\"scroll\"><table class=\"stack\"><thead><tr><th scope=\"col\">Verdict</th><th scope=\"col\">Comparison</th><th scope=\"col\">Cases</th><th scope=\"col\">Coverage</th><th scope=\"col\">Distance over the floor</th></tr></thead><tbody>");
    for comparison in &view.summary.comparisons {
        row(page, view, comparison);
    }
    page.raw("</tbody></table></div></section>");
}

fn row(page: &mut Markup, view: View<'_>, comparison: &ComparisonSummary) {
    page.raw("<tr><td>");
    badge(page, judge::word(comparison.verdict));
    page.raw("</td><td>");
    let planned = view.run.plan.comparisons.iter().enumerate();
    let planned = planned
        .into_iter()
        .find(|(_, it)| it.name == comparison.name);
    if let Some((place, planned)) = planned {
        page.raw("<a href=\"#comparison-")
            .text(place)
            .raw("\"><strong>");
        page.foreign(&planned.candidate)
            .raw("</strong> against <strong>");
        page.foreign(&planned.reference).raw("</strong></a> on ");
        page.foreign(&planned.model)
            .raw(", profile ")
            .text(planned.profile.name());
    } else {
        page.foreign(&comparison.name);
    }
    page.raw("<br><span class=\"fine\">")
        .foreign(&comparison.reason);
    page.raw("</span></td><td><ul class=\"plain\">");
    for count in &comparison.verdicts {
        page.raw("<li>")
            .text(count.cases)
            .raw(" ")
            .text(judge::word(count.verdict))
            .raw("</li>");
    }
    page.raw("</ul></td><td>");
    coverage(page, &comparison.coverage);
    page.raw("</td><td>");
    match &comparison.excess {
        Some(it) => excess(page, it),
        None => {
            page.raw("<span class=\"fine\">no floor</span>");
        }
    }
    page.raw("</td></tr>");
}

fn coverage(page: &mut Markup, coverage: &Coverage) {
    page.raw("<ul class=\"plain\">");
    for limit in &coverage.limits {
        let (found, words) = of_figure(coverage, limit.figure);
        let mark = if coverage.missing.contains(&limit.figure) {
            "<span class=\"short\">✗ "
        } else {
            "<span>✓ "
        };
        page.raw("<li>").raw(mark).text(found).raw(" ").raw(words);
        page.raw("</span> <span class=\"fine\">(needs ")
            .text(limit.value)
            .raw(")</span></li>");
    }
    page.raw("</ul>");
    if coverage.allow_small {
        page.raw("<span class=\"fine\">fewer were allowed</span>");
    }
}

fn of_figure(coverage: &Coverage, figure: CoverageFigure) -> (u64, &'static str) {
    match figure {
        CoverageFigure::Positions => (coverage.positions, "positions"),
        CoverageFigure::Prompts => (coverage.prompts, "prompts"),
        CoverageFigure::LongestPrompt => (coverage.longest_prompt, "positions in one prompt"),
        CoverageFigure::ChatPrompts => (coverage.chat_prompts, "with chat markup"),
        CoverageFigure::CodePrompts => (coverage.code_prompts, "with code"),
    }
}

fn excess(page: &mut Markup, excess: &CaseExcess) {
    page.raw("<table class=\"small\"><thead><tr><td></td><th scope=\"col\">median</th><th scope=\"col\">p99</th><th scope=\"col\">max</th><th scope=\"col\">above 1</th></tr></thead><tbody>");
    let rows: [(&'static str, &ExcessStatistics); 3] = [
        ("KL", &excess.kl),
        ("MSE", &excess.mse),
        ("max abs", &excess.max_abs),
    ];
    for (name, it) in rows {
        page.raw("<tr><th scope=\"row\">").raw(name).raw("</th>");
        for value in [it.median, it.p99, it.max] {
            page.raw("<td>").text(figure_or_beyond(value)).raw("</td>");
        }
        let share = it.share_above.get() * 100.0;
        page.raw("<td>").text(figure(share)).raw(" %</td></tr>");
    }
    page.raw("</tbody></table>");
    for broken in &excess.broken {
        page.raw("<div class=\"short\">")
            .foreign(broken)
            .raw("</div>");
    }
}
