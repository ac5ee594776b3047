//! What `--repack` does to the references: it reaches the library, which computes other bits where it
//! rearranges a matrix, and the same where it has no kernel that wants that.
//!
//! Made ready by scripts/build-references.sh (`all` and `ik`), scripts/fetch-demo-model.sh and
//! scripts/fetch-gemma3-model.sh. What is missing fails the test.

mod models;

use std::path::{Path, PathBuf};

use models::{fetched, smollm2};
use runner::engine::{Catalogue, Client, EngineSettings, Places, Supervision};
use schemas::evaluate::{EvaluateRequest, Positions};
use schemas::line::ItemId;
use schemas::tag::Tag;

/// Whose Q4_K matrices both libraries rearrange.
fn gemma3() -> PathBuf {
    fetched(
        "LOCKSTEP_GEMMA3_MODEL",
        "gemma-3-270m-q4_k_m.gguf",
        "scripts/fetch-gemma3-model.sh",
    )
}

/// The last row of some tokens, and whether the engine says that it rearranges.
fn row(engine: &str, model: &Path, repack: Option<bool>) -> (Vec<u32>, Option<bool>) {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/references");
    let folder = std::env::var_os("LOCKSTEP_REFERENCES").map_or_else(beside, PathBuf::from);
    let places = Places {
        references: Some(folder),
        ..Places::default()
    };
    let catalogue = Catalogue::load_from(None, &places).expect("no configuration");
    let spec = catalogue.find(engine).expect("built in");
    let client = Client::new(spec, Supervision::default());
    let settings = EngineSettings {
        context: Some(256),
        repack,
        ..EngineSettings::default()
    };
    let started = client.start_evaluation(model, &settings);
    let mut evaluation = started.expect("scripts/build-references.sh has been run");
    let request = EvaluateRequest {
        schema: Tag::new(),
        id: ItemId::new("case").expect("an id"),
        tokens: (2..10).collect(),
        positions: Positions::Last,
        greedy_steps: 0,
    };
    evaluation.submit(&request).expect("handed over");
    let item = evaluation.next().expect("an answer");
    evaluation.finish().expect("a good end");
    let mut row = vec![0.0; item.logits.columns()];
    item.logits.read_row(0, &mut row).expect("one row");
    let bits = row.into_iter().map(f32::to_bits).collect();
    (bits, item.response.settings.repack)
}

#[test]
fn repacking_changes_bits_where_there_are_kernels_for_it() {
    let model = gemma3();
    for (engine, by_default, changes) in [
        ("llama-native", true, true),
        ("ik", false, true),
        ("llama-scalar", true, false),
    ] {
        let (default, told) = row(engine, &model, None);
        assert_eq!(told, Some(by_default), "{engine}");
        let (other, told) = row(engine, &model, Some(!by_default));
        assert_eq!(told, Some(!by_default), "{engine}");
        assert_eq!(other != default, changes, "{engine}");
    }
}

/// There is no kernel for Q4_1 that wants it.
#[test]
fn repacking_changes_no_bit_of_smollm2() {
    let bits = |repack| row("llama-native", &smollm2(), Some(repack)).0;
    assert_eq!(bits(true), bits(false));
}
