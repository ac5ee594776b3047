//! `lockstep inspect MODEL`: what is in a model file, and which engines can run it.
//!
//! In goes a path and what is wanted; out comes what to print and the exit code. `values`,
//! `tokenizer` and `tensors` are pure readings of the header, `text` tells the facts to people.
//! The engines are asked by [`preflight`]; nothing is evaluated here.

mod error;
mod tensors;
mod text;
mod tokenizer;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gguf::Header;
use schemas::inspection::Inspection;
use schemas::preflight::{EngineStatus, Preflight};
use schemas::receipt::ExitRecord;
use schemas::tag::Tag;
use schemas::{canonical, line};

use crate::engine::{Catalogue, Supervision};
use crate::exit::Exit;
use crate::model_file;
use crate::preflight;

pub use error::InspectError;
pub use values::KeyFilter;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The model.
    pub model: PathBuf,
    /// Which metadata is wanted.
    pub metadata: Wanted,
    /// Whether the whole file is to be hashed.
    pub hash: bool,
    /// The limits under which engines are asked, and the way to stop.
    pub supervision: Supervision,
    /// How the answer is written.
    pub format: Format,
}

/// Which metadata is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// In text the few entries that a comparison depends on; in JSON all.
    Summary,
    /// All.
    All,
    /// These, and in text nothing else.
    Matching(KeyFilter),
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One object of the kind `inspect`.
    Json,
}

/// What to print on standard output, and how to exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Ends with a line end.
    pub output: String,
    /// Success.
    pub exit: Exit,
}

/// Looks into the model. Engines are asked when there is a catalogue of them.
pub fn run(request: &Request, catalogue: Option<&Catalogue>) -> Result<Report, InspectError> {
    let header = model_file::read_header(&request.model)?;
    let (_, file_bytes) = model_file::open(&request.model)?;
    let facts = Inspection {
        schema: Tag::new(),
        exit: exit_record(Exit::Parity),
        version: header.version(),
        file_bytes,
        sha256: request.hash.then(|| hash(request)).transpose()?,
        alignment: header.alignment(),
        data_offset: header.data_offset(),
        metadata: metadata(&header, &request.metadata),
        tokenizer: tokenizer::facts(&header),
        chat_templates: tokenizer::chat_templates(&header),
        tensors: tensors::records(&header),
        types: tensors::totals(&header),
        engines: catalogue
            .map(|catalogue| ask(&request.model, catalogue, &request.supervision))
            .transpose()?,
    };
    let output = match request.format {
        Format::Text => text::tell(request, &header, &facts),
        Format::Json => canonical::to_string(&facts)?,
    };
    Ok(Report {
        output,
        exit: Exit::Parity,
    })
}

/// The general name of 0 is that of a verdict, and no engine was judged here.
fn exit_record(exit: Exit) -> ExitRecord {
    match exit {
        Exit::Parity => ExitRecord {
            code: exit.code(),
            name: "ok".to_owned(),
        },
        other => other.record(),
    }
}

fn metadata(header: &Header, wanted: &Wanted) -> BTreeMap<String, serde_json::Value> {
    let entries = header.metadata().entries().iter();
    entries
        .filter(|(key, _)| wanted.has(key))
        .map(|(key, value)| (key.clone(), values::value_json(value)))
        .collect()
}

impl Wanted {
    fn has(&self, key: &str) -> bool {
        match self {
            Self::Summary | Self::All => true,
            Self::Matching(filter) => filter.wants(key),
        }
    }
}

fn hash(request: &Request) -> Result<String, InspectError> {
    let stop = request.supervision.interrupt.flag();
    model_file::identity_unless(&request.model, stop)
        .map(|identity| identity.sha256)
        .map_err(|error| InspectError::hash(&request.model, error))
}

/// What preflight says of every engine and this model, in the form in which it tells programs.
fn ask(
    model: &Path,
    catalogue: &Catalogue,
    supervision: &Supervision,
) -> Result<Vec<EngineStatus>, InspectError> {
    let request = preflight::Request {
        model: Some(model.to_owned()),
        supervision: supervision.clone(),
        format: preflight::Format::Json,
    };
    let report = preflight::run(catalogue, &request)?;
    let preflight: Preflight = line::read(&report.output).map_err(InspectError::Preflight)?;
    Ok(preflight.engines)
}
