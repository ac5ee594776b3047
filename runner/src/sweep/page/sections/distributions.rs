//! How the figures of each comparison are distributed, with the limits drawn: pictures of bars on
//! logarithmic axes, and the same in words for whoever sees no pictures.

use std::fmt::Write as _;

use super::super::histogram::{BARS, Bar, Histogram};
use super::super::markup::Markup;
use super::{View, counted, figure};

const LEFT: f64 = 36.0;
const RIGHT: f64 = 340.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 116.0;

/// The whole part.
pub(in super::super) fn section(page: &mut Markup, view: View<'_>) {
    page.raw("<section aria-labelledby=\"distributions\"><h2 id=\"distributions\">Distributions</h2><p>Rows of all cases; both axes are logarithmic. <span class=\"swatch kept\"></span> within its limits, <span class=\"swatch beyond\"></span> diverged. The line is the limit of a single row; where bits are compared there is none, for any difference diverges.</p>");
    let plan = &view.run.plan;
    for (comparison, compared) in plan.comparisons.iter().zip(&view.gathered.comparisons) {
        page.raw("<h3>")
            .foreign(&comparison.name)
            .raw("</h3><div class=\"plots\">");
        for histogram in &compared.histograms {
            plot(page, histogram);
        }
        page.raw("</div>");
    }
    page.raw("</section>");
}

fn plot(page: &mut Markup, histogram: &Histogram) {
    page.raw("<figure><figcaption>")
        .raw(histogram.measure.title);
    page.raw(" <span class=\"fine\">")
        .raw(histogram.measure.unit)
        .raw("</span></figcaption>");
    let axis = Axis::of(histogram);
    page.raw("<svg class=\"plot\" viewBox=\"0 0 360 150\" role=\"img\" aria-label=\"");
    page.text(in_words(histogram)).raw("\">");
    axis.draw(page);
    if histogram.zero != Bar::default() {
        bar(page, &axis, axis.first, histogram.zero);
    }
    for (&place, &it) in &histogram.bars {
        bar(page, &axis, place, it);
    }
    if histogram.no_number != Bar::default() {
        bar(page, &axis, axis.end, histogram.no_number);
    }
    if let Some(limit) = histogram.limit.filter(|&it| it > 0.0) {
        let x = axis.x(limit.log10() * BARS);
        page.raw("<path class=\"limit\" d=\"M").text(number(x));
        page.raw(" 8V116\"/><text class=\"limit\" text-anchor=\"middle\" y=\"8\" x=\"");
        page.text(number(x.clamp(LEFT + 16.0, RIGHT - 16.0)))
            .raw("\">")
            .text(figure(limit))
            .raw("</text>");
    }
    page.raw("</svg></figure>");
}

/// Places along the horizontal axis, as bars are numbered: zeros are at its left end, what is no
/// number at its right end.
struct Axis {
    first: i32,
    end: i32,
    most: u64,
}

impl Axis {
    fn of(histogram: &Histogram) -> Self {
        let limit = histogram.limit.filter(|&it| it > 0.0);
        let limit = limit.map(|it| (it.log10() * BARS).floor() as i32);
        let occupied = || histogram.bars.keys().copied().chain(limit);
        let (lowest, highest) = (
            occupied().min().unwrap_or(-5),
            occupied().max().unwrap_or(0),
        );
        let all = histogram
            .bars
            .values()
            .chain([&histogram.zero, &histogram.no_number]);
        Self {
            // A bar of room at both ends, and a little air.
            first: lowest - 3,
            end: highest + 3,
            most: all
                .map(|it| it.kept + it.diverged)
                .max()
                .unwrap_or(0)
                .max(1),
        }
    }

    fn x(&self, place: f64) -> f64 {
        let share = (place - f64::from(self.first)) / f64::from(self.end + 1 - self.first);
        LEFT + (RIGHT - LEFT) * share
    }

