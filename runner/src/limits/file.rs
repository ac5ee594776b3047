//! Files of limits: the shipped ones, and those of users, read so strictly that none is taken by
//! which everything would pass.

use std::collections::BTreeSet;

use schemas::limits::{Beyond, Figure, Limit, LimitedMetric, LimitsFile, Rung};
use schemas::line::{self, MessageError};
use schemas::receipt::Profile;

use super::metric::{bound_of, bound_word, metric_name};

/// Of each profile that has one, the file that it judges by.
const SHIPPED: [(Profile, &str); 2] = [
    (Profile::F32, include_str!("../../limits/f32-v1.json")),
    (
        Profile::Production,
        include_str!("../../limits/production-v1.json"),
    ),
];

/// The file that a profile judges by when none is named; `exact` compares bits.
///
/// # Panics
/// Never: the files are part of the program, and a test reads them.
pub fn shipped(profile: Profile) -> Option<LimitsFile> {
    let (_, text) = SHIPPED.iter().find(|(its, _)| *its == profile)?;
    Some(parse(text).expect("the shipped files of limits are valid: a test reads them"))
}

/// The shipped file of this name and version.
pub(crate) fn shipped_as(name: &str, version: u32) -> Option<LimitsFile> {
    let all = SHIPPED.iter().filter_map(|(profile, _)| shipped(*profile));
    all.into_iter()
        .find(|file| file.name == name && file.version == version)
}

/// Reads a file of limits, and refuses one by which everything would pass: whose bound lies on
/// the side where a metric is good, or that leaves positions without a limit.
pub fn read(text: &str) -> Result<LimitsFile, MessageError> {
    let file = parse(text)?;
    if shipped_as(&file.name, file.version).is_some_and(|shipped| shipped != file) {
        return Err(MessageError {
            path: "name".to_owned(),
            problem: format!(
                "{} version {} is the shipped file, and this is another one",
                file.name, file.version
            ),
        });
    }
    Ok(file)
}

fn parse(text: &str) -> Result<LimitsFile, MessageError> {
    let file: LimitsFile = line::read(text)?;
    check(file.limits.iter())?;
    Ok(file)
}

/// Whether limits can limit anything.
pub(crate) fn check<'a>(limits: impl Iterator<Item = &'a Limit>) -> Result<(), MessageError> {
    let bad = |path: String, problem: String| Err(MessageError { path, problem });
    let mut seen = BTreeSet::new();
    let mut any_position_is_limited = false;
    for (index, limit) in limits.enumerate() {
        let name = metric_name(limit.metric);
        let expected = bound_of(limit.metric);
        if limit.bound != expected {
            let (expected, found) = (bound_word(expected), bound_word(limit.bound));
            return bad(
                format!("limits[{index}].bound"),
                format!("{name} has a {expected} value that passes, not a {found} one"),
            );
        }
        if let Err((field, problem)) = check_figure(limit) {
            return bad(format!("limits[{index}].{field}"), problem);
        }
        if !seen.insert((limit.rung, limit.metric, limit.figure, limit.beyond)) {
            return bad(
                format!("limits[{index}]"),
                format!("{name} is limited twice on one rung"),
            );
        }
        any_position_is_limited |= limit.rung == Rung::Positions
            && limit.beyond == Beyond::Diverged
            && !is_of_case(limit.figure);
    }
    if !any_position_is_limited {
        return bad(
            "limits".to_owned(),
            "none is for the rung `positions`: any position would pass".to_owned(),
        );
    }
    Ok(())
}

/// Whether a figure is of a whole comparison.
pub(super) fn is_of_case(figure: Figure) -> bool {
    match figure {
        Figure::Value | Figure::Excess => false,
        Figure::ExcessMedian | Figure::ExcessP99 | Figure::ExcessShare | Figure::Share => true,
    }
}

