//! The things that the stand-in can do wrong, in the places where it does them.

use std::io::{self, Write};
use std::process::{Command, ExitCode, exit};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

use crate::log::Log;

/// One thing done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    // The process.
    ExitOne,
    ExitSixtyFive,
    ExitZero,
    Kill,
    Segv,
    Abort,
    Hang,
    Allocate,
    LeaveGrandchild,
    ExitZeroLeaveGrandchild,
    NoEnd,
    ExitThreeAtEnd,
    ExitThreeAfterFirst,
    ExitZeroAfterFirst,
    FloodStderr,
    FloodStdout,
    // The lines.
    HalfLine,
    HalfLineExitOne,
    OtherVersion,
    UnknownField,
    NotUtf8,
    EscapeSequences,
    OtherId,
    SwapTwo,
    Twice,
    SkipSecond,
    MissingPiece,
    OtherFileName,
    FewGreedyIds,
    OtherThreads,
    OtherRepack,
    SilentRepack,
    DeclineFirst,
    CannotRun,
    OnlyFast,
    RefusesFlash,
    IgnoresFlash,
    ClaimsAnHour,
    ClaimsNoTime,
    // The files.
    ShortFile,
    LongFile,
    OtherShape,
    OtherDtype,
    FortranOrder,
    GarbageHeader,
    EmptyFile,
    MissingFile,
    Symlink,
    Fifo,
    Nan,
    Infinity,
    ShrinkEarlier,
}

