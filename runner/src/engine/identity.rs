//! Who an engine process is, and what its last words tell of its end.

use std::ffi::OsStr;
use std::path::Path;

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
        let can_mean_it = match kind {
            FaultKind::Exited { status } => !KNOWS_WHY.contains(&status),
            FaultKind::Signalled { .. } => true,
            _ => false,
        };
        let says_so = || stderr.iter().any(|line| speaks_of_memory(&self.cut(line)));
        if can_mean_it && says_so() {
            return FaultKind::OutOfMemory {
                limit_bytes: self.memory_bytes,
            };
        }
        kind
    }

    /// The line without what it repeats of the command: a path may have any words.
    fn cut(&self, line: &str) -> String {
        let forms = self.command.iter().flat_map(|word| {
            let absolute = std::path::absolute(word).unwrap_or_default();
            let name = Path::new(word).file_name().unwrap_or_default();
            let texts = [absolute.as_os_str(), OsStr::new(word), name];
            texts.map(|text| text.to_string_lossy().into_owned())
        });
        forms
            .filter(|form| speaks_of_memory(form))
            .fold(line.to_owned(), |line, form| line.replace(&form, ""))
    }
}

/// The statuses by which an engine says that the call or a file is wrong.
const KNOWS_WHY: [i32; 2] = [64, 65];

fn speaks_of_memory(text: &str) -> bool {
    let words = [
        "memory allocation of",   // Rust: "memory allocation of N bytes failed"
        "bad_alloc",              // C++
        "memoryerror",            // Python
        "out of memory",          // Go, CUDA, and people
        "cannot allocate memory", // strerror(ENOMEM)
        "insufficient memory",    // ggml_aligned_malloc
        "failed to allocate",     // ggml
        "unable to allocate",     // llama.cpp, numpy
    ];
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}
