//! What a file says of its model reaches the numbers as it does in llama.cpp, or is refused.

use std::sync::LazyLock;

use gguf::{Array, Value};

use crate::bits::assert_same_bits;
use crate::changed::{Model, evaluated};
use crate::process::{Evaluated, RUST_ENGINE, describe, llama_scalar, run};

/// What the unchanged model gives.
static PLAIN: LazyLock<Evaluated> = LazyLock::new(|| {
    let model = Model::new();
    evaluated(RUST_ENGINE, &model.write())
});

/// Equal bits, and other ones than the unchanged model's: the change reached the numbers.
#[track_caller]
fn assert_honoured(what: &str, model: &Model) {
    let changed = model.write();
    let ours = evaluated(RUST_ENGINE, &changed);
    assert_same_bits(what, &ours, &evaluated(&llama_scalar(), &changed));
    assert!(ours.logits != PLAIN.logits, "{what} changes nothing");
}

#[test]
fn rotation_follows_the_file() {
    let new = Model::new;
    let linear = || Value::String("linear".into());
    let base = new().set("rope.freq_base", Value::F32(10_000.0));
    assert_honoured("another base", &base);
    let scaled = || {
        let model = new().set("rope.scaling.type", linear());
        model.set("rope.scaling.factor", Value::F32(4.0))
    };
    assert_honoured("linear scaling", &scaled());
    let old = new().set("rope.scale_linear", Value::F32(2.5));
    assert_honoured("linear scaling by the old key", &old);
    let divisors = new().tensor("rope_freqs.weight", &[32], 1.0);
    assert_honoured("divisors", &divisors);
    assert_honoured("no divisors", &new().without("rope_freqs.weight"));
    let both = scaled().tensor("rope_freqs.weight", &[32], 1.0);
    assert_honoured("divisors and scaling", &both);
    let factor = new().set("rope.scaling.attn_factor", Value::F32(1.25));
    assert_honoured("attention factor", &factor);
    let yarn = || {
        let model = new().set("rope.scaling.type", Value::String("yarn".into()));
        let model = model.set("rope.scaling.factor", Value::F32(4.0));
        model.set("rope.scaling.original_context_length", Value::U32(100))
    };
    assert_honoured("yarn", &yarn());
    let factor = yarn().set("rope.scaling.attn_factor", Value::F32(0.8));
    assert_honoured("yarn with a factor", &factor);
    let whole = yarn().set("rope.scaling.factor", Value::F32(0.5));
    assert_honoured("yarn that lengthens angles", &whole);
}

#[test]
fn heads_follow_the_file() {
    let heads = |n_heads, n_kv_heads, width| {
        Model::new()
            .set("attention.head_count", Value::U32(n_heads))
            .set("attention.head_count_kv", Value::U32(n_kv_heads))
            .set("rope.dimension_count", Value::U32(width))
            .without("rope_freqs.weight")
    };
    assert_honoured("8 heads in groups of 2", &heads(8, 4, 32));
    assert_honoured("2 heads on one", &heads(2, 1, 128));
    let alone = heads(4, 4, 64)
        .parts("attn_k.weight", &[256, 256])
        .parts("attn_v.weight", &[256, 256]);
    assert_honoured("each head with its own keys", &alone);
    let narrow = heads(4, 2, 32)
        .set("attention.key_length", Value::U32(32))
        .set("attention.value_length", Value::U32(32))
        .parts("attn_q.weight", &[256, 128])
        .parts("attn_k.weight", &[256, 64])
        .parts("attn_v.weight", &[256, 64])
        .parts("attn_output.weight", &[128, 256]);
    assert_honoured("heads narrower than their share", &narrow);
}

#[test]
fn norms_biases_and_the_output_follow_the_file() {
    let epsilon = Model::new().set("attention.layer_norm_rms_epsilon", Value::F32(0.01));
    assert_honoured("epsilon", &epsilon);
    assert_honoured("tied output", &Model::new().without("output.weight"));
    for (part, width) in [
        ("attn_q", 256),
        ("attn_k", 128),
        ("attn_v", 128),
        ("attn_output", 256),
        ("ffn_gate", 512),
        ("ffn_up", 512),
        ("ffn_down", 256),
    ] {
        let bias = format!("{part}.bias");
        assert_honoured(&bias, &Model::new().parts(&bias, &[width]));
    }
}

