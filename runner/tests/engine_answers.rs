//! Engines that say the wrong thing: each fault is made to happen, and its kind, its exit class
//! and its wording are checked. The last tests are the controls: the right thing passes.

mod stand_in;

use std::path::Path;

use runner::engine::{Client, EngineFault, EngineSettings, FaultKind, Threads, Wait};
use runner::exit::Exit;
use schemas::describe::{Arithmetic, KvType};
use schemas::line::Answer;
use stand_in::{
    MODEL, PROGRAM, engine, fault_of, faulty, id, impatient, patient, rows, start, text,
};

fn assert_bad(fault: &EngineFault, words: &str) {
    assert_eq!(fault.exit(), Exit::BadInput, "{fault}");
    assert!(
        fault.to_string().contains(words),
        "{fault}\ndoes not say: {words}"
    );
}

/// What becomes of one request of tokens for each of these names.
fn tokenize_fault(fault: &str, names: &[&str]) -> EngineFault {
    let spec = faulty(fault);
    let requests: Vec<_> = names.iter().map(|name| text(name, "x")).collect();
    let answers = Client::new(&spec, patient()).tokenize(Path::new(MODEL), None, &requests);
    answers.expect_err("must fail")
}

#[test]
fn half_a_line() {
    let fault = fault_of(&faulty("half-line"), patient());
    assert_eq!(
        *fault.kind,
        FaultKind::HalfLine {
            start: "{\"schema\":\"lockstep/".to_owned()
        }
    );
    assert_bad(
        &fault,
        "its last line has no line end: `{\"schema\":\"lockstep/`",
    );
}

#[test]
fn half_a_line_and_a_failure_is_a_failure() {
    let fault = fault_of(&faulty("half-line-exit-one"), patient());
    assert_eq!(*fault.kind, FaultKind::Exited { status: 1 });
    assert_eq!(fault.exit(), Exit::Unavailable);
}

#[test]
fn another_version_is_refused_by_name_in_every_sub_command() {
    let spec = faulty("other-version");
    let client = Client::new(&spec, patient());
    let model = Path::new(MODEL);
    let described = client.describe(None).expect_err("must fail");
    assert_bad(&described, "lockstep/describe-response/v2");
    let tokenized = client
        .tokenize(model, None, &[text("a", "x")])
        .expect_err("must fail");
    assert_bad(&tokenized, "lockstep/tokenize-response/v2");
    let evaluated = fault_of(&spec, patient());
    assert!(matches!(*evaluated.kind, FaultKind::BadAnswer(_)));
    assert_bad(
        &evaluated,
        "found `lockstep/evaluate-response/v2`, this reader knows `lockstep/evaluate-response/v1`",
    );
}

#[test]
fn an_unknown_field_is_refused_by_name() {
    let fault = fault_of(&faulty("unknown-field"), patient());
    assert!(matches!(*fault.kind, FaultKind::BadAnswer(_)));
    assert_bad(&fault, "unknown field `surprise`");
}

#[test]
fn chatter_on_standard_output_is_refused_unless_it_is_the_chatter_of_a_death() {
    let fault = fault_of(
        &engine(&["/bin/sh", "-c", "echo loading...; sleep 1000"]),
        patient(),
    );
    assert_bad(
        &fault,
        "bad answer: expected a JSON object, found `loading...`",
    );
    let dying = "echo '[New LWP 1]'; echo more; sleep 0.2; echo bad_alloc >&2; kill -ABRT $$";
    let fault = fault_of(&engine(&["/bin/sh", "-c", dying]), patient());
    assert!(
        matches!(*fault.kind, FaultKind::OutOfMemory { .. }),
        "{fault}"
    );
    assert_eq!(fault.exit(), Exit::Retryable);
}

#[test]
fn text_that_is_not_utf8() {
    let fault = fault_of(&faulty("not-utf8"), patient());
    assert_eq!(*fault.kind, FaultKind::NotUtf8 { valid_bytes: 2 });
    assert_bad(&fault, "not UTF-8 after its first 2 bytes");
}

