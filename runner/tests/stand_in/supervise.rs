//! A runner in small: waits for a hanging engine until it is interrupted or killed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use runner::engine::{
    Client, EngineFault, EngineSettings, EngineSpec, Interrupt, Origin, Supervision,
};
use schemas::evaluate::{EvaluateRequest, Positions};
use schemas::line::ItemId;
use schemas::tag::Tag;

/// Evaluates with a hanging stand-in that writes to `log`; exits as the fault says.
pub(crate) fn supervise(log: &Path) -> ExitCode {
    let program = std::env::current_exe().expect("a program knows itself");
    let words = [
        program.as_path(),
        Path::new("--fault"),
        Path::new("hang"),
        Path::new("--log"),
        log,
    ];
    let spec = EngineSpec {
        name: "hanging".to_owned(),
        command: words.iter().map(Into::into).collect(),
        defaults: EngineSettings::default(),
        environment: BTreeMap::new(),
        origin: Origin::CommandLine,
    };
    let interrupt = Interrupt::from_signals().expect("signals can be caught");
    let supervision = Supervision {
        interrupt,
        ..Supervision::default()
    };
    match evaluate(&Client::new(&spec, supervision)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::from(fault.exit() as u8)
        }
    }
}

fn evaluate(client: &Client) -> Result<(), EngineFault> {
    let mut evaluation =
        client.start_evaluation(Path::new("model.gguf"), &EngineSettings::default())?;
    evaluation.submit(&EvaluateRequest {
        schema: Tag::new(),
        id: ItemId::new("a").expect("a valid id"),
        tokens: vec![1],
        positions: Positions::All,
        greedy_steps: 0,
    })?;
    evaluation.next().map(drop)
}
