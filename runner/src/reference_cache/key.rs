//! All that an answer of a reference depends on.

use std::fs;

use schemas::canonical;
use schemas::plan::PlannedEngine;
use serde::Serialize;

use crate::engine::Client;
use crate::seal::sha256;
use crate::sitting::{Question, Seat};

/// Who is asked about what, whatever the question.
#[derive(Clone, Debug)]
pub struct Asker {
    engine: PlannedEngine,
    command: Vec<String>,
    variables: Vec<(String, String)>,
    program_sha256: String,
    model_sha256: String,
    settings: Vec<String>,
    machine: String,
}

#[derive(Serialize)]
struct Key<'a> {
    version: u32,
    engine: &'a PlannedEngine,
    command: &'a [String],
    variables: &'a [(String, String)],
    program_sha256: &'a str,
    model_sha256: &'a str,
    settings: &'a [String],
    machine: &'a str,
    tokens: &'a [u32],
    greedy_steps: u32,
}

impl Asker {
    /// The one in a seat. What it says of itself may be the same of two programs, and a program may
    /// compute other bits on another processor, so both are part of it. `None`: the program cannot be
    /// told from another one.
    pub fn in_seat(
        seat: &Seat<'_>,
        engine: &PlannedEngine,
        program_sha256: Option<&str>,
        model_sha256: &str,
    ) -> Option<Self> {
        let client: &Client<'_> = seat.client;
        let settings = seat.settings.or(&client.spec().defaults).flags();
        let variables = client.recorded_environment();
        Some(Self {
            engine: engine.clone(),
            command: client.spec().shown_command(),
            variables: variables.into_iter().collect(),
            program_sha256: program_sha256?.to_owned(),
            model_sha256: model_sha256.to_owned(),
            settings: settings
                .iter()
                .map(|flag| flag.to_string_lossy().into_owned())
                .collect(),
            machine: machine(),
        })
    }

    /// The key of its answer to a question about all positions.
    pub fn key(&self, question: &Question) -> String {
        let key = Key {
            version: 2,
            engine: &self.engine,
            command: &self.command,
            variables: &self.variables,
            program_sha256: &self.program_sha256,
            model_sha256: &self.model_sha256,
            settings: &self.settings,
            machine: &self.machine,
            tokens: question.tokens.ids(),
            greedy_steps: question.greedy_steps,
        };
        let text = canonical::to_string(&key).expect("it has no number that JSON has not");
        sha256(text.as_bytes())
    }
}

/// What decides which of its variants a library takes: the processor's name and abilities.
pub fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let first = |word: &str| {
        let line = text.lines().find(|line| line.starts_with(word));
        line.unwrap_or_default().to_owned()
    };
    ["vendor_id", "model name", "flags"].map(first).join("\n")
}
