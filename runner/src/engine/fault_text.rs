//! What people read of a fault: one line that says what was found and what was expected, the
//! command that can be run again by hand, and the engine's last words.
//!
//! A fault passes [`escape_for_terminal`] here, its command [`quote_for_sh`]. What happened, alone,
//! is as the engine put it: it goes into receipts, which are escaped when they are shown.

use std::fmt;

use super::fault::{EngineFault, FaultKind, Wait};
use crate::text::{escape_for_terminal, quote_for_sh};

impl fmt::Display for EngineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = format!("{}: {}", self.engine, self.kind);
        f.write_str(&escape_for_terminal(&what))?;
        if !self.command.is_empty() {
            let words: Vec<String> = self.command.iter().map(|word| quote_for_sh(word)).collect();
            write!(f, "\n  command: {}", words.join(" "))?;
        }
        if !self.stderr.is_empty() {
            f.write_str("\n  its last lines on standard error:")?;
            for line in &self.stderr {
                write!(f, "\n    {}", escape_for_terminal(line))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { program } => write!(
                f,
                "program not found: {program} (hint: `lockstep preflight` says how to get it)"
            ),
            Self::NotExecutable { program } => write!(
                f,
                "program cannot be executed: {program} (hint: is it a program of this machine's kind, \
                 with the permission to execute it?)"
            ),
            Self::NotStarted { problem } => write!(f, "could not be started: {problem}"),
            Self::Exited { status } => match shell_signal(*status) {
                Some(name) => write!(
                    f,
                    "exited with status {status} (a shell's way to report {name}), expected 0"
                ),
                None => write!(f, "exited with status {status}, expected 0"),
            },
            Self::Signalled { signal } => {
                write!(f, "ended by signal {signal} ({})", signal_name(*signal))
            }
            Self::OutOfMemory { limit_bytes: None } => {
                f.write_str("ran out of memory; no limit was set for it")
            }
            Self::OutOfMemory {
                limit_bytes: Some(bytes),
            } => {
                write!(f, "ran out of memory; its limit was {bytes} bytes")
            }
            Self::TimedOut { wait, limit_s } => write!(
                f,
                "{wait} did not come within {limit_s} s; the engine and its process group were \
                 ended (hint: --timeout sets the limit)"
            ),
            Self::Interrupted => f.write_str("ended because the runner was interrupted"),
            Self::Unanswered { wait } => write!(f, "exited with status 0 before {wait}"),
            Self::ClosedOutput { wait } => {
                write!(
                    f,
                    "closed its standard output before {wait} and went on running"
                )
            }
            Self::ClosedInput { wait } => {
                write!(f, "closed its standard input, so {wait} can never come")
            }
            Self::HalfLine { start } => write!(f, "its last line has no line end: `{start}`"),
            Self::LineTooLong { limit_bytes } => {
                write!(
                    f,
                    "a line on standard output is longer than {limit_bytes} bytes"
                )
            }
            Self::NotUtf8 { valid_bytes } => write!(
                f,
                "a line on standard output is not UTF-8 after its first {valid_bytes} bytes"
            ),
            Self::BadAnswer(error) => {
                write!(f, "bad answer: {error}")
            }
            Self::WrongItem { expected, found } => write!(
                f,
                "answered `{found}`, expected `{expected}` (answers come in the order of the \
                 requests)"
            ),
            Self::Unasked { start } => write!(f, "wrote more than it was asked for: `{start}`"),
            Self::WrongSetting {
                setting,
                asked,
                answered,
            } => write!(f, "computed with {setting} = {answered}, asked for {asked}"),
            Self::BadLogits { file, problem } => write!(f, "{file}: {problem}"),
            Self::Declined { id, error } => {
                write!(f, "cannot do `{id}`: {error}")
            }
            Self::NoFolder { parent, problem } => write!(
                f,
                "no private temporary folder could be made for it in {parent}: {problem} (hint: \
                 TMPDIR says where)"
            ),
            Self::Runner { problem } => write!(f, "the runner failed: {problem}"),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Description => f.write_str("its description"),
            Self::Item(id) => write!(f, "the answer to `{id}`"),
            Self::Exit => f.write_str("its end"),
        }
    }
}

/// The signal that a shell means by an exit status, if it can mean one.
fn shell_signal(status: i32) -> Option<&'static str> {
    match signal_name(status.checked_sub(128)?) {
        "unknown" => None,
        name => Some(name),
    }
}

/// Names of the signals that end processes; the numbers of Linux on x86, ARM and RISC-V.
fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => "SIGHUP, hang-up",
        2 => "SIGINT, interrupted",
        3 => "SIGQUIT, quit",
        4 => "SIGILL, illegal instruction",
        5 => "SIGTRAP, trap",
        6 => "SIGABRT, abort",
        7 => "SIGBUS, bad memory access",
        8 => "SIGFPE, arithmetic fault",
        9 => "SIGKILL, killed: by a person or by the system when memory ran out",
        11 => "SIGSEGV, invalid memory access",
        13 => "SIGPIPE, broken pipe",
        14 => "SIGALRM, alarm",
        15 => "SIGTERM, terminated",
        24 => "SIGXCPU, CPU time limit",
        25 => "SIGXFSZ, file size limit",
        31 => "SIGSYS, forbidden system call",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::super::npy::LogitsProblem;
    use super::*;

    fn fault(kind: FaultKind) -> EngineFault {
        EngineFault {
            engine: "e".to_owned(),
            command: vec!["./e".to_owned(), "a b\u{1b}[0m".to_owned()],
            kind: Box::new(kind),
            stderr: vec!["\u{1b}[31mred".to_owned()],
        }
    }

    #[test]
    fn says_who_what_how_and_the_last_words() {
        let text = fault(FaultKind::Exited { status: 134 }).to_string();
        assert_eq!(
            text,
            "e: exited with status 134 (a shell's way to report SIGABRT, abort), expected 0\n  \
             command: ./e $'a b\\033[0m'\n  its last lines on standard error:\n    \
             \\u{1b}[31mred"
        );
    }

    #[test]
    fn the_engines_words_cannot_reach_the_terminal() {
        let hostile = "\u{1b}]0;title\u{7}".to_owned();
        for kind in [
            FaultKind::HalfLine {
                start: hostile.clone(),
            },
            FaultKind::Unasked {
                start: hostile.clone(),
            },
            FaultKind::NotFound {
                program: hostile.clone(),
            },
            FaultKind::BadLogits {
                file: hostile.clone(),
                problem: LogitsProblem::Header {
                    part: "dtype",
                    found: hostile.clone(),
                    expected: String::new(),
                },
            },
            FaultKind::BadAnswer(schemas::line::MessageError {
                path: hostile.clone(),
                problem: hostile.clone(),
            }),
        ] {
            let text = fault(kind).to_string();
            assert!(
                !text.chars().any(|c| c.is_control() && c != '\n'),
                "{text:?}"
            );
        }
    }
}
