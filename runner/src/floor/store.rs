//! Keeps floors in the cache, each under the digest of all that decides what it is.
//!
//! A floor takes an hour of a large model, and the same on every run. Beside each file stands the
//! digest of its bytes: a file that was cut short or edited is measured anew, as is one of another
//! version.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use schemas::canonical;
use schemas::describe::Build;
use schemas::floor::FloorFile;
use schemas::line;
use schemas::receipt::SettingsRecord;
use serde::Serialize;

use super::measure::Subject;
use super::reading::METRICS_VERSION;
use super::variants::{Configured, LeftOut, Variant};
use crate::gate::AgreedTokens;
use crate::model_file;
use crate::results;
use crate::seal::sha256;

/// A row of a variant takes some 300 bytes, so that 100,000 rows of nine variants fit.
const FLOOR_BYTES: u64 = 1 << 29;
/// A digest and its name.
const NOTE_BYTES: u64 = 100;

/// What decides what a floor is.
#[derive(Serialize)]
struct Key<'a> {
    schema: &'static str,
    metrics_version: u32,
    model_sha256: &'a str,
    agreed_tokens: &'a [u32],
    chosen_tokens: u32,
    base: Engine<'a>,
    variants: Vec<KeyVariant<'a>>,
}

#[derive(Serialize)]
struct KeyVariant<'a> {
    name: &'a str,
    engine: Option<Engine<'a>>,
    left_out: Option<&'a str>,
}

#[derive(Serialize)]
struct Engine<'a> {
    name: &'a str,
    version: &'a str,
    build: &'a Build,
    settings: SettingsRecord,
}

/// The digest of all that decides what the floor of agreed tokens is, and of so many that the base
/// chooses after them. Which these are follows from the rest: who has a floor need not ask the base.
pub fn identity(subject: &Subject<'_>, agreed: &AgreedTokens, chosen: u32) -> String {
    let key = Key {
        schema: <FloorFile as schemas::tag::Kind>::SCHEMA,
        metrics_version: METRICS_VERSION,
        model_sha256: &subject.model.sha256,
        agreed_tokens: agreed.ids(),
        chosen_tokens: chosen,
        base: engine(&subject.base),
        variants: subject.variants.iter().map(variant).collect(),
    };
    let text = canonical::to_string(&key).expect("it has no number that JSON has not");
    sha256(text.as_bytes())
}

fn variant(variant: &Variant) -> KeyVariant<'_> {
    KeyVariant {
        name: &variant.name,
        engine: variant.engine.as_ref().ok().map(engine),
        left_out: variant
            .engine
            .as_ref()
            .err()
            .map(|LeftOut { reason, .. }| reason.as_str()),
    }
}

fn engine(configured: &Configured) -> Engine<'_> {
    Engine {
        name: &configured.name,
        version: &configured.description.version,
        build: &configured.description.build,
        settings: SettingsRecord {
            // Room that is not used changes nothing; a set and one prompt of it have one floor.
            context: 0,
            ..configured.asked.record(configured.effective())
        },
    }
}

/// Whether a floor that was kept is what it is kept as: its name alone could be anybody's.
pub fn is_of(floor: &FloorFile, subject: &Subject<'_>, agreed: &AgreedTokens, chosen: u32) -> bool {
    let agreed = agreed.ids();
    floor.metrics_version == METRICS_VERSION
        && floor.model.sha256 == subject.model.sha256
        && floor.tokens.starts_with(agreed)
        && floor.tokens.len() == agreed.len() + chosen as usize
        && floor.agreed_tokens == agreed.len() as u64
}

