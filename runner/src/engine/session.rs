//! A conversation with one engine process: requests out, one line in for each, and an account of
//! how it went wrong if it did.
//!
//! Does not know what the lines mean; `client` and `evaluation` do.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use schemas::line::MessageError;

use super::fault::{EngineFault, FaultKind, Wait};
use super::identity::Identity;
use super::memory::Memory;
use super::pipes::{self, Line, Requests};
use super::process::{Process, not_started};
use super::supervision::Supervision;

/// How often a wait looks at the interrupt and at the process. Short for a person, and still
/// nothing beside the work of an engine.
const GLANCE: Duration = Duration::from_millis(20);

/// How long an engine may take to end after it closed its standard output, and how long its last
/// words are waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How much of an unexpected line a fault repeats.
const SHOWN_CHARACTERS: usize = 200;

/// A conversation with one engine process.
#[derive(Debug)]
pub(super) struct Session {
    process: Process,
    requests: Requests,
    lines: Receiver<Line>,
    line_limit_bytes: usize,
    supervision: Supervision,
    pub(super) identity: Identity,
}

impl Session {
    /// Starts the engine. `identity` says who it is; its tail is filled in here.
    pub(super) fn start(
        command: &[OsString],
        environment: &BTreeMap<OsString, OsString>,
        line_limit_bytes: usize,
        supervision: &Supervision,
        mut identity: Identity,
    ) -> Result<Self, EngineFault> {
        let start = || {
            let (process, streams) =
                Process::start(command, environment, supervision.memory_bytes)?;
            let threads = || {
                Ok((
                    pipes::read_lines(streams.stdout, line_limit_bytes)?,
                    pipes::write_requests(streams.stdin)?,
                    pipes::keep_tail(streams.stderr)?,
                ))
            };
            let threads = threads().map_err(|error: std::io::Error| not_started(&error))?;
            Ok((process, threads))
        };
        let (process, (lines, requests, tail)) = start().map_err(|kind| identity.fault(kind))?;
        identity.tail = Some(tail);
        let supervision = supervision.clone();
        Ok(Self {
            process,
            requests,
            lines,
            line_limit_bytes,
            supervision,
            identity,
        })
    }

    /// Hands over one request line; never blocks.
    pub(super) fn send(&mut self, line: String) {
        self.requests.push(line);
    }

    /// Says that no more requests come.
    pub(super) fn close_requests(&mut self) {
        self.requests.close();
    }

    /// The next line of the engine, which answers the request `index` (from 0).
    pub(super) fn answer(&mut self, index: usize, wait: &Wait) -> Result<String, EngineFault> {
        let line = match self.next_line(Some(index), wait) {
            Ok(Some(line)) if line.trim_ascii_start().starts_with('{') => return Ok(line),
            Ok(Some(line)) => Err(self.noise(&line)),
            Ok(None) => Err(self.without_answer(wait)),
            Err(kind) => Err(kind),
        };
        line.map_err(|kind| self.fault(kind))
    }

    /// What the engine has of memory while it waits for the next request.
    pub(super) fn memory(&self) -> Result<Memory, EngineFault> {
        let memory = match self.process.memory() {
            Ok(Some(memory)) => return Ok(memory),
            Ok(None) => Err(self.without_memory()),
            Err(kind) => Err(kind),
        };
        memory.map_err(|kind| self.fault(kind))
    }

    /// The engine has nothing more to say and ends with success.
    pub(super) fn finish(mut self) -> Result<(), EngineFault> {
        self.requests.close();
        self.end_of_output().map_err(|kind| self.fault(kind))
    }

    /// Ends the engine, and gives the fault with its last words.
    pub(super) fn fault(&self, kind: FaultKind) -> EngineFault {
        self.process.kill();
        // Who wants to stop is not kept waiting for them.
        if let (Some(tail), false) = (&self.identity.tail, self.supervision.interrupt.is_raised()) {
            tail.wait_for_end(LAST_WORDS);
        }
        self.identity.fault(kind)
    }

