//! Which file a model is: its hash, which takes minutes of a large one and is given up when the user
//! stops the engine that the file is for.

use std::fmt::Display;
use std::io;
use std::path::Path;

use schemas::receipt::FileIdentity;

use crate::engine::Client;
use crate::model_file;
use crate::outcome::{Ending, Unusable};
use crate::text::escape_path;

/// Name, size and hash of a file; `what` it is, for people.
pub(crate) fn identify(
    client: &Client<'_>,
    what: &str,
    path: &Path,
) -> Result<FileIdentity, Ending> {
    model_file::identity_unless(path, client.stop()).map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => client.interrupted().into(),
        _ => unusable(what, path, &error),
    })
}

/// A file or folder of this machine that is of no use.
pub(crate) fn unusable(what: &str, path: &Path, error: &dyn Display) -> Ending {
    Ending::Unusable(Unusable {
        reason: format!("{what} cannot be used: {error}"),
        detail: format!("{}: {error}", escape_path(path)),
    })
}
