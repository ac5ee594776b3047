//! What can be told of a command line, be the rest of it right or wrong: in which form it wants failures
//! told, and by whose exit codes.

use std::ffi::OsString;

use schemas::receipt::ExitRecord;

use crate::exit::Exit;

/// The sub-command that ends as diff(1) does.
const DIFF: &str = "diff";
/// What diff(1) ends with when it cannot say whether two things are the same.
const TROUBLE: u8 = 2;

/// What is asked for, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Standard output has one JSON object whatever happens.
    pub json: bool,
    /// Every failure is trouble.
    diff: bool,
}

impl Asked {
    /// Of the arguments of this process, its own name first.
    pub fn of(arguments: impl Iterator<Item = OsString>) -> Self {
        let arguments: Vec<_> = arguments.collect();
        let apart = arguments.windows(2).any(|two| two == ["--format", "json"]);
        let joined = arguments.iter().any(|argument| argument == "--format=json");
        let mut words = arguments.iter().skip(1);
        let mut command = words.next();
        // The one flag with a value that may stand before the sub-command.
        while let Some(flag) = command.filter(|word| word.to_string_lossy().starts_with("--")) {
            if flag == "--engines" {
                words.next();
            }
            command = words.next();
        }
        Self {
            json: apart || joined,
            diff: command.is_some_and(|command| command == DIFF),
        }
    }

    /// What a failure of this class ends with.
    pub fn ends_with(self, exit: Exit) -> ExitRecord {
        if !self.diff {
            return exit.record();
        }
        ExitRecord {
            code: TROUBLE,
            name: "trouble".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Asked {
        Asked::of(line.split(' ').map(OsString::from))
    }

    #[test]
    fn only_diff_ends_in_trouble() {
        for line in [
            "lockstep diff a",
            "lockstep --engines x diff",
            "lockstep --engines=x diff",
        ] {
            assert_eq!(asked(line).ends_with(Exit::Usage).code, 2, "{line}");
        }
        for line in [
            "lockstep",
            "lockstep run diff",
            "lockstep --engines diff run",
        ] {
            assert_eq!(asked(line).ends_with(Exit::Usage).code, 64, "{line}");
        }
    }

    #[test]
    fn json_is_asked_for_in_two_ways() {
        assert!(asked("lockstep run --format json").json);
        assert!(asked("lockstep run --format=json").json);
        assert!(!asked("lockstep run --format text json").json);
    }
}
