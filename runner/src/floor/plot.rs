//! A picture of a floor: the KL distance of every variant over the positions, as SVG. Pure, and the
//! same bytes for the same floor.
//!
//! Distances span many powers of ten from one position to the next, so the axis is logarithmic and
//! each distance is a dot: lines would only be a tangle. A distance of 0 has no place on such an axis;
//! the legend counts them. The black line is the floor that a comparison is judged by.

use std::fmt::Write as _;

use schemas::floor::{FloorFile, MeasuredVariant};

use super::percentile::Sorted;
use crate::svg::{number, text};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 690.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 430.0;

/// Told apart by people who see colours differently, too (Okabe and Ito); after them the same in grey
/// tones, should there be more variants.
const COLOURS: [&str; 10] = [
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#b8a800", "#7f7f7f",
    "#4d4d4d", "#b3b3b3",
];

/// The picture of one floor.
pub fn svg(floor: &FloorFile, prompt: &str) -> String {
    let measured = floor.variants.iter().filter(|it| !it.rows.is_empty());
    let mut series: Vec<Series> = measured.map(Series::of).collect();
    let drawn = series.iter_mut().filter(|it| it.zeros() < it.values.len());
    for (series, colour) in drawn.zip(COLOURS.iter().cycle()) {
        series.colour = colour;
    }
    let limit = limit(&series);
    let scale = Scale::of(&series, floor.tokens.len());
    let mut picture = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        picture,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 \
         {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>"
    );
    let title = format!(
        "{} against itself on {}, prompt {prompt}: KL distance by position",
        floor.base.name, floor.model.label
    );
    text(&mut picture, (LEFT, 28.0), "start", "15", &title);
    scale.draw_axes(&mut picture);
    for series in &series {
        let colour = series.colour;
        let dots = series.values.iter().enumerate();
        let dots = dots.filter(|(_, value)| **value > 0.0);
        let dots =
            dots.map(|(position, &value)| format!("M{} {}h0", scale.x(position), scale.y(value)));
        let _ = writeln!(
            picture,
            "<path d=\"{}\" stroke=\"{colour}\" stroke-width=\"4\" stroke-linecap=\"round\" \
             stroke-opacity=\"0.75\" fill=\"none\"/>",
            dots.collect::<String>()
        );
    }
    let points = limit.iter().enumerate().filter(|(_, value)| **value > 0.0);
    let points =
        points.map(|(position, &value)| format!("{},{}", scale.x(position), scale.y(value)));
    let _ = writeln!(
        picture,
        "<polyline points=\"{}\" stroke=\"black\" stroke-width=\"1.2\" fill=\"none\"/>",
        points.collect::<Vec<_>>().join(" ")
    );
    draw_legend(&mut picture, &series);
    picture.push_str("</svg>\n");
    picture
}

/// The distances of one variant.
struct Series {
    name: String,
    /// Of what has something to draw.
    colour: &'static str,
    // [position]
    values: Vec<f64>,
}

impl Series {
    fn of(measured: &MeasuredVariant) -> Self {
        Self {
            name: measured.variant.name.clone(),
            colour: "none",
            values: measured.rows.iter().map(|row| row.kl.get()).collect(),
        }
    }

    /// Rounding can take the KL of equal rows below 0.
    fn zeros(&self) -> usize {
        self.values.iter().filter(|value| **value <= 0.0).count()
    }
}

/// The largest distance at each position, and nowhere less than the 90th percentile of these.
fn limit(series: &[Series]) -> Vec<f64> {
    let rows = series.iter().map(|it| it.values.len()).min().unwrap_or(0);
    let largest = |row: usize| series.iter().map(|it| it.values[row]).fold(0.0, f64::max);
    let largest: Vec<f64> = (0..rows).map(largest).collect();
    let least = Sorted::new(largest.iter().copied()).percentile(90);
    let least = least.unwrap_or(0.0);
    largest.into_iter().map(|value| value.max(least)).collect()
}

/// Where things lie on the paper.
struct Scale {
    positions: usize,
    /// Powers of ten.
    lowest: i32,
    highest: i32,
}

