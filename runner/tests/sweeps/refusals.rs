//! Sweeps that make no sense: told with the line, and nothing is written.

use crate::bench::Bench;

const MODEL: &str = "[[model]]\nfile = \"tiny.gguf\"\n";
const PROMPTS: &str = "[[prompts]]\nfile = \"lines.txt\"\n";

/// A folder with a model and two lines of text.
fn bench() -> Bench {
    let bench = Bench::new();
    bench
        .model("tiny.gguf", 1)
        .write("lines.txt", "one\ntwo\n")
        .write("others.txt", "zero\ntwo\n");
    bench
}

/// The line of each mistake, the sweep, and what is said. `/` ends a line, `@` stands for a model and a
/// prompt set in four lines.
const MISTAKES: &str = r#"
1: nam = 1 / @                                => unknown field `nam`, expected one of `name`
2: [[model]] / fil = "tiny.gguf" / @          => unknown field `fil`, expected one of `file`
6: @ [settings] / threads = 0                 => expected a number from 1 to 512 in `threads = 0`
6: @ [settings] / kv = "q8_0"                 => expected `f16` or `f32` in `kv = "q8_0"`
6: @ [settings] / floor = "off"               => bits and tight limits need none
6: @ [settings] / template_date = "2025-01-31" => no template asks for a day
3: @ [settings] / system_prompt = "S"         => template raw: --system-prompt: the template raw
5: @ [[model]] / file = "tiny.gguf"           => a model before it is called tiny.gguf
6: @ [[model]] / file = "absent.gguf"         => absent.gguf: No such file
6: @ [[model]] / file = "lines.txt"           => lines.txt: no GGUF file
5: @ [[prompts]] / file = "lines.txt"         => a prompt set before it is called lines.txt
5: @ [[prompts]] / file = "absent.txt"        => absent.txt: No such file
5: @ [[prompts]] / name = "x"                 => expected `file`, or `built_in = true`
5: @ [[prompts]] / built_in = true / file = "x" => both `file` and `built_in`
5: @ [[prompts]] / built_in = true / format = "csv" => `built_in` is none
5: @ [[pair]] / candidate = "nobody"          => unknown engine `nobody`, known are: rust-engine
6: @ [[pair]] / [[pair]] / reference = "llama" => is compared twice with llama-scalar
6: @ [limits] / kl = 1.0                      => a limit of kl in profile exact: there bits are compared
6: @ [limits] / f32 = "x.json"                => the sweep has no profile f32
"#;

#[test]
fn a_mistake_is_told_with_its_line_and_what_is_expected() {
    let bench = bench();
    let base = [MODEL, PROMPTS].concat();
    for mistake in MISTAKES.trim().lines() {
        let (line, rest) = mistake.split_once(": ").expect("a line");
        let (sweep, expected) = rest.split_once(" => ").expect("what is said");
        let sweep = sweep
            .replace(" / ", "\n")
            .replace("@ ", &base)
            .replace('@', &base);
        bench.write("sweep.toml", sweep);
        let run = bench.lockstep(&["plan", "sweep.toml", "-o", "plan.json"]);
        run.exits(65)
            .complains(&format!("sweep.toml:{line}: "))
            .complains(expected.trim());
        assert!(!bench.path("plan.json").exists(), "{run:?}");
    }
}

#[test]
fn a_set_without_prompts_is_nothing_to_compare() {
    let bench = bench();
    bench.write("empty.txt", "\n");
    let empty = "[[prompts]]\nfile = \"empty.txt\"\n";
    bench.write("sweep.toml", format!("{MODEL}{PROMPTS}{empty}"));
    let run = bench.lockstep(&["plan", "sweep.toml", "--count"]);
    run.exits(4)
        .complains("sweep.toml:5: prompt set ")
        .complains("empty.txt: zero prompts");
}

/// The rules of the command line, where values stand in several places.
#[test]
fn what_does_not_go_together_is_refused() {
    let bench = bench();
    bench.write("wrong.json", "{}");
    for (head, tail, expected) in [
        ("profiles = []\n", "", "`profiles` is empty"),
        ("templates = []\n", "", "`templates` is empty"),
        (
            "profiles = [\"f32\", \"f32\"]\n",
            "",
            "sweep.toml:1: `profiles` has f32 twice",
        ),
        (
            "templates = [\"raw\", \"raw\"]\n",
            "",
            "sweep.toml:1: `templates` has raw twice",
        ),
        (
            "templates = [\"gguf:x\"]\n",
            "",
            "template gguf:x: --prompt-template: the model file has no",
        ),
        (
            "profiles = [\"exact\", \"f32\"]\n",
            "[settings]\nkv = \"f16\"\n",
            "sweep.toml:7: `kv` is f16: the profile f32 compares with an f32 KV cache",
        ),
        (
            "profiles = [\"f32\"]\n",
            "[limits]\nmse = nan\n",
            "sweep.toml:7: a limit of mse must be a finite number",
        ),
        (
            "profiles = [\"f32\"]\n",
            "[limits]\nf32 = \"wrong.json\"\n",
            "wrong.json: missing field `schema`",
        ),
    ] {
        bench.write("sweep.toml", format!("{head}{MODEL}{PROMPTS}{tail}"));
        let run = bench.lockstep(&["plan", "sweep.toml", "-o", "plan.json"]);
        run.exits(65).complains(expected);
    }
    bench.write("sweep.toml", PROMPTS);
    let run = bench.lockstep(&["plan", "sweep.toml", "--count"]);
    run.exits(65)
        .complains("no [[model]], expected at least one");
    bench.write("sweep.toml", MODEL);
    let run = bench.lockstep(&["plan", "sweep.toml", "--count"]);
    run.exits(65)
        .complains("no [[prompts]], expected at least one");
    bench.write("sweep.toml", " {\"schema\":\"lockstep/receipt/v1\"}");
    let run = bench.lockstep(&["plan", "sweep.toml", "--count"]);
    run.exits(65).complains("lockstep/receipt/v1");
}

#[test]
fn two_prompts_that_are_one_case_are_named() {
    let bench = bench();
    let others = "[[prompts]]\nfile = \"others.txt\"\n";
    bench.write("sweep.toml", format!("{MODEL}{PROMPTS}{others}"));
    let run = bench.lockstep(&["plan", "sweep.toml", "-o", "plan.json"]);
    run.exits(65)
        .complains("sweep.toml:5: the same case twice: prompt line-2 of lines.txt and prompt line-2 of others.txt");
    // With a template of its own it is another question.
    let own = "{\"schema\":\"lockstep/prompt/v1\",\"text\":\"two\",\"template\":\"instruct\"}\n";
    bench.write("others.jsonl", own);
    let others = "[[prompts]]\nfile = \"others.jsonl\"\n";
    bench.write("sweep.toml", format!("{MODEL}{PROMPTS}{others}"));
    assert_eq!(bench.plan().cases.len(), 3);
}

#[test]
fn an_engine_that_is_not_there_is_told_with_what_mends_it() {
    let bench = bench();
    bench.write("sweep.toml", format!("{MODEL}{PROMPTS}"));
    let run = bench.lockstep_with(
        &bench.path("none"),
        &["plan", "sweep.toml", "-o", "plan.json"],
    );
    run.exits(69)
        .complains("llama-scalar")
        .complains("scripts/build-references.sh scalar");
}
