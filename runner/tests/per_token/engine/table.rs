//! An engine for tests: tokens are bytes, logits depend on the tokens before them alone, and a log
//! says everything that it was asked, so that a test need not believe the runner.
//!
//! `table-engine --name NAME --log FILE [--habit HABIT]… SUBCOMMAND FLAGS`
//!
//! | habit | what it does |
//! |---|---|
//! | `no-model-bos` | adds no BOS where the model is to decide |
//! | `doubled-bos` | adds BOS twice |
//! | `added-end` | adds the end token |
//! | `special-as-text` | takes the texts of control tokens as text, whatever it is asked |
//! | `refuses` | cannot run the model |
//! | `fast` | computes `fast` and nothing else |
//! | `narrow` | has a vocabulary of one token less |
//! | `boasts` | describes a vocabulary of one token more than its rows have |
//! | `names-kernels` | says that `lookup` ran, of the kernels that it has |
//! | `other-arithmetic` | evaluates with another arithmetic than it is asked for |
//! | `no-tokenizer` | cannot tokenize for the model, and says so by its exit code |
//! | `zeros` | computes nothing: every logit is 0 |
//! | `hangs` | never answers `evaluate` |
//! | `dies-of-five` | aborts on an item of five tokens |
//! | `roomy` | takes twice the room it is asked for, and does not tell the model's context |
//! | `killed-once-S` | kills itself in the sub-command S, the first time |
//! | `own-build` | is another build than the rest |
//! | `moody` | its numbers depend on its threads |
//! | `peeks` | the first logit of every row grows with the last token of all |
//!
//! Good answers only: faults of the protocol are the stand-in's affair.

