//! Engines join by configuration: what `engines.toml` may say, where it is found, and how each
//! mistake in it is reported.

mod stand_in;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use runner::engine::{Catalogue, Client, ConfigError, EngineSettings, Origin, Places, Threads};
use runner::exit::Exit;
use schemas::describe::{Arithmetic, KvType};
use schemas::evaluate::{EvaluateRequest, Positions};
use schemas::line::Answer;
use schemas::tag::Tag;
use schemas::tokenize::TokenizeRequest;
use stand_in::{MODEL, PROGRAM, id, patient, rows, text};
use tempfile::TempDir;

/// A folder with an `engines.toml`, as the place from which everything is found.
fn places(configuration: &str) -> (TempDir, Places) {
    let folder = tempfile::tempdir().expect("folder");
    fs::write(folder.path().join("engines.toml"), configuration).expect("written");
    let places = Places {
        current_folder: folder.path().to_owned(),
        ..Places::default()
    };
    (folder, places)
}

fn mistake(configuration: &str) -> ConfigError {
    let (_folder, places) = places(configuration);
    Catalogue::load_from(None, &places).expect_err("must be refused")
}

#[test]
fn reads_everything_that_an_engine_can_have() {
    let (folder, places) = places(
        r#"
        [[engine]]
        name = "mine"
        command = ["./bin/engine", "--quick"]
        environment = { OMP_NUM_THREADS = "2" }
        [engine.settings]
        arithmetic = "fast"
        threads = 3
        context = 512
        micro_batch = 64
        kv = "f32"
        flash_attention = false
        repack = false

        [[engine]]
        name = "other"
        command = ["python3"]
        "#,
    );
    let catalogue = Catalogue::load_from(None, &places).expect("good");
    let mine = catalogue.find("mine").expect("known");
    let program = folder.path().join("bin/engine");
    assert_eq!(mine.command, [program.to_str().expect("UTF-8"), "--quick"]);
    assert_eq!(mine.environment["OMP_NUM_THREADS"], "2");
    assert_eq!(
        mine.origin,
        Origin::File(folder.path().join("engines.toml"))
    );
    let settings = EngineSettings {
        arithmetic: Some(Arithmetic::Fast),
        threads: Some(Threads::Named(3)),
        context: Some(512),
        micro_batch: Some(64),
        kv: Some(KvType::F32),
        flash_attention: Some(false),
        repack: Some(false),
    };
    assert_eq!(mine.defaults, settings);
    // Without a slash a program is searched for, not looked for beside the file.
    assert_eq!(catalogue.find("other").expect("known").command, ["python3"]);
    let names: Vec<&str> = catalogue.all().map(|engine| engine.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "rust-engine",
            "llama-scalar",
            "llama-native",
            "ik",
            "bitnet",
            "mine",
            "other"
        ]
    );
}

