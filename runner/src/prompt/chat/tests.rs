//! Rendering against what Python's Jinja makes of the same templates, and hostile templates.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use gguf::Header;
use serde_json::Value;

use super::job::{Answer, Job, Message};
use super::render::render;
use super::{Date, find, isolated, names};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/chat_templates")
}

fn job(template: &str, messages: &[(&str, &str)]) -> Job {
    let messages = messages.iter().map(|&(role, content)| Message {
        role: role.to_owned(),
        content: content.to_owned(),
    });
    let tokens = [("bos_token", "<s>"), ("eos_token", "</s>")];
    Job {
        template: template.to_owned(),
        messages: messages.collect(),
        tokens: tokens
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into(),
        date: Date::FIXED.to_string(),
        date_is_given: false,
    }
}

fn text(template: &str) -> String {
    match render(&job(template, &[("user", "Hi")])) {
        Answer::Rendered { text, .. } => text,
        Answer::Failed(problem) => panic!("{problem}"),
    }
}

#[track_caller]
fn fails(template: &str, parts: &[&str]) {
    match render(&job(template, &[("user", "Hi")])) {
        Answer::Rendered { text, .. } => panic!("rendered: {text:?}"),
        Answer::Failed(problem) => {
            for part in parts {
                assert!(problem.contains(part), "{part:?} is not in {problem:?}");
            }
        }
    }
}

/// The lines in which they begin to differ.
fn first_difference(found: &Answer, expected: &Value) -> String {
    let (Answer::Rendered { text, .. }, Some(expected)) = (found, expected["text"].as_str()) else {
        return format!("{found:?}, expected {expected}");
    };
    let lines = text.split('\n').zip(expected.split('\n'));
    let (found, expected) = lines.into_iter().find(|(a, b)| a != b).unwrap_or_default();
    format!("\n{found:?}\n{expected:?}")
}

