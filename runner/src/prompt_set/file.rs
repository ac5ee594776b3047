//! Where prompt sets are read from: the program itself, standard input, files and folders.
//!
//! The name says how a file is written: `.txt` is text with one prompt a line, `.csv` a table, anything
//! else JSON lines; a folder has one prompt a file. Whoever wrote it is not trusted: its size is
//! bounded.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;

use super::error::{Problem, PromptSetError};
use super::lines::{json_lines, text_lines};
use super::{LONGEST_BYTES, PromptSet, SetPrompt, csv, folder};

/// What the command line calls the set that is part of the program.
pub const BUILT_IN: &str = "built-in";

const BUILT_IN_LINES: &str = include_str!("../../prompts/built-in-v1.jsonl");
const BUILT_IN_VERSION: u32 = 1;

const SABOTAGE_LINES: &str = include_str!("../../prompts/sabotage-v1.jsonl");
const SABOTAGE_VERSION: u32 = 1;

/// How a set is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptFormat {
    /// One JSON object a line.
    Jsonl,
    /// A table whose first row names its columns.
    Csv,
    /// One prompt a line, as it stands.
    Lines,
    /// One prompt a file, as it stands.
    Folder,
}

impl PromptFormat {
    /// That of a file or folder by its name.
    fn of(path: &Path) -> Self {
        if path.is_dir() {
            return Self::Folder;
        }
        let extension = path.extension();
        match extension.and_then(std::ffi::OsStr::to_str) {
            Some("txt") => Self::Lines,
            Some("csv") => Self::Csv,
            _ => Self::Jsonl,
        }
    }
}

/// The set that is part of the program.
///
/// # Panics
/// Never: the file is part of the program, and a test reads it.
pub fn built_in() -> PromptSet {
    let prompts = json_lines(BUILT_IN_LINES.as_bytes());
    let prompts = prompts.expect("the built-in prompt set is valid: a test reads it");
    PromptSet::new(BUILT_IN, Some(BUILT_IN_VERSION), prompts)
}

/// The short set on which faults are tried.
///
/// # Panics
/// Never: the file is part of the program, and a test reads it.
pub(crate) fn sabotage() -> PromptSet {
    let prompts = json_lines(SABOTAGE_LINES.as_bytes());
    let prompts = prompts.expect("the prompts of sabotage are valid: a test reads them");
    PromptSet::new("sabotage", Some(SABOTAGE_VERSION), prompts)
}

/// The set that the command line names: `built-in`, `-` for JSON lines on standard input, or a file or
/// folder.
pub fn read(path: &Path) -> Result<PromptSet, PromptSetError> {
    if path.as_os_str() == BUILT_IN {
        return Ok(built_in());
    }
    if path.as_os_str() != "-" {
        return read_as(path, None);
    }
    let name = "standard input";
    let prompts = bounded(io::stdin().lock())
        .map_err(Problem::Unreadable)
        .and_then(|bytes| json_lines(&bytes));
    finish(name, name, prompts)
}

/// The set in a file or folder, which is written as its name says where no `format` does.
pub fn read_as(path: &Path, format: Option<PromptFormat>) -> Result<PromptSet, PromptSetError> {
    let prompts = match format.unwrap_or_else(|| PromptFormat::of(path)) {
        PromptFormat::Folder => folder::prompts(path),
        PromptFormat::Jsonl => contents(path).and_then(|bytes| json_lines(&bytes)),
        PromptFormat::Csv => contents(path).and_then(|bytes| csv::table(&bytes)),
        PromptFormat::Lines => contents(path).and_then(|bytes| text_lines(&bytes)),
    };
    // A folder is where a file lies today, and no part of what it is.
    let name = path.file_name().unwrap_or(path.as_os_str());
    finish(&name.to_string_lossy(), &path.to_string_lossy(), prompts)
}

fn finish(
    name: &str,
    file: &str,
    prompts: Result<Vec<SetPrompt>, Problem>,
) -> Result<PromptSet, PromptSetError> {
    let prompts = prompts.map_err(|problem| PromptSetError {
        file: file.to_owned(),
        problem,
    })?;
    Ok(PromptSet::new(name, None, prompts))
}

fn contents(path: &Path) -> Result<Vec<u8>, Problem> {
    File::open(path)
        .and_then(bounded)
        .map_err(Problem::Unreadable)
}

/// One byte beyond the limit is read, so that a file that is too large can be told.
fn bounded(file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LONGEST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_bounded() {
        let endless = bounded(io::repeat(b'x')).expect("bounded");
        assert!(matches!(
            text_lines(&endless),
            Err(Problem::TooLarge { .. })
        ));
        assert!(text_lines(&endless[1..]).is_ok());
    }

    #[test]
    fn the_built_in_set_reads_back_as_it_is_shown() {
        let set = built_in();
        assert_eq!(
            json_lines(set.lines().as_bytes()).expect("valid"),
            set.prompts
        );
        assert!(set.prompts.len() >= 8);
        assert!(set.prompts.iter().all(|prompt| prompt.template.is_some()));
    }
}
