//! The F32 twin of a model: made once by the Rust engine, whoever the candidate is, and kept in the
//! cache under the model's hash.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use schemas::receipt::FileIdentity;

use crate::engine::Client;
use crate::model_file;
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
    let identify = |path: &Path| model_file::identity(path).map_err(|error| broken(path, &error));
    let folder = cache.join("twins");
    let digest = identify(model)?.sha256;
    let digest = digest.trim_start_matches("sha256:");
    let path = folder.join(format!("{digest}-v{TWIN_VERSION}.gguf"));
    // What the file was when it was made: a damaged one would be the candidate's fault.
    let note = path.with_extension("sha256");
    if let Ok(noted) = fs::read_to_string(&note)
        && path.is_file()
    {
        let identity = identify(&path)?;
        if identity.sha256 == noted {
            return Ok(Twin { path, identity });
        }
    }
    fs::create_dir_all(&folder).map_err(|error| {
        let hint = "the cache; XDG_CACHE_HOME says where it is";
        Ending::Unusable(format!("{}: {error} (hint: {hint})", folder.display()))
    })?;
    // The engine gives the file its name when it is complete.
    let arguments: Vec<OsString> = vec![
        "f32-twin".into(),
        path_argument(model).into(),
        path_argument(&path).into(),
    ];
    maker.run(arguments)?;
    let identity = identify(&path)?;
    fs::write(&note, &identity.sha256).map_err(|error| broken(&note, &error))?;
    Ok(Twin { path, identity })
}

fn broken(path: &Path, error: &io::Error) -> Ending {
    Ending::Unusable(format!("{}: {error}", path.display()))
}
