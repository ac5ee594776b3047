//! Floors and what is judged by them, from numbers alone: no engine runs.

mod reading;
mod together;
mod verdicts;

use schemas::floor::{FloorFile, FloorMetrics};
use schemas::number::Finite;
use schemas::receipt::EngineRecord;

/// A floor of four tokens, three of them agreed on, with five variants, one of another build.
fn example() -> FloorFile {
    let text = include_str!("../../../schemas/examples/floor/valid.five-variants.json");
    schemas::line::read(text).expect("the example is valid")
}

/// Somebody of another build, who is judged.
fn candidate() -> EngineRecord {
    let mut engine = example().base;
    "rust-engine".clone_into(&mut engine.name);
    let build = engine.build.as_mut().expect("the example says it");
    "rustc".clone_into(&mut build.compiler);
    build.library = None;
    engine
}

fn finite(value: f64) -> Finite {
    Finite::new(value).expect("finite")
}

/// Every distance of a row is `distance`.
fn row(distance: f64) -> FloorMetrics {
    let distance = finite(distance);
    FloorMetrics {
        max_abs: distance,
        mse: distance,
        nmse: Some(distance),
        one_minus_cosine: Some(distance),
        kl: distance,
        kl_reverse: distance,
        total_variation: distance,
        flip: false,
        differing: 1,
    }
}
