//! The F32 twin of a model: made once by the Rust engine, whoever the candidate is, and kept in the
//! cache under the model's hash.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use schemas::receipt::FileIdentity;

use crate::engine::Client;
use crate::identify::{identify, unusable};
use crate::outcome::Ending;
use crate::text::path_argument;

/// Counted up when what the engine writes for a model changes.
const TWIN_VERSION: u32 = 1;

/// A twin.
pub struct Twin {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub identity: FileIdentity,
}

/// The twin of the model, made if it is not in the cache.
pub(crate) fn of(maker: &Client<'_>, model: &Path, cache: &Path) -> Result<Twin, Ending> {
    let folder = cache.join(FOLDER);
    let path = path_of(&identify(maker, "the model", model)?.sha256, cache);
    // What the file was when it was made: a damaged one would be the candidate's fault.
    let note = path.with_extension("sha256");
    if let Ok(noted) = fs::read_to_string(&note)
        && path.is_file()
    {
        let identity = identify(maker, TWIN, &path)?;
        if identity.sha256 == noted {
            return Ok(Twin { path, identity });
        }
    }
    fs::create_dir_all(&folder).map_err(|error| unusable(CACHE, &folder, &error))?;
    // The engine gives the file its name when it is complete.
    let arguments: Vec<OsString> = vec![
        "f32-twin".into(),
        path_argument(model).into(),
        path_argument(&path).into(),
    ];
    maker.run(arguments)?;
    let identity = identify(maker, TWIN, &path)?;
    fs::write(&note, &identity.sha256).map_err(|error| unusable(CACHE, &note, &error))?;
    Ok(Twin { path, identity })
}

/// Where the twin of the model with this digest lies, if there is one.
pub(crate) fn path_of(digest: &str, cache: &Path) -> PathBuf {
    let digest = digest.trim_start_matches("sha256:");
    let name = format!("{digest}-v{TWIN_VERSION}.gguf");
    cache.join(FOLDER).join(name)
}

const FOLDER: &str = "twins";
const TWIN: &str = "the model's F32 twin";
const CACHE: &str = "the cache of F32 twins (XDG_CACHE_HOME says where it is)";
