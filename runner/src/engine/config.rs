//! Reads `engines.toml`.
//!
//! ```toml
//! [[engine]]
//! name = "table"
//! command = ["./engine.py", "--quick"]    # with a slash: relative to this file
//! settings = { threads = 2, micro_batch = 64 }
//! environment = { OMP_NUM_THREADS = "2" }
//! ```
//! A mistake is reported with the file and the line; an unknown key is a mistake.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::spec::{EngineSettings, EngineSpec, Origin, Threads};
use crate::exit::Exit;
use crate::text::{escape_for_terminal, escape_path, line_of};

/// Why a configuration file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// The line of the mistake, from 1; `None` when the file could not be read at all.
    pub line: Option<usize>,
    /// What is wrong there.
    pub problem: String,
}

impl ConfigError {
    /// A wrong configuration is a wrong way to call the program.
    pub fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", escape_path(&self.path))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", escape_for_terminal(&self.problem))
    }
}

impl std::error::Error for ConfigError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    engine: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Spanned<String>,
    command: Spanned<Vec<String>>,
    settings: Option<Spanned<EngineSettings>>,
    #[serde(default)]
    environment: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// The engines that `text`, the contents of `path`, configures, in its order.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<EngineSpec>, ConfigError> {
    let mistake = |span: Option<Range<usize>>, problem: String| ConfigError {
        path: path.to_owned(),
        line: span.map(|span| line_of(text, span.start)),
        problem,
    };
    let document: Document =
        toml::from_str(text).map_err(|error| mistake(error.span(), error.message().to_owned()))?;
    let mut engines: Vec<EngineSpec> = Vec::new();
    for entry in document.engine {
        let at = entry.name.span();
        let engine = entry
            .into_spec(path)
            .map_err(|(span, problem)| mistake(Some(span), problem))?;
        if engines.iter().any(|earlier| earlier.name == engine.name) {
            let problem = format!("the engine `{}` is configured twice", engine.name);
            return Err(mistake(Some(at), problem));
        }
        engines.push(engine);
    }
    Ok(engines)
}

/// Where the mistake is, and what it is.
type Mistake = (Range<usize>, String);

impl Entry {
    fn into_spec(self, path: &Path) -> Result<EngineSpec, Mistake> {
        check_name(&self.name)?;
        let at = self.command.span();
        let words = self.command.into_inner();
        if words.iter().any(|word| word.contains('\0')) {
            return Err((at, "`command` holds a NUL character".to_owned()));
        }
        let command: Vec<OsString> = match words.split_first() {
            Some((program, arguments)) if !program.is_empty() => {
                let arguments = arguments.iter().map(OsString::from);
                [beside(path, program)]
                    .into_iter()
                    .chain(arguments)
                    .collect()
            }
            _ => return Err((at, "`command` is empty, expected a program".to_owned())),
        };
        let (at, defaults) = match self.settings {
            Some(settings) => (settings.span(), settings.into_inner()),
            None => (at, EngineSettings::default()),
        };
        for (field, value) in [
            ("threads", defaults.threads.map(Threads::number)),
            ("micro_batch", defaults.micro_batch),
        ] {
            if value == Some(0) {
                return Err((at, format!("`{field}` is 0, expected at least 1")));
            }
        }
        let mut environment = BTreeMap::new();
        for (name, value) in self.environment {
            check_variable(&name, &value)?;
            environment.insert(name.into_inner(), value.into_inner());
        }
        Ok(EngineSpec {
            name: self.name.into_inner(),
            command,
            defaults,
            environment,
            origin: Origin::File(path.to_owned()),
        })
    }
}

/// Names appear in receipts, tables and file names.
fn check_name(name: &Spanned<String>) -> Result<(), Mistake> {
    let text = name.get_ref();
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    let plain = text.bytes().all(allowed) && (1..=64).contains(&text.len());
    if plain && !text.starts_with(['-', '.']) {
        return Ok(());
    }
    let expected = "expected 1 to 64 characters of a-z, A-Z, 0-9, `-`, `_` and `.`, beginning \
                    with neither `-` nor `.`";
    Err((name.span(), format!("`name` is `{text}`, {expected}")))
}

fn check_variable(name: &Spanned<String>, value: &Spanned<String>) -> Result<(), Mistake> {
    let text = name.get_ref();
    if text.is_empty() || text.contains(['=', '\0']) {
        return Err((
            name.span(),
            format!("`{text}` cannot name an environment variable"),
        ));
    }
    if text == "TMPDIR" {
        let problem = "TMPDIR is always a private folder that the runner makes and removes";
        return Err((name.span(), problem.to_owned()));
    }
    if value.get_ref().contains('\0') {
        return Err((
            value.span(),
            format!("the value of `{text}` holds a NUL character"),
        ));
    }
    Ok(())
}

/// A program with a slash is relative to the file that names it; one without is searched for.
fn beside(path: &Path, program: &str) -> OsString {
    if !program.contains('/') {
        return program.into();
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let program = folder.join(program.strip_prefix("./").unwrap_or(program));
    // Absolute, so that it means the same wherever the engine is started.
    std::path::absolute(&program).unwrap_or(program).into()
}
