//! Every fault changes what it says it changes, from where it says on, and nothing without it does.
//!
//! `cargo nextest run -p rust-engine --features faults --test faults`

#[path = "../npy/mod.rs"]
mod npy;
#[expect(
    dead_code,
    reason = "shared with the tests against references, which need more of it"
)]
#[path = "../reference/process.rs"]
mod process;
mod results;
mod sabotage;
mod symptoms;
mod telling;

use process::{RUST_ENGINE, family_fixture};
use results::{assert_sound, begin_of, distance, evaluate, faults, is_made, text, tokens_differ};

/// A fixture, and the faults that cannot be made in it; all others must be.
struct Case {
    family: &'static str,
    types: &'static str,
    /// Whether llama.cpp has it, too.
    in_llama_cpp: bool,
    not_made: &'static [&'static str],
}

const LLAMA: Case = Case {
    family: "llama",
    types: "mixed",
    in_llama_cpp: true,
    not_made: &[
        "silu-for-relu-squared",
        "sub-norm-left-out",
        "tied-output-from-wrong-row",
        "window-off-by-one",
    ],
};

const GEMMA3: Case = Case {
    family: "gemma3",
    types: "q8_0",
    in_llama_cpp: true,
    not_made: &[
        "activations-without-sum-correction",
        "gelu-for-silu",
        "silu-for-relu-squared",
        "sub-norm-left-out",
        "tied-output-from-wrong-row",
    ],
};

const BITNET: Case = Case {
    family: "bitnet",
    types: "tq2_0",
    in_llama_cpp: true,
    not_made: &[
        "activations-without-sum-correction",
        "f16-rounding-of-activation-scales-left-out",
        "silu-for-relu-squared",
        "window-off-by-one",
    ],
};

const BITNET_B1_58: Case = Case {
    family: "bitnet-b1.58",
    types: "i2_s",
    in_llama_cpp: false,
    not_made: &[
        "f16-rounding-of-activation-scales-left-out",
        "gelu-for-silu",
        "window-off-by-one",
    ],
};

const PHI3: Case = Case {
    family: "phi3",
    types: "f32",
    in_llama_cpp: true,
    not_made: &[
        "activations-without-sum-correction",
        "codes-of-one-block-shifted",
        "f16-rounding-of-activation-scales-left-out",
        "silu-for-relu-squared",
        "sub-norm-left-out",
        "tied-output-from-wrong-row",
        "window-off-by-one",
    ],
};

const CASES: [&Case; 5] = [&LLAMA, &GEMMA3, &BITNET, &BITNET_B1_58, &PHI3];

fn assert_every_fault(case: &Case) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = family_fixture(folder.path(), case.family, &["--type", case.types]);
    if case.in_llama_cpp {
        assert_sound(&model);
    }
    let (all, mut not_made, mut wrong) = (faults(), Vec::new(), Vec::new());
    for fault in &all {
        if !is_made(&model, fault) {
            not_made.push(text(&fault["name"]));
        }
    }
    for arithmetic in ["exact", "f32", "fast"] {
        let sound = evaluate(RUST_ENGINE, &model, &["--arithmetic", arithmetic]);
        for fault in &all {
            let name = text(&fault["name"]);
            let arithmetics = fault["arithmetics"].as_array().expect("a list");
            if not_made.contains(&name) || !arithmetics.contains(&arithmetic.into()) {
                continue;
            }
            let flags = ["--arithmetic", arithmetic, "--fault", name];
            let mut found = begin_of(&sound, &evaluate(RUST_ENGINE, &model, &flags));
            if found.is_none() && tokens_differ(&model, name) {
                found = Some("tokens".into());
            }
            let expected = &fault["begins"];
            if found.as_ref() != Some(expected) {
                wrong.push(format!(
                    "{name}, {arithmetic}: begins at {found:?}, expected {expected}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    not_made.sort_unstable();
    assert_eq!(not_made, case.not_made, "{}", case.family);
}

#[test]
fn in_llama_of_every_type() {
    assert_every_fault(&LLAMA);
}

#[test]
fn in_gemma3_with_a_window() {
    assert_every_fault(&GEMMA3);
}

#[test]
fn in_bitnet_with_inner_norms() {
    assert_every_fault(&BITNET);
}

#[test]
fn in_bitnet_b1_58_with_rows_of_codes() {
    assert_every_fault(&BITNET_B1_58);
}

#[test]
fn in_phi3_with_fused_matrices() {
    assert_every_fault(&PHI3);
}

/// What hides in a limit is found by making it stronger, so that must make it larger. In f32 where
/// that is possible: there no rounding of activations makes much of little.
#[test]
fn what_is_made_stronger_changes_more() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let models = [("llama", "q4_0"), ("gemma3", "q8_0"), ("bitnet", "tq2_0")]
        .map(|(family, types)| family_fixture(folder.path(), family, &["--type", types]));
    for fault in faults() {
        let name = text(&fault["name"]);
        if fault["strength"].is_null() || !fault["begins"]["step"].is_null() {
            continue;
        }
        let model = models.iter().find(|model| is_made(model, &fault));
        let model = model.expect("some model can have it");
        let arithmetics = fault["arithmetics"].as_array().expect("a list");
        let arithmetic = if arithmetics.contains(&"f32".into()) {
            "f32"
        } else {
            "exact"
        };
        let result = |flags: &[&str]| {
            let flags = [&["--arithmetic", arithmetic], flags].concat();
            evaluate(RUST_ENGINE, model, &flags)
        };
        let (sound, made) = (result(&[]), result(&["--fault", name]));
        let once = result(&["--fault", &format!("{name}=1")]);
        assert_eq!(begin_of(&made, &once), None, "{name}");
        let stronger = result(&["--fault", &format!("{name}=1024")]);
        let (made, stronger) = (distance(&sound, &made), distance(&sound, &stronger));
        assert!(stronger > made, "{name}: {stronger} is not above {made}");
    }
}

#[test]
fn every_fault_is_made_in_some_case() {
    for fault in faults() {
        let name = text(&fault["name"]);
        let made = |case: &&Case| !case.not_made.contains(&name);
        assert!(CASES.iter().any(made), "{name}");
    }
}
