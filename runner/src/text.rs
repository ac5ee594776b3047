//! Text that other programs wrote, made fit for a terminal; and words made fit for a shell.
//!
//! Engines, models and prompts are not trusted: an escape sequence in a token or in an error
//! message must not move the cursor, change colours or turn the reading direction. What comes
//! out has no control character and can be told from what went in: a backslash is doubled, so
//! `\n` is a line end and `\\n` was a backslash and an n.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// `text` with everything that a terminal could obey made visible.
pub fn escape_for_terminal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        push_escaped(&mut escaped, character);
    }
    escaped
}

/// A path as [`escape_for_terminal`] shows it.
pub fn escape_path(path: &Path) -> String {
    escape_for_terminal(&path.to_string_lossy())
}

/// Like [`escape_for_terminal`]; bytes that are no UTF-8 become `\x` and two digits each.
pub fn escape_bytes_for_terminal(bytes: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        escaped.push_str(&escape_for_terminal(chunk.valid()));
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\x{byte:02x}");
        }
    }
    escaped
}

/// JSON in which strings have `\u` escapes for everything that a terminal could obey, so that it can
/// be looked at; what it means is unchanged. Outside strings JSON has no such character but line
/// ends and tabs.
pub fn escape_json_for_terminal(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\n' | '\t' => escaped.push(character),
            c if c.is_control() || is_invisible(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
            c => escaped.push(c),
        }
    }
    escaped
}

fn push_escaped(escaped: &mut String, character: char) {
    match character {
        '\\' => escaped.push_str("\\\\"),
        '\n' => escaped.push_str("\\n"),
        '\r' => escaped.push_str("\\r"),
        '\t' => escaped.push_str("\\t"),
        c if c.is_control() || is_invisible(c) => {
            let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
        }
        c => escaped.push(c),
    }
}

/// Characters that change how the text around them is shown or that show as nothing: direction
/// marks and overrides, line and paragraph separators, zero-width characters, tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// The line of a byte, from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.bytes().take(offset);
    1 + before.filter(|&byte| byte == b'\n').count()
}

/// `word` as one word of a POSIX shell: bare when it is plain, else in single quotes. What a
/// terminal could obey is written as octal bytes in `$'…'`, which not every `sh` knows yet.
pub fn quote_for_sh(word: &str) -> String {
    let obeyed = |c: char| (c.is_control() && !"\n\t".contains(c)) || is_invisible(c);
    if word.contains(obeyed) {
        let mut quoted = String::from("$'");
        for c in word.chars() {
            match c {
                '\\' | '\'' => quoted.extend(['\\', c]),
                c if obeyed(c) => {
                    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                        // Writing to a string cannot fail.
                        let _ = write!(quoted, "\\{byte:03o}");
                    }
                }
                c => quoted.push(c),
            }
        }
        quoted.push('\'');
        return quoted;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    // `=` first would be an assignment or, in zsh, a path search.
    if !word.is_empty() && word.chars().all(plain) && !word.starts_with('=') {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A path as a word of a command line: never taken for a flag.
pub fn path_argument(path: &Path) -> PathBuf {
    if path.as_os_str().as_bytes().starts_with(b"-") {
        return Path::new(".").join(path);
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_no_flag() {
        for (path, expected) in [
            ("-x", "./-x"),
            ("x-", "x-"),
            ("/-x", "/-x"),
            ("a/-x", "a/-x"),
        ] {
            assert_eq!(path_argument(Path::new(path)), Path::new(expected));
        }
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        let hostile = "a\u{1b}[31mb\u{9b}2J\u{7}\u{7f}\r\n\t\u{202e}x\u{200b}\u{feff}";
        let shown = escape_for_terminal(hostile);
        assert_eq!(
            shown,
            r"a\u{1b}[31mb\u{9b}2J\u{7}\u{7f}\r\n\t\u{202e}x\u{200b}\u{feff}"
        );
        assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)));
    }

    #[test]
    fn a_backslash_stays_distinguishable_from_an_escape() {
        assert_ne!(escape_for_terminal("\n"), escape_for_terminal("\\n"));
    }

    #[test]
    fn ordinary_text_is_unchanged() {
        for text in ["", "plain", "größe 字 🙂", "Ġword▁"] {
            assert_eq!(escape_for_terminal(text), text);
        }
    }

    #[test]
    fn broken_utf8_shows_its_bytes() {
        assert_eq!(
            escape_bytes_for_terminal(b"a\xf0\x9f\xffz\x1b"),
            r"a\xf0\x9f\xffz\u{1b}"
        );
    }

    #[test]
    fn json_means_the_same_after_its_escapes() {
        let hostile = "\u{1b}[31m\u{7f}\u{9b}2J\u{202e}\u{e0041}\n\t\\ größe 🙂";
        let json = serde_json::to_string_pretty(&[hostile]).expect("JSON");
        let escaped = escape_json_for_terminal(&json);
        assert!(
            !escaped
                .chars()
                .any(|c| (c.is_control() && c != '\n') || is_invisible(c))
        );
        assert!(escaped.contains(r"\u009b2J\u202e\udb40\udc41"), "{escaped}");
        let read: Vec<String> = serde_json::from_str(&escaped).expect("still JSON");
        assert_eq!(read, [hostile]);
    }

    #[test]
    fn quotes_words_for_a_shell() {
        assert_eq!(quote_for_sh("--model=a/b.gguf"), "--model=a/b.gguf");
        assert_eq!(quote_for_sh(""), "''");
        assert_eq!(quote_for_sh("it's $HOME\n"), "'it'\\''s $HOME\n'");
        assert_eq!(quote_for_sh("~x"), "'~x'");
        assert_eq!(quote_for_sh("=ls"), "'=ls'");
        assert_eq!(
            quote_for_sh("it's\u{1b}[2J\u{202e}\\"),
            r"$'it\'s\033[2J\342\200\256\\'"
        );
    }
}