/// `scripts/chat-template-truth.py` wrote what is expected.
#[test]
fn renders_as_python_does() {
    let expected = fs::read_to_string(folder().join("expected.json")).expect("committed");
    let expected: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_str(&expected).expect("JSON");
    let mut different = Vec::new();
    let mut compared = 0;
    for (name, cases) in &expected {
        let path = folder().join(format!("{name}.jinja"));
        let template = fs::read_to_string(path).expect("committed");
        for (case, expected) in cases {
            let messages: Vec<(String, String)> =
                serde_json::from_value(expected["messages"].clone()).expect("pairs");
            let messages: Vec<_> = messages
                .iter()
                .map(|(r, c)| (r.as_str(), c.as_str()))
                .collect();
            let found = render(&job(&template, &messages));
            let equal = match &found {
                Answer::Rendered { text, .. } => expected["text"] == text.as_str(),
                Answer::Failed(problem) => {
                    let raised = expected["raises"].as_str();
                    raised.is_some_and(|raised| problem.ends_with(&format!("raises: {raised}")))
                }
            };
            compared += 1;
            if !equal {
                different.push(format!(
                    "{name}, {case}: {}",
                    first_difference(&found, expected)
                ));
            }
        }
    }
    assert!(compared >= 60, "{compared} cases");
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn no_clock_is_read() {
    let template = "{{ strftime_now('%Y-%m-%d') }} {{ date_string | default('none') }}";
    let asked = render(&job(template, &[]));
    let expected = Answer::Rendered {
        text: "2024-07-26 none".to_owned(),
        asked_for_date: true,
    };
    assert_eq!(asked, expected);
    let mut given = job(template, &[]);
    given.date = "2025-01-02".to_owned();
    given.date_is_given = true;
    let expected = Answer::Rendered {
        text: "2025-01-02 02 Jan 2025".to_owned(),
        asked_for_date: true,
    };
    assert_eq!(render(&given), expected);
    let Answer::Rendered { asked_for_date, .. } = render(&job("{{ messages }}", &[])) else {
        panic!("it can be rendered");
    };
    assert!(!asked_for_date);
}

#[test]
fn a_broken_template_is_told_with_its_line() {
    fails("a\n{% if %}", &["line 2", "syntax error"]);
    fails("a\n\n{{ nothing.there.at_all }}", &["line 3", "undefined"]);
    fails(
        "{{ 'a' | nonsense }}",
        &["line 1", "unknown filter", "nonsense"],
    );
    fails("{{ nonsense() }}", &["nonsense", "unknown"]);
    fails(
        "\n{{ raise_exception('No: ' + bos_token) }}",
        &["line 2", "the template raises: No: <s>"],
    );
    fails("{% for x in messages %}", &["line 1"]);
    fails("{{ strftime_now('%Q') }}", &["%Q", "known: a A"]);
    fails("{{ missing | tojson }}", &["tojson", "undefined"]);
    fails("{% include 'other' %}", &["other"]);
    fails("{{ messages.append(1) }}", &["append"]);
    fails("{{ debug() }}", &["debug"]);
}

/// Each would go on for long, or crash, without a limit.
#[test]
fn a_template_has_an_end() {
    let deep = |text: &str| text.repeat(100_000);
    fails(
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
        &["more than 5000000 steps"],
    );
    fails(
        "{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
        &["longer than 16777216 bytes"],
    );
    fails(
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        &["recursion"],
    );
    fails("{% include 'chat_template' %}", &["chat_template"]);
    fails(&format!("{{{{ {} }}}}", deep("(")), &["recursion"]);
    fails(&deep("{% if true %}"), &["recursion"]);
    fails("{{ 'x' * 10 ** 12 }}", &["too large"]);
    fails("{{ range(10 ** 12) | list }}", &["range"]);
}

#[test]
fn the_other_end_answers_a_job_and_nothing_else() {
    let job = serde_json::to_string(&job("{{ messages[0].role }}", &[("user", "Hi")]));
    let line = isolated::serve(job.expect("JSON").as_bytes()).expect("a job");
    assert!(
        line.ends_with('\n') && line.contains(r#""text":"user""#),
        "{line}"
    );
    for wrong in ["", "{}", "[]", "{\"template\": 1}"] {
        assert!(isolated::serve(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert_eq!(text("{{ bos_token }}{{ pad_token }}|"), "<s>|");
}

fn header(entries: &[(&str, gguf::Value)]) -> Header {
    let entries: Vec<_> = entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    let mut file = Vec::new();
    gguf::write::file(&mut file, &entries, &[], |_, _| Ok(())).expect("a file");
    Header::parse(&file, file.len() as u64).expect("a header")
}

#[test]
fn a_files_templates_are_found_by_name() {
    let text = |text: &str| gguf::Value::String(text.into());
    let header = header(&[
        ("tokenizer.chat_template", text("default")),
        ("tokenizer.chat_template.rag", text("for documents")),
        ("tokenizer.chat_templates", text("not one of them")),
    ]);
    let source = |name| {
        let found = find(&header, name).expect("no broken one");
        found.map(|template| (template.source, template.key))
    };
    let key = "tokenizer.chat_template".to_owned();
    assert_eq!(source(None), Some(("default".to_owned(), key.clone())));
    let named = ("for documents".to_owned(), key + ".rag");
    assert_eq!(source(Some("rag")), Some(named));
    assert_eq!(source(Some("absent")), None);
    assert_eq!(names(&header), ["rag"]);
}

#[test]
fn what_is_no_text_is_no_template() {
    for (value, complaint) in [
        (gguf::Value::U32(7), "expected a text"),
        (gguf::Value::String(b"\xff".to_vec().into()), "not UTF-8"),
    ] {
        let header = header(&[("tokenizer.chat_template", value)]);
        let error = find(&header, None).expect_err("of no use").to_string();
        assert!(
            error.contains("tokenizer.chat_template") && error.contains(complaint),
            "{error}"
        );
    }
}

#[test]
fn special_tokens_are_those_that_the_file_has() {
    let texts = ["<s>", "</s>", ""].map(gguf::Text::from).to_vec();
    let tokens = gguf::Value::Array(gguf::Array::String(texts));
    let template = gguf::Value::String("x".into());
    let bos_of = |id| {
        let header = header(&[
            ("tokenizer.chat_template", template.clone()),
            ("tokenizer.ggml.tokens", tokens.clone()),
            ("tokenizer.ggml.bos_token_id", id),
            ("tokenizer.ggml.eos_token_id", gguf::Value::U32(1)),
        ]);
        let found = find(&header, None).expect("sound").expect("there");
        assert_eq!(
            found.tokens.get("eos_token").map(String::as_str),
            Some("</s>")
        );
        assert_eq!(found.tokens.get("pad_token"), None);
        (found.begins_with_bos("<s>x"), found.begins_with_bos("x"))
    };
    assert_eq!(bos_of(gguf::Value::U32(0)), (true, false));
    // An empty text begins every text, and is no token that a template writes.
    assert_eq!(bos_of(gguf::Value::U32(2)), (false, false));
    assert_eq!(
        bos_of(gguf::Value::U32(3)),
        (false, false),
        "outside the vocabulary"
    );
    assert_eq!(bos_of(gguf::Value::Bool(true)), (false, false), "no id");
}
