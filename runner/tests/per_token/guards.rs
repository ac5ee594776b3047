//! What is known of the references: a model that one cannot run never reaches it, and one that it
//! can run does.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use gguf::write::PlannedTensor;
use gguf::{Array, TensorType, Text, Value};

use crate::desk::{Desk, Run};

const REFERENCES: [&str; 4] = ["llama-scalar", "llama-native", "ik", "bitnet"];

/// A desk at which table engines have the references' names.
fn desk() -> Desk {
    REFERENCES
        .iter()
        .fold(Desk::new(), |desk, name| desk.habit(name, &[]))
}

/// A model with one tensor of `columns` by 1.
struct Model {
    architecture: &'static str,
    tensor: &'static str,
    type_id: u32,
    columns: u64,
    entry: Option<(&'static str, Value)>,
}

impl Model {
    const fn of(architecture: &'static str, type_id: u32, columns: u64) -> Self {
        Self {
            architecture,
            tensor: "blk.0.ffn_up.weight",
            type_id,
            columns,
            entry: None,
        }
    }

    fn with_tensor(architecture: &'static str, tensor: &'static str) -> Self {
        Self {
            tensor,
            ..Self::of(architecture, 0, 32)
        }
    }

    fn with_entry(architecture: &'static str, key: &'static str, value: Value) -> Self {
        Self {
            entry: Some((key, value)),
            ..Self::of(architecture, 0, 32)
        }
    }

