//! `lockstep verify-receipt` and `lockstep judge` on receipts that were stored, and on what was
//! made of them by hand.

mod floors;
mod resealed;
mod stretches;
mod triangulated;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use runner::seal::seal;
use schemas::receipt::Receipt;
use serde_json::{Value, json};

use crate::desk::{Desk, Run, names_in};

const F32: [&str; 6] = ["--prompt", "Hi", "--profile", "f32", "--max-tokens", "2"];

impl Desk {
    /// A comparison's receipt, stored in the folder `out`.
    fn stored(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--out", "out"]].concat();
        self.text(&arguments);
        let text = fs::read_to_string(self.path("out/receipt.json")).expect("it is stored");
        serde_json::from_str(&text).expect("JSON")
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("written");
        path
    }

    fn lockstep(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(env!("CARGO_BIN_EXE_lockstep")).args(arguments))
    }

    pub(crate) fn verify(&self, text: &str) -> Run {
        self.write("it.json", text);
        self.lockstep(&["verify-receipt", "it.json"])
    }
}

/// Nearly equal engines: distances that keep every limit.
fn nearly_equal() -> Desk {
    Desk::new().perturb("candidate", "--add 1 5 0.000001")
}

/// As one who knows how would edit it: with a new digest.
fn sealed(receipt: &Value) -> String {
    let mut receipt: Receipt = serde_json::from_value(receipt.clone()).expect("a receipt");
    seal(&mut receipt);
    serde_json::to_string(&receipt).expect("JSON")
}

#[test]
fn what_lockstep_stores_is_believed() {
    let shifted = Desk::new().perturb("candidate", "--shift 1");
    let nan = Desk::new().perturb("candidate", "--set-nan 1 3");
    let mismatch = Desk::new().habit("candidate", &["no-model-bos"]);
    let refused = Desk::new().habit("reference", &["refuses"]);
    let second = Desk::new().perturb("candidate", "--choose-second 1");
    let zeros = Desk::new().perturb("candidate", "--fill 1 0");
    let zeros = zeros.perturb("reference", "--fill 1 0");
    let exact = ["--prompt", "Hi", "--max-tokens", "3"];
    let adopted = [&exact[..], &["--tokens-from", "reference"]].concat();
    let production = [&exact[..], &["--profile", "production"]].concat();
    let cut = [&exact[..], &["--max-positions", "2"]].concat();
    let own_limit = [&F32[..], &["--cos-tol", "0.5"]].concat();
    let flash = ["--candidate-flash-attention", "on"];
    let flash = [&production[..], &flash].concat();
    for (desk, arguments, verdict) in [
        (&Desk::new(), &exact[..], "BIT-EXACT"),
        (&Desk::new(), &cut, "BIT-EXACT"),
        (&Desk::new(), &production, "INCONCLUSIVE"),
        (&Desk::new(), &flash, "INCONCLUSIVE"),
        (&nearly_equal(), &F32, "MATCH"),
        (&nearly_equal(), &own_limit, "MATCH"),
        (&shifted, &F32, "MATCH"),
        (&shifted, &exact, "DIVERGED"),
        (&nan, &F32, "DIVERGED"),
        (&second, &F32, "DIVERGED"),
        (&zeros, &exact, "INCONCLUSIVE"),
        (&mismatch, &exact, "TOKEN-MISMATCH"),
        (&mismatch, &adopted, "MATCH"),
        (&refused, &exact, "REFUSED"),
    ] {
        let receipt = desk.stored(arguments);
        assert_eq!(receipt["verdict"], verdict, "{receipt}");
        let run = desk.lockstep(&["verify-receipt", "out/receipt.json"]);
        run.exits(0)
            .says(&[&format!("✓ out/receipt.json: {verdict}: ")]);
    }
}

/// One logit in its last bits: a mean shift that is less than the last bit of most logits.
#[test]
fn the_smallest_difference_is_believed() {
    for (prompt, column) in [
        ("One", 60),
        ("One", 100),
        ("What is 2+2?", 3),
        ("What is 2+2?", 100),
    ] {
        let desk = Desk::new().perturb("candidate", &format!("--add 1 {column} 0.000001"));
        let receipt = desk.stored(&["--prompt", prompt]);
        assert_eq!(receipt["verdict"], "DIVERGED");
        desk.lockstep(&["verify-receipt", "out/receipt.json"])
            .exits(0);
    }
}

