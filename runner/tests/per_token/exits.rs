//! Every exit code that can be reached without a fault of the protocol, and the same one in both
//! formats. 75 is in `interrupt`, 69 in `exits_unavailable`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::desk::{Desk, Run, word};

const HI: [&str; 2] = ["--prompt", "Hi"];

/// Ends with this code in both formats, before there is a receipt; JSON says why as well.
#[track_caller]
fn ends(desk: &Desk, arguments: &[&str], code: i32, complaints: &[&str]) {
    let text = desk.text(arguments);
    let json = Run::of(desk.per_token(arguments).args(["--format", "json"]));
    for run in [&text, &json] {
        run.exits(code).complains(complaints);
    }
    assert_eq!(text.stdout, "", "{text:?}");
    let failure = json.object("failure");
    assert_eq!(failure["exit"]["code"], code, "{json:?}");
    for complaint in complaints {
        let error = word(&failure["error"]);
        assert!(error.contains(complaint), "{complaint:?} is not in {error}");
    }
    assert!(
        !desk
            .starts()
            .iter()
            .any(|start| start.ends_with("evaluate"))
    );
}

#[test]
fn exit_0_parity() {
    let (text, receipt) = Desk::new().both(&HI);
    text.exits(0).says(&["BIT-EXACT: "]);
    assert_eq!(receipt["exit"]["name"], "parity");
    let (text, receipt) = Desk::new().both(&[&HI[..], &["--profile", "f32"]].concat());
    text.exits(0).says(&["BIT-EXACT: "]);
    assert_eq!(receipt["status"], "ok");
}

#[test]
fn exit_0_a_program_against_itself_says_so() {
    let desk = Desk::new();
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    command.args(["per-token", "--model", "model.gguf", "--prompt", "Hi"]);
    let run = Run::of(command.args(["--candidate", "reference", "--reference", "reference"]));
    run.exits(0).says(&["BIT-EXACT: ", "are the same program"]);
    let two = desk.text(&HI);
    assert!(!two.stdout.contains("same program"), "{two:?}");
}

/// Under another name it is still the same.
#[test]
fn exit_0_a_copy_of_a_program_is_the_same_program() {
    let desk = Desk::new();
    let table = env!("CARGO_BIN_EXE_table-engine");
    fs::copy(table, desk.path("copy")).expect("a copy");
    let log = desk.path("log").display().to_string();
    let engine = |name: &str, program: &str| {
        let command = [program, "--name", "one", "--log", &log];
        format!("[[engine]]\nname = {name:?}\ncommand = {command:?}\n")
    };
    let text = engine("candidate", table) + &engine("reference", "./copy");
    fs::write(desk.path("engines.toml"), text).expect("written");
    desk.text(&HI).exits(0).says(&["are the same program"]);
}

#[test]
fn exit_69_a_built_in_name_on_another_program() {
    let desk = Desk::new();
    fs::create_dir(desk.path("references")).expect("a new folder");
    let script = format!(
        "#!/bin/sh\nexec {:?} --name llama-scalar --log {:?} \"$@\"\n",
        env!("CARGO_BIN_EXE_table-engine"),
        desk.path("log"),
    );
    let program = desk.path("references/llama-scalar");
    fs::write(&program, script).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("ours");
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    command.env("LOCKSTEP_REFERENCES", desk.path("references"));
    command.args(["per-token", "--model", "model.gguf", "--prompt", "Hi"]);
    let run = Run::of(command.args(["--candidate", "candidate"]));
    run.exits(69)
        .says(&["REFUSED: the program of llama-scalar calls itself table-engine"]);
}

/// Nobody reads standard error: the outcome and its code are the same.
#[test]
fn a_full_standard_error_changes_no_code() {
    let desk = Desk::new().habit("reference", &["added-end"]);
    let full = || {
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("a device")
    };
    for (flags, code) in [
        (&HI[..], 2),
        (&["--prompt", "Hi", "--limits", "x"], 64),
        (&["--prompt-file", "absent"], 65),
        (&["--surprise"], 64),
    ] {
        let mut command = desk.per_token(flags);
        let output = command.stderr(full()).output().expect("it starts");
        assert_eq!(output.status.code(), Some(code), "{flags:?}");
    }
}

#[test]
fn exit_65_a_setting_that_would_not_be_heeded() {
    let desk = Desk::new();
    let mut text = fs::read_to_string(desk.path("engines.toml")).expect("it is there");
    // The last engine of the file is the table engine that writes twins.
    text.push_str("[engine.settings]\nkv = \"f32\"\n");
    fs::write(desk.path("engines.toml"), text).expect("written");
    ends(
        &desk,
        &HI,
        65,
        &["is configured with `kv`", "micro_batch may stand"],
    );
}

