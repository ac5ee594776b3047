//! Which settings are tried and taken: the stand-ins' times depend on theirs.

use schemas::bench::BenchReceipt;

use crate::stage::Stage;

const LONG: [&str; 6] = ["--engine", "a", "--positions", "300", "--repeat", "2"];

/// Flash attention and micro-batch of prefill, then of decode.
fn taken(receipt: &BenchReceipt) -> [(bool, u32); 2] {
    let engine = &receipt.engines[0];
    [&engine.prefill_settings, &engine.decode_settings]
        .map(|it| (it.flash_attention, it.micro_batch))
}

#[test]
fn the_fastest_settings_are_taken_for_prefill_and_for_decode() {
    let stage = Stage::new();
    let receipt = stage.receipt(&LONG);
    assert_eq!(taken(&receipt), [(true, 128), (false, 512)]);
    // Four combinations, then two processes a round.
    assert_eq!(stage.starts("evaluate").len(), 4 + 2 * 2);
    let engine = &receipt.engines[0];
    let tried = engine.trials.iter().map(|trial| {
        assert_eq!(trial.left_out, None);
        let times = (trial.prefill_all_ns, trial.decode_ns);
        (trial.flash_attention, trial.micro_batch, times)
    });
    let tried: Vec<_> = tried.collect();
    assert_eq!(
        tried,
        [
            (false, 512, (Some(4000), Some(2000))),
            (true, 512, (Some(3000), Some(2300))),
            (false, 128, (Some(3500), Some(2100))),
            (true, 128, (Some(2500), Some(2400))),
        ]
    );
    assert_eq!(engine.figures.prefill_all_ns.values, [2500, 2500]);
    assert_eq!(engine.figures.prefill_last_ns.values, [2500, 2500]);
    assert_eq!(engine.figures.decode_ns.values, [2000, 2000]);
}

/// The negative control: nothing is tried, and the engine's own settings hold.
#[test]
fn as_configured_takes_the_engines_own() {
    let stage = Stage::new();
    let receipt = stage.receipt(&[&LONG[..], &["--as-configured"]].concat());
    assert_eq!(taken(&receipt), [(false, 512); 2]);
    assert_eq!(stage.starts("evaluate").len(), 2);
    assert_eq!(receipt.engines[0].trials, []);
    assert_eq!(receipt.engines[0].figures.decode_ns.values, [2000, 2000]);
}

#[test]
fn what_an_engine_refuses_is_left_out_with_its_reason() {
    for (fault, reason) in [
        ("refuses-flash", "flash attention is not there"),
        (
            "ignores-flash",
            "computed with flash_attention = off, asked for on",
        ),
    ] {
        let stage = Stage::empty().engine("a", Some(fault));
        let receipt = stage.receipt(&LONG);
        assert_eq!(taken(&receipt), [(false, 128), (false, 512)], "{fault}");
        let trials = &receipt.engines[0].trials;
        let left_out = trials.iter().map(|trial| trial.left_out.as_deref());
        let left_out: Vec<_> = left_out.collect();
        assert_eq!(
            left_out,
            [None, Some(reason), None, Some(reason)],
            "{fault}"
        );
    }
}

#[test]
fn what_is_known_to_be_wrong_is_not_tried() {
    let stage = Stage::empty().engine("ik", None);
    let words = ["--engine", "ik", "--positions", "300"];
    let receipt = stage.receipt(&words);
    assert_eq!(taken(&receipt), [(true, 512), (false, 512)]);
    let trials = &receipt.engines[0].trials;
    let reason = trials[2].left_out.as_deref().expect("left out");
    assert!(
        reason.contains("a micro-batch of 128 is asked for"),
        "{reason}"
    );
    assert_eq!(trials[2].prefill_all_ns, None);
    // Two combinations, and a round of two processes.
    assert_eq!(stage.starts("evaluate").len(), 2 + 2);
}

#[test]
fn threads_are_those_that_were_asked_for() {
    let stage = Stage::new();
    let receipt = stage.receipt(&["--engine", "a", "--threads", "3", "--as-configured"]);
    assert_eq!(receipt.work.threads, 3);
    assert_eq!(receipt.engines[0].prefill_settings.threads, 3);
    // Room for positions and steps, in llama.cpp's step.
    assert_eq!(receipt.engines[0].prefill_settings.context, 256);
}