    fn end_of_output(&mut self) -> Result<(), FaultKind> {
        match self.next_line(None, &Wait::Exit)? {
            None => self.exit(),
            Some(line) => Err(FaultKind::Unasked {
                start: beginning(line.as_bytes()),
            }),
        }
    }

    fn exit(&self) -> Result<(), FaultKind> {
        let deadline = self.deadline();
        loop {
            self.check_interrupt()?;
            if let Some(status) = self.process.wait(GLANCE.min(remaining(deadline)))? {
                return if status.success() {
                    Ok(())
                } else {
                    Err(ending(status))
                };
            }
            if remaining(deadline).is_zero() {
                return Err(self.timed_out(&Wait::Exit));
            }
        }
    }

    /// The next line, or `None` at the end of the output.
    fn next_line(
        &mut self,
        index: Option<usize>,
        wait: &Wait,
    ) -> Result<Option<String>, FaultKind> {
        let deadline = self.deadline();
        loop {
            self.check_interrupt()?;
            match self.lines.recv_timeout(GLANCE.min(remaining(deadline))) {
                Ok(line) => return self.whole(line).map(Some),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if remaining(deadline).is_zero() {
                return Err(self.timed_out(wait));
            }
            if self.process.wait(Duration::ZERO)?.is_some() {
                return self.line_left_behind();
            }
            if index.is_some_and(|index| self.requests.lost(index)) {
                // It may be about to end, which would be the better account.
                return match self.process.wait(LAST_WORDS.min(remaining(deadline)))? {
                    Some(_) => Ok(None),
                    None => Err(FaultKind::ClosedInput { wait: wait.clone() }),
                };
            }
        }
    }

    /// The next line of an engine that has ended, or `None` at the end of its output.
    fn line_left_behind(&self) -> Result<Option<String>, FaultKind> {
        // Nothing in its group is to hold its pipe open: what is in it is read to its end.
        self.process.kill();
        let deadline = Instant::now().checked_add(self.supervision.last_bytes);
        loop {
            self.check_interrupt()?;
            match self.lines.recv_timeout(GLANCE.min(remaining(deadline))) {
                Ok(line) => return self.whole(line).map(Some),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                // What holds it open left the group, and does not speak for the engine.
                Err(RecvTimeoutError::Timeout) if remaining(deadline).is_zero() => {
                    return Ok(None);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn whole(&self, line: Line) -> Result<String, FaultKind> {
        match line {
            Line::Whole(bytes) => String::from_utf8(bytes).map_err(|error| FaultKind::NotUtf8 {
                valid_bytes: error.utf8_error().valid_up_to(),
            }),
            Line::TooLong => Err(FaultKind::LineTooLong {
                limit_bytes: self.line_limit_bytes,
            }),
            // How it ended says more than the half line, unless it claims success.
            Line::Half(bytes) => match self.process.wait(LAST_WORDS)? {
                Some(status) if !status.success() => Err(ending(status)),
                _ => Err(FaultKind::HalfLine {
                    start: beginning(&bytes),
                }),
            },
        }
    }

    /// Why there is a line that is no answer at all. Often the engine is dying: its last words
    /// land on the wrong stream, as those of a debugger do that a failed assertion starts. Then
    /// its end is the better account.
    fn noise(&self, line: &str) -> FaultKind {
        let deadline = Instant::now() + LAST_WORDS;
        // Read on, or a full pipe would keep it from dying.
        while self.lines.recv_timeout(remaining(Some(deadline))).is_ok() {}
        match self.process.wait(remaining(Some(deadline))) {
            Ok(Some(status)) if !status.success() => ending(status),
            _ => FaultKind::BadAnswer(MessageError {
                path: ".".to_owned(),
                problem: format!(
                    "expected a JSON object, found `{}`",
                    beginning(line.as_bytes())
                ),
            }),
        }
    }

    /// Why the output ended where an answer was due.
    fn without_answer(&self, wait: &Wait) -> FaultKind {
        match self.process.wait(LAST_WORDS.min(self.supervision.timeout)) {
            Ok(Some(status)) if status.success() => FaultKind::Unanswered { wait: wait.clone() },
            Ok(Some(status)) => ending(status),
            Ok(None) => FaultKind::ClosedOutput { wait: wait.clone() },
            Err(kind) => kind,
        }
    }

    /// Why there is nothing that could be read of its memory.
    fn without_memory(&self) -> FaultKind {
        match self.process.wait(LAST_WORDS) {
            Ok(Some(status)) if status.success() => FaultKind::Unanswered { wait: Wait::Memory },
            Ok(Some(status)) => ending(status),
            Ok(None) => FaultKind::Runner {
                problem: "the system does not tell VmHWM and RssAnon of a process".to_owned(),
            },
            Err(kind) => kind,
        }
    }

    fn check_interrupt(&self) -> Result<(), FaultKind> {
        if self.supervision.interrupt.is_raised() {
            return Err(FaultKind::Interrupted);
        }
        Ok(())
    }

    fn timed_out(&self, wait: &Wait) -> FaultKind {
        let limit_s = self.supervision.timeout.as_secs_f64();
        FaultKind::TimedOut {
            wait: wait.clone(),
            limit_s,
        }
    }

    /// `None` when the limit is beyond what a clock can hold.
    fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.supervision.timeout)
    }
}

fn remaining(deadline: Option<Instant>) -> Duration {
    deadline.map_or(Duration::MAX, |deadline| {
        deadline.saturating_duration_since(Instant::now())
    })
}

fn ending(status: ExitStatus) -> FaultKind {
    match (status.code(), status.signal()) {
        (Some(status), _) => FaultKind::Exited { status },
        (None, Some(signal)) => FaultKind::Signalled { signal },
        (None, None) => FaultKind::Runner {
            problem: format!("an unknown end: {status}"),
        },
    }
}

/// The beginning of a line, to be repeated in a fault.
pub(super) fn beginning(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .take(SHOWN_CHARACTERS)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, SyncSender};
    use std::thread;

    use super::*;

    /// A conversation with a process that ends by itself, while somebody else holds its standard
    /// output open. In the field that is a process that left the engine's group; here it is the
    /// test, since not every machine leaves such a process alone.
    fn held_open(supervision: &Supervision) -> (Session, SyncSender<Line>) {
        let identity = Identity {
            engine: "true".to_owned(),
            command: vec!["true".to_owned()],
            tail: None,
            memory_bytes: None,
        };
        let environment = BTreeMap::from([("PATH".into(), "/usr/bin:/bin".into())]);
        let mut session =
            Session::start(&["true".into()], &environment, 1000, supervision, identity)
                .expect("starts");
        let (holder, lines) = mpsc::sync_channel(1);
        session.lines = lines;
        (session, holder)
    }

    #[test]
    fn last_bytes_are_not_waited_for_for_ever() {
        let last_bytes = Duration::from_millis(100);
        let supervision = Supervision {
            last_bytes,
            ..Supervision::default()
        };
        let (session, holder) = held_open(&supervision);
        let start = Instant::now();
        session.finish().expect("a good end");
        assert!(start.elapsed() >= last_bytes);
        drop(holder);
    }

    #[test]
    fn last_bytes_that_come_late_are_read() {
        let (session, holder) = held_open(&Supervision {
            last_bytes: Duration::from_secs(600),
            ..Supervision::default()
        });
        let writer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            holder.send(Line::Whole(b"late".to_vec())).expect("read");
        });
        let fault = session.finish().expect_err("nobody asked for it");
        writer.join().expect("sent");
        let start = "late".to_owned();
        assert_eq!(*fault.kind, FaultKind::Unasked { start });
    }

    #[test]
    fn an_interrupt_ends_the_wait_for_last_bytes() {
        let supervision = Supervision {
            // Whoever waits this out comes to a good end.
            last_bytes: Duration::from_secs(60),
            ..Supervision::default()
        };
        let (session, holder) = held_open(&supervision);
        let raiser = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            supervision.interrupt.raise();
        });
        // The wait itself: those before it would hear the interrupt, too.
        let end = session.line_left_behind();
        raiser.join().expect("raised");
        assert_eq!(end.expect_err("must fail"), FaultKind::Interrupted);
        drop(holder);
    }
}
