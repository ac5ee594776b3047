//! Fixtures whose facts and tensors are changed before they are evaluated.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use gguf::write::{self, PlannedTensor};
use gguf::{Header, TensorType, Value};

use crate::process::{Evaluated, evaluate, family_fixture, scattered};

/// A fixture whose facts and tensors can be changed.
pub(crate) struct Model {
    pub(crate) folder: tempfile::TempDir,
    architecture: String,
    pub(crate) entries: Vec<(String, Value)>,
    pub(crate) tensors: Vec<(PlannedTensor, Vec<u8>)>,
}

impl Model {
    /// A LLaMA of F32 weights.
    pub(crate) fn new() -> Self {
        Self::of("llama", "f32")
    }

    pub(crate) fn of(family: &str, types: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = family_fixture(folder.path(), family, &["--type", types]);
        let bytes = fs::read(path).expect("readable");
        let header = Header::parse(&bytes, bytes.len() as u64).expect("sound");
        let tensors = header.tensors().iter().map(|tensor| {
            let start = (header.data_offset() + tensor.offset) as usize;
            let length = tensor.bytes.expect("of a known type") as usize;
            let planned = PlannedTensor {
                name: tensor.name.clone(),
                dimensions: tensor.dimensions.clone(),
                tensor_type: tensor.tensor_type,
            };
            (planned, bytes[start..start + length].to_vec())
        });
        Self {
            architecture: family.to_owned(),
            tensors: tensors.collect(),
            entries: header.metadata().entries().to_vec(),
            folder,
        }
    }

    pub(crate) fn set(mut self, name: &str, value: Value) -> Self {
        let key = format!("{}.{name}", self.architecture);
        self.entries.retain(|(known, _)| *known != key);
        self.entries.push((key, value));
        self
    }

    pub(crate) fn without(mut self, tensor: &str) -> Self {
        self.tensors.retain(|(planned, _)| planned.name != tensor);
        self
    }

    /// A tensor of numbers between `smallest` and 1 above it, the same in every run.
    pub(crate) fn tensor(self, name: &str, dimensions: &[u64], smallest: f32) -> Self {
        let mut model = self.without(name);
        let count: u64 = dimensions.iter().product();
        let number = |i: u64| smallest + (i * 7919 % 1009) as f32 / 1009.0;
        let data = (0..count).flat_map(|i| number(i).to_le_bytes()).collect();
        let planned = PlannedTensor {
            name: name.to_owned(),
            dimensions: dimensions.to_vec(),
            tensor_type: TensorType::F32,
        };
        model.tensors.push((planned, data));
        model
    }

    /// The same for the part of every layer, around 0.
    pub(crate) fn parts(self, part: &str, dimensions: &[u64]) -> Self {
        (0..2).fold(self, |model, layer| {
            model.tensor(&format!("blk.{layer}.{part}"), dimensions, -0.5)
        })
    }

    pub(crate) fn write(&self) -> PathBuf {
        let path = self.folder.path().join("changed.gguf");
        let planned: Vec<_> = self
            .tensors
            .iter()
            .map(|(planned, _)| planned.clone())
            .collect();
        let mut file = File::create(&path).expect("writable");
        write::file(&mut file, &self.entries, &planned, |number, sink| {
            sink.write_all(&self.tensors[number].1)
        })
        .expect("written");
        path
    }
}

/// Forty tokens and some greedy steps.
pub(crate) fn evaluated(engine: &str, model: &Path) -> Evaluated {
    let model = model.display().to_string();
    // One thread: several tests run at once, and llama.cpp's threads wait by spinning.
    evaluate(engine, &model, &scattered(40, 400), &["--threads", "1"])
}
