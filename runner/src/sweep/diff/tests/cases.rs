//! What is worse, better, new and gone.

use super::*;

#[test]
fn a_fault_of_the_candidate_is_worse_from_its_first_bad_position_on() {
    let before = Sweep::of(&[Told::Same, Told::Same]);
    let mut after = Sweep::of(&[Told::Same, Told::DivergedAt(1)]);
    for case in 0..2 {
        after.edit(case, |receipt| {
            let build = receipt.engines.candidate.build.as_mut().expect("a build");
            build.flags.push("fault=off-by-one".to_owned());
        });
    }
    let diff = diff_of(&before, &after);
    assert_eq!(kinds(&diff), [CauseKind::CandidateChanged]);
    assert_eq!(diff.causes[0].cases, 2);
    assert_eq!(
        diff.causes[0].fields[0].after.as_deref(),
        Some("fault=off-by-one")
    );
    let [case] = diff.cases.as_slice() else {
        panic!("{:?}", diff.cases);
    };
    assert_eq!(case.change, Change::Worse);
    assert_eq!(case.first_changed, Some(RowPlace::Position(1)));
    let first_bad = |outcome: &Option<schemas::diff::CaseOutcome>| {
        outcome.as_ref().expect("an outcome").first_bad
    };
    assert_eq!(first_bad(&case.before), None);
    assert_eq!(first_bad(&case.after), Some(RowPlace::Position(1)));
    let max_abs = case
        .figures
        .iter()
        .find(|it| it.figure == ComparedFigure::MaxAbs);
    let max_abs = max_abs.expect("a figure");
    assert_eq!(
        (max_abs.before, max_abs.after),
        (Some(finite(0.0)), Some(finite(0.25)))
    );
    assert!(max_abs.worse);
    // And back.
    let back = diff_of(&after, &before);
    assert_eq!(changes(&back), [Change::Better]);
}

#[test]
fn an_engine_that_was_stopped_is_worse_and_no_doubt_on_what_it_computes() {
    let diff = diff_of(&Sweep::of(&[Told::Same]), &Sweep::of(&[Told::TimedOut]));
    assert_eq!(changes(&diff), [Change::Worse]);
    assert!(
        !kinds(&diff).contains(&CauseKind::NotReproducible),
        "{:?}",
        diff.causes
    );
}

#[test]
fn of_equal_verdicts_the_figures_decide() {
    let near = Sweep::of(&[Told::Floors(0.25)]);
    let far = Sweep::of(&[Told::Floors(0.5)]);
    let worse = diff_of(&near, &far);
    assert_eq!(changes(&worse), [Change::Worse]);
    assert_eq!(
        worse.cases[0].after.as_ref().expect("one").verdict,
        Verdict::Drift
    );
    let max_abs = |figure: &&schemas::diff::FigureChange| figure.figure == ComparedFigure::MaxAbs;
    let max_abs = worse.cases[0].figures.iter().find(max_abs);
    assert!(max_abs.expect("a figure").worse);
    assert_eq!(changes(&diff_of(&far, &near)), [Change::Better]);
}

#[test]
fn rounding_makes_nothing_worse() {
    // Two rows of equal bits have a KL of 0, and others one of a little less.
    let with_kl = |kl: f64| {
        edited(0, move |receipt| {
            let metrics = receipt.positions[0].row.metrics.as_mut().expect("finite");
            metrics.kl = finite(kl);
            metrics.max_abs = finite(0.5);
        })
    };
    for kl in [-3e-17, 3e-17] {
        let figures = with_kl(kl).cases.remove(0).figures;
        let figures: Vec<_> = figures.iter().map(|it| it.figure).collect();
        assert_eq!(figures, [ComparedFigure::MaxAbs]);
    }
    let figures = with_kl(3e-10).cases.remove(0).figures;
    assert_eq!(figures[0].figure, ComparedFigure::Kl);
}

#[test]
fn one_leading_figure_that_is_worse_makes_the_case_worse() {
    let diff = edited(2, |receipt| {
        for row in receipt.positions.iter_mut().map(|it| &mut it.row) {
            let metrics = row.metrics.as_mut().expect("finite rows");
            metrics.kl = finite(metrics.kl.get() + 0.5);
            metrics.shift_removed.max_abs = finite(0.0);
        }
    });
    assert_eq!(changes(&diff), [Change::Worse]);
    let leading_outweighs = edited(2, |receipt| {
        for row in receipt.positions.iter_mut().map(|it| &mut it.row) {
            let metrics = row.metrics.as_mut().expect("finite rows");
            metrics.shift_removed.max_abs = finite(0.0);
            metrics.shift_removed.mse = finite(1e9);
        }
    });
    assert_eq!(changes(&leading_outweighs), [Change::Better]);
}

#[test]
fn a_row_in_the_shadow_of_a_worse_one_counts_too() {
    let raise = |by: f64| {
        edited(1, move |receipt| {
            let metrics = receipt.positions[1].row.metrics.as_mut().expect("finite");
            metrics.l2 = finite(metrics.l2.get() + by);
        })
    };
    assert_eq!(changes(&raise(0.0)), []);
    let diff = raise(0.5);
    assert_eq!(changes(&diff), [Change::Worse]);
    assert!(diff.cases[0].figures.is_empty());
    assert_eq!(diff.cases[0].first_changed, Some(RowPlace::Position(1)));
}

#[test]
fn cases_come_and_go() {
    let two = Sweep::of(&[Told::Same, Told::Same]);
    let three = Sweep::of(&[Told::Same, Told::Same, Told::DivergedAt(0)]);
    let more = diff_of(&two, &three);
    assert_eq!(changes(&more), [Change::New]);
    assert_eq!(changes(&diff_of(&three, &two)), [Change::Gone]);
    // What is planned and has no receipt is not there.
    let folder = TempDir::new().expect("a folder");
    three.write(&folder.path().join("a"));
    three.write_some(&folder.path().join("b"), &[0]);
    let diff = compare(&request(folder.path(), Format::Json)).expect("a diff");
    assert_eq!(changes(&diff), [Change::Gone, Change::Gone]);
    assert_eq!((diff.counts.same, diff.counts.gone), (1, 2));
}
