//! The mismatch as text for people.

use std::fmt::Write as _;

use schemas::tokenize::Tokens;

use super::Mismatch;
use crate::text::{escape_bytes_for_terminal, quote_for_sh};

/// How many tokens of each side are listed (AC2).
const LISTED: usize = 64;
/// How many tokens are shown with their pieces before and after the first difference.
const AROUND: usize = 4;

/// The command that shows the same comparison with the raw template.
#[derive(Clone, Debug)]
pub struct Rerun {
    /// The words after `lockstep per-token`, without a template and without the prompt.
    pub arguments: Vec<String>,
    /// The prompt as text, or the file that it came from when it is not UTF-8.
    pub prompt: PromptWords,
}

/// How a prompt is given on a command line.
#[derive(Clone, Debug)]
pub enum PromptWords {
    /// `--prompt TEXT`.
    Text(String),
    /// `--prompt-file PATH`.
    File(String),
}

impl Rerun {
    /// The command, quoted for a shell (AC8).
    pub fn command(&self) -> String {
        // Joined by `=`, so that a text that begins with a dash is no flag.
        let prompt = match &self.prompt {
            PromptWords::Text(text) => format!("--prompt={text}"),
            PromptWords::File(path) => format!("--prompt-file={path}"),
        };
        let words = self.arguments.iter().map(String::as_str);
        let quoted: Vec<_> = words
            .chain([prompt.as_str(), "--prompt-template", "raw"])
            .map(quote_for_sh)
            .collect();
        format!("lockstep per-token {}", quoted.join(" "))
    }
}

/// The whole message; `adopted` says that both engines evaluated the reference's tokens all the same.
pub fn mismatch_text(
    mismatch: &Mismatch,
    suggestions: &[String],
    rerun: &Rerun,
    adopted: bool,
) -> String {
    let mut text = String::from(
        "Token Sequence Mismatch\n\
         Rust and C++ produced different tokens - cannot compare logits!\n",
    );
    for (title, tokens) in [
        ("Rust tokens:", &mismatch.candidate),
        ("C++ tokens:", &mismatch.reference),
    ] {
        push_tokens(&mut text, title, tokens, mismatch.first_difference);
    }
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(text, "\nFirst diff at index: {}", mismatch.first_difference);
    text.push_str("\nSuggested fixes:\n");
    for suggestion in suggestions {
        let _ = writeln!(text, "  - {suggestion}");
    }
    let _ = writeln!(
        text,
        "\nExample command with raw template:\n  {}",
        rerun.command()
    );
    if adopted {
        text.push_str(
            "\nThe C++ tokens are evaluated by both all the same (--tokens-from reference).\n",
        );
    }
    text
}

fn push_tokens(text: &mut String, title: &str, tokens: &Tokens, at: usize) {
    let n = tokens.ids.len();
    let _ = write!(text, "\n{title}");
    if n > LISTED {
        let _ = write!(text, " (first {LISTED} of {n})");
    }
    let listed: Vec<_> = tokens.ids.iter().take(LISTED).map(u32::to_string).collect();
    let _ = writeln!(text, "\n  [{}]", listed.join(", "));
    for index in at.saturating_sub(AROUND)..n.min(at + AROUND + 1) {
        let mark = if index == at { ">" } else { " " };
        let piece = tokens
            .pieces
            .get(index)
            .map_or(&b""[..], |piece| piece.as_bytes());
        let shown = escape_bytes_for_terminal(piece);
        let _ = writeln!(
            text,
            "  {mark} {index:>5}  {:>7}  \"{shown}\"",
            tokens.ids[index]
        );
    }
    if at >= n {
        let _ = writeln!(text, "  > {at:>5}  (the end)");
    }
}

#[cfg(test)]
mod tests {
    use schemas::line::ItemId;
    use schemas::tag::Tag;
    use schemas::tokenize::Piece;

    use super::*;
    use crate::gate::check;

    fn tokens(ids: impl IntoIterator<Item = u32>) -> Tokens {
        let ids: Vec<u32> = ids.into_iter().collect();
        Tokens {
            schema: Tag::new(),
            id: ItemId::new("case").expect("an id"),
            pieces: ids
                .iter()
                .map(|id| Piece::from_bytes(format!("p{id}").into()))
                .collect(),
            ids,
        }
    }

    fn rerun(prompt: &str) -> Rerun {
        Rerun {
            arguments: vec!["--model".into(), "my model.gguf".into()],
            prompt: PromptWords::Text(prompt.to_owned()),
        }
    }

    /// AC2, AC3, AC8
    #[test]
    fn has_every_part() {
        let mismatch =
            check(tokens(0..100), tokens((0..80).chain(90..100))).expect_err("different");
        let text = mismatch_text(&mismatch, &["Do this".to_owned()], &rerun("it's"), false);
        for part in [
            "Token Sequence Mismatch\n",
            "\nRust tokens: (first 64 of 100)\n  [0, 1, 2,",
            "\nC++ tokens: (first 64 of 90)\n",
            "  >    80       80  \"p80\"",
            "  >    80       90  \"p90\"",
            "\nFirst diff at index: 80\n",
            "\nSuggested fixes:\n  - Do this\n",
            "\nExample command with raw template:\n  lockstep per-token --model 'my model.gguf' '--prompt=it'\\''s' --prompt-template raw\n",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert!(!text.contains(" 64, "), "token 64 is beyond those listed");
    }

    #[test]
    fn shows_the_end_of_the_shorter_side() {
        let mismatch = check(tokens([1, 2]), tokens([1, 2, 3])).expect_err("different");
        let text = mismatch_text(&mismatch, &[], &rerun(""), false);
        assert!(text.contains(">     2  (the end)"), "{text}");
    }

    #[test]
    fn a_hostile_piece_does_not_reach_the_terminal() {
        let mut hostile = tokens([1]);
        hostile.pieces = vec![Piece::from_bytes(b"\x1b[31m".to_vec())];
        let mismatch = check(hostile, tokens([2])).expect_err("different");
        assert!(!mismatch_text(&mismatch, &[], &rerun(""), false).contains('\u{1b}'));
    }
}
