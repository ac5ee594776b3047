//! The tests' side of the stand-in: specs that start it, requests to send, the log to read.

#![expect(
    dead_code,
    reason = "each test program uses its own part of this module"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use runner::engine::{
    Client, EngineFault, EngineSettings, EngineSpec, EvaluatedItem, Evaluation, Origin, Supervision,
};
use schemas::evaluate::{EvaluateRequest, Positions};
use schemas::line::ItemId;
use schemas::tag::Tag;
use schemas::tokenize::{Bos, Text, TokenizeRequest};

/// The stand-in's program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_stand-in");

/// The model that tests name; no stand-in reads it.
pub(crate) const MODEL: &str = "model.gguf";

/// An engine that is started by this command.
pub(crate) fn engine(command: &[&str]) -> EngineSpec {
    EngineSpec {
        name: "stand-in".to_owned(),
        command: command.iter().map(Into::into).collect(),
        defaults: EngineSettings::default(),
        environment: BTreeMap::new(),
        origin: Origin::CommandLine,
    }
}

/// The stand-in with one fault.
pub(crate) fn faulty(fault: &str) -> EngineSpec {
    engine(&[PROGRAM, "--fault", fault])
}

/// The stand-in with one fault and a log.
pub(crate) fn logged(fault: Option<&str>, log: &Path) -> EngineSpec {
    let mut command = vec![PROGRAM, "--log", log.to_str().expect("UTF-8")];
    command.extend(fault.iter().flat_map(|fault| ["--fault", fault]));
    engine(&command)
}

/// Limits that no good answer comes near on the slowest machine.
pub(crate) fn patient() -> Supervision {
    Supervision {
        timeout: Duration::from_secs(30),
        ..Supervision::default()
    }
}

/// A time limit for engines that will not answer. What they do before takes milliseconds.
pub(crate) fn impatient() -> Supervision {
    Supervision {
        timeout: Duration::from_millis(1500),
        ..Supervision::default()
    }
}

pub(crate) fn id(text: &str) -> ItemId {
    ItemId::new(text).expect("a valid id")
}

/// Three positions and two greedy steps.
pub(crate) fn request(name: &str) -> EvaluateRequest {
    EvaluateRequest {
        schema: Tag::new(),
        id: id(name),
        tokens: vec![256, 5, 6],
        positions: Positions::All,
        greedy_steps: 2,
    }
}

pub(crate) fn text(name: &str, text: &str) -> TokenizeRequest {
    TokenizeRequest {
        schema: Tag::new(),
        id: id(name),
        text: Text::Utf8(text.to_owned()),
        bos: Bos::Model,
        parse_special: false,
    }
}

/// Starts an evaluation and submits items of these names.
pub(crate) fn start(spec: &EngineSpec, supervision: Supervision, names: &[&str]) -> Evaluation {
    let client = Client::new(spec, supervision);
    let mut evaluation = client
        .start_evaluation(Path::new(MODEL), &EngineSettings::default())
        .expect("the stand-in starts");
    for name in names {
        evaluation.submit(&request(name)).expect("handed over");
    }
    evaluation
}

/// The answer to a single item.
pub(crate) fn evaluate(
    spec: &EngineSpec,
    supervision: Supervision,
) -> Result<EvaluatedItem, EngineFault> {
    start(spec, supervision, &["a"]).next()
}

/// The fault of a single item.
pub(crate) fn fault_of(spec: &EngineSpec, supervision: Supervision) -> EngineFault {
    evaluate(spec, supervision).expect_err("must fail")
}

/// All rows of a file.
pub(crate) fn rows(file: &runner::engine::LogitsFile) -> Vec<Vec<f32>> {
    (0..file.rows())
        .map(|row| {
            let mut numbers = vec![0.0; file.columns()];
            file.read_row(row, &mut numbers).expect("a good file");
            numbers
        })
        .collect()
}

/// The number after `word` in the log, waited for: the process writes it by itself.
pub(crate) fn logged_pid(log: &Path, word: &str) -> i32 {
    wait_for(&format!("`{word}` in the log"), || {
        let text = fs::read_to_string(log).ok()?;
        let (_, rest) = text.split_once(word)?;
        let (number, _) = rest.trim_start().split_once('\n')?;
        number.parse().ok()
    })
}

/// Waits until the process has ended. A process that nobody has waited for counts as ended:
/// a grandchild is left to whoever adopts orphans on this machine, which may take its time.
pub(crate) fn assert_ends(pid: i32) {
    wait_for(
        &format!("the end of process {pid}"),
        || match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Err(_) => Some(()),
            Ok(stat) => stat
                .rsplit(')')
                .next()?
                .trim_start()
                .starts_with(['Z', 'X'])
                .then_some(()),
        },
    );
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The files and folders in a folder.
pub(crate) fn names_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect()
}
