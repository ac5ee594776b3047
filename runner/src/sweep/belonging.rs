//! Whether a receipt is of a planned case, and of what was planned: keys alone are only what somebody
//! wrote into it.

use schemas::plan::{PlanSettings, PlannedEngine, PlannedFile};
use schemas::receipt::{EngineRecord, FileIdentity, Receipt};

use super::keys::pairing_key;
use super::lookup::CaseOf;
use crate::limits::{Limits, Override};
use crate::prompt::FormattedPrompt;

/// Why a receipt is not of what was planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// It is of another case.
    Case(String),
    /// It is of this case with another model, engine or file of limits.
    Build(String),
}

/// Holds a receipt against the plan.
pub fn check(of: &CaseOf<'_>, receipt: &Receipt) -> Result<(), Stranger> {
    check_case(of, receipt).map_err(Stranger::Case)?;
    let differing = builds(of, receipt)
        .into_iter()
        .find_map(|(what, is_same)| (!is_same).then(|| format!("{what} is other than the plan's")));
    let identity = receipt.case.as_ref().map(|keys| &keys.identity);
    match differing {
        Some(differing) => Err(Stranger::Build(differing)),
        None if identity != Some(&of.case.keys.identity) => Err(Stranger::Build(
            "its identity is other than the plan's".to_owned(),
        )),
        None => Ok(()),
    }
}

/// The question that it answers.
fn check_case(of: &CaseOf<'_>, receipt: &Receipt) -> Result<(), String> {
    let planned = &of.case.keys;
    let keys = receipt.case.as_ref().ok_or("it is of no sweep")?;
    if (&keys.id, &keys.pairing_key) != (&planned.id, &planned.pairing_key) {
        return Err(format!("it is of the case {}", keys.id));
    }
    let (comparison, engines) = (of.comparison, &receipt.engines);
    if receipt.profile != comparison.profile {
        return Err(format!("its profile is {}", receipt.profile.name()));
    }
    if engines.candidate.name != comparison.candidate
        || engines.reference.name != comparison.reference
    {
        let names = [&engines.candidate.name, &engines.reference.name];
        return Err(format!("it compares {} with {}", names[0], names[1]));
    }
    let prompt = &receipt.prompt;
    // Of these the key is made; how the text came to be does not matter.
    let formatted = FormattedPrompt {
        template: "",
        chat: None,
        in_reference_model: None,
        text: prompt.formatted.as_bytes().to_vec(),
        bos: prompt.bos,
        parse_special: prompt.parse_special,
    };
    if pairing_key(comparison, of.settings, &formatted, &of.case.template) != planned.pairing_key {
        return Err("its prompt makes another key".to_owned());
    }
    check_size(of.settings, receipt)
}

/// How much of the prompt was evaluated.
fn check_size(settings: &PlanSettings, receipt: &Receipt) -> Result<(), String> {
    let n_tokens = receipt.tokens.as_ref().map(|tokens| tokens.len() as u64);
    let largest = settings.max_positions.unwrap_or(u64::MAX);
    if n_tokens.is_some_and(|n| n > largest)
        || receipt.prompt_tokens.is_some() && n_tokens != Some(largest)
    {
        let (n, all) = (n_tokens.unwrap_or(0), receipt.prompt_tokens.unwrap_or(0));
        return Err(format!(
            "it has {n} tokens of {all}, which is not what was planned"
        ));
    }
    let asked = settings.greedy_steps;
    match receipt.greedy {
        Some(_) if receipt.greedy_steps != asked => {
            let found = receipt.greedy_steps;
            Err(format!("it has {found} greedy steps, {asked} were planned"))
        }
        _ => Ok(()),
    }
}

/// All that can be other without another question being asked, and whether it is the same.
fn builds(of: &CaseOf<'_>, receipt: &Receipt) -> [(&'static str, bool); 6] {
    let (model, engines) = (of.model, &receipt.engines);
    let overrides: Vec<Override> = of
        .comparison
        .overrides
        .iter()
        .map(|it| (it.metric, it.value))
        .collect();
    let limits = Limits::new(of.comparison.limits.as_ref(), &overrides);
    [
        (
            "its model",
            is_file(Some(&model.file), Some(&receipt.model)),
        ),
        (
            "the reference's model",
            is_file(model.reference.as_ref(), receipt.reference_model.as_ref()),
        ),
        (
            "its tokenizer",
            is_file(model.tokenizer.as_ref(), receipt.tokenizer.as_ref()),
        ),
        (
            "the build of the candidate",
            is_engine(of.candidate, &engines.candidate),
        ),
        (
            "the build of the reference",
            is_engine(of.reference, &engines.reference),
        ),
        (
            "the limits",
            limits.applied() == receipt.limits && limits.file() == receipt.limits_file.as_ref(),
        ),
    ]
}

