//! What somebody who waits for a sweep is told.

use schemas::receipt::Verdict;

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// So many cases are to be run; of those that the shard has, the others have a result.
    Begins {
        /// To be run.
        cases: usize,
        /// Of so many.
        of: usize,
    },
    /// A comparison has come to a stage.
    Stage {
        /// The comparison's name.
        comparison: &'a str,
        /// What is done now.
        doing: &'a str,
    },
    /// A case has a result.
    Done {
        /// Its id.
        id: &'a str,
        /// Its prompt.
        prompt: &'a str,
        /// The verdict.
        verdict: Verdict,
        /// Why, for people.
        reason: &'a str,
    },
    /// Something went wrong that no receipt tells in full.
    Trouble(&'a str),
}

/// Is told what happens, by several threads.
pub type Watcher<'a> = dyn Fn(Event<'_>) + Sync + 'a;
