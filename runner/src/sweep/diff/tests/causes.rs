//! Every cause by its name, and none where nothing changed.

use schemas::environment::{EngineEnvironment, Environment, RunEnvironment};
use schemas::tag::Tag;

use super::*;

type Edit = Box<dyn FnOnce(&mut Receipt)>;

#[test]
fn every_change_of_what_decides_is_told_by_its_name() {
    let other = |name: &str| format!("sha256:{}", name.repeat(32));
    let library = move |receipt: &mut Receipt| {
        let build = receipt.engines.reference.build.as_mut().expect("a build");
        build.library = Some(Library {
            name: "llama.cpp".to_owned(),
            version: "of another day".to_owned(),
            source_checksum: other("0b"),
        });
    };
    let edits: Vec<(&str, Edit, &[CauseKind])> = vec![
        (
            "words",
            Box::new(|it| it.warnings.push("odd".to_owned())),
            &[],
        ),
        ("library", Box::new(library), &[CauseKind::ReferenceChanged]),
        (
            "version",
            Box::new(|it| it.engines.candidate.version = Some("9.9.9".to_owned())),
            &[CauseKind::CandidateChanged],
        ),
        (
            "kernels",
            Box::new(|it| it.engines.candidate.kernels = Some(vec!["new".to_owned()])),
            &[CauseKind::CandidateChanged],
        ),
        (
            "threads",
            Box::new(|it| {
                it.engines
                    .candidate
                    .settings
                    .as_mut()
                    .expect("settings")
                    .threads = Some(77);
            }),
            &[CauseKind::CandidateChanged],
        ),
        (
            "what could not be asked",
            Box::new(|it| it.engines.candidate.kernels = None),
            &[],
        ),
        (
            "model",
            Box::new(move |it| it.model.sha256 = other("0c")),
            &[CauseKind::ModelChanged],
        ),
        (
            "model's file name",
            Box::new(|it| it.model.label = "renamed.gguf".to_owned()),
            &[],
        ),
        (
            "reference's model",
            Box::new(|it| it.reference_model = Some(it.model.clone())),
            &[CauseKind::ReferenceModelChanged],
        ),
        (
            "tokenizer",
            Box::new(|it| it.tokenizer = Some(it.model.clone())),
            &[CauseKind::TokenizerChanged],
        ),
        (
            "identity",
            Box::new(|it| it.case.as_mut().expect("keys").identity = "sha256:0".to_owned()),
            &[CauseKind::IdentityChanged],
        ),
    ];
    for (name, edit, expected) in edits {
        let diff = edited(0, edit);
        assert_eq!(kinds(&diff), expected, "{name}");
        assert_eq!((diff.counts.same, diff.cases.len()), (3, 0), "{name}");
        assert_eq!(diff.exit.code, u8::from(!expected.is_empty()), "{name}");
    }
}

#[test]
fn another_pin_of_the_library_is_the_references_change() {
    let diff = edited(0, |receipt| {
        let build = receipt.engines.reference.build.as_mut().expect("a build");
        build.library.as_mut().expect("a library").version = "0.0.1".to_owned();
    });
    let [
        Cause {
            subject,
            fields,
            cases,
            ..
        },
    ] = diff.causes.as_slice()
    else {
        panic!("{:?}", diff.causes);
    };
    assert_eq!((subject.as_str(), *cases), ("llama-scalar", 1));
    assert_eq!(fields[0].field, "build.library.version");
    assert_eq!(fields[0].after.as_deref(), Some("0.0.1"));
}

