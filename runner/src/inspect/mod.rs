//! `lockstep inspect MODEL`: what is in a model file, and which engines can run it.
//!
//! In goes a path and what is wanted; out comes what to print and the exit code. `values`,
//! `tokenizer` and `tensors` are pure readings of the header, [`norms`] reads and judges the norm
//! weights, `text` tells the facts to people.
//! The engines are asked by [`preflight`]; nothing is evaluated here.

mod error;
pub mod norms;
mod tensors;
mod text;
mod tokenizer;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;

use gguf::Header;
use schemas::canonical;
use schemas::inspection::Inspection;
use schemas::norms::GateVerdict;
use schemas::preflight::EngineStatus;
use schemas::receipt::ExitRecord;
use schemas::tag::Tag;

use crate::engine::{Catalogue, Supervision};
use crate::exit::Exit;
use crate::model_file;
use crate::pattern::Pattern;
use crate::preflight;
use crate::text::escape_json_for_terminal;

pub use error::InspectError;
pub use norms::NormRequest;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The model.
    pub model: PathBuf,
    /// Which metadata is wanted.
    pub metadata: Wanted,
    /// Whether the whole file is to be hashed.
    pub hash: bool,
    /// What is wanted of the norm weights, if anything.
    pub norms: Option<NormRequest>,
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
    Matching(Pattern),
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
    /// What to say on standard error of a gate that was not passed.
    pub complaint: Option<String>,
    /// Success, unless a gate was not passed.
    pub exit: Exit,
}

/// Looks into the model. Engines are asked when there is a catalogue of them.
pub fn run(request: &Request, catalogue: Option<&Catalogue>) -> Result<Report, InspectError> {
    let header = model_file::read_header(&request.model)?;
    let (_, file_bytes) = model_file::open(&request.model)?;
    let interrupt = &request.supervision.interrupt;
    let wanted = request.norms.as_ref();
    let norms = wanted
        .map(|wanted| norms::report(&request.model, &header, wanted, interrupt))
        .transpose()?;
    let gate = norms.as_ref().and_then(|norms| norms.gate.as_ref());
    let exit = gate.map_or(Exit::Parity, |gate| exit_of(gate.verdict));
    let complaint = gate.and_then(|gate| text::complaint(request, gate, exit));
    let facts = Inspection {
        schema: Tag::new(),
        exit: exit_record(exit),
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
            .map(|catalogue| ask(request, &header, catalogue))
            .transpose()?,
        norms,
    };
    let output = match request.format {
        Format::Text => text::tell(request, &header, &facts),
        // People look at it, too, and vocabularies have what terminals obey.
        Format::Json => escape_json_for_terminal(&canonical::to_string(&facts)?),
    };
    Ok(Report {
        output,
        complaint,
        exit,
    })
}

/// A model that was exported wrongly is bad input; where nothing was judged, nothing passed.
fn exit_of(verdict: GateVerdict) -> Exit {
    match verdict {
        GateVerdict::Passed => Exit::Parity,
        GateVerdict::Failed => Exit::BadInput,
        GateVerdict::Inconclusive => Exit::Inconclusive,
    }
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
            Self::Matching(filter) => filter.matches(key),
        }
    }
}

fn hash(request: &Request) -> Result<String, InspectError> {
    let stop = request.supervision.interrupt.flag();
    model_file::identity_unless(&request.model, stop)
        .map(|identity| identity.sha256)
        .map_err(|error| InspectError::hash(&request.model, error))
}

/// What preflight says of every engine and this model.
fn ask(
    request: &Request,
    header: &Header,
    catalogue: &Catalogue,
) -> Result<Vec<EngineStatus>, InspectError> {
    let path = &request.model;
    let model = preflight::Model { path, header };
    let (preflight, _) = preflight::examine(catalogue, Some(model), &request.supervision)?;
    Ok(preflight.engines)
}
