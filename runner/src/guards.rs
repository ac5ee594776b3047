//! What references are known to do wrong, or cannot do, on which models. Looked at before an
//! engine is started on a model: some would die of it, and one would compute zeros without a word.
//!
//! Goes by an engine's name and the header of the model file. Everything that is known is in
//! `RULES`; what is not there an engine says by itself, in its description. An engine of
//! `engines.toml` that has a reference's name is taken for that reference: one that can do more
//! needs another name.

use std::fmt;

use gguf::{Header, TensorInfo, TensorType, Value};

use crate::engine::catalogue::{BITNET, IK, LLAMA_NATIVE, LLAMA_SCALAR};

/// One thing that is known of a reference.
struct Rule {
    /// Whom it holds for.
    engines: &'static [&'static str],
    /// What in a model, or in what is asked, calls for it.
    when: When,
    /// What would happen.
    reason: &'static str,
    /// Who may do better; the first one that nothing is known against is named.
    better: &'static [&'static str],
}

/// What a rule looks at.
enum When {
    /// A tensor of one of these types.
    Types(&'static [u32]),
    /// A tensor of one of these types whose rows have fewer elements.
    RowsBelow(&'static [u32], u64),
    /// One of these architectures.
    Architectures(&'static [&'static str]),
    /// A tensor of one of these types, and a micro-batch of more tokens asked for.
    MicroBatchAbove(&'static [u32], u32),
    /// One architecture with a tensor of one name.
    ArchitectureWith(&'static str, &'static str),
    /// A metadata entry that is there and has not this value.
    EntryIsNot(&'static str, Value),
}

const LLAMA: &[&str] = &[LLAMA_SCALAR, LLAMA_NATIVE];

// The format's numbers of types.
const Q4_1: u32 = 3;
const Q5_1: u32 = 7;
const TQ1_0: u32 = 34;
const TQ2_0: u32 = 35;
const I2_S: u32 = 36;
const MXFP4: u32 = 39;
const NVFP4: u32 = 40;
const IQ1_BN: u32 = 134;
const IQ2_BN: u32 = 135;

/// Found by running the references, where nothing else is said.
const RULES: &[Rule] = &[
    Rule {
        engines: &[IK],
        when: When::Types(&[I2_S]),
        reason: "ik_llama.cpp loads it without an error and computes zeros in every product with it",
        better: &[BITNET],
    },
    Rule {
        engines: &[IK],
        when: When::Types(&[TQ1_0, TQ2_0]),
        reason: "ik_llama.cpp does not know the type and dies of a division by zero when it reads the file",
        better: &[LLAMA_SCALAR, BITNET],
    },
    Rule {
        engines: &[IK],
        when: When::RowsBelow(&[IQ1_BN, IQ2_BN], 512),
        reason: "ik_llama.cpp's kernels for the type need rows of at least 512",
        better: &[],
    },
    Rule {
        engines: &[IK],
        // The harness asks for as many by itself.
        when: When::MicroBatchAbove(&[Q4_1, Q5_1], 16),
        reason: "ik_llama.cpp computes products with it wrong from 32 tokens on: leave --micro-batch out, \
                 or ask for at most 16",
        better: &[],
    },
    // LLaMA 3.1 and later have it. On a fixture of F32 weights the logits keep every bit when the
    // divisors change, and are those of llama.cpp when all are one. ik_llama.cpp has used them since
    // August 2026; none of these was tried.
    Rule {
        engines: &[IK],
        when: When::ArchitectureWith("llama", "rope_freqs.weight"),
        reason: "ik_llama.cpp up to August 2026 rotates without these divisors; a later one needs \
                 another name, in engines.toml",
        better: LLAMA,
    },
    Rule {
        engines: &[IK],
        when: When::EntryIsNot("gemma3.attention.sliding_window_pattern", Value::U32(6)),
        reason: "ik_llama.cpp takes every sixth layer for one without a window",
        better: LLAMA,
    },
    Rule {
        engines: &[IK],
        when: When::EntryIsNot("gemma3.rope.freq_base_swa", Value::F32(10_000.0)),
        reason: "ik_llama.cpp takes 10000 in layers with a window",
        better: LLAMA,
    },
    Rule {
        engines: &[IK],
        when: When::EntryIsNot("gemma3.final_logit_softcapping", Value::F32(0.0)),
        reason: "ik_llama.cpp leaves it out",
        better: LLAMA,
    },
    Rule {
        engines: LLAMA,
        when: When::Types(&[I2_S]),
        reason: "llama.cpp has removed the type with this number and refuses the file",
        better: &[BITNET],
    },
    Rule {
        engines: LLAMA,
        when: When::Types(&[IQ1_BN, IQ2_BN]),
        reason: "the type is ik_llama.cpp's own",
        better: &[IK],
    },
    Rule {
        engines: LLAMA,
        when: When::Architectures(&["bitnet-b1.58", "bitnet-25"]),
        reason: "llama.cpp does not know it, and its `bitnet` has another activation (SiLU, not ReLU²)",
        better: &[BITNET],
    },
    Rule {
        engines: &[BITNET],
        // The harness asks for as many by itself.
        when: When::MicroBatchAbove(&[I2_S], 128),
        reason: "bitnet.cpp crashes at the shapes of the 2B model with 512 together: leave --micro-batch \
                 out, or ask for at most 128",
        better: &[],
    },
    // Known by the dates alone: bitnet.cpp stayed on a llama.cpp of 2024 until March 2026. None
    // was tried that is later.
    Rule {
        engines: &[BITNET],
        when: When::Architectures(&["gemma3", "qwen3"]),
        reason: "bitnet.cpp up to March 2026 does not know it; a later one needs another name, in \
                 engines.toml",
        better: LLAMA,
    },
    Rule {
        engines: &[BITNET],
        when: When::Types(&[MXFP4, NVFP4]),
        reason: "bitnet.cpp up to March 2026 does not know it; a later one needs another name, in \
                 engines.toml",
        better: LLAMA,
    },
];

/// Why an engine must not be started on a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The engine.
    pub engine: String,
    /// What was found, and what would happen.
    pub reason: String,
    /// A reference that nothing is known against.
    pub better: Option<&'static str>,
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot run this model: {}", self.engine, self.reason)?;
        match self.better {
            None => Ok(()),
            // Only the scalar build is fit for the other profiles.
            Some(LLAMA_SCALAR) => write!(f, " (hint: --reference {LLAMA_SCALAR})"),
            Some(better) => write!(f, " (hint: --reference {better} --profile production)"),
        }
    }
}

/// What is known against an engine on a model, `micro_batch` being what it is asked for.
pub fn objection(engine: &str, header: &Header, micro_batch: Option<u32>) -> Option<Objection> {
    let (rule, found) = RULES
        .iter()
        .filter(|rule| rule.engines.contains(&engine))
        .find_map(|rule| Some((rule, rule.when.found(header, micro_batch)?)))?;
    let silent = |other: &&&str| objection(other, header, None).is_none();
    Some(Objection {
        engine: engine.to_owned(),
        reason: format!("{found}: {}", rule.reason),
        better: rule.better.iter().find(silent).copied(),
    })
}

impl When {
    /// What of the model calls for the rule, in words.
    fn found(&self, header: &Header, micro_batch: Option<u32>) -> Option<String> {
        let tensor = |wanted: &dyn Fn(&TensorInfo) -> bool| {
            let tensor = header.tensors().iter().find(|tensor| wanted(tensor))?;
            let name = name_of(tensor.tensor_type);
            Some(format!("tensor {:?} is {name}", tensor.name))
        };
        let is_of = |types: &[u32], tensor: &TensorInfo| types.contains(&tensor.tensor_type.id());
        match *self {
            Self::Types(types) => tensor(&|tensor| is_of(types, tensor)),
            Self::RowsBelow(types, least) => {
                tensor(&|tensor| is_of(types, tensor) && tensor.columns() < least)
            }
            Self::MicroBatchAbove(types, most) => {
                let asked = micro_batch.filter(|&asked| asked > most)?;
                let found = tensor(&|tensor| is_of(types, tensor))?;
                Some(format!("{found} and a micro-batch of {asked} is asked for"))
            }
            Self::Architectures(architectures) => {
                let own = architecture(header)?;
                let known = architectures.contains(&own);
                known.then(|| format!("its architecture is {own}"))
            }
            Self::ArchitectureWith(known, name) => {
                let is_known = architecture(header)? == known;
                let found = is_known && header.tensor(name).is_some();
                found.then(|| format!("its architecture is {known} and it has a tensor {name:?}"))
            }
            Self::EntryIsNot(key, ref right) => {
                let value = header.metadata().get(key).filter(|it| *it != right)?;
                Some(match value {
                    Value::U32(number) => format!("its {key} is {number}"),
                    Value::F32(number) => format!("its {key} is {number}"),
                    other => format!("its {key} is of type {}", other.type_name()),
                })
            }
        }
    }
}

fn architecture(header: &Header) -> Option<&str> {
    header.metadata().str("general.architecture").ok()?
}

/// The GGUF crate has no names for what only `ik_llama.cpp` knows.
fn name_of(tensor_type: TensorType) -> String {
    match tensor_type.id() {
        IQ1_BN => "IQ1_BN".to_owned(),
        IQ2_BN => "IQ2_BN".to_owned(),
        _ => tensor_type.to_string(),
    }
}
