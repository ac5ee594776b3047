//! A machine whose engines the test chooses.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use runner::engine::{Catalogue, Places, Supervision};
use runner::exit::Exit;
use runner::preflight::{Format, PreflightError, Report, Request, run};
use schemas::line;
use schemas::preflight::Preflight;
use tempfile::TempDir;

use crate::stand_in::patient;

/// A machine on which these programs lie at the places of these engines.
pub(crate) struct Machine {
    pub(crate) folder: TempDir,
    places: Places,
}

impl Machine {
    pub(crate) fn with(engines: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        for (name, program) in engines {
            symlink(program, folder.path().join(name)).expect("linked");
        }
        // The smallest model file: no metadata, no tensor.
        let smallest = [&b"GGUF\x03\0\0\0"[..], &[0; 16]].concat();
        fs::write(folder.path().join("model.gguf"), smallest).expect("written");
        let places = Places {
            current_folder: folder.path().to_owned(),
            program_folder: Some(folder.path().to_owned()),
            references: Some(folder.path().to_owned()),
            ..Places::default()
        };
        Self { folder, places }
    }

    pub(crate) fn model(&self) -> PathBuf {
        self.folder.path().join("model.gguf")
    }

    pub(crate) fn try_run(
        &self,
        model: Option<PathBuf>,
        format: Format,
        supervision: Supervision,
    ) -> Result<Report, PreflightError> {
        let catalogue = Catalogue::load_from(None, &self.places).expect("good");
        run(
            &catalogue,
            &Request {
                model,
                supervision,
                format,
            },
        )
    }

    pub(crate) fn text(&self, model: Option<PathBuf>) -> Report {
        let format = Format::Text {
            verbose: false,
            colour: false,
        };
        self.try_run(model, format, patient()).expect("a report")
    }

    pub(crate) fn json(&self, model: Option<PathBuf>) -> (Preflight, Exit) {
        let report = self
            .try_run(model, Format::Json, patient())
            .expect("a report");
        let schema = schemas::catalogue::entries()
            .into_iter()
            .find(|entry| entry.name == "preflight")
            .expect("a known kind")
            .schema;
        let value = serde_json::from_str(&report.output).expect("JSON");
        assert!(
            jsonschema::validator_for(&schema)
                .expect("a schema")
                .is_valid(&value)
        );
        let preflight: Preflight = line::read(&report.output).expect("a preflight");
        assert_eq!(preflight.exit.code, report.exit as u8);
        assert_eq!(preflight.ready, report.exit == Exit::Parity);
        (preflight, report.exit)
    }
}
