//! Each pattern on rows that are spoilt so, and none on rows that are not.

use schemas::receipt::Profile;

use super::*;
use crate::gate::PromptWords;
use crate::metrics;

const VOCABULARY: usize = 300;

fn subject() -> Subject {
    Subject {
        model: "my model.gguf".to_owned(),
        prompt: PromptWords::Text("it's".to_owned()),
        template: None,
        candidate: "mine".to_owned(),
        reference: "llama-scalar".to_owned(),
        profile: Profile::Exact,
        micro_batch: Some(512),
    }
}

/// Numbers between -4 and 4 that have nothing to do with each other.
fn noise(seed: usize) -> Vec<f32> {
    let mut state = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / 2f32.powi(21) - 4.0
    };
    std::iter::repeat_with(next).take(VOCABULARY).collect()
}

/// A row with some of another one in it.
fn mixed(seed: usize, share: f32) -> Vec<f32> {
    let other = noise(seed + 7000);
    let mut row = noise(seed);
    row.iter_mut().zip(other).for_each(|(x, y)| *x += share * y);
    row
}

/// `spoil` says what the candidate gives at a position; the reference gives `noise(position)`.
fn rows(n: usize, spoil: impl Fn(usize) -> Vec<f32>) -> Vec<SeenRow> {
    rows_from(0, n, spoil)
}

fn rows_from(seed: usize, n: usize, spoil: impl Fn(usize) -> Vec<f32>) -> Vec<SeenRow> {
    (0..n)
        .map(|p| {
            let found = metrics::compare(&spoil(seed + p), &noise(seed + p));
            SeenRow::by_bits(p as u64, &found)
        })
        .collect()
}

fn case(positions: Vec<SeenRow>) -> SeenCase {
    SeenCase {
        positions,
        ..SeenCase::default()
    }
}

fn patterns(found: &[Symptom]) -> Vec<Pattern> {
    found.iter().map(|symptom| symptom.pattern).collect()
}

#[track_caller]
fn first_of(spoil: impl Fn(usize) -> Vec<f32>) -> Symptom {
    let cases = [case(rows(24, spoil))];
    let mut found = find(&Failure::Positions(&cases), &subject());
    assert!(!found.is_empty(), "nothing was found");
    found.remove(0)
}

fn times(row: Vec<f32>, factor: f32) -> Vec<f32> {
    row.into_iter().map(|x| x * factor).collect()
}

fn turned(mut row: Vec<f32>, by: usize) -> Vec<f32> {
    row.rotate_right(by);
    row
}

#[test]
fn nothing_is_said_of_equal_rows() {
    let mut sound = case(rows(24, noise));
    sound.steps = rows(4, noise);
    let cases = [sound.clone(), sound];
    for failure in [
        Failure::FirstLogits(&cases),
        Failure::Positions(&cases),
        Failure::Decode(&cases),
        Failure::Positions(&[]),
    ] {
        assert_eq!(find(&failure, &subject()), [], "{failure:?}");
    }
}

#[test]
fn what_is_within_the_limits_is_not_looked_at() {
    let mut near = rows(24, |p| mixed(p, 0.001));
    for row in &mut near {
        row.is_bad = false;
    }
    let cases = [case(near)];
    assert_eq!(find(&Failure::Positions(&cases), &subject()), []);
}

#[test]
fn factors_and_shifts() {
    let constant = first_of(|p| times(noise(p), 1.5));
    assert_eq!(constant.pattern, Pattern::ConstantFactor);
    assert!(constant.evidence.contains("1.5000"), "{constant:?}");
    let of_each_row = first_of(|p| times(noise(p), 1.5 + p as f32 / 20.0));
    assert_eq!(of_each_row.pattern, Pattern::RowFactor);
    let shift = first_of(|p| noise(p).into_iter().map(|x| x - 2.5).collect());
    assert_eq!(shift.pattern, Pattern::ConstantShift);
    assert!(shift.evidence.contains("-2.5"), "{shift:?}");
    let large = first_of(|p| times(noise(p + 90), 9.0));
    assert_eq!(large.pattern, Pattern::FarTooLarge);
}

#[test]
fn where_it_begins() {
    let from = |first: usize| {
        move |p: usize| {
            if p < first { noise(p) } else { mixed(p, 0.3) }
        }
    };
    let zero = first_of(from(1));
    assert_eq!(zero.pattern, Pattern::PositionZeroEqual);
    let jump = first_of(from(7));
    assert_eq!(jump.pattern, Pattern::SuddenJump);
    assert!(jump.next_command.contains("--max-positions 8"), "{jump:?}");
    let window = first_of(from(16));
    assert!(window.cause.contains("window"), "{window:?}");
    let small_batch = Subject {
        micro_batch: Some(8),
        ..subject()
    };
    let cases = [case(rows(24, from(16)))];
    let batch = find(&Failure::Positions(&cases), &small_batch).remove(0);
    assert!(batch.cause.contains("micro-batch of 8"), "{batch:?}");
    let all = first_of(from(0));
    assert_eq!(all.pattern, Pattern::EveryPosition);
}

#[test]
fn one_position_and_some() {
    let only = |p: usize| if p == 5 { mixed(p, 0.3) } else { noise(p) };
    let one = first_of(only);
    assert_eq!(one.pattern, Pattern::OnePosition);
    assert!(one.evidence.contains("position 5 alone of 24"), "{one:?}");
    let some = first_of(|p| if p % 3 == 0 { mixed(p, 0.3) } else { noise(p) });
    assert_eq!(some.pattern, Pattern::ScatteredPositions);
}

