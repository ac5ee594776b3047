//! The tensors of a model, found by name and checked against its sizes.
//!
//! A tensor that the architecture does not use is refused: to leave weights out is to compute
//! something else.

use std::collections::HashSet;
use std::ops::Range;

use gguf::{TensorInfo, TensorType};

use super::hyperparameters::Hyperparameters;
use super::{ModelError, ModelFile};
use crate::formats;
use crate::forward::matmul::Matrix;

/// Where a matrix is in the file.
#[derive(Clone, Debug)]
pub struct Weight {
    tensor_type: TensorType,
    columns: usize,
    rows: usize,
    place: Range<usize>,
}

impl Weight {
    /// The matrix with its bytes.
    pub fn of<'a>(&self, file: &'a ModelFile) -> Matrix<'a> {
        Matrix {
            tensor_type: self.tensor_type,
            columns: self.columns,
            rows: self.rows,
            bytes: &file.bytes[self.place.clone()],
        }
    }
}

/// A matrix and what is added to its product.
pub struct Linear {
    /// The matrix.
    pub weight: Weight,
    /// One number for each row; few files have one.
    pub bias: Option<Vec<f32>>,
}

/// The tensors of one layer.
pub struct Layer {
    /// Norm before attention.
    pub attention_norm: Vec<f32>,
    /// Queries.
    pub query: Linear,
    /// Keys.
    pub key: Linear,
    /// Values.
    pub value: Linear,
    /// From merged heads back to the width.
    pub attention_output: Linear,
    /// Norm before the feed-forward part.
    pub ffn_norm: Vec<f32>,
    /// Its gate.
    pub gate: Linear,
    /// What the gate is multiplied with.
    pub up: Linear,
    /// Back to the width.
    pub down: Linear,
}

/// All tensors.
pub struct Weights {
    /// One row for each token.
    pub embedding: Weight,
    /// The layers in order.
    pub layers: Vec<Layer>,
    /// Norm before the output.
    pub output_norm: Vec<f32>,
    /// The matrix that gives logits: the embedding where the file has no other.
    pub output: Weight,
    /// Divisors of the rotation angles, where the file has them.
    pub rope_divisors: Option<Vec<f32>>,
}

impl Weights {
    /// Finds all tensors of the architecture `llama`.
    pub fn find(file: &ModelFile, sizes: &Hyperparameters) -> Result<Self, ModelError> {
        let mut finder = Finder {
            file,
            found: HashSet::new(),
        };
        let width = sizes.width;
        let embedding = finder.weight("token_embd.weight", width, sizes.vocabulary_size)?;
        let output_norm = finder.vector("output_norm.weight", width)?;
        let output = if finder.has("output.weight") {
            finder.weight("output.weight", width, sizes.vocabulary_size)?
        } else {
            embedding.clone()
        };
        let rope_divisors = if finder.has("rope_freqs.weight") {
            Some(finder.vector("rope_freqs.weight", sizes.head_width / 2)?)
        } else {
            None
        };
        let layers = (0..sizes.n_layers)
            .map(|layer| finder.layer(layer, sizes))
            .collect::<Result<_, _>>()?;
        finder.check_nothing_left()?;
        Ok(Self {
            embedding,
            layers,
            output_norm,
            output,
            rope_divisors,
        })
    }
}

struct Finder<'a> {
    file: &'a ModelFile,
    found: HashSet<String>,
}

impl<'a> Finder<'a> {
    fn has(&self, name: &str) -> bool {
        self.file.header.tensor(name).is_some()
    }

    /// The tensor of this name, of a type that can be read and of this shape.
    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<&'a TensorInfo, ModelError> {
        let tensor = self.file.header.tensor(name);
        let tensor =
            tensor.ok_or_else(|| ModelError::unsupported(format!("tensor {name:?} is missing")))?;
        if !formats::SUPPORTED.contains(&tensor.tensor_type) {
            let known: Vec<_> = formats::SUPPORTED.iter().map(ToString::to_string).collect();
            return Err(ModelError::unsupported(format!(
                "tensor {name:?} has type {} (known: {})",
                tensor.tensor_type,
                known.join(", ")
            )));
        }
        // A file may write trailing dimensions of 1.
        let mut dimensions = tensor.dimensions.clone();
        while dimensions.len() > shape.len() && dimensions.last() == Some(&1) {
            dimensions.pop();
        }
        if !dimensions
            .iter()
            .eq(shape.iter().map(|&n| n as u64).collect::<Vec<_>>().iter())
        {
            return Err(ModelError::unsupported(format!(
                "tensor {name:?} has the shape {:?}, expected {shape:?}",
                tensor.dimensions
            )));
        }
        self.found.insert(name.to_owned());
        Ok(tensor)
    }

    fn place(&self, tensor: &TensorInfo) -> Range<usize> {
        // The header was checked against the file, which is mapped: both fit a usize.
        let start = (self.file.header.data_offset() + tensor.offset) as usize;
        let bytes = tensor.bytes.expect("every supported type has a size");
        start..start + bytes as usize
    }

    fn weight(&mut self, name: &str, columns: usize, rows: usize) -> Result<Weight, ModelError> {
        let tensor = self.tensor(name, &[columns, rows])?;
        Ok(Weight {
            tensor_type: tensor.tensor_type,
            columns,
            rows,
            place: self.place(tensor),
        })
    }

    /// A short tensor, decoded.
    fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, ModelError> {
        let tensor = self.tensor(name, &[length])?;
        let mut values = vec![0.0; length];
        let bytes = &self.file.bytes[self.place(tensor)];
        formats::decode(tensor.tensor_type, bytes, &mut values);
        Ok(values)
    }

    fn linear(&mut self, stem: &str, columns: usize, rows: usize) -> Result<Linear, ModelError> {
        let bias = format!("{stem}.bias");
        Ok(Linear {
            weight: self.weight(&format!("{stem}.weight"), columns, rows)?,
            bias: if self.has(&bias) {
                Some(self.vector(&bias, rows)?)
            } else {
                None
            },
        })
    }

    fn layer(&mut self, layer: usize, sizes: &Hyperparameters) -> Result<Layer, ModelError> {
        let name = |part: &str| format!("blk.{layer}.{part}");
        let (width, ffn_width) = (sizes.width, sizes.ffn_width);
        let query_width = sizes.n_heads * sizes.head_width;
        let kv_width = sizes.n_kv_heads * sizes.head_width;
        Ok(Layer {
            attention_norm: self.vector(&name("attn_norm.weight"), width)?,
            query: self.linear(&name("attn_q"), width, query_width)?,
            key: self.linear(&name("attn_k"), width, kv_width)?,
            value: self.linear(&name("attn_v"), width, kv_width)?,
            attention_output: self.linear(&name("attn_output"), query_width, width)?,
            ffn_norm: self.vector(&name("ffn_norm.weight"), width)?,
            gate: self.linear(&name("ffn_gate"), width, ffn_width)?,
            up: self.linear(&name("ffn_up"), width, ffn_width)?,
            down: self.linear(&name("ffn_down"), ffn_width, width)?,
        })
    }

    fn check_nothing_left(&self) -> Result<(), ModelError> {
        let mut tensors = self.file.header.tensors().iter();
        match tensors.find(|tensor| !self.found.contains(&tensor.name)) {
            None => Ok(()),
            Some(tensor) => Err(ModelError::unsupported(format!(
                "tensor {:?} is not part of the architecture as it is known here",
                tensor.name
            ))),
        }
    }
}
