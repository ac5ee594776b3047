//! Starts an engine so that it can be ended together with everything it started.
//!
//! Each engine runs in a process group that is led by a *guard*: a shell that waits for the end
//! of its standard input, which the runner alone holds open, and then kills the group. That
//! gives three things without unsafe code:
//!
//! - When the runner dies in whatever way, even by SIGKILL, the pipe closes and the group ends.
//!   (Linux's parent-death signal would need code in the child between fork and exec, would end
//!   no grandchild, and fires when the *thread* ends that started the child.)
//! - The group exists before the engine does and until the guard is waited for, so its number
//!   cannot be given to somebody else while we might still send it a signal.
//! - Grandchildren that outlive the engine are ended too.
//!
//! A process that leaves the group on purpose is not ended: that would need a container.
//!
//! The signal is SIGKILL from the start. An engine holds no state worth saving, a hung one may
//! not react to anything milder, and one that tidies up could still write half an answer.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, PipeReader, PipeWriter};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use duct::{Expression, Handle};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal};

use super::fault::FaultKind;
use super::memory::Memory;
use super::spec::search;

/// A running engine; dropping it ends its group.
#[derive(Debug)]
pub(super) struct Process {
    engine: Handle,
    guard: Guard,
}

/// Our ends of the engine's streams.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) stdin: PipeWriter,
    pub(super) stdout: PipeReader,
    pub(super) stderr: PipeReader,
}

/// How long the end of a killed process is waited for. It can only be late when the kernel holds
/// it in a system call; then it is left behind and `duct` collects it later.
const KILLED_WAIT: Duration = Duration::from_secs(5);

impl Process {
    /// Starts `command` with exactly these environment variables.
    pub(super) fn start(
        command: &[OsString],
        environment: &BTreeMap<OsString, OsString>,
        memory_bytes: Option<u64>,
    ) -> Result<(Self, Streams), FaultKind> {
        let guard = Guard::start().map_err(|error| not_started(&error))?;
        let (child_stdin, stdin) = io::pipe().map_err(|error| not_started(&error))?;
        let (stdout, child_stdout) = io::pipe().map_err(|error| not_started(&error))?;
        let (stderr, child_stderr) = io::pipe().map_err(|error| not_started(&error))?;
        let (program, arguments) = command.split_first().ok_or_else(|| FaultKind::NotFound {
            program: String::new(),
        })?;
        let engine = in_group(&duct::cmd(program, arguments), guard.group.as_raw_pid())
            .full_env(environment)
            .stdin_file(child_stdin)
            .stdout_file(child_stdout)
            .stderr_file(child_stderr)
            .start()
            .map_err(|error| {
                let path = environment.get(OsStr::new("PATH"));
                start_fault(&error, program, path.map_or(OsStr::new(""), |path| path))
            })?;
        let process = Self { engine, guard };
        process
            .limit(memory_bytes)
            .map_err(|errno| not_started(&errno.into()))?;
        Ok((
            process,
            Streams {
                stdin,
                stdout,
                stderr,
            },
        ))
    }

