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
//! | `other-arithmetic` | evaluates with another arithmetic than it is asked for |
//! | `no-tokenizer` | cannot tokenize for the model, and says so by its exit code |
//! | `zeros` | computes nothing: every logit is 0 |
//! | `hangs` | never answers `evaluate` |
//!
//! Good answers only: faults of the protocol are the stand-in's affair.

mod log;
mod npy;
mod numbers;
mod vocabulary;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use log::Log;
use schemas::describe::{Arithmetic, Build, DescribeResponse, KvType, ModelFacts, Settings};
use schemas::evaluate::{
    EvaluateRequest, EvaluateResponse, Evaluated, greedy_file_name, logits_file_name,
};
use schemas::line::{self, Answer, Failure};
use schemas::tag::{Kind, Tag};
use schemas::tokenize::{TokenizeRequest, TokenizeResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;
use vocabulary::{BEGIN, SIZE};

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
            answer_lines(&call, |request| evaluate(&call, &out, &request));
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
    let with_model = call.flag("--model").is_some();
    let refuses = call.has("refuses");
    DescribeResponse {
        schema: Tag::new(),
        name: "table-engine".to_owned(),
        version: "1".to_owned(),
        build: Build {
            compiler: "rustc".to_owned(),
            flags: Vec::new(),
            simd: Vec::new(),
            library: None,
        },
        arithmetics: if call.has("fast") {
            vec![Arithmetic::Fast]
        } else {
            vec![Arithmetic::Exact, Arithmetic::F32]
        },
        architectures: vec!["llama".to_owned()],
        tensor_types: vec!["F32".to_owned()],
        tokenizers: None,
        kernels: vec!["table".to_owned()],
        settings: settings(call),
        model: with_model.then(|| ModelFacts {
            architecture: "llama".to_owned(),
            vocabulary_size: call.columns() + u32::from(call.has("boasts")),
            context: CONTEXT,
            special_tokens: BTreeMap::from([("bos".to_owned(), BEGIN)]),
            tensor_type_counts: BTreeMap::from([("F32".to_owned(), 1)]),
        }),
        can_run: with_model.then_some(!refuses),
        reason: (with_model && refuses).then(|| "the table is closed".to_owned()),
    }
}

/// What the flags say, else the defaults.
fn settings(call: &Call) -> Settings {
    let number = |name: &str, default: u32| {
        call.flag(name)
            .map_or(default, |text| text.parse().expect("a number"))
    };
    let own = if call.has("fast") {
        Arithmetic::Fast
    } else {
        Arithmetic::Exact
    };
    Settings {
        arithmetic: match call.flag("--arithmetic") {
            Some(_) if call.has("other-arithmetic") => Arithmetic::Fast,
            Some("f32") => Arithmetic::F32,
            _ => own,
        },
        threads: number("--threads", 1),
        context: number("--context", CONTEXT),
        micro_batch: number("--micro-batch", 512),
        kv: match call.flag("--kv") {
            Some("f32") => KvType::F32,
            _ => KvType::F16,
        },
        flash_attention: call.flag("--flash-attention") == Some("on"),
        library: None,
        cpu_features: Vec::new(),
    }
}

fn evaluate(call: &Call, out: &Path, request: &EvaluateRequest) -> EvaluateResponse {
    let columns = call.columns();
    let positions = match request.positions.resolve(request.tokens.len()) {
        Ok(positions) if request.tokens.iter().all(|&token| token < columns) => positions,
        problem => {
            return Answer::Failure(Failure {
                schema: Tag::new(),
                id: request.id.clone(),
                error: format!("positions {problem:?} or a token of them is not in the table"),
            });
        }
    };
    let row = |tokens: &[u32]| {
        if call.has("zeros") {
            vec![0.0; columns as usize]
        } else {
            numbers::row(tokens, columns)
        }
    };
    let rows = positions.iter().map(|&last| row(&request.tokens[..=last]));
    let rows: Vec<_> = rows.collect();
    let (greedy_ids, greedy) = numbers::greedy(&request.tokens, request.greedy_steps, row);
    let (logits, greedy_logits) = (logits_file_name(&request.id), greedy_file_name(&request.id));
    npy::write(&out.join(&logits), &rows, columns);
    npy::write(&out.join(&greedy_logits), &greedy, columns);
    Answer::Success(Evaluated {
        schema: Tag::new(),
        id: request.id.clone(),
        logits,
        shape: [rows.len() as u64, u64::from(columns)],
        greedy_ids,
        greedy_logits,
        prefill_ns: 1,
        decode_ns: 1,
        settings: settings(call),
    })
}
