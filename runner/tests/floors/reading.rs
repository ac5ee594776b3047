//! From what was measured to a floor, or why there is none.

use runner::floor::reading::{NoFloor, distribution, read};
use schemas::floor::{FloorFile, FloorRecord};
use schemas::number::Finite;

use super::{candidate, example, finite, row};

fn no_floor(floor: &FloorFile) -> NoFloor {
    read(floor, &candidate(), &example().base, 2).expect_err("no floor")
}

#[test]
fn a_rows_floor_is_the_largest_of_all_variants() {
    let floor = read(&example(), &candidate(), &example().base, 2).expect("a floor");
    let largest = floor.positions.iter().map(|row| row.max_abs.get());
    assert_eq!(largest.collect::<Vec<_>>(), [1.25, 0.75, 0.75]);
    // The row of the last agreed token chooses the first greedy one.
    let steps: Vec<f64> = floor.steps.iter().map(|row| row.max_abs.get()).collect();
    assert_eq!(steps, [0.75, 2.0]);
    assert_eq!(floor.largest_difference.get(), 2.0);
    // The fifth of five values: rank ⌈5 · 90 / 100⌉.
    assert_eq!(floor.p90.max_abs.get(), 2.0);
    assert_eq!(floor.variants.len(), 6, "those left out are told, too");
}

#[test]
fn too_few_variants_are_no_floor() {
    let mut floor = example();
    floor.variants[0].variant.left_out = Some("it is slow".to_owned());
    assert_eq!(no_floor(&floor), NoFloor::TooFew(4));
}

#[test]
fn variants_of_one_build_are_no_floor() {
    let mut floor = example();
    let own = floor.base.build.clone();
    floor.variants[4].variant.engine.build = own;
    assert_eq!(no_floor(&floor), NoFloor::NoOtherBuild);
}

#[test]
fn who_is_judged_does_not_judge_itself() {
    let floor = example();
    // The one with a cache of F32, whatever it calls itself and however much room that has.
    let mut same = floor.variants[3].variant.engine.clone();
    same.name = "mine".to_owned();
    same.settings.as_mut().expect("settings").context = 4096;
    let found = read(&floor, &same, &floor.base, 2);
    assert_eq!(found, Err(NoFloor::TooFew(4)));
    same.settings.as_mut().expect("settings").threads = None;
    let found = read(&floor, &same, &floor.base, 2);
    assert_eq!(found, Err(NoFloor::TooFew(4)), "threads change nothing");
    let other = read(&floor, &candidate(), &floor.base, 2).expect("a floor");
    assert_eq!(other.variants[3].left_out, None);
}

/// All tokens together are all tokens, however many more there is room for.
#[test]
fn micro_batches_that_take_all_tokens_are_one() {
    let example = example();
    let judged = |micro_batch: u32| {
        let mut floor = example.clone();
        // It takes one at a time, as one of its variants did.
        floor.base = floor.variants.remove(1).variant.engine;
        // Room for two to go.
        for name in ["fifth", "sixth", "seventh"] {
            let mut more = floor.variants[3].clone();
            name.clone_into(&mut more.variant.name);
            floor.variants.push(more);
        }
        let mut same = floor.base.clone();
        same.settings.as_mut().expect("settings").micro_batch = micro_batch;
        let floor = read(&floor, &same, &floor.base, 2).expect("a floor");
        let out = floor
            .variants
            .into_iter()
            .filter(|it| it.left_out.is_some());
        out.map(|it| it.name).collect::<Vec<_>>()
    };
    // There are three agreed tokens.
    assert_eq!(judged(2), ["ik"]);
    for takes_all in [3, 64, 100] {
        assert_eq!(judged(takes_all), ["threads", "micro-batch-64", "ik"]);
    }
}

/// The base's program under other settings computes the same, however far that is; another build may
/// compute something else.
#[test]
fn another_build_that_is_out_of_line_makes_no_floor_wide() {
    let far = |floor: &mut FloorFile, index: usize, kl: f64| {
        if let Some(distribution) = &mut floor.variants[index].distribution {
            distribution.kl.median = finite(kl);
        }
    };
    let medians = |kl_of_builds: f64, kl_of_settings: f64| {
        let mut floor = example();
        for index in 0..floor.variants.len() {
            let is_own = floor.variants[index].variant.engine.build == floor.base.build;
            far(
                &mut floor,
                index,
                if is_own { kl_of_settings } else { kl_of_builds },
            );
        }
        // A sixth, so that one can go.
        let mut sixth = floor.variants[0].clone();
        sixth.variant.name = "sixth".to_owned();
        floor.variants.push(sixth);
        read(&floor, &candidate(), &floor.base, 2)
    };
    let left_out = |floor: &FloorRecord| {
        let out = floor.variants.iter().filter(|it| it.left_out.is_some());
        // One was never measured.
        out.count() - 1
    };
    assert_eq!(
        medians(0.005, 0.001).as_ref().map(left_out),
        Ok(0),
        "within five times"
    );
    assert_eq!(medians(0.0051, 0.001), Err(NoFloor::NoOtherBuild));
    assert_eq!(
        medians(0.001, 0.1).as_ref().map(left_out),
        Ok(0),
        "settings"
    );
    assert_eq!(
        medians(0.1, 0.0).as_ref().map(left_out),
        Ok(0),
        "nothing else differs"
    );
}

#[test]
fn a_floor_of_something_else_is_none() {
    let floor = example();
    let mut other = floor.base.clone();
    other.settings.as_mut().expect("settings").threads = Some(7);
    let found = read(&floor, &candidate(), &other, 2);
    assert_eq!(found, Err(NoFloor::OtherReference));
    let found = read(&floor, &candidate(), &floor.base, 3);
    assert_eq!(found, Err(NoFloor::TooShort { rows: 4, needed: 5 }));
    let mut ragged = example();
    ragged.variants[1].rows.pop();
    assert_eq!(
        no_floor(&ragged),
        NoFloor::Ragged("micro-batch-1".to_owned())
    );
}

#[test]
fn distances_are_distributed_by_nearest_rank() {
    let rows: Vec<_> = (1..=100).rev().map(|n| row(f64::from(n))).collect();
    let found = distribution(&rows).expect("rows");
    let kl = [found.kl.median, found.kl.p90, found.kl.p99, found.kl.max];
    assert_eq!(kl.map(Finite::get), [50.0, 90.0, 99.0, 100.0]);
    assert_eq!(distribution(&[]), None);
    let mut zeros = row(1.0);
    zeros.nmse = None;
    let found = distribution(&[zeros]).expect("a row");
    assert!(found.nmse.is_none() && found.mse.max == finite(1.0));
}
