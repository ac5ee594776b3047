//! A sweep whose values make sense together: in goes what `sweep.toml` says, out come prompts, limits
//! and settings, by the same rules as those of the command line. Of models only the names are known
//! yet, and no engine was asked.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use schemas::plan::{PlanSettings, PlannedFloor};
use schemas::receipt::{Profile, TokensFrom};
use toml::Spanned;

use super::error::PlanError;
use super::file::{ModelEntry, PairEntry, PromptsEntry, SettingsTable, SweepFile};
use super::source::Source;
use super::terms::{self, Terms};
use crate::engine::catalogue::DEFAULT_CANDIDATE;
use crate::prompt::{Choice, Date, Template};
use crate::prompt_set::{self, PromptDefaults, PromptSet};
use crate::request::{Choices, FloorMode};

/// As many as `per-token` compares.
const GREEDY_STEPS: u32 = 4;

/// A sweep whose values make sense together.
#[derive(Debug)]
pub(super) struct Sweep {
    pub(super) source: Source,
    pub(super) name: String,
    pub(super) settings: PlanSettings,
    /// The context that is asked for in place of one that is enough.
    pub(super) context: Option<u32>,
    /// The templates of prompts that have none of their own.
    pub(super) templates: Vec<Choice>,
    /// What holds for prompts beside their template.
    pub(super) defaults: PromptDefaults,
    pub(super) models: Vec<Spanned<Model>>,
    pub(super) sets: Vec<Spanned<PromptSet>>,
    pub(super) pairs: Vec<Spanned<Pair>>,
    pub(super) terms: Vec<Terms>,
}

/// A model as the sweep names it.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) label: String,
    pub(super) file: Spanned<PathBuf>,
    pub(super) reference_file: Option<Spanned<PathBuf>>,
    pub(super) tokenizer: Option<Spanned<PathBuf>>,
}

/// Who is compared with whom.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) candidate: String,
    /// `None`: the one of the profile.
    pub(super) reference: Option<String>,
}

/// Checks all values, and reads prompts and limits.
pub(super) fn check(source: Source, file: SweepFile) -> Result<Sweep, PlanError> {
    let profiles = match file.profiles {
        None => vec![Spanned::new(0..0, Profile::Exact)],
        Some(profiles) => profiles
            .into_iter()
            .map(|it| Spanned::new(it.span(), it.into_inner().0))
            .collect(),
    };
    let words = profiles.iter().map(|it| (it.span(), it.get_ref().name()));
    not_empty_nor_twice(&source, "profiles", words)?;
    let raw = Choice::BuiltIn(Template::Raw);
    let templates: Vec<_> = match file.templates {
        None => vec![Spanned::new(0..0, raw.clone())],
        Some(templates) => templates
            .into_iter()
            .map(|it| Spanned::new(it.span(), it.into_inner().0))
            .collect(),
    };
    let words = templates.iter().map(|it| (it.span(), it.get_ref()));
    not_empty_nor_twice(&source, "templates", words)?;
    let models = models(&source, file.model)?;
    let sets = prompt_sets(&source, file.prompts)?;
    let templates: Vec<_> = templates.into_iter().map(Spanned::into_inner).collect();
    let profiles: Vec<_> = profiles.into_iter().map(Spanned::into_inner).collect();
    let terms = terms::of_profiles(&source, &profiles, file.limits)?;
    let context = file.settings.context.map(|it| it.0);
    check_settings(&source, &file.settings, &profiles)?;
    let date = day(&source, &file.settings, &templates, &sets)?;
    let settings = settings(file.settings, date);
    let mut pairs: Vec<_> = file.pair.into_iter().map(pair).collect();
    if pairs.is_empty() {
        pairs.push(pair(Spanned::new(0..0, PairEntry::default())));
    }
    Ok(Sweep {
        name: file.name.unwrap_or_else(|| source.stem()),
        context,
        defaults: PromptDefaults {
            template: raw,
            system: settings.system.clone(),
            bos: settings.bos,
            date,
        },
        settings,
        templates,
        models,
        sets,
        pairs,
        terms,
        source,
    })
}

fn not_empty_nor_twice<T: ToString>(
    source: &Source,
    key: &str,
    values: impl Iterator<Item = (Range<usize>, T)>,
) -> Result<(), PlanError> {
    let mut seen = BTreeSet::new();
    for (at, value) in values {
        let word = value.to_string();
        if seen.contains(&word) {
            return Err(source.mistake(Some(at), &format!("`{key}` has {word} twice")));
        }
        seen.insert(word);
    }
    if seen.is_empty() {
        return Err(source.mistake(None, &format!("`{key}` is empty, expected at least one")));
    }
    Ok(())
}

fn models(
    source: &Source,
    entries: Vec<Spanned<ModelEntry>>,
) -> Result<Vec<Spanned<Model>>, PlanError> {
    if entries.is_empty() {
        let problem = "no [[model]], expected at least one with `file`";
        return Err(source.mistake(None, problem));
    }
    let models = entries.into_iter().map(|entry| {
        let at = entry.span();
        let entry = entry.into_inner();
        let file_name = entry.file.get_ref().file_name().unwrap_or_default();
        let file_name = file_name.to_string_lossy().into_owned();
        let model = Model {
            label: entry.label.unwrap_or(file_name),
            file: entry.file,
            reference_file: entry.reference_file,
            tokenizer: entry.tokenizer,
        };
        Spanned::new(at, model)
    });
    let models: Vec<_> = models.collect();
    let mut labels = BTreeSet::new();
    for model in &models {
        let label = &model.get_ref().label;
        if !labels.insert(label) {
            let problem = format!("a model before it is called {label} (hint: give it a `label`)");
            return Err(source.mistake(Some(model.span()), &problem));
        }
    }
    Ok(models)
}