impl Fault {
    /// `half-line` is `HalfLine`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        const ALL: [Fault; 52] = [
            Fault::ExitOne,
            Fault::ExitSixtyFive,
            Fault::ExitZero,
            Fault::Kill,
            Fault::Segv,
            Fault::Abort,
            Fault::Hang,
            Fault::Allocate,
            Fault::LeaveGrandchild,
            Fault::ExitZeroLeaveGrandchild,
            Fault::NoEnd,
            Fault::ExitThreeAtEnd,
            Fault::ExitThreeAfterFirst,
            Fault::ExitZeroAfterFirst,
            Fault::FloodStderr,
            Fault::FloodStdout,
            Fault::HalfLine,
            Fault::HalfLineExitOne,
            Fault::OtherVersion,
            Fault::UnknownField,
            Fault::NotUtf8,
            Fault::EscapeSequences,
            Fault::OtherId,
            Fault::SwapTwo,
            Fault::Twice,
            Fault::SkipSecond,
            Fault::MissingPiece,
            Fault::OtherFileName,
            Fault::FewGreedyIds,
            Fault::OtherThreads,
            Fault::OtherRepack,
            Fault::SilentRepack,
            Fault::DeclineFirst,
            Fault::CannotRun,
            Fault::OnlyFast,
            Fault::RefusesFlash,
            Fault::IgnoresFlash,
            Fault::ClaimsAnHour,
            Fault::ClaimsNoTime,
            Fault::ShortFile,
            Fault::LongFile,
            Fault::OtherShape,
            Fault::OtherDtype,
            Fault::FortranOrder,
            Fault::GarbageHeader,
            Fault::EmptyFile,
            Fault::MissingFile,
            Fault::Symlink,
            Fault::Fifo,
            Fault::Nan,
            Fault::Infinity,
            Fault::ShrinkEarlier,
        ];
        let flat = name.replace('-', "");
        ALL.into_iter()
            .find(|fault| format!("{fault:?}").eq_ignore_ascii_case(&flat))
    }

    /// What happens before the first request is read; a status ends the process with it.
    pub(crate) fn at_start(self, log: &Log) -> Option<u8> {
        match self {
            Self::ExitOne => {
                eprintln!("first words\nlast words: cannot go on");
                return Some(1);
            }
            Self::ExitSixtyFive => {
                eprintln!("model.gguf: magic is ABCD, expected GGUF");
                return Some(65);
            }
            Self::ExitZero => return Some(0),
            Self::HalfLine | Self::HalfLineExitOne => {
                print!("{{\"schema\":\"lockstep/");
                let _ = io::stdout().flush();
                return Some(u8::from(self == Self::HalfLineExitOne));
            }
            Self::ExitZeroLeaveGrandchild => {
                start_grandchild(log);
                return Some(0);
            }
            Self::LeaveGrandchild => start_grandchild(log),
            Self::Hang => {
                start_grandchild(log);
                sleep();
            }
            Self::Kill => end_by(Signal::KILL),
            Self::Segv => end_by(Signal::SEGV),
            Self::Abort => std::process::abort(),
            Self::Allocate => allocate(),
            Self::FloodStderr => flood(io::stderr(), b"noise noise noise\n", 100_000_000),
            Self::FloodStdout => flood(io::stdout(), b"noise", usize::MAX),
            Self::EscapeSequences => eprintln!("\u{1b}[2Jcleared"),
            _ => {}
        }
        None
    }

    /// What happens once there are no more requests.
    pub(crate) fn at_end(self, log: &Log) -> ExitCode {
        log.line("end");
        match self {
            Self::NoEnd => sleep(),
            Self::ExitThreeAtEnd => return ExitCode::from(3),
            _ => {}
        }
        ExitCode::SUCCESS
    }

    /// Which answers are said when the answer to the item `index` is ready.
    pub(crate) fn say_item(self, index: usize, answer: &str, say: impl Fn(&str)) {
        match (self, index) {
            (Self::SkipSecond, 1) => {}
            // Tests give the ids `a` and `b`: the answer to the second is said for the first.
            (Self::SwapTwo, 0) => say(&answer.replace("\"id\":\"a\"", "\"id\":\"b\"")),
            (Self::Twice, _) => {
                say(answer);
                say(answer);
            }
            (Self::ExitThreeAfterFirst, 0) => {
                say(answer);
                exit(3);
            }
            (Self::ExitZeroAfterFirst, 0) => {
                say(answer);
                exit(0);
            }
            _ => say(answer),
        }
    }

    /// What becomes of an answer on its way to standard output.
    pub(crate) fn distort(self, text: &str) -> Vec<u8> {
        match self {
            Self::OtherVersion => text.replace("/v1", "/v2"),
            Self::UnknownField => text.replacen('{', "{\"surprise\":1,", 1),
            Self::OtherId => text.replace("\"id\":\"", "\"id\":\"x"),
            Self::MissingPiece => text.replacen("{\"text\":\"<s>\"},", "", 1),
            Self::OtherFileName => text.replace("a.logits.npy", "../../secret.npy"),
            Self::FewGreedyIds => text.replacen("\"greedy_ids\":[", "\"greedy_ids\":[0,", 1),
            Self::NotUtf8 => return [b"{\"\xff", text.as_bytes()].concat(),
            _ => text.to_owned(),
        }
        .into_bytes()
    }
}

/// A process of the same group that keeps all pipes open and would stay for a long time.
fn start_grandchild(log: &Log) {
    #[expect(
        clippy::zombie_processes,
        reason = "it is there to outlive this process"
    )]
    let grandchild = Command::new("sleep")
        .arg("1000")
        .spawn()
        .expect("`sleep` is everywhere");
    log.line(&format!("grandchild {}", grandchild.id()));
}

fn end_by(signal: Signal) -> ! {
    loop {
        // Rust's own handler for SIGSEGV takes the first one and puts the default back.
        kill_process(getpid(), signal).expect("a process may end itself");
    }
}

fn sleep() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(1000));
    }
}

fn allocate() -> ! {
    let mut held = Vec::new();
    loop {
        // Not zero, or the pages would not really be there.
        held.push(vec![1_u8; 16 << 20]);
        std::hint::black_box(&held);
    }
}

fn flood(mut stream: impl Write, text: &[u8], total: usize) {
    let block = text.repeat(64 * 1024 / text.len());
    let mut written = 0_usize;
    while written < total && stream.write_all(&block).is_ok() {
        written += block.len();
    }
}
