//! Chat templates that a model file brings: which is taken, and what reaches the engines.

use std::fs;

use serde_json::{Value, json};

use crate::desk::{Desk, Run};
use crate::{model, models};

pub(crate) const KEY: &str = "tokenizer.chat_template";

/// The markup of LLaMA-3's chats; `[BOS]` stands for what comes first.
const MARKUP: &str = "[BOS]{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n\
     {{ m.content | trim }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}\
     <|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}";

fn markup(bos: &str) -> String {
    MARKUP.replace("[BOS]", bos)
}

pub(crate) fn desk_with(templates: &[(&str, &str)]) -> Desk {
    let desk = Desk::new();
    model::write_with(&desk.path("model.gguf"), true, Some("default"), templates);
    desk
}

fn gguf(flags: &[&str]) -> Vec<String> {
    let fixed = ["--prompt", "Hi", "--prompt-template", "gguf"];
    let all = fixed.iter().chain(flags);
    all.map(|&flag| flag.to_owned()).collect()
}

/// One comparison with the file's template; the text and the BOS that both engines were asked for.
pub(crate) fn asked(desk: &Desk, flags: &[&str]) -> (Value, Value, Value) {
    let flags = gguf(flags);
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let (text, receipt) = desk.both(&flags);
    text.exits(0);
    let requests = desk.requests("reference", "tokenize");
    let last = requests.last().expect("asked").clone();
    assert_eq!(desk.requests("candidate", "tokenize").last(), Some(&last));
    assert_eq!(last["text"], receipt["prompt"]["formatted"]);
    assert_eq!(last["bos"], receipt["prompt"]["bos"]);
    assert_eq!(last["parse_special"], true);
    (last["text"].clone(), last["bos"].clone(), receipt)
}

/// Ends with this code before any engine is started.
#[track_caller]
pub(crate) fn ends(desk: &Desk, flags: &[&str], code: i32, complaints: &[&str]) {
    let run = desk.text(flags);
    run.exits(code).complains(complaints);
    let json = Run::of(desk.per_token(flags).args(["--format", "json"]));
    assert_eq!(json.exits(code).object("failure")["exit"]["code"], code);
    assert_eq!(desk.starts(), [""; 0], "no engine was started");
}

#[test]
fn the_files_template_is_what_both_engines_tokenize() {
    let desk = desk_with(&[(KEY, &markup(""))]);
    let (text, _, receipt) = asked(&desk, &["--system-prompt", " Be brief. "]);
    let turn = |role, text| format!("<|start_header_id|>{role}<|end_header_id|>\n\n{text}");
    let expected = [
        turn("system", "Be brief.<|eot_id|>"),
        turn("user", "Hi<|eot_id|>"),
        turn("assistant", ""),
    ];
    assert_eq!(text, expected.concat());
    let prompt = &receipt["prompt"];
    assert_eq!(prompt["template_asked"], "gguf");
    assert_eq!(prompt["template"], "gguf");
    assert_eq!(prompt["system"], " Be brief. ");
    let chat = json!({"key": KEY, "date": null});
    assert_eq!(prompt["chat_template"], chat);
    assert_eq!(prompt["in_reference_model"], Value::Null);
}

/// The trap: the template writes BOS, and the tokenizer would put another one before it.
#[test]
fn a_chat_has_one_begin_token_whoever_writes_it() {
    for (bos, request) in [
        ("{{ bos_token }}", "no"),
        ("<|begin_of_text|>", "no"),
        ("", "model"),
    ] {
        let desk = desk_with(&[(KEY, &markup(bos))]);
        let (_, asked_bos, receipt) = asked(&desk, &[]);
        assert_eq!(asked_bos, request, "{bos:?}");
        let tokens = receipt["tokens"].as_array().expect("a list");
        assert_eq!(tokens[..2], [json!(256), json!(258)], "{bos:?}");
    }
    // The user's word goes first, be it wrong.
    let desk = desk_with(&[(KEY, &markup("{{ bos_token }}"))]);
    let (_, bos, receipt) = asked(&desk, &["--add-bos"]);
    assert_eq!(bos, "yes");
    assert_eq!(receipt["tokens"][1], 256);
}

#[test]
fn a_file_without_the_template_is_no_guess() {
    let flags = ["--prompt", "Hi", "--prompt-template", "gguf"];
    ends(&Desk::new(), &flags, 64, &["no chat template (hint: auto"]);
    let desk = desk_with(&[
        (KEY, &markup("")),
        (
            "tokenizer.chat_template.short",
            "[{{ messages[0].content }}]",
        ),
    ]);
    let named = |name| ["--prompt", "Hi", "--prompt-template", name];
    ends(
        &desk,
        &named("gguf:long"),
        64,
        &["no chat template long", "gguf:short"],
    );
    let (_, receipt) = desk.json(&named("gguf:short"));
    assert_eq!(receipt["prompt"]["formatted"], "[Hi]");
    assert_eq!(receipt["prompt"]["template_asked"], "gguf:short");
    assert_eq!(
        receipt["prompt"]["chat_template"]["key"],
        "tokenizer.chat_template.short"
    );
}

