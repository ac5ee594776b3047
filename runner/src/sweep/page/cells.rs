//! The heat map's cells: what was found of a row in a few bytes, and of several rows in the same when
//! there are more than fit side by side.
//!
//! ```text
//! figure   0 nothing was compared, 1 exactly zero, 255 no number (not finite, or over a floor of 0),
//!          else 10 steps to a power of ten: byte b stands for 10^((b - 2) / 10 - 16)
//! verdict  the lower four bits: 0 none, then from BIT-EXACT 1 to DIVERGED 6; 16 is added where the
//!          most likely token is another one
//! token    seven bits a byte, the lowest first; 128 is added to all but the last byte of each
//! ```

use schemas::number::Finite;
use schemas::receipt::{Profile, Receipt, Verdict};
use schemas::row::RowRecord;
use serde::Serialize;

use super::markup::base64;

/// Positions side by side; more share cells. A cell is then 2 pixels wide on a common screen.
pub(super) const POSITION_CELLS: u64 = 384;
/// Greedy steps side by side.
pub(super) const STEP_CELLS: u64 = 48;

const NO_NUMBER: u8 = 255;
const FLIP: u8 = 16;

/// How many rows share a cell.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Binning {
    /// Positions in a cell.
    pub(super) positions: u64,
    /// Greedy steps in a cell.
    pub(super) steps: u64,
}

impl Binning {
    /// The finest in which cases of this size fit.
    pub(super) fn of(most_positions: u64, most_steps: u64) -> Self {
        Self {
            positions: most_positions.div_ceil(POSITION_CELLS).max(1),
            steps: most_steps.div_ceil(STEP_CELLS).max(1),
        }
    }
}

/// A figure of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Found {
    /// A number.
    Number(f64),
    /// It is beyond all numbers, or the row is not finite.
    NoNumber,
}

impl Found {
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Number(value) if value <= 0.0 => 1,
            Self::Number(value) => {
                let steps = (value.log10() + 16.0) * 10.0;
                // A saturating cast: what is out of range lies at its end.
                (2.0 + steps.round().clamp(0.0, 252.0)) as u8
            }
            Self::NoNumber => NO_NUMBER,
        }
    }
}

/// How far a row is, by the measure of its profile: multiples of the floor where there is one, else
/// the share of the reference's mean square.
pub(super) fn distance(row: &RowRecord) -> Found {
    if let Some(excess) = &row.excess {
        let all = [excess.kl, excess.mse, excess.max_abs];
        let numbers: Option<Vec<f64>> = all.iter().map(|it| it.map(Finite::get)).collect();
        return numbers.map_or(Found::NoNumber, |numbers| {
            Found::Number(numbers.into_iter().fold(0.0, f64::max))
        });
    }
    let Some(metrics) = &row.metrics else {
        return Found::NoNumber;
    };
    match metrics.shift_removed.nmse {
        // Bits differ in what is numerically nothing, as 0 and -0 do.
        Some(value) if value.get() <= 0.0 && row.differing > 0 => Found::Number(f64::MIN_POSITIVE),
        Some(value) => Found::Number(value.get()),
        None => Found::Number(metrics.max_abs.get()),
    }
}

/// KL(reference ‖ candidate) of a row.
pub(super) fn kl(row: &RowRecord) -> Found {
    let kl = row.metrics.as_ref().map(|metrics| metrics.kl.get());
    kl.map_or(Found::NoNumber, Found::Number)
}

/// What [`distance`] is called.
pub(super) fn measure(profile: Profile) -> &'static str {
    match profile {
        Profile::Production => "excess",
        Profile::Exact | Profile::F32 => "nmse",
    }
}

/// The graver, the larger.
fn gravity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::BitExact => 1,
        Verdict::Match => 2,
        Verdict::Drift => 3,
        Verdict::TieFlip => 4,
        Verdict::Diverged => 6,
        _ => 5,
    }
}

/// The cells of a case: those of positions, then those of greedy steps.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cells {
    /// How many are of positions.
    positions: usize,
    distance: String,
    kl: String,
    verdicts: String,
    tokens: String,
    /// The same tokens, for whoever looks up their texts.
    #[serde(skip)]
    pub(super) ids: Vec<u32>,
}

