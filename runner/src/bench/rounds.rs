//! The rounds: every engine in its turn, and again, so that what the machine does meanwhile falls on
//! all of them.

use schemas::describe::Settings;

use super::pilot::Chosen;
use super::plan::{Peer, Plan};
use super::process::{self, Measured, Numbers, Work};
use super::{BenchError, Request, Telling};
use crate::engine::{EngineSettings, EvaluatedItem};

/// What was measured of one engine.
#[derive(Default)]
pub(super) struct Taken {
    /// One a round, in their order.
    pub(super) numbers: Vec<Numbers>,
    /// Of the last round.
    pub(super) last: Option<Last>,
}

/// What is kept of the last round alone.
pub(super) struct Last {
    pub(super) prefill_settings: Settings,
    pub(super) decode_settings: Settings,
    /// All rows.
    pub(super) all: EvaluatedItem,
}

/// One for each engine of the plan.
pub(super) fn run(
    plan: &Plan<'_>,
    chosen: &[Chosen],
    request: &Request,
    work: &Work<'_>,
    telling: Telling<'_>,
) -> Result<Vec<Taken>, BenchError> {
    let mut taken: Vec<Taken> = plan.peers.iter().map(|_| Taken::default()).collect();
    let repeat = request.work.repeat;
    for round in 1..=repeat {
        for (index, (peer, chosen)) in plan.peers.iter().zip(chosen).enumerate() {
            (telling.progress)(&format!("round {round} of {repeat}: {}", peer.name()));
            taken[index].add(turn(peer, chosen, work)?);
        }
    }
    Ok(taken)
}

impl Taken {
    fn add(&mut self, (numbers, last): (Numbers, Last)) {
        self.numbers.push(numbers);
        // The files of the round before go with it.
        self.last = Some(last);
    }
}

/// The turn of one engine: a second process only where other settings are better for decode.
fn turn(peer: &Peer<'_>, chosen: &Chosen, work: &Work<'_>) -> Result<(Numbers, Last), BenchError> {
    let run = |asked: &EngineSettings| process::run(peer, asked, work);
    let Measured {
        mut numbers,
        prefill_settings,
        mut decode_settings,
        all,
    } = run(&chosen.prefill)?;
    if chosen.decode != chosen.prefill {
        let other = run(&chosen.decode)?;
        numbers.decode_ns = other.numbers.decode_ns;
        decode_settings = other.decode_settings;
    }
    let last = Last {
        prefill_settings,
        decode_settings,
        all,
    };
    Ok((numbers, last))
}
