//! The form of `sweep.toml`, as it stands there: nothing is looked up, and no two values are held
//! against each other. `docs/sweeps.md` explains it to its authors.
//!
//! An unknown key or a value of another kind is a mistake, with its line.

use std::ops::Range;
use std::path::PathBuf;

use schemas::describe::KvType;
use schemas::plan::PlannedFloor;
use schemas::receipt::{Profile, TokensFrom};
use schemas::tokenize::Bos;
use serde::Deserialize;
use toml::Spanned;

use super::values::{Between, Day, TemplateName, Word};
use crate::prompt_set::PromptFormat;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SweepFile {
    pub(super) name: Option<String>,
    pub(super) templates: Option<Vec<Spanned<TemplateName>>>,
    pub(super) profiles: Option<Vec<Spanned<Word<Profile>>>>,
    #[serde(default)]
    pub(super) model: Vec<Spanned<ModelEntry>>,
    #[serde(default)]
    pub(super) prompts: Vec<Spanned<PromptsEntry>>,
    #[serde(default)]
    pub(super) pair: Vec<Spanned<PairEntry>>,
    #[serde(default)]
    pub(super) settings: SettingsTable,
    #[serde(default)]
    pub(super) limits: LimitsTable,
}

/// One `[[model]]`. Paths begin at the folder of `sweep.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelEntry {
    pub(super) file: Spanned<PathBuf>,
    pub(super) label: Option<String>,
    pub(super) reference_file: Option<Spanned<PathBuf>>,
    pub(super) tokenizer: Option<Spanned<PathBuf>>,
}

/// One `[[prompts]]`: a file, a folder, or the built-in set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PromptsEntry {
    pub(super) file: Option<PathBuf>,
    #[serde(default)]
    pub(super) built_in: bool,
    pub(super) format: Option<Word<PromptFormat>>,
    pub(super) name: Option<String>,
}

/// One `[[pair]]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PairEntry {
    pub(super) candidate: Option<String>,
    pub(super) reference: Option<String>,
}

type Threads = Between<1, 512>;
type Tokens = Between<1, 2_147_483_647>;

/// `[settings]`: the flags of `per-token` that hold for all cases.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsTable {
    pub(super) threads: Option<Threads>,
    pub(super) candidate_threads: Option<Threads>,
    pub(super) reference_threads: Option<Threads>,
    pub(super) max_tokens: Option<Between<0, 2_147_483_647>>,
    pub(super) max_positions: Option<Tokens>,
    pub(super) micro_batch: Option<Tokens>,
    pub(super) candidate_micro_batch: Option<Tokens>,
    pub(super) candidate_flash_attention: Option<bool>,
    pub(super) kv: Option<Spanned<Word<KvType>>>,
    pub(super) floor: Option<Spanned<Word<PlannedFloor>>>,
    pub(super) tokens_from: Option<Word<TokensFrom>>,
    pub(super) system_prompt: Option<String>,
    pub(super) bos: Option<Word<Bos>>,
    pub(super) template_date: Option<Spanned<Day>>,
    #[serde(default)]
    pub(super) allow_small: bool,
    pub(super) context: Option<Tokens>,
}

/// `[limits]`: files of limits by profile, and values over them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsTable {
    pub(super) f32: Option<Spanned<PathBuf>>,
    pub(super) production: Option<Spanned<PathBuf>>,
    pub(super) cosine: Option<Spanned<f64>>,
    pub(super) mse: Option<Spanned<f64>>,
    pub(super) nmse: Option<Spanned<f64>>,
    pub(super) max_abs: Option<Spanned<f64>>,
    pub(super) kl: Option<Spanned<f64>>,
    pub(super) top5_overlap: Option<Spanned<f64>>,
}

/// What is wrong with a text, and where.
pub(super) type Mistake = (Option<Range<usize>>, String);

/// Reads the text of a `sweep.toml`.
pub(super) fn parse(text: &str) -> Result<SweepFile, Mistake> {
    toml::from_str(text).map_err(|error| (error.span(), error.message().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::line_of;

    /// A mistake on its third line.
    fn mistake(third: &str) -> String {
        let text = format!("\n\n{third}\n");
        let (span, problem) = parse(&text).expect_err("a mistake");
        let line = line_of(&text, span.expect("a place").start);
        assert_eq!(line, 3, "{third}: {problem}");
        problem
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_what_is_expected() {
        for (third, expected) in [
            ("nam = \"nightly\"", "unknown field `nam`"),
            ("name = 3", "expected a string"),
            (
                "templates = [\"raw\", \"chatml\"]",
                "unknown template \"chatml\" (known: raw, ",
            ),
            (
                "profiles = [\"fast\"]",
                "expected one of `exact`, `f32`, `production`",
            ),
            ("profiles = \"exact\"", "expected a sequence"),
            (
                "model = [{ file = \"m\", labl = \"x\" }]",
                "unknown field `labl`",
            ),
            ("model = [{ label = \"x\" }]", "missing field `file`"),
            ("pair = [{ candidat = \"x\" }]", "unknown field `candidat`"),
            (
                "settings = { threads = 0 }",
                "found 0, expected a number from 1 to 512",
            ),
            ("settings = { threads = 2.5 }", "expected i64"),
            (
                "settings = { max_tokens = -1 }",
                "found -1, expected a number from 0",
            ),
            (
                "settings = { bos = true }",
                "boolean `true`, expected a string",
            ),
            ("settings = { bos = { no = 1 } }", "map, expected a string"),
            (
                "prompts = [{ format = \"tsv\" }]",
                "expected one of `jsonl`, `csv`, `lines`",
            ),
            (
                "settings = { bos = \"maybe\" }",
                "expected one of `model`, `yes`, `no`",
            ),
            ("settings = { kv = \"q8_0\" }", "expected `f16` or `f32`"),
            (
                "settings = { floor = \"never\" }",
                "expected one of `auto`, `require`, `off`",
            ),
            (
                "settings = { tokens_from = \"candidate\" }",
                "expected `agreed` or `reference`",
            ),
            ("settings = { template_date = \"today\" }", "today"),
            (
                "settings = { thread = 1 }",
                "unknown field `thread`, expected one of `threads`",
            ),
            ("limits = { mean = 1.0 }", "unknown field `mean`"),
            ("limits = { mse = \"small\" }", "expected f64"),
            ("name = \"a\" name = \"b\"", ""),
        ] {
            let problem = mistake(third);
            assert!(
                problem.contains(expected),
                "{problem} does not say {expected}"
            );
        }
    }
}