#[test]
fn another_id_or_another_order() {
    let fault = fault_of(&faulty("other-id"), patient());
    assert_eq!(
        *fault.kind,
        FaultKind::WrongItem {
            expected: id("a"),
            found: id("xa")
        }
    );
    assert_bad(&fault, "answered `xa`, expected `a`");

    let mut evaluation = start(&faulty("swap-two"), patient(), &["a", "b"]);
    let fault = evaluation.next().expect_err("must fail");
    assert_eq!(
        *fault.kind,
        FaultKind::WrongItem {
            expected: id("a"),
            found: id("b")
        }
    );
    assert_bad(&fault, "in the order of the requests");
}

#[test]
fn two_answers_to_one_request() {
    let mut evaluation = start(&faulty("twice"), patient(), &["a"]);
    evaluation.next().expect("the first answer is good");
    let fault = evaluation.finish().expect_err("must fail");
    assert!(matches!(*fault.kind, FaultKind::Unasked { .. }));
    assert_bad(&fault, "wrote more than it was asked for: `{");

    assert_eq!(
        *tokenize_fault("twice", &["a", "b"]).kind,
        FaultKind::WrongItem {
            expected: id("b"),
            found: id("a")
        }
    );
}

#[test]
fn an_item_that_is_never_answered() {
    let mut evaluation = start(&faulty("skip-second"), impatient(), &["a", "b"]);
    evaluation.next().expect("a good answer");
    let fault = evaluation.next().expect_err("must fail");
    let kind = FaultKind::TimedOut {
        wait: Wait::Item(id("b")),
        limit_s: 1.5,
    };
    assert_eq!(*fault.kind, kind);
    assert_eq!(fault.exit(), Exit::Retryable);

    // When the engine sees the end of the requests, it ends, and nobody waits for a limit.
    let fault = tokenize_fault("skip-second", &["a", "b"]);
    assert_eq!(
        *fault.kind,
        FaultKind::Unanswered {
            wait: Wait::Item(id("b"))
        }
    );
    assert_bad(&fault, "before the answer to `b`");
}

#[test]
fn a_file_name_that_leads_elsewhere() {
    let fault = fault_of(&faulty("other-file-name"), patient());
    assert!(matches!(*fault.kind, FaultKind::BadAnswer(_)));
    assert_bad(
        &fault,
        "field `logits`: found `../../secret.npy`, expected `a.logits.npy`",
    );
}

#[test]
fn lists_of_the_wrong_length() {
    let fault = fault_of(&faulty("few-greedy-ids"), patient());
    assert_bad(&fault, "field `greedy_ids`: found 3 ids, expected 2");
    assert_bad(
        &tokenize_fault("missing-piece", &["a"]),
        "1 pieces, expected one for each of 2 ids",
    );
}

#[test]
fn settings_that_were_not_asked_for() {
    let spec = faulty("other-threads");
    let client = Client::new(&spec, patient());
    let asked = EngineSettings {
        threads: Some(Threads::OfMachine(1)),
        ..EngineSettings::default()
    };
    let mut evaluation = client
        .start_evaluation(Path::new(MODEL), &asked)
        .expect("starts");
    evaluation
        .submit(&stand_in::request("a"))
        .expect("handed over");
    let fault = evaluation.next().expect_err("must fail");
    let kind = FaultKind::WrongSetting {
        setting: "threads",
        asked: "1".to_owned(),
        answered: "2".to_owned(),
    };
    assert_eq!(*fault.kind, kind);
    assert_bad(&fault, "computed with threads = 2, asked for 1");
}

/// Who says nothing of it may be an older engine, which does what it always does.
#[test]
fn repacking_that_was_not_asked_for_or_not_spoken_of() {
    for (fault, answered) in [("other-repack", "on"), ("silent-repack", "nothing")] {
        let spec = faulty(fault);
        let asked = EngineSettings {
            repack: Some(false),
            ..EngineSettings::default()
        };
        let mut evaluation = Client::new(&spec, patient())
            .start_evaluation(Path::new(MODEL), &asked)
            .expect("starts");
        evaluation
            .submit(&stand_in::request("a"))
            .expect("handed over");
        let fault = evaluation.next().expect_err("must fail");
        let words = format!("computed with repack = {answered}, asked for off");
        assert_bad(&fault, &words);
    }
}

