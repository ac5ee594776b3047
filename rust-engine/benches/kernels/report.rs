//! Figures, as they come and as tables.

use rust_engine::kernels::fast::Fast;

use crate::clock;
use crate::options::Options;
use crate::peak::{Peak, Peaks};

/// How much slower than the portable set a set may be: less than that is the machine's weather.
const TOLERATED: f64 = 0.95;
const PORTABLE: &str = "fast-portable";
/// The oracle of the others, which is not made to be quick.
const SCALAR: &str = "fast-scalar";

/// What a figure stands beside.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    /// The set's products of bytes.
    Dot,
    /// The set's products of BF16 numbers, of which one of F16 numbers takes four; of floats where it has
    /// none.
    Parts,
    /// The set's products of floats.
    MultiplyAdd,
    /// Plain reading.
    Reading,
    /// Nothing that was measured.
    None,
}

/// What is measured for each set.
pub(crate) struct Kernel {
    /// A kind, and a type of weights or a shape.
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) bound: Bound,
}

/// One line of a table.
struct Line {
    kernel: String,
    unit: &'static str,
    /// For each set, where it was chosen: the rate, and its share of the bound.
    figures: Vec<Option<(f64, Option<f64>)>>,
}

/// All that was measured.
pub(crate) struct Report<'a> {
    sets: Vec<Fast>,
    options: &'a Options,
    peaks: Peaks,
    lines: Vec<Line>,
    /// Of what is not a set's.
    singles: Vec<(String, f64)>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(sets: &[Fast], options: &'a Options, peaks: Peaks) -> Self {
        Self {
            sets: sets.to_vec(),
            options,
            peaks,
            lines: Vec::new(),
            singles: Vec::new(),
        }
    }

    /// The sets for which a kernel is to be measured.
    pub(crate) fn chosen(&self, kernel: &Kernel) -> Vec<Fast> {
        let is_chosen = |set: &&Fast| self.options.choose(&kernel.name, set.name());
        self.sets.iter().filter(is_chosen).copied().collect()
    }

    /// Measures a kernel for the chosen sets. `run` does it once with one of them, and says how much it did.
    pub(crate) fn measure(
        &mut self,
        kernel: &Kernel,
        sets: &[Fast],
        run: impl FnMut(usize) -> usize,
    ) {
        if sets.is_empty() {
            return;
        }
        let names: Vec<_> = sets.iter().map(Fast::name).collect();
        let is_doubtful = |rates: &[f64]| !slower(&names, rates).is_empty();
        let rates = clock::compete(sets.len(), run, is_doubtful);
        let mut figures = vec![None; self.sets.len()];
        for (&name, &rate) in names.iter().zip(&rates) {
            let bound = self.bound(kernel.bound, name);
            let share = bound.map(|bound| rate / bound.rate);
            let beside = bound.map_or(String::new(), |peak| {
                let percent = 100.0 * rate / peak.rate;
                format!(
                    "  {percent:>4.1} % of {:.1}: {}",
                    peak.rate, peak.instruction
                )
            });
            println!(
                "{:18} {name:18} {rate:>8.2} {}{beside}",
                kernel.name, kernel.unit
            );
            let column = self.sets.iter().position(|set| set.name() == name);
            figures[column.expect("a set of this CPU")] = Some((rate, share));
        }
        self.lines.push(Line {
            kernel: kernel.name.clone(),
            unit: kernel.unit,
            figures,
        });
    }

    fn bound(&self, bound: Bound, set: &str) -> Option<Peak> {
        match bound {
            Bound::Dot => self.peaks.of(set)?.dot,
            Bound::Parts => {
                let of_set = self.peaks.of(set)?;
                of_set.parts.or(of_set.multiply_add)
            }
            Bound::MultiplyAdd => self.peaks.of(set)?.multiply_add,
            Bound::Reading => Some(self.peaks.reading),
            Bound::None => None,
        }
    }

    /// Measures what there is one of.
    pub(crate) fn single(&mut self, name: &str, unit: &'static str, rate: impl FnOnce() -> f64) {
        if self.options.choose(name, "every") {
            let rate = rate();
            println!("{name:18} {:18} {rate:>8.2} {unit}", "every set");
            self.singles.push((format!("{name:18} {unit:5}"), rate));
        }
    }

    /// Whether nothing was chosen.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.singles.is_empty()
    }

    /// A column for each set.
    pub(crate) fn print_tables(&self) {
        println!("\nbeside each figure its share of the bound");
        print!("{:18} {:5}", "", "");
        for set in &self.sets {
            print!(" {:>17}", set.name());
        }
        println!();
        for line in &self.lines {
            print!("{:18} {:5}", line.kernel, line.unit);
            for figure in &line.figures {
                let text = match figure {
                    Some((rate, Some(share))) => format!("{rate:.2} {:>3.0} %", 100.0 * share),
                    Some((rate, None)) => format!("{rate:.2}      "),
                    None => "-".to_owned(),
                };
                print!(" {text:>17}");
            }
            println!();
        }
        for (name, rate) in &self.singles {
            println!("{name} {rate:>11.2}       whatever the set");
        }
        println!();
    }

    /// The kernels that need not be there; `None` if there was nothing to compare.
    pub(crate) fn slower_than_portable(&self) -> Option<Vec<String>> {
        let names: Vec<_> = self.sets.iter().map(Fast::name).collect();
        let portable = names.iter().position(|&name| name == PORTABLE)?;
        // By the choice of sets a line has that of the portable one, or no line has it.
        self.lines.first()?.figures[portable]?;
        let mut complaints = Vec::new();
        for line in &self.lines {
            let rates = line.figures.iter().map(|it| it.map_or(f64::NAN, |it| it.0));
            for (set, percent) in slower(&names, &rates.collect::<Vec<_>>()) {
                complaints.push(format!("{} {set}, {percent:.0} % of it", line.kernel));
            }
        }
        Some(complaints)
    }
}

/// The sets that are slower than the portable one, in percent of it. What is NaN was not measured.
fn slower<'a>(names: &[&'a str], rates: &[f64]) -> Vec<(&'a str, f64)> {
    let Some(portable) = names.iter().position(|&name| name == PORTABLE) else {
        return Vec::new();
    };
    let pairs = names.iter().zip(rates);
    let others = pairs.filter(|(name, _)| **name != SCALAR);
    others
        .filter(|(_, rate)| **rate < TOLERATED * rates[portable])
        .map(|(&name, rate)| (name, 100.0 * rate / rates[portable]))
        .collect()
}
