//! Prompt sets of which each line is a prompt: JSON lines, or text as it stands.
//!
//! Lines with nothing but blanks are skipped in both. A line that is not understood refuses all of the
//! file, since a set of which a part is silently left out would pass for the whole.

use std::collections::BTreeMap;

use schemas::line::{self, ItemId, MessageError};
use schemas::prompt::WrittenPrompt;
use schemas::tokenize::Text;

use super::error::{LineError, Problem};
use super::{LONGEST_BYTES, MOST_PROMPTS, SetPrompt};
use crate::prompt::Choice;

/// What a prompt without a name is called.
pub(super) fn name_of_line(number: usize) -> ItemId {
    ItemId::new(format!("line-{number}")).expect("a word, a dash and a number")
}

/// The lines of which prompts have which name.
#[derive(Default)]
pub(super) struct Names(BTreeMap<ItemId, usize>);

impl Names {
    /// Refuses a name that another line has.
    pub(super) fn take(&mut self, name: &ItemId, line: usize) -> Result<(), LineError> {
        match self.0.insert(name.clone(), line) {
            None => Ok(()),
            Some(by_line) => Err(LineError::NameIsTaken {
                name: name.to_string(),
                by_line,
            }),
        }
    }
}

/// Each line is a `lockstep/prompt/v1`, which can also hold a prompt of several lines.
pub(super) fn json_lines(bytes: &[u8]) -> Result<Vec<SetPrompt>, Problem> {
    let mut names = Names::default();
    each_line(bytes, |number, line| {
        let prompt = json_prompt(number, line)?;
        names.take(&prompt.name, number)?;
        Ok(prompt)
    })
}

fn json_prompt(number: usize, line: &[u8]) -> Result<SetPrompt, LineError> {
    let text = std::str::from_utf8(line).map_err(|error| LineError::NotUtf8 {
        valid_bytes: error.valid_up_to(),
    })?;
    if !text.trim_start().starts_with('{') {
        return Err(LineError::NoObject);
    }
    let line: WrittenPrompt = line::read(text).map_err(LineError::Message)?;
    let template = line.template.as_deref().map(Choice::from_name);
    Ok(SetPrompt {
        name: line.name.unwrap_or_else(|| name_of_line(number)),
        text: line.text,
        system: line.system,
        template: template.transpose().map_err(|problem| {
            LineError::Message(MessageError {
                path: "template".to_owned(),
                problem,
            })
        })?,
        tags: line.tags,
    })
}

/// Each line is a prompt as it stands, but for its end (`\n` or `\r\n`).
pub(super) fn text_lines(bytes: &[u8]) -> Result<Vec<SetPrompt>, Problem> {
    each_line(bytes, |number, line| {
        Ok(SetPrompt::of_text(
            name_of_line(number),
            Text::from_bytes(line.to_vec()),
        ))
    })
}

/// The prompts of all lines that have one.
fn each_line(
    bytes: &[u8],
    mut prompt: impl FnMut(usize, &[u8]) -> Result<SetPrompt, LineError>,
) -> Result<Vec<SetPrompt>, Problem> {
    if bytes.len() as u64 > LONGEST_BYTES {
        return Err(Problem::TooLarge {
            limit_bytes: LONGEST_BYTES,
        });
    }
    let mut prompts = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if prompts.len() == MOST_PROMPTS {
            return Err(Problem::TooMany {
                limit: MOST_PROMPTS,
            });
        }
        prompts.push(prompt(number, line).map_err(|error| Problem::Line { number, error })?);
    }
    if prompts.is_empty() {
        return Err(Problem::NoPrompts);
    }
    Ok(prompts)
}

#[cfg(test)]
mod tests {
    use super::super::error::PromptSetError;
    use super::*;
    use crate::exit::Exit;

