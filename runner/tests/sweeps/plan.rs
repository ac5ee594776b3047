//! What is planned: the cases, their keys, and the same bytes each time.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use schemas::plan::Plan;

use crate::bench::Bench;

/// Two models, prompts in every format, two templates, two profiles.
fn all_formats() -> Bench {
    let bench = Bench::new();
    bench
        .model("models/one.gguf", 1)
        .model("models/two.gguf", 2);
    let line = |rest: &str| format!("{{\"schema\":\"lockstep/prompt/v1\",{rest}}}\n");
    let lines = [
        line("\"text\":\"no name\""),
        line("\"name\":\"own\",\"text\":\"own template\",\"template\":\"raw\""),
    ];
    bench
        .write("sets/a.jsonl", lines.concat())
        .write("sets/b.csv", "text,id\nin a table,cell\n")
        .write("sets/c.txt", "first line\nsecond line\n")
        .write("sets/d/one.md", "in a folder\n")
        .write(
            "sweep.toml",
            "templates = [\"raw\", \"instruct\"]\n\
             profiles = [\"exact\", \"f32\"]\n\
             [[model]]\nfile = \"models/one.gguf\"\nlabel = \"one\"\n\
             [[model]]\nfile = \"models/two.gguf\"\n\
             [[prompts]]\nfile = \"sets/a.jsonl\"\n\
             [[prompts]]\nfile = \"sets/b.csv\"\n\
             [[prompts]]\nfile = \"sets/c.txt\"\n\
             [[prompts]]\nfile = \"sets/d\"\nname = \"folder\"\n\
             [settings]\nthreads = 1\nreference_threads = 2\n\
             [limits]\nkl = 0.5\n",
        );
    bench
}

#[test]
fn every_case_is_planned_once_and_the_same_bytes_come_out_twice() {
    let bench = all_formats();
    let plan = bench.plan();
    let first = bench.read("plan.json");
    bench.plan();
    assert_eq!(first, bench.read("plan.json"));
    is_valid(&first);

    // Five prompts with two templates and one with its own, on two models in two profiles.
    assert_eq!(plan.cases.len(), (5 * 2 + 1) * 2 * 2);
    let ids: BTreeSet<_> = plan.cases.iter().map(|case| &case.keys.id).collect();
    assert_eq!(ids.len(), plan.cases.len());
    let names: Vec<_> = plan.comparisons.iter().map(|it| it.name.as_str()).collect();
    let expected = [
        "one-rust-engine-llama-scalar-exact",
        "one-rust-engine-llama-scalar-f32",
        "two.gguf-rust-engine-llama-scalar-exact",
        "two.gguf-rust-engine-llama-scalar-f32",
    ];
    assert_eq!(names, expected);
    let [exact, f32, ..] = plan.comparisons.as_slice() else {
        panic!("{names:?}")
    };
    assert!(exact.limits.is_none() && exact.overrides.is_empty());
    assert!(f32.limits.is_some() && f32.overrides.len() == 1);
    assert_eq!((exact.context, f32.context), (256, 256));
    assert_eq!(plan.settings.candidate_threads, Some(1));
    assert_eq!(plan.settings.reference_threads, Some(2));
    assert_eq!(
        (plan.name.as_str(), plan.settings.greedy_steps),
        ("sweep", 4)
    );
    for engine in &plan.engines {
        assert!(engine.build.library.is_some(), "{engine:?}");
    }

    let list = bench.lockstep(&["plan", "plan.json", "--list"]);
    let lines: Vec<_> = list.exits(0).stdout.lines().collect();
    let own = format!(
        "{}\tone-rust-engine-llama-scalar-exact\ta.jsonl/own\traw",
        plan.cases[2].keys.id
    );
    assert_eq!(lines.len(), plan.cases.len());
    assert_eq!(lines[2], own);
    assert!(list.stdout.contains("\tfolder/one\tinstruct\n"), "{list:?}");
    assert!(list.stdout.contains("\tb.csv/cell\traw\n"), "{list:?}");
}

fn is_valid(plan: &str) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../schemas/json/plan.schema.json"
    );
    let schema = fs::read_to_string(path).expect("the schema is committed");
    let schema = serde_json::from_str(&schema).expect("it is JSON");
    let schema = jsonschema::validator_for(&schema).expect("it is a schema");
    let plan = serde_json::from_str(plan).expect("it is JSON");
    let problems: Vec<_> = schema.iter_errors(&plan).map(|it| it.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");
}

