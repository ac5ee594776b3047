//! `lockstep bench` on real engines: all of them evaluate the same tokens, and what is measured is
//! theirs. No time is asserted.

use std::path::Path;

use runner::bench::{self, Request, Telling};
use runner::engine::{Catalogue, Supervision};
use runner::exit::Exit;
use schemas::bench::{BenchReceipt, BenchWork};

use crate::process::{RUST_ENGINE, fixture, llama_scalar};

const NAMES: [&str; 3] = ["rust-engine", "llama-scalar", "llama-native"];

/// A bench of the three on a generated model.
fn measured(folder: &Path, command_of_first: &[&str]) -> BenchReceipt {
    let engines = folder.join("engines.toml");
    let scalar = llama_scalar();
    let native = Path::new(&scalar).with_file_name("llama-native");
    let native = native.to_str().expect("UTF-8");
    let commands = [command_of_first, &[&scalar], &[native]];
    let text = NAMES
        .iter()
        .zip(commands)
        .map(|(name, command)| format!("[[engine]]\nname = {name:?}\ncommand = {command:?}\n"));
    std::fs::write(&engines, text.collect::<String>()).expect("the folder can be written");
    let request = Request {
        model: fixture(folder, "mixed").into(),
        engines: NAMES.map(str::to_owned).to_vec(),
        work: BenchWork {
            positions: 200,
            steps: 4,
            threads: 2,
            repeat: 2,
            as_configured: false,
        },
        against: None,
        supervision: Supervision::default(),
    };
    let catalogue = Catalogue::load(Some(&engines)).expect("three engines");
    let telling = Telling {
        announce: &|_| (),
        progress: &|_| (),
    };
    let (receipt, exit) = bench::run(&request, &catalogue, telling).expect("measured");
    assert_eq!(exit, Exit::Parity);
    receipt
}

#[test]
fn real_engines_are_measured_on_the_same_tokens() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let receipt = measured(folder.path(), &[RUST_ENGINE]);
    let names: Vec<_> = receipt.engines.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, NAMES);
    for engine in &receipt.engines {
        for (name, figure) in engine.figures.each() {
            assert_eq!(figure.values.len(), 2, "{name:?} of {}", engine.name);
            assert!(figure.minimum > 0, "{name:?} of {}", engine.name);
        }
        // What the runner waited has what the engine worked in it.
        let (answer, prefill) = (&engine.figures.answer_ns, &engine.figures.prefill_all_ns);
        let pairs = answer.values.iter().zip(&prefill.values);
        assert!(pairs.into_iter().all(|(answer, prefill)| answer >= prefill));
        assert_eq!(engine.prefill_settings.threads, 2);
        assert!(!engine.kernels.is_empty());
    }
    let [own, scalar, native] = receipt.engines.as_slice() else {
        unreachable!("three names")
    };
    // It says which kernels ran; of the references stands there what they have.
    assert_eq!(own.prefill_settings.kernels.as_ref(), Some(&own.kernels));
    // It has no flash attention and says so; the references have, and can be asked to repack.
    let measured = own.trials.iter().filter(|it| it.left_out.is_none()).count();
    assert_eq!((measured, own.trials.len()), (2, 4));
    for reference in [scalar, native] {
        assert_eq!(reference.trials.len(), 8);
        assert!(reference.trials.iter().all(|it| it.left_out.is_none()));
        let agreement = reference.agreement.as_ref().expect("not the first");
        // On a generated model, whose rows are nearly flat: other roundings, and the same numbers.
        assert!(agreement.mean_kl.get() < 0.01, "{agreement:?}");
        assert!(
            agreement.top1_equal * 10 > agreement.rows * 8,
            "{agreement:?}"
        );
    }
}
