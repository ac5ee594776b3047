//! A plan in short: its cases, how many they are, and shards of them for a job runner.

use std::fmt::Write as _;

use schemas::plan::Plan;
use serde::Serialize;

use crate::text::escape_for_terminal;

/// One line a case, with tabs between: id, comparison, prompt, template.
pub(super) fn list(plan: &Plan) -> String {
    let mut text = String::new();
    for case in &plan.cases {
        let (set, prompt) = (escape_for_terminal(&case.prompt_set), &case.prompt);
        let id = escape_for_terminal(&case.keys.id);
        let comparison = escape_for_terminal(&case.comparison);
        let template = escape_for_terminal(&case.template);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{id}\t{comparison}\t{set}/{prompt}\t{template}");
    }
    text
}

/// How many cases.
pub(super) fn count(plan: &Plan) -> String {
    format!("{}\n", plan.cases.len())
}

#[derive(Serialize)]
struct Matrix {
    include: Vec<Job>,
}

#[derive(Serialize)]
struct Job {
    shard: String,
    index: usize,
    count: usize,
}

/// The matrix of a GitHub workflow: so many shards, but no more than there are cases.
pub(super) fn github_matrix(plan: &Plan, shards: usize) -> String {
    let count = shards.min(plan.cases.len());
    let include = (1..=count).map(|index| Job {
        shard: format!("{index}/{count}"),
        index,
        count,
    });
    let matrix = Matrix {
        include: include.collect(),
    };
    let text = serde_json::to_string(&matrix).expect("texts and numbers have a JSON form");
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(n_cases: usize) -> Plan {
        let text = include_str!("../../../schemas/examples/plan/valid.one-case.json");
        let plan: Plan = schemas::line::read(text).expect("an example");
        let cases = vec![plan.cases[0].clone(); n_cases];
        Plan { cases, ..plan }
    }

    #[test]
    fn a_case_is_a_line() {
        let mut plan = plan(2);
        plan.cases[1].prompt_set = "a\tb\u{1b}[2J\n".to_owned();
        assert_eq!(
            list(&plan),
            "aaaaaaaaaaaaaaaa\ttiny-rust-engine-llama-scalar-exact\tgreetings.jsonl/hello\traw\n\
             aaaaaaaaaaaaaaaa\ttiny-rust-engine-llama-scalar-exact\ta\\tb\\u{1b}[2J\\n/hello\traw\n"
        );
        assert_eq!(count(&plan), "2\n");
    }

    #[test]
    fn there_are_no_more_shards_than_cases() {
        let matrix = |n_cases, shards| github_matrix(&plan(n_cases), shards);
        assert_eq!(
            matrix(5, 2),
            "{\"include\":[{\"shard\":\"1/2\",\"index\":1,\"count\":2},\
             {\"shard\":\"2/2\",\"index\":2,\"count\":2}]}\n"
        );
        assert_eq!(
            matrix(1, 4),
            "{\"include\":[{\"shard\":\"1/1\",\"index\":1,\"count\":1}]}\n"
        );
        assert_eq!(matrix(3, 4).matches("/3").count(), 3);
    }
}
