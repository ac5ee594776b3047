//! Asks every engine what it is and what it can run.

use std::path::Path;

use schemas::describe::DescribeResponse;
use schemas::preflight::{EngineStatus, Preflight, Role};
use schemas::receipt::ExitRecord;
use schemas::tag::Tag;

use super::PreflightError;
use crate::engine::catalogue::{DEFAULT_CANDIDATE, REFERENCE_BUILDS};
use crate::engine::{Catalogue, Client, EngineFault, EngineSpec, FaultKind, Origin, Supervision};
use crate::exit::Exit;
use crate::text::escape_for_terminal;

/// The facts, and the exit code that follows from them.
pub(super) fn examine(
    catalogue: &Catalogue,
    model: Option<&Path>,
    supervision: &Supervision,
) -> Result<(Preflight, Exit), PreflightError> {
    let mut engines = Vec::new();
    for spec in catalogue.all() {
        engines.push(status(spec, model, supervision)?);
    }
    let usable = |role| {
        engines
            .iter()
            .any(|engine| engine.role == role && engine.usable)
    };
    let ready = usable(Role::Candidate) && usable(Role::Reference);
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
        model: model.map(|model| model.to_string_lossy().into_owned()),
        engines,
    };
    Ok((preflight, exit))
}

/// What was found out about one engine.
struct Finding {
    available: bool,
    description: Option<DescribeResponse>,
    problem: Option<String>,
    last_words: Vec<String>,
}

fn status(
    spec: &EngineSpec,
    model: Option<&Path>,
    supervision: &Supervision,
) -> Result<EngineStatus, EngineFault> {
    let finding = find_out(spec, model, supervision)?;
    let mend = (!finding.available).then(|| mend(spec));
    Ok(EngineStatus {
        name: spec.name.clone(),
        role: if spec.name == DEFAULT_CANDIDATE {
            Role::Candidate
        } else {
            Role::Reference
        },
        available: finding.available,
        usable: finding.problem.is_none(),
        origin: match &spec.origin {
            Origin::BuiltIn => "built-in".to_owned(),
            Origin::File(path) => path.to_string_lossy().into_owned(),
            Origin::CommandLine => "command line".to_owned(),
        },
        command: spec.command.clone(),
        description: finding.description,
        problem: finding.problem,
        last_words: finding.last_words,
        mend,
    })
}

/// Asks without the model first: so an engine that is there is told apart from one that cannot
/// read this model.
fn find_out(
    spec: &EngineSpec,
    model: Option<&Path>,
    supervision: &Supervision,
) -> Result<Finding, EngineFault> {
    let client = Client::new(spec, supervision.clone());
    let description = match client.describe(None) {
        Ok(description) => description,
        Err(fault) => return failed(fault, None),
    };
    if spec.is_another_program(&description) {
        return Ok(Finding {
            available: false,
            problem: Some(format!(
                "the program calls itself `{}`",
                escape_for_terminal(&description.name)
            )),
            description: Some(description),
            last_words: Vec::new(),
        });
    }
    let description = match model.map(|model| client.describe(Some(model))) {
        None => description,
        Some(Ok(with_model)) => with_model,
        Some(Err(fault)) => return failed(fault, Some(description)),
    };
    Ok(Finding {
        available: true,
        problem: description
            .reason
            .as_ref()
            .map(|reason| format!("cannot run it: {}", escape_for_terminal(reason))),
        description: Some(description),
        last_words: Vec::new(),
    })
}

fn failed(fault: EngineFault, known: Option<DescribeResponse>) -> Result<Finding, EngineFault> {
    if *fault.kind == FaultKind::Interrupted {
        return Err(fault);
    }
    Ok(Finding {
        available: known.is_some(),
        problem: Some(match &*fault.kind {
            // The general message sends people here.
            FaultKind::NotFound { program } => {
                format!("program not found: {}", escape_for_terminal(program))
            }
            kind => kind.to_string(),
        }),
        description: known,
        last_words: fault.stderr,
    })
}

/// The command that makes the engine, or the place where its configuration can be corrected.
fn mend(spec: &EngineSpec) -> String {
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
