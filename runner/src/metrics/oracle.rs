//! The metrics once more, each by its definition, one number after another, in compensated sums:
//! what the fast ones are held against.

use super::*;

/// A figure that was found, what it should be, and how far it may be off.
struct Figure {
    name: &'static str,
    found: f64,
    expected: f64,
    slack: f64,
}

/// Neumaier's sum: as if in twice the digits.
fn sum(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0f64, 0.0f64);
    for x in numbers {
        let next = sum + x;
        lost += if sum.abs() >= x.abs() {
            (sum - next) + x
        } else {
            (x - next) + sum
        };
        sum = next;
    }
    sum + lost
}

fn pairs(candidate: &[f32], reference: &[f32]) -> Vec<(f64, f64)> {
    let pairs = candidate.iter().zip(reference);
    pairs.map(|(&c, &r)| (f64::from(c), f64::from(r))).collect()
}

/// Logarithms of probabilities.
fn log_softmax(row: &[f32]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f32::MIN, f32::max);
    let off = row.iter().map(|&x| f64::from(x) - f64::from(largest));
    let rest = sum(off.clone().map(f64::exp)).ln();
    off.map(|x| x - rest).collect()
}

/// KL by Σ p (log p − log q) + q − p: the same, as both sum to 1, but no member is below 0, so that none
/// cancels another where the rows are near each other.
fn kl(log_p: &[f64], log_q: &[f64]) -> f64 {
    sum(log_p.iter().zip(log_q).map(|(&log_p, &log_q)| {
        let difference = log_p - log_q;
        if difference.abs() >= 0.5 {
            return log_p.exp() * difference + log_q.exp() - log_p.exp();
        }
        // p (e^y − 1 − y), by its series from y²/2 on.
        let y = -difference;
        let tail = (3..20)
            .rev()
            .fold(1.0, |tail, k| 1.0 + tail * y / f64::from(k));
        log_p.exp() * y * y / 2.0 * tail
    }))
}

fn cosine(pairs: &[(f64, f64)], shift: f64) -> f64 {
    let dot = sum(pairs.iter().map(|(c, r)| (c - shift) * r));
    let candidate = sum(pairs.iter().map(|(c, _)| (c - shift).powi(2)));
    let reference = sum(pairs.iter().map(|(_, r)| r * r));
    dot / candidate.sqrt() / reference.sqrt()
}

/// All figures but those of the order, which have to be right to the bit.
fn figures(candidate: &[f32], reference: &[f32]) -> Vec<Figure> {
    let found = compare(candidate, reference).metrics.expect("finite rows");
    let pairs = pairs(candidate, reference);
    let n = pairs.len() as f64;
    let differences = || pairs.iter().map(|(c, r)| c - r);
    let shift = sum(differences()) / n;
    let magnitude = sum(differences().map(f64::abs)) / n;
    let mse = sum(differences().map(|d| d * d)) / n;
    let shifted = || differences().map(|d| d - shift);
    let shifted_mse = sum(shifted().map(|d| d * d)) / n;
    let [log_p, log_q] = [reference, candidate].map(log_softmax);
    let variation = log_p
        .iter()
        .zip(&log_q)
        .map(|(p, q)| (p.exp() - q.exp()).abs());
    let largest =
        |distances: &mut dyn Iterator<Item = f64>| distances.fold(0.0, |a, b| b.abs().max(a));
    let of = |name, found: Finite, expected: f64, slack| Figure {
        name,
        found: found.get(),
        expected,
        slack: slack + 1e-12 * expected.abs(),
    };
    // The mean of differences of both signs is as good as they are large. What a rounded shift leaves of
    // a constant one is not a distance. Logarithms of rounded sums are 10⁻¹⁵ off.
    let off = 1e-15 * magnitude;
    let mut figures = vec![
        of("max abs", found.max_abs, largest(&mut differences()), 0.0),
        of("l2", found.l2, (mse * n).sqrt(), 0.0),
        of("mse", found.mse, mse, 0.0),
        of("mean shift", found.mean_shift, shift, 10.0 * off),
        of(
            "shifted max abs",
            found.shift_removed.max_abs,
            largest(&mut shifted()),
            10.0 * off,
        ),
        of(
            "shifted mse",
            found.shift_removed.mse,
            shifted_mse,
            10.0 * off * off,
        ),
        of("kl", found.kl, kl(&log_p, &log_q), 1e-14),
        of("kl reverse", found.kl_reverse, kl(&log_q, &log_p), 1e-14),
        of(
            "total variation",
            found.total_variation,
            sum(variation) / 2.0,
            1e-15,
        ),
    ];
    if let Some(found_cosine) = found.cosine {
        figures.push(of("cosine", found_cosine, cosine(&pairs, 0.0), 1e-13));
    }
    if let Some(found_cosine) = found.shift_removed.cosine {
        // A large shift is rounded to more than the last bits of what it leaves.
        let left = (sum(pairs.iter().map(|(c, _)| (c - shift).powi(2))) / n).sqrt();
        let slack = 1e-13 + 1e-15 * shift.abs() / left;
        figures.push(of(
            "shifted cosine",
            found_cosine,
            cosine(&pairs, shift),
            slack,
        ));
    }
    let of_reference = sum(pairs.iter().map(|(_, r)| r * r));
    if let (Some(nmse), Some(scale)) = (found.nmse, found.scale) {
        figures.push(of("nmse", nmse, mse * n / of_reference, 0.0));
        let dot = sum(pairs.iter().map(|(c, r)| c * r));
        let sizes = sum(pairs.iter().map(|(c, r)| (c * r).abs()));
        figures.push(of(
            "scale",
            scale,
            dot / of_reference,
            1e-13 * sizes / of_reference,
        ));
    }
    assert_eq!(found.nmse.is_some(), of_reference > 0.0);
    figures
}

