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
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use schemas::canonical;
use schemas::line;
use schemas::reference_answer::ReferenceAnswer;
use schemas::tag::Tag;
use sha2::{Digest, Sha256};

use crate::engine::{Client, EvaluatedItem, LogitsFile};
use crate::model_file::{self, hex};
use crate::results;
use crate::seal::sha256;

pub use key::{Asker, machine};
use room::Room;

/// An answer repeats its greedy tokens, some ten bytes each.
const NOTE_BYTES: u64 = 1 << 24;

/// Nobody stops it: an answer takes a fraction of a second.
static NEVER: AtomicBool = AtomicBool::new(false);

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
        room::remove_unfinished(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            room: Room::of(folder, limit_bytes)?,
        })
    }

    /// The answer of this key, if it is there, whole and as it was kept.
    pub fn find(&self, key: &str, client: &Client<'_>) -> Option<EvaluatedItem> {
        let text = model_file::read_text(&self.note(key), NOTE_BYTES).ok()?;
        let answer: ReferenceAnswer = line::read_whole(&text).ok()?;
        if answer.key != key || answer.digest != digest(&answer) {
            return None;
        }
        let whole = |path: PathBuf, digest: &str| {
            let mut file = File::open(path).ok()?;
            let (found, _) = model_file::digest_unless(&mut file, &NEVER).ok()?;
            (found == digest).then_some(file)
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
            let mut copy = results::temporary(&self.folder)?;
            let mut hasher = Sha256::new();
            file.copy_to(|bytes| {
                hasher.update(bytes);
                io::Write::write_all(&mut copy, bytes)
            })?;
            // Not synced: the digest tells what did not reach the disk.
            copy.persist(path)?;
            Ok(format!("sha256:{}", hex(&hasher.finalize())))
        };
        let mut answer = ReferenceAnswer {
            schema: Tag::new(),
            key: key.to_owned(),
            response: item.response.clone(),
            logits_sha256: copy(&item.logits, &self.logits(key))?,
            greedy_sha256: copy(&item.greedy, &self.greedy(key))?,
            digest: String::new(),
        };
        answer.digest = digest(&answer);
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

/// The digest of all that a note says, but for the digest itself.
fn digest(answer: &ReferenceAnswer) -> String {
    let said = ReferenceAnswer {
        digest: String::new(),
        ..answer.clone()
    };
    let text = canonical::to_string(&said).expect("it has no number that JSON has not");
    sha256(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::{Seek, Write};

    use schemas::describe::{Arithmetic, KvType, Settings};
    use schemas::evaluate::Evaluated;
    use schemas::line::ItemId;

    use super::*;
    use crate::engine::{EngineSettings, EngineSpec, Origin, Supervision};

    const KEY: &str = "sha256:0123";

    fn spec() -> EngineSpec {
        EngineSpec {
            name: "kept".to_owned(),
            command: vec!["kept".into()],
            defaults: EngineSettings::default(),
            environment: BTreeMap::new(),
            origin: Origin::CommandLine,
        }
    }

    /// `[rows][2]` of counting numbers.
    fn npy(rows: usize) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        let header = results::npy_header(rows, 2);
        let numbers = (0..rows * 2).flat_map(|n| (n as f32).to_le_bytes());
        let bytes: Vec<u8> = header.into_iter().chain(numbers).collect();
        file.write_all(&bytes).expect("written");
        file.rewind().expect("rewound");
        file
    }

    fn item(client: &Client<'_>) -> EvaluatedItem {
        let response = Evaluated {
            schema: Tag::new(),
            id: ItemId::new("case-0").expect("an id"),
            logits: "case-0.logits.npy".to_owned(),
            shape: [3, 2],
            greedy_ids: vec![1],
            greedy_logits: "case-0.greedy.npy".to_owned(),
            prefill_ns: 1,
            decode_ns: 2,
            settings: Settings {
                arithmetic: Arithmetic::Exact,
                threads: 1,
                context: 256,
                micro_batch: 512,
                kv: KvType::F16,
                flash_attention: false,
                repack: None,
                library: None,
                cpu_features: Vec::new(),
                kernels: None,
            },
        };
        let item = client.kept_item(response, npy(3), npy(1));
        item.expect("files of the right size")
    }

    fn row(file: &LogitsFile, row: usize) -> [f32; 2] {
        let mut numbers = [0.0; 2];
        file.read_row(row, &mut numbers).expect("read");
        numbers
    }

    #[test]
    fn what_was_kept_is_found() {
        let (folder, spec) = (tempfile::tempdir().expect("folder"), spec());
        let client = Client::new(&spec, Supervision::default());
        let cache = ReferenceCache::open(folder.path(), 10_000).expect("a cache");
        assert!(cache.find(KEY, &client).is_none(), "nothing is there yet");
        let item = item(&client);
        cache.keep(KEY, &item).expect("kept");
        let found = cache.find(KEY, &client).expect("there");
        assert_eq!(found.response, item.response);
        assert_eq!(row(&found.logits, 2), row(&item.logits, 2));
        assert_eq!(row(&found.greedy, 0), row(&item.greedy, 0));
        assert!(cache.find("sha256:4567", &client).is_none(), "another key");
    }

    #[test]
    fn what_is_damaged_is_as_good_as_not_there() {
        let (folder, spec) = (tempfile::tempdir().expect("folder"), spec());
        let client = Client::new(&spec, Supervision::default());
        let cache = ReferenceCache::open(folder.path(), 10_000).expect("a cache");
        let item = item(&client);
        for file in [cache.note(KEY), cache.logits(KEY), cache.greedy(KEY)] {
            let spoilt: [&dyn Fn(Vec<u8>) -> Vec<u8>; 4] = [
                &|bytes| bytes[..bytes.len() - 2].to_vec(),
                &|_| Vec::new(),
                &|bytes| [&bytes[..], b" "].concat(),
                &|mut bytes| {
                    // A digit of a number, in the note.
                    let place = bytes.iter().rposition(|byte| *byte == b'5');
                    let place = place.unwrap_or(bytes.len() - 2);
                    bytes[place] ^= 1;
                    bytes
                },
            ];
            for (way, spoil) in spoilt.into_iter().enumerate() {
                cache.keep(KEY, &item).expect("kept");
                let whole = fs::read(&file).expect("there");
                fs::write(&file, spoil(whole)).expect("written");
                let found = cache.find(KEY, &client);
                // A blank behind the note is still that note.
                let is_harmless = way == 2 && file == cache.note(KEY);
                assert_eq!(found.is_some(), is_harmless, "{} {way}", file.display());
            }
            fs::remove_file(&file).expect("removed");
            assert!(cache.find(KEY, &client).is_none(), "{}", file.display());
            cache.keep(KEY, &item).expect("kept");
            assert!(cache.find(KEY, &client).is_some(), "kept again");
        }
    }

    #[test]
    fn a_note_of_another_answer_is_not_taken() {
        let (folder, spec) = (tempfile::tempdir().expect("folder"), spec());
        let client = Client::new(&spec, Supervision::default());
        let cache = ReferenceCache::open(folder.path(), 10_000).expect("a cache");
        let item = item(&client);
        cache.keep(KEY, &item).expect("kept");
        let other = "sha256:4567";
        fs::copy(cache.note(KEY), cache.note(other)).expect("copied");
        fs::copy(cache.logits(KEY), cache.logits(other)).expect("copied");
        fs::copy(cache.greedy(KEY), cache.greedy(other)).expect("copied");
        assert!(cache.find(other, &client).is_none());
    }

    #[test]
    fn what_does_not_fit_is_not_kept() {
        let (folder, spec) = (tempfile::tempdir().expect("folder"), spec());
        let client = Client::new(&spec, Supervision::default());
        let cache = ReferenceCache::open(folder.path(), 10).expect("a cache");
        cache.keep(KEY, &item(&client)).expect("no failure");
        assert!(cache.find(KEY, &client).is_none());
    }
}
