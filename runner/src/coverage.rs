//! Whether enough was compared for a verdict on a prompt set: positions, prompts, a long one, chat
//! markup, code.
//!
//! Pure: what was compared goes in, a [`Coverage`] comes out. How much is enough is data. It holds for
//! a verdict of parity alone: what diverged has diverged, however little was compared, and the case of
//! one prompt (`per-token`) is never judged by it.

use std::collections::BTreeMap;

use schemas::coverage::{Coverage, CoverageFigure, CoverageLimit, CoverageLimitsFile};
use schemas::line;
use schemas::receipt::LimitsFileRecord;

const SHIPPED: &str = include_str!("../limits/coverage-v1.json");

/// The shipped file.
///
/// # Panics
/// Never: the file is part of the program, and a test reads it.
pub fn shipped() -> CoverageLimitsFile {
    line::read(SHIPPED).expect("the shipped file of coverage limits is valid: a test reads it")
}

/// One prompt, by what was compared of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComparedPrompt<'a> {
    /// What both engines evaluated.
    pub tokens: &'a [u32],
    /// Positions whose rows were compared; greedy steps are none.
    pub positions: u64,
    /// Whether it has chat markup: texts of control tokens that stand in for those tokens, which every
    /// chat template writes. A tag is not asked, for it could not make markup of a text.
    pub chat: bool,
    /// Whether it has code, by its tag: guessing by signs would be wrong about some texts either way.
    pub code: bool,
}