#[test]
fn an_item_that_is_declined_concerns_no_other() {
    let mut evaluation = start(&faulty("decline-first"), patient(), &["a", "b"]);
    let fault = evaluation.next().expect_err("must fail");
    let error = "token 99999 is outside the vocabulary of 257".to_owned();
    assert_eq!(*fault.kind, FaultKind::Declined { id: id("a"), error });
    assert_eq!(fault.exit(), Exit::Unavailable);
    assert!(
        fault.to_string().contains("cannot do `a`: token 99999"),
        "{fault}"
    );
    evaluation.next().expect("the next item is answered");
    evaluation.finish().expect("a good end");
}

#[test]
fn a_good_engine_passes() {
    let spec = engine(&[PROGRAM]);
    let client = Client::new(&spec, patient());
    let model = Path::new(MODEL);
    assert!(client.describe(None).expect("described").model.is_none());
    assert_eq!(
        client.describe(Some(model)).expect("described").can_run,
        Some(true)
    );

    let requests = [text("a", "hi"), text("b", "")];
    let answers = client.tokenize(model, None, &requests).expect("tokenized");
    let Answer::Success(tokens) = &answers[0] else {
        panic!("{answers:?}")
    };
    assert_eq!(tokens.ids, [256, 104, 105]);

    let asked = EngineSettings {
        arithmetic: Some(Arithmetic::F32),
        threads: Some(Threads::OfMachine(1)),
        context: Some(256),
        micro_batch: Some(7),
        kv: Some(KvType::F32),
        flash_attention: Some(true),
        repack: Some(false),
    };
    let mut evaluation = client.start_evaluation(model, &asked).expect("starts");
    evaluation
        .submit(&stand_in::request("a"))
        .expect("handed over");
    evaluation
        .submit(&stand_in::request("b"))
        .expect("handed over");
    assert_eq!(evaluation.in_flight(), 2);
    let (first, second) = (evaluation.next().expect("a"), evaluation.next().expect("b"));
    evaluation.finish().expect("a good end");
    // The files outlive the engine.
    assert_eq!(rows(&first.logits), rows(&second.logits));
    assert_eq!(rows(&first.greedy)[0], rows(&first.logits)[2]);
    assert_eq!((first.greedy.rows(), first.logits.columns()), (2, 257));
}

#[test]
fn a_sub_command_of_its_own_runs_to_its_end() {
    let run = |script: &str| {
        let spec = engine(&["/bin/sh", "-c", script, "engine"]);
        Client::new(&spec, patient()).run(vec!["f32-twin".into(), "a b".into()])
    };
    assert_eq!(run("test \"$1 $2\" = 'f32-twin a b'"), Ok(()));
    let fault = run("echo no space left >&2; exit 70").expect_err("must fail");
    assert_eq!(*fault.kind, FaultKind::Exited { status: 70 });
    assert!(fault.to_string().contains("no space left"), "{fault}");
    let fault = run("echo talks").expect_err("must fail");
    assert!(matches!(*fault.kind, FaultKind::Unasked { .. }), "{fault}");
}

#[test]
fn configured_settings_hold_unless_others_are_asked_for() {
    let mut spec = engine(&[PROGRAM]);
    spec.defaults = EngineSettings {
        threads: Some(Threads::Named(5)),
        micro_batch: Some(64),
        ..EngineSettings::default()
    };
    let asked = EngineSettings {
        threads: Some(Threads::OfMachine(1)),
        ..EngineSettings::default()
    };
    let client = Client::new(&spec, patient());
    let mut evaluation = client
        .start_evaluation(Path::new(MODEL), &asked)
        .expect("starts");
    evaluation
        .submit(&stand_in::request("a"))
        .expect("handed over");
    let settings = evaluation.next().expect("answer").response.settings;
    assert_eq!((settings.threads, settings.micro_batch), (1, 64));
}
