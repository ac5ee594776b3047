//! A picture of a trend as SVG: a panel for each comparison, runs from left to right. Pure, and the same
//! bytes for the same trend.
//!
//! Distances of one run and another may be powers of ten apart, so the axis is logarithmic. A figure of 0
//! has no place on it and is drawn hollow, on the line at the bottom. A dotted line stands where something
//! that decides results changed: what is left and right of it is not the same question. Below each run
//! is how it ended, by shape as well as colour. The paper is white, so that it can be read on any.

use std::fmt::Write as _;

use schemas::diff::CauseKind;
use schemas::floor::{CaseExcess, ExcessStatistics};
use schemas::number::Finite;
use schemas::trend::{ComparisonTrend, Mark, Trend, TrendPoint};

use super::text::word;
use crate::svg::{number, text};

const WIDTH: f64 = 960.0;
const PANEL: f64 = 320.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 730.0;
/// From the top of a panel.
const TOP: f64 = 80.0;
const BOTTOM: f64 = 250.0;

/// Panels that one picture has; who has more comparisons wants the table.
const PANELS: usize = 24;
/// Powers of ten that an axis spans at most.
const DECADES: i32 = 12;
/// Characters of a run's label that fit; its end tells runs apart.
const LABEL: usize = 12;

/// A figure over the runs. Colours are told apart by people who see them differently, too (Okabe and
/// Ito); medians are dashed.
struct Series {
    name: &'static str,
    colour: &'static str,
    dashes: &'static str,
    of: fn(&TrendPoint) -> Option<f64>,
}

const SERIES: [Series; 5] = [
    Series {
        name: "largest difference",
        colour: "#0072b2",
        dashes: "none",
        of: |point| point.worst.max_abs.map(Finite::get),
    },
    Series {
        name: "its median over cases",
        colour: "#0072b2",
        dashes: "5 4",
        of: |point| point.median.max_abs.map(Finite::get),
    },
    Series {
        name: "largest KL",
        colour: "#d55e00",
        dashes: "none",
        of: |point| point.worst.kl.map(Finite::get),
    },
    Series {
        name: "its median over cases",
        colour: "#d55e00",
        dashes: "5 4",
        of: |point| point.median.kl.map(Finite::get),
    },
    Series {
        name: "median excess over floor",
        colour: "#009e73",
        dashes: "none",
        of: |point| excess(point.excess.as_ref()?),
    },
];

/// Of the metric in which it is largest; what is beyond all numbers is not drawn.
fn excess(excess: &CaseExcess) -> Option<f64> {
    let metrics: [&ExcessStatistics; 3] = [&excess.kl, &excess.mse, &excess.max_abs];
    let medians = metrics.map(|it| it.median.map_or(f64::INFINITY, Finite::get));
    let largest = medians.into_iter().fold(0.0, f64::max);
    largest.is_finite().then_some(largest)
}

/// The picture.
pub(super) fn svg(trend: &Trend) -> String {
    let shown = trend.comparisons.len().min(PANELS);
    let left_out = trend.comparisons.len() - shown;
    let height = PANEL * shown as f64 + if left_out > 0 { 30.0 } else { 0.0 };
    let mut picture = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        picture,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 \
         {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>"
    );
    let tops = (0..).map(|panel| PANEL * f64::from(panel));
    for (comparison, top) in trend.comparisons[..shown].iter().zip(tops) {
        Panel::of(trend, comparison, top).draw(&mut picture);
    }
    if left_out > 0 {
        let words = format!("and {left_out} comparisons more");
        text(&mut picture, (LEFT, height - 10.0), "start", "12", &words);
    }
    picture.push_str("</svg>\n");
    picture
}

/// Where the things of one comparison lie on the paper.
struct Panel<'a> {
    trend: &'a Trend,
    comparison: &'a ComparisonTrend,
    top: f64,
    /// Powers of ten.
    lowest: i32,
    highest: i32,
}

impl<'a> Panel<'a> {
    fn of(trend: &'a Trend, comparison: &'a ComparisonTrend, top: f64) -> Self {
        let points = comparison.points.iter();
        let values = points.flat_map(|point| SERIES.iter().filter_map(|it| (it.of)(point)));
        let logs: Vec<_> = values.filter(|it| *it > 0.0).map(f64::log10).collect();
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lowest = logs.iter().copied().fold(f64::INFINITY, f64::min);
        let (lowest, highest) = if logs.is_empty() {
            (-1, 0)
        } else {
            let highest = highest.ceil() as i32;
            let lowest = lowest.floor() as i32;
            (lowest.max(highest - DECADES).min(highest - 1), highest)
        };
        Self {
            trend,
            comparison,
            top,
            lowest,
            highest,
        }
    }

    fn draw(&self, picture: &mut String) {
        let title = &self.comparison.name;
        text(picture, (LEFT, self.top + 24.0), "start", "15", title);
        self.draw_axis(picture);
        self.draw_marks(picture);
        for series in &SERIES {
            self.draw_series(picture, series);
        }
        self.draw_runs(picture);
        self.draw_legend(picture);
    }

    fn x(&self, run: u64) -> f64 {
        let last = self.trend.runs.len().saturating_sub(1).max(1) as f64;
        LEFT + 30.0 + (RIGHT - LEFT - 60.0) * run as f64 / last
    }

    /// What is below the axis lies on it.
    fn y(&self, value: f64) -> f64 {
        let decades = f64::from(self.highest - self.lowest);
        let share = (value.log10() - f64::from(self.lowest)) / decades;
        self.top + BOTTOM - (BOTTOM - TOP) * share.clamp(0.0, 1.0)
    }