/// Floors that have been measured.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The one in the cache of this folder. Nothing is made yet.
    pub fn new(cache: &Path) -> Self {
        Self {
            folder: cache.join("floors"),
        }
    }

    /// The folder, for people.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The floor of this identity, if it is there and as it was kept.
    pub fn find(&self, identity: &str) -> Option<FloorFile> {
        let path = self.folder.join(format!("{}.json", file_name(identity)));
        let text = model_file::read_text(&path, FLOOR_BYTES).ok()?;
        let noted = model_file::read_text(&path.with_extension("sha256"), NOTE_BYTES).ok()?;
        if noted != sha256(text.as_bytes()) {
            return None;
        }
        let floor: FloorFile = line::read_whole(&text).ok()?;
        (floor.identity == identity).then_some(floor)
    }

    /// Keeps a floor. The note comes last: without it there is no file.
    pub fn keep(&self, floor: &FloorFile) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let text = canonical::to_string(floor).map_err(io::Error::other)?;
        let name = file_name(&floor.identity);
        results::write_text(&self.folder, &format!("{name}.json"), &text)?;
        let digest = sha256(text.as_bytes());
        results::write_text(&self.folder, &format!("{name}.sha256"), &digest)
    }
}

/// Without its ending.
pub fn file_name(identity: &str) -> &str {
    identity.trim_start_matches("sha256:")
}

#[cfg(test)]
mod tests {
    use schemas::receipt::{EngineRecord, FileIdentity};
    use schemas::tag::Tag;

    use super::*;

    /// Does something to the file, given its text.
    type Spoil<'a> = &'a dyn Fn(&str);

    fn floor() -> FloorFile {
        FloorFile {
            schema: Tag::new(),
            identity: sha256(b"what decides"),
            metrics_version: METRICS_VERSION,
            model: FileIdentity {
                label: "m.gguf".to_owned(),
                file_bytes: 1,
                sha256: sha256(b"m"),
            },
            tokens: vec![1, 2, 3],
            agreed_tokens: 3,
            base: EngineRecord {
                name: "native".to_owned(),
                version: None,
                build: None,
                kernels: None,
                settings: None,
            },
            variants: Vec::new(),
        }
    }

    #[test]
    fn what_was_kept_is_found() {
        let cache = tempfile::tempdir().expect("a folder");
        let (store, floor) = (Store::new(cache.path()), floor());
        assert_eq!(store.find(&floor.identity), None);
        store.keep(&floor).expect("kept");
        assert_eq!(store.find(&floor.identity), Some(floor));
        assert_eq!(store.find(&sha256(b"another")), None);
    }

    #[test]
    fn what_is_not_as_it_was_kept_is_not_there() {
        let cache = tempfile::tempdir().expect("a folder");
        let (store, floor) = (Store::new(cache.path()), floor());
        let name = file_name(&floor.identity).to_owned();
        let path = cache.path().join("floors").join(format!("{name}.json"));
        let note = path.with_extension("sha256");
        let spoil: [(&str, Spoil<'_>); 5] = [
            ("edited", &|text| {
                fs::write(&path, text.replace("\"m.gguf\"", "\"n.gguf\"")).expect("ours");
            }),
            ("cut short", &|text| {
                fs::write(&path, &text[..text.len() / 2]).expect("ours");
            }),
            ("without its note", &|_| {
                fs::remove_file(&note).expect("ours");
            }),
            ("another's, note and all", &|text| {
                let other = text.replace(&name, &file_name(&sha256(b"another"))[..64]);
                fs::write(&note, sha256(other.as_bytes())).expect("ours");
                fs::write(&path, other).expect("ours");
            }),
            ("of another version, note and all", &|text| {
                let other = text.replace("floor/v2", "floor/v0");
                fs::write(&note, sha256(other.as_bytes())).expect("ours");
                fs::write(&path, other).expect("ours");
            }),
        ];
        for (how, spoil) in spoil {
            store.keep(&floor).expect("kept");
            assert!(store.find(&floor.identity).is_some(), "{how}");
            spoil(&fs::read_to_string(&path).expect("there"));
            assert_eq!(store.find(&floor.identity), None, "{how}");
        }
    }
}
