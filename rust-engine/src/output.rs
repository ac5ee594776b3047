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

/// A file of this name can be made, and nothing but a file is there yet: giving a finished file its
/// name would put it in the place of a device or a link.
pub(crate) fn check_target(path: &Path) -> Result<(), String> {
    let shown = path.display();
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            return Err(format!("{shown}: is there and is no regular file"));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(format!("{shown}: {error}"));
        }
        _ => {}
    }
    temporary_beside(path)
        .map(drop)
        .map_err(|error| format!("{shown}: no file can be made in its folder: {error}"))
}
