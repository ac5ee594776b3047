//! The three formats, and that an engine with other numbers is seen in them.

use crate::stage::Stage;

const BOTH: [&str; 5] = ["--engine", "a", "--engine", "b", "--as-configured"];

#[test]
fn json_is_a_receipt_that_its_schema_accepts() {
    let stage = Stage::new();
    let run = stage.run(&[&BOTH[..], &["--format", "json"]].concat());
    let object = serde_json::from_str(&run.exits(0).stdout).expect("JSON");
    let entries = schemas::catalogue::entries();
    let entry = entries.into_iter().find(|it| it.name == "bench-receipt");
    let schema = entry.expect("a known kind").schema;
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(validator.is_valid(&object), "{object}");
    assert!(object["machine"]["processors"].as_u64() > Some(0));
    assert_eq!(object["engines"][0]["kernels"][0], "none");
}

#[test]
fn a_failure_is_an_object_too() {
    let stage = Stage::empty().engine("a", Some("claims-an-hour"));
    let run = stage.run(&["--engine", "a", "--format", "json"]);
    let object: serde_json::Value = serde_json::from_str(&run.exits(65).stdout).expect("JSON");
    assert_eq!(object["schema"], "lockstep/failure/v1");
    assert_eq!(object["exit"]["code"], 65);
}

#[test]
fn csv_has_a_row_for_each_figure_of_each_engine() {
    let stage = Stage::new();
    let run = stage.run(&[&BOTH[..], &["--format", "csv"]].concat());
    let mut reader = csv::Reader::from_reader(run.exits(0).stdout.as_bytes());
    let head = reader.headers().expect("a head").clone();
    assert!(
        head.iter()
            .any(|it| it == "ratio_to_first_engine_above_1_is_worse")
    );
    assert_eq!(reader.records().flatten().count(), 14);
}

#[test]
fn text_fits_100_columns() {
    let run = Stage::new().run(&["--engine", "a", "--engine", "b", "--positions", "300"]);
    for line in run.exits(0).stdout.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn a_wrong_engine_is_seen() {
    let spoils = [env!("CARGO_BIN_EXE_perturb"), "--add", "1", "7", "50", "--"];
    let stage = Stage::empty().engine("a", None).behind("b", &spoils, None);
    let agreement = |stage: &Stage| {
        let receipt = stage.receipt(&BOTH);
        let agreement = receipt.engines[1].agreement.clone();
        let agreement = agreement.expect("the second has one");
        (
            agreement.rows,
            agreement.mean_kl.get(),
            agreement.top1_equal,
        )
    };
    let (rows, mean_kl, top1_equal) = agreement(&stage);
    assert_eq!((rows, top1_equal), (5, 4));
    assert!(mean_kl > 0.1, "{mean_kl}");
    // The negative control: the same numbers.
    assert_eq!(agreement(&Stage::new()), (5, 0.0, 5));
}
