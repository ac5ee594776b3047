//! `lockstep inspect`: what is in a model file, for people and for programs.

use std::fs;
use std::io::Write;
use std::path::Path;

use gguf::write::PlannedTensor;
use gguf::{Array, TensorType, Value};
use rustix::process::{Pid, Signal, kill_process};

use crate::desk::{Desk, Run};

fn inspect(desk: &Desk, arguments: &[&str]) -> Run {
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    Run::of(command.arg("inspect").args(arguments))
}

/// A file with these entries, and one tensor of a type that nobody knows beside one of F32.
fn write(path: &Path, entries: &[(&str, Value)]) {
    let entries: Vec<_> = entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    let tensor = |name: &str, n| PlannedTensor {
        name: name.to_owned(),
        dimensions: vec![n],
        tensor_type: TensorType::F32,
    };
    let tensors = [tensor("known", 8), tensor("strange", 8)];
    let mut bytes = Vec::new();
    gguf::write::file(&mut bytes, &entries, &tensors, |_, out| {
        out.write_all(&[0; 32])
    })
    .expect("a file");
    // name | n_dims u32 | dimension u64 | type u32
    let name = bytes.windows(7).position(|window| window == b"strange");
    let place = name.expect("it is there") + 7 + 4 + 8;
    bytes[place..place + 4].copy_from_slice(&99_u32.to_le_bytes());
    fs::write(path, bytes).expect("written");
}

fn texts(texts: &[&str]) -> Value {
    Value::Array(Array::String(
        texts.iter().map(|&text| text.into()).collect(),
    ))
}

#[test]
fn shows_what_a_comparison_needs_and_the_tensors() {
    let desk = Desk::new();
    inspect(&desk, &["model.gguf"]).exits(0).says(&[
        "model.gguf: GGUF version 3, ",
        ", 7 metadata entries, 1 tensors",
        "\ntokenizer.ggml.pre = \"default\"\n",
        "\ngeneral.name = (absent)\n",
        "\nTokenizer: model \"gpt2\", pre \"default\", 261 tokens, no merges\n",
        "\n  bos = 256 \"<|begin_of_text|>\"\n  eos = 257 \"<|end_of_text|>\"\n",
        "\n  tokenizer.ggml.add_bos_token = true, add_eos_token = (absent), add_space_prefix = (absent)\n",
        "\nChat template: (absent)\n",
        "\noutput_norm.weight  F32                16  [4]\n",
        "\n  F32          1 tensors, 4 elements, 16 bytes (0.0 MiB), 100.0 %\n",
    ]);
    inspect(&desk, &["model.gguf", "--show-kv"])
        .exits(0)
        .says(&[
            "\ntokenizer.ggml.add_bos_token (bool) = true\n",
            "\ntokenizer.ggml.tokens (array) = 261 × string [\"<0>\", \"<1>\", ",
        ]);
}

/// Alone, in the file's order, without waiting for engines.
#[test]
fn a_filter_shows_what_matches_and_nothing_else() {
    let desk = Desk::new();
    let shows = |filter: &str| {
        let run = inspect(&desk, &["--show-kv", "model.gguf", filter]);
        run.exits(0).stdout.clone()
    };
    let expected = "tokenizer.ggml.bos_token_id (u32) = 256\n\
                    tokenizer.ggml.add_bos_token (bool) = true\n";
    assert_eq!(shows("BOS"), expected);
    assert_eq!(
        shows("*_bos_*"),
        "tokenizer.ggml.add_bos_token (bool) = true\n"
    );
    assert_eq!(shows("rope\u{1b}"), "no key of 7 matches `rope\\u{1b}`\n");
    assert!(desk.starts().is_empty(), "{:?}", desk.starts());
    let run = inspect(&desk, &["model.gguf", "bos", "--show-kv", "--format=json"]);
    let object = run.exits(0).object("inspect");
    let metadata = object["metadata"].as_object().expect("an object");
    assert_eq!(metadata.len(), 2);
    assert!(object["engines"].is_null());
    // The sections that flags ask for are still there.
    let flags = ["model.gguf", "bos", "--show-kv", "--hash", "--ln-stats"];
    inspect(&desk, &flags).exits(65).says(&[
        "sha256:",
        "\n\ntokenizer.ggml.bos_token_id",
        "\n\nNorm weight ",
        "\n\nGate auto: FAILED",
    ]);
    // A word too much is no filter.
    inspect(&desk, &["model.gguf", "bos"])
        .exits(64)
        .complains(&["--show-kv"]);
}

