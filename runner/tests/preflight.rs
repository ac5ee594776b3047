//! `preflight`: what is there, what is not, what mends it, and when a comparison can begin.

mod stand_in;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use runner::engine::{Catalogue, Interrupt, Places, Supervision};
use runner::exit::Exit;
use runner::preflight::{Format, PreflightError, Report, Request, run};
use schemas::line;
use schemas::preflight::Preflight;
use stand_in::{PROGRAM, impatient, patient};
use tempfile::TempDir;

/// A machine on which these programs lie at the places of these engines.
struct Machine {
    folder: TempDir,
    places: Places,
}

impl Machine {
    fn with(engines: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        for (name, program) in engines {
            symlink(program, folder.path().join(name)).expect("linked");
        }
        // The smallest model file: no metadata, no tensor.
        let smallest = [&b"GGUF\x03\0\0\0"[..], &[0; 16]].concat();
        fs::write(folder.path().join("model.gguf"), smallest).expect("written");
        let places = Places {
            current_folder: folder.path().to_owned(),
            program_folder: Some(folder.path().to_owned()),
            references: Some(folder.path().to_owned()),
            ..Places::default()
        };
        Self { folder, places }
    }

    fn model(&self) -> PathBuf {
        self.folder.path().join("model.gguf")
    }

    fn try_run(
        &self,
        model: Option<PathBuf>,
        format: Format,
        supervision: Supervision,
    ) -> Result<Report, PreflightError> {
        let catalogue = Catalogue::load_from(None, &self.places).expect("good");
        run(
            &catalogue,
            &Request {
                model,
                supervision,
                format,
            },
        )
    }

    fn text(&self, model: Option<PathBuf>) -> Report {
        let format = Format::Text {
            verbose: false,
            colour: false,
        };
        self.try_run(model, format, patient()).expect("a report")
    }

    fn json(&self, model: Option<PathBuf>) -> (Preflight, Exit) {
        let report = self
            .try_run(model, Format::Json, patient())
            .expect("a report");
        let schema = schemas::catalogue::entries()
            .into_iter()
            .find(|entry| entry.name == "preflight")
            .expect("a known kind")
            .schema;
        let value = serde_json::from_str(&report.output).expect("JSON");
        assert!(
            jsonschema::validator_for(&schema)
                .expect("a schema")
                .is_valid(&value)
        );
        let preflight: Preflight = line::read(&report.output).expect("a preflight");
        assert_eq!(preflight.exit.code, report.exit as u8);
        assert_eq!(preflight.ready, report.exit == Exit::Parity);
        (preflight, report.exit)
    }
}

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

