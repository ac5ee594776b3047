//! `lockstep inspect --ln-stats --gate`: the norm weights of broken exports fail, those of sound
//! ones pass, and each limit is met by a file on either side of it.

mod hostile;

use std::fs;
use std::io::Write;
use std::path::Path;

use gguf::write::PlannedTensor;
use gguf::{TensorType, Value};

use crate::desk::{Desk, Run};

/// One tensor: name, type, elements, bytes.
struct Tensor(String, TensorType, u64, Vec<u8>);

fn f32s(name: &str, values: &[f32]) -> Tensor {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    let n = values.len() as u64;
    Tensor(name.to_owned(), TensorType::F32, n, bytes.collect())
}

/// 640 different numbers with an RMS of about `size`, which is what a trained norm looks like.
fn sound(size: f32) -> Vec<f32> {
    let part = |n: u16| 0.8 + 0.4 * f32::from(n) / 640.0;
    (0..640).map(|n| part(n) * size).collect()
}

fn write(path: &Path, family: &str, tensors: &[Tensor]) {
    write_with(path, family, None, tensors);
}

/// With the number of layers, where it matters.
fn write_with(path: &Path, family: &str, n_layers: Option<u32>, tensors: &[Tensor]) {
    let architecture = Value::String(family.into());
    let mut entries = vec![("general.architecture".to_owned(), architecture)];
    entries.extend(n_layers.map(|n| (format!("{family}.block_count"), Value::U32(n))));
    let plans = tensors.iter().map(|tensor| PlannedTensor {
        name: tensor.0.clone(),
        dimensions: vec![tensor.2],
        tensor_type: tensor.1,
    });
    let plans: Vec<_> = plans.collect();
    let mut bytes = Vec::new();
    gguf::write::file(&mut bytes, &entries, &plans, |number, out| {
        out.write_all(&tensors[number].3)
    })
    .expect("a file");
    fs::write(path, bytes).expect("written");
}

fn gate(desk: &Desk, family: &str, tensors: &[Tensor], arguments: &[&str]) -> Run {
    write(&desk.path("norms.gguf"), family, tensors);
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    command.args(["inspect", "norms.gguf", "--no-engines"]);
    Run::of(command.args(arguments))
}

/// A model of the family `llama` whose `ffn_norm` is the one in question.
fn with(weight: Tensor) -> Vec<Tensor> {
    let output = f32s("output_norm.weight", &sound(1.8));
    vec![output, f32s("blk.0.attn_norm.weight", &sound(0.2)), weight]
}

const NAME: &str = "blk.0.ffn_norm.weight";

/// Exit code and report of `--gate auto` and `--gate strict`.
fn both(weight: impl Fn() -> Tensor) -> [(i32, String); 2] {
    ["auto", "strict"].map(|mode| {
        let run = gate(&Desk::new(), "llama", &with(weight()), &["--gate", mode]);
        let told = run
            .stderr
            .starts_with("lockstep: norms.gguf: findings about norm weights: ");
        assert_eq!(told, run.code != 0, "{run:?}");
        (run.code, run.stdout)
    })
}

#[test]
fn sound_norms_pass_both_gates() {
    let [auto, strict] = both(|| f32s(NAME, &sound(0.2)));
    assert_eq!((auto.0, strict.0), (0, 0), "{}", strict.1);
    let expected = "\nGate strict: PASSED (norm weights: 3, failures: 0, warnings: 0; limits \
                    lockstep-norms version 1, family llama)\n";
    assert!(strict.1.contains(expected), "{}", strict.1);
}

#[test]
fn statistics_are_shown_and_nothing_is_judged_without_a_gate() {
    let weight = f32s(NAME, &[3.0, -4.0, 0.0, f32::NAN]);
    let run = gate(
        &Desk::new(),
        "llama",
        &[weight],
        &["--ln-stats", "--gate=off"],
    );
    run.exits(0).says(&[
        "\nblk.0.ffn_norm.weight  F32          4   2.8868  -0.3333  -4.0000   3.0000           1\n",
    ]);
    assert!(!run.stdout.contains("Gate"), "{run:?}");
    let weight = f32s(NAME, &sound(0.2));
    let unasked = gate(&Desk::new(), "llama", &[weight], &[]);
    assert!(!unasked.exits(0).stdout.contains("Norm weight"));
}

/// `--ln-stats` alone is the gate `auto`: who asks for statistics in a script is not passed a NaN.
#[test]
fn one_nan_or_infinity_fails() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut values = sound(0.2);
        values[639] = value;
        let weight = f32s(NAME, &values);
        gate(&Desk::new(), "llama", &with(weight), &["--ln-stats"])
            .exits(65)
            .says(&["\n  failure: blk.0.ffn_norm.weight: non_finite is 1, expected at most 0"])
            .complains(&["exit 65, bad-input"]);
    }
}

#[test]
fn a_norm_without_a_finite_element_fails() {
    let [auto, _] = both(|| f32s(NAME, &[f32::NAN; 640]));
    assert_eq!(auto.0, 65);
    assert!(auto.1.contains("rms does not exist"), "{}", auto.1);
}