    fn line(fields: &str) -> String {
        format!(r#"{{"schema":"lockstep/prompt/v1",{fields}}}"#)
    }

    fn refusal(bytes: &[u8]) -> (String, Exit) {
        let error = PromptSetError {
            file: "set".to_owned(),
            problem: json_lines(bytes).expect_err("refused"),
        };
        (error.to_string(), error.exit())
    }

    #[test]
    fn reads_json_lines() {
        let full =
            r#""name":"b","text":{"bytes":[255]},"system":"S","template":"auto","tags":["code"]"#;
        let text = format!(
            "{}\r\n\n \t\n{}",
            line(r#""name":"a","text":"x""#),
            line(full)
        );
        let prompts = json_lines(text.as_bytes()).expect("valid");
        let [a, b] = prompts.as_slice() else {
            panic!("{prompts:?}")
        };
        assert_eq!((a.name.as_str(), a.text.as_bytes()), ("a", &b"x"[..]));
        assert_eq!((&a.system, &a.template), (&None, &None));
        assert!(!a.has_tag("code") && b.has_tag("code") && !b.has_tag("cod"));
        assert_eq!(b.text.as_bytes(), [255]);
        assert_eq!(
            (b.system.as_deref(), &b.template),
            (Some("S"), &Some(Choice::Auto))
        );
    }

    #[test]
    fn a_line_that_is_not_understood_refuses_the_file_and_says_where() {
        let good = line(r#""name":"a","text":"x""#);
        for (bad, expected) in [
            (
                line(r#""name":"b","text":"x","tag":[]"#),
                "unknown field `tag`",
            ),
            (line(r#""name":"b""#), "missing field `text`"),
            (line(r#""name":"B c","text":"x""#), "field `name`"),
            (
                line(r#""name":"b","text":"x","tags":["No"]"#),
                "field `tags",
            ),
            (
                line(r#""name":"b","text":"x","template":"chatml""#),
                "field `template`: unknown template \"chatml\"",
            ),
            (good.clone(), "field `name`: a is the prompt of line 1"),
            (good.replace("/v1", "/v2"), "lockstep/prompt/v2"),
            ("What is 2+2?".to_owned(), "no JSON object (hint: "),
            (r#"{"name":"#.to_owned(), "EOF while parsing"),
            (line("\"na\u{1b}[2Jme\":1"), "line 3"),
        ] {
            let (text, exit) = refusal(format!("{good}\n\n{bad}\n{good}").as_bytes());
            assert!(text.starts_with("prompt set set: line 3: "), "{text}");
            assert!(text.contains(expected), "{text} does not say {expected}");
            assert!(!text.contains('\u{1b}'), "{text}");
            assert_eq!(exit, Exit::BadInput);
        }
        let (text, exit) = refusal(b"\n{\"name\":\"\xff\"}");
        assert!(
            text.contains("line 2: not UTF-8 after its first 9 bytes"),
            "{text}"
        );
        assert_eq!(exit, Exit::BadInput);
    }

    #[test]
    fn a_set_without_prompts_is_nothing_to_compare() {
        for empty in ["", "\n", " \r\n\t\n"] {
            let (text, exit) = refusal(empty.as_bytes());
            assert!(text.contains("zero prompts"), "{text}");
            assert_eq!(exit, Exit::Inconclusive);
            assert!(matches!(
                text_lines(empty.as_bytes()),
                Err(Problem::NoPrompts)
            ));
        }
    }

    #[test]
    fn a_line_of_text_is_a_prompt_as_it_stands() {
        let prompts = text_lines(b"  first \r\n\n\xffthird\nlast").expect("valid");
        let found: Vec<_> = prompts
            .iter()
            .map(|prompt| (prompt.name.as_str(), prompt.text.as_bytes()))
            .collect();
        let expected: [(&str, &[u8]); 3] = [
            ("line-1", b"  first "),
            ("line-3", b"\xffthird"),
            ("line-4", b"last"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn sizes_are_bounded() {
        let lines = |n: usize| b"x\n".repeat(n);
        assert!(text_lines(&lines(MOST_PROMPTS)).is_ok());
        let many = text_lines(&lines(MOST_PROMPTS + 1));
        assert!(matches!(many, Err(Problem::TooMany { .. })), "one too many");
    }
}
