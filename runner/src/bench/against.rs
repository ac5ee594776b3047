//! A bench beside an earlier one: only of the same work on the same model do figures say anything, and
//! only beside the same machine do they say that it was the engine.

use std::path::{Path, PathBuf};

use schemas::bench::{BenchAgainst, BenchChange, BenchEngine, BenchReceipt, BenchWork};
use schemas::line;
use schemas::number::Finite;
use schemas::receipt::FileIdentity;

use super::BenchError;
use super::figures::{is_sound, ratio};
use super::words::{figure, machine, settings};
use crate::exit::Exit;
use crate::model_file::read_text;

/// No receipt of a bench comes near it.
const LIMIT_BYTES: u64 = 16 << 20;

/// An earlier bench, and how much slower is too slow.
#[derive(Clone, Debug)]
pub struct Against {
    path: PathBuf,
    earlier: BenchReceipt,
    slower_than: Option<Finite>,
}

impl Against {
    /// Reads the earlier bench; every figure must be what its values come to.
    pub fn read(path: &Path, slower_than: Option<Finite>) -> Result<Self, BenchError> {
        let failed = |problem: String| BenchError::Against {
            path: path.to_owned(),
            problem,
        };
        let text = read_text(path, LIMIT_BYTES).map_err(|error| failed(error.to_string()))?;
        let earlier: BenchReceipt = line::read(&text).map_err(|error| failed(error.to_string()))?;
        for engine in &earlier.engines {
            for (name, of_engine) in engine.figures.each() {
                if !is_sound(of_engine, earlier.work.repeat) {
                    return Err(failed(format!(
                        "{} of {}: minimum, median and maximum do not follow from {} values, expected \
                         those of {} rounds, none of them 0",
                        figure(name),
                        engine.name,
                        of_engine.values.len(),
                        earlier.work.repeat
                    )));
                }
            }
        }
        Ok(Self {
            path: path.to_owned(),
            earlier,
            slower_than,
        })
    }

    /// Makes sure that the earlier one was of this model and this work.
    pub(super) fn check(&self, model: &FileIdentity, work: &BenchWork) -> Result<(), BenchError> {
        let earlier = &self.earlier;
        let same = |what: &str, then: &dyn ToString, now: &dyn ToString| {
            let (then, now) = (then.to_string(), now.to_string());
            (then != now).then(|| format!("{what} {then}, now {now}"))
        };
        let was = &earlier.work;
        let model = same("model", &shown(&earlier.model), &shown(model));
        let work = [
            same("positions", &was.positions, &work.positions),
            same("steps", &was.steps, &work.steps),
            same("threads", &was.threads, &work.threads),
        ];
        let differences: Vec<_> = [model].into_iter().chain(work).flatten().collect();
        if differences.is_empty() {
            return Ok(());
        }
        Err(self.failed(format!(
            "is of another bench: {} (hint: only the same work can be compared)",
            differences.join("; ")
        )))
    }

    /// Each figure of each engine that both have.
    pub(super) fn compare(&self, now: &BenchReceipt) -> Result<BenchAgainst, BenchError> {
        let both = now.engines.iter().filter_map(|engine| {
            let named = |it: &&BenchEngine| it.name == engine.name;
            Some((self.earlier.engines.iter().find(named)?, engine))
        });
        let both: Vec<_> = both.collect();
        if both.is_empty() {
            return Err(self.failed(format!(
                "has no engine of these: {}; it has {}",
                names(now),
                names(&self.earlier)
            )));
        }
        let changes = both.iter().flat_map(|(then, now)| self.changes(then, now));
        Ok(BenchAgainst {
            lockstep_version: self.earlier.lockstep_version.clone(),
            differs: differs(&self.earlier, now, &both),
            slower_than: self.slower_than,
            changes: changes.collect(),
        })
    }

    fn changes(&self, then: &BenchEngine, now: &BenchEngine) -> Vec<BenchChange> {
        let pairs = then.figures.each().into_iter().zip(now.figures.each());
        let changes = pairs.map(|((name, then), (_, of_now))| {
            let ratio = ratio(of_now.median, then.median);
            BenchChange {
                engine: now.name.clone(),
                figure: name,
                before: then.median,
                now: of_now.median,
                ratio,
                is_slower: self.slower_than.is_some_and(|most| !keeps(ratio, most)),
            }
        });
        changes.collect()
    }

    fn failed(&self, problem: String) -> BenchError {
        BenchError::Against {
            path: self.path.clone(),
            problem,
        }
    }
}

/// The one place where the limit is tested.
fn keeps(ratio: Finite, most: Finite) -> bool {
    ratio <= most
}

/// A figure that got worse than by the ratio that was asked for is no parity.
pub(super) fn exit(compared: &BenchAgainst) -> Exit {
    if compared.changes.iter().any(|change| change.is_slower) {
        return Exit::Diverged;
    }
    Exit::Parity
}

fn shown(model: &FileIdentity) -> String {
    format!("{} ({})", model.label, model.sha256)
}

fn names(receipt: &BenchReceipt) -> String {
    let names = receipt.engines.iter().map(|engine| engine.name.as_str());
    names.collect::<Vec<_>>().join(", ")
}

/// What is not the same and forbids nothing.
fn differs(
    then: &BenchReceipt,
    now: &BenchReceipt,
    both: &[(&BenchEngine, &BenchEngine)],
) -> Vec<String> {
    let mut found = Vec::new();
    let mut note = |what: &str, then: String, now: String| {
        if then != now {
            found.push(format!("{what}: {then} then, {now} now"));
        }
    };
    note("machine", machine(&then.machine), machine(&now.machine));
    let chosen = |it: &BenchReceipt| {
        let is_own = it.work.as_configured;
        let words = if is_own {
            "as configured"
        } else {
            "the best that were tried"
        };
        words.to_owned()
    };
    note("settings", chosen(then), chosen(now));
    for (then, now) in both {
        let mut note = |what: &str, of: &dyn Fn(&BenchEngine) -> String| {
            note(&format!("{what} of {}", now.name), of(then), of(now));
        };
        note("version", &|it| it.version.clone());
        note("build", &build);
        note("kernels", &|it| it.kernels.join(", "));
        note("settings for prefill", &|it| settings(&it.prefill_settings));
        note("settings for decode", &|it| settings(&it.decode_settings));
    }
    for (one, other, when) in [(then, now, "now"), (now, then, "then")] {
        let known = |engine: &BenchEngine| other.engines.iter().any(|it| it.name == engine.name);
        let missing = one.engines.iter().filter(|engine| !known(engine));
        found.extend(missing.map(|engine| format!("{} was not measured {when}", engine.name)));
    }
    found
}

/// What makes a build what it is, in short.
fn build(engine: &BenchEngine) -> String {
    let build = &engine.build;
    let library = build.library.as_ref();
    let library = library.map(|it| format!("{} {} {}", it.name, it.version, it.source_checksum));
    let library = library.unwrap_or_else(|| "no library".to_owned());
    format!("{}, {}, {library}", build.compiler, build.flags.join(" "))
}
