//! Whether a comparison can begin, and how that is told.

use std::fs;

use runner::exit::Exit;
use runner::preflight::Format;

use crate::machine::Machine;
use crate::stand_in::{PROGRAM, patient};

#[test]
fn ready_with_a_candidate_and_one_reference() {
    let machine = Machine::with(&[("rust-engine", PROGRAM), ("llama-scalar", PROGRAM)]);
    let report = machine.text(None);
    assert_eq!(report.exit, Exit::Parity);
    let text = &report.output;
    for words in [
        "  ✓ rust-engine: AVAILABLE (candidate)\n    Command: ",
        "  ✓ llama-scalar: AVAILABLE (reference)\n",
        "    Built: llama-scalar 1; rustc; no SIMD\n    Computes: exact, f32\n",
        "  ✗ llama-native: NOT AVAILABLE (reference)\n",
        "    Mend: scripts/build-references.sh native\n",
        "  ✗ bitnet: NOT AVAILABLE (reference)\n",
        "    Mend: BITNET_CPP_DIR=FOLDER scripts/build-references.sh bitnet\n",
        "\nReady: rust-engine can be compared with llama-scalar.\n",
    ] {
        assert!(text.contains(words), "{text}\ndoes not say: {words}");
    }
    assert!(!text.contains('\u{1b}'), "colours that nobody asked for");
    let (preflight, _) = machine.json(Some(machine.model()));
    assert!(preflight.ready);
    assert_eq!(preflight.engines.len(), 5);
    assert!(
        preflight.engines[0]
            .description
            .as_ref()
            .is_some_and(|it| it.model.is_some())
    );
}

#[test]
fn not_ready_without_a_candidate_or_without_any_reference() {
    let report = Machine::with(&[("llama-scalar", PROGRAM)]).text(None);
    assert_eq!(report.exit, Exit::Unavailable);
    let words = "Not ready: there is no candidate that can be used. To mend that:\n  cargo build \
                 --release -p rust-engine\n";
    assert!(report.output.contains(words), "{}", report.output);

    let machine = Machine::with(&[("rust-engine", PROGRAM)]);
    let report = machine.text(None);
    assert_eq!(report.exit, Exit::Unavailable);
    assert!(
        report.output.contains("there is no reference"),
        "{}",
        report.output
    );
    assert_eq!(machine.json(None).1, Exit::Unavailable);

    let report = Machine::with(&[]).text(None);
    assert!(
        report
            .output
            .contains("neither a candidate nor a reference"),
        "{}",
        report.output
    );
}

/// These programs, and llama-native, whose bits mean nothing to the default profile.
fn with_a_fast_reference(engines: &[(&str, &str)]) -> Machine {
    let machine = Machine::with(engines);
    let configuration = format!(
        "[[engine]]\nname = \"llama-native\"\ncommand = [{PROGRAM:?}, \"--fault\", \"only-fast\"]\n"
    );
    fs::write(machine.folder.path().join("engines.toml"), configuration).expect("written");
    machine
}

#[test]
fn says_which_references_need_another_profile() {
    let engines = [("rust-engine", PROGRAM), ("llama-scalar", PROGRAM)];
    let report = with_a_fast_reference(&engines).text(None);
    assert_eq!(report.exit, Exit::Parity);
    let words = "\nReady: rust-engine can be compared with llama-scalar, and with --profile production \
                 also with llama-native.\n";
    assert!(report.output.ends_with(words), "{}", report.output);
}

#[test]
fn not_ready_where_only_another_reference_is_there() {
    let machine = with_a_fast_reference(&[("rust-engine", PROGRAM)]);
    let report = machine.text(None);
    assert_eq!(report.exit, Exit::Unavailable);
    let words = "\nNot ready: the default profile, exact, needs llama-scalar and a candidate that \
                 computes alike. What can be compared: --profile production. To mend that:\n  \
                 scripts/build-references.sh scalar\n";
    assert!(report.output.ends_with(words), "{}", report.output);
    let (preflight, _) = machine.json(None);
    let told: Vec<_> = preflight
        .profiles
        .iter()
        .map(|it| (it.profile.name(), it.ready, it.references.join(" ")))
        .collect();
    let native = || "llama-native".to_owned();
    assert_eq!(
        told,
        [
            ("exact", false, String::new()),
            ("f32", false, String::new()),
            ("production", true, native()),
        ]
    );
}

#[test]
fn verbose_says_everything_and_colour_is_only_colour() {
    let machine = Machine::with(&[("rust-engine", PROGRAM), ("llama-scalar", PROGRAM)]);
    let tell = |verbose, colour| {
        let format = Format::Text { verbose, colour };
        machine
            .try_run(Some(machine.model()), format, patient())
            .expect("a report")
            .output
    };
    let verbose = tell(true, false);
    for words in [
        "Tensor types: F32",
        "Kernels: none",
        "Defaults: threads 2",
        "vocabulary 257",
    ] {
        assert!(verbose.contains(words), "{verbose}\ndoes not say: {words}");
    }
    let coloured = tell(false, true);
    let plain = ["\u{1b}[32m", "\u{1b}[31m", "\u{1b}[0m"]
        .iter()
        .fold(coloured.clone(), |text, code| text.replace(code, ""));
    assert_ne!(coloured, plain);
    assert_eq!(plain, tell(false, false));
}
