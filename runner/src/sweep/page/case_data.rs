//! What the page's script knows of a case.

use schemas::plan::{Plan, PlannedComparison};
use schemas::receipt::{PromptRecord, Receipt, TokensFrom};
use schemas::row::GreedyStretch;
use schemas::run_summary::RowPlace;
use schemas::tokenize::Text;
use serde::Serialize;

use super::cells::{Binning, Cells};
use super::entry::{Entry, verdict_class};
use super::markup::shown_lines;
use crate::gate::PromptWords;
use crate::symptoms::Subject;
use crate::text::{escape_bytes_for_terminal, escape_for_terminal, quote_for_sh};

/// Characters of a prompt that are shown; the receipt has the rest.
const PROMPT_CHARACTERS: usize = 2000;
/// Characters of a prompt that a command to copy may have: a page has a thousand of them.
const COMMAND_CHARACTERS: usize = 300;
/// Greedy steps that are shown before the first difference, and behind it.
const STEPS_BEFORE: usize = 8;
const STEPS_BEHIND: usize = 24;
/// Tokens that are shown before the first that differs, and behind it.
const TOKENS_BEFORE: usize = 8;
const TOKENS_BEHIND: usize = 12;

/// A case. All texts are as they are shown.
#[derive(Debug, Serialize)]
pub(super) struct CaseData {
    id: String,
    /// The comparison's place in the plan.
    comparison: usize,
    set: String,
    prompt: String,
    verdict: &'static str,
    class: &'static str,
    code: u8,
    exit: &'static str,
    reason: String,
    template: String,
    first_bad: Option<RowPlace>,
    pub(super) commands: Vec<String>,
    /// What its receipt says, where there is one.
    receipt: Option<ReceiptData>,
}

/// What a receipt says.
#[derive(Debug, Serialize)]
struct ReceiptData {
    positions: u64,
    steps: u64,
    cells: Option<Cells>,
    prompt: ShownPrompt,
    warnings: Vec<String>,
    /// What the first row that diverged breaks.
    broken: Vec<String>,
    tokens: TokenFacts,
    traces: Vec<Trace>,
    /// The variants of the floor, as a place in the page's list.
    floor: Option<usize>,
    no_floor: Option<String>,
    digest: String,
}

/// A prompt before and after its template.
#[derive(Debug, Serialize)]
struct ShownPrompt {
    text: String,
    /// Characters that are not shown.
    more: usize,
    system: Option<String>,
    /// What the template put before and behind it.
    around: Option<[String; 2]>,
    /// Where the text is not in it as it was.
    formatted: Option<String>,
    bos: schemas::tokenize::Bos,
    template: String,
}

/// The tokens of a prompt.
#[derive(Debug, Serialize)]
struct TokenFacts {
    count: usize,
    from_reference: bool,
    /// How many the whole prompt has, where only the first were evaluated.
    of: Option<u64>,
    mismatch: Option<Trace>,
}

/// Tokens of both engines side by side.
#[derive(Debug, Serialize)]
pub(super) struct Trace {
    /// The number of the first one shown.
    pub(super) from: u64,
    /// Absent where they are the reference's.
    pub(super) candidate: Option<Vec<u32>>,
    pub(super) reference: Vec<u32>,
    /// The first that differs, counted like `from`.
    pub(super) first_difference: Option<u64>,
    /// Tokens of the longer side that are not shown.
    pub(super) more: usize,
}

impl Trace {
    /// Both engines' tokens around the first difference.
    fn of(ids: [&[u32]; 2], first: u64, difference: Option<u64>, room: (usize, usize)) -> Self {
        let at = difference.map_or(0, |it| usize::try_from(it).unwrap_or(usize::MAX));
        let from = at.saturating_sub(room.0);
        let window = |ids: &[u32]| -> Vec<u32> {
            let shown = ids.iter().skip(from).take(at - from + room.1);
            shown.copied().collect()
        };
        let [candidate, reference] = ids;
        let longest = candidate.len().max(reference.len());
        Self {
            from: first.saturating_add(from as u64),
            candidate: difference.map(|_| window(candidate)),
            reference: window(reference),
            first_difference: difference.map(|it| first.saturating_add(it)),
            more: longest.saturating_sub(at.saturating_add(room.1)),
        }
    }