#[test]
fn mistakes_are_reported_with_file_and_line() {
    let engine = "[[engine]]\nname = \"x\"\ncommand = [\"y\"]\n";
    for (configuration, line, words) in [
        (format!("{engine}comand = 1\n"), 4, "unknown field `comand`"),
        ("[[engin]]\n".to_owned(), 1, "unknown field `engin`"),
        (
            format!("{engine}settings = {{ thread = 1 }}\n"),
            4,
            "unknown field `thread`",
        ),
        (
            format!("{engine}settings = {{ kv = \"f64\" }}\n"),
            4,
            "unknown variant `f64`",
        ),
        (
            format!("{engine}settings = {{ threads = 0 }}\n"),
            4,
            "`threads` is 0",
        ),
        (
            format!("{engine}settings = {{ threads = -1 }}\n"),
            4,
            "expected u32",
        ),
        (format!("{engine}name = \"z\"\n"), 4, "duplicate key"),
        (
            format!("{engine}{engine}"),
            5,
            "the engine `x` is configured twice",
        ),
        (
            "[[engine]]\ncommand = [\"y\"]\n".to_owned(),
            1,
            "missing field `name`",
        ),
        (
            "[[engine]]\nname = \"x\"\n".to_owned(),
            1,
            "missing field `command`",
        ),
        (
            "[[engine]]\nname = \"x\"\ncommand = []\n".to_owned(),
            3,
            "`command` is empty",
        ),
        (
            "[[engine]]\nname = \"x\"\ncommand = \"y\"\n".to_owned(),
            3,
            "expected a sequence",
        ),
        (
            "[[engine]]\nname = \"../x\"\ncommand = [\"y\"]\n".to_owned(),
            2,
            "`name` is `../x`",
        ),
        (
            format!("{engine}environment = {{ \"A=B\" = \"1\" }}\n"),
            4,
            "`A=B` cannot name",
        ),
        (
            format!("{engine}environment = {{ TMPDIR = \"/x\" }}\n"),
            4,
            "TMPDIR is always",
        ),
        (
            format!("{engine}environment = {{ A = 1 }}\n"),
            4,
            "expected a string",
        ),
        (format!("{engine}= \n"), 4, ""),
    ] {
        let mistake = mistake(&configuration);
        assert_eq!(mistake.line, Some(line), "{configuration}{mistake}");
        assert!(mistake.problem.contains(words), "{configuration}{mistake}");
        let shown = mistake.to_string();
        assert!(shown.contains(&format!("engines.toml:{line}: ")), "{shown}");
        assert_eq!(mistake.exit(), Exit::Usage);
    }
}

#[test]
fn the_flag_goes_before_the_folder_and_the_folder_before_the_user() {
    let named = |name: &str| format!("[[engine]]\nname = \"{name}\"\ncommand = [\"y\"]\n");
    let (folder, mut places) = places(&named("in-folder"));
    let home = folder.path().join("home");
    fs::create_dir_all(home.join("lockstep")).expect("folder");
    fs::write(home.join("lockstep/engines.toml"), named("of-user")).expect("written");
    let flag = folder.path().join("flag.toml");
    fs::write(&flag, named("by-flag")).expect("written");
    places.configuration_home = Some(home);

    let has = |flag: Option<&Path>, places: &Places, name: &str| {
        Catalogue::load_from(flag, places)
            .expect("good")
            .find(name)
            .is_ok()
    };
    assert!(has(Some(&flag), &places, "by-flag"));
    assert!(
        !has(Some(&flag), &places, "in-folder"),
        "only the first file counts"
    );
    assert!(has(None, &places, "in-folder"));
    assert!(!has(None, &places, "of-user"));
    places.current_folder = PathBuf::from("/nowhere");
    assert!(has(None, &places, "of-user"));
    let missing = Catalogue::load_from(Some(Path::new("/nowhere/e.toml")), &places);
    let missing = missing
        .expect_err("a file that is asked for must be there")
        .to_string();
    assert_eq!(missing, "/nowhere/e.toml: there is no such file");
}

#[test]
fn names_short_names_and_unknown_names() {
    let catalogue = Catalogue::load_from(None, &Places::default()).expect("good");
    assert_eq!(catalogue.find("llama").expect("known").name, "llama-scalar");
    assert_eq!(
        catalogue.find("rust-engine").expect("known").origin,
        Origin::BuiltIn
    );
    let unknown = catalogue.find("x\u{1b}").expect_err("unknown");
    assert_eq!(unknown.exit(), Exit::Usage);
    assert_eq!(
        unknown.to_string(),
        "unknown engine `x\\u{1b}`, known are: rust-engine, llama-scalar, llama-native, ik, bitnet"
    );
}

#[test]
fn an_entry_replaces_built_in_engines() {
    let (_folder, places) = places(
        "[[engine]]\nname = \"llama-scalar\"\ncommand = [\"mine\"]\n\
         [[engine]]\nname = \"bitnet\"\ncommand = [\"theirs\"]\n",
    );
    let catalogue = Catalogue::load_from(None, &places).expect("good");
    assert_eq!(catalogue.find("llama").expect("known").command, ["mine"]);
    assert_eq!(catalogue.find("bitnet").expect("known").command, ["theirs"]);
}

