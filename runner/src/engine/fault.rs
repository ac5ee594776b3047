//! Every way in which an engine can fail, as facts.
//!
//! A fault is data: it goes into a receipt and decides an exit code, so it holds values and not
//! sentences. [`FaultKind`] names no path of this machine but where a path is the fact itself
//! (the program that was not found, the folder that cannot be used); the command line and the
//! engine's last words are beside it.

use std::io::ErrorKind;

use schemas::line::{ItemId, MessageError};

use super::npy::LogitsProblem;
use crate::exit::Exit;

/// What an engine did wrong, who it was, and its last words.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineFault {
    /// The engine's name.
    pub engine: String,
    /// The program and all its arguments.
    pub command: Vec<String>,
    /// What happened. Boxed because most results are good ones, and those should stay small.
    pub kind: Box<FaultKind>,
    /// The last lines of its standard error, as it wrote them: escape before showing.
    pub stderr: Vec<String>,
}

impl std::error::Error for EngineFault {}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// There is no such program.
    NotFound {
        /// As the command names it.
        program: String,
    },
    /// The program is there, but the system would not run it.
    NotExecutable {
        /// As the command names it.
        program: String,
    },
    /// The system could not start a process, for a reason that lies with neither program.
    NotStarted {
        /// What the system said.
        problem: String,
    },
    /// It ended by itself, without success.
    Exited {
        /// Its exit status.
        status: i32,
    },
    /// A signal ended it.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// Its last words, or the answer by which it declined, say that it got no more memory.
    OutOfMemory {
        /// The limit that was set for it.
        limit_bytes: Option<u64>,
    },
    /// It did not answer in time, and was ended with its process group.
    TimedOut {
        /// What was waited for.
        wait: Wait,
        /// The limit.
        limit_s: f64,
    },
    /// The runner was asked to stop while it waited.
    Interrupted,
    /// It ended with success and owed an answer.
    Unanswered {
        /// What was waited for.
        wait: Wait,
    },
    /// It closed its standard output and owed an answer, and did not end.
    ClosedOutput {
        /// What was waited for.
        wait: Wait,
    },
    /// It closed its standard input before it had read a request.
    ClosedInput {
        /// What was waited for.
        wait: Wait,
    },
    /// Its last line has no end.
    HalfLine {
        /// The line's beginning.
        start: String,
    },
    /// A line is longer than any answer can be.
    LineTooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// A line is not UTF-8.
    NotUtf8 {
        /// Bytes of the line that are.
        valid_bytes: usize,
    },
    /// A line is not the object that it should be.
    BadAnswer(MessageError),
    /// An answer to another request than the oldest open one.
    WrongItem {
        /// The request that was next.
        expected: ItemId,
        /// The request that it named.
        found: ItemId,
    },
    /// It wrote more than it was asked for.
    Unasked {
        /// The line's beginning.
        start: String,
    },
    /// It computed with a setting that is not the one asked for.
    WrongSetting {
        /// The setting's name in the protocol.
        setting: &'static str,
        /// What was asked for.
        asked: String,
        /// What it answered.
        answered: String,
    },
    /// A file of numbers is not what the answer says.
    BadLogits {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        problem: LogitsProblem,
    },
    /// It says that it cannot do this item.
    Declined {
        /// The item.
        id: ItemId,
        /// Its reason.
        error: String,
    },
    /// No private folder could be made for it.
    NoFolder {
        /// Where it was to be.
        parent: String,
        /// What kind of failure the system reported; its words name a folder that is another each
        /// time.
        problem: ErrorKind,
    },
    /// The runner's own means failed: a thread, waiting for a child, or finding its own program.
    Runner {
        /// What was tried, and what the system said.
        problem: String,
    },
}

/// What the runner waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The answer to `describe`.
    Description,
    /// The answer to one request.
    Item(ItemId),
    /// What its process has of memory, between two requests.
    Memory,
    /// The end of the process, once its standard input was closed.
    Exit,
}