fn check_figure(limit: &Limit) -> Result<(), (&'static str, String)> {
    let name = metric_name(limit.metric);
    let has_floor = matches!(
        limit.metric,
        LimitedMetric::Kl | LimitedMetric::Mse | LimitedMetric::MaxAbs
    );
    match limit.figure {
        Figure::Value => {}
        Figure::Share if limit.metric == LimitedMetric::Top1Equal => {}
        Figure::Share => {
            return Err((
                "figure",
                format!("{name} does not hold for a share of rows"),
            ));
        }
        _ if has_floor => {}
        _ => return Err(("figure", format!("{name} has no floor to be in excess of"))),
    }
    if limit.metric == LimitedMetric::FlipGap && limit.beyond == Beyond::Drift {
        let problem = "a flip beyond the tie rule has diverged: any other would pass";
        return Err(("beyond", problem.to_owned()));
    }
    if is_of_case(limit.figure) && limit.rung != Rung::Positions {
        let problem = "a figure of the whole comparison is limited on the rung `positions`";
        return Err(("rung", problem.to_owned()));
    }
    let is_excess = is_of_case(limit.figure) && limit.figure != Figure::Share;
    if limit.widened.is_some() && !is_excess {
        let problem = "is for an excess of the whole comparison, which variants have, too";
        return Err(("widened", problem.to_owned()));
    }
    if limit.least_rows.is_some() && !is_of_case(limit.figure) {
        let problem = "is for a figure of the whole comparison; every row is judged";
        return Err(("least_rows", problem.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use schemas::limits::{Bound, Widening};
    use schemas::number::Finite;

    use super::*;

    #[test]
    fn a_share_of_rows_is_one_of_equal_tokens() {
        let share = |metric, figure| Limit {
            metric,
            figure,
            ..limit(Bound::Smallest)
        };
        let is_sound = |metric, figure| check_figure(&share(metric, figure)).is_ok();
        assert!(is_sound(LimitedMetric::Top1Equal, Figure::Share));
        assert!(!is_sound(LimitedMetric::Cosine, Figure::Share));
        assert!(!is_sound(LimitedMetric::Top1Equal, Figure::ExcessShare));
    }

    fn limit(bound: Bound) -> Limit {
        Limit {
            rung: Rung::Positions,
            metric: LimitedMetric::Cosine,
            figure: Figure::Value,
            bound,
            value: Finite::new(0.5).expect("finite"),
            widened: None,
            least_rows: None,
            beyond: Beyond::Diverged,
            unit: String::new(),
            basis: String::new(),
        }
    }

    fn excess(figure: Figure) -> Limit {
        Limit {
            metric: LimitedMetric::Kl,
            figure,
            ..limit(Bound::Largest)
        }
    }

    fn refusal(limits: &[Limit]) -> String {
        let mut file = shipped(Profile::F32).expect("it has one");
        file.limits = limits.to_vec();
        let text = serde_json::to_string(&file).expect("JSON");
        read(&text).expect_err("refused").to_string()
    }

    #[test]
    fn the_shipped_files_are_valid_and_say_why() {
        for profile in [Profile::F32, Profile::Production] {
            let file = shipped(profile).expect("it has one");
            assert_eq!(shipped_as(&file.name, file.version), Some(file.clone()));
            for rung in [Rung::FirstLogit, Rung::Positions] {
                assert!(
                    file.limits.iter().any(|limit| limit.rung == rung),
                    "{rung:?}"
                );
            }
            for limit in &file.limits {
                assert!(
                    !limit.basis.is_empty() && !limit.unit.is_empty(),
                    "{limit:?}"
                );
            }
        }
        assert_eq!(shipped(Profile::Exact), None);
    }

    /// What keeps the limits of `f32` is MATCH in `production`, but for what flips of near ties do.
    #[test]
    fn production_calls_match_what_f32_does() {
        let flips = [LimitedMetric::Top1Equal, LimitedMetric::Top5Overlap];
        let tight = |profile, beyond| {
            let limits = shipped(profile).expect("it has one").limits.into_iter();
            let limits = limits.filter(|it| it.beyond == beyond && !flips.contains(&it.metric));
            let values = limits.map(|it| (it.rung, it.metric, it.bound, it.figure, it.value.get()));
            values.collect::<Vec<_>>()
        };
        let drift = tight(Profile::Production, Beyond::Drift);
        assert_eq!(drift, tight(Profile::F32, Beyond::Diverged));
        assert!(!drift.is_empty());
    }

    #[test]
    fn a_file_by_which_everything_passes_is_refused() {
        let drift = Limit {
            beyond: Beyond::Drift,
            ..limit(Bound::Smallest)
        };
        let decode = Limit {
            rung: Rung::Decode,
            ..limit(Bound::Smallest)
        };
        for limits in [&[][..], &[decode], &[drift], &[excess(Figure::ExcessShare)]] {
            let refused = refusal(limits);
            assert!(
                refused.contains("`limits`") && refused.contains("positions"),
                "{refused}"
            );
        }
        let reversed = refusal(&[limit(Bound::Smallest), limit(Bound::Largest)]);
        assert_eq!(
            reversed,
            "field `limits[1].bound`: cosine has a smallest value that passes, not a largest one"
        );
    }

    #[test]
    fn a_figure_that_is_none_is_refused() {
        let of_nothing = Limit {
            figure: Figure::Excess,
            ..limit(Bound::Smallest)
        };
        assert!(refusal(&[of_nothing]).contains("`limits[0].figure`: cosine has no floor"));
        let elsewhere = Limit {
            rung: Rung::Decode,
            ..excess(Figure::ExcessMedian)
        };
        assert!(refusal(&[elsewhere]).contains("`limits[0].rung`"));
        let every_row = Limit {
            least_rows: Some(9),
            ..excess(Figure::Excess)
        };
        assert!(refusal(&[every_row]).contains("`limits[0].least_rows`"));
        for figure in [Figure::Value, Figure::Excess] {
            let wide = Limit {
                widened: Some(Widening {
                    times: Finite::new(1.5).expect("finite"),
                    at_most: Finite::new(2.0).expect("finite"),
                }),
                ..excess(figure)
            };
            assert!(refusal(&[wide]).contains("`limits[0].widened`: is for an excess of"));
        }
        let any_flip = Limit {
            metric: LimitedMetric::FlipGap,
            bound: Bound::Largest,
            beyond: Beyond::Drift,
            ..limit(Bound::Largest)
        };
        assert!(refusal(&[any_flip]).contains("`limits[0].beyond`"));
        let twice = [excess(Figure::Excess), excess(Figure::Excess)];
        assert!(refusal(&twice).contains("`limits[1]`: kl is limited twice"));
    }
}
