//! `bitnet-25` is another name of `bitnet-b1.58`, and what its files may hold beside is not used or
//! changes nothing: the same logits, bit by bit.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use gguf::write::{self, PlannedTensor};
use gguf::{TensorType, Value};
use rust_engine::model::{Model, ModelFile};

use crate::{golden, logits, model};

const B1_58: &str = "bitnet-b1.58";

/// The golden model under another architecture, with a tensor of ones beside its own.
fn renamed(folder: &Path, architecture: &str, more: Option<(&str, &[u64])>) -> Model {
    let file = ModelFile::open(&golden("tiny-bitnet-b1.58-i2_s.gguf")).expect("readable");
    let rename = |(key, value): &(String, Value)| match key.strip_prefix(B1_58) {
        Some(rest) => (format!("{architecture}{rest}"), value.clone()),
        None if key == "general.architecture" => (key.clone(), Value::String(architecture.into())),
        None => (key.clone(), value.clone()),
    };
    let entries: Vec<_> = file
        .header
        .metadata()
        .entries()
        .iter()
        .map(rename)
        .collect();
    let own = file.header.tensors().iter().map(|tensor| {
        let start = (file.header.data_offset() + tensor.offset) as usize;
        let bytes = &file.bytes[start..][..tensor.bytes.expect("known") as usize];
        (
            tensor.name.as_str(),
            tensor.dimensions.clone(),
            tensor.tensor_type,
            bytes.to_vec(),
        )
    });
    let more = more.map(|(name, dimensions)| {
        let ones = 1f32
            .to_le_bytes()
            .repeat(dimensions.iter().product::<u64>() as usize);
        (name, dimensions.to_vec(), TensorType::F32, ones)
    });
    let tensors: Vec<_> = own.chain(more).collect();
    let planned: Vec<_> = tensors
        .iter()
        .map(|(name, dimensions, tensor_type, _)| PlannedTensor {
            name: (*name).to_owned(),
            dimensions: dimensions.clone(),
            tensor_type: *tensor_type,
        })
        .collect();
    let path = folder.join("renamed.gguf");
    let mut out = File::create(&path).expect("writable");
    write::file(&mut out, &entries, &planned, |number, sink| {
        sink.write_all(&tensors[number].3)
    })
    .expect("written");
    Model::new(ModelFile::open(&path).expect("readable")).expect("a model that can be run")
}

#[test]
fn what_the_reference_does_not_heed_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tokens = [1, 504, 613, 901, 278];
    let expected = logits::of(&model("tiny-bitnet-b1.58-i2_s"), &tokens);
    let sizes = model("tiny-bitnet-b1.58-i2_s").hyperparameters;
    let output = [sizes.width as u64, sizes.vocabulary_size as u64];
    let divisors = [sizes.head_width as u64 / 2];
    for (architecture, more) in [
        ("bitnet-25", None),
        (B1_58, Some(("output.weight", &output[..]))),
        (B1_58, Some(("rope_freqs.weight", &divisors))),
    ] {
        let found = logits::of(&renamed(folder.path(), architecture, more), &tokens);
        assert!(found == expected, "{architecture} with {more:?}");
    }
}
