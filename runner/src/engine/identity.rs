//! Who an engine process is, and what its last words tell of its end.

use std::cmp::Reverse;
use std::path::Path;
use std::slice;

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

    /// An engine that gets no more memory says so in the words of its language, and then aborts,
    /// exits, or declines: nothing but these words tells it from another failure.
    fn recognise_memory(&self, kind: FaultKind, stderr: &[String]) -> FaultKind {
        let words = match &kind {
            FaultKind::Exited { status } if !KNOWS_WHY.contains(status) => stderr,
            FaultKind::Signalled { .. } => stderr,
            FaultKind::Declined { error, .. } => slice::from_ref(error),
            _ => &[],
        };
        if words.iter().any(|line| self.lacks_memory(line)) {
            return self.out_of_memory();
        }
        kind
    }

    /// Whether these words of the engine say that it got no more memory.
    pub(super) fn lacks_memory(&self, line: &str) -> bool {
        speaks_of_memory(line) && speaks_of_memory(&self.cut(line))
    }

    pub(super) fn out_of_memory(&self) -> FaultKind {
        FaultKind::OutOfMemory {
            limit_bytes: self.memory_bytes,
        }
    }

    /// The line without what it repeats of the command: a path may have any words.
    fn cut(&self, line: &str) -> String {
        let names = self.command.iter().flat_map(|word| names(Path::new(word)));
        let mut names: Vec<String> = names.filter(|name| speaks_of_memory(name)).collect();
        // A path goes before its folders and its last name, which are parts of it.
        names.sort_by_key(|name| Reverse(name.len()));
        let without = |line: String, name: &String| without(&line, name);
        names.iter().fold(line.to_owned(), without)
    }
}

/// What an engine may call a file of its command: as it stands there, in full, and with its links
/// followed; each of these with the folders above it and the last name alone.
fn names(path: &Path) -> Vec<String> {
    let absolute = std::path::absolute(path).ok();
    let real = path.canonicalize().ok();
    let wholes = [Some(path), absolute.as_deref(), real.as_deref()];
    let parts = |whole: &Path| -> Vec<String> {
        let last = whole.file_name().map(Path::new);
        let parts = whole.ancestors().chain(last);
        parts.map(|it| it.to_string_lossy().into_owned()).collect()
    };
    wholes.into_iter().flatten().flat_map(parts).collect()
}

/// The line without a name. One that has no slash can be part of another word, as `bad_alloc` is
/// of `std::bad_alloc`: it goes where it stands alone or at the end of a path.
fn without(line: &str, name: &str) -> String {
    if name.contains('/') {
        return line.replace(name, "");
    }
    let bounds = |c: char| c.is_whitespace() || "\"'`".contains(c);
    let mut kept = String::with_capacity(line.len());
    let mut end = 0;
    for (start, _) in line.match_indices(name) {
        let after = start + name.len();
        let begins = line[..start].chars().next_back();
        let ends = line[after..].chars().next();
        let stands_alone = begins.is_none_or(|c| bounds(c) || c == '/')
            && ends.is_none_or(|c| bounds(c) || c == ':');
        kept.push_str(&line[end..if stands_alone { start } else { after }]);
        end = after;
    }
    kept + &line[end..]
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