    /// Sets the limits from outside, right after the start: a limit set in the child would need
    /// code between fork and exec. What the engine had by then counts, too.
    fn limit(&self, memory_bytes: Option<u64>) -> Result<(), Errno> {
        // Without a number the call would limit the runner itself.
        let pid = Some(pid_of(&self.engine).ok_or(Errno::SRCH)?);
        // An abort of a reference is ordinary; a memory image of its model is not wanted.
        let mut limits = vec![(Resource::Core, 0)];
        limits.extend(memory_bytes.map(|bytes| (Resource::Data, bytes)));
        for (resource, limit) in limits {
            // Whoever limited the runner further has the last word, and raising is forbidden.
            let inherited = rustix::process::getrlimit(resource).maximum;
            let limit = Some(inherited.map_or(limit, |inherited| inherited.min(limit)));
            let limit = Rlimit {
                current: limit,
                maximum: limit,
            };
            match rustix::process::prlimit(pid, resource, limit) {
                // It has ended already.
                Ok(_) | Err(Errno::SRCH) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// How the engine ended, if it did within `limit`.
    pub(super) fn wait(&self, limit: Duration) -> Result<Option<ExitStatus>, FaultKind> {
        let output = self
            .engine
            .wait_timeout(limit)
            .map_err(|error| FaultKind::Runner {
                problem: format!("waiting for the engine's end: {error}"),
            })?;
        Ok(output.map(|output| output.status))
    }

    /// What the engine has of memory; `None` once it has ended.
    pub(super) fn memory(&self) -> Result<Option<Memory>, FaultKind> {
        // Its number is its own until it has been waited for, and nobody else does that.
        if self.wait(Duration::ZERO)?.is_some() {
            return Ok(None);
        }
        let failed = |problem: String| FaultKind::Runner {
            problem: format!("reading the engine's memory: {problem}"),
        };
        let pid = pid_of(&self.engine).ok_or_else(|| failed("it has no number".to_owned()))?;
        let path = format!("/proc/{}/status", pid.as_raw_pid());
        let status = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        Ok(Memory::of_status(&status))
    }

    /// Ends the engine and everything in its group.
    pub(super) fn kill(&self) {
        self.guard.kill();
        // Nothing better can be done about a process that the kernel will not let go.
        let _ = self.engine.wait_timeout(KILLED_WAIT);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The leader of the engine's process group.
#[derive(Debug)]
struct Guard {
    shell: Handle,
    group: Pid,
    ended: AtomicBool,
    // Never written to; that it closes with the runner is its purpose.
    _held_open: PipeWriter,
}

/// Waits for the end of standard input, then kills its own group.
const GUARD_SCRIPT: &str = "read -r _; kill -s KILL 0";

impl Guard {
    fn start() -> io::Result<Self> {
        let (waits_on, held_open) = io::pipe()?;
        // Group 0 is a new one with the shell's own number.
        let shell = in_group(&duct::cmd("/bin/sh", ["-c", GUARD_SCRIPT]), 0)
            .full_env([("PATH", "/usr/bin:/bin")])
            .stdin_file(waits_on)
            .stdout_null()
            .stderr_null()
            .start()?;
        let group = pid_of(&shell).ok_or_else(|| io::Error::other("the guard has no number"))?;
        Ok(Self {
            shell,
            group,
            ended: AtomicBool::new(false),
            _held_open: held_open,
        })
    }

    fn kill(&self) {
        // Only once: when the guard has been waited for, its number may become somebody else's.
        // Until then, even a dead guard keeps it.
        if !self.ended.swap(true, Ordering::SeqCst) {
            // It fails only when the group has no process left.
            let _ = rustix::process::kill_process_group(self.group, Signal::KILL);
            let _ = self.shell.wait_timeout(KILLED_WAIT);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.kill();
    }
}

fn in_group(command: &Expression, group: i32) -> Expression {
    command
        // A status other than 0 is a fact to look at, not an error of waiting.
        .unchecked()
        .before_spawn(move |command| {
            command.process_group(group);
            Ok(())
        })
}

fn pid_of(handle: &Handle) -> Option<Pid> {
    let pid = *handle.pids().first()?;
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// Whether the system had too few processes, descriptors or too little memory: another time it may have.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE)
    )
}

pub(super) fn not_started(error: &io::Error) -> FaultKind {
    FaultKind::NotStarted {
        problem: error.to_string(),
    }
}

fn start_fault(error: &io::Error, program: &OsStr, path: &OsStr) -> FaultKind {
    // A folder of the search path that may not be read hides that the program is in none.
    let searched_in_vain =
        !program.as_bytes().contains(&b'/') && search(path, Path::new(program)).is_none();
    let program = program.to_string_lossy().into_owned();
    match Errno::from_io_error(error) {
        Some(Errno::ACCESS) if searched_in_vain => FaultKind::NotFound { program },
        Some(Errno::NOENT | Errno::NOTDIR) => FaultKind::NotFound { program },
        // The program is being built anew.
        Some(Errno::TXTBSY) => not_started(error),
        _ if is_shortage(error) => not_started(error),
        _ => FaultKind::NotExecutable { program },
    }
}
