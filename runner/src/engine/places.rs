//! Where things lie: the folders in which engines and their configuration are looked for.
//!
//! Read from the process once and then passed down, so that everything that depends on it can
//! be tested without changing the process.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The name of the configuration file.
pub const CONFIGURATION_FILE: &str = "engines.toml";

/// Names the folder of the harness builds.
pub const REFERENCES_VARIABLE: &str = "LOCKSTEP_REFERENCES";

/// The folders in which engines and their configuration are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Where the runner was started.
    pub current_folder: PathBuf,
    /// Where the runner's own program lies.
    pub program_folder: Option<PathBuf>,
    /// What `LOCKSTEP_REFERENCES` says.
    pub references: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`, else `~/.config`.
    pub configuration_home: Option<PathBuf>,
    /// `$XDG_CACHE_HOME`, else `~/.cache`.
    pub cache_home: Option<PathBuf>,
}

impl Places {
    /// Those of this process.
    pub fn of_this_process() -> Self {
        let home = env::var_os("HOME")
            .map(PathBuf::from)
            .filter(|home| home.is_absolute());
        // The XDG specification: a relative path is ignored.
        let xdg = |variable: &str, below_home: &str| {
            absolute(env::var_os(variable)).or_else(|| Some(home.as_ref()?.join(below_home)))
        };
        Self {
            current_folder: env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            program_folder: env::current_exe().ok().and_then(|program| {
                // Through symbolic links: what lies beside the program lies beside the real one.
                let program = program.canonicalize().unwrap_or(program);
                Some(program.parent()?.to_owned())
            }),
            references: env::var_os(REFERENCES_VARIABLE)
                .filter(|value| !value.is_empty())
                .map(|value| std::path::absolute(&value).unwrap_or_else(|_| value.into())),
            configuration_home: xdg("XDG_CONFIG_HOME", ".config"),
            cache_home: xdg("XDG_CACHE_HOME", ".cache"),
        }
    }

    /// The folders that may hold harness builds, the first one first. When the variable is set,
    /// it is the only one: whoever names a folder does not want another's builds.
    pub fn reference_folders(&self) -> Vec<PathBuf> {
        if let Some(references) = &self.references {
            return vec![references.clone()];
        }
        let beside = self
            .program_folder
            .as_ref()
            .map(|folder| folder.join("../references"));
        let cached = self
            .cache_home
            .as_ref()
            .map(|home| home.join("lockstep/references/bin"));
        [beside, cached]
            .into_iter()
            .flatten()
            .map(|folder| tidy(&folder))
            .collect()
    }

    /// The configuration files that are looked for, the first one first.
    pub fn configuration_files(&self) -> Vec<PathBuf> {
        let user = self
            .configuration_home
            .as_ref()
            .map(|home| home.join("lockstep"));
        let folders = [Some(self.current_folder.clone()), user];
        folders
            .into_iter()
            .flatten()
            .map(|folder| folder.join(CONFIGURATION_FILE))
            .collect()
    }
}

/// Without `FOLDER/..`: these paths are shown to people. The folder before `..` is always the
/// canonical one of our own program, so nothing is lost by leaving it out.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::ParentDir => {
                tidy.pop();
            }
            other => tidy.push(other),
        }
    }
    tidy
}

fn absolute(value: Option<OsString>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            current_folder: "/project".into(),
            program_folder: Some("/target/release".into()),
            references: None,
            configuration_home: Some("/user/.config".into()),
            cache_home: Some("/user/.cache".into()),
        }
    }

    #[test]
    fn looks_beside_the_program_and_then_in_the_cache() {
        let folders = places().reference_folders();
        let expected = ["/target/references", "/user/.cache/lockstep/references/bin"];
        assert_eq!(folders, expected.map(PathBuf::from));
    }

    #[test]
    fn the_variable_is_the_only_place_when_it_is_set() {
        let places = Places {
            references: Some("/refs".into()),
            ..places()
        };
        assert_eq!(places.reference_folders(), [PathBuf::from("/refs")]);
    }

    #[test]
    fn the_current_folder_goes_before_the_user() {
        let expected = [
            "/project/engines.toml",
            "/user/.config/lockstep/engines.toml",
        ];
        assert_eq!(places().configuration_files(), expected.map(PathBuf::from));
    }
}
