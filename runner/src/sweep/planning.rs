//! `lockstep plan`: reads a sweep, or a plan that was made of one, writes the plan and tells of it.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use schemas::plan::Plan;

use super::checked;
use super::error::PlanError;
use super::expand;
use super::folder;
use super::listing;
use super::source::Source;
use crate::engine::{Catalogue, Supervision};
use crate::model_file;
use crate::results;

/// A sweep names files and has no prompts in it.
const SWEEP_BYTES: u64 = 16 << 20;

/// Blanks before the first word of a file.
const HEAD_BYTES: u64 = 4096;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// A `sweep.toml`, or a plan: its contents say which.
    pub file: PathBuf,
    /// Where the plan is written.
    pub out: Option<PathBuf>,
    /// What is told of it.
    pub telling: Option<Telling>,
}

/// What is told of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Its cases.
    List,
    /// How many they are.
    Count,
    /// So many shards, for a GitHub workflow.
    GithubMatrix(usize),
}

/// Makes the plan, and gives what is told of it.
pub fn plan(
    asked: &Asked,
    catalogue: &Catalogue,
    supervision: &Supervision,
) -> Result<String, PlanError> {
    let plan = match &asked.out {
        _ if is_plan(&asked.file)? => given(asked)?,
        None => of_sweep(&asked.file, None, catalogue, supervision)?,
        Some(out) => {
            let unusable = |error| PlanError::file(out, error);
            let (folder, name) = place(out).map_err(unusable)?;
            let plan = of_sweep(&asked.file, Some(folder), catalogue, supervision)?;
            results::write_json(folder, name, &plan).map_err(unusable)?;
            plan
        }
    };
    Ok(match asked.telling {
        None => String::new(),
        Some(Telling::List) => listing::list(&plan),
        Some(Telling::Count) => listing::count(&plan),
        Some(Telling::GithubMatrix(shards)) => listing::github_matrix(&plan, shards),
    })
}

/// The plan of a sweep, to lie in `folder`, else beside the sweep.
pub fn of_sweep(
    path: &Path,
    folder: Option<&Path>,
    catalogue: &Catalogue,
    supervision: &Supervision,
) -> Result<Plan, PlanError> {
    let text = model_file::read_text(path, SWEEP_BYTES);
    let source = Source::new(path, text.map_err(|error| PlanError::file(path, error))?);
    let file = source.parse()?;
    let sweep = checked::check(source, file)?;
    let folder = folder.unwrap_or(sweep.source.folder());
    expand::expand(&sweep, folder, catalogue, supervision)
}

/// A plan is JSON, and no line of TOML begins with a brace.
fn is_plan(path: &Path) -> Result<bool, PlanError> {
    let head = || -> io::Result<Vec<u8>> {
        let (file, _) = model_file::open_regular(path)?;
        let mut head = Vec::new();
        file.take(HEAD_BYTES).read_to_end(&mut head)?;
        Ok(head)
    };
    let head = head().map_err(|error| PlanError::file(path, error))?;
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    Ok(first == Some(&b'{'))
}

/// The plan that the file is.
fn given(asked: &Asked) -> Result<Plan, PlanError> {
    if asked.out.is_some() {
        let error = io::Error::other("is a plan already (hint: cp copies it)");
        return Err(PlanError::file(&asked.file, error));
    }
    let (plan, _) = folder::read_plan(&asked.file).map_err(PlanError::Plan)?;
    Ok(plan)
}

/// The folder and the name of a file to be written.
fn place(out: &Path) -> io::Result<(&Path, &str)> {
    let name = out.file_name().and_then(OsStr::to_str);
    let name = name.ok_or_else(|| io::Error::other("expected the name of a file"))?;
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(io::Error::other("there is no such folder"));
    }
    Ok((folder, name))
}
