//! How activations become codes, by the type of the weights that they meet.

use gguf::TensorType;

/// How activations become codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Blocks of 32.
    Blocks,
    /// Blocks of 256.
    Supers {
        /// Codes of a group: 16, 32 or 256.
        group: usize,
    },
    /// A row is one block and one group.
    Rows,
}

/// How activations become codes for weights of this type; floats stay floats.
pub fn coding_for(tensor_type: TensorType) -> Option<Coding> {
    match tensor_type {
        TensorType::Q4_0
        | TensorType::Q4_1
        | TensorType::Q5_0
        | TensorType::Q5_1
        | TensorType::Q8_0
        | TensorType::IQ4_NL
        | TensorType::MXFP4 => Some(Coding::Blocks),
        TensorType::Q2_K | TensorType::Q3_K | TensorType::Q6_K => {
            Some(Coding::Supers { group: 16 })
        }
        TensorType::Q4_K | TensorType::Q5_K | TensorType::IQ4_XS => {
            Some(Coding::Supers { group: 32 })
        }
        TensorType::TQ1_0 | TensorType::TQ2_0 => Some(Coding::Supers { group: 256 }),
        TensorType::I2_S => Some(Coding::Rows),
        _ => None,
    }
}
