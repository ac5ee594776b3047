//! Every family that llama.cpp has, too, gives its bits: graph, norms, rotation, window, caps.

use gguf::{Array, Value};

use crate::bits::assert_same_bits;
use crate::changed::{Model, evaluated};
use crate::process::{
    RUST_ENGINE, answers, describe, evaluate, family_fixture, llama_scalar, quantized, scattered,
};

const PATTERN: &str = "attention.sliding_window_pattern";

fn vocabulary_size(model: &str) -> u32 {
    let size = describe(RUST_ENGINE, model)["model"]["vocabulary_size"].clone();
    size.as_u64().expect("a size") as u32
}

/// Equal bits over so many positions, with several threads and small micro-batches on our side.
fn assert_parity(what: &str, model: &str, n_tokens: u32) {
    let tokens = scattered(n_tokens, vocabulary_size(model));
    let flags = ["--threads", "2", "--micro-batch", "23"];
    let ours = evaluate(RUST_ENGINE, model, &tokens, &flags);
    let theirs = evaluate(&llama_scalar(), model, &tokens, &["--threads", "1"]);
    assert_same_bits(what, &ours, &theirs);
    let found = &ours.logits[tokens.len() - 1];
    assert!(
        found.iter().any(|&bits| bits != found[0]),
        "{what}: a row of one number"
    );
}

fn assert_family(family: &str, types: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for tensor_type in types {
        let model = family_fixture(folder.path(), family, &["--type", tensor_type]);
        assert_parity(&format!("{family}, {tensor_type}"), &model, 128);
    }
}

/// What `describe` says that an engine can do.
fn architectures(engine: &str) -> Vec<String> {
    let answer = answers(engine, &["describe"], &[]).remove(0);
    let names = answer["architectures"].as_array().expect("a list");
    let name = |name: &serde_json::Value| name.as_str().expect("a name").to_owned();
    names.iter().map(name).collect()
}

/// Families that are added are compared by this without a word of theirs.
#[test]
fn every_family_of_both_in_every_type() {
    let theirs = architectures(&llama_scalar());
    let shared = |name: &String| theirs.contains(name);
    let families: Vec<_> = architectures(RUST_ENGINE)
        .into_iter()
        .filter(shared)
        .collect();
    assert!(families.len() >= 6, "both have only {families:?}");
    for family in families {
        assert_family(&family, &["mixed"]);
    }
}

#[test]
fn llama_with_divided_rotation() {
    assert_family("llama", &["q8_0", "f16"]);
}

#[test]
fn qwen2_with_biases() {
    assert_family("qwen2", &["f32", "q4_0"]);
}

#[test]
fn qwen3_with_norms_of_queries_and_keys() {
    assert_family("qwen3", &["f32", "q8_0"]);
}

#[test]
fn phi3_with_fused_matrices() {
    assert_family("phi3", &["f32", "bf16"]);
}

#[test]
fn bitnet_with_inner_norms_and_scales() {
    assert_family("bitnet", &["f32", "q8_0", "tq1_0", "tq2_0"]);
}

/// 128 positions are far past the window of 16.
#[test]
fn gemma3_with_a_window() {
    assert_family("gemma3", &["f32", "q8_0"]);
}

/// A window that is longer than what the reference pads its cache by, and as long as real ones.
#[test]
fn gemma3_with_a_long_window() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let flags = ["--shape", "custom", "--layers", "2", "--window", "300"];
    let model = family_fixture(folder.path(), "gemma3", &flags);
    assert_parity("gemma3, window 300", &model, 700);
}

#[test]
fn a_window_hides_what_is_behind_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let flags = |window| ["--shape", "custom", "--layers", "1", "--window", window];
    let model = |window| family_fixture(folder.path(), "gemma3", &flags(window));
    let last_row = |model: &str, first: u32| {
        let mut tokens = scattered(40, vocabulary_size(model));
        tokens[0] = first;
        evaluate(RUST_ENGINE, model, &tokens, &[]).logits.pop()
    };
    // One layer alone looks back 16 tokens at most.
    assert!(last_row(&model("16"), 20) == last_row(&model("16"), 30));
    assert!(last_row(&model("40"), 20) != last_row(&model("40"), 30));
}