impl Scale {
    fn of(series: &[Series], positions: usize) -> Self {
        let values = series.iter().flat_map(|it| &it.values).copied();
        let logs = values.filter(|&value| value > 0.0).map(f64::log10);
        let logs: Vec<f64> = logs.collect();
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lowest = logs.iter().copied().fold(f64::INFINITY, f64::min);
        if logs.is_empty() {
            return Self {
                positions,
                lowest: -1,
                highest: 0,
            };
        }
        // Rounding leaves KLs of 1e-17 where rows are equal but for a bit: nobody wants to see them.
        let highest = highest.ceil() as i32;
        let lowest = (lowest.floor() as i32).max(highest - 8).min(highest - 1);
        Self {
            positions,
            lowest,
            highest,
        }
    }

    fn x(&self, position: usize) -> String {
        let last = self.positions.saturating_sub(1).max(1) as f64;
        number(LEFT + (RIGHT - LEFT) * position as f64 / last)
    }

    /// What is below the axis lies on it.
    fn y(&self, value: f64) -> String {
        let share =
            (value.log10() - f64::from(self.lowest)) / f64::from(self.highest - self.lowest);
        number(BOTTOM - (BOTTOM - TOP) * share.clamp(0.0, 1.0))
    }

    fn draw_axes(&self, picture: &mut String) {
        for power in self.lowest..=self.highest {
            let y = self.y(10f64.powi(power));
            let _ = writeln!(
                picture,
                "<path d=\"M{LEFT} {y}H{RIGHT}\" stroke=\"#dddddd\" fill=\"none\"/>"
            );
            let y: f64 = y.parse().unwrap_or(BOTTOM);
            text(
                picture,
                (LEFT - 8.0, y + 4.0),
                "end",
                "12",
                &format!("1e{power}"),
            );
        }
        let step = step(self.positions);
        for position in (0..self.positions).step_by(step) {
            let x: f64 = self.x(position).parse().unwrap_or(LEFT);
            text(
                picture,
                (x, BOTTOM + 18.0),
                "middle",
                "12",
                &position.to_string(),
            );
        }
        text(
            picture,
            (f64::midpoint(LEFT, RIGHT), BOTTOM + 40.0),
            "middle",
            "12",
            "position",
        );
        let _ = writeln!(
            picture,
            "<path d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\" stroke=\"black\" fill=\"none\"/>"
        );
    }
}

/// A round number of positions, so that ten labels or fewer stand below the axis.
fn step(positions: usize) -> usize {
    let steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
    let fits = steps.into_iter().find(|step| positions <= step * 10);
    fits.unwrap_or(positions.div_ceil(10).max(1))
}

fn draw_legend(picture: &mut String, series: &[Series]) {
    let mut y = TOP + 10.0;
    let x = RIGHT + 24.0;
    for series in series {
        let note = match series.zeros() {
            0 => String::new(),
            all if all == series.values.len() => ": 0 everywhere".to_owned(),
            some => format!(": 0 at {some}"),
        };
        let _ = writeln!(
            picture,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"4\" fill=\"{}\" stroke=\"#b3b3b3\"/>",
            series.colour
        );
        let label = format!("{}{note}", series.name);
        text(picture, (x + 12.0, y + 4.0), "start", "12", &label);
        y += 20.0;
    }
    let _ = writeln!(
        picture,
        "<path d=\"M{} {y}h16\" stroke=\"black\" stroke-width=\"1.2\"/>",
        x - 8.0
    );
    text(picture, (x + 12.0, y + 4.0), "start", "12", "the floor");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Series {
        Series {
            name: "x".to_owned(),
            colour: "red",
            values: values.to_vec(),
        }
    }

    #[test]
    fn the_axis_holds_what_is_there_and_no_rounding_noise() {
        let scale = Scale::of(&[series(&[0.0, 3e-4, 2e-2]), series(&[1e-17; 3])], 3);
        assert_eq!((scale.lowest, scale.highest), (-9, -1));
        assert_eq!(scale.y(1e-1), number(TOP));
        assert_eq!(scale.y(1e-17), number(BOTTOM), "on the axis");
        assert_eq!((scale.x(0), scale.x(2)), (number(LEFT), number(RIGHT)));
        // Nothing but zeros, or nothing at all, is drawn as an empty picture.
        let empty = Scale::of(&[series(&[0.0])], 1);
        assert!(empty.lowest < empty.highest && empty.x(0) == number(LEFT));
    }

    #[test]
    fn the_floor_is_nowhere_less_than_its_90th_percentile() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        let limit = limit(&[series(&values), series(&[0.0; 10])]);
        assert_eq!(limit[..9], [9.0; 9]);
        assert_eq!(limit[9], 10.0);
    }
}
