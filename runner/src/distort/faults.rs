//! What can be wrong with an engine's answers, as data.

use std::fmt;
use std::str::FromStr;

use schemas::faults::{Begins, FaultChoice};

/// Where a fault of one position is made: late enough to have sound ones before it, early enough for
/// a short prompt.
pub(super) const ODD_POSITION: usize = 5;

/// The first of two neighbours whose rows change places.
pub(super) const SWAPPED_POSITION: usize = 2;

/// Each fault as the code names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    OneNan,
    OneInfinity,
    OneLogitOff,
    TopTwoExchanged,
    RowsSwapped,
    FirstRowRepeated,
    VocabularyOffsetByOne,
    LogitsOfPreviousPrompt,
    ConstantShift,
    ScaledBy10001,
    Float16Rounded,
    OneRowMissing,
    OneRowMissingAndSaid,
    FileTruncated,
    GreedyTokenWrong,
    GreedyStepsOneAhead,
}

/// One way to spoil answers.
#[derive(Debug)]
pub struct OutputFault {
    pub(super) kind: Kind,
    /// As the command line takes it.
    pub name: &'static str,
    /// What is wrong, in one sentence.
    pub does: &'static str,
    /// The first result that is changed.
    pub begins: Begins,
    /// What a strength of S stands for; `None` for a fault that is there or not.
    pub strength: Option<&'static str>,
}

/// A fault to make, and how strong; 1 is as listed.
#[derive(Clone, Copy, Debug)]
pub struct Chosen {
    pub(super) fault: &'static OutputFault,
    pub(super) strength: u32,
}

impl FromStr for Chosen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let FaultChoice { name, strength } = text.parse()?;
        let fault = FAULTS.iter().find(|fault| fault.name == name);
        let fault = fault.ok_or_else(|| {
            let names: Vec<_> = FAULTS.iter().map(|fault| fault.name).collect();
            format!("no fault of that name, known are: {}", names.join(", "))
        })?;
        if strength != 1 && fault.strength.is_none() {
            return Err(format!("{name} has no strength: it is there or not"));
        }
        Ok(Self { fault, strength })
    }
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.fault.name.to_owned();
        let strength = self.strength;
        FaultChoice { name, strength }.fmt(f)
    }
}

/// All of them. "Row" is a row of the sequence where nothing else is said.
pub const FAULTS: &[OutputFault] = &[
    OutputFault {
        kind: Kind::OneNan,
        name: "one-nan",
        does: "One logit of position 5 is not a number.",
        begins: Begins::Position(ODD_POSITION as u32),
        strength: None,
    },
    OutputFault {
        kind: Kind::OneInfinity,
        name: "one-infinity",
        does: "One logit of position 5 is infinite.",
        begins: Begins::Position(ODD_POSITION as u32),
        strength: None,
    },
    OutputFault {
        kind: Kind::OneLogitOff,
        name: "one-logit-off",
        does: "One logit of position 5 is too large by 0.001.",
        begins: Begins::Position(ODD_POSITION as u32),
        strength: Some("too large by S times 0.001"),
    },
    OutputFault {
        kind: Kind::TopTwoExchanged,
        name: "top-two-exchanged",
        does: "The two largest logits of position 5 change places.",
        begins: Begins::Position(ODD_POSITION as u32),
        strength: Some("at S positions, from 5 on"),
    },
    OutputFault {
        kind: Kind::RowsSwapped,
        name: "rows-swapped",
        does: "The rows of positions 2 and 3 change places.",
        begins: Begins::Position(SWAPPED_POSITION as u32),
        strength: None,
    },
    OutputFault {
        kind: Kind::FirstRowRepeated,
        name: "first-row-repeated",
        does: "Each row is the first one of its file.",
        begins: Begins::Position(1),
        strength: None,
    },
    OutputFault {
        kind: Kind::VocabularyOffsetByOne,
        name: "vocabulary-offset-by-one",
        does: "Each logit stands where the one of the token after it should.",
        begins: Begins::Position(0),
        strength: None,
    },
    OutputFault {
        kind: Kind::LogitsOfPreviousPrompt,
        name: "logits-of-previous-prompt",
        does: "Each row is the one of the same number of the item before, where that has one.",
        begins: Begins::SecondItem,
        strength: None,
    },
    OutputFault {
        kind: Kind::ConstantShift,
        name: "constant-shift",
        does: "Each logit is too large by 0.5, which softmax does not see.",
        begins: Begins::Position(0),
        strength: None,
    },
    OutputFault {
        kind: Kind::ScaledBy10001,
        name: "scaled-by-1.0001",
        does: "Each logit is 1.0001 times as large.",
        begins: Begins::Position(0),
        strength: Some("1 + S times 0.0001 as large"),
    },
    OutputFault {
        kind: Kind::Float16Rounded,
        name: "float16-rounded",
        does: "Each logit is rounded to the eleven digits of a half-precision number.",
        begins: Begins::Position(0),
        strength: Some("S times what rounding takes away is taken away"),
    },
    OutputFault {
        kind: Kind::OneRowMissing,
        name: "one-row-missing",
        does: "The file ends one row too early.",
        begins: Begins::Answer,
        strength: None,
    },
    OutputFault {
        kind: Kind::OneRowMissingAndSaid,
        name: "one-row-missing-and-said",
        does: "There is one row less than was asked for, and file and answer say so.",
        begins: Begins::Answer,
        strength: None,
    },
    OutputFault {
        kind: Kind::FileTruncated,
        name: "file-truncated",
        does: "The file ends in the middle.",
        begins: Begins::Answer,
        strength: None,
    },
    OutputFault {
        kind: Kind::GreedyTokenWrong,
        name: "greedy-token-wrong",
        does: "The first greedy token is the one after the one that its row chooses.",
        begins: Begins::Step(0),
        strength: None,
    },
    OutputFault {
        kind: Kind::GreedyStepsOneAhead,
        name: "greedy-steps-one-ahead",
        does: "Each greedy step but the last gives row and token of the next one.",
        begins: Begins::Step(0),
        strength: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_stands_once() {
        for (i, fault) in FAULTS.iter().enumerate() {
            let same = |other: &OutputFault| other.name == fault.name || other.kind == fault.kind;
            assert!(!FAULTS[..i].iter().any(same), "{}", fault.name);
            assert!(fault.does.ends_with('.'), "{}", fault.name);
        }
    }

    #[test]
    fn a_strength_is_taken_where_there_is_one() {
        let shown = |text: &str| text.parse::<Chosen>().map(|chosen| chosen.to_string());
        assert_eq!(shown("one-nan"), Ok("one-nan".to_owned()));
        assert_eq!(
            shown("scaled-by-1.0001=8"),
            Ok("scaled-by-1.0001=8".to_owned())
        );
        assert!(shown("one-nan=2").is_err());
        assert!(shown("one-nun").is_err_and(|error| error.contains("one-nan, ")));
        assert!(shown("scaled-by-1.0001=0").is_err());
    }
}
