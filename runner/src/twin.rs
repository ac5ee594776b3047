//! The F32 twin of a model: made once by the Rust engine, kept in the cache under the model's
//! hash.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::{Client, EngineFault};

/// Counted up when what the engine writes for a model changes.
const TWIN_VERSION: u32 = 1;

/// Why there is no twin.
#[derive(Debug)]
pub enum TwinError {
    /// The cache cannot be used.
    Cache(PathBuf, io::Error),
    /// The engine did not write it.
    Engine(EngineFault),
}

/// The twin of the model with this hash, made if it is not in the cache.
pub fn of(
    maker: &Client<'_>,
    model: &Path,
    model_sha256: &str,
    cache: &Path,
) -> Result<PathBuf, TwinError> {
    let folder = cache.join("twins");
    let digest = model_sha256.trim_start_matches("sha256:");
    let twin = folder.join(format!("{digest}-v{TWIN_VERSION}.gguf"));
    if twin.is_file() {
        return Ok(twin);
    }
    fs::create_dir_all(&folder).map_err(|error| TwinError::Cache(folder.clone(), error))?;
    // The engine gives the file its name when it is complete.
    let arguments: Vec<OsString> = vec!["f32-twin".into(), model.into(), twin.clone().into()];
    maker.run(arguments).map_err(TwinError::Engine)?;
    if twin.is_file() {
        return Ok(twin);
    }
    let missing = io::Error::other("the engine ended well and wrote no twin");
    Err(TwinError::Cache(twin, missing))
}
