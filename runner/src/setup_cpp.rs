//! `lockstep setup-cpp --emit sh|fish|pwsh`: the line that an interactive shell needs, to be
//! evaluated there:
//!
//! ```text
//! eval "$(lockstep setup-cpp --emit sh)"
//! lockstep setup-cpp --emit fish | source
//! lockstep setup-cpp --emit pwsh | Invoke-Expression
//! ```
//!
//! It names the folder of the harness builds and touches no search path: the runner starts
//! engines by their full path. What is missing is said on standard error, where no shell
//! evaluates it.

use std::path::{Path, PathBuf};

use crate::engine::Places;
use crate::engine::catalogue::{LLAMA_SCALAR, REFERENCE_BUILDS};
use crate::engine::places::REFERENCES_VARIABLE;
use crate::exit::Exit;
use crate::text::escape_path;

/// The shells whose language is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// POSIX: sh, bash, zsh.
    Sh,
    /// fish.
    Fish,
    /// PowerShell.
    Pwsh,
}

/// What to print, and how to exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUp {
    /// For the shell: nothing, or lines.
    pub stdout: String,
    /// For people: nothing, or lines.
    pub stderr: String,
    /// Success when the default reference is there.
    pub exit: Exit,
}

/// The environment for `shell`.
pub fn run(shell: Shell, places: &Places) -> SetUp {
    let folders = places.reference_folders();
    let has = |folder: &Path, name: &str| folder.join(name).is_file();
    let found = folders
        .iter()
        .find(|folder| REFERENCE_BUILDS.iter().any(|build| has(folder, build.name)));
    let Some(folder) = found else {
        return none_found(&folders);
    };
    let Some(text) = folder.to_str() else {
        return SetUp {
            stdout: String::new(),
            stderr: format!(
                "{}: the folder's name is not UTF-8, so no shell can be told of it\n",
                escape_path(folder)
            ),
            exit: Exit::Unavailable,
        };
    };
    let missing = REFERENCE_BUILDS
        .iter()
        .filter(|build| !has(folder, build.name));
    let stderr = missing.map(|build| {
        let path = escape_path(&folder.join(build.name));
        format!("{path}: not there (hint: {})\n", build.made_by)
    });
    SetUp {
        stdout: assignment(shell, REFERENCES_VARIABLE, text),
        stderr: stderr.collect(),
        exit: if has(folder, LLAMA_SCALAR) {
            Exit::Parity
        } else {
            Exit::Unavailable
        },
    }
}

fn none_found(folders: &[PathBuf]) -> SetUp {
    let looked: Vec<String> = folders.iter().map(|folder| escape_path(folder)).collect();
    SetUp {
        stdout: String::new(),
        stderr: format!(
            "no harness build in {} (hint: scripts/build-references.sh all)\n",
            looked.join(" or ")
        ),
        exit: Exit::Unavailable,
    }
}

fn assignment(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Sh => format!("export {name}='{}'\n", value.replace('\'', r"'\''")),
        Shell::Fish => {
            let value = value.replace('\\', r"\\").replace('\'', r"\'");
            format!("set -gx {name} '{value}'\n")
        }
        Shell::Pwsh => format!("$env:{name} = '{}'\n", double_quotes_of_pwsh(value)),
    }
}

/// Inside its single quotes `PowerShell` knows nothing but the quote, and takes four typographic
/// ones for it.
fn double_quotes_of_pwsh(value: &str) -> String {
    let mut doubled = String::new();
    for character in value.chars() {
        doubled.push(character);
        if matches!(character, '\'' | '\u{2018}'..='\u{201b}') {
            doubled.push(character);
        }
    }
    doubled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_for_each_shell() {
        let hostile = "/it's \\ $(x) \u{2019}";
        let line = |shell| assignment(shell, "V", hostile);
        assert_eq!(line(Shell::Sh), "export V='/it'\\''s \\ $(x) \u{2019}'\n");
        assert_eq!(
            line(Shell::Fish),
            "set -gx V '/it\\'s \\\\ $(x) \u{2019}'\n"
        );
        assert_eq!(
            line(Shell::Pwsh),
            "$env:V = '/it''s \\ $(x) \u{2019}\u{2019}'\n"
        );
    }

    #[test]
    fn a_shell_reads_back_what_was_written() {
        let hostile = "/it's \\ \"$(x)\" `y` \n end";
        let script = format!("{}printf %s \"$V\"", assignment(Shell::Sh, "V", hostile));
        let output = std::process::Command::new("sh")
            .args(["-c", &script])
            .output()
            .expect("sh");
        assert_eq!(String::from_utf8_lossy(&output.stdout), hostile);
    }

    #[test]
    fn says_what_is_missing_and_how_to_get_it() {
        let folder = tempfile::tempdir().expect("folder");
        let places = Places {
            references: Some(folder.path().to_owned()),
            ..Places::default()
        };
        let none = run(Shell::Sh, &places);
        assert_eq!((none.stdout.as_str(), none.exit), ("", Exit::Unavailable));
        assert!(
            none.stderr.contains("scripts/build-references.sh all"),
            "{}",
            none.stderr
        );

        std::fs::write(folder.path().join("llama-scalar"), "").expect("written");
        let one = run(Shell::Fish, &places);
        assert_eq!(one.exit, Exit::Parity);
        let line = format!(
            "set -gx LOCKSTEP_REFERENCES '{}'\n",
            folder.path().display()
        );
        assert_eq!(one.stdout, line);
        assert!(
            one.stderr.contains("scripts/build-references.sh native"),
            "{}",
            one.stderr
        );

        for name in ["llama-native", "ik"] {
            std::fs::write(folder.path().join(name), "").expect("written");
        }
        let three = run(Shell::Pwsh, &places).stderr;
        let words =
            "bitnet: not there (hint: BITNET_CPP_DIR=FOLDER scripts/build-references.sh bitnet)\n";
        assert!(three.ends_with(words), "{three}");
        assert_eq!(three.lines().count(), 1, "{three}");
        std::fs::write(folder.path().join("bitnet"), "").expect("written");
        assert_eq!(run(Shell::Pwsh, &places).stderr, "");
    }
}