/// The divisors of Phi-3 depend on the context that is asked for, not on how much of it is used.
#[test]
fn a_long_context_turns_heads_otherwise() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = family_fixture(folder.path(), "phi3", &[]);
    let tokens = scattered(30, vocabulary_size(&model));
    let with = |engine: &str, context| evaluate(engine, &model, &tokens, &["--context", context]);
    let [short, long] = ["512", "600"].map(|context| {
        let ours = with(RUST_ENGINE, context);
        assert_same_bits(context, &ours, &with(&llama_scalar(), context));
        ours
    });
    assert!(short.logits != long.logits);
}

/// Infinities in the cache show through masks; the reference computes with what it masks.
#[test]
fn values_that_are_not_finite_show_through_the_window() {
    for (part, smallest) in [("attn_v.bias", 65_503.5), ("attn_k.bias", 65_503.5)] {
        let model = (0..4).fold(Model::of("gemma3", "f32"), |model, layer| {
            model.tensor(&format!("blk.{layer}.{part}"), &[256], smallest)
        });
        let path = model.write();
        let ours = evaluated(RUST_ENGINE, &path);
        assert_same_bits(part, &ours, &evaluated(&llama_scalar(), &path));
    }
}

/// Each of these has the reference's bits, and other ones than the family's plain fixture.
fn assert_followed<const N: usize>(family: &str, changed: [(&str, Model); N]) {
    let plain = evaluated(RUST_ENGINE, &Model::of(family, "f32").write());
    for (what, model) in changed {
        let path = model.write();
        let ours = evaluated(RUST_ENGINE, &path);
        assert_same_bits(what, &ours, &evaluated(&llama_scalar(), &path));
        assert!(ours.logits != plain.logits, "{what} changes nothing");
    }
}

/// What real Gemma files say, or may say, beside what the fixture says.
#[test]
fn gemma3_follows_its_file() {
    let new = || Model::of("gemma3", "f32");
    let list = Value::Array(Array::Bool(vec![false, true, true, false]));
    let scaled = new()
        .set("rope.scaling.type", Value::String("linear".into()))
        .set("rope.scaling.factor", Value::F32(8.0));
    let changed = [
        ("another pattern", new().set(PATTERN, Value::U32(3))),
        ("a window everywhere", new().set(PATTERN, Value::U32(0))),
        ("a pattern for each layer", new().set(PATTERN, list)),
        (
            "no window",
            new().set("attention.sliding_window", Value::U32(0)),
        ),
        (
            "another base in the window",
            new().set("rope.freq_base_swa", Value::F32(500.0)),
        ),
        ("scaling outside of the window", scaled),
        (
            "no cap",
            new().set("final_logit_softcapping", Value::F32(0.0)),
        ),
        (
            "heads rotated in part",
            new().set("rope.dimension_count", Value::U32(64)),
        ),
    ];
    assert_followed("gemma3", changed);
}

/// A factor of the fused matrix comes before its biases, wherever these are.
#[test]
fn phi3_follows_its_file() {
    let scaled = || Model::of("phi3", "f32").parts("attn_qkv.scale", &[1]);
    let own_biases = scaled()
        .parts("attn_q.bias", &[256])
        .parts("attn_k.bias", &[128])
        .parts("attn_v.bias", &[128]);
    let changed = [
        ("a scale", scaled()),
        (
            "a scale and a bias",
            scaled().parts("attn_qkv.bias", &[512]),
        ),
        ("a scale and three biases", own_biases),
    ];
    assert_followed("phi3", changed);
}

#[test]
fn k_quants_of_every_family() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for family in ["qwen2", "qwen3", "gemma3", "phi3", "bitnet"] {
        let source = family_fixture(folder.path(), family, &[]);
        let model = quantized(folder.path(), &source, "Q4_K_M", &[]);
        assert_parity(&format!("{family}, Q4_K_M"), &model, 40);
    }
}
