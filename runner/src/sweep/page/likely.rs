//! The likeliest tokens of a row: as they were kept of the rows that are furthest apart, else from the
//! logits that were kept of rows that diverged. What cannot be read is not shown: the report then says
//! less, and nothing that is wrong.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use schemas::line;
use schemas::run_summary::RowPlace;
use schemas::worst_rows::{LikelyToken, WorstRows};

use crate::engine::npy;
use crate::model_file;
use crate::results::{FAILING, WORST};

/// How many are shown.
const PLACES: usize = 5;
/// A few rows, each of a few hundred bytes.
const WORST_BYTES: u64 = 1 << 20;

/// Where the logits of a row are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// Its place in the files of failing rows.
    pub(super) row: u64,
    /// How many rows these have.
    pub(super) rows: u64,
    /// Logits in a row.
    pub(super) columns: u64,
}

/// A token near the top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Likely {
    pub(super) id: u32,
    pub(super) logit: f64,
    /// By softmax over the whole row.
    pub(super) probability: f64,
}

/// The likeliest tokens of the candidate and of the reference, in the folder of a case.
pub(super) fn top(folder: &Path, place: RowPlace, kept: Option<Kept>) -> Option<[Vec<Likely>; 2]> {
    of_worst(folder, place).or_else(|| of_logits(folder, kept?))
}

fn of_worst(folder: &Path, place: RowPlace) -> Option<[Vec<Likely>; 2]> {
    let text = model_file::read_text(&folder.join(WORST), WORST_BYTES).ok()?;
    let worst: WorstRows = line::read_whole(&text).ok()?;
    let row = worst.rows.into_iter().find(|row| row.place == place)?;
    let likely = |tokens: Vec<LikelyToken>| {
        let tokens = tokens.into_iter().take(PLACES);
        let likely = tokens.map(|it| Likely {
            id: it.id,
            logit: it.logit.get(),
            probability: it.probability.get(),
        });
        likely.collect()
    };
    Some([likely(row.candidate), likely(row.reference)])
}

fn of_logits(folder: &Path, kept: Kept) -> Option<[Vec<Likely>; 2]> {
    let [candidate, reference] = FAILING.map(|name| read_row(&folder.join(name), kept));
    Some([likeliest(&candidate?), likeliest(&reference?)])
}

fn read_row(path: &Path, kept: Kept) -> Option<Vec<f32>> {
    let (file, file_bytes) = model_file::open(path).ok()?;
    let mut prefix = [0; npy::PREFIX_BYTES];
    file.read_exact_at(&mut prefix, 0).ok()?;
    let mut text = vec![0; npy::text_bytes(prefix).ok()?];
    file.read_exact_at(&mut text, npy::PREFIX_BYTES as u64)
        .ok()?;
    let shape = [kept.rows, kept.columns];
    npy::check_text(&text, shape).ok()?;
    let data_offset = (npy::PREFIX_BYTES + text.len()) as u64;
    let expected_bytes = npy::data_bytes(shape).ok()?.checked_add(data_offset)?;
    // Sizes before reads: the row is only made room for when the file is that large.
    if file_bytes != expected_bytes || kept.row >= kept.rows {
        return None;
    }
    let row_bytes = kept.columns * size_of::<f32>() as u64;
    read_numbers(&file, data_offset + kept.row * row_bytes, row_bytes)
}

fn read_numbers(file: &File, offset: u64, n_bytes: u64) -> Option<Vec<f32>> {
    let mut bytes = vec![0; usize::try_from(n_bytes).ok()?];
    file.read_exact_at(&mut bytes, offset).ok()?;
    let (quads, _) = bytes.as_chunks();
    Some(quads.iter().map(|&quad| f32::from_le_bytes(quad)).collect())
}

