//! The exact texts that templates make, as the engines saw them.

use serde_json::Value;

use crate::desk::Desk;

fn text_of(template: &str, flags: &[&str]) -> Value {
    let desk = Desk::new();
    let prompt = ["--prompt", "Hi", "--prompt-template", template];
    let (_, receipt) = desk.json(&[&prompt[..], flags].concat());
    let asked = desk.requests("reference", "tokenize");
    assert_eq!(asked, desk.requests("candidate", "tokenize"));
    assert_eq!(asked[0]["text"], receipt["prompt"]["formatted"]);
    asked[0]["text"].clone()
}

#[test]
fn templates_reach_the_engines_as_they_are_documented() {
    assert_eq!(text_of("raw", &[]), "Hi");
    assert_eq!(text_of("instruct", &[]), "Q: Hi\nA:");
    assert_eq!(
        text_of("llama3-chat", &[]),
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>\
         <|start_header_id|>assistant<|end_header_id|>\n\n"
    );
    assert_eq!(text_of("bitnet-chat", &[]), "User: Hi<|eot_id|>Assistant: ");
}

#[test]
fn a_system_prompt_has_its_place() {
    let system = ["--system-prompt", "Be brief."];
    assert_eq!(
        text_of("instruct", &system),
        "System: Be brief.\n\nQ: Hi\nA:"
    );
    assert_eq!(
        text_of("llama3-chat", &system),
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>\
         <|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>\
         <|start_header_id|>assistant<|end_header_id|>\n\n"
    );
    assert_eq!(
        text_of("bitnet-chat", &system),
        "System: Be brief.<|eot_id|>User: Hi<|eot_id|>Assistant: "
    );
}

/// BOS comes from the template's own text, once.
#[test]
fn a_chat_has_one_begin_token() {
    let desk = Desk::new();
    let (_, receipt) = desk.json(&["--prompt", "Hi", "--prompt-template", "llama3-chat"]);
    let tokens = receipt["tokens"].as_array().expect("a list");
    assert_eq!(tokens.iter().filter(|&token| token == 256).count(), 1);
    assert_eq!(tokens[0], 256);
    assert_eq!(tokens[1], 258, "<|start_header_id|>");
}

#[test]
fn control_tokens_that_one_side_takes_as_text_are_named_as_the_cause() {
    let desk = Desk::new().habit("candidate", &["special-as-text"]);
    let (text, receipt) = desk.both(&["--prompt", "Hi", "--prompt-template", "bitnet-chat"]);
    text.exits(2);
    let first = receipt["suggestions"][0].as_str().expect("a text");
    assert!(
        first.contains("Special tokens are parsed in the C++ tokens"),
        "{first}"
    );
}
