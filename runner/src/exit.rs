//! Exit codes: the one thing that a nightly script reads.

use std::io;

use schemas::receipt::ExitRecord;

/// What the process ends with. The same in every output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The engines compute the same thing.
    Parity = 0,
    /// They do not.
    Diverged = 1,
    /// They see different tokens; nothing was evaluated.
    TokensDiffer = 2,
    /// Nothing was compared, or there is nothing to judge it by.
    Inconclusive = 4,
    /// Shards or cases are missing.
    Incomplete = 5,
    /// The command line makes no sense.
    Usage = 64,
    /// A malformed model, limits file, engine answer or logits file.
    BadInput = 65,
    /// An engine is not there, or cannot do this.
    Unavailable = 69,
    /// Our own fault.
    Internal = 70,
    /// Time limit, kill, memory, interruption: trying again can help.
    Retryable = 75,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The one with this number.
    pub fn of_code(code: u8) -> Option<Self> {
        const ALL: [Exit; 10] = [
            Exit::Parity,
            Exit::Diverged,
            Exit::TokensDiffer,
            Exit::Inconclusive,
            Exit::Incomplete,
            Exit::Usage,
            Exit::BadInput,
            Exit::Unavailable,
            Exit::Internal,
            Exit::Retryable,
        ];
        ALL.into_iter().find(|exit| exit.code() == code)
    }

    /// That of a file or folder that cannot be used: of a full disk another try may go well.
    pub fn of_unusable(problem: io::ErrorKind) -> Self {
        match problem {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::Interrupted => Self::Retryable,
            _ => Self::BadInput,
        }
    }

    /// That of several comparisons together: the first of a fixed order that occurs. None at all is
    /// inconclusive.
    pub fn of_all(exits: impl IntoIterator<Item = Self>) -> Self {
        let first = exits.into_iter().min_by_key(|exit| exit.place());
        first.unwrap_or(Self::Inconclusive)
    }

    /// The place in the order in which codes outweigh each other.
    pub fn place(self) -> u8 {
        match self {
            Self::Usage | Self::Internal => 0,
            Self::BadInput => 1,
            Self::Diverged => 2,
            Self::TokensDiffer => 3,
            Self::Unavailable => 4,
            Self::Retryable => 5,
            Self::Incomplete => 6,
            Self::Inconclusive => 7,
            Self::Parity => 8,
        }
    }

    /// Number and name, as JSON has them.
    pub fn record(self) -> ExitRecord {
        ExitRecord {
            code: self.code(),
            name: self.name().to_owned(),
        }
    }

    /// The name that stands beside the number in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parity => "parity",
            Self::Diverged => "diverged",
            Self::TokensDiffer => "tokens-differ",
            Self::Inconclusive => "inconclusive",
            Self::Incomplete => "incomplete",
            Self::Usage => "usage",
            Self::BadInput => "bad-input",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
            Self::Retryable => "retryable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_full_disk_another_try_may_go_well() {
        let full = io::Error::from_raw_os_error(28).kind();
        assert_eq!(Exit::of_unusable(full), Exit::Retryable);
        let denied = io::Error::from_raw_os_error(13).kind();
        assert_eq!(Exit::of_unusable(denied), Exit::BadInput);
    }

    #[test]
    fn of_several_the_gravest_wins() {
        let order = [
            Exit::Internal,
            Exit::BadInput,
            Exit::Diverged,
            Exit::TokensDiffer,
            Exit::Unavailable,
            Exit::Retryable,
            Exit::Incomplete,
            Exit::Inconclusive,
            Exit::Parity,
        ];
        for (at, &gravest) in order.iter().enumerate() {
            assert_eq!(Exit::of_all(order[at..].iter().rev().copied()), gravest);
        }
        assert_eq!(Exit::of_all([]), Exit::Inconclusive);
    }
}