/// The lower id goes first among equals. A number that is none is above all others: it is what the
/// reader has to see.
fn likeliest(row: &[f32]) -> Vec<Likely> {
    let mut ids: Vec<usize> = (0..row.len()).collect();
    let by_logit = |a: &usize, b: &usize| {
        let key = |at: usize| {
            if row[at].is_nan() {
                f32::INFINITY
            } else {
                row[at]
            }
        };
        key(*b).total_cmp(&key(*a)).then(a.cmp(b))
    };
    if ids.len() > PLACES {
        ids.select_nth_unstable_by(PLACES - 1, by_logit);
        ids.truncate(PLACES);
    }
    ids.sort_by(by_logit);
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |logit: f32| (f64::from(logit) - f64::from(most)).exp();
    let sum: f64 = row.iter().map(|&logit| weight(logit)).sum();
    let likely = ids.into_iter().map(|id| Likely {
        id: id as u32,
        logit: f64::from(row[id]),
        probability: weight(row[id]) / sum,
    });
    likely.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: u64, numbers: &[f32]) -> Vec<u8> {
        let columns = numbers.len() as u64 / rows;
        let text =
            format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
        let text = format!("{text:117}\n");
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        bytes.extend(text.as_bytes());
        bytes.extend(numbers.iter().flat_map(|it| it.to_le_bytes()));
        bytes
    }

    fn kept(row: u64) -> Kept {
        Kept {
            row,
            rows: 2,
            columns: 6,
        }
    }

    #[test]
    fn shows_the_likeliest_of_the_right_row() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut numbers = vec![0.0; 6];
        numbers.extend([1.0, 3.0, 2.0, 3.0, -9.0, 0.0]);
        for name in FAILING {
            std::fs::write(folder.path().join(name), file(2, &numbers)).expect("a file");
        }
        let [candidate, reference] = of_logits(folder.path(), kept(1)).expect("rows");
        assert_eq!(candidate, reference);
        let ids = candidate.iter().map(|it| it.id);
        assert_eq!(ids.collect::<Vec<_>>(), [1, 3, 2, 0, 5]);
        let expected = 1.0 / (2.0 + (-1f64).exp() + (-2f64).exp() + (-3f64).exp() + (-12f64).exp());
        assert!((candidate[0].probability - expected).abs() < 1e-12);
    }

    #[test]
    fn numbers_that_are_none_are_shown() {
        let found = likeliest(&[1.0, f32::NAN, 2.0]);
        assert!(found[0].id == 1 && found[0].logit.is_nan());
        assert_eq!((found[1].id, found[2].id), (2, 0));
        assert!(likeliest(&[]).is_empty());
    }

    #[test]
    fn a_file_of_another_shape_or_size_is_not_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let good = file(2, &[0.0; 12]);
        let is_read = |bytes: &[u8], kept: Kept| {
            for name in FAILING {
                std::fs::write(folder.path().join(name), bytes).expect("a file");
            }
            of_logits(folder.path(), kept).is_some()
        };
        assert!(is_read(&good, kept(1)));
        assert!(!is_read(&good, kept(2)), "no such row");
        assert!(!is_read(&good[..good.len() - 1], kept(0)), "cut short");
        assert!(!is_read(b"logits", kept(0)));
        let wider = Kept {
            columns: 7,
            ..kept(0)
        };
        assert!(!is_read(&good, wider));
    }

    #[test]
    fn what_was_kept_of_the_worst_rows_goes_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let row = |place: &str, id: u32| {
            let likely = format!(r#"[{{"id": {id}, "logit": 2.5, "probability": 0.5}}]"#);
            format!(r#"{{"place": {place}, "candidate": {likely}, "reference": []}}"#)
        };
        let rows = [row(r#"{"step": 7}"#, 1), row(r#"{"position": 7}"#, 2)].join(", ");
        let worst = format!(r#"{{"schema": "lockstep/worst-rows/v1", "rows": [{rows}]}}"#);
        std::fs::write(folder.path().join(WORST), worst).expect("a file");
        let id = |place| top(folder.path(), place, None).map(|[candidate, _]| candidate[0].id);
        assert_eq!(id(RowPlace::Position(7)), Some(2));
        assert_eq!(id(RowPlace::Step(7)), Some(1));
        assert_eq!(id(RowPlace::Position(8)), None);
        std::fs::write(folder.path().join(WORST), "{}").expect("a file");
        assert_eq!(id(RowPlace::Position(7)), None, "not what it should be");
    }
}