#[test]
fn what_is_printed_is_believed_too() {
    let desk = nearly_equal();
    let (run, _) = desk.json(&F32);
    desk.verify(&run.stdout).exits(0);
}

#[test]
fn the_examples_are_believed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/examples/receipt");
    let names = names_in(Path::new(folder)).into_iter();
    let names: Vec<_> = names.filter(|name| name.starts_with("valid.")).collect();
    assert!(names.len() > 2);
    for name in names {
        let text = fs::read_to_string(format!("{folder}/{name}")).expect("an example");
        Desk::new().verify(&text).exits(0);
    }
}

/// Whoever edits a receipt without more.
#[test]
fn any_edited_value_is_noticed() {
    let desk = nearly_equal();
    let receipt = desk.stored(&F32);
    let mut places = Vec::new();
    leaves("", &receipt, &mut places);
    assert!(places.len() > 150, "{} places", places.len());
    for place in &places {
        let mut edited = receipt.clone();
        let value = edited.pointer_mut(place).expect("a place");
        *value = match value.take() {
            Value::Null => json!(1),
            Value::Bool(truth) => json!(!truth),
            Value::Number(number) => json!(number.as_f64().expect("a number") + 1.0),
            Value::String(text) => json!(format!("{text}0")),
            _ => unreachable!("leaves are none"),
        };
        let run = desk.verify(&edited.to_string());
        assert_eq!(run.code, 65, "{place}: {run:?}");
    }
    println!("noticed by its digest: {} edits", places.len());
}

/// Pointers to all values that hold no others.
fn leaves(place: &str, value: &Value, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                leaves(&format!("{place}/{key}"), value, places);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                leaves(&format!("{place}/{index}"), value, places);
            }
        }
        _ => places.push(place.to_owned()),
    }
}

#[test]
fn a_missing_field_is_named() {
    let desk = nearly_equal();
    let receipt = desk.stored(&F32);
    for key in receipt.as_object().expect("an object").keys() {
        let mut cut = receipt.clone();
        cut.as_object_mut().expect("an object").remove(key);
        desk.verify(&cut.to_string()).exits(65).says(&[key]);
    }
    let mut cut = receipt;
    let row = cut["positions"][1]["row"].as_object_mut();
    row.expect("an object").remove("candidate_constant");
    let place = "positions[1].row.candidate_constant: is missing";
    desk.verify(&cut.to_string()).exits(65).says(&[place]);
}

#[test]
fn what_is_no_receipt_of_this_version_is_refused_and_the_others_are_looked_at() {
    let desk = nearly_equal();
    let mut receipt = desk.stored(&F32);
    receipt["schema"] = json!("lockstep/receipt/v9");
    desk.write("v9.json", &receipt.to_string());
    desk.write("half.json", "{\"schema\":");
    let files = ["v9.json", "half.json", "nowhere.json", "out/receipt.json"];
    let run = desk.lockstep(&[&["verify-receipt"][..], &files].concat());
    run.exits(65)
        .says(&["receipt/v9", "✗ half.json", "✗ nowhere.json"]);
    run.says(&["✓ out/receipt.json: MATCH"]);
    let json = [&["verify-receipt", "--format", "json"][..], &files].concat();
    let found = desk.lockstep(&json).object("verification");
    assert_eq!(found["exit"], json!({"code": 65, "name": "bad-input"}));
    let files = found["files"].as_array().expect("files");
    let verdicts: Vec<_> = files.iter().map(|file| &file["verdict"]).collect();
    assert_eq!(
        verdicts,
        [&json!(null), &json!(null), &json!(null), &json!("MATCH")]
    );
    assert_eq!(files[0]["findings"][0]["place"], "schema");
    assert_eq!(files[3]["findings"], json!([]));
}

#[test]
fn large_constants_are_believed() {
    for large in ["5e7", "3e8", "9e17", "3e38"] {
        let desk = Desk::new().perturb("candidate", &format!("--fill 1 {large}"));
        let desk = desk.perturb("reference", "--fill 1 0");
        let receipt = desk.stored(&["--prompt", "Hi"]);
        assert_eq!(receipt["verdict"], "DIVERGED");
        desk.verify(&receipt.to_string()).exits(0);
    }
}

#[test]
fn a_huge_file_is_not_read_to_its_end() {
    let desk = Desk::new();
    let run = desk.lockstep(&["verify-receipt", "/dev/zero"]);
    run.exits(65).says(&["is larger than"]);
}