#[test]
fn the_same_as_an_object() {
    let desk = Desk::new();
    let run = inspect(&desk, &["model.gguf", "--format", "json"]);
    let object = run.exits(0).object("inspect");
    assert_eq!(object["exit"]["name"], "ok");
    assert_eq!(object["metadata"]["tokenizer.ggml.bos_token_id"], 256);
    let tokens = object["metadata"]["tokenizer.ggml.tokens"].as_array();
    assert_eq!(tokens.map(Vec::len), Some(261), "arrays are whole");
    assert_eq!(object["tensors"][0]["name"], "output_norm.weight");
    assert_eq!(object["tensors"][0]["bytes"], 16);
    assert_eq!(object["types"][0]["share"], 1.0);
    assert_eq!(
        object["tokenizer"]["special"][0]["text"],
        "<|begin_of_text|>"
    );
    assert!(object["sha256"].is_null(), "nobody asked");
    let size = fs::metadata(desk.path("model.gguf")).expect("there").len();
    assert_eq!(object["file_bytes"], size);
}

#[test]
fn says_which_engines_can_run_it_unless_told_not_to_ask() {
    let desk = Desk::new().habit("reference", &["refuses"]);
    let arguments = ["--engines", "engines.toml", "model.gguf"];
    inspect(&desk, &arguments).exits(0).says(&[
        "\n  ✓ rust-engine (candidate): can run it\n",
        "\n  ✗ reference (reference): cannot run it: ",
        "\n  ✗ llama-native (reference): not available: program not found: ",
        "\n      to mend that: scripts/build-references.sh native\n",
    ]);
    let before = desk.starts().len();
    assert!(before > 0);
    let quiet = inspect(
        &desk,
        &["--engines", "engines.toml", "model.gguf", "--no-engines"],
    );
    assert!(!quiet.exits(0).stdout.contains("Engines:"));
    assert_eq!(desk.starts().len(), before, "nothing was started");
}

/// It costs the time limit and nothing else.
#[test]
fn an_engine_that_hangs_is_part_of_the_answer() {
    let desk = Desk::new();
    let path = desk.path("engines.toml");
    let engines = fs::read_to_string(&path).expect("written by the desk");
    let slow = "[[engine]]\nname = \"slow\"\ncommand = [\"sh\", \"-c\", \"sleep 600\"]\n";
    fs::write(&path, engines + slow).expect("written");
    inspect(&desk, &["model.gguf", "--timeout", "1"])
        .exits(0)
        .says(&["✗ slow (reference): not available: ", "✓ candidate"]);
}

#[test]
fn the_hash_is_that_of_the_file() {
    let desk = Desk::new();
    let path = desk.path("model.gguf");
    let expected = runner::model_file::identity(&path)
        .expect("readable")
        .sha256;
    inspect(&desk, &["model.gguf", "--hash"])
        .exits(0)
        .says(&[&format!("\n{expected}\n")]);
    let run = inspect(&desk, &["model.gguf", "--hash", "--format=json"]);
    assert_eq!(run.exits(0).object("inspect")["sha256"], expected.as_str());
    let hidden = inspect(&desk, &["model.gguf"]);
    assert!(!hidden.stdout.contains(&expected), "nobody asked");
}

#[test]
fn exit_75_ctrl_c_ends_the_hashing() {
    let desk = Desk::new();
    let model = fs::File::options()
        .write(true)
        .open(desk.path("model.gguf"));
    // A hole of 200 GiB takes minutes to hash and no room.
    model.expect("ours").set_len(200 << 30).expect("a hole");
    let mut command = desk.command(env!("CARGO_BIN_EXE_lockstep"));
    command.args(["inspect", "model.gguf", "--hash", "--no-engines"]);
    let mut lockstep = command.spawn().expect("it starts");
    // Signals are caught before the file is opened, which is seen among its open files.
    let files = format!("/proc/{}/fd", lockstep.id());
    let is_open = || {
        let links = fs::read_dir(&files).expect("it runs").flatten();
        links
            .filter_map(|link| fs::read_link(link.path()).ok())
            .any(|file| file.ends_with("model.gguf"))
    };
    while !is_open() {
        assert_eq!(lockstep.try_wait().expect("a child"), None, "it hashes");
    }
    let pid = Pid::from_raw(lockstep.id() as i32).expect("not 0");
    kill_process(pid, Signal::INT).expect("it runs");
    assert_eq!(lockstep.wait().expect("it ends").code(), Some(75));
}

#[test]
fn a_type_that_nobody_knows_has_no_size() {
    let desk = Desk::new();
    write(&desk.path("strange.gguf"), &[]);
    inspect(&desk, &["strange.gguf"]).exits(0).says(&[
        "\nstrange  type-99             ?  [8]\n",
        "\n  type-99      1 tensors, 8 elements, unknown size\n",
        "  F32          1 tensors, 8 elements, 32 bytes (0.0 MiB), 100.0 %\n",
    ]);
}