    pub(super) fn of_stretch(stretch: &GreedyStretch) -> Self {
        Self::of(
            [&stretch.candidate_ids, &stretch.reference_ids],
            stretch.first_step,
            stretch.first_difference,
            (STEPS_BEFORE, STEPS_BEHIND),
        )
    }

    fn of_mismatch(receipt: &Receipt) -> Option<Self> {
        let ids = [receipt.rust_tokens.as_ref()?, receipt.cpp_tokens.as_ref()?];
        let ids = ids.map(Vec::as_slice);
        let room = (TOKENS_BEFORE, TOKENS_BEHIND);
        receipt
            .first_diff_idx
            .map(|it| Self::of(ids, 0, Some(it), room))
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        let candidate = self.candidate.iter().flatten();
        candidate.chain(&self.reference).copied()
    }
}

impl CaseData {
    /// Of a case with its receipt, where it has one that counts.
    pub(super) fn of(
        entry: &Entry<'_>,
        plan: &Plan,
        receipt: Option<(&Receipt, Option<usize>)>,
        binning: Binning,
    ) -> Self {
        let planned = entry.planned;
        let word = entry.word();
        Self {
            id: planned.keys.id.clone(),
            comparison: entry.comparison,
            set: escape_for_terminal(&planned.prompt_set),
            prompt: planned.prompt.to_string(),
            verdict: word,
            class: verdict_class(word),
            code: entry.exit().code(),
            exit: entry.exit().name(),
            reason: escape_for_terminal(entry.reason()),
            template: escape_for_terminal(&planned.template),
            first_bad: entry.summary.and_then(|it| it.first_bad),
            commands: commands(entry, plan, receipt.map(|it| it.0)),
            receipt: receipt.map(|(receipt, floor)| ReceiptData::of(receipt, floor, binning)),
        }
    }

    /// Greedy steps of both engines.
    pub(super) fn traces(&self) -> impl Iterator<Item = &Trace> {
        self.receipt.iter().flat_map(|it| &it.traces)
    }

    /// The tokens that it shows.
    pub(super) fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        let receipts = self.receipt.iter();
        receipts.flat_map(|it| {
            let of_cells = it.cells.iter().flat_map(|cells| cells.ids.iter().copied());
            let traces = it.traces.iter().chain(&it.tokens.mismatch);
            of_cells.chain(traces.flat_map(Trace::ids))
        })
    }
}

impl ReceiptData {
    fn of(receipt: &Receipt, floor: Option<usize>, binning: Binning) -> Self {
        let all = |words: &[String]| words.iter().map(|it| escape_for_terminal(it)).collect();
        let mut rows = receipt.rows();
        let first = rows.find(|row| !row.broken.is_empty());
        Self {
            positions: receipt.positions.len() as u64,
            steps: receipt
                .greedy
                .iter()
                .flatten()
                .map(|it| it.steps.len() as u64)
                .sum(),
            cells: Cells::of(receipt, binning),
            prompt: ShownPrompt::of(&receipt.prompt),
            warnings: all(&receipt.warnings),
            broken: first.map_or(Vec::new(), |row| all(&row.broken)),
            tokens: TokenFacts {
                count: receipt.tokens.as_ref().map_or(0, Vec::len),
                from_reference: receipt.tokens_from == Some(TokensFrom::Reference),
                of: receipt.prompt_tokens,
                mismatch: Trace::of_mismatch(receipt),
            },
            traces: receipt
                .greedy
                .iter()
                .flatten()
                .map(Trace::of_stretch)
                .collect(),
            floor,
            no_floor: receipt.no_floor.as_deref().map(escape_for_terminal),
            digest: receipt.digest.clone(),
        }
    }
}

impl ShownPrompt {
    fn of(prompt: &PromptRecord) -> Self {
        let (text, more) = shown_text(&prompt.text);
        let around = around(prompt.text.as_bytes(), prompt.formatted.as_bytes());
        let formatted = around.is_none().then(|| shown_text(&prompt.formatted).0);
        let system = prompt.system.as_deref();
        Self {
            text,
            more,
            system: system.map(|it| shown_lines(it, PROMPT_CHARACTERS).0),
            around,
            formatted,
            bos: prompt.bos,
            template: escape_for_terminal(&prompt.template),
        }
    }
}