/// Signals by which somebody else ends a process: the kernel when memory runs out, a service
/// manager, a person, a CPU time limit. Trying again can help, as it cannot after a crash.
/// SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGXCPU have these numbers on every Linux architecture.
const ENDED_FROM_OUTSIDE: [i32; 5] = [1, 2, 9, 15, 24];

/// The exit status by which an engine says that the model or a request is malformed.
const STATUS_BAD_INPUT: i32 = 65;
/// That by which it says that another try may go well: its disk is full.
const STATUS_TRY_AGAIN: i32 = 75;

impl FaultKind {
    /// The class of the runner's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::TimedOut { .. }
            | Self::OutOfMemory { .. }
            | Self::Interrupted
            // The system had no process, memory or descriptor to give.
            | Self::NotStarted { .. }
            | Self::BadLogits {
                problem: LogitsProblem::NoMeans { .. },
                ..
            } => Exit::Retryable,
            Self::Signalled { signal } if ENDED_FROM_OUTSIDE.contains(signal) => Exit::Retryable,
            // A shell in the command reports its child's signal as 128 + signal.
            Self::Exited { status } if ENDED_FROM_OUTSIDE.contains(&(status - 128)) => {
                Exit::Retryable
            }
            Self::Exited { status } if *status == STATUS_BAD_INPUT => Exit::BadInput,
            Self::Exited { status } if *status == STATUS_TRY_AGAIN => Exit::Retryable,
            Self::Unanswered { .. }
            | Self::ClosedOutput { .. }
            | Self::ClosedInput { .. }
            | Self::HalfLine { .. }
            | Self::LineTooLong { .. }
            | Self::NotUtf8 { .. }
            | Self::BadAnswer(_)
            | Self::WrongItem { .. }
            | Self::Unasked { .. }
            | Self::WrongSetting { .. }
            | Self::BadLogits { .. } => Exit::BadInput,
            // Not the engine's fault: a folder that cannot be used is bad input like a file.
            Self::NoFolder { problem, .. } => Exit::of_unusable(*problem),
            Self::NotFound { .. }
            | Self::NotExecutable { .. }
            | Self::Exited { .. }
            | Self::Signalled { .. }
            | Self::Declined { .. } => Exit::Unavailable,
            Self::Runner { .. } => Exit::Internal,
        }
    }
}

impl EngineFault {
    /// The class of the runner's exit code.
    pub fn exit(&self) -> Exit {
        self.kind.exit()
    }

    /// Whether it says nothing of the engine, and any other would meet it too.
    pub(crate) fn is_of_any_engine(&self) -> bool {
        matches!(
            *self.kind,
            FaultKind::Interrupted | FaultKind::NoFolder { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_can_be_retried_and_a_crash_cannot() {
        for signal in ENDED_FROM_OUTSIDE {
            assert_eq!(FaultKind::Signalled { signal }.exit(), Exit::Retryable);
            assert_eq!(
                FaultKind::Exited {
                    status: 128 + signal
                }
                .exit(),
                Exit::Retryable
            );
        }
        let problem = "Resource temporarily unavailable".to_owned();
        assert_eq!(FaultKind::NotStarted { problem }.exit(), Exit::Retryable);
        let problem = LogitsProblem::NoMeans {
            problem: "Too many open files".to_owned(),
        };
        let file = "case-1.logits.npy".to_owned();
        assert_eq!(
            FaultKind::BadLogits { file, problem }.exit(),
            Exit::Retryable
        );
        // SIGILL, SIGABRT, SIGFPE, SIGSEGV.
        for signal in [4, 6, 8, 11] {
            assert_eq!(FaultKind::Signalled { signal }.exit(), Exit::Unavailable);
            assert_eq!(
                FaultKind::Exited {
                    status: 128 + signal
                }
                .exit(),
                Exit::Unavailable
            );
        }
    }

    #[test]
    fn two_statuses_say_more_than_that_it_failed() {
        assert_eq!(FaultKind::Exited { status: 65 }.exit(), Exit::BadInput);
        assert_eq!(FaultKind::Exited { status: 75 }.exit(), Exit::Retryable);
        for status in [1, 64, 69, 70, 101] {
            assert_eq!(FaultKind::Exited { status }.exit(), Exit::Unavailable);
        }
    }
}
