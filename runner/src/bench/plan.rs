//! Who takes part, and which tokens all of them evaluate.

use gguf::Header;
use schemas::describe::{Arithmetic, DescribeResponse, KvType};

use super::tokens::tokens;
use super::{BenchError, Request, Telling};
use crate::capability::as_shipped;
use crate::engine::catalogue::{DEFAULT_CANDIDATE, REFERENCE_BUILDS};
use crate::engine::{Catalogue, Client, EngineSettings, EngineSpec, Threads};
use crate::exit::Exit;
use crate::guards;
use crate::run::{CONTEXT_STEP, check_settings};
use crate::run_error::RunError;
use crate::text::escape_for_terminal;

/// What is going to be measured.
pub(super) struct Plan<'a> {
    /// In the order of their turns; at least one.
    pub(super) peers: Vec<Peer<'a>>,
    /// One for each position.
    pub(super) tokens: Vec<u32>,
}

/// One engine that takes part.
pub(super) struct Peer<'a> {
    pub(super) client: Client<'a>,
    pub(super) description: DescribeResponse,
    /// What is asked of it where nothing is tried: its own settings.
    pub(super) asked: EngineSettings,
}

impl Peer<'_> {
    /// The name by which it was asked for.
    pub(super) fn name(&self) -> &str {
        &self.client.spec().name
    }
}

/// An engine that says it can run the model.
type Able<'a> = (&'a EngineSpec, DescribeResponse);

/// Asks engines whether they can run the model. One that was named must; of the others those that cannot
/// are left out aloud.
pub(super) fn plan<'a>(
    request: &Request,
    catalogue: &'a Catalogue,
    header: &Header,
    telling: Telling<'_>,
) -> Result<Plan<'a>, BenchError> {
    let mut able: Vec<Able<'_>> = Vec::new();
    for name in &request.engines {
        let spec = found(catalogue, name)?;
        if able.iter().any(|(earlier, _)| earlier.name == spec.name) {
            return Err(BenchError::Usage(format!(
                "--engine {}: named twice, expected each engine once",
                spec.name
            )));
        }
        let described = describe(request, spec, header)?;
        able.push((spec, described.map_err(BenchError::Refused)?));
    }
    if request.engines.is_empty() {
        let defaults = [DEFAULT_CANDIDATE].into_iter();
        for name in defaults.chain(REFERENCE_BUILDS.map(|build| build.name)) {
            match describe_if_there(request, found(catalogue, name)?, header)? {
                Ok(able_one) => able.push(able_one),
                Err(why) => {
                    let line = format!("without {name}: {why}");
                    (telling.announce)(&format!("{}\n", escape_for_terminal(&line)));
                }
            }
        }
    }
    of_able(request, able)
}

fn found<'a>(catalogue: &'a Catalogue, name: &str) -> Result<&'a EngineSpec, BenchError> {
    let spec = catalogue.find(name).map_err(RunError::Engine)?;
    check_settings(spec)?;
    Ok(spec)
}

/// What an engine that nobody named says of the model; inside, why it is left out.
fn describe_if_there<'a>(
    request: &Request,
    spec: &'a EngineSpec,
    header: &Header,
) -> Result<Result<Able<'a>, String>, BenchError> {
    if spec.executable().is_none() {
        let build = REFERENCE_BUILDS.iter().find(|it| it.name == spec.name);
        let hint = build.map_or("`lockstep preflight` says how to get it", |it| it.made_by);
        return Ok(Err(format!("it is not there (hint: {hint})")));
    }
    match describe(request, spec, header) {
        Ok(described) => Ok(described.map(|description| (spec, description))),
        Err(BenchError::Engine(fault)) if fault.exit() == Exit::Unavailable => {
            Ok(Err(fault.kind.to_string()))
        }
        Err(error) => Err(error),
    }
}

/// What an engine says of the model; inside, why it cannot run it.
fn describe(
    request: &Request,
    spec: &EngineSpec,
    header: &Header,
) -> Result<Result<DescribeResponse, String>, BenchError> {
    if let Some(objection) = guards::objection(&spec.name, header, spec.defaults.micro_batch) {
        return Ok(Err(objection.to_string()));
    }
    let client = Client::new(spec, request.supervision.clone());
    let description = client.describe(Some(&request.model))?;
    let name = &spec.name;
    if spec.is_another_program(&description) {
        let other = &description.name;
        return Ok(Err(format!("the program of {name} calls itself {other}")));
    }
    if description.can_run != Some(true) {
        let reason = description.reason.as_deref();
        let reason = reason.unwrap_or("it gives no reason");
        return Ok(Err(format!("{name} cannot run this model: {reason}")));
    }
    Ok(Ok(description))
}

/// The same tokens and the same context for all.
fn of_able<'a>(request: &Request, able: Vec<Able<'a>>) -> Result<Plan<'a>, BenchError> {
    let facts = able.iter().filter_map(|(_, it)| it.model.as_ref());
    let Some(vocabulary_size) = facts.clone().map(|it| it.vocabulary_size).min() else {
        return Err(BenchError::Refused(
            "no engine is there that can run this model (hint: `lockstep preflight --model M`)"
                .to_owned(),
        ));
    };
    // 0 is not told.
    let own = facts.map(|it| it.context).filter(|&context| context > 0);
    let own = own.min().unwrap_or(u32::MAX);
    let (positions, steps) = (request.work.positions, request.work.steps);
    let needed = u64::from(positions) + u64::from(steps);
    if needed > u64::from(own) {
        return Err(BenchError::Usage(format!(
            "--positions {positions} and --steps {steps} need a context of {needed}, the model was \
             made for {own}"
        )));
    }
    let context = needed.next_multiple_of(CONTEXT_STEP).min(u64::from(own));
    let peer = |(spec, description): Able<'a>| {
        let configured = spec.defaults.arithmetic;
        let arithmetic = configured
            .or_else(|| as_shipped(&description))
            .ok_or_else(|| BenchError::Refused(format!("{} computes no arithmetic", spec.name)))?;
        Ok(Peer {
            client: Client::new(spec, request.supervision.clone()),
            asked: EngineSettings {
                arithmetic: Some(arithmetic),
                threads: Some(Threads::Named(request.work.threads)),
                context: Some(context as u32),
                kv: Some(match arithmetic {
                    Arithmetic::F32 => KvType::F32,
                    Arithmetic::Exact | Arithmetic::Fast => KvType::F16,
                }),
                flash_attention: Some(description.settings.flash_attention),
                ..EngineSettings::default()
            },
            description,
        })
    };
    let peers: Result<Vec<_>, BenchError> = able.into_iter().map(peer).collect();
    Ok(Plan {
        peers: peers?,
        tokens: tokens(positions, vocabulary_size),
    })
}
