//! Arithmetic `fast`: near `exact` of the same engine, the same for every number of threads, and far from
//! it when something is wrong.

use serde_json::Value;

use crate::process::{
    Evaluated, RUST_ENGINE, demo_model, describe, evaluate, family_fixture, fixture, gemma3_model,
    scattered,
};

fn run(model: &str, flags: &[&str]) -> Evaluated {
    run_many(40, model, flags)
}

fn run_many(count: u32, model: &str, flags: &[&str]) -> Evaluated {
    let vocabulary_size = describe(RUST_ENGINE, model)["model"]["vocabulary_size"].clone();
    let tokens = scattered(count, vocabulary_size.as_u64().expect("a size") as u32);
    evaluate(RUST_ENGINE, model, &tokens, flags)
}

fn fast(model: &str, flags: &[&str]) -> Evaluated {
    run(model, &[&["--arithmetic", "fast"], flags].concat())
}

/// The mean square of differences, as a share of the mean square of what is expected.
fn distance(found: &Evaluated, expected: &Evaluated) -> f64 {
    let numbers = |it: &Evaluated| -> Vec<f64> {
        let all = it.logits.iter().flatten();
        all.map(|&bits| f64::from(f32::from_bits(bits))).collect()
    };
    let (found, expected) = (numbers(found), numbers(expected));
    assert_eq!(found.len(), expected.len());
    let differences: f64 = found
        .iter()
        .zip(&expected)
        .map(|(a, b)| (a - b).powi(2))
        .sum();
    differences / expected.iter().map(|b| b * b).sum::<f64>()
}

/// Without codes there is nothing to amplify a rounding.
#[test]
fn with_float_weights_it_is_exact_but_for_float_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for types in ["f32", "bf16"] {
        let model = fixture(folder.path(), types);
        let flags = ["--kv", "f32"];
        let distance = distance(&fast(&model, &flags), &run(&model, &flags));
        assert!(distance < 1e-6, "{types}: {distance:e}");
    }
}

/// Each position by itself, and all at once: keys are read and attention is cut in stretches of 64 tokens, and
/// windows begin within one.
#[test]
fn beyond_a_stretch_one_position_is_what_many_are() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let windows = ["--type", "f32", "--shape", "custom", "--window", "50"];
    let models = [
        fixture(folder.path(), "f32"),
        family_fixture(folder.path(), "gemma3", &windows),
    ];
    for model in models {
        let exact = run_many(130, &model, &["--kv", "f32"]);
        for micro_batch in ["1", "7", "128"] {
            let flags = [
                "--arithmetic",
                "fast",
                "--kv",
                "f32",
                "--micro-batch",
                micro_batch,
            ];
            let found = run_many(130, &model, &flags);
            let distance = distance(&found, &exact);
            assert!(
                distance < 1e-6,
                "{model}, {micro_batch} at once: {distance:e}"
            );
        }
    }
}

#[test]
fn every_family_and_every_type_is_near_exact() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut models: Vec<String> = ["llama", "qwen2", "qwen3", "gemma3", "phi3", "bitnet"]
        .iter()
        .map(|family| family_fixture(folder.path(), family, &["--type", "mixed"]))
        .collect();
    models.push(family_fixture(
        folder.path(),
        "bitnet-b1.58",
        &["--type", "i2_s"],
    ));
    models.push(demo_model());
    models.push(gemma3_model());
    for model in models {
        let distance = distance(&fast(&model, &[]), &run(&model, &[]));
        // A wrong constant or order of anything is 0.1 and more; llama.cpp's own native build is
        // 3e-4 from its scalar one on SmolLM2.
        assert!(distance < 0.02, "{model}: {distance:e}");
        assert!(distance > 0.0, "{model}: exact was computed");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for model in [demo_model(), gemma3_model()] {
        let with =
            |threads: &str| run_many(130, &model, &["--arithmetic", "fast", "--threads", threads]);
        let one = with("1");
        for threads in ["2", "3"] {
            let more = with(threads);
            assert_eq!(one.logits, more.logits, "{threads} threads");
            assert_eq!(
                one.greedy, more.greedy,
                "{threads} threads, one after the other"
            );
        }
    }
}

#[test]
fn every_set_of_kernels_gives_near_the_same() {
    let names = sets();
    assert!(names.contains(&"fast-portable".to_owned()), "{names:?}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = fixture(folder.path(), "mixed");
    let expected = fast(&model, &["--kernel", "fast-scalar"]);
    for name in names {
        let found = fast(&model, &["--kernel", &name]);
        let distance = distance(&found, &expected);
        assert!(distance < 0.02, "{name}: {distance:e}");
    }
}

/// The sets that this CPU can run, as the complaint about a name that there is not lists them.
fn sets() -> Vec<String> {
    let output = std::process::Command::new(RUST_ENGINE)
        .args(["evaluate", "--model", &demo_model(), "--out", "."])
        .args(["--arithmetic", "fast", "--kernel", "abacus"])
        .output()
        .expect("the engine starts");
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    let list = told.split("there are: ").nth(1).expect("a list");
    let list = list.trim_end().trim_end_matches(')');
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn positions_that_are_wanted_alone_are_those_of_all() {
    let model = demo_model();
    let all = fast(&model, &[]);
    let few = fast(&model, &["--micro-batch", "16"]);
    let distance = distance(&few, &all);
    assert!(distance < 0.02, "{distance:e}");
    let settings: &Value = &all.answer["settings"];
    assert_eq!(settings["arithmetic"], "fast");
}