#[track_caller]
fn check(what: &str, candidate: &[f32], reference: &[f32]) {
    for figure in figures(candidate, reference) {
        let Figure {
            name,
            found,
            expected,
            slack,
        } = figure;
        assert!(
            (found - expected).abs() <= slack,
            "{what}, {} numbers: {name} is {found:e}, should be {expected:e}",
            candidate.len()
        );
    }
}

/// Candidates that a reference may get, by name.
fn candidates(numbers: &mut tests::Numbers, reference: &[f32]) -> Vec<(&'static str, Vec<f32>)> {
    let mut near = |by: f32| -> Vec<f32> {
        let noise = numbers.row(reference.len(), by);
        reference.iter().zip(noise).map(|(r, e)| r + e).collect()
    };
    vec![
        ("hardly another", near(1e-6)),
        ("near", near(1e-2)),
        ("far", near(3.0)),
        ("of its own", near(1e4)),
        ("shifted", near(1e-2).iter().map(|x| x + 5.0).collect()),
        ("half shifted", near(1.0).iter().map(|x| x + 0.4).collect()),
        ("shifted far", near(1e-2).iter().map(|x| x + 1e8).collect()),
        ("turned round", reference.iter().map(|x| -x).collect()),
        ("small", reference.iter().map(|x| x * 1e-4).collect()),
        ("zero", vec![0.0; reference.len()]),
        ("constant", vec![-7.5; reference.len()]),
        (
            "below",
            reference.iter().map(|x| x - x.abs() * 300.0).collect(),
        ),
        ("huge", reference.iter().map(|x| x * 1e30).collect()),
        (
            "at the end of f32",
            reference
                .iter()
                .map(|x| (x * 1e38).clamp(f32::MIN, f32::MAX))
                .collect(),
        ),
    ]
}

#[test]
fn every_figure_is_what_its_definition_says() {
    let mut numbers = tests::Numbers(7);
    // Around every width in use: of vectors, of blocks, of two of these.
    let lengths = (1..=20).chain([63, 64, 65, 127, 128, 129, 1000, 4099, 49_152]);
    for n in lengths {
        let reference = numbers.row(n, 12.0);
        for (what, candidate) in candidates(&mut numbers, &reference) {
            check(what, &candidate, &reference);
            check(what, &reference, &candidate);
        }
    }
}

#[test]
fn a_figure_that_is_off_is_noticed() {
    let mut numbers = tests::Numbers(8);
    let reference = numbers.row(1000, 12.0);
    let mut candidate = numbers.row(1000, 12.0);
    let expected = figures(&candidate, &reference);
    candidate[999] += 1e-5;
    for (before, after) in expected.iter().zip(figures(&candidate, &reference)) {
        let is_max = before.name.ends_with("max abs");
        let is_off = (before.found - after.expected).abs() > after.slack;
        assert!(is_off || is_max, "{}", before.name);
    }
}

#[test]
fn equal_rows_take_the_short_way_to_the_same_metrics() {
    let mut numbers = tests::Numbers(9);
    for n in [1, 2, 3, 4, 5, 63, 64, 65, 1000] {
        let row = numbers.row(n, 12.0);
        let like = |change: &dyn Fn(f32) -> f32| row.iter().map(|&x| change(x)).collect();
        let rows: [Vec<f32>; 6] = [
            like(&|x| x),
            like(&|x| x * 1e37),
            like(&|x| x * 1e-44),
            like(&|_| 0.0),
            like(&|_| -0.0),
            like(&|_| 3.0),
        ];
        for row in rows {
            let (arch, mut notes) = (Arch::new(), Notes::default());
            let found = pass::read::<true>(arch, &row, &row, &mut notes);
            let long = read_metrics(arch, &row, &row, &found, &notes);
            let short = compare(&row, &row).metrics;
            assert_eq!(short, long, "{n}: {row:?}");
            assert_eq!(format!("{short:?}"), format!("{long:?}"));
        }
    }
}

#[test]
fn ranks_are_those_of_a_sorted_row() {
    let mut numbers = tests::Numbers(10);
    for n in [1, 9, 10, 11, 63, 64, 65, 200, 1000] {
        let random = numbers.row(n, 1.0);
        let rows: [Vec<f32>; 5] = [
            random.iter().map(|x| (x * 20.0).round()).collect(),
            (0..n).map(|i| i as f32).collect(),
            (0..n).map(|i| -(i as f32)).collect(),
            vec![f32::MIN; n],
            random,
        ];
        for (at, reference) in rows.iter().enumerate() {
            let candidate = &rows[(at + 1) % rows.len()];
            let found = compare(candidate, reference).metrics.expect("finite");
            let [by_candidate, by_reference] = [candidate, reference].map(|row| {
                let mut ids: Vec<u32> = (0..n as u32).collect();
                ids.sort_by(|&a, &b| row[b as usize].total_cmp(&row[a as usize]).then(a.cmp(&b)));
                ids
            });
            let rank = by_candidate.iter().position(|id| *id == by_reference[0]);
            assert_eq!(found.reference_top1_rank, rank.expect("every id") as u64);
            assert_eq!(found.candidate_top1, by_candidate[0]);
            let k = n.min(10);
            let shared = by_reference[..k]
                .iter()
                .filter(|id| by_candidate[..k].contains(id));
            let overlap = shared.count() as f64 / k as f64;
            assert_eq!(found.top_k_overlap.k10.get(), overlap, "row {at} of {n}");
        }
    }
}