fn prompt_sets(
    source: &Source,
    entries: Vec<Spanned<PromptsEntry>>,
) -> Result<Vec<Spanned<PromptSet>>, PlanError> {
    if entries.is_empty() {
        let problem = "no [[prompts]], expected at least one with `file`, or `built_in = true`";
        return Err(source.mistake(None, problem));
    }
    let mut names = BTreeSet::new();
    let mut sets = Vec::new();
    for entry in entries {
        let at = entry.span();
        let set = prompt_set(source, &at, entry.into_inner())?;
        if !names.insert(set.name.clone()) {
            let problem = format!(
                "a prompt set before it is called {} (hint: give it a `name`)",
                set.name
            );
            return Err(source.mistake(Some(at), &problem));
        }
        sets.push(Spanned::new(at, set));
    }
    Ok(sets)
}

fn prompt_set(
    source: &Source,
    at: &Range<usize>,
    entry: PromptsEntry,
) -> Result<PromptSet, PlanError> {
    let mistake = |problem| source.mistake(Some(at.clone()), problem);
    let set = match (entry.built_in, entry.file) {
        (true, None) if entry.format.is_none() => Ok(prompt_set::built_in()),
        (true, None) => {
            return Err(mistake(
                "`format` is that of a file, and `built_in` is none",
            ));
        }
        (false, Some(file)) => {
            prompt_set::read_as(&source.folder().join(file), entry.format.map(|it| it.0))
        }
        (true, Some(_)) => return Err(mistake("both `file` and `built_in`, expected one of them")),
        (false, None) => return Err(mistake("expected `file`, or `built_in = true`")),
    };
    let mut set =
        set.map_err(|error| source.unusable(Some(at.clone()), error.to_string(), error.exit()))?;
    if let Some(name) = entry.name {
        set.name = name;
    }
    Ok(set)
}

fn pair(entry: Spanned<PairEntry>) -> Spanned<Pair> {
    let at = entry.span();
    let entry = entry.into_inner();
    let candidate = entry.candidate;
    Spanned::new(
        at,
        Pair {
            candidate: candidate.unwrap_or_else(|| DEFAULT_CANDIDATE.to_owned()),
            reference: entry.reference,
        },
    )
}

/// The rules of the command line.
fn check_settings(
    source: &Source,
    settings: &SettingsTable,
    profiles: &[Profile],
) -> Result<(), PlanError> {
    if let Some(kv) = &settings.kv {
        let choices = Choices {
            kv: Some(kv.get_ref().0),
            ..Choices::default()
        };
        for &profile in profiles {
            choices.check_kv(profile).map_err(|problem| {
                source.mistake(Some(kv.span()), &format!("`kv` is f16: {problem}"))
            })?;
        }
    }
    if let Some(floor) = &settings.floor {
        let mode = Some(FloorMode::of_plan(floor.get_ref().0));
        let fits = profiles.iter().map(|&it| FloorMode::of_profile(it, mode));
        // One profile that has a floor is enough.
        let fits: Result<Vec<_>, _> = fits.collect();
        if let Err(problem) = fits
            && !profiles.contains(&Profile::Production)
        {
            let problem = format!("`floor`: {problem}");
            return Err(source.mistake(Some(floor.span()), &problem));
        }
    }
    Ok(())
}

/// The day that templates are told; some template has to ask for one.
fn day(
    source: &Source,
    settings: &SettingsTable,
    templates: &[Choice],
    sets: &[Spanned<PromptSet>],
) -> Result<Option<Date>, PlanError> {
    let Some(day) = &settings.template_date else {
        return Ok(None);
    };
    let prompts = sets.iter().flat_map(|set| &set.get_ref().prompts);
    let own = prompts.filter_map(|prompt| prompt.template.as_ref());
    if !templates.iter().chain(own).any(Choice::asks_for_day) {
        let problem = "`template_date`: no template asks for a day (hint: gguf may)";
        return Err(source.mistake(Some(day.span()), problem));
    }
    Ok(Some(day.get_ref().0))
}

fn settings(table: SettingsTable, date: Option<Date>) -> PlanSettings {
    let threads = table.threads;
    PlanSettings {
        greedy_steps: table.max_tokens.map_or(GREEDY_STEPS, |it| it.0),
        max_positions: table.max_positions.map(|it| it.0.into()),
        tokens_from: table.tokens_from.map_or(TokensFrom::Agreed, |it| it.0),
        candidate_threads: table.candidate_threads.or(threads).map(|it| it.0),
        reference_threads: table.reference_threads.or(threads).map(|it| it.0),
        micro_batch: table.micro_batch.map(|it| it.0),
        candidate_micro_batch: table.candidate_micro_batch.map(|it| it.0),
        candidate_flash_attention: table.candidate_flash_attention,
        kv: table.kv.map(|it| it.into_inner().0),
        floor: table
            .floor
            .map_or(PlannedFloor::Auto, |it| it.into_inner().0),
        system: table.system_prompt,
        bos: table.bos.map(|it| it.0),
        template_date: date.map(|date| date.to_string()),
        allow_small: table.allow_small,
    }
}
