//! A process of our own for one chat template: whatever the template does to it, the runner goes
//! on. Memory and time are limited as an engine's are.

use std::io::Read;
use std::time::Duration;

use super::job::{Answer, Job};
use super::render;
use crate::engine::{self, FaultKind, Supervision};
use crate::prompt::error::PromptError;

/// The hidden sub-command of `lockstep` that renders.
pub(crate) const SUBCOMMAND: &str = "render-chat-template";

/// Beside a prompt of some MB and the text made of it.
const MEMORY_BYTES: u64 = 512 << 20;

/// The steps that a template has take a second at most, unless each moves a long text.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A text of the longest kind in which JSON escapes every character.
const ANSWER_BYTES: usize = 100 << 20;

/// Does the job in a process of its own.
pub(super) fn render(job: &Job, supervision: &Supervision) -> Result<Answer, PromptError> {
    let line = serde_json::to_string(job).map_err(|error| internal(&error))?;
    let limits = Supervision {
        timeout: TIMEOUT,
        memory_bytes: Some(MEMORY_BYTES),
        ..supervision.clone()
    };
    let answer = engine::ask_own_program(SUBCOMMAND, line + "\n", &limits, ANSWER_BYTES);
    match answer {
        Ok(line) => serde_json::from_str(&line).map_err(|error| internal(&error)),
        Err(fault) => match *fault.kind {
            FaultKind::TimedOut { .. } => {
                Ok(failed(format!("takes more than {} s", TIMEOUT.as_secs())))
            }
            FaultKind::OutOfMemory { .. } => Ok(failed(format!(
                "takes more than {MEMORY_BYTES} bytes of memory"
            ))),
            // What it does to the process that renders it is the template's own doing.
            FaultKind::Signalled { signal } if CRASHES.contains(&signal) => Ok(failed(format!(
                "brings down the process that renders it (signal {signal})"
            ))),
            FaultKind::Exited { status: PANIC } => {
                Ok(failed("brings down the process that renders it".to_owned()))
            }
            _ => Err(PromptError::Renderer(fault)),
        },
    }
}

/// SIGILL, SIGABRT, SIGFPE, SIGSEGV: a stack that is used up, or memory.
const CRASHES: [i32; 4] = [4, 6, 8, 11];

/// The exit status of a Rust program that panics: the template engine can be made to.
const PANIC: i32 = 101;

fn failed(problem: String) -> Answer {
    Answer::Failed(problem)
}

fn internal(error: &serde_json::Error) -> PromptError {
    PromptError::Internal(format!(
        "talking to the process that renders chat templates: {error}"
    ))
}

/// The other end: reads a job and gives the line that answers it.
pub fn serve(mut requests: impl Read) -> Result<String, String> {
    let mut line = String::new();
    let read = requests.read_to_string(&mut line);
    read.map_err(|error| format!("reading the job: {error}"))?;
    let job: Job = serde_json::from_str(&line).map_err(|error| format!("the job: {error}"))?;
    let answer = serde_json::to_string(&render::render(&job));
    answer
        .map(|line| line + "\n")
        .map_err(|error| error.to_string())
}
