//! The norm weights of a model: found by their names, read, and judged.
//!
//! `tally` turns bytes into statistics and `judge` statistics into findings; both are pure.
//! [`limits`] has the values, which are data. Only this file reads the model, by positioned reads
//! into a buffer of its own.

mod judge;
pub mod limits;
mod tally;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use gguf::{Header, TensorInfo};
use schemas::norms::{GateMode, NormLimitsFile, NormReport, NormWeight};

use super::InspectError;
use super::tensors::n_elements;
use crate::engine::Interrupt;
use crate::model_file::{self, ModelFileError};
use tally::{Float, Tally};

/// What is wanted of the norm weights.
#[derive(Clone, Debug)]
pub struct NormRequest {
    /// How strict the gate is; without one nothing is judged.
    pub gate: Option<GateMode>,
    /// What it judges by.
    pub limits: NormLimitsFile,
}

/// A norm that claims more elements is not read: a file with holes can claim any size. This is
/// 64 MiB of F32.
const READ_LIMIT_ELEMENTS: u64 = 1 << 24;

/// How much is read at a time; whole elements of every type.
const CHUNK_BYTES: usize = 1 << 14;

/// Reads every norm weight, and judges them if there is a gate.
pub(super) fn report(
    path: &Path,
    header: &Header,
    request: &NormRequest,
    interrupt: &Interrupt,
) -> Result<NormReport, InspectError> {
    let (file, _) = model_file::open(path)?;
    let mut weights = Vec::new();
    for tensor in header.tensors() {
        let Some(norm) = kind(&tensor.name) else {
            continue;
        };
        if interrupt.is_raised() {
            return Err(InspectError::Interrupted);
        }
        let start = header.data_offset() + tensor.offset;
        let weight = weight(&file, tensor, norm, start);
        weights.push(weight.map_err(|error| ModelFileError::io(path, error))?);
    }
    let family = header.metadata().str("general.architecture").ok().flatten();
    let n_layers = |family: &str| header.metadata().u32(&format!("{family}.block_count")).ok();
    let n_layers = family.and_then(n_layers).flatten();
    let gate = request
        .gate
        .map(|mode| judge::judge(&weights, family, n_layers, mode, &request.limits));
    Ok(NormReport { weights, gate })
}

/// The kind of norm that a tensor is the weight of: `attn_norm` of `blk.3.attn_norm.weight`.
fn kind(name: &str) -> Option<String> {
    let name = name.strip_suffix(".weight")?;
    if !name.rsplit('.').next()?.contains("norm") {
        return None;
    }
    let is_layer = |part: &str| part == "blk" || part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<_> = name.split('.').filter(|part| !is_layer(part)).collect();
    Some(parts.join("."))
}

fn weight(file: &File, tensor: &TensorInfo, norm: String, start: u64) -> io::Result<NormWeight> {
    let n_elements = n_elements(tensor);
    let unread = |reason: String| (None, Some(reason));
    let (statistics, unread) = match Float::of(tensor.tensor_type) {
        None => unread(format!("{} is no float type", tensor.tensor_type)),
        Some(_) if n_elements > READ_LIMIT_ELEMENTS => unread(format!(
            "{n_elements} elements, at most {READ_LIMIT_ELEMENTS} are read"
        )),
        Some(float) => (
            Some(tally(file, start, n_elements, float)?.statistics()),
            None,
        ),
    };
    Ok(NormWeight {
        name: tensor.name.clone(),
        norm,
        r#type: tensor.tensor_type.to_string(),
        n_elements,
        statistics,
        unread,
    })
}

/// The header has made sure that the bytes lie in the file; one that was cut short since then ends
/// in an error.
fn tally(file: &File, start: u64, n_elements: u64, float: Float) -> io::Result<Tally> {
    let mut tally = Tally::default();
    let mut buffer = [0; CHUNK_BYTES];
    let end = start + n_elements * float.bytes();
    let mut place = start;
    while place < end {
        let chunk = &mut buffer[..(end - place).min(CHUNK_BYTES as u64) as usize];
        file.read_exact_at(chunk, place)?;
        float.decode(chunk, |value| tally.add(value));
        place += chunk.len() as u64;
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn norm_weights_are_known_by_their_names() {
        for (name, expected) in [
            ("blk.12.attn_norm.weight", "attn_norm"),
            ("output_norm.weight", "output_norm"),
            ("blk.0.attn_k_norm.weight", "attn_k_norm"),
            ("enc.blk.3.ffn_norm.weight", "enc.ffn_norm"),
            ("blk.1.attn_norm_2.weight", "attn_norm_2"),
            ("blk.47.nextn.enorm.weight", "nextn.enorm"),
        ] {
            assert_eq!(kind(name).as_deref(), Some(expected), "{name}");
        }
        // A bias may be zero; the third is a layer that is only called so.
        for name in [
            "blk.0.attn_norm.bias",
            "blk.0.attn_q.weight",
            "norm.proj.weight",
            "norm",
        ] {
            assert_eq!(kind(name), None, "{name}");
        }
    }
}
