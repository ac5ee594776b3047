//! The engine behind, and lines from one side to the other.
//!
//! Time and memory are the affair of the runner in front, which starts this process in a group of
//! its own and ends the whole group.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::Signal;

use super::error::DistortError;
use crate::exit::Exit;

/// As much as the runner lets the answer to an item have; a request has fewer tokens than that.
const LINE_BYTES: u64 = 16 << 20;

/// A running engine.
pub(super) struct Engine {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Engine {
    pub(super) fn start(command: &[OsString]) -> Result<Self, DistortError> {
        let mut child = spawn(command, |command| {
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
        })?;
        let requests = child.stdin.take();
        let answers = child.stdout.take().expect("it was just asked for");
        Ok(Self {
            child,
            requests,
            answers: BufReader::new(answers),
        })
    }

    /// Hands over a line. That nobody reads it any more shows in the answer.
    pub(super) fn ask(&mut self, line: &str) -> Result<(), DistortError> {
        let Some(requests) = &mut self.requests else {
            return Ok(());
        };
        match requests.write_all(line.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(pipe("writing to the engine")(error))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn close_requests(&mut self) {
        self.requests = None;
    }

    /// The next line, or `None` at the end.
    pub(super) fn answer(&mut self) -> Result<Option<String>, DistortError> {
        read_line(&mut self.answers)
    }

    /// Waits for the engine, and says how it ended.
    pub(super) fn end(mut self) -> Result<Exit, DistortError> {
        let ended = self.child.wait();
        Ok(as_it_ended(ended.map_err(pipe("waiting for the engine"))?))
    }
}

/// Runs the command with our own pipes.
pub(super) fn whole(command: &[OsString]) -> Result<Exit, DistortError> {
    let mut child = spawn(command, |_| ())?;
    let ended = child.wait();
    Ok(as_it_ended(ended.map_err(pipe("waiting for the engine"))?))
}

fn spawn(command: &[OsString], streams: impl Fn(&mut Command)) -> Result<Child, DistortError> {
    let (program, arguments) = command.split_first().ok_or(DistortError::NoCommand)?;
    let mut command = Command::new(program);
    command.args(arguments);
    streams(&mut command);
    command.spawn().map_err(|error| DistortError::NotStarted {
        program: program.to_string_lossy().into_owned(),
        error,
    })
}

/// A signal that ended the engine ends this process, too, so that the runner learns of it.
fn as_it_ended(status: ExitStatus) -> Exit {
    if let Some(signal) = status.signal().and_then(Signal::from_named_raw) {
        // If that fails, our own fault is what we say.
        let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.and_then(Exit::of_code).unwrap_or(Exit::Internal)
}

/// The next line with its end, or `None` at the end of the input.
pub(super) fn read_line(
    from: &mut (impl BufRead + ?Sized),
) -> Result<Option<String>, DistortError> {
    let mut text = String::new();
    let read = from.take(LINE_BYTES).read_line(&mut text);
    match read.map_err(pipe("reading a line"))? as u64 {
        0 => Ok(None),
        LINE_BYTES => Err(DistortError::TooLong {
            limit_bytes: LINE_BYTES,
        }),
        _ => Ok(Some(text)),
    }
}

/// Writes a line. A runner that has gone needs no answer, and ends this process.
pub(super) fn write(to: &mut dyn Write, line: &str) -> Result<(), DistortError> {
    let written = to.write_all(line.as_bytes()).and_then(|()| to.flush());
    written.map_err(pipe("writing an answer"))
}

fn pipe(what: &'static str) -> impl FnOnce(io::Error) -> DistortError {
    move |error| DistortError::Pipe { what, error }
}
