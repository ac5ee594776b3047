//! Chat templates that are broken, leave something out, or mean harm: each ends with a code and a
//! message before any engine is started.

use std::fs;
use std::time::{Duration, Instant};

use crate::chat_templates::{KEY, asked, desk_with, ends};
use crate::desk::{Desk, Run};

#[test]
fn what_would_not_be_heeded_is_refused() {
    let flags = ["--prompt", "Hi", "--prompt-template", "gguf"];
    let system = [&flags[..], &["--system-prompt", "Be brief."]].concat();
    let user_alone = desk_with(&[(KEY, "{{ messages[-1].content }}")]);
    ends(
        &user_alone,
        &system,
        64,
        &["--system-prompt", "tokenizer.chat_template", "no place"],
    );
    let nothing = desk_with(&[(KEY, "{{ bos_token }}Hello")]);
    ends(
        &nothing,
        &flags,
        65,
        &["tokenizer.chat_template", "does not have the prompt"],
    );
    for makes_the_same in [
        "<|im_start|>user\nconstant<|im_end|>",
        "{% if messages[-1].content %}constant{% else %}other{% endif %}",
        "{% if not messages[-1].content %}{{ raise_exception('no') }}{% endif %}constant",
    ] {
        let user = ["--prompt", "user", "--prompt-template", "gguf"];
        ends(
            &desk_with(&[(KEY, makes_the_same)]),
            &user,
            65,
            &["does not have the prompt"],
        );
    }
    // Trimmed as Python does, or with words cut out of it, it is heeded all the same.
    let cuts =
        "{{ messages[0].content.replace('/no_think', '') }}{{ messages[-1].content.strip() }}";
    let (text, _, _) = asked(
        &desk_with(&[(KEY, cuts)]),
        &["--system-prompt", "Be /no_think brief."],
    );
    assert_eq!(text, "Be  brief.Hi");
    // So is one without which the template refuses the chat.
    let needs = "{% if messages | length < 2 %}{{ raise_exception('no system') }}{% endif %}\
         {{ messages[0].content | length }}{{ messages[1].content }}";
    let (text, _, _) = asked(&desk_with(&[(KEY, needs)]), &["--system-prompt", "four"]);
    assert_eq!(text, "4Hi");
    let separators = ["--prompt", "\u{1c}Hi\u{1f}", "--prompt-template", "gguf"];
    desk_with(&[(KEY, "{{ messages[0].content.strip() }}")])
        .text(&separators)
        .exits(0);
    fs::write(user_alone.path("bytes"), b"ab\xff").expect("written");
    let bytes = ["--prompt-file", "bytes", "--prompt-template", "gguf"];
    ends(
        &user_alone,
        &bytes,
        65,
        &["not UTF-8 after its first 2 bytes"],
    );
}

#[test]
fn a_long_error_is_cut() {
    let flags = ["--prompt", "Hi", "--prompt-template", "gguf"];
    let raises = "{{ raise_exception('\u{1}' * 20000000) }}";
    let run = desk_with(&[(KEY, raises)]).text(&flags);
    run.exits(65)
        .complains(&["the template raises: ", "(20000"]);
    assert!(run.stderr.len() < 10_000, "{} bytes", run.stderr.len());
}

#[test]
fn a_broken_template_is_bad_input() {
    let flags = ["--prompt", "Hi", "--prompt-template", "gguf"];
    let raises = "\n{{ raise_exception('no \u{1b}[31m system') }}";
    let desk = desk_with(&[(KEY, raises)]);
    ends(
        &desk,
        &flags,
        65,
        &[KEY, "line 2: the template raises: no \\u{1b}[31m system"],
    );
    ends(
        &desk_with(&[(KEY, "a\n{% if %}")]),
        &flags,
        65,
        &["line 2", "syntax error"],
    );
    ends(
        &desk_with(&[(KEY, &"x".repeat(1 << 21))]),
        &flags,
        65,
        &["2097152 bytes", "1048576"],
    );
}

/// Each of these ends or exhausts a process that renders it; the runner is another one.
#[test]
fn a_hostile_template_harms_nobody() {
    let flags = ["--prompt", "Hi", "--prompt-template", "gguf"];
    let deep = |text: &str| format!("{{{{ {}1 }}}}", text.repeat(100_000));
    let begun = Instant::now();
    for (template, complaint) in [
        // Doubling takes few steps and all memory.
        (
            "{% set ns = namespace(s='xxxxxxxx') %}{% for a in range(60) %}\
             {% set ns.s = ns.s ~ ns.s %}{% endfor %}"
                .to_owned(),
            "536870912 bytes of memory",
        ),
        (
            "{{ 'a' | indent(99999999999) }}".to_owned(),
            "536870912 bytes of memory",
        ),
        (deep("not "), "brings down the process"),
        (deep("1 + "), "brings down the process"),
        (
            "{% set ns = namespace(x=[]) %}{% for a in range(99999) %}\
             {% set ns.x = [ns.x] %}{% endfor %}"
                .to_owned(),
            "brings down the process",
        ),
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"
                .to_owned(),
            "more than 5000000 steps",
        ),
    ] {
        let start: String = template.chars().take(40).collect();
        let desk = desk_with(&[(KEY, &template)]);
        let run = desk.text(&flags);
        assert_eq!(run.code, 65, "{start}: {run:?}");
        run.complains(&[KEY, complaint]);
        assert_eq!(desk.starts(), [""; 0], "no engine was started");
    }
    // Not one of them waits for a time limit of its own.
    assert!(begun.elapsed() < Duration::from_secs(100));
}

/// What the process that renders is asked is no business of a user, and is refused when it is no job.
#[test]
fn the_hidden_subcommand_is_hidden() {
    let desk = Desk::new();
    let lockstep = env!("CARGO_BIN_EXE_lockstep");
    let help = Run::of(desk.command(lockstep).arg("--help"));
    assert!(
        !help.exits(0).stdout.contains("render-chat-template"),
        "{help:?}"
    );
    let run = Run::of(desk.command(lockstep).arg("render-chat-template"));
    run.exits(70).complains(&["the job"]);
}
