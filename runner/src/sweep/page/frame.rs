//! What is around the parts of the page: its policy, style, ways to its parts, data and script.

use crate::judge;
use schemas::run_summary::RunSummary;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::markup::{Markup, base64};

/// In this order: what comes later uses what came before.
const SCRIPT: &str = concat!(
    include_str!("assets/base.js"),
    include_str!("assets/map.js"),
    include_str!("assets/draw.js"),
    include_str!("assets/cases.js"),
    include_str!("assets/start.js")
);
const STYLE: &str = include_str!("assets/page.css");

/// All before the first part.
pub(super) fn head(page: &mut Markup, summary: &RunSummary) {
    let word = judge::word(summary.verdict);
    page.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    page.raw("base-uri 'none'; form-action 'none'; script-src 'sha256-")
        .text(hash(SCRIPT))
        .raw("'; style-src 'sha256-")
        .text(hash(STYLE))
        .raw("'\">");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">");
    page.raw("<meta name=\"referrer\" content=\"no-referrer\"><title>");
    page.text(word).raw(": ").text(&summary.name);
    page.raw("</title><style>").raw(STYLE);
    page.raw("</style></head>\n<body><a class=\"skip\" href=\"#main\">To the verdict</a><header>");
    page.raw("<p class=\"name\">Lockstep run <strong>");
    page.foreign(&summary.name).raw("</strong></p>");
    page.raw("<nav aria-label=\"Parts of the report\"><a href=\"#map\">Map</a> ");
    page.raw("<a href=\"#worst\">Worst positions</a> ");
    page.raw("<a href=\"#distributions\">Distributions</a> ");
    page.raw("<a href=\"#cases\">Cases</a> <a href=\"#identities\">What ran</a></nav>");
    page.raw("<button type=\"button\" id=\"theme\" hidden>Dark</button></header>");
    page.raw("<main id=\"main\" tabindex=\"-1\">");
}

/// Where the script draws the map.
pub(super) fn map(page: &mut Markup) {
    page.raw("<section aria-labelledby=\"map\"><h2 id=\"map\">Cases by position</h2>");
    page.raw("<div id=\"map-place\"><p class=\"fine\">The map needs this page's own script; what ");
    page.raw("broke is said above and below without it.</p></div></section>");
}

/// Where it puts the cases.
pub(super) fn cases(page: &mut Markup) {
    page.raw("<section aria-labelledby=\"cases\"><h2 id=\"cases\">Cases</h2>");
    page.raw("<div id=\"case-list\"><p class=\"fine\">The details of each case need this page's ");
    page.raw("own script.</p></div></section>");
}

/// All behind the last part.
pub(super) fn foot(page: &mut Markup, data: &impl Serialize) {
    page.raw("</main><script type=\"application/json\" id=\"data\">");
    page.data(data);
    page.raw("</script><script>").raw(SCRIPT);
    page.raw("</script></body></html>\n");
}

/// As a policy names a script or a style.
fn hash(text: &str) -> String {
    base64(&Sha256::digest(text.as_bytes()))
}
