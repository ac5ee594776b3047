//! Which cases of a plan one worker runs, when several share them.

use std::fmt;
use std::str::FromStr;

use schemas::plan::PlannedCase;

/// One of several parts of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    index: u64,
    count: u64,
}

/// How cases are dealt out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Partition {
    /// In turn, in the plan's order: parts of like size.
    #[default]
    Slice,
    /// By the case's id: a case stays in its part when others are added to the plan.
    Hash,
}

impl Shard {
    /// The whole plan.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// The part with this index, from 0, of so many.
    pub fn new(index: u64, count: u64) -> Result<Self, String> {
        if index < count {
            return Ok(Self { index, count });
        }
        Err(match count {
            0 => "0 shards have no cases".to_owned(),
            _ => format!("of {count} shards the last has index {}", count - 1),
        })
    }

    /// Whether a case is of this part; `number` is its place in the plan.
    pub fn has(self, number: usize, case: &PlannedCase, partition: Partition) -> bool {
        let dealt = match partition {
            Partition::Slice => number as u64,
            Partition::Hash => u64::from_str_radix(&case.keys.id, 16).unwrap_or(0),
        };
        dealt % self.count == self.index
    }
}

/// `i/n`, from `1/n` to `n/n`.
impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("{text:?} is not of the form i/n, such as 2/4");
        let (number, count) = text.split_once('/').ok_or_else(form)?;
        let number: u64 = number.parse().map_err(|_| form())?;
        let count = count.parse().map_err(|_| form())?;
        let index = number
            .checked_sub(1)
            .ok_or_else(|| format!("{text:?}: shards are counted from 1"))?;
        Self::new(index, count).map_err(|_| format!("{text:?}: there are {count} shards"))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index + 1, self.count)
    }
}

#[cfg(test)]
mod tests {
    use schemas::line::ItemId;
    use schemas::receipt::CaseKeys;

    use super::*;

    fn case(id: u64) -> PlannedCase {
        PlannedCase {
            keys: CaseKeys {
                id: format!("{id:016x}"),
                pairing_key: String::new(),
                identity: String::new(),
            },
            comparison: String::new(),
            prompt_set: String::new(),
            prompt: ItemId::new("one").expect("an id"),
            template: "raw".to_owned(),
        }
    }

    #[test]
    fn every_case_is_in_one_shard() {
        let cases: Vec<_> = (0..50).map(|n| case(n * 0x9e37_79b9_7f4a)).collect();
        for partition in [Partition::Slice, Partition::Hash] {
            for count in 1..8 {
                for (number, case) in cases.iter().enumerate() {
                    let shards = (0..count).map(|index| Shard::new(index, count).expect("a shard"));
                    let owners = shards.filter(|shard| shard.has(number, case, partition));
                    assert_eq!(owners.count(), 1, "{partition:?} {count} {number}");
                }
            }
        }
    }

    #[test]
    fn a_hash_does_not_ask_for_the_place_in_the_plan() {
        let (shard, case) = (Shard::new(1, 3).expect("a shard"), case(7));
        let places = (0..9).map(|number| shard.has(number, &case, Partition::Hash));
        assert!(places.clone().all(|has| has));
        let places = (0..9).filter(|&number| shard.has(number, &case, Partition::Slice));
        assert_eq!(places.count(), 3);
    }

    #[test]
    fn a_shard_is_read_as_it_is_written() {
        let shard: Shard = "2/4".parse().expect("a shard");
        assert_eq!(shard, Shard::new(1, 4).expect("a shard"));
        assert_eq!(shard.to_string(), "2/4");
        for wrong in ["", "2", "0/4", "5/4", "1/0", "-1/4", "a/b", "1/2/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert!(Shard::new(0, 0).is_err() && Shard::new(4, 4).is_err());
    }
}