    /// A single row among a million is to be seen: one has a height of its own.
    fn height(&self, count: u64) -> f64 {
        if count == 0 {
            return 0.0;
        }
        let share = (1.0 + (count as f64).log10()) / (1.0 + (self.most as f64).log10());
        (BOTTOM - TOP) * share
    }

    fn draw(&self, page: &mut Markup) {
        page.raw("<path class=\"axis\" d=\"M36 14V116H340\"/>");
        let powers = (self.end - self.first) / BARS as i32 + 1;
        // Every second, third … power where there are many.
        let step = (powers + 5) / 6;
        let lowest = (self.first + 3).div_euclid(BARS as i32);
        for power in (lowest..=lowest + powers).step_by(step.max(1) as usize) {
            let x = self.x(f64::from(power) * BARS);
            if x > LEFT + 16.0 && x < RIGHT - 8.0 {
                page.raw("<path class=\"axis\" d=\"M")
                    .text(number(x))
                    .raw(" 116v4\"/><text text-anchor=\"middle\" y=\"133\" x=\"");
                page.text(number(x)).raw("\">1e").text(power).raw("</text>");
            }
        }
        page.raw("<text text-anchor=\"middle\" y=\"147\" x=\"")
            .text(number(self.x(f64::from(self.first) + 0.5)));
        page.raw("\">0</text><text text-anchor=\"middle\" y=\"147\" x=\"")
            .text(number(self.x(f64::from(self.end) + 0.5)));
        page.raw("\">∞</text>");
        for count in [1, self.most] {
            let y = BOTTOM - self.height(count) + 4.0;
            page.raw("<text text-anchor=\"end\" x=\"32\" y=\"")
                .text(number(y))
                .raw("\">")
                .text(count)
                .raw("</text>");
        }
    }
}

/// What diverged stands on what did not.
fn bar(page: &mut Markup, axis: &Axis, place: i32, bar: Bar) {
    let all = axis.height(bar.kept + bar.diverged);
    let share = bar.diverged as f64 / (bar.kept + bar.diverged) as f64;
    // One diverged row must be seen, however many kept their limits.
    let beyond = if bar.diverged > 0 {
        (all * share).max(6.0).min(all)
    } else {
        0.0
    };
    let (x, width) = (axis.x(f64::from(place)), axis.x(1.0) - axis.x(0.0) - 0.5);
    for (class, top, height) in [
        ("kept", BOTTOM - (all - beyond), all - beyond),
        ("beyond", BOTTOM - all, beyond),
    ] {
        if height > 0.0 {
            page.raw("<rect class=\"")
                .raw(class)
                .raw("\" x=\"")
                .text(number(x));
            page.raw("\" y=\"")
                .text(number(top))
                .raw("\" width=\"")
                .text(number(width.max(0.5)));
            page.raw("\" height=\"").text(number(height)).raw("\"/>");
        }
    }
}

/// A tenth of a pixel is enough.
fn number(value: f64) -> String {
    format!("{value:.1}")
}

fn in_words(histogram: &Histogram) -> String {
    let count = |bar: &Bar| bar.kept + bar.diverged;
    let bars = || histogram.bars.values();
    let all: u64 =
        bars().map(count).sum::<u64>() + count(&histogram.zero) + count(&histogram.no_number);
    let diverged: u64 = bars().map(|it| it.diverged).sum::<u64>()
        + histogram.zero.diverged
        + histogram.no_number.diverged;
    let mut words = format!(
        "{} of {}: {} diverged, {} exactly 0",
        histogram.measure.title,
        counted(all, "row"),
        diverged,
        count(&histogram.zero)
    );
    if let (Some(first), Some(last)) = (
        histogram.bars.keys().next(),
        histogram.bars.keys().next_back(),
    ) {
        let value = |place: i32| figure(10f64.powf(f64::from(place) / BARS));
        // Writing to a string cannot fail.
        let _ = write!(
            words,
            ", the others from {} to {}",
            value(*first),
            value(last + 1)
        );
    }
    match histogram.limit {
        Some(limit) => words + &format!("; the limit is {}", figure(limit)),
        None => words + "; no limit of a single row",
    }
}
