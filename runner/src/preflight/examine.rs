//! Asks every engine what it is and what it can run.

use std::path::Path;

use schemas::describe::{Arithmetic, DescribeResponse};
use schemas::preflight::{EngineStatus, Preflight, ProfileStatus, Role};
use schemas::receipt::{ExitRecord, Profile};
use schemas::tag::Tag;

use super::{Model, PreflightError};
use crate::capability;
use crate::engine::catalogue::{DEFAULT_CANDIDATE, REFERENCE_BUILDS, default_reference};
use crate::engine::{Catalogue, Client, EngineFault, EngineSpec, FaultKind, Origin, Supervision};
use crate::exit::Exit;
use crate::guards;

/// What a comparison without a flag is.
pub(super) const DEFAULT_PROFILE: Profile = Profile::Exact;

/// The facts, and the exit code that follows from them.
pub(crate) fn examine(
    catalogue: &Catalogue,
    model: Option<Model<'_>>,
    supervision: &Supervision,
) -> Result<(Preflight, Exit), PreflightError> {
    let mut engines = Vec::new();
    for spec in catalogue.all() {
        engines.push(status(spec, model, supervision)?);
    }
    let profiles: Vec<_> = [Profile::Exact, Profile::F32, Profile::Production]
        .map(|profile| profile_status(profile, &engines))
        .into();
    let default = profiles.iter().find(|it| it.profile == DEFAULT_PROFILE);
    let ready = default.is_some_and(|it| it.ready);
    let exit = if ready {
        Exit::Parity
    } else {
        Exit::Unavailable
    };
    let preflight = Preflight {
        schema: Tag::new(),
        ready,
        exit: ExitRecord {
            code: exit as u8,
            // The general name of 0 is that of a verdict, and nothing was judged here.
            name: if ready { "ready" } else { "unavailable" }.to_owned(),
        },
        model: model.map(|model| model.path.to_string_lossy().into_owned()),
        profiles,
        engines,
    };
    Ok((preflight, exit))
}

/// Whether a comparison without further flags can begin, and what else could be its reference.
fn profile_status(profile: Profile, engines: &[EngineStatus]) -> ProfileStatus {
    let computes = |engine: &EngineStatus, wanted: &[Arithmetic]| {
        let description = engine.description.as_ref();
        let offered = description.map_or(&[][..], |it| &it.arithmetics);
        engine.usable && wanted.iter().any(|it| offered.contains(it))
    };
    let candidate = engines.iter().any(|engine| {
        engine.name == DEFAULT_CANDIDATE
            && computes(engine, capability::wanted_of_candidate(profile))
    });
    let wanted = capability::wanted_of_reference(profile);
    let fit = |engine: &&EngineStatus| engine.role == Role::Reference && computes(engine, wanted);
    let references: Vec<_> = engines
        .iter()
        .filter(fit)
        .map(|engine| engine.name.clone())
        .collect();
    let default_reference = default_reference(profile).to_owned();
    ProfileStatus {
        profile,
        ready: candidate && references.contains(&default_reference),
        default_reference,
        references,
    }
}

/// What was found out about one engine.
struct Finding {
    available: bool,
    can_run: Option<bool>,
    description: Option<DescribeResponse>,
    problem: Option<String>,
    better: Option<String>,
    last_words: Vec<String>,
}

fn status(
    spec: &EngineSpec,
    model: Option<Model<'_>>,
    supervision: &Supervision,
) -> Result<EngineStatus, EngineFault> {
    let finding = find_out(spec, model, supervision)?;
    // What could not run the model is not worth making.
    let is_wanted = !finding.available && finding.can_run != Some(false);
    let mend = is_wanted.then(|| mend(spec));
    Ok(EngineStatus {
        name: spec.name.clone(),
        role: if spec.name == DEFAULT_CANDIDATE {
            Role::Candidate
        } else {
            Role::Reference
        },
        available: finding.available,
        usable: finding.problem.is_none(),
        can_run: finding.can_run,
        origin: match &spec.origin {
            Origin::BuiltIn => "built-in".to_owned(),
            Origin::File(path) => path.to_string_lossy().into_owned(),
            Origin::CommandLine => "command line".to_owned(),
        },
        command: spec.shown_command(),
        description: finding.description,
        problem: finding.problem,
        better: finding.better,
        last_words: finding.last_words,
        mend,
    })
}

/// Asks without the model first: so an engine that is there is told apart from one that cannot
/// read this model. One that is known to be unfit for the model is not started on it.
fn find_out(
    spec: &EngineSpec,
    model: Option<Model<'_>>,
    supervision: &Supervision,
) -> Result<Finding, EngineFault> {
    let client = Client::new(spec, supervision.clone());
    let objection =
        model.and_then(|it| guards::objection(&spec.name, it.header, spec.defaults.micro_batch));
    let mut finding = match client.describe(None) {
        Ok(description) => Finding::of(spec, description),
        Err(fault) => Finding::failed(fault, None)?,
    };
    if let Some(objection) = objection {
        let reason = objection.reason;
        finding.can_run = Some(false);
        finding.problem = Some(match finding.problem {
            None => format!("cannot run it: {reason}"),
            Some(problem) => format!("{problem}; and it cannot run it: {reason}"),
        });
        finding.better = objection.better.map(str::to_owned);
        return Ok(finding);
    }
    let (Some(model), true, None) = (model, finding.available, &finding.problem) else {
        return Ok(finding);
    };
    match client.describe(Some(model.path)) {
        Ok(description) => Ok(Finding::of(spec, description)),
        Err(fault) => Finding::failed(fault, finding.description),
    }
}

impl Finding {
    /// What an engine says of itself.
    fn of(spec: &EngineSpec, description: DescribeResponse) -> Self {
        let another = spec
            .is_another_program(&description)
            .then(|| format!("the program calls itself `{}`", description.name));
        let refusal = description
            .reason
            .as_ref()
            .map(|reason| format!("cannot run it: {reason}"));
        Self {
            available: another.is_none(),
            can_run: description.can_run,
            problem: another.or(refusal),
            description: Some(description),
            better: None,
            last_words: Vec::new(),
        }
    }

    fn failed(fault: EngineFault, known: Option<DescribeResponse>) -> Result<Self, EngineFault> {
        if fault.is_of_any_engine() {
            return Err(fault);
        }
        Ok(Self {
            available: known.is_some(),
            can_run: None,
            problem: Some(match &*fault.kind {
                // The general message sends people here.
                FaultKind::NotFound { program } => format!("program not found: {program}"),
                kind => kind.to_string(),
            }),
            description: known,
            better: None,
            last_words: fault.stderr,
        })
    }
}

/// The command that makes the engine, or the place where its configuration can be corrected.
pub(crate) fn mend(spec: &EngineSpec) -> String {
    match &spec.origin {
        Origin::BuiltIn => {
            let name = &spec.name;
            let build = REFERENCE_BUILDS.iter().find(|build| build.name == name);
            // The candidate is looked for beside the runner, so it has to be built in the same way.
            let debug = Path::new(&spec.command[0])
                .parent()
                .is_some_and(|folder| folder.ends_with("debug"));
            match (build, debug) {
                (Some(build), _) => build.made_by.to_owned(),
                (None, true) => format!("cargo build -p {name}"),
                (None, false) => format!("cargo build --release -p {name}"),
            }
        }
        Origin::File(path) => {
            format!("correct `command` of `{}` in {}", spec.name, path.display())
        }
        Origin::CommandLine => "correct the command".to_owned(),
    }
}
