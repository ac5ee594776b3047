//! Every kind of object, with its JSON Schema and its reader.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::agreed_tokens::AgreedTokensFile;
use crate::bench::BenchReceipt;
use crate::coverage::CoverageLimitsFile;
use crate::describe::DescribeResponse;
use crate::diff::RunDiff;
use crate::environment::{Environment, RunEnvironment};
use crate::evaluate::{EvaluateRequest, Evaluated};
use crate::failure::CommandFailure;
use crate::faults::FaultList;
use crate::floor::FloorFile;
use crate::floor_report::FloorReport;
use crate::inspection::Inspection;
use crate::ladder::Ladder;
use crate::limits::LimitsFile;
use crate::line::{self, Answer, MessageError};
use crate::norms::NormLimitsFile;
use crate::plan::Plan;
use crate::preflight::Preflight;
use crate::prompt::WrittenPrompt;
use crate::receipt::Receipt;
use crate::reference_answer::ReferenceAnswer;
use crate::run_summary::RunSummary;
use crate::sabotage::Sabotage;
use crate::tag::Kind;
use crate::tokenize::{TokenizeRequest, Tokens};
use crate::trend::Trend;
use crate::verification::Verification;
use crate::worst_rows::WorstRows;

/// One kind of object.
pub struct Entry {
    /// For example `tokenize-request`: the name of its schema file and of its examples' folder.
    pub name: String,
    /// Its JSON Schema (2020-12).
    pub schema: Value,
    /// The reader that the programs use; it tells only whether and why a text is refused.
    pub check: fn(&str) -> Result<(), MessageError>,
}

/// All kinds, in the order in which a comparison meets them.
pub fn entries() -> Vec<Entry> {
    vec![
        object::<DescribeResponse>(),
        object::<TokenizeRequest>(),
        answer::<Tokens>(),
        object::<EvaluateRequest>(),
        answer::<Evaluated>(),
        object::<AgreedTokensFile>(),
        object::<LimitsFile>(),
        object::<NormLimitsFile>(),
        object::<FloorFile>(),
        object::<FloorReport>(),
        object::<CoverageLimitsFile>(),
        object::<WrittenPrompt>(),
        object::<Receipt>(),
        object::<Environment>(),
        object::<Ladder>(),
        object::<WorstRows>(),
        object::<ReferenceAnswer>(),
        object::<Plan>(),
        object::<RunSummary>(),
        object::<RunEnvironment>(),
        object::<RunDiff>(),
        object::<Trend>(),
        object::<Preflight>(),
        object::<Inspection>(),
        object::<Verification>(),
        object::<CommandFailure>(),
        object::<FaultList>(),
        object::<Sabotage>(),
        object::<BenchReceipt>(),
    ]
}

fn object<T: Kind + JsonSchema + DeserializeOwned + Serialize>() -> Entry {
    Entry {
        name: short_name(T::SCHEMA),
        schema: json_schema::<T>(),
        check: |text| line::read::<T>(text).map(drop),
    }
}

fn answer<T: Kind + JsonSchema + DeserializeOwned + Serialize>() -> Entry {
    Entry {
        name: short_name(T::SCHEMA),
        schema: json_schema::<Answer<T>>(),
        check: |text| Answer::<T>::read(text).map(drop),
    }
}

/// `tokenize-request` of `lockstep/tokenize-request/v1`.
fn short_name(schema: &str) -> String {
    schema
        .split('/')
        .nth(1)
        .expect("every kind's text has the form lockstep/KIND/vN")
        .to_owned()
}

fn json_schema<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}
