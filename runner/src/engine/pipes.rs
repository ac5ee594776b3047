//! The three streams of an engine, each served by a thread of its own, so that an engine that
//! does not read, or writes without end, can block nobody but itself.
//!
//! A thread ends when its pipe does. The engine's process group is killed before anybody waits
//! for that; only a process that left the group could hold a pipe open longer, so nobody waits
//! for a thread without a limit.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What the engine wrote on standard output.
#[derive(Debug)]
pub(super) enum Line {
    /// One line, without its end.
    Whole(Vec<u8>),
    /// What stood after the last line end when the stream ended.
    Half(Vec<u8>),
    /// More bytes without a line end than any answer has. Nothing more is read.
    TooLong,
}

/// Reads lines of at most `limit_bytes`. The channel closes when the stream ends.
pub(super) fn read_lines(stdout: PipeReader, limit_bytes: usize) -> io::Result<Receiver<Line>> {
    // One line ahead of the reader: what is not taken stays in the pipe and stops the engine.
    let (lines, receiver) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("engine-stdout".to_owned())
        .spawn(move || send_lines(stdout, limit_bytes, &lines))?;
    Ok(receiver)
}

fn send_lines(stdout: PipeReader, limit_bytes: usize, lines: &SyncSender<Line>) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        let limit = limit_bytes as u64 + 1;
        // A failing read of a pipe can only be the end of it.
        let _ = (&mut stdout).take(limit).read_until(b'\n', &mut line);
        let line = match line.pop() {
            None => return,
            Some(b'\n') => Line::Whole(line),
            Some(_) if line.len() == limit_bytes => Line::TooLong,
            Some(last) => {
                line.push(last);
                Line::Half(line)
            }
        };
        let last = !matches!(line, Line::Whole(_));
        if lines.send(line).is_err() || last {
            return;
        }
    }
}

/// Writes requests as fast as the engine reads them; handing one over never blocks.
#[derive(Debug)]
pub(super) struct Requests {
    queue: Option<Sender<String>>,
    state: Arc<InputState>,
    queued: usize,
}

#[derive(Debug, Default)]
struct InputState {
    written: AtomicUsize,
    closed: AtomicBool,
}

/// Starts the thread that writes.
pub(super) fn write_requests(mut stdin: PipeWriter) -> io::Result<Requests> {
    let (queue, requests) = mpsc::channel::<String>();
    let state = Arc::new(InputState::default());
    let writer = Arc::clone(&state);
    thread::Builder::new()
        .name("engine-stdin".to_owned())
        .spawn(move || {
            for request in requests {
                if stdin.write_all(request.as_bytes()).is_err() {
                    writer.closed.store(true, Ordering::SeqCst);
                    return;
                }
                writer.written.fetch_add(1, Ordering::SeqCst);
            }
        })?;
    Ok(Requests {
        queue: Some(queue),
        state,
        queued: 0,
    })
}

impl Requests {
    /// Hands over one line. That the engine does not read is found out by waiting for its answer.
    pub(super) fn push(&mut self, line: String) {
        self.queued += 1;
        if let Some(queue) = &self.queue {
            // It fails when the writer has stopped, which `lost` reports.
            let _ = queue.send(line);
        }
    }

    /// Closes the stream once everything is written.
    pub(super) fn close(&mut self) {
        self.queue = None;
    }

    /// Whether the engine closed the stream before the request `index` (from 0) was in it.
    pub(super) fn lost(&self, index: usize) -> bool {
        self.state.closed.load(Ordering::SeqCst)
            && index < self.queued
            && self.state.written.load(Ordering::SeqCst) <= index
    }
}

/// How much of standard error is kept: enough for the lines below.
const TAIL_BYTES: usize = 32 * 1024;
/// How many lines are kept.
const TAIL_LINES: usize = 20;
/// How much of each line is kept.
const TAIL_LINE_CHARACTERS: usize = 500;

/// The last lines of standard error. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    bytes: Arc<Mutex<VecDeque<u8>>>,
    end: Arc<Mutex<Receiver<()>>>,
}

