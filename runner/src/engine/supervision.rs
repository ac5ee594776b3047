//! The limits under which engines run, and the way to stop waiting for them.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{fs, process, thread};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::exit::Exit;

/// The limits under which an engine runs.
#[derive(Clone, Debug)]
pub struct Supervision {
    /// How long one answer may take: from the moment at which it is waited for. The first answer
    /// includes loading the model. The same limit holds for the end of the process.
    pub timeout: Duration,
    /// How much memory the process may have for itself; `None` is no limit.
    ///
    /// It is set as `RLIMIT_DATA`, which counts what only this process can write: its heap and
    /// its anonymous mappings. A memory-mapped model is not counted, so the limit needs no
    /// allowance for it, and address space that is merely reserved is not counted either, as
    /// `RLIMIT_AS` would.
    pub memory_bytes: Option<u64>,
    /// How long the last bytes of an engine that has ended may take through the pipe, when a
    /// process that left its group still holds it open. Every process of such an engine costs this
    /// much; less than two seconds would be too little on a busy machine, where our own reader
    /// waits for its turn, too.
    pub last_bytes: Duration,
    /// Raised when the user wants to stop.
    pub interrupt: Interrupt,
    /// The folder in which private folders are made; `None` is the system's temporary folder.
    pub scratch: Option<PathBuf>,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            // A slow scalar build needs minutes for a long prompt of a large model; a nightly
            // job should still notice a hung engine within the hour.
            timeout: Duration::from_secs(600),
            memory_bytes: default_memory_bytes(),
            last_bytes: Duration::from_secs(2),
            interrupt: Interrupt::default(),
            scratch: None,
        }
    }
}

/// Four fifths of the machine's memory: what is left keeps the runner and the system alive, so
/// that the engine fails and not whatever the kernel would choose to end.
fn default_memory_bytes() -> Option<u64> {
    Some(machine_bytes()? / 5 * 4)
}

/// All memory of the machine.
pub(crate) fn machine_bytes() -> Option<u64> {
    total_bytes(&fs::read_to_string("/proc/meminfo").ok()?)
}

/// `MemTotal:       24576000 kB`, where kB is 1024 bytes.
fn total_bytes(information: &str) -> Option<u64> {
    let line = information
        .lines()
        .find(|line| line.starts_with("MemTotal:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The line `SigIgn:`, in hexadecimal: bit n stands for the signal n + 1.
fn ignored_signals(status: &str) -> Option<u64> {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

/// How long the runner may take to leave by its ordinary way. Whoever asks it to stop may end it by
/// force after five seconds.
const WAY_OUT: Duration = Duration::from_secs(4);

/// Whether the user wants to stop. Cheap to clone; all clones are one.
///
/// Every wait for an engine looks at it many times a second and gives up with
/// [`super::FaultKind::Interrupted`]. So the runner leaves by its ordinary way: engines are
/// ended and temporary files are removed by the values that own them. What looks at nothing, such as
/// the comparison of a long prompt, is not waited for: files are whole whenever the runner ends.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// An interrupt that Ctrl-C, SIGTERM and SIGHUP raise.
    ///
    /// The second signal ends the runner at once, with the exit code of a retryable failure, in
    /// case its ordinary way out is blocked. Engines end even then: see `process`.
    ///
    /// The same happens some seconds after the first.
    pub fn from_signals() -> io::Result<Self> {
        let interrupt = Self::default();
        let (begun, signalled) = UnixStream::pair()?;
        for signal in caught() {
            // The order matters: the first signal finds the flag down and passes this line.
            flag::register_conditional_shutdown(
                signal,
                Exit::Retryable as i32,
                Arc::clone(&interrupt.0),
            )?;
            flag::register(signal, Arc::clone(&interrupt.0))?;
            low_level::pipe::register(signal, signalled.try_clone()?)?;
        }
        thread::Builder::new()
            .name("way-out".to_owned())
            .spawn(move || end_after_a_signal(begun))?;
        Ok(interrupt)
    }

    /// From here on the first signal ends the runner, with the exit code of a retryable failure: for
    /// work without engines, whose files are whole wherever it ends.
    pub fn end_at_once() -> io::Result<()> {
        let always = Arc::new(AtomicBool::new(true));
        caught().into_iter().try_for_each(|signal| {
            let code = Exit::Retryable as i32;
            flag::register_conditional_shutdown(signal, code, Arc::clone(&always)).map(drop)
        })
    }

    /// Asks everything that waits to stop.
    pub fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// What is set when somebody asks, for work that looks at nothing else.
    pub fn flag(&self) -> &AtomicBool {
        &self.0
    }

    /// Whether somebody asked.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The signals that ask to stop. One that was ignored when the runner was started stays ignored: that
/// is how `nohup` and a shell's background jobs ask for it.
fn caught() -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").ok();
    let ignored = status.and_then(|status| ignored_signals(&status));
    let is_caught = |signal: &i32| ignored.unwrap_or(0) >> (signal - 1) & 1 == 0;
    let asking = [SIGINT, SIGTERM, SIGHUP].into_iter();
    asking.filter(is_caught).collect()
}

/// Waits for a byte, which a signal writes.
fn end_after_a_signal(mut begun: UnixStream) {
    if begun.read_exact(&mut [0]).is_ok() {
        thread::sleep(WAY_OUT);
        process::exit(Exit::Retryable as i32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_machines_memory() {
        assert_eq!(
            total_bytes("MemTotal:  10 kB\nMemFree: 5 kB\n"),
            Some(10240)
        );
        assert_eq!(total_bytes("MemFree: 5 kB\n"), None);
        assert_eq!(total_bytes("MemTotal: many kB\n"), None);
        assert!(default_memory_bytes().is_some_and(|bytes| bytes > 1 << 26));
    }

    #[test]
    fn reads_which_signals_are_ignored() {
        let status = "Name:\tx\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored_signals(status), Some(1 | 1 << 12));
        assert_eq!(ignored_signals("Name:\tx\n"), None);
    }

    #[test]
    fn clones_of_an_interrupt_are_one() {
        let one = Interrupt::default();
        let other = one.clone();
        assert!(!other.is_raised());
        one.raise();
        assert!(other.is_raised());
    }
}
