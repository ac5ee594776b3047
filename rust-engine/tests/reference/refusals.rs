//! What cannot be run is refused by name, before anything is evaluated.

use std::path::Path;

use gguf::{TensorType, Value};

use crate::changed::Model;
use crate::process::{RUST_ENGINE, describe, llama_scalar, run};

/// Both sub-commands refuse the model and say why.
#[track_caller]
fn assert_refused(path: &Path, complaint: &str) {
    let model = path.display().to_string();
    let described = describe(RUST_ENGINE, &model);
    assert_eq!(described["can_run"], false, "{described}");
    let reason = described["reason"].as_str().expect("a reason");
    assert!(reason.contains(complaint), "{reason}");
    let out = tempfile::tempdir().expect("a temporary folder");
    let out = out.path().display().to_string();
    let output = run(
        RUST_ENGINE,
        &["evaluate", "--model", &model, "--out", &out],
        b"",
    );
    assert_eq!(output.status.code(), Some(69));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains(complaint), "{stderr}");
}

#[test]
fn an_unknown_architecture() {
    let mut model = Model::new();
    for (key, value) in &mut model.entries {
        if key == "general.architecture" {
            *value = Value::String("mamba".into());
        }
    }
    let complaint = r#"architecture "mamba" is not known (known: llama, qwen2, "#;
    assert_refused(&model.write(), complaint);
}

/// llama.cpp would end itself at the first text.
#[test]
fn the_harness_gives_no_text_to_a_model_without_a_vocabulary() {
    for kind in ["no_vocab", "none"] {
        let mut model = Model::new();
        let is_of_tokenizer = |key: &str| key.starts_with("tokenizer.");
        model.entries.retain(|(key, _)| !is_of_tokenizer(key));
        let embeddings = model
            .tensors
            .iter()
            .find(|(tensor, _)| tensor.name == "token_embd.weight");
        let n_tokens = embeddings.expect("of every model").0.dimensions[1] as u32;
        let kind = Value::String(kind.into());
        model.entries.push(("tokenizer.ggml.model".into(), kind));
        let model = model.set("vocab_size", Value::U32(n_tokens));
        let path = model.write().display().to_string();
        let described = describe(&llama_scalar(), &path);
        assert_eq!(described["reason"], "the file holds no vocabulary");
        let output = run(&llama_scalar(), &["tokenize", "--model", &path], b"");
        assert_eq!(output.status.code(), Some(69), "{output:?}");
    }
}

#[test]
fn missing_tensors_of_a_family() {
    for (family, tensor) in [
        ("gemma3", "blk.3.post_ffw_norm.weight"),
        ("qwen3", "blk.1.attn_k_norm.weight"),
        ("bitnet", "blk.0.attn_sub_norm.weight"),
        ("bitnet-b1.58", "blk.1.ffn_sub_norm.weight"),
        ("phi3", "blk.0.attn_q.weight"),
        ("qwen2", "token_embd.weight"),
    ] {
        let removed = if family == "phi3" {
            "blk.0.attn_qkv.weight"
        } else {
            tensor
        };
        let model = Model::of(family, "f32").without(removed);
        assert_refused(&model.write(), &format!("tensor {tensor:?} is missing"));
    }
}

#[test]
fn tensors_of_another_shape() {
    let norm = Model::of("qwen3", "f32").tensor("blk.0.attn_q_norm.weight", &[64], 1.0);
    assert_refused(
        &norm.write(),
        r#"tensor "blk.0.attn_q_norm.weight" has the shape [64], expected [128]"#,
    );
    let fused = Model::of("phi3", "f32").tensor("blk.1.ffn_up.weight", &[256, 512], 0.0);
    assert_refused(
        &fused.write(),
        r#"tensor "blk.1.ffn_up.weight" has the shape [256, 512], expected [256, 1024]"#,
    );
}

#[test]
fn tensors_that_another_family_has() {
    for (family, tensor, dimensions) in [
        ("llama", "blk.0.attn_q_norm.weight", &[64][..]),
        ("qwen3", "blk.0.post_attention_norm.weight", &[256]),
        ("bitnet", "output.weight", &[256, 100]),
        ("gemma3", "blk.0.ffn_up.bias", &[512]),
        ("qwen2", "rope_freqs.weight", &[32]),
        ("llama", "output.scale", &[1]),
    ] {
        let model = Model::of(family, "f32").tensor(tensor, dimensions, 1.0);
        assert_refused(&model.write(), &format!("tensor {tensor:?} is not part of"));
    }
}

#[test]
fn sizes_that_wrap_around() {
    let heads = |n_heads, width| {
        Model::of("phi3", "f32")
            .set("attention.head_count", Value::U32(n_heads))
            .set("attention.head_count_kv", Value::U32(n_heads / 2))
            .set("attention.key_length", Value::U32(width))
            .set("attention.value_length", Value::U32(width))
            .set("rope.dimension_count", Value::U32(64))
    };
    let complaint = "are more than can be counted";
    assert_refused(&heads(3_336_891_896, 2_764_060_786).write(), complaint);
    assert_refused(&heads(1 << 31, 1 << 31).write(), complaint);
    let window = Model::of("gemma3", "f32").set("attention.sliding_window", Value::U32(1 << 31));
    assert_refused(&window.write(), "sliding_window");
}

/// llama.cpp loads these and adds none of them.
#[test]
fn some_of_the_biases_of_a_fused_matrix() {
    let model = Model::of("phi3", "f32").tensor("blk.0.attn_q.bias", &[256], 1.0);
    assert_refused(&model.write(), "1 of queries, keys and values have a bias");
}

#[test]
fn norms_that_are_not_f32() {
    let mut model = Model::of("qwen3", "f32");
    let is_norm = |(planned, _): &&mut (gguf::write::PlannedTensor, Vec<u8>)| {
        planned.name == "blk.0.attn_norm.weight"
    };
    let (planned, data) = model
        .tensors
        .iter_mut()
        .find(is_norm)
        .expect("there is one");
    planned.tensor_type = TensorType::F16;
    data.truncate(data.len() / 2);
    assert_refused(
        &model.write(),
        "has type F16: norms, biases and factors are F32",
    );
}

#[test]
fn a_scale_beside_a_bias() {
    let model = Model::of("qwen2", "f32").tensor("blk.0.attn_q.scale", &[1], 1.0);
    assert_refused(&model.write(), "a scale and a bias");
}

#[test]
fn a_tensor_type_that_is_not_known() {
    let mut model = Model::new();
    // Of the size that its type asks for, so that the container is sound.
    let (planned, data) = &mut model.tensors[0];
    planned.tensor_type = TensorType::from_id(19);
    let elements: u64 = planned.dimensions.iter().product();
    data.resize((elements / 256 * 50) as usize, 0);
    let complaint = format!("tensor {:?} has type IQ1_S (known: F32, ", planned.name);
    assert_refused(&model.write(), &complaint);
}

#[test]
fn ternary_codes_of_another_layout() {
    let mut model = Model::of("bitnet-b1.58", "i2_s");
    let of_down = |(planned, _): &&mut (gguf::write::PlannedTensor, Vec<u8>)| {
        planned.name == "blk.1.ffn_down.weight"
    };
    let (_, data) = model
        .tensors
        .iter_mut()
        .find(of_down)
        .expect("there is one");
    let end = data.len() - 32;
    // What random bytes look like: a quarter of all codes.
    for (i, byte) in data[..end].iter_mut().enumerate() {
        *byte = (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0];
    }
    assert_refused(&model.write(), r#"tensor "blk.1.ffn_down.weight": "#);
    assert_refused(&model.write(), "codes looked at are 3 (2");
}