#[test]
fn the_builds_of_the_first_folder_that_has_them_are_taken() {
    let folder = tempfile::tempdir().expect("folder");
    let cached = folder.path().join("cache/lockstep/references/bin");
    fs::create_dir_all(&cached).expect("folder");
    fs::write(cached.join("llama-native"), "").expect("written");
    let places = Places {
        program_folder: Some(folder.path().join("target/release")),
        cache_home: Some(folder.path().join("cache")),
        ..Places::default()
    };
    let catalogue = Catalogue::load_from(None, &places).expect("good");
    let command = |name: &str| PathBuf::from(&catalogue.find(name).expect("known").command[0]);
    assert_eq!(command("llama-native"), cached.join("llama-native"));
    // Missing everywhere: the first place, so that the message names a place to look at.
    assert_eq!(
        command("llama-scalar"),
        folder.path().join("target/references/llama-scalar")
    );
    assert_eq!(
        command("rust-engine"),
        folder.path().join("target/release/rust-engine")
    );
}

#[test]
fn programs_in_a_folder_whose_name_is_not_utf8_are_found() {
    let parent = tempfile::tempdir().expect("folder");
    let folder = parent.path().join(OsStr::from_bytes(b"f\xff"));
    fs::create_dir(&folder).expect("folder");
    for name in ["rust-engine", "llama-scalar", "other"] {
        symlink(PROGRAM, folder.join(name)).expect("linked");
    }
    let text = "[[engine]]\nname = \"other\"\ncommand = [\"./other\"]\n";
    fs::write(folder.join("engines.toml"), text).expect("written");
    let places = Places {
        current_folder: folder.clone(),
        program_folder: Some(folder.clone()),
        references: Some(folder),
        ..Places::default()
    };
    let catalogue = Catalogue::load_from(None, &places).expect("good");
    for name in ["rust-engine", "llama-scalar", "other"] {
        let client = Client::new(catalogue.find(name).expect("known"), patient());
        let described = client.describe(None);
        assert!(described.is_ok(), "{name}: {described:?}");
    }
}

#[test]
fn an_engine_in_another_language_joins_without_a_line_of_code() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_in/table_engine.py");
    let script = script.to_str().expect("UTF-8");
    let (_folder, places) = places(&format!(
        "[[engine]]\nname = \"table\"\ncommand = [\"python3\", {script:?}]\n\
         settings = {{ threads = 1 }}\n"
    ));
    let catalogue = Catalogue::load_from(None, &places).expect("good");
    let client = Client::new(catalogue.find("table").expect("known"), patient());
    let model = Path::new(MODEL);
    let description = client.describe(Some(model)).expect("described");
    assert_eq!(
        (description.name.as_str(), description.can_run),
        ("table-engine", Some(true))
    );

    let requests: [TokenizeRequest; 2] = [text("a", "two and two"), text("b", "seven")];
    let answers = client.tokenize(model, None, &requests).expect("tokenized");
    let Answer::Success(tokens) = &answers[0] else {
        panic!("{answers:?}")
    };
    assert_eq!(tokens.ids, [0, 1, 2, 1]);
    let Answer::Failure(failure) = &answers[1] else {
        panic!("{answers:?}")
    };
    assert!(failure.error.contains("seven"), "{}", failure.error);

    let settings = EngineSettings::default();
    let mut evaluation = client.start_evaluation(model, &settings).expect("starts");
    evaluation
        .submit(&EvaluateRequest {
            schema: Tag::new(),
            id: id("a"),
            tokens: tokens.ids.clone(),
            positions: Positions::Listed(vec![1, 3]),
            greedy_steps: 3,
        })
        .expect("handed over");
    let item = evaluation.next().expect("a good answer");
    evaluation.finish().expect("a good end");
    assert_eq!(item.response.greedy_ids, [2, 1, 2]);
    assert_eq!(rows(&item.logits)[0], rows(&item.greedy)[0]);
}
