//! The files of prompt sets: JSON lines, or text with one prompt a line.
//!
//! A file whose name ends in `.txt` is text: each line is a prompt as it stands, but for its end
//! (`\n` or `\r\n`), and is called `line-N`. Anything else is JSON lines, each a
//! `lockstep/prompt/v1`, which can also hold a prompt of several lines. Lines with nothing but blanks
//! are skipped in both. Whoever wrote the file is not trusted: its size is bounded, and a line that
//! is not understood refuses all of it, since a set of which a part is silently left out would pass
//! for the whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use schemas::line::{self, ItemId, MessageError};
use schemas::prompt::PromptLine;
use schemas::tokenize::Text;

use super::error::{LineError, Problem, PromptSetError};
use super::{PromptSet, SetPrompt};
use crate::prompt::Choice;

/// What the command line calls the set that is part of the program.
pub const BUILT_IN: &str = "built-in";

const BUILT_IN_LINES: &str = include_str!("../../prompts/built-in-v1.jsonl");
const BUILT_IN_VERSION: u32 = 1;

const SABOTAGE_LINES: &str = include_str!("../../prompts/sabotage-v1.jsonl");
const SABOTAGE_VERSION: u32 = 1;

/// Twenty long novels: no set that anybody could wait for is larger.
const LONGEST_BYTES: u64 = 64 << 20;

/// At a tenth of a second each they take three hours.
const MOST_PROMPTS: usize = 100_000;

/// The set that is part of the program.
///
/// # Panics
/// Never: the file is part of the program, and a test reads it.
pub fn built_in() -> PromptSet {
    let prompts = json_lines(BUILT_IN_LINES.as_bytes());
    let prompts = prompts.expect("the built-in prompt set is valid: a test reads it");
    PromptSet::new(BUILT_IN, Some(BUILT_IN_VERSION), prompts)
}

/// The short set on which faults are tried.
///
/// # Panics
/// Never: the file is part of the program, and a test reads it.
pub(crate) fn sabotage() -> PromptSet {
    let prompts = json_lines(SABOTAGE_LINES.as_bytes());
    let prompts = prompts.expect("the prompts of sabotage are valid: a test reads them");
    PromptSet::new("sabotage", Some(SABOTAGE_VERSION), prompts)
}

/// The set that the command line names: `built-in`, `-` for JSON lines on standard input, or a file.
pub fn read(path: &Path) -> Result<PromptSet, PromptSetError> {
    if path.as_os_str() == BUILT_IN {
        return Ok(built_in());
    }
    let (file, opened): (_, io::Result<Box<dyn Read>>) = if path.as_os_str() == "-" {
        ("standard input".into(), Ok(Box::new(io::stdin().lock())))
    } else {
        let opened = File::open(path).map(|file| Box::new(file) as Box<dyn Read>);
        (path.to_string_lossy(), opened)
    };
    let is_text = path.extension().is_some_and(|extension| extension == "txt");
    let prompts = opened
        .and_then(bounded)
        .map_err(Problem::Unreadable)
        .and_then(|bytes| {
            if is_text {
                text_lines(&bytes)
            } else {
                json_lines(&bytes)
            }
        })
        .map_err(|problem| PromptSetError {
            file: file.clone().into_owned(),
            problem,
        })?;
    // A folder is where a file lies today, and no part of what it is.
    let name = path.file_name().filter(|name| *name != "-");
    let name = name.map_or(file.clone(), |name| name.to_string_lossy());
    Ok(PromptSet::new(&name, None, prompts))
}

/// One byte beyond the limit is read, so that a file that is too large can be told.
fn bounded(file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LONGEST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn json_lines(bytes: &[u8]) -> Result<Vec<SetPrompt>, Problem> {
    let mut lines_of = BTreeMap::new();
    each_line(bytes, |number, line| {
        let prompt = json_prompt(line)?;
        match lines_of.insert(prompt.name.clone(), number) {
            None => Ok(prompt),
            Some(by_line) => Err(LineError::NameIsTaken {
                name: prompt.name.to_string(),
                by_line,
            }),
        }
    })
}

fn json_prompt(line: &[u8]) -> Result<SetPrompt, LineError> {
    let text = std::str::from_utf8(line).map_err(|error| LineError::NotUtf8 {
        valid_bytes: error.valid_up_to(),
    })?;
    if !text.trim_start().starts_with('{') {
        return Err(LineError::NoObject);
    }
    let line: PromptLine = line::read(text).map_err(LineError::Message)?;
    let template = line.template.as_deref().map(Choice::from_name);
    Ok(SetPrompt {
        name: line.name,
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

fn text_lines(bytes: &[u8]) -> Result<Vec<SetPrompt>, Problem> {
    each_line(bytes, |number, line| {
        Ok(SetPrompt {
            name: ItemId::new(format!("line-{number}")).expect("a word, a dash and a number"),
            text: Text::from_bytes(line.to_vec()),
            system: None,
            template: None,
            tags: Vec::new(),
        })
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
        let endless = bounded(io::repeat(b'x')).expect("bounded");
        assert!(matches!(
            text_lines(&endless),
            Err(Problem::TooLarge { .. })
        ));
        assert!(text_lines(&endless[1..]).is_ok());
    }

    #[test]
    fn the_built_in_set_reads_back_as_it_is_shown() {
        let set = built_in();
        assert_eq!(
            json_lines(set.lines().as_bytes()).expect("valid"),
            set.prompts
        );
        assert!(set.prompts.len() >= 8);
        assert!(set.prompts.iter().all(|prompt| prompt.template.is_some()));
    }
}
