//! Prompt sets as folders: each file is a prompt as it stands, to its last line end; the order is that
//! of the files' names.
//!
//! A file is called by its name without what follows the last dot, where that is a word for prompts,
//! else `file-N` by its place. Files whose names begin with a dot are no prompts; anything else that is
//! no file is refused, since a set of which a part is silently left out would pass for the whole.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use schemas::line::ItemId;
use schemas::tokenize::Text;

use super::error::Problem;
use super::{LONGEST_BYTES, MOST_PROMPTS, SetPrompt};
use crate::model_file;

/// The prompts of a folder.
pub(super) fn prompts(folder: &Path) -> Result<Vec<SetPrompt>, Problem> {
    let files = files(folder).map_err(Problem::Unreadable)?;
    if files.is_empty() {
        return Err(Problem::NoPrompts);
    }
    if files.len() > MOST_PROMPTS {
        return Err(Problem::TooMany {
            limit: MOST_PROMPTS,
        });
    }
    let mut left = LONGEST_BYTES;
    let mut names = BTreeMap::new();
    let mut prompts = Vec::new();
    for (number, file) in (1..).zip(files) {
        let shown = file.to_string_lossy().into_owned();
        let bad = |problem: String| Problem::File {
            name: shown.clone(),
            problem,
        };
        let bytes = contents(&folder.join(&file), left).map_err(bad)?;
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or(Problem::TooLarge {
                limit_bytes: LONGEST_BYTES,
            })?;
        let name = name_of(&file, number);
        if let Some(other) = names.insert(name.clone(), shown.clone()) {
            return Err(bad(format!("{name} is the prompt of file {other}")));
        }
        prompts.push(SetPrompt::of_text(name, Text::from_bytes(bytes)));
    }
    Ok(prompts)
}

/// The names of its files, sorted by their bytes.
fn files(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if !name.as_bytes().starts_with(b".") {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}

/// One byte more than there may be is read, so that too many can be told.
fn contents(path: &Path, most_bytes: u64) -> Result<Vec<u8>, String> {
    let (file, _) = model_file::open_regular(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let read = file.take(most_bytes + 1).read_to_end(&mut bytes);
    read.map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn name_of(file: &OsString, number: usize) -> ItemId {
    let stem = Path::new(file)
        .file_stem()
        .and_then(std::ffi::OsStr::to_str);
    let word = stem.and_then(|stem| ItemId::new(stem).ok());
    word.unwrap_or_else(|| {
        ItemId::new(format!("file-{number}")).expect("a word, a dash and a number")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, contents) in files {
            fs::write(folder.path().join(name), contents).expect("written");
        }
        folder
    }

    #[test]
    fn a_file_is_a_prompt() {
        let folder = folder(&[
            ("b.txt", b"two\n"),
            ("A question.md", b"\xff"),
            ("c-3", b""),
            (".hidden", b"no prompt"),
        ]);
        let prompts = prompts(folder.path()).expect("valid");
        let found: Vec<_> = prompts
            .iter()
            .map(|prompt| (prompt.name.as_str(), prompt.text.as_bytes()))
            .collect();
        let expected: [(&str, &[u8]); 3] = [("file-1", b"\xff"), ("b", b"two\n"), ("c-3", b"")];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_prompt_refuses_the_folder_by_its_name() {
        let refusal = |folder: &tempfile::TempDir| match prompts(folder.path()) {
            Err(Problem::File { name, problem }) => format!("{name}: {problem}"),
            other => panic!("{other:?}"),
        };
        let twice = folder(&[("a.md", b"x"), ("a.txt", b"y")]);
        assert_eq!(refusal(&twice), "a.txt: a is the prompt of file a.md");
        let number = folder(&[("X", b"x"), ("file-1.txt", b"y")]);
        assert_eq!(
            refusal(&number),
            "file-1.txt: file-1 is the prompt of file X"
        );
        let deep = folder(&[("a", b"x")]);
        fs::create_dir(deep.path().join("b")).expect("a folder");
        assert!(
            refusal(&deep).starts_with("b: is a folder"),
            "{}",
            refusal(&deep)
        );
        let empty = folder(&[(".gitkeep", b"")]);
        assert!(matches!(prompts(empty.path()), Err(Problem::NoPrompts)));
        let absent = prompts(Path::new("absent"));
        assert!(matches!(absent, Err(Problem::Unreadable(_))));
    }

    #[test]
    fn folders_are_bounded() {
        let half = vec![b'x'; LONGEST_BYTES as usize / 2];
        let files: [(&str, &[u8]); 2] = [("a", &half), ("b", &half)];
        assert!(prompts(folder(&files).path()).is_ok());
        let files = [files[0], files[1], ("c", b"x")];
        let refused = prompts(folder(&files).path());
        assert!(matches!(refused, Err(Problem::TooLarge { .. })));
    }
}