#[test]
fn trends() {
    let grows = |p: usize| mixed(p, 0.02 * p as f32);
    assert_eq!(first_of(grows).pattern, Pattern::GrowthWithPosition);
    let falls = |p: usize| mixed(p, 1.0 / (1.0 + p as f32));
    let found = first_of(falls);
    assert_eq!(found.pattern, Pattern::FallWithPosition);
    assert!(found.cause.contains("comes later"), "{found:?}");
    let hidden = |p: usize| if p == 0 { noise(p) } else { falls(p) };
    let found = first_of(hidden);
    assert_eq!(found.pattern, Pattern::FallWithPosition);
    assert!(found.cause.contains("hides"), "{found:?}");
    // Growth with a wrong first position is not RoPE's, which does nothing there.
    let from_zero = first_of(|p| mixed(p, 0.05 * (p + 2) as f32));
    assert_ne!(from_zero.pattern, Pattern::GrowthWithPosition);
}

#[test]
fn sizes() {
    let small = first_of(|p| mixed(p, 0.01));
    assert_eq!(small.pattern, Pattern::SmallEverywhere);
    assert!(small.next_command.contains("--profile f32"), "{small:?}");
    let unrelated = first_of(|p| noise(p + 90));
    assert_eq!(unrelated.pattern, Pattern::UnrelatedRows);
    let cases = [case(rows(24, |p| mixed(p, 0.3)))];
    let found = find(&Failure::Positions(&cases), &subject());
    assert_eq!(
        patterns(&found),
        [Pattern::EveryPosition, Pattern::TopFiveOverlapLow]
    );
}

#[test]
fn a_number_that_is_not_finite_comes_first() {
    let found = first_of(|p| {
        let mut row = mixed(p, 0.3);
        if p >= 3 {
            row[17] = f32::NAN;
        }
        row
    });
    assert_eq!(found.pattern, Pattern::NotFinite);
    assert!(
        found.evidence.contains("21 of 24 rows") && found.evidence.contains("token 17"),
        "{found:?}"
    );
}

#[test]
fn ids_that_follow_a_rule() {
    let offset = first_of(|p| turned(noise(p), 1));
    assert_eq!(offset.pattern, Pattern::ConstantTokenOffset);
    assert!(offset.evidence.contains("reference's +1"), "{offset:?}");
    let before = first_of(|p| noise(p.saturating_sub(1)));
    assert_eq!(before.pattern, Pattern::ShiftedPositions);
    assert!(before.evidence.contains("position before"), "{before:?}");
    let after = first_of(|p| noise(p + 1));
    assert!(after.evidence.contains("position after"), "{after:?}");
}

#[test]
fn what_only_several_prompts_show() {
    let sound = case(rows(24, noise));
    let cases = [
        sound.clone(),
        case(rows_from(100, 24, |seed| mixed(seed, 0.3))),
    ];
    let found = find(&Failure::Positions(&cases), &subject());
    assert_eq!(found[0].pattern, Pattern::OnlyLaterPrompts);
    let cases = [sound, case(rows_from(100, 24, |seed| noise(seed - 100)))];
    let found = find(&Failure::Positions(&cases), &subject());
    assert_eq!(found[0].pattern, Pattern::PreviousPrompt);
    // First positions of several prompts have no place among them.
    let cases: Vec<_> = (0..24)
        .map(|p| {
            case(rows_from(p, 1, |p| {
                if p == 5 { mixed(p, 0.3) } else { noise(p) }
            }))
        })
        .collect();
    let found = find(&Failure::FirstLogits(&cases), &subject());
    assert!(
        !found.iter().any(|it| place::is_of_place(it.pattern)),
        "{found:?}"
    );
}

#[test]
fn greedy_steps() {
    let decoded = |first: usize, chosen: [u32; 2]| SeenCase {
        positions: rows(24, noise),
        steps: rows(
            first + 1,
            |p| if p < first { noise(p) } else { mixed(p, 0.3) },
        ),
        chosen: chosen.map(|id| vec![id; first + 1]),
    };
    let of = |case: SeenCase| patterns(&find(&Failure::Decode(&[case]), &subject()));
    assert_eq!(of(decoded(0, [1, 2])), [Pattern::FirstStep]);
    assert_eq!(of(decoded(2, [1, 2])), [Pattern::LaterStep]);
    assert_eq!(
        of(decoded(2, [1, 1])),
        [Pattern::LaterStep, Pattern::SameTokenOtherRow]
    );
    // Of positions that nobody compared it is not said that they are right.
    let mut alone = decoded(0, [1, 2]);
    alone.positions.clear();
    assert_eq!(of(alone), []);
    let mut bad_before = decoded(2, [1, 2]);
    bad_before.positions = rows(24, |p| mixed(p, 0.3));
    assert_eq!(of(bad_before), []);
}

#[test]
fn row_lengths() {
    let of = |candidate| find(&Failure::Shapes(candidate, 49_152 - 10), &subject()).remove(0);
    assert!(of(49_152).cause.contains("padded"));
    assert!(of(49_000).cause.contains("vocabularies"));
}

#[test]
fn commands_are_quoted_for_a_shell() {
    let found = first_of(|p| mixed(p, 0.01));
    assert_eq!(
        found.next_command,
        "lockstep per-token --model 'my model.gguf' --candidate mine --profile f32 '--prompt=it'\\''s'"
    );
}