fn is_file(planned: Option<&PlannedFile>, found: Option<&FileIdentity>) -> bool {
    planned.map(|file| &file.identity.sha256) == found.map(|file| &file.sha256)
}

/// An engine that could not be asked says nothing of itself, and then nothing was compared.
fn is_engine(planned: &PlannedEngine, found: &EngineRecord) -> bool {
    let is_version = found
        .version
        .as_ref()
        .is_none_or(|it| *it == planned.version);
    let is_build = found.build.as_ref().is_none_or(|it| *it == planned.build);
    is_version && is_build
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::lookup;
    use crate::sweep::testing::{Sweep, Told};
    use schemas::receipt::Profile;
    use schemas::tokenize::Bos;

    /// What is found of the second of two cases after this change.
    fn found(told: Told, change: fn(&mut Sweep)) -> Result<(), Stranger> {
        let mut sweep = Sweep::of(&[told, told]);
        change(&mut sweep);
        let cases = lookup::cases(&sweep.plan).expect("a plan");
        check(&cases[1], &sweep.receipts[1])
    }

    #[test]
    fn every_kind_of_receipt_is_its_own_cases() {
        let all = [
            Told::Same,
            Told::OtherTokens,
            Told::TimedOut,
            Told::Floors(0.5),
        ];
        for told in all {
            assert_eq!(found(told, |_| ()), Ok(()), "{told:?}");
        }
    }

    /// A stale reference, another model or other limits: the keys may say what they like.
    #[test]
    fn another_build_is_noticed_with_the_planned_identity() {
        type Change = fn(&mut Sweep);
        let changes: [(Change, &str); 6] = [
            (
                |sweep| sweep.receipts[1].model.sha256.push('0'),
                "its model",
            ),
            (
                |sweep| {
                    let model = sweep.receipts[1].model.clone();
                    sweep.receipts[1].tokenizer = Some(model);
                },
                "its tokenizer",
            ),
            (
                |sweep| sweep.receipts[1].engines.candidate.version = Some("0.0.9".to_owned()),
                "the build of the candidate",
            ),
            (
                |sweep| {
                    let reference = &mut sweep.receipts[1].engines.reference;
                    let build = reference.build.as_mut().expect("a build");
                    build.library.as_mut().expect("a library").version.push('1');
                },
                "the build of the reference",
            ),
            (
                |sweep| {
                    sweep.receipts[1].limits.pop();
                },
                "the limits",
            ),
            (
                |sweep| {
                    let keys = sweep.receipts[1].case.as_mut().expect("keys");
                    keys.identity.push('0');
                },
                "its identity",
            ),
        ];
        for (change, what) in changes {
            let expected = format!("{what} is other than the plan's");
            assert_eq!(
                found(Told::Floors(0.5), change),
                Err(Stranger::Build(expected))
            );
        }
    }

    #[test]
    fn a_receipt_of_another_question_is_of_another_case() {
        type Change = fn(&mut Sweep);
        let changes: [(Change, &str); 8] = [
            (|sweep| sweep.receipts.swap(0, 1), "it is of the case "),
            (|sweep| sweep.receipts[1].case = None, "it is of no sweep"),
            (
                |sweep| sweep.receipts[1].profile = Profile::F32,
                "its profile is f32",
            ),
            (
                |sweep| sweep.receipts[1].engines.reference.name.push('2'),
                "it compares rust-engine with llama-scalar2",
            ),
            (
                |sweep| sweep.receipts[1].prompt.bos = Bos::No,
                "its prompt makes another key",
            ),
            (
                |sweep| {
                    let keys = sweep.receipts[1].case.clone();
                    sweep.receipts[1] = sweep.receipts[0].clone();
                    sweep.receipts[1].case = keys;
                },
                "its prompt makes another key",
            ),
            (
                |sweep| sweep.receipts[1].prompt_tokens = Some(9),
                "it has 3 tokens of 9",
            ),
            (
                |sweep| sweep.plan.settings.max_positions = Some(2),
                "its prompt makes another key",
            ),
        ];
        for (change, what) in changes {
            let Err(Stranger::Case(told)) = found(Told::Same, change) else {
                panic!("expected: {what}");
            };
            assert!(told.starts_with(what), "{told}, expected: {what}");
        }
    }
}