mod log;
#[path = "../../test_engines/mod.rs"]
mod test_engines;
mod vocabulary;

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use log::Log;
use rustix::process::{Signal, getpid, kill_process};
use schemas::describe::{Arithmetic, DescribeResponse, Settings};
use schemas::evaluate::{EvaluateRequest, EvaluateResponse};
use schemas::line::{self, Answer, Failure};
use schemas::tag::{Kind, Tag};
use schemas::tokenize::{TokenizeRequest, TokenizeResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;
use test_engines::npy;
use vocabulary::SIZE;

/// The model's own context, as this engine tells it.
const CONTEXT: u32 = 1024;

struct Call {
    log: Log,
    habits: Vec<String>,
    subcommand: String,
    flags: Vec<String>,
}

impl Call {
    fn read(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let (mut name, mut log, mut habits) = (String::new(), PathBuf::new(), Vec::new());
        loop {
            let argument = arguments.next()?;
            match argument.as_str() {
                "--name" => name = arguments.next()?,
                "--log" => log = arguments.next()?.into(),
                "--habit" => habits.push(arguments.next()?),
                _ => {
                    return Some(Self {
                        log: Log::new(name, log),
                        habits,
                        subcommand: argument,
                        flags: arguments.collect(),
                    });
                }
            }
        }
    }

    fn has(&self, habit: &str) -> bool {
        self.habits.iter().any(|known| known == habit)
    }

    fn flag(&self, name: &str) -> Option<&str> {
        let at = self.flags.iter().position(|flag| flag == name)?;
        self.flags.get(at + 1).map(String::as_str)
    }

    fn columns(&self) -> u32 {
        SIZE - u32::from(self.has("narrow"))
    }
}

fn main() -> ExitCode {
    let Some(call) = Call::read(std::env::args().skip(1)) else {
        eprintln!("usage: table-engine --name NAME --log FILE [--habit HABIT] SUBCOMMAND [FLAGS]");
        return ExitCode::from(64);
    };
    call.log.start(&call.subcommand, &call.flags);
    if call.has(&format!("killed-once-{}", call.subcommand)) && call.log.is_new("killed") {
        kill_process(getpid(), Signal::KILL).expect("a process may end itself");
    }
    match call.subcommand.as_str() {
        "describe" => say(&describe(&call)),
        "tokenize" if call.has("no-tokenizer") => {
            eprintln!("table-engine: the table has no words");
            return ExitCode::from(69);
        }
        "tokenize" => answer_lines(&call, |request: TokenizeRequest| -> TokenizeResponse {
            vocabulary::tokenize(&request, |habit| call.has(habit))
        }),
        "evaluate" => {
            if call.has("hangs") {
                std::thread::sleep(Duration::from_secs(1000));
            }
            let out = PathBuf::from(call.flag("--out").expect("the runner names a folder"));
            answer_lines(&call, |request: EvaluateRequest| {
                if call.has("dies-of-five") && request.tokens.len() == 5 {
                    std::process::abort();
                }
                evaluate(&call, &out, &request)
            });
        }
        // The numbers do not come from the file, so any copy is its twin.
        "f32-twin" => {
            std::fs::copy(&call.flags[0], &call.flags[1]).expect("a file can be copied");
        }
        _ => return ExitCode::from(64),
    }
    ExitCode::SUCCESS
}

fn answer_lines<Q, A>(call: &Call, answer: impl Fn(Q) -> A)
where
    Q: Kind + DeserializeOwned + Serialize,
    A: Serialize,
{
    for text in io::stdin().lock().lines() {
        let text = text.expect("requests are UTF-8");
        call.log.request(&call.subcommand, &text);
        say(&answer(line::read(&text).expect("requests are valid")));
    }
}

fn say(message: &impl Serialize) {
    let mut stdout = io::stdout().lock();
    // When the runner has gone, there is nobody to tell.
    let _ = stdout.write_all(line::write(message).as_bytes());
    let _ = stdout.flush();
}

fn describe(call: &Call) -> DescribeResponse {
    let refuses = call.has("refuses");
    let columns = call.columns() + u32::from(call.has("boasts"));
    let model = call.flag("--model");
    let own = if call.has("roomy") { 0 } else { CONTEXT };
    let model = model.map(|_| test_engines::model_facts(columns, own));
    let with_model = model.is_some();
    let mut description = test_engines::describe("table-engine", settings(call), model);
    description.kernels = vec!["table".to_owned()];
    if call.has("fast") {
        description.arithmetics = vec![Arithmetic::Fast];
    }
    if call.has("own-build") {
        let name = description.name.clone();
        description.build.flags.push(name);
    }
    if with_model && refuses {
        description.can_run = Some(false);
        description.reason = Some("the table is closed".to_owned());
    }
    description
}

/// What the flags say, else the defaults.
fn settings(call: &Call) -> Settings {
    let mut settings = test_engines::settings(CONTEXT, |name| call.flag(name));
    let asked = call.flag("--arithmetic").is_some();
    if call.has(if asked { "other-arithmetic" } else { "fast" }) {
        settings.arithmetic = Arithmetic::Fast;
    }
    if call.has("names-kernels") {
        settings.kernels = Some(vec!["lookup".to_owned()]);
    }
    if call.has("roomy") {
        settings.context *= 2;
    }
    settings
}

fn evaluate(call: &Call, out: &Path, request: &EvaluateRequest) -> EvaluateResponse {
    let columns = call.columns();
    let positions = request.positions.resolve(request.tokens.len());
    if positions.is_err() || request.tokens.iter().any(|&token| token >= columns) {
        return Answer::Failure(Failure {
            schema: Tag::new(),
            id: request.id.clone(),
            error: format!("positions {positions:?} or a token of them is not in the table"),
        });
    }
    let evaluation = test_engines::evaluate(request, settings(call), columns, |tokens| {
        if call.has("zeros") {
            vec![0.0; columns as usize]
        } else {
            let mut row = test_engines::row(tokens, columns);
            if call.has("moody") {
                row[0] += settings(call).threads as f32;
            }
            if call.has("peeks") {
                row[0] += request.tokens.last().copied().unwrap_or(0) as f32;
            }
            row
        }
    });
    let response = evaluation.response;
    let files = [
        (&response.logits, &evaluation.logits),
        (&response.greedy_logits, &evaluation.greedy),
    ];
    for (name, rows) in files {
        npy::write(&out.join(name), rows, response.shape[1]);
    }
    Answer::Success(response)
}
