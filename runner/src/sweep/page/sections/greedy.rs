//! Where greedy decoding went apart: both engines' tokens, one above the other.

use super::super::case_data::Trace;
use super::super::entry::Entry;
use super::super::markup::Markup;
use super::{View, badge, link};

/// Cases that are shown here; every case shows its own further below.
const SHOWN: usize = 6;

/// The whole part.
pub(in super::super) fn section(page: &mut Markup, view: View<'_>) {
    let cases = view.gathered.places.iter().zip(&view.gathered.cases);
    let mut apart: Vec<(&Entry<'_>, &Trace)> = Vec::new();
    let mut agreed = 0;
    for (&place, case) in cases {
        let mut traces = case.traces().peekable();
        let has_steps = traces.peek().is_some();
        match traces.find(|it| it.first_difference.is_some()) {
            Some(trace) => apart.push((&view.entries[place], trace)),
            None => agreed += usize::from(has_steps),
        }
    }
    if apart.is_empty() && agreed == 0 {
        return;
    }
    page.raw("<section aria-labelledby=\"greedy\"><h2 id=\"greedy\">Greedy traces</h2><p>");
    page.text(agreed).raw(" of ").text(agreed + apart.len());
    page.raw(" traces choose the same tokens throughout.</p>");
    for (entry, trace) in apart.iter().take(SHOWN) {
        page.raw("<article class=\"row\"><h3>");
        badge(page, entry.word());
        page.raw(" ");
        link(page, entry);
        let at = trace.first_difference.unwrap_or_default();
        page.raw(", apart at step ").text(at).raw("</h3>");
        lines(page, view, entry, trace);
        page.raw("</article>");
    }
    if let Some(more) = apart.len().checked_sub(SHOWN).filter(|&it| it > 0) {
        page.raw("<p class=\"fine\">And ")
            .text(more)
            .raw(" more: each case shows its own below.</p>");
    }
    page.raw("</section>");
}

fn lines(page: &mut Markup, view: View<'_>, entry: &Entry<'_>, trace: &Trace) {
    let candidate = trace.candidate.as_ref().unwrap_or(&trace.reference);
    page.raw("<div class=\"scroll\"><table class=\"trace\"><tbody>");
    for (name, ids) in [("candidate", candidate), ("reference", &trace.reference)] {
        page.raw("<tr><th scope=\"row\">").raw(name).raw("</th>");
        for (step, &id) in (trace.from..).zip(ids) {
            page.raw(match trace.first_difference {
                Some(first) if step == first => "<td class=\"apart\">",
                Some(first) if step > first => "<td class=\"behind\">",
                _ => "<td>",
            });
            view.token(page, entry, id);
            page.raw("</td>");
        }
        page.raw("</tr>");
    }
    page.raw("</tbody></table></div>");
}