#[test]
fn a_norm_of_zeros_fails_and_a_single_zero_does_not() {
    let [auto, _] = both(|| f32s(NAME, &[0.0; 4]));
    assert_eq!(auto.0, 65);
    assert!(
        auto.1.contains("non_zero is 0, expected at least 1"),
        "{}",
        auto.1
    );
    let mut values = sound(0.2);
    values[7] = 0.0;
    let [auto, strict] = both(|| f32s(NAME, &values));
    assert_eq!((auto.0, strict.0), (0, 0), "{}", strict.1);
}

#[test]
fn norms_of_a_quantised_type_fail() {
    let blocks = vec![0x11; 640 / 32 * 34];
    let [auto, _] = both(|| Tensor(NAME.to_owned(), TensorType::Q8_0, 640, blocks.clone()));
    assert_eq!(auto.0, 65);
    for part in [
        "not read: Q8_0 is no float type",
        "quantised is 1, expected at most 0",
    ] {
        assert!(auto.1.contains(part), "{}", auto.1);
    }
}

/// `n_elements` of `n` different numbers.
fn levels(n_elements: u16, n: u16) -> Vec<f32> {
    let level = |i: u16| 0.1 + 0.1 * f32::from(i % n) / f32::from(n);
    (0..n_elements).map(level).collect()
}

/// In F32 after it was quantised: exit codes of `auto` and `strict`.
#[test]
fn few_different_numbers_fail_where_they_are_no_chance() {
    for (n_elements, n, expected) in [
        (640, 1, [65, 65]),
        (640, 4, [65, 65]),
        (640, 5, [0, 65]),
        (640, 16, [0, 65]),
        (640, 17, [0, 0]),
        (64, 16, [0, 65]),
        (64, 17, [0, 0]),
        (63, 4, [65, 65]),
        (63, 16, [0, 0]),
        (16, 1, [65, 65]),
        (16, 4, [65, 65]),
        (16, 5, [0, 0]),
        (15, 1, [0, 0]),
    ] {
        let codes = both(|| f32s(NAME, &levels(n_elements, n))).map(|(code, _)| code);
        assert_eq!(codes, expected, "{n} different numbers in {n_elements}");
    }
}

#[test]
fn half_precision_is_read() {
    let bf16 = |value: &f32| ((value.to_bits() >> 16) as u16).to_le_bytes();
    let bytes: Vec<u8> = sound(0.2).iter().flat_map(bf16).collect();
    let [auto, strict] = both(|| Tensor(NAME.to_owned(), TensorType::BF16, 640, bytes.clone()));
    assert_eq!((auto.0, strict.0), (0, 0), "{}", strict.1);
    // 0x3000 is 0.125 in F16; the lowest bits make 640 numbers from there on.
    let bytes: Vec<u8> = (0x3000..0x3000 + 640u16)
        .flat_map(u16::to_le_bytes)
        .collect();
    let [auto, strict] = both(|| Tensor(NAME.to_owned(), TensorType::F16, 640, bytes.clone()));
    assert_eq!((auto.0, strict.0), (0, 0), "{}", strict.1);
    let nan = [&bytes[2..], &0x7e00u16.to_le_bytes()[..]].concat();
    let [auto, _] = both(|| Tensor(NAME.to_owned(), TensorType::F16, 640, nan.clone()));
    assert_eq!(auto.0, 65);
}

/// Both sides of each limit of the shipped file, for every family and kind of norm that it has.
#[test]
fn every_rms_limit_of_the_shipped_file_decides() {
    let file = runner::inspect::norms::limits::shipped();
    let desk = Desk::new();
    let mut tried = 0;
    for limit in file.limits.iter().filter(|limit| limit.family.is_some()) {
        let (family, norm) = (limit.family.as_deref(), limit.norm.as_deref());
        let name = match norm.expect("a kind") {
            "output_norm" => "output_norm.weight".to_owned(),
            norm => format!("blk.0.{norm}.weight"),
        };
        // `sound(1.0)` has an RMS of 1.0066.
        let sizes = match limit.bound {
            schemas::limits::Bound::Largest => [0.98, 1.01],
            schemas::limits::Bound::Smallest => [1.01, 0.98],
        };
        let codes = sizes.map(|factor| {
            let size = (limit.value.get() / 1.0066 * factor) as f32;
            let weight = f32s(&name, &sound(size));
            let mode = match limit.severity {
                schemas::norms::Severity::Failure => "auto",
                schemas::norms::Severity::Warning => "strict",
            };
            gate(&desk, family.expect("one"), &[weight], &["--gate", mode]).code
        });
        assert_eq!(codes, [0, 65], "{limit:?}");
        tried += 1;
    }
    assert!(tried > 0);
}