/// Counts what was compared. A prompt of which nothing was compared does not count, and those of the
/// same tokens are one: what is said of any of them holds for all.
pub fn measure(
    prompts: &[ComparedPrompt<'_>],
    enough: &CoverageLimitsFile,
    allow_small: bool,
) -> Coverage {
    let mut by_tokens = BTreeMap::new();
    for prompt in prompts.iter().filter(|prompt| prompt.positions > 0) {
        let one = by_tokens.entry(prompt.tokens).or_insert(*prompt);
        one.positions = one.positions.max(prompt.positions);
        one.chat |= prompt.chat;
        one.code |= prompt.code;
    }
    let compared: Vec<_> = by_tokens.into_values().collect();
    let positions = || compared.iter().map(|prompt| prompt.positions);
    let number_of = |has: fn(&ComparedPrompt<'_>) -> bool| {
        compared.iter().filter(|&prompt| has(prompt)).count() as u64
    };
    let mut coverage = Coverage {
        positions: positions().sum(),
        prompts: number_of(|_| true),
        longest_prompt: positions().max().unwrap_or(0),
        chat_prompts: number_of(|prompt| prompt.chat),
        code_prompts: number_of(|prompt| prompt.code),
        limits_file: LimitsFileRecord {
            name: enough.name.clone(),
            version: enough.version,
        },
        limits: enough.limits.clone(),
        missing: Vec::new(),
        allow_small,
    };
    coverage.missing = not_reached(&coverage).map(|limit| limit.figure).collect();
    coverage
}

/// The limits that are not reached.
fn not_reached(coverage: &Coverage) -> impl Iterator<Item = &CoverageLimit> {
    let limits = coverage.limits.iter();
    limits.filter(|limit| value_of(limit.figure, coverage) < limit.value)
}

fn value_of(figure: CoverageFigure, coverage: &Coverage) -> u64 {
    match figure {
        CoverageFigure::Positions => coverage.positions,
        CoverageFigure::Prompts => coverage.prompts,
        CoverageFigure::LongestPrompt => coverage.longest_prompt,
        CoverageFigure::ChatPrompts => coverage.chat_prompts,
        CoverageFigure::CodePrompts => coverage.code_prompts,
    }
}

/// Why a verdict of parity would be INCONCLUSIVE. Nothing compared is never a pass, whatever the user
/// allows. `hint` says what can be done where it is too little.
pub fn objection(coverage: &Coverage, hint: &str) -> Option<String> {
    if coverage.positions == 0 {
        return Some("no position of any prompt was compared".to_owned());
    }
    let few = too_few(coverage).filter(|_| !coverage.allow_small)?;
    Some(format!("the prompt set is too small: {few} (hint: {hint})"))
}

/// What a verdict has to say of itself that stands because the user allowed a small set; `by` is the
/// word that allowed it.
pub fn remark(coverage: &Coverage, by: &str) -> Option<String> {
    let few = too_few(coverage).filter(|_| coverage.allow_small)?;
    Some(format!("a small prompt set was allowed ({by}): {few}"))
}

fn too_few(coverage: &Coverage) -> Option<String> {
    let few: Vec<_> = not_reached(coverage)
        .map(|limit| {
            let found = value_of(limit.figure, coverage);
            format!("{found} {}, expected at least {}", limit.unit, limit.value)
        })
        .collect();
    (!few.is_empty()).then(|| few.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::coverage::CoverageFigure as Figure;

    fn prompt(
        tokens: &'static [u32],
        positions: u64,
        chat: bool,
        code: bool,
    ) -> ComparedPrompt<'static> {
        ComparedPrompt {
            tokens,
            positions,
            chat,
            code,
        }
    }

    /// Just enough.
    fn enough() -> Vec<ComparedPrompt<'static>> {
        vec![
            prompt(&[1], 500, false, false),
            prompt(&[2], 1, true, false),
            prompt(&[3], 1, false, true),
            prompt(&[4], 1, false, false),
            prompt(&[5], 1, false, false),
        ]
    }

    fn measured(prompts: &[ComparedPrompt<'_>]) -> Coverage {
        measure(prompts, &shipped(), false)
    }

    #[test]
    fn the_shipped_file_limits_every_figure_once_and_says_why() {
        let file = shipped();
        let figures: Vec<_> = file.limits.iter().map(|limit| limit.figure).collect();
        let all = [
            Figure::Positions,
            Figure::Prompts,
            Figure::LongestPrompt,
            Figure::ChatPrompts,
            Figure::CodePrompts,
        ];
        assert_eq!(figures, all);
        for limit in &file.limits {
            let said = !limit.basis.is_empty() && !limit.unit.is_empty();
            assert!(said && limit.value > 0, "{limit:?}");
        }
    }

    #[test]
    fn just_enough_is_enough() {
        let coverage = measured(&enough());
        assert_eq!((coverage.positions, coverage.prompts), (504, 5));
        assert_eq!((coverage.chat_prompts, coverage.code_prompts), (1, 1));
        assert_eq!(coverage.missing, []);
        assert_eq!(objection(&coverage, "more"), None);
        assert_eq!(remark(&coverage, "--allow-small"), None);
    }

    type Change = fn(&mut Vec<ComparedPrompt<'static>>);

    /// One at a time is missing.
    const TOO_SMALL: [(Figure, Change, &str); 4] = [
        (
            Figure::Prompts,
            |prompts| prompts.truncate(4),
            "4 prompts, expected at least 5 (",
        ),
        (
            Figure::LongestPrompt,
            |prompts| prompts[0].positions -= 1,
            "499 positions of one prompt, expected at least 500 (",
        ),
        (
            Figure::ChatPrompts,
            |prompts| prompts[1].chat = false,
            "0 prompts with chat markup, expected at least 1 (",
        ),
        (
            Figure::CodePrompts,
            |prompts| prompts[2].code = false,
            "0 prompts with the tag `code`, expected at least 1 (",
        ),
    ];

    #[test]
    fn each_figure_that_is_too_small_is_an_objection() {
        for (figure, change, expected) in TOO_SMALL {
            let mut prompts = enough();
            change(&mut prompts);
            let coverage = measured(&prompts);
            assert_eq!(coverage.missing, [figure]);
            let objection = objection(&coverage, "more").expect("an objection");
            assert!(objection.contains(expected), "{objection}");
            assert_eq!(remark(&coverage, "--allow-small"), None);
            // It is the user's to allow, and then it is said.
            let allowed = measure(&prompts, &shipped(), true);
            assert_eq!(allowed.missing, [figure]);
            assert_eq!(super::objection(&allowed, "more"), None);
            let told = remark(&allowed, "--allow-small").expect("a remark");
            assert!(told.contains("allowed (--allow-small): "), "{told}");
        }
    }

    /// By the shipped limits a long prompt alone has the positions, so here that one is left out.
    #[test]
    fn too_few_positions_are_an_objection() {
        let mut file = shipped();
        file.limits
            .retain(|limit| limit.figure != Figure::LongestPrompt);
        let mut prompts = enough();
        for (positions, missing) in [(60, vec![]), (59, vec![Figure::Positions])] {
            prompts[0].positions = positions;
            assert_eq!(measure(&prompts, &file, false).missing, missing);
        }
    }

    /// What was asked for and not compared covers nothing.
    #[test]
    fn a_prompt_of_which_nothing_was_compared_does_not_count() {
        let mut prompts = enough();
        for skipped in &mut prompts[1..3] {
            skipped.positions = 0;
        }
        let missing = measured(&prompts).missing;
        let expected = [Figure::Prompts, Figure::ChatPrompts, Figure::CodePrompts];
        assert_eq!(missing, expected);
    }

    #[test]
    fn the_same_tokens_count_once() {
        let mut prompts = enough();
        prompts[4].tokens = prompts[3].tokens;
        let coverage = measured(&prompts);
        assert_eq!((coverage.positions, coverage.prompts), (503, 4));
        assert_eq!(coverage.missing, [Figure::Prompts]);
        // In either order: the tag of the one is the tag of the other.
        prompts[4].code = true;
        prompts[2].code = false;
        assert_eq!(measured(&prompts).code_prompts, 1);
    }

    #[test]
    fn nothing_compared_is_never_allowed() {
        for prompts in [vec![], vec![prompt(&[1], 0, true, true); 5]] {
            for allow_small in [false, true] {
                let coverage = measure(&prompts, &shipped(), allow_small);
                assert_eq!(coverage.missing.len(), 5);
                let objection = objection(&coverage, "more").expect("an objection");
                assert_eq!(objection, "no position of any prompt was compared");
            }
        }
    }
}
