//! The tensor table, and how much there is of each type.

use std::collections::BTreeMap;

use gguf::{Header, TensorInfo, TensorType};
use schemas::inspection::{TensorRecord, TypeTotal};
use schemas::number::Finite;

/// All tensors, in the file's order.
pub(super) fn records(header: &Header) -> Vec<TensorRecord> {
    let tensors = header.tensors().iter();
    tensors
        .map(|tensor| TensorRecord {
            name: tensor.name.clone(),
            r#type: tensor.tensor_type.to_string(),
            dimensions: tensor.dimensions.clone(),
            offset: tensor.offset,
            bytes: tensor.bytes,
        })
        .collect()
}

/// The product of the dimensions; the header has made sure that it fits.
pub(super) fn n_elements(tensor: &TensorInfo) -> u64 {
    tensor.dimensions.iter().product()
}

/// How much there is of each type, most bytes first.
pub(super) fn totals(header: &Header) -> Vec<TypeTotal> {
    let mut types: BTreeMap<TensorType, Vec<&TensorInfo>> = BTreeMap::new();
    for tensor in header.tensors() {
        types.entry(tensor.tensor_type).or_default().push(tensor);
    }
    // Tensors of known size lie beside each other in the file, so their sum fits.
    let all: u64 = header
        .tensors()
        .iter()
        .filter_map(|tensor| tensor.bytes)
        .sum();
    let mut totals: Vec<_> = types
        .into_iter()
        .map(|(tensor_type, tensors)| total(tensor_type, &tensors, all))
        .collect();
    // Stable: equals stay in the order of the format's numbers.
    totals.sort_by_key(|total| std::cmp::Reverse(total.bytes));
    totals
}

fn total(tensor_type: TensorType, tensors: &[&TensorInfo], all: u64) -> TypeTotal {
    let bytes: Option<u64> = tensors.iter().map(|tensor| tensor.bytes).sum();
    let share = bytes
        .filter(|_| all > 0)
        .map(|bytes| bytes as f64 / all as f64);
    TypeTotal {
        r#type: tensor_type.to_string(),
        n_tensors: tensors.len() as u64,
        // Of a type of unknown layout the dimensions are mere claims.
        n_elements: tensors
            .iter()
            .fold(0, |sum, tensor| sum.saturating_add(n_elements(tensor))),
        bytes,
        share: share.and_then(Finite::new),
    }
}