impl Cells {
    /// `None` where nothing was compared.
    pub(super) fn of(receipt: &Receipt, binning: Binning) -> Option<Self> {
        let mut cells = Vec::new();
        for rows in receipt.positions.chunks(binning.positions as usize) {
            cells.push(Cell::of(rows.iter().map(|it| (it.token, &it.row))));
        }
        let positions = cells.len();
        let stretches = receipt.greedy.iter().flatten();
        let steps: Vec<_> = stretches
            .flat_map(|stretch| {
                let tokens = stretch.reference_ids.iter().copied();
                tokens.zip(&stretch.steps)
            })
            .collect();
        for rows in steps.chunks(binning.steps as usize) {
            cells.push(Cell::of(rows.iter().copied()));
        }
        let bytes = |of: fn(&Cell) -> u8| base64(&cells.iter().map(of).collect::<Vec<_>>());
        let ids: Vec<u32> = cells.iter().map(|cell| cell.token).collect();
        (!cells.is_empty()).then(|| Self {
            positions,
            distance: bytes(|cell| cell.distance),
            kl: bytes(|cell| cell.kl),
            verdicts: bytes(|cell| cell.verdict | if cell.flip { FLIP } else { 0 }),
            tokens: base64(&in_sevens(&ids)),
            ids,
        })
    }
}

/// Vocabularies put their common tokens first, so that most ids take one byte or two.
fn in_sevens(ids: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &id in ids {
        let mut rest = id;
        while rest >= 128 {
            bytes.push((rest & 127) as u8 | 128);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    bytes
}

/// One or more rows that follow each other.
struct Cell {
    distance: u8,
    kl: u8,
    verdict: u8,
    flip: bool,
    /// Of the first of the gravest rows; there is one.
    token: u32,
}

impl Cell {
    fn of<'a>(rows: impl Iterator<Item = (u32, &'a RowRecord)>) -> Self {
        let mut cell = Self {
            distance: 0,
            kl: 0,
            verdict: 0,
            flip: false,
            token: 0,
        };
        let mut gravest = (0, 0);
        for (token, row) in rows {
            let (distance, verdict) = (distance(row).byte(), gravity(row.verdict));
            if (verdict, distance) > gravest {
                gravest = (verdict, distance);
                cell.token = token;
            }
            cell.distance = cell.distance.max(distance);
            cell.kl = cell.kl.max(kl(row).byte());
            cell.verdict = cell.verdict.max(verdict);
            cell.flip |= row.metrics.as_ref().is_some_and(|it| !it.top1_equal);
        }
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_tells_a_figure_within_its_step() {
        for value in [1e-16, 3.7e-9, 0.5, 1.0, 42.0, 1e8] {
            let byte = Found::Number(value).byte();
            let read = 10f64.powf((f64::from(byte) - 2.0) / 10.0 - 16.0);
            assert!((read / value).log10().abs() <= 0.0501, "{value} {read}");
        }
        assert_eq!(Found::Number(0.0).byte(), 1);
        assert_eq!(Found::Number(-1e-18).byte(), 1, "rounding of a KL");
        assert_eq!(Found::Number(f64::MIN_POSITIVE).byte(), 2);
        assert_eq!(Found::Number(1e300).byte(), 254);
        assert_eq!(Found::NoNumber.byte(), 255);
    }

    #[test]
    fn ids_take_as_many_bytes_as_they_need() {
        let bytes = in_sevens(&[0, 127, 128, 49_151, u32::MAX]);
        let expected = [0, 127, 128, 1, 255, 255, 2, 255, 255, 255, 255, 15];
        assert_eq!(bytes, expected);
    }

    #[test]
    fn cells_are_shared_only_where_there_are_too_many() {
        let of = |positions, steps| {
            let it = Binning::of(positions, steps);
            (it.positions, it.steps)
        };
        assert_eq!(of(0, 0), (1, 1));
        assert_eq!(of(POSITION_CELLS, STEP_CELLS), (1, 1));
        assert_eq!(of(POSITION_CELLS + 1, 3 * STEP_CELLS), (2, 3));
    }
}
