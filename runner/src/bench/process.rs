//! One run of an engine: a process that loads the model and evaluates twice. The only place of a bench
//! that looks at a clock.
//!
//! Prefill and decode are told by the engine, which alone can leave out the writing of files. It is not
//! believed blindly: no time may be 0, and together they must fit into what the runner waited.

use std::path::Path;
use std::time::Instant;

use schemas::describe::Settings;
use schemas::evaluate::{EvaluateRequest, Evaluated, Positions};
use schemas::line::ItemId;
use schemas::tag::Tag;

use super::BenchError;
use super::plan::Peer;
use crate::engine::{EngineSettings, EvaluatedItem, Evaluation};

/// What every run does.
pub(super) struct Work<'a> {
    pub(super) model: &'a Path,
    pub(super) tokens: &'a [u32],
    pub(super) steps: u32,
}

/// What was measured in one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    pub(super) load_ns: u64,
    pub(super) prefill_all_ns: u64,
    pub(super) prefill_last_ns: u64,
    pub(super) decode_ns: u64,
    /// The runner's own time of the item with all rows.
    pub(super) answer_ns: u64,
    pub(super) peak_resident_bytes: u64,
    pub(super) anonymous_bytes: u64,
}

/// What one run came to.
pub(super) struct Measured {
    pub(super) numbers: Numbers,
    /// What the item with all rows says that it ran with.
    pub(super) prefill_settings: Settings,
    /// What the item with the steps says.
    pub(super) decode_settings: Settings,
    /// All rows.
    pub(super) all: EvaluatedItem,
}

/// Runs an engine once.
pub(super) fn run(
    peer: &Peer<'_>,
    asked: &EngineSettings,
    work: &Work<'_>,
) -> Result<Measured, BenchError> {
    let begun = Instant::now();
    let evaluation = peer.client.start_evaluation(work.model, asked)?;
    let mut asking = Asking {
        peer,
        evaluation,
        peak_resident_bytes: 0,
        anonymous_bytes: 0,
    };
    let (_, load_ns) = asking.ask(&item("load", &work.tokens[..1], Positions::Last, 0), begun)?;
    let all = item("all", work.tokens, Positions::All, 0);
    let (all, answer_ns) = asking.ask(&all, Instant::now())?;
    let last = item("last", work.tokens, Positions::Last, work.steps);
    let (last, _) = asking.ask(&last, Instant::now())?;
    asking.evaluation.finish()?;

    let told = |what: &str, ns: u64| match ns {
        0 => Err(BenchError::BadOutput(format!(
            "{}: {what} is 0, expected the time that it took",
            peer.name()
        ))),
        ns => Ok(ns),
    };
    let (of_all, of_last) = (&all.response, last.response);
    let numbers = Numbers {
        load_ns,
        prefill_all_ns: told("prefill_ns of `all`", of_all.prefill_ns)?,
        prefill_last_ns: told("prefill_ns of `last`", of_last.prefill_ns)?,
        decode_ns: told("decode_ns of `last`", of_last.decode_ns)?,
        answer_ns,
        peak_resident_bytes: asking.peak_resident_bytes,
        anonymous_bytes: asking.anonymous_bytes,
    };
    Ok(Measured {
        numbers,
        prefill_settings: of_all.settings.clone(),
        decode_settings: of_last.settings,
        all,
    })
}

fn item(id: &str, tokens: &[u32], positions: Positions, greedy_steps: u32) -> EvaluateRequest {
    EvaluateRequest {
        schema: Tag::new(),
        id: ItemId::new(id).expect("made of small letters"),
        tokens: tokens.to_vec(),
        positions,
        greedy_steps,
    }
}

/// A process, and the most that it was seen to have of memory.
struct Asking<'a> {
    peer: &'a Peer<'a>,
    evaluation: Evaluation,
    peak_resident_bytes: u64,
    anonymous_bytes: u64,
}

impl Asking<'_> {
    /// The answer, and how long it took since `begun`.
    fn ask(
        &mut self,
        request: &EvaluateRequest,
        begun: Instant,
    ) -> Result<(EvaluatedItem, u64), BenchError> {
        self.evaluation.submit(request)?;
        let item = self.evaluation.next()?;
        let wall_ns = begun.elapsed().as_nanos() as u64;
        let memory = self.evaluation.memory()?;
        self.peak_resident_bytes = self.peak_resident_bytes.max(memory.peak_resident_bytes);
        self.anonymous_bytes = self.anonymous_bytes.max(memory.anonymous_bytes);
        check_times(self.peer.name(), &item.response, wall_ns).map_err(BenchError::BadOutput)?;
        Ok((item, wall_ns))
    }
}

/// An engine cannot have worked for longer than it was waited for.
fn check_times(engine: &str, answer: &Evaluated, wall_ns: u64) -> Result<(), String> {
    let said_ns = answer.prefill_ns.saturating_add(answer.decode_ns);
    if said_ns <= wall_ns {
        return Ok(());
    }
    Err(format!(
        "{engine}: `{}` says that prefill and decode took {said_ns} ns, the whole answer came within \
         {wall_ns} ns",
        answer.id
    ))
}