/// llama.cpp reads these for other architectures alone.
#[test]
fn what_llama_cpp_ignores_changes_nothing() {
    for (name, value) in [
        ("attention.scale", Value::F32(0.5)),
        ("logit_scale", Value::F32(0.5)),
        ("embedding_scale", Value::F32(2.0)),
        ("attention.sliding_window", Value::U32(4)),
        ("attention.logit_softcapping", Value::F32(5.0)),
    ] {
        let model = Model::new().set(name, value);
        let changed = model.write();
        assert_same_bits(name, &evaluated(&llama_scalar(), &changed), &PLAIN);
        assert_same_bits(name, &evaluated(RUST_ENGINE, &changed), &PLAIN);
    }
}

/// Quantising activations can lose a NaN, and does so in the reference's order alone.
#[test]
fn what_is_not_a_number_spreads_as_in_llama_cpp() {
    let of_all_types = || Model::of("llama", "mixed");
    let angles = of_all_types().set("rope.freq_base", Value::F32(-1.0));
    let norm = of_all_types().tensor("blk.1.ffn_norm.weight", &[256], f32::NAN);
    let infinite = of_all_types().tensor("blk.0.attn_norm.weight", &[256], f32::INFINITY);
    // Beyond F16 in the cache at some positions, and so seen by those before them.
    let values = of_all_types().tensor("blk.0.attn_v.bias", &[128], 65_503.5);
    let keys = of_all_types().tensor("blk.0.attn_k.bias", &[128], 65_503.5);
    for (what, model) in [
        ("angles", angles),
        ("a norm", norm),
        ("infinity", infinite),
        ("large values", values),
        ("large keys", keys),
    ] {
        let path = model.write();
        let theirs = evaluated(&llama_scalar(), &path);
        assert_same_bits(what, &evaluated(RUST_ENGINE, &path), &theirs);
    }
}

#[test]
fn what_is_not_computed_is_refused() {
    let text = |text: &str| Value::String(text.into());
    let each = Value::Array(Array::U32(vec![2, 2]));
    for (name, value, complaint) in [
        ("attention.causal", Value::Bool(false), "attention.causal"),
        (
            "nextn_predict_layers",
            Value::U32(1),
            "nextn_predict_layers",
        ),
        ("expert_count", Value::U32(8), "mixture of experts"),
        ("block_count", Value::U32(513), "at most 512 layers"),
        (
            "attention.layer_norm_rms_epsilon",
            Value::F32(-1e-5),
            "negative",
        ),
        ("rope.scaling.type", text("dynamic"), "dynamic"),
        ("rope.scaling.type", text("longrope"), "longrope"),
        (
            "rope.dimension_count",
            Value::U32(32),
            "rope.dimension_count",
        ),
        ("attention.value_length", Value::U32(32), "value_length"),
        ("attention.key_length", Value::U32(32), "value_length"),
        ("attention.head_count_kv", each.clone(), "for each layer"),
        ("feed_forward_length", each, "for each layer"),
    ] {
        let model = Model::new().set(name, value);
        let path = model.write().display().to_string();
        let out = model.folder.path().display().to_string();
        let words = ["evaluate", "--model", &path, "--out", &out];
        let output = run(RUST_ENGINE, &words, b"");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{name}: {stderr}");
        assert!(stderr.contains(complaint), "{name}: {stderr}");
    }
    let stray = Model::new().tensor("blk.0.attn_sinks.weight", &[4], 0.0);
    let path = stray.write().display().to_string();
    let described = describe(RUST_ENGINE, &path);
    assert_eq!(described["can_run"], false);
    assert!(
        described["reason"].to_string().contains("attn_sinks"),
        "{described}"
    );
}

/// A file's word on its context is no reason to ask for terabytes.
#[test]
fn a_cache_that_does_not_fit_is_declined() {
    let model = Model::new().set("context_length", Value::U32(u32::MAX));
    let path = model.write().display().to_string();
    let out = model.folder.path().display().to_string();
    let request = r#"{"schema":"lockstep/evaluate-request/v1","id":"a","tokens":[1,5],"positions":"last","greedy_steps":4000000000}"#;
    let words = ["evaluate", "--model", &path, "--out", &out];
    let output = run(RUST_ENGINE, &words, request.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(answer.contains("does not fit the memory"), "{answer}");
}