/// The verdict stands, and what is printed says why its code is another one.
#[test]
fn what_could_not_be_stored_is_believed() {
    let desk = nearly_equal();
    fs::create_dir_all(desk.path("out/environment.json/full")).expect("a folder");
    let (run, receipt) = desk.json(&[&F32[..], &["--out", "out"]].concat());
    run.exits(70);
    assert_eq!(receipt["verdict"], "MATCH");
    desk.verify(&run.stdout).exits(0);
}

#[test]
fn the_kernels_that_ran_are_demanded_where_the_engine_names_them() {
    let desk = nearly_equal().habit("candidate", &["names-kernels"]);
    desk.stored(&F32);
    let verify = |kernel: &str| {
        desk.lockstep(&[
            "verify-receipt",
            "out/receipt.json",
            "--require-kernel",
            kernel,
        ])
    };
    verify("lookup").exits(0);
    verify("table")
        .exits(65)
        .says(&["are `lookup`, expected one like `table`"]);
}

#[test]
fn kernels_and_age_are_as_they_are_demanded() {
    let desk = nearly_equal();
    desk.stored(&F32);
    let verify = |flags: &[&str]| {
        desk.lockstep(&[&["verify-receipt", "out/receipt.json"][..], flags].concat())
    };
    verify(&["--require-kernel", "tab*"]).exits(0);
    verify(&["--require-kernel", "avx"])
        .exits(65)
        .says(&["are `table`, expected one like `avx`"]);
    verify(&["--require-kernel", "tab*", "--require-kernel", "able"]).exits(0);
    verify(&["--require-kernel", "tab*", "--require-kernel", "avx"]).exits(65);
    verify(&["--max-age", "1h"]).exits(0);
    verify(&["--max-age", "soon"]).exits(64);
    let environment = desk.path("out/environment.json");
    let text = fs::read_to_string(&environment).expect("it is stored");
    let mut value: Value = serde_json::from_str(&text).expect("JSON");
    value["started_unix_s"] = json!(1_000_000_000);
    fs::write(&environment, value.to_string()).expect("written");
    verify(&["--max-age", "2d"])
        .exits(65)
        .says(&["expected at most 172800 s"]);
    fs::remove_file(&environment).expect("removed");
    verify(&["--max-age", "2d"])
        .exits(65)
        .says(&["environment.json"]);
    // What is no file is not waited for.
    let made = Command::new("mkfifo").arg(&environment).status();
    assert!(made.expect("mkfifo runs").success());
    verify(&["--max-age", "2d"])
        .exits(65)
        .says(&["not a regular file"]);
    verify(&[]).exits(0);
}

#[test]
fn stored_rows_are_judged_by_other_limits() {
    let desk = nearly_equal();
    desk.stored(&F32);
    let limits = |value: f64| {
        json!({"schema": "lockstep/limits/v1", "name": "mine", "version": 3, "limits": [{
            "rung": "positions", "metric": "max_abs", "bound": "largest", "value": value,
            "unit": "logit", "basis": "a test",
        }]})
    };
    desk.write("tight.json", &limits(1e-9).to_string());
    desk.write("wide.json", &limits(1.0).to_string());
    let judge = |file: &str, limits: &str| {
        let arguments = ["judge", file, "--limits", limits];
        let text = desk.lockstep(&arguments);
        let json = desk.lockstep(&[&arguments[..], &["--format", "json"]].concat());
        assert_eq!(text.code, json.code);
        (text, json)
    };
    let (text, json) = judge("out/receipt.json", "tight.json");
    text.exits(1).says(&["DIVERGED: position 1: max_abs is"]);
    // What comes out is a receipt like others.
    desk.verify(&json.stdout).exits(0);
    let judged = json.object("receipt");
    assert_eq!(judged["limits_file"], json!({"name": "mine", "version": 3}));
    judge("out/receipt.json", "wide.json")
        .0
        .exits(0)
        .says(&["MATCH: "]);
    // Neither an edited one nor one of bits is.
    let mut edited = judged;
    edited["reason"] = json!("well");
    desk.write("edited.json", &edited.to_string());
    let (run, _) = judge("edited.json", "wide.json");
    run.exits(65).complains(&["edited.json: digest: is"]);
    desk.stored(&["--prompt", "Hi"]);
    judge("out/receipt.json", "wide.json").0.exits(64);
}
