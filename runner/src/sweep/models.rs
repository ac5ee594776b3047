//! The models of a plan: what their heads say, and what their files are.

use std::path::{Path, PathBuf};

use gguf::Header;
use schemas::plan::{PlannedFile, PlannedModel};
use schemas::receipt::FileIdentity;
use toml::Spanned;

use super::checked::{Model, Sweep};
use super::error::PlanError;
use super::names::path_in;
use crate::engine::Supervision;
use crate::exit::Exit;
use crate::model_file;
use crate::text::escape_path;

/// A model whose files are there.
pub(super) struct ReadModel {
    pub(super) header: Header,
    /// That of another file of the reference's.
    pub(super) reference: Option<Header>,
}

impl ReadModel {
    /// Reads the heads of its files.
    pub(super) fn read(sweep: &Sweep, model: &Model) -> Result<Self, PlanError> {
        let header = |file: &Spanned<PathBuf>| {
            let read = model_file::read_header(&sweep.source.folder().join(file.get_ref()));
            read.map_err(|error| {
                let at = Some(file.span());
                sweep.source.unusable(at, error.to_string(), Exit::BadInput)
            })
        };
        Ok(Self {
            header: header(&model.file)?,
            reference: model.reference_file.as_ref().map(header).transpose()?,
        })
    }

    /// The context that both files are made for, as far as they say it.
    pub(super) fn own_context(&self) -> u64 {
        let headers = [Some(&self.header), self.reference.as_ref()];
        let told = headers.into_iter().flatten().filter_map(context_length);
        u64::from(told.min().unwrap_or(u32::MAX))
    }
}

/// What is ill-typed or 0 counts as absent, as to the engines.
fn context_length(header: &Header) -> Option<u32> {
    let metadata = header.metadata();
    let architecture = metadata.str("general.architecture").ok().flatten()?;
    let key = format!("{architecture}.context_length");
    let context = metadata.u32(&key).ok().flatten();
    context.filter(|&context| context > 0)
}

/// The model as a plan in `folder` has it; its files are hashed.
pub(super) fn planned(
    sweep: &Sweep,
    model: &Model,
    folder: &Path,
    supervision: &Supervision,
) -> Result<PlannedModel, PlanError> {
    let file = |file: &Spanned<PathBuf>| planned_file(sweep, file, folder, supervision);
    let optional = |it: &Option<Spanned<PathBuf>>| it.as_ref().map(file).transpose();
    Ok(PlannedModel {
        label: model.label.clone(),
        file: file(&model.file)?,
        reference: optional(&model.reference_file)?,
        tokenizer: optional(&model.tokenizer)?,
    })
}

fn planned_file(
    sweep: &Sweep,
    file: &Spanned<PathBuf>,
    folder: &Path,
    supervision: &Supervision,
) -> Result<PlannedFile, PlanError> {
    let base = sweep.source.folder();
    let path = path_in(folder, base, file.get_ref());
    let path = path.map_err(|error| PlanError::file(folder, error))?;
    let unusable = |problem: String, exit| {
        let problem = format!("{}: {problem}", escape_path(file.get_ref()));
        sweep.source.unusable(Some(file.span()), problem, exit)
    };
    let path = path
        .into_os_string()
        .into_string()
        .map_err(|_| unusable("the way to it is not UTF-8".to_owned(), Exit::BadInput))?;
    Ok(PlannedFile {
        path,
        identity: identity(&base.join(file.get_ref()), supervision).map_err(|error| {
            let exit = if error.kind() == std::io::ErrorKind::Interrupted {
                Exit::Retryable
            } else {
                Exit::BadInput
            };
            unusable(format!("hashing: {error}"), exit)
        })?,
    })
}

fn identity(path: &Path, supervision: &Supervision) -> std::io::Result<FileIdentity> {
    model_file::identity_unless(path, supervision.interrupt.flag())
}