#[test]
fn auto_takes_the_files_template_or_raw_and_says_so() {
    let auto = ["--prompt", "Hi", "--prompt-template", "auto"];
    let (text, receipt) = desk_with(&[(KEY, "<{{ messages[0].content }}>")]).both(&auto);
    text.exits(0)
        .says(&["template: gguf (auto: tokenizer.chat_template)\n"]);
    assert_eq!(receipt["prompt"]["template_asked"], "auto");
    assert_eq!(receipt["prompt"]["template"], "gguf");
    assert_eq!(receipt["prompt"]["formatted"], "<Hi>");

    let (text, receipt) = Desk::new().both(&auto);
    text.exits(0)
        .says(&["template: raw (auto: the model file has no chat template)\n"]);
    assert_eq!(receipt["prompt"]["template_asked"], "auto");
    assert_eq!(receipt["prompt"]["template"], "raw");
    assert_eq!(receipt["prompt"]["chat_template"], Value::Null);
    assert_eq!(receipt["prompt"]["formatted"], "Hi");
    assert_eq!(receipt["prompt"]["parse_special"], false);

    // A broken one is not passed over.
    ends(
        &desk_with(&[(KEY, "{{")]),
        &auto,
        65,
        &["line 1", "syntax error"],
    );
    let system = [&auto[..], &["--system-prompt", "S"]].concat();
    ends(&Desk::new(), &system, 64, &["--system-prompt", "raw"]);
    // Nobody is told what goes without saying.
    let raw = Desk::new().text(&["--prompt", "Hi"]);
    assert!(!raw.stdout.contains("template"), "{raw:?}");
}

#[test]
fn today_is_the_same_day_on_every_run() {
    let template = "{{ strftime_now('%d %b %Y') }} {{ messages[0].content }}";
    let desk = desk_with(&[(KEY, template)]);
    let (text, _, receipt) = asked(&desk, &[]);
    assert_eq!(text, "26 Jul 2024 Hi");
    assert_eq!(receipt["prompt"]["chat_template"]["date"], "2024-07-26");
    let (text, _, receipt) = asked(&desk, &["--template-date", "2025-03-01"]);
    assert_eq!(text, "01 Mar 2025 Hi");
    assert_eq!(receipt["prompt"]["chat_template"]["date"], "2025-03-01");
    let flags = ["--prompt", "Hi", "--prompt-template", "gguf"];
    desk.text(&flags).says(&["told that today is 2024-07-26)"]);
    for (wrong, complaint) in [("2025-02-29", "no day"), ("today", "no day")] {
        let flags = [&flags[..], &["--template-date", wrong]].concat();
        desk.text(&flags).exits(64).complains(&[complaint]);
    }
    let built_in = ["--prompt", "Hi", "--template-date", "2025-03-01"];
    desk.text(&built_in)
        .exits(64)
        .complains(&["--template-date", "raw"]);
}

#[test]
fn another_template_in_the_references_file_is_told() {
    let desk = desk_with(&[(KEY, "<{{ messages[0].content }}>")]);
    for (templates, word, said) in [
        (
            &[(KEY, "<{{ messages[0].content }}>")][..],
            "same",
            "tokenizer.chat_template)\n",
        ),
        (
            &[(KEY, "{{ messages[0].content }}")],
            "different",
            "; the reference's file has another)",
        ),
        (&[], "absent", "; the reference's file has none)"),
    ] {
        model::write_with(&desk.path("other.gguf"), true, Some("default"), templates);
        let flags = ["--prompt", "Hi", "--prompt-template", "gguf"];
        let flags = [&flags[..], &["--reference-model", "other.gguf"]].concat();
        let (text, receipt) = desk.both(&flags);
        text.exits(0).says(&[said]);
        assert_eq!(receipt["prompt"]["in_reference_model"], word);
        // One text goes to both, the candidate's.
        assert_eq!(receipt["prompt"]["formatted"], "<Hi>");
    }
}

#[test]
fn a_template_in_the_references_file_alone_is_told() {
    let desk = Desk::new();
    let sound = (KEY, "<{{ messages[0].content }}>");
    let broken = (KEY, "{{");
    for (templates, word, said) in [
        (&[sound][..], "different", "; the reference's file has one)"),
        (&[broken], "different", "; the reference's file has one)"),
        (&[], "absent", "the model file has no chat template)"),
    ] {
        model::write_with(&desk.path("other.gguf"), true, Some("default"), templates);
        let flags = ["--prompt", "Hi", "--reference-model", "other.gguf"];
        let auto = [&flags[..], &["--prompt-template", "auto"]].concat();
        let (text, receipt) = desk.both(&auto);
        text.exits(0).says(&[said]);
        assert_eq!(receipt["prompt"]["in_reference_model"], word);
        assert_eq!(receipt["prompt"]["template"], "raw");
        assert_eq!(receipt["prompt"]["formatted"], "Hi");
        // Where no file has the say, none is asked.
        let (raw, receipt) = desk.both(&flags);
        assert!(!raw.stdout.contains("template"), "{raw:?}");
        assert_eq!(receipt["prompt"]["in_reference_model"], Value::Null);
    }
}

/// A published template, from the file that its model comes in. SmolLM2's BOS is `<|im_start|>`.
#[test]
fn the_demo_model_brings_its_own() {
    let demo = models::smollm2();
    let desk = Desk::new();
    fs::remove_file(desk.path("model.gguf")).expect("it is there");
    std::os::unix::fs::symlink(demo, desk.path("model.gguf")).expect("a link");
    let turn = |role, text| format!("<|im_start|>{role}\n{text}<|im_end|>\n");
    let own = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";
    let open = "<|im_start|>assistant\n";
    let (text, bos, _) = asked(&desk, &[]);
    assert_eq!(text, turn("system", own) + &turn("user", "Hi") + open);
    assert_eq!(bos, "no");
    let (text, _, receipt) = asked(&desk, &["--system-prompt", "Be brief."]);
    assert_eq!(
        text,
        turn("system", "Be brief.") + &turn("user", "Hi") + open
    );
    assert_eq!(receipt["prompt"]["chat_template"]["key"], KEY);
}