#[test]
fn warns_of_what_is_wrong_with_the_vocabulary() {
    let desk = Desk::new();
    let warnings = |entries: &[(&str, Value)]| {
        write(&desk.path("model.gguf"), entries);
        let run = inspect(&desk, &["model.gguf", "--format=json", "--no-engines"]);
        let object = run.exits(0).object("inspect");
        object["tokenizer"]["warnings"].to_string()
    };
    let none = warnings(&[]);
    assert!(none.contains("no vocabulary"), "{none}");
    let vocabulary = [
        ("tokenizer.ggml.model", Value::String("gpt2".into())),
        ("tokenizer.ggml.pre", Value::String("llama-bpe".into())),
        ("tokenizer.ggml.tokens", texts(&["a", "b"])),
        ("tokenizer.ggml.bos_token_id", Value::U32(1)),
    ];
    assert_eq!(warnings(&vocabulary), "[]", "the negative control");
    let without_pre = [&vocabulary[..1], &vocabulary[2..]].concat();
    let missing = warnings(&without_pre);
    assert!(missing.contains("no tokenizer.ggml.pre") && missing.contains("2 + 2 ="));
    let with = |key, value| warnings(&[&vocabulary[..], &[(key, value)]].concat());
    for (key, value, expected) in [
        (
            "tokenizer.ggml.eos_token_id",
            Value::U32(2),
            "eos_token_id is 2, the vocabulary has 2",
        ),
        (
            "tokenizer.ggml.token_type",
            Value::Array(Array::I32(vec![1])),
            "token_type has 1 entries for 2 tokens",
        ),
        (
            "tokenizer.ggml.add_bos_token",
            Value::U32(1),
            "found u32, expected bool",
        ),
    ] {
        let found = with(key, value);
        assert!(found.contains(expected), "{found}");
    }
    let no_bos = [
        &vocabulary[..3],
        &[("tokenizer.ggml.add_bos_token", Value::Bool(true))],
    ];
    assert!(warnings(&no_bos.concat()).contains("bos_token_id does not name it"));
}

#[test]
fn a_file_that_is_no_model_is_bad_input() {
    let desk = Desk::new();
    fs::write(desk.path("text"), "no model").expect("written");
    inspect(&desk, &["text"])
        .exits(65)
        .complains(&["text: no GGUF file"]);
    let run = inspect(&desk, &["absent", "--format=json"]);
    let failure = run.exits(65).complains(&["absent: "]).object("failure");
    assert_eq!(failure["exit"]["code"], 65);
    inspect(&desk, &[]).exits(64).complains(&["<MODEL>"]);
}

/// A model is untrusted: what it calls things must not command a terminal.
#[test]
fn texts_of_a_model_are_escaped() {
    let desk = Desk::new();
    let hostile = "\u{1b}[2J\u{202e}\r";
    let text = |words: &str| Value::String(format!("{words}{hostile}").as_str().into());
    let key = format!("tokenizer.ggml.{hostile}_token_id");
    let template = format!("tokenizer.chat_template.{hostile}");
    write(
        &desk.path("model.gguf"),
        &[
            ("general.name", text("name")),
            ("tokenizer.ggml.model", text("smollm")),
            ("tokenizer.ggml.pre", text("pre")),
            ("tokenizer.ggml.tokens", texts(&[hostile, hostile])),
            (&key, Value::U32(1)),
            ("tokenizer.chat_template", text("first\nsecond")),
            (&template, text("named")),
        ],
    );
    for flags in [
        &["model.gguf"][..],
        &["model.gguf", "--show-kv"],
        &["model.gguf", "--show-kv", "*"],
    ] {
        let run = inspect(&desk, flags);
        run.exits(0).says(&[r"smollm\u{1b}[2J\u{202e}\r"]);
        let unsafe_character = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!run.stdout.contains(unsafe_character), "{run:?}");
    }
    let run = inspect(&desk, &["model.gguf", "--format=json"]);
    assert!(!run.stdout.contains('\u{202e}'), "{run:?}");
    let name = run.object("inspect")["metadata"]["general.name"].clone();
    assert_eq!(name, format!("name{hostile}"), "it means the same");
    inspect(&desk, &["model.gguf"])
        .exits(0)
        .says(&["\n  | first\n  | second\\u{1b}[2J"]);
}

#[test]
fn names_of_files_are_escaped() {
    let run = inspect(&Desk::new(), &["no\x1b[31mmodel\u{202e}"]);
    run.exits(65).complains(&[r"no\u{1b}[31mmodel\u{202e}: "]);
}
