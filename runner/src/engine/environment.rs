//! The environment variables that an engine gets to see.
//!
//! References read settings from the environment that change their numbers (`GGML_*`,
//! `LLAMA_*`, `OMP_*` and the like), and `LD_PRELOAD` changes anything. A list of what is taken
//! out would always be one name short, so there is a list of what is let in. What the
//! configuration of an engine sets on purpose comes on top, whatever its name.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::spec::EngineSpec;

/// Needed to find programs, libraries, caches and configuration, and to say the time and the
/// language. `TERM` is not among them: an engine writes to pipes.
const LET_IN: [&str; 5] = ["HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TZ"];

/// Families that are let in.
const LET_IN_PREFIXES: [&str; 2] = ["LC_", "XDG_"];

/// Always the runner's: the private temporary folder.
const TEMPORARY_FOLDER: &str = "TMPDIR";

/// What the engine sees, but for the temporary folder: what is let in of `inherited`, and on
/// top of it what the configuration sets.
pub(super) fn visible(
    spec: &EngineSpec,
    inherited: impl Iterator<Item = (OsString, OsString)>,
) -> BTreeMap<OsString, OsString> {
    let mut visible: BTreeMap<_, _> = inherited.filter(|(name, _)| is_let_in(name)).collect();
    for (name, value) in &spec.environment {
        visible.insert(name.into(), value.into());
    }
    visible.remove(OsStr::new(TEMPORARY_FOLDER));
    visible
}

/// All that the engine gets.
pub(super) fn complete(spec: &EngineSpec, temporary: &Path) -> BTreeMap<OsString, OsString> {
    let mut complete = visible(spec, std::env::vars_os());
    complete.insert(TEMPORARY_FOLDER.into(), temporary.into());
    complete
}

fn is_let_in(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        LET_IN.contains(&name)
            || LET_IN_PREFIXES
                .iter()
                .any(|prefix| name.starts_with(prefix))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::spec::{EngineSettings, Origin};

    fn seen(inherited: &[(&str, &str)], on_purpose: &[(&str, &str)]) -> Vec<String> {
        let spec = EngineSpec {
            name: "e".to_owned(),
            command: Vec::new(),
            defaults: EngineSettings::default(),
            environment: on_purpose
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            origin: Origin::CommandLine,
        };
        let inherited = inherited
            .iter()
            .map(|&(name, value)| (name.into(), value.into()));
        visible(&spec, inherited)
            .into_iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect()
    }

    #[test]
    fn nothing_that_changes_numbers_gets_through() {
        let hostile = [
            "GGML_CPU_TILED_MM",
            "LLAMA_ARG_THREADS",
            "OMP_NUM_THREADS",
            "KMP_AFFINITY",
            "GOMP_CPU_AFFINITY",
            "LD_PRELOAD",
            "LD_AUDIT",
            "BITNET_CPP_DIR",
            "TERM",
            "TMPDIR",
            "GLIBC_TUNABLES",
            "MALLOC_PERTURB_",
            "PYTHONPATH",
        ];
        let inherited: Vec<_> = hostile.iter().map(|&name| (name, "1")).collect();
        assert!(seen(&inherited, &[]).is_empty());
    }

    #[test]
    fn what_programs_need_gets_through() {
        let inherited = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("XDG_CACHE_HOME", "/c"),
            ("HOME", "/h"),
        ];
        assert_eq!(seen(&inherited, &[]).len(), 4);
    }

    #[test]
    fn what_is_set_on_purpose_wins_but_for_the_temporary_folder() {
        let seen = seen(
            &[("PATH", "/bin"), ("OMP_NUM_THREADS", "9")],
            &[("OMP_NUM_THREADS", "2"), ("PATH", "/opt"), ("TMPDIR", "/x")],
        );
        assert_eq!(seen, ["OMP_NUM_THREADS=2", "PATH=/opt"]);
    }
}
