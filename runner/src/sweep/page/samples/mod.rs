//! Runs to look at: a sound one, one of a broken engine, one of another tokenizer, one that is not
//! complete, one that is as large as a page has to bear. `scripts/test-report.sh` opens their pages in a
//! browser; it names the folder for them in `LOCKSTEP_PAGES`.

pub(super) mod summary;

use std::fs;
use std::path::Path;

use gguf::{Array, Value};
use schemas::floor::RowExcess;
use schemas::number::Finite;
use schemas::receipt::{Receipt, Verdict};
use schemas::row::{GreedyStretch, PositionRow, RowRecord};
use schemas::tokenize::Text;

use super::render;
use crate::results::FAILING;
use crate::sweep::testing::{Sweep, Told};

/// What a hostile vocabulary has among its words.
const HOSTILE: [&str; 8] = [
    "<script>document.title='owned'</script>",
    "</script><img src=x onerror=\"document.title='owned'\">",
    "\u{202e}txt.exe",
    "a\u{2028}b",
    "nul\0byte",
    "-->",
    "<!--",
    "\u{1f600}\u{0}",
];
const WORDS: [&str; 16] = [
    "Ġthe",
    "Ġof",
    "Ġmoon",
    "Ġis",
    "Ġfar",
    ",",
    ".",
    "Ċ",
    "ing",
    "ĠHow",
    "Ġto",
    "ĠCafÃ©",
    "Ġa",
    "ĠÙ",
    "Ġfn",
    "(",
];

/// The same numbers on every day.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(super) fn below(&mut self, end: u32) -> u32 {
        (self.next() * f64::from(end)) as u32
    }
}

fn finite(value: f64) -> Finite {
    Finite::new(value).expect("finite")
}

/// A row of so large a distance; `far` is a multiple of what is usual.
fn row(example: &RowRecord, far: f64, numbers: &mut Numbers) -> RowRecord {
    let mut row = example.clone();
    let size = far * (0.2 + numbers.next());
    if let Some(metrics) = &mut row.metrics {
        metrics.kl = finite(1e-3 * size * size);
        metrics.max_abs = finite(0.4 * size);
        metrics.shift_removed.max_abs = metrics.max_abs;
        metrics.shift_removed.nmse = Some(finite(1e-4 * size * size));
        metrics.top1_equal = numbers.next() > 0.03 * far;
        metrics.candidate_top1 = numbers.below(64);
        metrics.reference_top1 = numbers.below(64);
    }
    if let Some(excess) = &mut row.excess {
        *excess = RowExcess {
            kl: Some(finite(0.3 * size * size)),
            mse: Some(finite(0.4 * size * size)),
            max_abs: Some(finite(0.6 * size)),
            flip_gap: Some(finite(0.0)),
        };
    }
    row
}

/// Makes a receipt longer: so many positions, from `bad` on as far away as its last one.
fn lengthen(receipt: &mut Receipt, positions: u64, bad: Option<u64>, numbers: &mut Numbers) {
    let examples = receipt.positions.clone();
    let (Some(good), Some(last)) = (examples.first(), examples.last()) else {
        return;
    };
    let tokens: Vec<u32> = (0..positions).map(|_| numbers.below(24)).collect();
    let rows = (0..positions).zip(&tokens).map(|(position, &token)| {
        let is_bad = bad.is_some_and(|bad| position >= bad);
        let example = if is_bad { &last.row } else { &good.row };
        let changes = example.verdict != Verdict::BitExact;
        let mut row = if changes {
            row(example, if is_bad { 30.0 } else { 1.0 }, numbers)
        } else {
            example.clone()
        };
        if bad.is_some() && !is_bad && row.verdict == Verdict::Diverged {
            row.verdict = Verdict::Drift;
        }
        PositionRow {
            position,
            token,
            row,
        }
    });
    receipt.positions = rows.collect();
    receipt.tokens = Some(tokens);
    receipt.first_divergence_token = bad;
    if let Some(sizes) = &mut receipt.sizes {
        sizes.tokens = positions;
    }
    if let Some(floor) = &mut receipt.floor {
        floor.positions = vec![floor.p90; positions as usize];
    }
    let steps = receipt.positions[receipt.positions.len().saturating_sub(12)..].iter();
    let steps: Vec<RowRecord> = steps.map(|it| it.row.clone()).collect();
    let reference_ids: Vec<u32> = (0..12).map(|_| numbers.below(24)).collect();
    let mut candidate_ids = reference_ids.clone();
    if bad.is_some() {
        candidate_ids[4] = 0;
        candidate_ids[5..].reverse();
    }
    let first_difference = candidate_ids
        .iter()
        .zip(&reference_ids)
        .position(|(a, b)| a != b);
    receipt.greedy_steps = 12;
    receipt.greedy = Some(vec![GreedyStretch {
        first_step: 0,
        first_difference: first_difference.map(|it| it as u64),
        steps: steps[..first_difference.map_or(12, |it| it + 1).min(steps.len())].to_vec(),
        candidate_ids,
        reference_ids,
    }]);
}

/// A run with its page.
pub(super) struct Sample {
    pub(super) sweep: Sweep,
    pub(super) present: Vec<usize>,
}