/// Starts the thread that reads standard error.
pub(super) fn keep_tail(mut stderr: PipeReader) -> io::Result<Tail> {
    let bytes = Arc::new(Mutex::new(VecDeque::new()));
    let kept = Arc::clone(&bytes);
    let (ended, end) = mpsc::channel::<()>();
    thread::Builder::new()
        .name("engine-stderr".to_owned())
        .spawn(move || {
            // Nothing is ever sent: that this is dropped is the message.
            let _ended = ended;
            let mut buffer = vec![0; TAIL_BYTES];
            while let Ok(count @ 1..) = stderr.read(&mut buffer) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let surplus = (kept.len() + count)
                    .saturating_sub(TAIL_BYTES)
                    .min(kept.len());
                kept.drain(..surplus);
                kept.extend(&buffer[..count]);
            }
        })?;
    Ok(Tail {
        bytes,
        end: Arc::new(Mutex::new(end)),
    })
}

impl Tail {
    /// Waits until the engine can write no more, but not longer than `limit`.
    pub(super) fn wait_for_end(&self, limit: Duration) {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        // Either the thread has ended or the limit is over; there is nothing to tell apart.
        let _ = end.recv_timeout(limit);
    }

    /// The last lines, with replacement characters for what is not UTF-8. Not escaped.
    pub(super) fn lines(&self) -> Vec<String> {
        let bytes: Vec<u8> = {
            let kept = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
            kept.iter().copied().collect()
        };
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.len().saturating_sub(TAIL_LINES);
        lines[first..].iter().map(|line| shorten(line)).collect()
    }
}

fn shorten(line: &str) -> String {
    match line.char_indices().nth(TAIL_LINE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(text: &[u8], limit: usize) -> Vec<Line> {
        let (reader, mut writer) = io::pipe().expect("pipe");
        let lines = read_lines(reader, limit).expect("thread");
        writer.write_all(text).expect("write");
        drop(writer);
        lines.iter().collect()
    }

    #[test]
    fn tells_whole_lines_from_half_ones() {
        let lines = lines_of(b"ab\n\nc", 10);
        assert!(
            matches!(&lines[..], [Line::Whole(a), Line::Whole(b), Line::Half(c)]
            if a == b"ab" && b.is_empty() && c == b"c")
        );
    }

    #[test]
    fn a_line_of_just_the_limit_is_whole_and_one_more_byte_is_too_long() {
        assert!(matches!(&lines_of(b"1234\n", 4)[..], [Line::Whole(line)] if line == b"1234"));
        assert!(matches!(&lines_of(b"1234", 4)[..], [Line::Half(line)] if line == b"1234"));
        assert!(matches!(&lines_of(b"12345\n6\n", 4)[..], [Line::TooLong]));
    }

    #[test]
    fn keeps_the_last_lines_and_bounds_each() {
        let (reader, mut writer) = io::pipe().expect("pipe");
        let tail = keep_tail(reader).expect("thread");
        for number in 0..100_000 {
            writeln!(writer, "line {number}").expect("write");
        }
        writer.write_all(&[b'x'; 600]).expect("write");
        writer.write_all(b"\n\xff!\n").expect("write");
        drop(writer);
        tail.wait_for_end(Duration::from_secs(10));
        let lines = tail.lines();
        assert_eq!(lines.len(), TAIL_LINES);
        assert_eq!(lines[TAIL_LINES - 3], "line 99999");
        assert_eq!(
            lines[TAIL_LINES - 2].chars().count(),
            TAIL_LINE_CHARACTERS + 1
        );
        assert_eq!(lines[TAIL_LINES - 1], "\u{fffd}!");
    }

    #[test]
    fn tells_which_request_was_never_read() {
        let (reader, writer) = io::pipe().expect("pipe");
        drop(reader);
        let mut requests = write_requests(writer).expect("thread");
        requests.push("a\n".to_owned());
        while !requests.lost(0) {
            thread::yield_now();
        }
        assert!(!requests.lost(1));
    }
}