#[test]
fn not_ready_where_only_another_reference_is_there() {
    // The default profile compares bits, and those of llama-native mean nothing.
    let machine = Machine::with(&[("rust-engine", PROGRAM), ("llama-native", PROGRAM)]);
    let configuration = format!(
        "[[engine]]\nname = \"llama-native\"\ncommand = [{PROGRAM:?}, \"--fault\", \"only-fast\"]\n"
    );
    fs::write(machine.folder.path().join("engines.toml"), configuration).expect("written");
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
fn the_table_says_who_can_run_the_model_and_who_could() {
    let names = ["rust-engine", "llama-scalar", "llama-native", "ik"];
    let machine = Machine::with(&names.map(|name| (name, PROGRAM)));
    let model = machine.folder.path().join("ternary.gguf");
    ternary(&model);
    let log = machine.folder.path().join("log");
    let configuration = format!(
        "[[engine]]\nname = \"ik\"\ncommand = [{PROGRAM:?}, \"--log\", {:?}]\n",
        log.to_str().expect("UTF-8")
    );
    fs::write(machine.folder.path().join("engines.toml"), configuration).expect("written");
    let report = machine.text(Some(model.clone()));
    assert_eq!(report.exit, Exit::Unavailable);
    let table = "\nWith this model:\n  \
        engine        there  can run it\n  \
        rust-engine   yes    yes\n  \
        llama-scalar  yes    no: tensor \"blk.0.ffn_up.weight\" is I2_S: llama.cpp has removed the \
        type with this number and refuses the file; better: bitnet\n  \
        llama-native  yes    no: tensor \"blk.0.ffn_up.weight\" is I2_S: llama.cpp has removed the \
        type with this number and refuses the file; better: bitnet\n  \
        ik            yes    no: tensor \"blk.0.ffn_up.weight\" is I2_S: ik_llama.cpp loads it \
        without an error and computes zeros in every product with it; better: bitnet\n  \
        bitnet        no     not known\n";
    assert!(report.output.contains(table), "{}", report.output);
    // It was asked who it is, and never started on the model.
    let started = fs::read_to_string(&log).expect("a log");
    assert_eq!(started.matches("start describe").count(), 1, "{started}");

    let (preflight, _) = machine.json(Some(model));
    let can_run: Vec<_> = preflight.engines.iter().map(|it| it.can_run).collect();
    let no = Some(false);
    assert_eq!(can_run, [Some(true), no, no, no, None]);
    assert_eq!(preflight.engines[3].better.as_deref(), Some("bitnet"));

    // The negative control: a model that nothing is known against.
    let (preflight, exit) = machine.json(Some(machine.model()));
    assert_eq!(exit, Exit::Parity);
    let can_run: Vec<_> = preflight.engines.iter().map(|it| it.can_run).collect();
    let yes = Some(true);
    assert_eq!(can_run, [yes, yes, yes, yes, None]);
    assert_eq!(machine.json(None).0.engines[1].can_run, None);
}

/// A model with one tensor of type I2_S.
fn ternary(path: &Path) {
    let entries = [(
        "general.architecture".to_owned(),
        gguf::Value::String("bitnet".into()),
    )];
    let tensor = gguf::write::PlannedTensor {
        name: "blk.0.ffn_up.weight".to_owned(),
        dimensions: vec![128, 1],
        tensor_type: gguf::TensorType::I2_S,
    };
    let mut file = fs::File::create(path).expect("the folder can be written");
    gguf::write::file(&mut file, &entries, &[tensor], |_, out| {
        std::io::Write::write_all(out, &[0; 64])
    })
    .expect("it can be written");
}

#[test]
fn what_is_no_model_file_is_bad_input() {
    let machine = Machine::with(&[("rust-engine", PROGRAM)]);
    let text = machine.folder.path().join("text.gguf");
    fs::write(&text, "no model").expect("written");
    let error = machine
        .try_run(Some(text), Format::Json, patient())
        .expect_err("must fail");
    assert_eq!(error.exit(), Exit::BadInput);
    assert!(
        error.to_string().contains("text.gguf: no GGUF file"),
        "{error}"
    );
}

#[test]
fn a_program_that_fails_is_not_available_and_says_why() {
    let machine = Machine::with(&[("rust-engine", PROGRAM), ("llama-scalar", "/bin/false")]);
    let report = machine.text(None);
    let words = "llama-scalar: NOT AVAILABLE (reference)\n";
    assert!(report.output.contains(words), "{}", report.output);
    assert!(
        report.output.contains("Error: exited with status 1"),
        "{}",
        report.output
    );
    assert_eq!(report.exit, Exit::Unavailable);
}

#[test]
fn a_build_under_the_name_of_another_is_not_taken_for_it() {
    let machine = Machine::with(&[("rust-engine", PROGRAM)]);
    let real = machine.folder.path().join("llama-native");
    symlink(PROGRAM, &real).expect("linked");
    let script = "#!/bin/sh\nexec \"$(dirname \"$0\")/llama-native\" \"$@\"\n";
    // By another process, as no file may be open for writing when it is executed.
    let made = std::process::Command::new("sh")
        .args(["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""])
        .arg(machine.folder.path().join("llama-scalar"))
        .arg(script)
        .status()
        .expect("sh");
    assert!(made.success());
    let (preflight, _) = machine.json(None);
    let scalar = &preflight.engines[1];
    assert_eq!(
        (scalar.name.as_str(), scalar.usable),
        ("llama-scalar", false)
    );
    let problem = scalar.problem.as_deref().expect("a problem");
    assert_eq!(problem, "the program calls itself `llama-native`");
}

#[test]
fn an_engine_that_cannot_run_the_model_says_why() {
    let machine = Machine::with(&[("rust-engine", PROGRAM)]);
    let configuration = format!(
        "[[engine]]\nname = \"llama-scalar\"\ncommand = [{PROGRAM:?}, \"--fault\", \"cannot-run\"]\n"
    );
    fs::write(machine.folder.path().join("engines.toml"), configuration).expect("written");
    assert_eq!(
        machine.text(None).exit,
        Exit::Parity,
        "without a model all is well"
    );
    let report = machine.text(Some(machine.model()));
    assert_eq!(report.exit, Exit::Unavailable);
    for words in [
        "  ✗ llama-scalar: AVAILABLE, BUT NOT FOR THIS MODEL (reference)\n",
        "    Error: cannot run it: unknown architecture 'x\\u{1b}'\n",
        "Not ready with this model: there is no reference",
    ] {
        assert!(
            report.output.contains(words),
            "{}\ndoes not say: {words}",
            report.output
        );
    }
    assert!(!report.output.contains('\u{1b}'));
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

#[test]
fn a_model_that_is_not_there_is_bad_input_and_nobody_is_asked() {
    let machine = Machine::with(&[]);
    for model in ["/nowhere/model.gguf", "/"] {
        let error = machine
            .try_run(Some(PathBuf::from(model)), Format::Json, patient())
            .expect_err("must fail");
        assert_eq!(error.exit(), Exit::BadInput);
        assert!(
            error
                .to_string()
                .starts_with(Path::new(model).to_str().expect("UTF-8"))
        );
    }
}

#[test]
fn a_hanging_engine_delays_but_does_not_stop_the_report() {
    let machine = Machine::with(&[("rust-engine", PROGRAM), ("llama-scalar", PROGRAM)]);
    let configuration =
        format!("[[engine]]\nname = \"slow\"\ncommand = [{PROGRAM:?}, \"--fault\", \"hang\"]\n");
    fs::write(machine.folder.path().join("engines.toml"), configuration).expect("written");
    let format = Format::Text {
        verbose: false,
        colour: false,
    };
    let report = machine
        .try_run(None, format, impatient())
        .expect("a report");
    assert_eq!(report.exit, Exit::Parity);
    assert!(
        report
            .output
            .contains("its description did not come within"),
        "{}",
        report.output
    );

    let interrupt = Interrupt::default();
    interrupt.raise();
    let supervision = Supervision {
        interrupt,
        ..patient()
    };
    let error = machine
        .try_run(None, format, supervision)
        .expect_err("must stop");
    assert_eq!(error.exit(), Exit::Retryable);
}
