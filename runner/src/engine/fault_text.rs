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
    /// Every kind is told by one of the four, which have the words; this match shows that none is
    /// forgotten.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = match self {
            Self::NotFound { .. }
            | Self::NotExecutable { .. }
            | Self::NotStarted { .. }
            | Self::NoFolder { .. }
            | Self::Runner { .. } => no_start(self),
            Self::Exited { .. }
            | Self::Signalled { .. }
            | Self::OutOfMemory { .. }
            | Self::TimedOut { .. }
            | Self::Interrupted
            | Self::Unanswered { .. } => end(self),
            Self::ClosedOutput { .. }
            | Self::ClosedInput { .. }
            | Self::HalfLine { .. }
            | Self::LineTooLong { .. }
            | Self::NotUtf8 { .. }
            | Self::Unasked { .. } => bad_stream(self),
            Self::BadAnswer(_)
            | Self::WrongItem { .. }
            | Self::WrongSetting { .. }
            | Self::BadLogits { .. }
            | Self::Declined { .. } => bad_answer(self),
        };
        f.write_str(&told.unwrap_or_else(|| format!("{self:?}")))
    }
}

/// Nothing ran.
fn no_start(kind: &FaultKind) -> Option<String> {
    Some(match kind {
        FaultKind::NotFound { program } => {
            format!("program not found: {program} (hint: `lockstep preflight` says how to get it)")
        }
        FaultKind::NotExecutable { program } => format!(
            "program cannot be executed: {program} (hint: is it a program of this machine's \
             kind, with the permission to execute it?)"
        ),
        FaultKind::NotStarted { problem } => format!("could not be started: {problem}"),
        FaultKind::NoFolder { parent, problem } => format!(
            "no private temporary folder could be made for it in {parent}: {problem} (hint: \
             TMPDIR says where)"
        ),
        FaultKind::Runner { problem } => format!("the runner failed: {problem}"),
        _ => return None,
    })
}

/// It ended, or was ended.
fn end(kind: &FaultKind) -> Option<String> {
    Some(match kind {
        FaultKind::Exited { status } => {
            let shell = shell_signal(*status).map_or(String::new(), |name| {
                format!(" (a shell's way to report {name})")
            });
            format!("exited with status {status}{shell}, expected 0")
        }
        FaultKind::Signalled { signal } => {
            format!("ended by signal {signal} ({})", signal_name(*signal))
        }
        FaultKind::OutOfMemory { limit_bytes } => match limit_bytes {
            None => "ran out of memory; no limit was set for it".to_owned(),
            Some(bytes) => format!("ran out of memory; its limit was {bytes} bytes"),
        },
        FaultKind::TimedOut { wait, limit_s } => format!(
            "{wait} did not come within {limit_s} s; the engine and its process group were \
             ended (hint: --timeout sets the limit)"
        ),
        FaultKind::Interrupted => "ended because the runner was interrupted".to_owned(),
        FaultKind::Unanswered { wait } => format!("exited with status 0 before {wait}"),
        _ => return None,
    })
}

/// A stream is not as it should be.
fn bad_stream(kind: &FaultKind) -> Option<String> {
    Some(match kind {
        FaultKind::ClosedOutput { wait } => {
            format!("closed its standard output before {wait} and went on running")
        }
        FaultKind::ClosedInput { wait } => {
            format!("closed its standard input, so {wait} can never come")
        }
        FaultKind::HalfLine { start } => format!("its last line has no line end: `{start}`"),
        FaultKind::LineTooLong { limit_bytes } => {
            format!("a line on standard output is longer than {limit_bytes} bytes")
        }
        FaultKind::NotUtf8 { valid_bytes } => {
            format!("a line on standard output is not UTF-8 after its first {valid_bytes} bytes")
        }
        FaultKind::Unasked { start } => format!("wrote more than it was asked for: `{start}`"),
        _ => return None,
    })
}

/// An answer, or a file of numbers, is not as it should be.
fn bad_answer(kind: &FaultKind) -> Option<String> {
    Some(match kind {
        FaultKind::BadAnswer(error) => format!("bad answer: {error}"),
        FaultKind::WrongItem { expected, found } => format!(
            "answered `{found}`, expected `{expected}` (answers come in the order of the \
             requests)"
        ),
        FaultKind::WrongSetting {
            setting,
            asked,
            answered,
        } => format!("computed with {setting} = {answered}, asked for {asked}"),
        FaultKind::BadLogits { file, problem } => format!("{file}: {problem}"),
        FaultKind::Declined { id, error } => format!("cannot do `{id}`: {error}"),
        _ => return None,
    })
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Description => f.write_str("its description"),
            Self::Item(id) => write!(f, "the answer to `{id}`"),
            Self::Memory => f.write_str("the size of its memory was read"),
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
