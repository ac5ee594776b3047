//! Keeps a cache within its size: what was not used for longest goes first.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::results::UNFINISHED;

/// After making room, so much of it is used: else room would have to be made each time.
const FILLED_AGAIN: f64 = 0.9;

/// An hour.
const UNFINISHED_FOR: Duration = Duration::from_secs(3600);

/// The room of a cache.
#[derive(Debug)]
pub(super) struct Room {
    folder: PathBuf,
    limit_bytes: u64,
    /// As far as this process knows: others may use the same folder.
    used_bytes: Mutex<u64>,
}

/// The files of one answer.
struct Entry {
    used: SystemTime,
    bytes: u64,
    note: PathBuf,
}

impl Room {
    pub(super) fn of(folder: &Path, limit_bytes: u64) -> io::Result<Self> {
        let entries = entries(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            limit_bytes,
            used_bytes: Mutex::new(entries.iter().map(|entry| entry.bytes).sum()),
        })
    }

    /// Makes room for so many bytes; false: there will never be enough.
    pub(super) fn make(&self, bytes: u64) -> io::Result<bool> {
        if bytes > self.limit_bytes {
            return Ok(false);
        }
        let mut used = self
            .used_bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *used += bytes;
        if *used <= self.limit_bytes {
            return Ok(true);
        }
        let mut entries = entries(&self.folder)?;
        entries.sort_by_key(|entry| entry.used);
        *used = entries.iter().map(|entry| entry.bytes).sum::<u64>() + bytes;
        let wanted = (self.limit_bytes as f64 * FILLED_AGAIN) as u64;
        for entry in entries {
            if *used <= wanted.max(bytes) {
                break;
            }
            entry.remove()?;
            *used -= entry.bytes;
        }
        Ok(true)
    }
}

/// Removes what workers left that were killed: no answer takes an hour to be written.
pub(super) fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let file = file?;
        let is_old = || -> io::Result<bool> {
            let age = file.metadata()?.modified()?.elapsed();
            Ok(age.is_ok_and(|age| age > UNFINISHED_FOR))
        };
        if file.file_name().to_string_lossy().starts_with(UNFINISHED) && is_old().unwrap_or(false) {
            let _ = fs::remove_file(file.path());
        }
    }
    Ok(())
}

/// An answer was used just now. Where that cannot be noted, it only goes the sooner.
pub(super) fn was_used(note: &Path) {
    let file = File::options().write(true).open(note);
    let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
}

impl Entry {
    /// The note goes first: without it there is no answer.
    fn remove(&self) -> io::Result<()> {
        for path in [
            self.note.clone(),
            self.note.with_extension("logits.npy"),
            self.note.with_extension("greedy.npy"),
        ] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "npy")
            || !path.to_string_lossy().ends_with(".logits.npy")
        {
            continue;
        }
        // What has no note was left by a worker that was killed, and is the oldest of all.
        let note = path.with_extension("").with_extension("json");
        let bytes = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        let used = fs::metadata(&note).and_then(|metadata| metadata.modified());
        entries.push(Entry {
            used: used.unwrap_or(SystemTime::UNIX_EPOCH),
            bytes: bytes(&path) + bytes(&note.with_extension("greedy.npy")),
            note,
        });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, name: &str, bytes: usize, age_s: u64) {
        let path = |ending: &str| folder.join(format!("{name}.{ending}"));
        fs::write(path("logits.npy"), vec![0; bytes]).expect("written");
        fs::write(path("greedy.npy"), "").expect("written");
        fs::write(path("json"), "{}").expect("written");
        let note = File::options()
            .write(true)
            .open(path("json"))
            .expect("there");
        let used = SystemTime::now() - Duration::from_secs(age_s);
        note.set_modified(used).expect("a time");
    }

    fn left(folder: &Path) -> Vec<String> {
        let files = fs::read_dir(folder).expect("folder");
        let paths = files.map(|file| file.expect("entry").path());
        let notes = paths.filter(|path| path.extension().is_some_and(|it| it == "json"));
        let names = notes.map(|path| {
            path.file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        });
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let folder = tempfile::tempdir().expect("folder");
        put(folder.path(), "old", 400, 300);
        put(folder.path(), "new", 400, 100);
        put(folder.path(), "used", 100, 500);
        let room = Room::of(folder.path(), 1000).expect("room");
        was_used(&folder.path().join("used.json"));
        assert!(room.make(100).expect("made"));
        assert_eq!(left(folder.path()).len(), 3, "there is room for that");
        assert!(room.make(200).expect("made"));
        assert_eq!(left(folder.path()), ["new.json", "used.json"]);
        assert!(!folder.path().join("old.logits.npy").exists());
        assert!(!room.make(1001).expect("made"), "larger than all");
    }

    #[test]
    fn what_has_no_note_goes_before_all() {
        let folder = tempfile::tempdir().expect("folder");
        put(folder.path(), "a", 500, 300);
        fs::write(folder.path().join("b.logits.npy"), vec![0; 500]).expect("written");
        let room = Room::of(folder.path(), 1000).expect("room");
        assert!(room.make(300).expect("made"));
        assert_eq!(left(folder.path()), ["a.json"]);
        assert!(!folder.path().join("b.logits.npy").exists());
    }
}
