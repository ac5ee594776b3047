//! Answers of references, kept by all that they depend on: a nightly run in which only the candidate
//! has changed evaluates the reference no more.
//!
//! ```text
//! DIR/KEY.json          what the engine said, and the digests of the files beside it
//! DIR/KEY.logits.npy    [position][vocab]
//! DIR/KEY.greedy.npy    [step][vocab]
//! ```
//! The note is written last, and every file is held against its digest each time: what is damaged or
//! half-written is as good as not there. `key` says what an answer depends on, `room` keeps the
//! folder small.

mod key;
mod room;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use schemas::canonical;
use schemas::line;
use schemas::reference_answer::ReferenceAnswer;
use schemas::tag::Tag;
use sha2::{Digest, Sha256};

use crate::engine::{Client, EvaluatedItem, LogitsFile};
use crate::model_file::{self, hex};
use crate::results;

pub use key::{Asker, machine};
use room::Room;

/// An answer repeats its greedy tokens, some ten bytes each.
const NOTE_BYTES: u64 = 1 << 24;

/// Answers that are kept.
#[derive(Debug)]
pub struct ReferenceCache {
    folder: PathBuf,
    room: Room,
}

impl ReferenceCache {
    /// In a folder that is made if it is not there, of at most so many bytes.
    pub fn open(folder: &Path, limit_bytes: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            room: Room::of(folder, limit_bytes)?,
        })
    }

    /// The answer of this key, if it is there, whole and as it was kept.
    pub fn find(&self, key: &str, client: &Client<'_>) -> Option<EvaluatedItem> {
        let text = model_file::read_text(&self.note(key), NOTE_BYTES).ok()?;
        let answer: ReferenceAnswer = line::read_whole(&text).ok()?;
        if answer.key != key {
            return None;
        }
        let whole = |path: PathBuf, digest: &str| {
            let mut file = File::open(path).ok()?;
            (sha256_of(&mut file).ok()? == digest).then_some(file)
        };
        let logits = whole(self.logits(key), &answer.logits_sha256)?;
        let greedy = whole(self.greedy(key), &answer.greedy_sha256)?;
        let item = client.kept_item(answer.response, logits, greedy).ok()?;
        room::was_used(&self.note(key));
        Some(item)
    }

    /// Keeps an answer, and lets go of those that were not used for longest if there is no room.
    pub fn keep(&self, key: &str, item: &EvaluatedItem) -> io::Result<()> {
        let bytes = item.logits.file_bytes() + item.greedy.file_bytes();
        if !self.room.make(bytes)? {
            return Ok(());
        }
        let copy = |file: &LogitsFile, path: &Path| -> io::Result<String> {
            let mut copy = tempfile::Builder::new().tempfile_in(&self.folder)?;
            let mut hasher = Sha256::new();
            file.copy_to(|bytes| {
                hasher.update(bytes);
                io::Write::write_all(&mut copy, bytes)
            })?;
            // Not synced: the digest tells what did not reach the disk.
            copy.persist(path)?;
            Ok(format!("sha256:{}", hex(&hasher.finalize())))
        };
        let answer = ReferenceAnswer {
            schema: Tag::new(),
            key: key.to_owned(),
            response: item.response.clone(),
            logits_sha256: copy(&item.logits, &self.logits(key))?,
            greedy_sha256: copy(&item.greedy, &self.greedy(key))?,
        };
        let text = canonical::to_string(&answer).map_err(io::Error::other)?;
        results::write_text(&self.folder, &format!("{}.json", name(key)), &text)
    }

    fn note(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{}.json", name(key)))
    }

    fn logits(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{}.logits.npy", name(key)))
    }

    fn greedy(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{}.greedy.npy", name(key)))
    }
}

/// Without its ending.
fn name(key: &str) -> &str {
    key.trim_start_matches("sha256:")
}

fn sha256_of(file: &mut File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(format!("sha256:{}", hex(&hasher.finalize()))),
            n => hasher.update(&buffer[..n]),
        }
    }
}