fn shown_text(text: &Text) -> (String, usize) {
    match text {
        Text::Utf8(text) => shown_lines(text, PROMPT_CHARACTERS),
        Text::Raw(raw) => {
            let shown = escape_bytes_for_terminal(&raw.bytes);
            let cut: String = shown.chars().take(PROMPT_CHARACTERS).collect();
            let more = shown.chars().count() - cut.chars().count();
            (cut, more)
        }
    }
}

/// What stands before and behind `text` in `formatted`, so that the text is in the page but once.
fn around(text: &[u8], formatted: &[u8]) -> Option<[String; 2]> {
    let at = match text {
        [] => return None,
        text => formatted.windows(text.len()).position(|it| it == text)?,
    };
    let (before, behind) = (&formatted[..at], &formatted[at + text.len()..]);
    let shown = |bytes: &[u8]| shown_text(&Text::from_bytes(bytes.to_vec())).0;
    Some([shown(before), shown(behind)])
}

/// What to run to see it again.
fn commands(entry: &Entry<'_>, plan: &Plan, receipt: Option<&Receipt>) -> Vec<String> {
    let id = quote_for_sh(entry.id());
    if entry.summary.is_none() {
        return vec![format!("lockstep rerun RUN --id {id}")];
    }
    let mut commands = vec![format!("lockstep replay RUN {id}")];
    let comparison = plan.comparisons.get(entry.comparison);
    let prompt = receipt.map(|it| &it.prompt);
    if let (Some(comparison), Some(prompt), false) = (comparison, prompt, entry.is_sound()) {
        commands.extend(per_token(comparison, plan, prompt));
    }
    commands
}

fn per_token(comparison: &PlannedComparison, plan: &Plan, prompt: &PromptRecord) -> Option<String> {
    let Text::Utf8(text) = &prompt.text else {
        return None;
    };
    let model = plan.models.iter().find(|it| it.label == comparison.model)?;
    let system = prompt.system.as_ref();
    let length = text.chars().count() + system.map_or(0, |it| it.chars().count());
    if length > COMMAND_CHARACTERS || model.reference.is_some() || model.tokenizer.is_some() {
        return None;
    }
    let subject = Subject {
        model: model.file.path.clone(),
        prompt: PromptWords::Text(text.clone()),
        template: Some(prompt.template_asked.clone()),
        candidate: comparison.candidate.clone(),
        reference: comparison.reference.clone(),
        profile: comparison.profile,
        micro_batch: None,
    };
    let steps = plan.settings.greedy_steps.to_string();
    let system = system.map(|it| format!("--system-prompt={it}"));
    let mut flags = vec!["--max-tokens", &steps];
    flags.extend(system.as_deref());
    Some(subject.per_token(&flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_told_apart_from_the_prompt() {
        let strings = |before: &str, behind: &str| Some([before.to_owned(), behind.to_owned()]);
        assert_eq!(around(b"Hi", b"<u>Hi</u>"), strings("<u>", "</u>"));
        assert_eq!(around(b"Hi", b"Hi"), strings("", ""));
        assert_eq!(around(b"Hi ", b"<u>Hi</u>"), None, "it was trimmed");
        assert_eq!(around(b"", b"x"), None);
    }

    #[test]
    fn traces_show_what_is_around_the_first_difference() {
        let ids: Vec<u32> = (0..100).collect();
        let mut other = ids.clone();
        other[50] = 999;
        let trace = Trace::of([&other, &ids], 10, Some(50), (8, 24));
        assert_eq!((trace.from, trace.first_difference), (52, Some(60)));
        assert_eq!((trace.reference.len(), trace.more), (32, 26));
        assert_eq!(trace.candidate.expect("it differs")[8], 999);
        let same = Trace::of([&ids, &ids], 0, None, (8, 24));
        assert_eq!((same.candidate, same.reference.len()), (None, 24));
        let shorter = Trace::of([&ids[..3], &ids], 0, Some(3), (8, 12));
        assert_eq!(shorter.candidate.map(|it| it.len()), Some(3));
        // A number that no list has: a receipt is not trusted.
        let beyond = Trace::of([&ids, &ids], u64::MAX, Some(u64::MAX), (8, 12));
        assert!(beyond.reference.is_empty());
    }
}
