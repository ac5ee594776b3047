//! How much memory an engine's process has, as Linux tells it in `/proc/PID/status`.
//!
//! It is of the process that the command starts, and of none that this one starts in turn: a shell in
//! the command should end with `exec`.

/// What a process has of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The most that was resident at once since it began: also pages of mapped files, which the system
    /// could take back at any time.
    pub peak_resident_bytes: u64,
    /// What is resident of its own: heap, stacks, anonymous mappings.
    pub anonymous_bytes: u64,
}

impl Memory {
    /// Out of the text of the file; `None` of a process that has ended, whose file has no such lines.
    pub(super) fn of_status(status: &str) -> Option<Self> {
        Some(Self {
            peak_resident_bytes: bytes(status, "VmHWM:")?,
            anonymous_bytes: bytes(status, "RssAnon:")?,
        })
    }
}

/// `VmHWM:      1234 kB`, where kB is 1024 bytes. The name of the process stands there, too, but the
/// system writes a line end in it as `\n`.
fn bytes(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = value.trim().strip_suffix(" kB")?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_peak_and_own_memory() {
        let status = "Name:\tx\nVmHWM:\t   12 kB\nVmRSS:\t   11 kB\nRssAnon:\t    3 kB\n";
        let memory = Memory {
            peak_resident_bytes: 12 << 10,
            anonymous_bytes: 3 << 10,
        };
        assert_eq!(Memory::of_status(status), Some(memory));
    }

    #[test]
    fn a_process_that_has_ended_has_none() {
        assert_eq!(Memory::of_status("Name:\tx\nState:\tZ (zombie)\n"), None);
        assert_eq!(Memory::of_status("VmHWM:\t 12 MB\nRssAnon:\t 3 kB\n"), None);
        assert_eq!(Memory::of_status("VmHWM:\t 12 kB\n"), None);
    }

    #[test]
    fn this_process_has_some() {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        let memory = Memory::of_status(&status).expect("it lives");
        assert!(memory.peak_resident_bytes >= memory.anonymous_bytes);
        assert!(memory.anonymous_bytes > 0);
    }
}
