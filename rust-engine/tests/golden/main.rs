//! What bitnet.cpp computed for two small I2_S models: see `bitnet-cpp/README.md`.

mod logits;
mod names;
#[path = "../npy/mod.rs"]
mod npy;
mod products;

use std::path::{Path, PathBuf};

use rust_engine::model::{Model, ModelFile};

/// A file of the golden data.
fn golden(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bitnet-cpp");
    folder.join(name)
}

fn model(name: &str) -> Model {
    let file = ModelFile::open(&golden(&format!("{name}.gguf"))).expect("readable");
    Model::new(file).expect("a model that can be run")
}