/// One model and three lines of text.
fn three_lines() -> Bench {
    let bench = Bench::new();
    bench
        .model("tiny.gguf", 1)
        .write("lines.txt", "one\ntwo\nthree\n")
        .write(
            "sweep.toml",
            "[[model]]\nfile = \"tiny.gguf\"\n[[prompts]]\nfile = \"lines.txt\"\n",
        );
    bench
}

#[test]
fn a_sweep_and_its_plan_are_told_alike() {
    let bench = three_lines();
    bench.plan();
    for arguments in [&["--list"][..], &["--count"], &["--github-matrix", "2"]] {
        let of = |file| bench.lockstep(&[&["plan", file], arguments].concat());
        let (sweep, plan) = (of("sweep.toml"), of("plan.json"));
        assert_eq!(sweep.exits(0).stdout, plan.exits(0).stdout);
    }
    assert_eq!(
        bench.lockstep(&["plan", "plan.json", "--count"]).stdout,
        "3\n"
    );
    let matrix = bench.lockstep(&["plan", "plan.json", "--github-matrix", "8"]);
    let jobs: serde_json::Value = serde_json::from_str(&matrix.stdout).expect("JSON");
    assert_eq!(jobs["include"].as_array().map(Vec::len), Some(3), "{jobs}");
    assert_eq!(jobs["include"][2]["shard"], "3/3");

    bench
        .lockstep(&["plan", "plan.json", "-o", "copy.json"])
        .exits(65)
        .complains("is a plan already");
    bench.lockstep(&["plan", "sweep.toml"]).exits(64);
    bench
        .lockstep(&["plan", "sweep.toml", "--list", "--count"])
        .exits(64);
}

fn keys(plan: &Plan) -> Vec<(&str, &str)> {
    let keys = plan.cases.iter().map(|case| &case.keys);
    keys.map(|keys| (keys.pairing_key.as_str(), keys.identity.as_str()))
        .collect()
}

#[test]
fn another_file_of_the_model_is_the_same_question_with_another_answer() {
    let bench = three_lines();
    let before = bench.plan();
    bench.model("tiny.gguf", 2);
    let after = bench.plan();
    for (before, after) in keys(&before).iter().zip(keys(&after)) {
        assert_eq!(before.0, after.0);
        assert_ne!(before.1, after.1);
    }
}

#[test]
fn another_prompt_is_another_question_and_leaves_the_others_alone() {
    let bench = three_lines();
    let before = bench.plan();
    bench.write("lines.txt", "one\nTwo\nthree\n");
    let after = bench.plan();
    let (before, after) = (keys(&before), keys(&after));
    assert_eq!((before[0], before[2]), (after[0], after[2]));
    assert_ne!(before[1].0, after[1].0);
    assert_ne!(before[1].1, after[1].1);
}

#[test]
fn paths_begin_at_the_plans_folder() {
    let bench = three_lines();
    bench.write("plans/keep", "");
    let beside = bench.plan();
    assert_eq!(beside.models[0].file.path, "tiny.gguf");
    bench
        .lockstep(&["plan", "sweep.toml", "-o", "plans/plan.json"])
        .exits(0);
    let plan = bench.read("plans/plan.json");
    let apart: Plan = schemas::line::read_whole(&plan).expect("a plan");
    assert_eq!(apart.models[0].file.path, "../tiny.gguf");
    assert_eq!(keys(&beside), keys(&apart));

    let absent = ["plan", "sweep.toml", "-o", "absent/plan.json"];
    bench
        .lockstep(&absent)
        .exits(65)
        .complains("absent/plan.json: there is no such folder");
}

/// What the page shows works.
#[test]
fn the_example_of_the_documentation_is_planned() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sweeps.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let (_, rest) = page.split_once("```toml\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("its end");
    let bench = Bench::new();
    bench
        .model("models/tiny.gguf", 1)
        .write(
            "questions.csv",
            "id,text\nriver,Where does the Rhine end?\n",
        )
        .write("sweep.toml", example);
    let plan = bench.plan();
    assert_eq!(plan.name, "nightly");
    assert_eq!(plan.prompt_sets[1].name, "questions");
    // The built-in prompts have templates of their own.
    let built_in = plan.prompt_sets[0].prompts.len();
    assert_eq!(plan.cases.len(), 2 * (built_in + 2));
}
