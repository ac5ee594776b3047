//! What the runner itself looks at in a model file: its header, its size and its hash.
//!
//! Read by ordinary reads, never mapped: a mapping needs unsafe code, and a file that is cut short
//! under it ends the process.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gguf::{GgufError, Header};
use rustix::fs::OFlags;
use schemas::receipt::FileIdentity;
use sha2::{Digest, Sha256};

use crate::gate::VocabularyFacts;
use crate::text::escape_path;

/// The key of a file's one chat template, or of the default among several; the others have a dot
/// and their name after it.
pub(crate) const CHAT_TEMPLATE_KEY: &str = "tokenizer.chat_template";

/// What is read first of a file; headers with a vocabulary are a few MB.
const FIRST_BYTES: u64 = 4 << 20;

/// The largest vocabularies make headers of some tens of MB. What claims to need more is not read:
/// a file with holes can claim any size.
const HEADER_LIMIT_BYTES: u64 = 512 << 20;

/// Why a model file is of no use.
#[derive(Debug)]
pub struct ModelFileError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Io(io::Error),
    Gguf(GgufError),
    HugeHeader { needed: u64 },
}

impl ModelFileError {
    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            problem: Problem::Io(error),
        }
    }
}

impl fmt::Display for ModelFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = escape_path(&self.path);
        match &self.problem {
            Problem::HugeHeader { needed } => write!(
                f,
                "{path}: its header needs {needed} bytes, at most {HEADER_LIMIT_BYTES} are read"
            ),
            Problem::Io(error) => write!(f, "{path}: {error}"),
            Problem::Gguf(error) => write!(f, "{path}: {error}"),
        }
    }
}

impl std::error::Error for ModelFileError {}

/// Opens a file and nothing else: a pipe would be waited for, a device has no end.
pub(crate) fn open_regular(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits() as i32)
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::other("is a folder, expected a file"));
    }
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    Ok((file, metadata.len()))
}

/// Makes sure that a file is there and can be read.
pub fn check_readable(path: &Path) -> Result<(), ModelFileError> {
    open(path).map(drop)
}

/// Opens a file for positioned reads, and tells its size.
pub(crate) fn open(path: &Path) -> Result<(File, u64), ModelFileError> {
    open_regular(path).map_err(|error| ModelFileError::io(path, error))
}

/// Reads as much of a file as its header needs.
pub fn read_header(path: &Path) -> Result<Header, ModelFileError> {
    let failed = |problem| ModelFileError {
        path: path.to_owned(),
        problem,
    };
    let (file, file_bytes) = open(path)?;
    let mut head = Vec::new();
    let mut wanted = FIRST_BYTES.min(file_bytes);
    loop {
        let known = head.len();
        head.resize(wanted as usize, 0);
        file.read_exact_at(&mut head[known..], known as u64)
            .map_err(|error| failed(Problem::Io(error)))?;
        match Header::parse(&head, file_bytes) {
            Err(GgufError::Incomplete { needed }) => {
                // Doubling reads a header of any size with a few parses of it.
                wanted = needed.max(wanted.saturating_mul(2)).min(file_bytes);
                if needed > HEADER_LIMIT_BYTES {
                    return Err(failed(Problem::HugeHeader { needed }));
                }
                wanted = wanted.min(HEADER_LIMIT_BYTES);
            }
            parsed => return parsed.map_err(|error| failed(Problem::Gguf(error))),
        }
    }
}

/// The text of a small file that may be anything: no device or pipe is waited for, and what is larger
/// is not read.
pub(crate) fn read_text(path: &Path, limit_bytes: u64) -> io::Result<String> {
    let (file, _) = open_regular(path)?;
    let mut text = String::new();
    let read = file.take(limit_bytes + 1).read_to_string(&mut text)?;
    if read as u64 > limit_bytes {
        return Err(io::Error::other(format!(
            "is larger than {limit_bytes} bytes"
        )));
    }
    Ok(text)
}

/// What the gate wants to know of a file's vocabulary; what is ill-typed counts as absent.
pub fn vocabulary_facts(header: &Header) -> VocabularyFacts {
    let metadata = header.metadata();
    let text = |key: &str| metadata.str(key).ok().flatten().map(str::to_owned);
    VocabularyFacts {
        model: text("tokenizer.ggml.model"),
        // An empty one is none to llama.cpp.
        pre: text("tokenizer.ggml.pre").filter(|pre| !pre.is_empty()),
        add_bos: metadata.bool("tokenizer.ggml.add_bos_token").ok().flatten(),
        bos: metadata.u32("tokenizer.ggml.bos_token_id").ok().flatten(),
        n_tokens: metadata
            .strings("tokenizer.ggml.tokens")
            .ok()
            .flatten()
            .map(<[_]>::len),
    }
}

/// Name, size and hash of a file.
pub fn identity(path: &Path) -> io::Result<FileIdentity> {
    identity_unless(path, &AtomicBool::new(false))
}

/// The same, given up with [`io::ErrorKind::Interrupted`] once `stop` is set: a large model takes
/// minutes.
pub fn identity_unless(path: &Path, stop: &AtomicBool) -> io::Result<FileIdentity> {
    let (mut file, _) = open_regular(path)?;
    let (sha256, file_bytes) = digest_unless(&mut file, stop)?;
    let label = path.file_name().unwrap_or(path.as_os_str());
    Ok(FileIdentity {
        label: label.to_string_lossy().into_owned(),
        file_bytes,
        sha256,
    })
}

/// `sha256:` and the digest of all that is left of a file, with how many bytes that is; given up like
/// [`identity_unless`].
pub(crate) fn digest_unless(file: &mut impl Read, stop: &AtomicBool) -> io::Result<(String, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut file_bytes = 0;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok((format!("sha256:{}", hex(&hasher.finalize())), file_bytes));
        }
        hasher.update(&buffer[..n]);
        file_bytes += n as u64;
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_bytes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").expect("writable");
        let identity = identity(&path).expect("readable");
        assert_eq!(identity.label, "abc");
        assert_eq!(identity.file_bytes, 3);
        // The example of FIPS 180-4.
        assert_eq!(
            identity.sha256,
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn what_is_no_model_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("text");
        std::fs::write(&path, "no model").expect("writable");
        let error = read_header(&path).expect_err("no model").to_string();
        assert!(error.contains("text: no GGUF file"), "{error}");
        assert!(read_header(folder.path()).is_err(), "a folder");
        assert!(read_header(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn a_header_that_claims_gigabytes_is_not_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("holes.gguf");
        let mut head = b"GGUF\x03\0\0\0".to_vec();
        // No tensor, one entry whose key has 3 GiB; the file has holes for all of it.
        for number in [0u64, 1, 3 << 30] {
            head.extend(number.to_le_bytes());
        }
        std::fs::write(&path, head).expect("writable");
        let file = OpenOptions::new().write(true).open(&path).expect("ours");
        file.set_len(4 << 30).expect("a hole");
        let error = read_header(&path).expect_err("huge").to_string();
        assert!(
            error.contains("holes.gguf: its header needs 3221225"),
            "{error}"
        );
    }
}
