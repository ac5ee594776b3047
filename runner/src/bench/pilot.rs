//! Each engine's best settings: every combination is run once, on the work that the rounds are going to
//! do, and the fastest is taken; for decode it may be another one than for prefill.

use gguf::Header;
use schemas::bench::BenchTrial;

use super::plan::{Peer, Plan};
use super::process::{Numbers, Work, run};
use super::ways::ways;
use super::{BenchError, Request, Telling};
use crate::engine::{EngineFault, EngineSettings, FaultKind};
use crate::exit::Exit;
use crate::guards;

/// What an engine is going to be asked for.
#[derive(Debug)]
pub(super) struct Chosen {
    /// For all figures but decode.
    pub(super) prefill: EngineSettings,
    /// For decode.
    pub(super) decode: EngineSettings,
    /// What was tried.
    pub(super) trials: Vec<BenchTrial>,
}

/// One for each engine of the plan.
pub(super) fn choose(
    plan: &Plan<'_>,
    request: &Request,
    header: &Header,
    work: &Work<'_>,
    telling: Telling<'_>,
) -> Result<Vec<Chosen>, BenchError> {
    let of = |peer: &Peer<'_>| {
        if request.work.as_configured {
            return Ok(Chosen {
                prefill: peer.asked,
                decode: peer.asked,
                trials: Vec::new(),
            });
        }
        try_all(peer, request, header, work, telling)
    };
    plan.peers.iter().map(of).collect()
}

/// Why a combination was not measured, and how the engine failed if it was asked.
struct LeftOut {
    reason: String,
    fault: Option<EngineFault>,
}

fn try_all(
    peer: &Peer<'_>,
    request: &Request,
    header: &Header,
    work: &Work<'_>,
    telling: Telling<'_>,
) -> Result<Chosen, BenchError> {
    let configured = &peer.client.spec().defaults;
    let own = &peer.description.settings;
    let ways = ways(&peer.asked, configured, own, request.work.positions);
    let mut tried = Vec::with_capacity(ways.len());
    for (index, way) in ways.iter().enumerate() {
        let (at, of) = (index + 1, ways.len());
        (telling.progress)(&format!("settings {at} of {of}: {}", peer.name()));
        tried.push(try_one(peer, way, header, work)?);
    }
    let fastest = |of: fn(&Numbers) -> u64| {
        let measured = ways.iter().zip(&tried);
        let times = measured.filter_map(|(way, found)| Some((of(found.as_ref().ok()?), way)));
        // The first of equals: the engine's own settings if they are among them.
        times.min_by_key(|(ns, _)| *ns).map(|(_, way)| *way)
    };
    let (prefill, decode) = (fastest(|it| it.prefill_all_ns), fastest(|it| it.decode_ns));
    let (Some(prefill), Some(decode)) = (prefill, decode) else {
        return Err(none_is_left(peer, tried));
    };
    let trials = ways.iter().zip(tried);
    let trials = trials.map(|(way, found)| trial(peer, way, found));
    Ok(Chosen {
        prefill,
        decode,
        trials: trials.collect(),
    })
}

/// Inside: why these settings are left out.
fn try_one(
    peer: &Peer<'_>,
    way: &EngineSettings,
    header: &Header,
    work: &Work<'_>,
) -> Result<Result<Numbers, LeftOut>, BenchError> {
    let micro_batch = way.or(&peer.client.spec().defaults).micro_batch;
    if let Some(objection) = guards::objection(peer.name(), header, micro_batch) {
        return Ok(Err(LeftOut {
            reason: objection.reason,
            fault: None,
        }));
    }
    match run(peer, way, work) {
        Ok(measured) => Ok(Ok(measured.numbers)),
        Err(BenchError::Engine(fault)) if is_refusal(&fault) => Ok(Err(LeftOut {
            reason: in_words(&fault),
            fault: Some(fault),
        })),
        Err(error) => Err(error),
    }
}

/// The engine's first failure is the reason, and most likely that of its own settings.
fn none_is_left(peer: &Peer<'_>, tried: Vec<Result<Numbers, LeftOut>>) -> BenchError {
    let mut left_out = tried.into_iter().filter_map(Result::err);
    match left_out.find_map(|it| it.fault) {
        Some(fault) => BenchError::Engine(fault),
        None => BenchError::Refused(format!(
            "{}: no combination of settings is known to be right",
            peer.name()
        )),
    }
}

/// It cannot do this, or does something else in its place and says so. What may pass, and output that
/// is not right, ends the bench instead.
fn is_refusal(fault: &EngineFault) -> bool {
    let does_other = matches!(*fault.kind, FaultKind::WrongSetting { .. });
    does_other || fault.exit() == Exit::Unavailable
}

fn in_words(fault: &EngineFault) -> String {
    match (&*fault.kind, fault.stderr.last()) {
        // Its last words are the better account.
        (FaultKind::Exited { .. }, Some(last)) => last.clone(),
        (kind, _) => kind.to_string(),
    }
}

fn trial(peer: &Peer<'_>, way: &EngineSettings, found: Result<Numbers, LeftOut>) -> BenchTrial {
    let own = &peer.description.settings;
    let asked = way.or(&peer.client.spec().defaults);
    let measured = found.as_ref().ok();
    BenchTrial {
        flash_attention: asked.flash_attention.unwrap_or(own.flash_attention),
        repack: asked.repack.or(own.repack),
        micro_batch: asked.micro_batch.unwrap_or(own.micro_batch),
        prefill_all_ns: measured.map(|it| it.prefill_all_ns),
        decode_ns: measured.map(|it| it.decode_ns),
        left_out: found.err().map(|it| it.reason),
    }
}