impl Sample {
    /// Cases of these kinds and lengths; a case that diverges does so from this position on.
    pub(super) fn of(told: &[(Told, u64, Option<u64>)]) -> Self {
        let kinds: Vec<Told> = told.iter().map(|it| it.0).collect();
        let mut sweep = Sweep::of(&kinds);
        let mut numbers = Numbers(5);
        for (case, &(_, positions, bad)) in told.iter().enumerate() {
            let words: String = (0..positions.max(4))
                .map(|_| sentence(&mut numbers))
                .collect();
            sweep.edit(case, |receipt| {
                lengthen(receipt, positions, bad, &mut numbers);
                let formatted = format!("<|user|>{words}<|end|>\n");
                if let Some(bad) = bad {
                    receipt.reason = receipt
                        .reason
                        .replace("position 1:", &format!("position {bad}:"));
                    receipt.reason = receipt
                        .reason
                        .replace("position 0:", &format!("position {bad}:"));
                }
                receipt.prompt.text = Text::Utf8(words);
                receipt.prompt.formatted = Text::Utf8(formatted);
            });
        }
        sweep.plan.name = "nightly".to_owned();
        Self {
            present: (0..told.len()).collect(),
            sweep,
        }
    }

    /// Writes the run with its model and the logits that failed, and renders it.
    pub(super) fn page(&mut self, root: &Path) -> String {
        let model = root.join("tiny.gguf");
        fs::create_dir_all(root).expect("a folder");
        fs::write(&model, vocabulary()).expect("a model");
        let file_bytes = fs::metadata(&model).expect("a model").len();
        self.sweep.plan.models[0].file.identity.file_bytes = file_bytes;
        for receipt in &mut self.sweep.receipts {
            let environment = receipt.environment.as_mut().expect("an environment");
            environment.model_path = model.display().to_string();
        }
        let run = self.sweep.write_some(root, &self.present);
        for &case in &self.present {
            keep_failing(&run.case(self.sweep.id(case)), &self.sweep.receipts[case]);
        }
        render(&run, &summary::summary(&self.sweep, &self.present)).expect("a page")
    }

    /// The same in a folder of its own.
    pub(super) fn show(mut self, name: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let page = self.page(folder.path());
        keep(name, &page);
        page
    }
}

/// Keeps a page for a browser if one is going to look at it.
pub(super) fn keep(name: &str, page: &str) {
    if let Some(to) = std::env::var_os("LOCKSTEP_PAGES") {
        fs::write(Path::new(&to).join(format!("{name}.html")), page).expect("a page");
    }
}

pub(super) fn sentence(numbers: &mut Numbers) -> &'static str {
    ["How far ", "is the moon, ", "and why? ", "Count: "][numbers.below(4) as usize]
}

/// A model file without tensors, of 64 tokens.
pub(super) fn vocabulary() -> Vec<u8> {
    let texts = HOSTILE.iter().chain(&WORDS).map(|it| (*it).to_owned());
    let others = (0..40).map(|it| format!("word{it}"));
    let tokens = texts.chain(others).map(Into::into).collect();
    let entries = [
        (
            "tokenizer.ggml.model".to_owned(),
            Value::String("gpt2".into()),
        ),
        (
            "tokenizer.ggml.tokens".to_owned(),
            Value::Array(Array::String(tokens)),
        ),
    ];
    gguf::write::header(&entries, &[]).expect("a header")
}

/// The logits of the positions that diverged, as `results` keeps them.
fn keep_failing(folder: &Path, receipt: &Receipt) {
    let failing = receipt.positions.iter();
    let rows = failing
        .filter(|it| it.row.verdict == Verdict::Diverged)
        .count();
    if rows == 0 {
        return;
    }
    let mut numbers = Numbers(7);
    for name in FAILING {
        let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 64), }}");
        let text = format!("{text:117}\n");
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        bytes.extend(text.as_bytes());
        let logits = (0..rows * 64).map(|_| numbers.next() as f32 * 9.0);
        bytes.extend(logits.flat_map(f32::to_le_bytes));
        fs::write(folder.join(name), bytes).expect("logits");
    }
}

pub(super) fn sound() -> Sample {
    let exact = [16, 24, 40, 64].map(|it| (Told::Same, it, None));
    let production = [20, 33, 48, 80, 120].map(|it| (Told::Floors(0.5), it, None));
    Sample::of(&[exact.as_slice(), &production].concat())
}

/// One fault: from some position on everything is wrong, in the long prompts alone.
pub(super) fn sabotaged() -> Sample {
    let of = |told: Told, bad: Told, lengths: &[u64]| -> Vec<(Told, u64, Option<u64>)> {
        let case = |&length: &u64| match length {
            ..32 => (told, length, None),
            _ => (bad, length, Some(32)),
        };
        lengths.iter().map(case).collect()
    };
    let exact = of(Told::Same, Told::DivergedAt(1), &[8, 12, 20, 40, 60, 90]);
    let production = of(
        Told::Floors(0.5),
        Told::Floors(40.0),
        &[10, 14, 22, 30, 44, 70],
    );
    Sample::of(&[exact, production].concat())
}

pub(super) fn mismatched() -> Sample {
    let other = (0..3).map(|_| (Told::OtherTokens, 0, None));
    let same = [18, 30, 44].map(|it| (Told::Same, it, None));
    Sample::of(&other.chain(same).collect::<Vec<_>>())
}

pub(super) fn incomplete() -> Sample {
    let mut sample = sound();
    sample.present = vec![0, 1, 3, 4, 7, 8];
    sample
}