#[test]
fn limits_and_floors_differ_whatever_the_numbers() {
    let production = 2;
    let edit_limit = |factor: f64| {
        edited(production, |receipt| {
            let of_kl = |metric| metric == LimitedMetric::Kl;
            let mut limits = receipt.limits.iter_mut();
            let limit = limits.find(|it| of_kl(it.limit.metric)).expect("a limit");
            limit.limit.value = finite(limit.limit.value.get() * factor);
        })
    };
    assert_eq!(kinds(&edit_limit(1.0)), []);
    let loosened = edit_limit(2.0);
    assert_eq!(kinds(&loosened), [CauseKind::LimitsLoosened]);
    assert_eq!((loosened.exit.code, loosened.counts.same), (1, 3));
    assert_eq!(kinds(&edit_limit(0.5)), [CauseKind::LimitsTightened]);
    let renamed = edited(production, |receipt| {
        receipt.limits_file.as_mut().expect("a file").version += 1;
    });
    assert_eq!(kinds(&renamed), [CauseKind::LimitsRenamed]);
    for (factor, kind) in [
        (2.0, CauseKind::FloorRaised),
        (0.5, CauseKind::FloorLowered),
    ] {
        let diff = edited(production, |receipt| {
            let floor = receipt.floor.as_mut().expect("a floor");
            floor.largest_difference = finite(floor.largest_difference.get() * factor);
        });
        assert_eq!(kinds(&diff), [kind]);
    }
}

#[test]
fn numbers_that_nothing_explains_are_told_loudly() {
    let before = Sweep::of(&[Told::Same]);
    let after = Sweep::of(&[Told::DivergedAt(0)]);
    assert_eq!(
        kinds(&diff_of(&before, &after)),
        [CauseKind::NotReproducible]
    );
    let folder = TempDir::new().expect("a folder");
    written(&before, &after, folder.path());
    let environment = folder.path().join("b").join(CASES).join(after.id(0));
    let mut edited = after.receipts[0]
        .environment
        .clone()
        .expect("an environment");
    edited.candidate.binary_sha256 = Some(sha256(b"built again"));
    write_json(&environment, ENVIRONMENT, &edited).expect("written");
    let request = request(folder.path(), Format::Text { all: false });
    let rebuilt = compare(&request).expect("a diff");
    assert_eq!(kinds(&rebuilt), [CauseKind::CandidateChanged]);
    assert_eq!(rebuilt.causes[0].fields[0].field, "program");
    let other_threads = Environment {
        candidate: EngineEnvironment {
            threads: Some(77),
            ..before.receipts[0]
                .environment
                .clone()
                .expect("one")
                .candidate
        },
        ..edited.clone()
    };
    write_json(&environment, ENVIRONMENT, &other_threads).expect("written");
    let threads = compare(&request).expect("a diff");
    assert_eq!(kinds(&threads), [CauseKind::CandidateChanged]);
    assert_eq!(threads.causes[0].fields[0].field, "threads");
    std::fs::remove_file(environment.join(ENVIRONMENT)).expect("removed");
    let unknown = compare(&request).expect("a diff");
    assert_eq!(kinds(&unknown), [CauseKind::Unexplained]);
    // A merged run has all environments in one file.
    let merged = RunEnvironment {
        schema: Tag::new(),
        cases: [(after.id(0).to_owned(), edited)].into(),
    };
    write_json(&folder.path().join("b"), ENVIRONMENT, &merged).expect("written");
    assert_eq!(kinds(&compare(&request).expect("a diff")), kinds(&rebuilt));
    std::fs::remove_file(folder.path().join("b").join(ENVIRONMENT)).expect("removed");
    let text = run(&request).expect("a diff").output;
    assert!(text.contains("NOT EXPLAINED"), "{text}");
}

#[test]
fn looser_limits_do_not_explain_other_numbers() {
    let before = Sweep::of(&[Told::Floors(0.25)]);
    let mut after = Sweep::of(&[Told::Floors(0.5)]);
    after.edit(0, |receipt| receipt.limits.clear());
    let diff = as_believed(&before, &after);
    assert_eq!(
        kinds(&diff),
        [CauseKind::NotReproducible, CauseKind::LimitsLoosened]
    );
}

#[test]
fn other_settings_are_told_where_they_keep_cases_apart() {
    let before = Sweep::of(&TOLD);
    let after = Sweep::planned(&TOLD, |plan| plan.settings.max_positions = Some(77));
    let diff = diff_of(&before, &after);
    assert_eq!(kinds(&diff), [CauseKind::SettingsChanged]);
    assert_eq!(diff.causes[0].fields[0].field, "max_positions");
}
