//! What the numbers of a failure look like, and what that may come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One guess at a cause, with what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Symptom {
    /// What the numbers look like.
    pub pattern: Pattern,
    /// What may be the cause, for people.
    pub cause: String,
    /// The numbers that show it, for people.
    pub evidence: String,
    /// A command that tells more.
    pub next_command: String,
}

/// What numbers can look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// BOS comes twice on one side.
    BosDoubled,
    /// BOS is there on one side only.
    BosMissing,
    /// A control token's text is one token on one side and text on the other.
    SpecialTokens,
    /// One side's tokens are the beginning of the other's.
    TrailingTokens,
    /// The files name different tokenizers, or one names none.
    TokenizerMetadata,
    /// One id has two texts, or one text two ids.
    Vocabulary,
    /// The same text is cut in other places.
    PreTokenizer,
    /// All ids differ by one number.
    ConstantTokenOffset,
    /// Rows have different lengths.
    RowLength,
    /// The logits of a position change with the tokens after it.
    SeesLaterTokens,
    /// A number is not finite.
    NotFinite,
    /// A prompt's rows are right when it is the first and wrong after another one.
    OnlyLaterPrompts,
    /// Rows choose the tokens that the prompt before should choose.
    PreviousPrompt,
    /// Rows choose the tokens that a neighbouring position should choose.
    ShiftedPositions,
    /// All logits are larger or smaller by one factor.
    ConstantFactor,
    /// The logits of each row are larger or smaller by a factor of its own.
    RowFactor,
    /// All logits of a row are off by one number.
    ConstantShift,
    /// Logits are far larger than the reference's.
    FarTooLarge,
    /// One position alone is wrong.
    OnePosition,
    /// Right up to a position, wrong from there on.
    SuddenJump,
    /// Wrong positions with right ones between them.
    ScatteredPositions,
    /// The first position is right, and then it gets worse.
    GrowthWithPosition,
    /// The longer the context, the less it is wrong.
    FallWithPosition,
    /// The first position is right, the others are not.
    PositionZeroEqual,
    /// All are wrong by little.
    SmallEverywhere,
    /// All are wrong, and have hardly a likely token in common with the reference.
    UnrelatedRows,
    /// All are wrong, to a like degree.
    EveryPosition,
    /// The most likely tokens differ.
    TopFiveOverlapLow,
    /// Positions are right, and the first greedy step is not.
    FirstStep,
    /// Positions and the first greedy step are right, and a later one is not.
    LaterStep,
    /// A greedy step chooses the right token from a wrong row.
    SameTokenOtherRow,
}
