//! Who an engine process is, and what its last words tell of its end.

use super::fault::{EngineFault, FaultKind};
use super::pipes::Tail;

/// Who an engine process is, for the faults that are found when it is gone. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) engine: String,
    pub(super) command: Vec<String>,
    pub(super) tail: Option<Tail>,
    pub(super) memory_bytes: Option<u64>,
}

impl Identity {
    /// A fault of this engine, with its last words.
    pub(super) fn fault(&self, kind: FaultKind) -> EngineFault {
        let stderr = self.tail.as_ref().map(Tail::lines).unwrap_or_default();
        let kind = Box::new(self.recognise_memory(kind, &stderr));
        EngineFault {
            engine: self.engine.clone(),
            command: self.command.clone(),
            kind,
            stderr,
        }
    }

    /// An engine that gets no more memory says so in the words of its language and then aborts
    /// or exits: nothing but these words tells it from another failure.
    fn recognise_memory(&self, kind: FaultKind, stderr: &[String]) -> FaultKind {
        let words = [
            "memory allocation of",   // Rust: "memory allocation of N bytes failed"
            "bad_alloc",              // C++
            "MemoryError",            // Python
            "out of memory",          // Go, CUDA, and people
            "cannot allocate memory", // strerror(ENOMEM)
            "insufficient memory",    // ggml_aligned_malloc
            "failed to allocate",     // ggml
            "unable to allocate",     // llama.cpp, numpy
        ];
        let says_so = || {
            stderr.iter().any(|line| {
                let line = line.to_lowercase();
                words.iter().any(|word| line.contains(&word.to_lowercase()))
            })
        };
        match kind {
            FaultKind::Exited { .. } | FaultKind::Signalled { .. } if says_so() => {
                FaultKind::OutOfMemory {
                    limit_bytes: self.memory_bytes,
                }
            }
            other => other,
        }
    }
}
