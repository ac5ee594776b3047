//! The engine is ours: no crate of llama.cpp or ggml, no C library of theirs, and unsafe code only
//! where it belongs. Mistakes on purpose are in builds that ask for them, alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn no_crate_of_theirs_is_in_the_tree() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args("tree --locked -p rust-engine --edges normal,build --prefix none".split(' '))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{output:?}");
    let tree = String::from_utf8(output.stdout).expect("UTF-8");
    let names: Vec<_> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(
        names.contains(&"tokenizers"),
        "the tree was read: {names:?}"
    );
    for name in names {
        let theirs = name.contains("llama") || name.contains("ggml");
        // Numbers of the kernel's interface, no code at all.
        let bindings = name.ends_with("-sys") && name != "linux-raw-sys";
        assert!(!theirs && !bindings && name != "cc", "{name}");
    }
}

/// By other means than those of the build: the list that it takes the digest of is that of a shell.
#[test]
fn describe_names_the_sources_that_it_is_made_of() {
    let list = "find Cargo.toml gguf/Cargo.toml gguf/src src -type f ! -name '.*' -print0 \
                | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum";
    let sum = Command::new("sh")
        .args(["-c", list])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("sh starts");
    let sum = String::from_utf8(sum.stdout).expect("UTF-8");
    let expected = sum.split(' ').next().expect("a digest");
    assert_eq!(expected.len(), 64, "{sum}");
    let answer = rust_engine::serve::describe::describe(None).expect("an answer");
    let library = answer.build.library.expect("its own sources");
    assert_eq!(library.source_checksum, format!("sha256:{expected}"));
    assert_eq!(answer.settings.library, Some(library));
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn unsafe_code_is_in_the_mapping_and_the_kernels_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut with_unsafe = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("readable");
        for foreign in ["extern \"C\"", "#[link"] {
            assert!(!text.contains(foreign), "{}: {foreign}", file.display());
        }
        if text.contains("unsafe {") || text.contains("unsafe fn") {
            let inside = file.strip_prefix(&root).expect("below src");
            with_unsafe.push(inside.display().to_string());
        }
    }
    with_unsafe.sort();
    let where_it_belongs = [
        "kernels/exact/avx2.rs",
        "kernels/fast/columns.rs",
        "kernels/fast/isa/amx.rs",
        "kernels/fast/isa/avx2.rs",
        "kernels/fast/isa/avx512/mod.rs",
        "kernels/fast/isa/neon.rs",
        "mapping.rs",
    ];
    assert_eq!(with_unsafe, where_it_belongs);
}

/// With the feature, the tests of `faults` have a word on it.
#[cfg(not(feature = "faults"))]
#[test]
fn no_mistake_is_made_on_purpose() {
    let run = |words: &str| {
        Command::new(env!("CARGO_BIN_EXE_rust-engine"))
            .args(words.split(' '))
            .output()
            .expect("the engine starts")
    };
    for words in ["faults", "describe --fault not-causal"] {
        assert_eq!(run(words).status.code(), Some(64), "{words}");
    }
    let answer = String::from_utf8(run("describe").stdout).expect("UTF-8");
    assert!(!answer.contains("\"faults\""), "{answer}");
    let help = String::from_utf8(run("--help").stdout).expect("UTF-8");
    assert!(
        help.contains("evaluate") && !help.contains("fault"),
        "{help}"
    );
}
