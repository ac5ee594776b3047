//! The cases of a comparison: every prompt with every template around it, and a context that is enough
//! for all of them.

use std::collections::BTreeMap;

use schemas::plan::{PlanSettings, PlannedCase, PlannedComparison, PlannedModel};

use super::checked::Sweep;
use super::error::PlanError;
use super::keys::{self, Builds};
use super::models::ReadModel;
use crate::engine::Supervision;
use crate::prompt::{self, AskedPrompt, Choice, FormattedPrompt};
use crate::prompt_set::SetPrompt;
use crate::text::escape_for_terminal;

/// Tokens of a text beside one for each of its bytes: BOS, EOS, and what a tokenizer puts before a text.
const EXTRA_TOKENS: u64 = 8;

/// What llama.cpp rounds contexts up to.
const SMALLEST_CONTEXT: u64 = 256;

/// A prompt with a template around it.
pub(super) struct Formatted<'a> {
    /// The index of its set.
    set: usize,
    prompt: &'a SetPrompt,
    template: &'a Choice,
    text: FormattedPrompt,
}

/// Puts the templates around the prompts, in their order.
pub(super) fn format<'a>(
    sweep: &'a Sweep,
    label: &str,
    model: &ReadModel,
    supervision: &Supervision,
) -> Result<Vec<Formatted<'a>>, PlanError> {
    let mut all = Vec::new();
    for (index, set) in sweep.sets.iter().enumerate() {
        for prompt in &set.get_ref().prompts {
            let own = prompt.template.as_ref().map(std::slice::from_ref);
            for template in own.unwrap_or(&sweep.templates) {
                let asked = AskedPrompt {
                    template: template.clone(),
                    ..prompt.asked(&sweep.defaults)
                };
                let (header, reference) = (&model.header, model.reference.as_ref());
                let formatted = prompt::format(&asked, header, reference, supervision);
                let formatted = formatted.map_err(|error| {
                    let problem = format!(
                        "model {}, prompt {} of {}, template {}: {error}",
                        escape_for_terminal(label),
                        prompt.name,
                        escape_for_terminal(&set.get_ref().name),
                        escape_for_terminal(&template.to_string()),
                    );
                    sweep
                        .source
                        .unusable(Some(set.span()), problem, error.exit())
                })?;
                all.push(Formatted {
                    set: index,
                    prompt,
                    template,
                    text: formatted,
                });
            }
        }
    }
    Ok(all)
}

/// A context that is enough for each prompt of a comparison, whose models were made for `own`.
///
/// Receipts repeat the context, so all shards have to ask for the same one, and none of them knows the
/// tokens of the others' prompts. So it is bounded without any tokens: a token stands for a byte at
/// least. A power of two, so that one more prompt seldom changes the identity of all the others. Where
/// a vocabulary spells a byte by several tokens, or memory is dear, the sweep names a context.
pub(super) fn context(formatted: &[Formatted<'_>], settings: &PlanSettings, own: u64) -> u32 {
    let bytes = formatted.iter().map(|it| it.text.text.len() as u64);
    let tokens = bytes.max().unwrap_or(0).saturating_add(EXTRA_TOKENS);
    let tokens = tokens.min(settings.max_positions.unwrap_or(u64::MAX));
    let needed = tokens.saturating_add(settings.greedy_steps.into());
    let needed = needed.max(SMALLEST_CONTEXT).checked_next_power_of_two();
    u32::try_from(needed.unwrap_or(u64::MAX).min(own)).unwrap_or(u32::MAX)
}

/// The cases of one comparison. Two that are the same question are refused: each would be the other's
/// result.
pub(super) fn cases(
    sweep: &Sweep,
    comparison: &PlannedComparison,
    model: &PlannedModel,
    builds: Builds<'_>,
    formatted: &[Formatted<'_>],
) -> Result<Vec<PlannedCase>, PlanError> {
    let mut seen = BTreeMap::new();
    let mut cases = Vec::new();
    for it in formatted {
        let template = it.template.to_string();
        let key = keys::pairing_key(comparison, &sweep.settings, &it.text, &template);
        let keys = keys::keys(key, comparison, model, builds);
        if let Some(other) = seen.insert(keys.id.clone(), it) {
            return Err(twice(sweep, other, it));
        }
        cases.push(PlannedCase {
            keys,
            comparison: comparison.name.clone(),
            prompt_set: sweep.sets[it.set].get_ref().name.clone(),
            prompt: it.prompt.name.clone(),
            template,
        });
    }
    Ok(cases)
}

fn twice(sweep: &Sweep, first: &Formatted<'_>, second: &Formatted<'_>) -> PlanError {
    let name = |it: &Formatted<'_>| {
        let set = &sweep.sets[it.set].get_ref().name;
        format!("{} of {set}", it.prompt.name)
    };
    let problem = format!(
        "the same case twice: prompt {} and prompt {} are one text with template {} (hint: take one \
         of them out)",
        name(first),
        name(second),
        second.template,
    );
    let at = sweep.sets[second.set].span();
    sweep.source.mistake(Some(at), &problem)
}

#[cfg(test)]
mod tests {
    use schemas::line::ItemId;
    use schemas::tokenize::{Bos, Text};

    use super::*;

    fn context_of(n_bytes: usize, max_positions: Option<u64>, greedy_steps: u32, own: u64) -> u32 {
        let plan = include_str!("../../../schemas/examples/plan/valid.one-case.json");
        let plan: schemas::plan::Plan = schemas::line::read(plan).expect("an example");
        let settings = PlanSettings {
            max_positions,
            greedy_steps,
            ..plan.settings
        };
        let prompt = SetPrompt {
            name: ItemId::new("a").expect("an id"),
            text: Text::from_bytes(Vec::new()),
            system: None,
            template: None,
            tags: Vec::new(),
        };
        let formatted = |n_bytes| Formatted {
            set: 0,
            prompt: &prompt,
            template: &Choice::Auto,
            text: FormattedPrompt {
                template: "raw",
                chat: None,
                in_reference_model: None,
                text: vec![b'x'; n_bytes],
                bos: Bos::Model,
                parse_special: false,
            },
        };
        context(&[formatted(n_bytes), formatted(1)], &settings, own)
    }

    #[test]
    fn the_context_is_enough_for_a_token_a_byte() {
        assert_eq!(context_of(10, None, 4, 8192), 256);
        assert_eq!(context_of(244, None, 4, 8192), 256);
        assert_eq!(context_of(245, None, 4, 8192), 512);
        assert_eq!(context_of(5000, Some(252), 4, 8192), 256);
        assert_eq!(context_of(5000, Some(253), 4, 8192), 512);
        assert_eq!(context_of(5000, None, 4, 8192), 8192);
        assert_eq!(context_of(50_000, None, 4, 8192), 8192);
        assert_eq!(context_of(10, None, 4, 64), 64);
        let unknown = u64::from(u32::MAX);
        assert_eq!(context_of(10, None, u32::MAX, unknown), u32::MAX);
    }
}
