//! Files that appear under their name when they are complete.

use std::io;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// A temporary file in `folder`, to be given its name there; it is gone if that never happens.
pub(crate) fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    {
        // What any new file gets: the process's mask decides, not the temporary files' own rule.
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// A temporary file in the folder of `path`.
pub(crate) fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    match path.parent() {
        Some(folder) if folder != Path::new("") => temporary_in(folder),
        _ => temporary_in(Path::new(".")),
    }
}
