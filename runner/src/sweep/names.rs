//! Names of comparisons and ways to files, as a plan has them.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use schemas::receipt::Profile;

/// So many characters of a model's label are in a comparison's name, which names files: four times as
/// long ones fit, and engines' names take up to 64 each.
const LABEL_CHARACTERS: usize = 64;

/// Gives out names that are words for file names and terminals, none of them twice.
#[derive(Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// The name of a comparison. Other characters than letters, digits, `-`, `_` and `.` become `-`;
    /// a name that is taken gets a number.
    pub(super) fn of_comparison(
        &mut self,
        label: &str,
        candidate: &str,
        reference: &str,
        profile: Profile,
    ) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let label: String = label
            .chars()
            .take(LABEL_CHARACTERS)
            .map(|c| if plain(c) { c } else { '-' })
            .collect();
        let label = match label.trim_start_matches(['-', '.']) {
            "" => "model",
            label => label,
        };
        let name = format!("{label}-{candidate}-{reference}-{}", profile.name());
        let mut numbered = name.clone();
        let mut number = 1;
        while !self.taken.insert(numbered.clone()) {
            number += 1;
            numbered = format!("{name}-{number}");
        }
        numbered
    }
}

/// A path that begins at the folder `from`, as it is to be written in a file of the folder `to`.
pub(super) fn path_in(to: &Path, from: &Path, path: &Path) -> io::Result<PathBuf> {
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    // Symbolic links are resolved: `..` of one leads elsewhere.
    let (to, from) = (to.canonicalize()?, from.canonicalize()?);
    if to == from {
        return Ok(path.to_owned());
    }
    let common = to.components().zip(from.components());
    let common = common.take_while(|(a, b)| a == b).count();
    let up = to.components().skip(common).map(|_| Component::ParentDir);
    let down = from.components().skip(common);
    let way: PathBuf = up.chain(down).collect();
    Ok(way.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_comparisons_are_plain_and_of_one_comparison_each() {
        let mut names = Names::default();
        let mut name = |label| names.of_comparison(label, "a", "b", Profile::Exact);
        assert_eq!(name("tiny.gguf"), "tiny.gguf-a-b-exact");
        assert_eq!(name("../my model\u{1b}"), "my-model--a-b-exact");
        assert_eq!(name("my/model/"), "my-model--a-b-exact-2");
        assert_eq!(name("…"), "model-a-b-exact");
        assert_eq!(name(""), "model-a-b-exact-2");
        assert_eq!(name(&"x".repeat(300)).len(), LABEL_CHARACTERS + 10);
    }

    #[test]
    fn paths_lead_from_the_plan_to_the_file() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = |name: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(&path).expect("a folder");
            path
        };
        let (sweeps, plans) = (folder("sweeps/mine"), folder("plans"));
        let way = |to: &Path, path: &str| {
            let way = path_in(to, &sweeps, Path::new(path)).expect("a way");
            way.to_string_lossy().into_owned()
        };
        assert_eq!(way(&sweeps, "m.gguf"), "m.gguf");
        assert_eq!(way(&sweeps, "../m.gguf"), "../m.gguf");
        assert_eq!(way(&plans, "models/m.gguf"), "../sweeps/mine/models/m.gguf");
        assert_eq!(way(root.path(), "m.gguf"), "sweeps/mine/m.gguf");
        assert_eq!(way(&folder("sweeps/mine/plans"), "m.gguf"), "../m.gguf");
        assert_eq!(way(&plans, "/models/m.gguf"), "/models/m.gguf");
        std::os::unix::fs::symlink(&plans, root.path().join("link")).expect("a link");
        let link = root.path().join("link");
        assert_eq!(way(&link, "m.gguf"), "../sweeps/mine/m.gguf");
        assert!(path_in(&root.path().join("absent"), &sweeps, Path::new("m")).is_err());
    }
}
