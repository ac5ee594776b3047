//! How strong a fault is made. One that is small against rounding hides in limits and floors; made
//! stronger until it is caught, it shows how much a check lets through.

use super::list::Kind;

/// What a strength of S stands for; `None` for a fault that is there or not.
///
/// Where the fault changes numbers, S multiplies the change; where it is made in one place, S is the
/// number of places.
pub(super) fn meaning(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::ScaleOfOneTensorDropped | Kind::HeadsSwapped | Kind::SubNormLeftOut => {
            "in S layers, from the middle one on"
        }
        Kind::CodesOfOneBlockShifted => "in S blocks of the matrix",
        Kind::RmsNormOverNMinus1 => "S less than the length, but at least 1",
        Kind::NormEpsilonWrong => "nine times S is added to 1 time the epsilon",
        Kind::RopeBase1PercentOff => "S percent",
        Kind::RopePositionFromOne => "the first position is S",
        Kind::DecodePositionOffByOne => "S positions before, but at least 0",
        Kind::WindowOffByOne => "S tokens longer",
        Kind::F16RoundingOfActivationScalesLeftOut | Kind::F16RoundingOfTheCacheLeftOut => {
            "S times what rounding takes away is added again"
        }
        _ => return None,
    })
}