    fn write(&self, path: &Path) {
        let text = |text: &str| Value::String(text.into());
        let tokens = (0..261).map(|id| Text::from(format!("<{id}>"))).collect();
        let entries = [
            ("general.architecture", text(self.architecture)),
            ("tokenizer.ggml.model", text("gpt2")),
            ("tokenizer.ggml.pre", text("default")),
            ("tokenizer.ggml.tokens", Value::Array(Array::String(tokens))),
        ];
        let entries = entries.into_iter().chain(self.entry.clone());
        let entries: Vec<_> = entries
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        let tensor = PlannedTensor {
            name: self.tensor.to_owned(),
            dimensions: vec![self.columns, 1],
            tensor_type: TensorType::F32,
        };
        let zeros = vec![0; self.columns as usize * 4];
        let mut bytes = Vec::new();
        gguf::write::file(&mut bytes, &entries, &[tensor], |_, out| {
            out.write_all(&zeros)
        })
        .expect("it can be written");
        // The writer refuses types whose size it does not know. The type's number stands before
        // the offset, after two dimensions.
        let name = self.tensor.as_bytes();
        let at = bytes.windows(name.len()).position(|it| it == name);
        let at = at.expect("the name is there") + name.len() + 4 + 2 * 8;
        bytes[at..at + 4].copy_from_slice(&self.type_id.to_le_bytes());
        std::fs::write(path, bytes).expect("the folder can be written");
    }
}

fn compare(desk: &Desk, model: &Model, reference: &str, more: &[&str]) -> Run {
    model.write(&desk.path("guarded.gguf"));
    Run::of(&mut command(desk, reference, more))
}

fn command(desk: &Desk, reference: &str, more: &[&str]) -> Command {
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    command
        .args(["--engines", "engines.toml", "per-token", "--prompt", "Hi"])
        .args(["--model", "guarded.gguf", "--candidate", "candidate"])
        .args(["--reference", reference, "--profile", "exact"])
        .args(more);
    command
}

/// The comparison is refused, for the reason and with the hint, and nothing was started.
#[track_caller]
fn refused(model: &Model, reference: &str, more: &[&str], words: &[&str]) {
    let desk = desk();
    let run = compare(&desk, model, reference, more);
    run.exits(69).says(&["REFUSED"]).says(words);
    assert_eq!(desk.starts(), [""; 0], "{reference} was started");
}

/// Nothing is known against it, so the engine is asked and the comparison goes to its end.
#[track_caller]
fn compared(model: &Model, reference: &str, more: &[&str]) {
    let desk = desk();
    compare(&desk, model, reference, more).exits(0);
    let evaluated = format!("{reference} evaluate");
    assert_eq!(desk.starts().last(), Some(&evaluated));
}

#[test]
fn ik_is_not_started_on_i2_s() {
    let model = Model::of("bitnet-b1.58", 36, 512);
    refused(
        &model,
        "ik",
        &[],
        &[
            "tensor \"blk.0.ffn_up.weight\" is I2_S: ik_llama.cpp loads it without an error and computes zeros",
            "(hint: --reference bitnet --profile production)",
        ],
    );
    compared(&model, "bitnet", &[]);
}

#[test]
fn ik_is_not_started_on_ternary_types_that_it_dies_of() {
    for (type_id, name) in [(34, "TQ1_0"), (35, "TQ2_0")] {
        let model = Model::of("bitnet", type_id, 512);
        let found = format!("is {name}: ik_llama.cpp does not know the type and dies");
        refused(
            &model,
            "ik",
            &[],
            &[&found, "(hint: --reference llama-scalar)"],
        );
        compared(&model, "llama-scalar", &[]);
    }
    // The scalar build cannot run this one either, so it is not what the hint names.
    let model = Model::of("bitnet-b1.58", 35, 512);
    refused(&model, "ik", &[], &["(hint: --reference bitnet"]);
}

#[test]
fn ik_needs_long_rows_of_its_ternary_types() {
    for type_id in [134, 135] {
        let name = ["IQ1_BN", "IQ2_BN"][type_id as usize - 134];
        refused(
            &Model::of("bitnet", type_id, 511),
            "ik",
            &[],
            &[&format!("is {name}: "), "rows of at least 512"],
        );
        compared(&Model::of("bitnet", type_id, 512), "ik", &[]);
        let found = format!("is {name}: the type is ik_llama.cpp's own (hint: --reference ik ");
        refused(
            &Model::of("bitnet", type_id, 512),
            "llama-scalar",
            &[],
            &[&found],
        );
    }
}

#[test]
fn ik_is_not_asked_for_large_batches_of_types_with_a_minimum() {
    for type_id in [3, 7] {
        let model = Model::of("llama", type_id, 512);
        let large = ["--micro-batch", "17"];
        refused(&model, "ik", &large, &["wrong from 32 tokens on"]);
        compared(&model, "ik", &["--micro-batch", "16"]);
        compared(&model, "ik", &[]);
        compared(&model, "llama-native", &large);
        compared(&model, "ik", &["--candidate-micro-batch", "17"]);
    }
}

#[test]
fn ik_is_not_started_where_it_would_leave_out_divisors_of_the_rotation() {
    let model = Model::with_tensor("llama", "rope_freqs.weight");
    let words = [
        "its architecture is llama and it has a tensor \"rope_freqs.weight\": ik_llama.cpp up to August \
         2026 rotates without these divisors",
        "(hint: --reference llama-scalar)",
    ];
    refused(&model, "ik", &[], &words);
    compared(&model, "llama-native", &[]);
    compared(
        &Model::with_tensor("bitnet", "rope_freqs.weight"),
        "ik",
        &[],
    );
    compared(&Model::of("llama", 0, 32), "ik", &[]);
}

/// It looks at none of these entries, so it is right where a file says what it takes.
#[test]
fn ik_is_not_started_on_a_gemma3_that_is_not_as_it_takes_all_to_be() {
    let period = "gemma3.attention.sliding_window_pattern";
    let base = "gemma3.rope.freq_base_swa";
    let cap = "gemma3.final_logit_softcapping";
    for (key, wrong, found, right) in [
        (period, Value::U32(2), "is 2: ", Value::U32(6)),
        (base, Value::F32(1e3), "is 1000: ", Value::F32(1e4)),
        (cap, Value::F32(30.0), "is 30: ", Value::F32(0.0)),
    ] {
        let model = Model::with_entry("gemma3", key, wrong);
        let found = format!("its {key} {found}ik_llama.cpp ");
        let hint = "(hint: --reference llama-scalar)";
        refused(&model, "ik", &[], &[&found, hint]);
        compared(&model, "llama-native", &[]);
        compared(&Model::with_entry("gemma3", key, right), "ik", &[]);
    }
    let layers = Value::Array(Array::Bool(vec![true, false]));
    let model = Model::with_entry("gemma3", period, layers);
    refused(&model, "ik", &[], &["is of type array: "]);
    compared(&Model::of("gemma3", 0, 32), "ik", &[]);
}

#[test]
fn what_the_candidate_alone_takes_together_is_guarded() {
    let desk = desk();
    Model::of("llama", 3, 512).write(&desk.path("guarded.gguf"));
    for (tokens, code) in [("17", 69), ("16", 0)] {
        let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
        command
            .args(["per-token", "--prompt", "Hi", "--model", "guarded.gguf"])
            .args(["--candidate", "ik", "--reference", "reference"])
            .args(["--candidate-micro-batch", tokens]);
        Run::of(&mut command).exits(code);
    }
}

#[test]
fn llama_is_not_started_on_i2_s() {
    for reference in ["llama-scalar", "llama-native"] {
        let model = Model::of("bitnet", 36, 512);
        refused(
            &model,
            reference,
            &[],
            &[
                "is I2_S: llama.cpp has removed the type",
                "(hint: --reference bitnet",
            ],
        );
        compared(&Model::of("bitnet", 0, 512), reference, &[]);
    }
}

#[test]
fn llama_is_not_started_on_bitnets_later_architectures() {
    for architecture in ["bitnet-b1.58", "bitnet-25"] {
        let model = Model::of(architecture, 0, 512);
        let found = format!("its architecture is {architecture}: llama.cpp does not know it");
        for reference in ["llama-scalar", "llama-native"] {
            refused(
                &model,
                reference,
                &[],
                &[&found, "(hint: --reference bitnet"],
            );
        }
        compared(&model, "bitnet", &[]);
        compared(&model, "ik", &[]);
    }
    compared(&Model::of("bitnet", 0, 512), "llama-scalar", &[]);
}

#[test]
fn bitnet_is_not_started_on_what_is_younger_than_its_llama() {
    for model in [
        Model::of("gemma3", 0, 512),
        Model::of("qwen3", 0, 512),
        Model::of("llama", 39, 512),
        Model::of("llama", 40, 512),
    ] {
        let words = [
            "bitnet.cpp up to March 2026 does not know it",
            "(hint: --reference llama-scalar)",
        ];
        refused(&model, "bitnet", &[], &words);
        compared(&model, "llama-scalar", &[]);
    }
    compared(&Model::of("llama", 0, 512), "bitnet", &[]);
}

#[test]
fn the_candidate_is_guarded_too_and_each_by_its_own_file() {
    let desk = desk();
    Model::of("bitnet", 36, 512).write(&desk.path("guarded.gguf"));
    Model::of("bitnet", 0, 512).write(&desk.path("plain.gguf"));
    let mut as_candidate = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    as_candidate
        .args(["--engines", "engines.toml", "per-token", "--prompt", "Hi"])
        .args(["--model", "guarded.gguf", "--candidate", "ik"])
        .args(["--reference", "bitnet", "--profile", "production"]);
    Run::of(&mut as_candidate)
        .exits(69)
        .says(&["ik cannot run"]);
    assert_eq!(desk.starts(), [""; 0]);
    let other_file = ["--reference-model", "plain.gguf"];
    Run::of(&mut command(&desk, "ik", &other_file)).exits(0);
}

/// Who cannot run a model is told before anybody compares, and who could.
#[test]
fn inspect_says_which_reference_does_better() {
    let desk = desk();
    let inspect = |model: &Model| {
        model.write(&desk.path("guarded.gguf"));
        let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
        command.args(["--engines", "engines.toml", "inspect", "guarded.gguf"]);
        Run::of(&mut command)
    };
    let refusal = "cannot run it: tensor \"blk.0.ffn_up.weight\" is I2_S: llama.cpp has removed \
                   the type with this number and refuses the file; better: bitnet\n";
    inspect(&Model::of("bitnet", 36, 512)).exits(0).says(&[
        &format!("\n  ✗ llama-scalar (reference): {refusal}"),
        "zeros in every product with it; better: bitnet\n",
        "\n  ✓ bitnet (reference): can run it\n",
    ]);
    let plain = inspect(&Model::of("bitnet", 0, 512));
    plain
        .exits(0)
        .says(&["\n  ✓ llama-scalar (reference): can run it\n"]);
    assert!(!plain.stdout.contains("better"), "{plain:?}");
}
