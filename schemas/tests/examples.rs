//! The committed schemas are those of the types, and every example is judged alike by our reader
//! and by an independent JSON Schema validator.

use std::fs;
use std::path::{Path, PathBuf};

use schemas::canonical;
use schemas::catalogue::{self, Entry};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn examples(entry: &Entry) -> Vec<(String, String)> {
    let folder = folder("examples").join(&entry.name);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| file.expect("folder entry").path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path
                .file_name()
                .expect("a file")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(&path).expect("readable example"))
        })
        .collect()
}

#[test]
fn committed_schemas_are_current() {
    for entry in catalogue::entries() {
        let path = folder("json").join(format!("{}.schema.json", entry.name));
        let committed =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let current = canonical::to_string(&entry.schema).expect("a schema is JSON");
        assert!(
            committed == current,
            "{} is stale: run `cargo run -p schemas -- schemas/json`",
            path.display()
        );
    }
}

#[test]
fn no_schema_is_left_over() {
    let known: Vec<String> = catalogue::entries()
        .into_iter()
        .map(|entry| format!("{}.schema.json", entry.name))
        .collect();
    for file in fs::read_dir(folder("json")).expect("folder json") {
        let name = file
            .expect("folder entry")
            .file_name()
            .to_string_lossy()
            .into_owned();
        assert!(known.contains(&name), "json/{name} belongs to no kind");
    }
}

#[test]
fn every_kind_has_valid_and_invalid_examples() {
    for entry in catalogue::entries() {
        let names: Vec<String> = examples(&entry).into_iter().map(|(name, _)| name).collect();
        let count = |prefix: &str| names.iter().filter(|name| name.starts_with(prefix)).count();
        assert!(count("valid.") >= 1, "{}: no valid example", entry.name);
        assert!(
            count("invalid.") >= 3,
            "{}: too few invalid examples",
            entry.name
        );
        assert_eq!(
            count("valid.") + count("invalid."),
            names.len(),
            "{names:?}"
        );
    }
}

/// The receipt's example is one of its first version, whose other fields come before `schema`.
#[test]
fn another_version_is_refused_by_both_names() {
    for entry in catalogue::entries() {
        let name = "invalid.schema.other-version.json";
        let examples = examples(&entry);
        let (_, text) = examples
            .iter()
            .find(|(found, _)| found == name)
            .unwrap_or_else(|| panic!("{}: no {name}", entry.name));
        let version = |text: &str| {
            let (_, rest) = text.split_once(&format!("lockstep/{}/v", entry.name))?;
            Some(format!("{}/v{}", entry.name, rest.chars().next()?))
        };
        let found = version(text).expect("it says what it is");
        let known = version(&entry.schema.to_string()).expect("the schema says so, too");
        assert_ne!(found, known);
        let refused = (entry.check)(text)
            .expect_err("another version")
            .to_string();
        for part in ["field `schema`", &found, &known] {
            assert!(refused.contains(part), "`{refused}` does not say {part}");
        }
    }
}

#[test]
fn reader_and_validator_agree_on_every_example() {
    for entry in catalogue::entries() {
        let validator = jsonschema::validator_for(&entry.schema).expect("a valid schema");
        for (name, text) in examples(&entry) {
            let json = serde_json::from_str(&text).expect("examples are JSON");
            let read = (entry.check)(&text);
            let valid = name.starts_with("valid.");
            assert_eq!(
                read.is_ok(),
                valid,
                "{}/{name}: reader says {read:?}",
                entry.name
            );
            assert_eq!(
                validator.is_valid(&json),
                valid,
                "{}/{name}: validator",
                entry.name
            );
            if let Err(refused) = read {
                let field = name.split('.').nth(1).expect("invalid.FIELD.WHY.json");
                assert!(
                    refused.to_string().contains(field),
                    "{}/{name}: `{refused}` does not name `{field}`",
                    entry.name
                );
            }
        }
    }
}