#[test]
fn a_family_without_basis_passes_auto_and_fails_strict() {
    for (family, reason) in [
        ("bitnet-b1.58", "no trained file was at hand"),
        ("qwen3", "no trained file was at hand"),
        ("never\u{1b}heard", "it is not in the file of limits"),
    ] {
        // An RMS that is sound for BitNet and would fail in the family llama.
        let weights = || [f32s("output_norm.weight", &sound(0.015))];
        let run = gate(&Desk::new(), family, &weights(), &["--gate", "auto"]);
        run.exits(0)
            .says(&["warning: no basis for the family ", reason]);
        assert!(!run.stdout.contains('\u{1b}'));
        gate(&Desk::new(), family, &weights(), &["--gate", "strict"])
            .exits(65)
            .complains(&["no basis for the family "]);
    }
    let weights = [f32s("output_norm.weight", &sound(0.015))];
    gate(&Desk::new(), "llama", &weights, &["--gate", "auto"]).exits(65);
    // A kind that the family's models do not have.
    let weight = || with(f32s("blk.0.attn_q_norm.weight", &sound(1.0)));
    let run = gate(&Desk::new(), "llama", &weight(), &["--gate", "strict"]);
    run.exits(65)
        .says(&["warning: no basis for attn_q_norm of the family llama"]);
    gate(&Desk::new(), "llama", &weight(), &["--gate", "auto"]).exits(0);
}

#[test]
fn exit_4_without_any_norm() {
    let weights = || [f32s("blk.0.attn_q.weight", &sound(1.0))];
    for mode in ["auto", "off"] {
        let run = gate(&Desk::new(), "llama", &weights(), &["--gate", mode]);
        run.exits(if mode == "auto" { 4 } else { 0 });
    }
    let run = gate(
        &Desk::new(),
        "llama",
        &weights(),
        &["--ln-stats", "--format=json"],
    );
    let object = run
        .exits(4)
        .complains(&["nothing was judged"])
        .object("inspect");
    assert_eq!(object["norms"]["gate"]["verdict"], "inconclusive");
    assert_eq!(object["exit"]["name"], "inconclusive");
}

#[test]
fn the_object_has_statistics_findings_and_the_limits_that_applied() {
    let weights = with(f32s(NAME, &sound(40.0)));
    let run = gate(
        &Desk::new(),
        "llama",
        &weights,
        &["--ln-stats", "--format=json"],
    );
    let object = run.exits(65).object("inspect");
    assert_eq!(object["exit"]["code"], 65);
    let norms = &object["norms"];
    let rms = norms["weights"][2]["statistics"]["rms"]
        .as_f64()
        .expect("a number");
    assert!((rms - 40.26).abs() < 0.01, "{rms}");
    assert_eq!(norms["weights"][2]["norm"], "ffn_norm");
    assert_eq!(norms["gate"]["verdict"], "failed");
    assert_eq!(norms["gate"]["findings"][0]["tensor"], NAME);
    let basis = norms["gate"]["findings"][0]["basis"]
        .as_str()
        .expect("a text");
    assert!(basis.contains("SmolLM2-135M"), "{basis}");
    let families = norms["gate"]["limits"].as_array().expect("a list").iter();
    for limit in families {
        let family = &limit["family"];
        assert!(family.is_null() || family == "llama", "{limit}");
    }
}

#[test]
fn a_file_of_limits_decides_or_is_refused() {
    let desk = Desk::new();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/limits/norms-v1.json");
    let shipped = fs::read_to_string(shipped).expect("it is there");
    let own = shipped.replace(r#""family": "llama""#, r#""family": "mine""#);
    fs::write(desk.path("own.json"), own).expect("written");
    let weights = || with(f32s(NAME, &sound(40.0)));
    let arguments = ["--norm-limits", "own.json"];
    gate(&desk, "mine", &weights(), &arguments).exits(65);
    gate(&desk, "llama", &weights(), &arguments).exits(0);
    fs::write(
        desk.path("own.json"),
        shipped.replace("non_finite", "non_zero"),
    )
    .expect("written");
    gate(&desk, "llama", &weights(), &arguments)
        .exits(65)
        .complains(&["own.json: field `limits[2].bound`"]);
    gate(
        &desk,
        "llama",
        &weights(),
        &["--norm-limits", "absent.json"],
    )
    .exits(65)
    .complains(&["absent.json"]);
}

#[test]
fn norms_that_are_not_there_fail() {
    let gate = |n_layers, tensors: &[Tensor]| {
        let desk = Desk::new();
        write_with(&desk.path("norms.gguf"), "llama", Some(n_layers), tensors);
        let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
        command.args(["inspect", "norms.gguf", "--no-engines", "--ln-stats"]);
        Run::of(&mut command)
    };
    let whole = || with(f32s("blk.0.ffn_norm.weight", &sound(1.0)));
    gate(1, &whole()).exits(0);
    gate(2, &whole())
        .exits(65)
        .says(&["1 of 2 tensors attn_norm.weight are there"]);
    let mut renamed = whole();
    renamed[2].0 = "blk.0.ffn_norm".to_owned();
    gate(1, &renamed)
        .exits(65)
        .says(&["0 of 1 tensors ffn_norm.weight are there"]);
    gate(1, &whole()[1..])
        .exits(65)
        .says(&["0 of 1 tensors output_norm.weight are there"]);
}