#[test]
fn exit_65_a_temporary_folder_or_a_cache_that_cannot_be_used() {
    let desk = Desk::new();
    let lockstep = |variable: &str, arguments: &[&str]| {
        let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
        // A file where a folder should be.
        command.env(variable, desk.path("model.gguf"));
        Run::of(command.args(arguments))
    };
    let compare = |profile: &'static str| {
        let words = "per-token --engines engines.toml --model model.gguf --prompt Hi --candidate candidate \
                     --reference reference --profile";
        let words = words.split_whitespace();
        words.chain([profile]).collect::<Vec<_>>()
    };
    let told = ["no private temporary folder", "TMPDIR", "/model.gguf: "];
    let run = lockstep("TMPDIR", &compare("exact"));
    run.exits(65).says(&["INCONCLUSIVE: "]).says(&told[..2]);
    run.complains(&told);
    for looks in ["preflight", "inspect"] {
        let model: &[&str] = if looks == "inspect" {
            &["model.gguf"]
        } else {
            &[]
        };
        let run = lockstep("TMPDIR", &[&[looks], model].concat());
        run.exits(65).complains(&told);
    }
    let run = lockstep("XDG_CACHE_HOME", &compare("f32"));
    run.exits(65)
        .says(&["INCONCLUSIVE: the cache of F32 twins", "XDG_CACHE_HOME"])
        .complains(&["/model.gguf/lockstep/twins: "]);
    lockstep("XDG_CACHE_HOME", &compare("exact")).exits(0);
    // What is stored of it has no path, and nothing that is another each time.
    for (variable, profile) in [("TMPDIR", "exact"), ("XDG_CACHE_HOME", "f32")] {
        let stored = ["first", "second"].map(|out| {
            lockstep(variable, &[&compare(profile)[..], &["--out", out]].concat()).exits(65);
            fs::read_to_string(desk.path(out).join("receipt.json")).expect("stored")
        });
        assert_eq!(stored[0], stored[1]);
        let folder = desk.path("").display().to_string();
        assert!(!stored[0].contains(&folder), "{}", stored[0]);
    }
}

#[test]
fn exit_65_what_is_no_file_is_not_waited_for() {
    let desk = Desk::new();
    let made = Run::of(desk.command("mkfifo").arg("pipe"));
    made.exits(0);
    for flags in [
        ["--tokenizer", "pipe"],
        ["--tokenizer", "/dev/zero"],
        ["--reference-model", "pipe"],
    ] {
        let flags = [&HI[..], &flags].concat();
        ends(
            &desk,
            &flags,
            65,
            &[&format!("{}: not a regular file", flags[3])],
        );
    }
    assert_eq!(desk.starts(), [""; 0], "no engine was started");
}

#[test]
fn exit_4_production_has_no_floor() {
    let desk = Desk::new().habit("reference", &["fast"]);
    let (text, receipt) = desk.both(&[&HI[..], &["--profile", "production"]].concat());
    text.exits(4).says(&["INCONCLUSIVE: ", "no floor"]);
    assert_eq!(receipt["exit"]["name"], "inconclusive");
    assert_eq!(receipt["status"], "inconclusive");
    // It was measured all the same.
    assert_eq!(receipt["positions"].as_array().map(Vec::len), Some(3));
}

#[test]
fn exit_4_an_empty_prompt_without_bos_compares_nothing() {
    let desk = Desk::new();
    let (text, receipt) = desk.both(&["--prompt", "", "--no-bos"]);
    text.exits(4)
        .says(&["INCONCLUSIVE: the prompt has no tokens"]);
    assert_eq!(receipt["positions"], serde_json::json!([]));
    assert!(!desk.starts().contains(&"candidate evaluate".to_owned()));
    // With BOS there is one position.
    desk.text(&["--prompt", ""]).exits(0).says(&["t=0 "]);
}

#[test]
fn exit_64_usage() {
    let desk = Desk::new();
    let usage = |flags: &[&str], complaints: &[&str]| {
        ends(&desk, &[&HI[..], flags].concat(), 64, complaints);
    };
    let templates = [
        "chatml",
        "raw",
        "instruct",
        "llama3-chat",
        "bitnet-chat",
        "gguf",
        "auto",
    ];
    usage(&["--prompt-template", "chatml"], &templates);
    for limit in [
        "--cos-tol",
        "--cos-similarity-threshold",
        "--mse-tol",
        "--max-abs-tol",
    ] {
        usage(&[limit, "0.9"], &["profile exact", "bits are compared"]);
    }
    usage(&["--limits", "limits.json"], &["profile exact"]);
    usage(
        &["--profile", "f32", "--cos-tol", "NaN"],
        &["cosine", "finite"],
    );
    usage(&["--device", "gpu"], &["only cpu", "CPU builds"]);
    usage(&["--seed", "1"], &["nothing is sampled"]);
    usage(&["--add-bos", "--no-bos"], &["--add-bos", "--no-bos"]);
    usage(&["--surprise"], &["--surprise"]);
    usage(&["--system-prompt", "S"], &["--system-prompt", "raw"]);
    usage(&["--profile", "f32", "--kv", "f16"], &["--kv f16"]);
    usage(&["--keep-logits"], &["--out"]);
    usage(&["--quiet", "--verbose"], &["--quiet", "--verbose"]);
    usage(&["--max-positions", "0"], &["--max-positions"]);
    usage(&["--timeout", "0"], &["--timeout"]);
    ends(&desk, &[], 64, &["--prompt"]);
    assert_eq!(desk.starts(), [""; 0], "no engine was started");
}

