//! Where rows are bad: one place, from a place on, more and more.

use schemas::symptom::{Pattern, Symptom};

use super::seen::SeenRow;
use super::size::bad_numbers;
use super::subject::Subject;
use super::thresholds::{FALL, GROWTH, JUMP_BAD, SMALL_NMSE, TREND_ROWS};
use super::trend::{median, trend};

/// Whether a pattern says something of places.
pub(super) fn is_of_place(pattern: Pattern) -> bool {
    matches!(
        pattern,
        Pattern::OnePosition
            | Pattern::SuddenJump
            | Pattern::ScatteredPositions
            | Pattern::GrowthWithPosition
            | Pattern::FallWithPosition
            | Pattern::PositionZeroEqual
            | Pattern::ShiftedPositions
    )
}

/// The bad rows from the first on.
struct Place {
    /// Where the first bad row is.
    first: usize,
    n_bad: usize,
    /// From the first on.
    n_after: usize,
    nmse: Vec<f64>,
}

/// At most two: a trend, and where it begins.
pub(super) fn of_place(rows: &[SeenRow], subject: &Subject) -> Vec<Symptom> {
    let Some(first) = rows.iter().position(|row| row.is_bad) else {
        return Vec::new();
    };
    let place = Place {
        first,
        n_bad: rows.iter().filter(|row| row.is_bad).count(),
        n_after: rows.len() - first,
        nmse: bad_numbers(rows).iter().map(|row| row.nmse).collect(),
    };
    if place.n_bad == 1 && place.n_after > 1 {
        return vec![one_position(&place, rows, subject)];
    }
    if (place.n_bad as f64) < JUMP_BAD * place.n_after as f64 {
        return vec![scattered(&place, subject)];
    }
    let mut found = Vec::new();
    match first {
        0 => found.extend(fall(&place, subject)),
        // Small differences may be hidden by rounding at the first positions.
        1..=3 if first == 1 || median(&place.nmse) <= SMALL_NMSE => {
            found.extend(growth(&place, subject));
            found.extend(fall(&place, subject));
            found.push(position_zero_equal(&place, subject));
        }
        _ => found.push(sudden_jump(&place, subject)),
    }
    found
}

fn one_position(place: &Place, rows: &[SeenRow], subject: &Subject) -> Symptom {
    let (first, row) = (place.first, &rows[place.first]);
    let (cause, next) = match row.differing {
        1..=8 => (
            "a few numbers of one row: written over or read beside, after the row was computed",
            subject.per_token(&["--threads", "1"]),
        ),
        _ => (
            "one row is wrong and what follows does not depend on it: it is copied from a wrong \
             place, or spoilt after it was computed; a wrong key or value would show at \
             later positions",
            subject.per_token(&["--micro-batch", "1"]),
        ),
    };
    Symptom {
        pattern: Pattern::OnePosition,
        cause: cause.to_owned(),
        evidence: format!(
            "position {first} alone of {}, with {} other numbers",
            rows.len(),
            row.differing
        ),
        next_command: next,
    }
}

fn scattered(place: &Place, subject: &Subject) -> Symptom {
    let small = median(&place.nmse) <= SMALL_NMSE;
    let cause = if small {
        "rounding that only at some positions shows or breaks a limit"
    } else {
        "memory that is read before it is written, or threads that race: run it twice, and with \
         one thread; else some tokens' rows of the embedding"
    };
    Symptom {
        pattern: Pattern::ScatteredPositions,
        cause: cause.to_owned(),
        evidence: format!(
            "{} of the {} rows from position {} on are bad",
            place.n_bad, place.n_after, place.first
        ),
        next_command: subject.per_token(&["--threads", "1"]),
    }
}

fn sudden_jump(place: &Place, subject: &Subject) -> Symptom {
    let first = place.first as u64;
    let micro_batch = subject
        .micro_batch
        .filter(|&size| first.is_multiple_of(size));
    let cause = if let Some(size) = micro_batch {
        format!(
            "position {first} begins a micro-batch of {size}: keys and values of earlier ones, \
             or the positions of later ones"
        )
    } else if first.is_power_of_two() {
        format!(
            "{first} is a power of two: the size of an attention window (off by one?), or of a \
             buffer that wraps"
        )
    } else {
        format!(
            "the key or value of position {first} is stored or read at a wrong place of the \
             cache; or its token's own row of the embedding"
        )
    };
    let n = (first + 1).to_string();
    let next_command = if micro_batch.is_some() {
        subject.per_token(&["--micro-batch", "1"])
    } else if first.is_power_of_two() {
        subject.inspect(&["--show-kv", "*window*"])
    } else {
        subject.per_token(&["--max-positions", &n, "--max-tokens", "0"])
    };
    Symptom {
        pattern: Pattern::SuddenJump,
        cause,
        evidence: format!(
            "positions 0 to {} are right; from {first} on {} of {} are not, the mean squared \
             difference is {:.1e} of the reference's mean square (median)",
            first - 1,
            place.n_bad,
            place.n_after,
            median(&place.nmse)
        ),
        next_command,
    }
}

fn growth(place: &Place, subject: &Subject) -> Option<Symptom> {
    let (rho, decades) = trend(&place.nmse);
    let grows = place.nmse.len() >= TREND_ROWS && rho >= GROWTH.0 && decades >= GROWTH.1;
    grows.then(|| Symptom {
        pattern: Pattern::GrowthWithPosition,
        cause: "RoPE: its base, its frequency factors, which numbers are a pair, how many are \
            rotated, or keys that are not"
            .to_owned(),
        evidence: trend_text(rho, decades),
        next_command: subject.inspect(&["--show-kv", "*rope*"]),
    })
}

fn fall(place: &Place, subject: &Subject) -> Option<Symptom> {
    let (rho, decades) = trend(&place.nmse);
    let falls = place.nmse.len() >= TREND_ROWS
        && rho <= FALL.0
        && decades <= FALL.1
        && median(&place.nmse) > SMALL_NMSE;
    let cause = if place.first == 0 {
        "the mask lets a position see one that comes later: one token too many weighs less the \
         more there are"
    } else {
        "the mask hides a token that should be seen, as the position itself: one token weighs \
         less the more there are"
    };
    falls.then(|| Symptom {
        pattern: Pattern::FallWithPosition,
        cause: cause.to_owned(),
        evidence: trend_text(rho, decades),
        next_command: subject.per_token(&["--micro-batch", "1"]),
    })
}

fn trend_text(rho: f64, decades: f64) -> String {
    let word = if decades > 0.0 { "grows" } else { "falls" };
    format!(
        "the squared difference {word} by a factor of {:.1} from the first quarter of the bad \
         rows to the last; rank correlation with the position {rho:.2}",
        10f64.powf(decades.abs())
    )
}

fn position_zero_equal(place: &Place, subject: &Subject) -> Symptom {
    let first = place.first;
    Symptom {
        pattern: Pattern::PositionZeroEqual,
        cause: "position 0 sees only itself, whatever its query and key are: so embedding, \
            values, norms and the feed-forward part are right, and wrong is what makes or \
            orders attention's weights (mask, RoPE, the scale of scores, query and key heads) \
            or what is read from the cache"
            .to_owned(),
        evidence: format!(
            "position 0 is right; from position {first} on {} of {} are not, the mean squared \
             difference is {:.1e} of the reference's mean square (median)",
            place.n_bad,
            place.n_after,
            median(&place.nmse)
        ),
        next_command: subject.per_token(&["--max-positions", "2", "--max-tokens", "0"]),
    }
}