    fn draw_axis(&self, picture: &mut String) {
        let every = if self.highest - self.lowest > 6 { 2 } else { 1 };
        for power in (self.lowest..=self.highest).step_by(every) {
            let y = self.y(10f64.powi(power));
            let _ = writeln!(
                picture,
                "<path d=\"M{LEFT} {}H{RIGHT}\" stroke=\"#dddddd\" fill=\"none\"/>",
                number(y)
            );
            let words = format!("1e{power}");
            text(picture, (LEFT - 8.0, y + 4.0), "end", "12", &words);
        }
        let (top, bottom) = (self.top + TOP, self.top + BOTTOM);
        let _ = writeln!(
            picture,
            "<path d=\"M{LEFT} {top}V{bottom}H{RIGHT}\" stroke=\"black\" fill=\"none\"/>"
        );
    }

    /// Words of neighbouring runs stand on two lines by turns, so that they do not run into each other.
    fn draw_marks(&self, picture: &mut String) {
        let marked = self.comparison.points.iter();
        let marked = marked.filter(|point| !point.since_previous.is_empty());
        for (nth, point) in marked.enumerate() {
            let x = self.x(point.run);
            let is_loosened = |mark: &Mark| mark.kind == CauseKind::LimitsLoosened;
            let colour = if point.since_previous.iter().any(is_loosened) {
                "#c00000"
            } else {
                "#777777"
            };
            let (top, bottom) = (self.top + TOP, self.top + BOTTOM);
            let _ = writeln!(
                picture,
                "<path d=\"M{0} {top}V{bottom}\" stroke=\"{colour}\" stroke-dasharray=\"2 3\" \
                 fill=\"none\"/>",
                number(x)
            );
            let words: Vec<_> = point
                .since_previous
                .iter()
                .map(|it| word(it.kind))
                .collect();
            let y = top - 8.0 - 14.0 * (nth % 2) as f64;
            text(picture, (x, y), "middle", "11", &words.join(", "));
        }
    }

    fn draw_series(&self, picture: &mut String, series: &Series) {
        let points = self.comparison.points.iter();
        let places = points.filter_map(|point| Some((self.x(point.run), (series.of)(point)?)));
        let places: Vec<_> = places.collect();
        let colour = series.colour;
        let line = places.iter().map(|&(x, value)| {
            let y = self.y(value.max(0.0));
            format!("{},{}", number(x), number(y))
        });
        let line: Vec<_> = line.collect();
        let _ = writeln!(
            picture,
            "<polyline points=\"{}\" stroke=\"{colour}\" stroke-width=\"1.5\" \
             stroke-dasharray=\"{}\" fill=\"none\"/>",
            line.join(" "),
            series.dashes
        );
        for &(x, value) in &places {
            let fill = if value > 0.0 { colour } else { "white" };
            let _ = writeln!(
                picture,
                "<circle cx=\"{}\" cy=\"{}\" r=\"3.5\" fill=\"{fill}\" stroke=\"{colour}\"/>",
                number(x),
                number(self.y(value.max(0.0)))
            );
        }
    }

    /// The runs' names, as many as fit, and how this comparison ended.
    fn draw_runs(&self, picture: &mut String) {
        let y = self.top + BOTTOM;
        let every = self.trend.runs.len().div_ceil(8).max(1);
        for (run, x) in self
            .trend
            .runs
            .iter()
            .zip((0..).map(|run| self.x(run)))
            .step_by(every)
        {
            let characters: Vec<char> = run.label.chars().collect();
            let from = characters.len().saturating_sub(LABEL);
            let end: String = characters[from..].iter().collect();
            let label = if from > 0 { format!("…{end}") } else { end };
            text(picture, (x, y + 40.0), "middle", "11", &label);
        }
        for point in &self.comparison.points {
            draw_ending(picture, (self.x(point.run), y + 16.0), point.exit.code == 0);
        }
    }

    fn draw_legend(&self, picture: &mut String) {
        let x = RIGHT + 20.0;
        let mut y = self.top + TOP + 6.0;
        let is_drawn = |series: &&Series| {
            self.comparison
                .points
                .iter()
                .any(|point| (series.of)(point).is_some())
        };
        for series in SERIES.iter().filter(is_drawn) {
            let _ = writeln!(
                picture,
                "<path d=\"M{x} {y}h24\" stroke=\"{}\" stroke-width=\"1.5\" \
                 stroke-dasharray=\"{}\" fill=\"none\"/>",
                series.colour, series.dashes
            );
            text(picture, (x + 32.0, y + 4.0), "start", "12", series.name);
            y += 20.0;
        }
        for (words, passes) in [("passes", true), ("does not pass", false)] {
            draw_ending(picture, (x + 12.0, y), passes);
            text(picture, (x + 32.0, y + 4.0), "start", "12", words);
            y += 20.0;
        }
        for words in ["hollow: 0", "dotted: something changed"] {
            text(picture, (x, y + 4.0), "start", "11", words);
            y += 16.0;
        }
    }
}

fn draw_ending(picture: &mut String, (x, y): (f64, f64), passes: bool) {
    let (x, y) = (number(x), number(y));
    let _ = if passes {
        writeln!(
            picture,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"5\" fill=\"#009e73\"/>"
        )
    } else {
        writeln!(
            picture,
            "<path d=\"M{x} {y}m-5 -5l10 10m0 -10l-10 10\" stroke=\"#c00000\" \
             stroke-width=\"2.5\" fill=\"none\"/>"
        )
    };
}