#[test]
fn exit_64_an_engine_that_nobody_knows() {
    let desk = Desk::new();
    let flags = ["--prompt", "Hi", "--cpp-backend", "nonsense"];
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    command.args([
        "per-token",
        "--model",
        "model.gguf",
        "--candidate",
        "candidate",
    ]);
    let run = Run::of(command.args(flags));
    run.exits(64)
        .complains(&["unknown engine `nonsense`", "llama-scalar", "reference"]);
}

#[test]
fn exit_65_bad_input() {
    let desk = Desk::new();
    fs::write(desk.path("text"), "no model").expect("written");
    let with = |flags: &[&'static str]| [&HI[..], flags].concat();
    ends(
        &desk,
        &with(&["--reference-model", "text"]),
        65,
        &["text: no GGUF file"],
    );
    ends(
        &desk,
        &with(&["--reference-model", "absent"]),
        65,
        &["absent: "],
    );
    ends(
        &desk,
        &["--prompt-file", "absent"],
        65,
        &["prompt file absent"],
    );
    for (content, complaint) in [
        ("{", "limits.json"),
        (r#"{"schema":"lockstep/limits/v9"}"#, "lockstep/limits/v9"),
        (
            r#"{"schema":"lockstep/limits/v1","name":"n","version":1,"limits":[],"extra":1}"#,
            "extra",
        ),
        (
            r#"{"schema":"lockstep/limits/v1","name":"n","version":1,"limits":[]}"#,
            "any position would pass",
        ),
        (
            r#"{"schema":"lockstep/limits/v1","name":"n","version":1,"limits":[{"rung":"positions",
            "metric":"mse","bound":"smallest","value":0,"unit":"","basis":""}]}"#,
            "limits[0].bound",
        ),
    ] {
        fs::write(desk.path("limits.json"), content).expect("written");
        let flags = with(&["--profile", "f32", "--limits", "limits.json"]);
        ends(&desk, &flags, 65, &["limits.json", complaint]);
    }
    // The model itself, which `ends` cannot name twice.
    fs::write(desk.path("model.gguf"), b"GGUF\x03\0\0\0").expect("written");
    ends(&desk, &HI, 65, &["model.gguf: "]);
    fs::remove_file(desk.path("model.gguf")).expect("it is there");
    ends(&desk, &HI, 65, &["model.gguf: "]);
    assert_eq!(desk.starts(), [""; 0], "no engine was started");
}

#[test]
fn exit_65_a_folder_that_cannot_be_written_is_found_first() {
    let desk = Desk::new();
    let flags = [&HI[..], &["--out", "model.gguf/below"]].concat();
    ends(&desk, &flags, 65, &["--out model.gguf/below: "]);
    assert_eq!(desk.starts(), [""; 0], "no engine was started");
}

/// What was found out is not lost with the file.
#[test]
fn exit_70_a_result_that_cannot_be_stored_is_shown_all_the_same() {
    let desk = Desk::new();
    fs::create_dir_all(desk.path("result/tokens.json")).expect("made");
    let (text, receipt) = desk.both(&[&HI[..], &["--out", "result"]].concat());
    text.exits(70)
        .says(&["BIT-EXACT: "])
        .complains(&["writing to result: "]);
    assert_eq!(receipt["exit"]["name"], "internal");
    assert_eq!(receipt["verdict"], "BIT-EXACT");
    assert!(word(&receipt["error"]).contains("writing to result: "));
}

#[test]
fn exit_65_a_reference_that_is_not_finite() {
    for profile in ["exact", "f32", "production"] {
        let desk = Desk::new().perturb("reference", "--set-nan 1 3");
        let (text, receipt) = desk.both(&[&HI[..], &["--profile", profile]].concat());
        text.exits(65)
            .says(&["ENGINE-FAILED: position 1: the reference has logits that are not finite"]);
        assert_eq!(receipt["exit"]["name"], "bad-input");
        assert_eq!(receipt["status"], "engine_failed");
    }
}

#[test]
fn exit_65_rows_that_are_not_as_long_as_was_said() {
    for engine in ["candidate", "reference"] {
        let desk = Desk::new().habit(engine, &["boasts"]);
        let (text, _) = desk.both(&HI);
        text.exits(65).says(&[&format!(
            "ENGINE-FAILED: {engine} describes a vocabulary of 262 tokens, its rows have 261 logits"
        )]);
    }
}

#[test]
fn exit_65_another_arithmetic_than_was_asked_for() {
    for engine in ["candidate", "reference"] {
        let desk = Desk::new().habit(engine, &["other-arithmetic"]);
        let (text, _) = desk.both(&HI);
        text.exits(65).says(&["ENGINE-FAILED: ", "arithmetic"]);
        text.complains(&[engine, "fast"]);
    }
}
