//! Many prompts under one name: the built-in set, or a file or folder of the user's.
//!
//! `file` reads a set, which has at least one prompt, by `lines`, `csv` or `folder`; a [`SetPrompt`]
//! then becomes what a prompt of `per-token` is, so that all that follows is the same.

mod csv;
mod error;
mod file;
mod folder;
mod lines;

use schemas::line::{self, ItemId};
use schemas::prompt::PromptLine;
use schemas::tag::Tag;
use schemas::tokenize::{Bos, Text};
use sha2::{Digest, Sha256};

pub use error::PromptSetError;
pub(crate) use file::sabotage;
pub use file::{BUILT_IN, PromptFormat, built_in, read, read_as};

use crate::gate::PromptWords;
use crate::model_file::hex;
use crate::prompt::{AskedPrompt, Choice, Date};
use crate::text::escape_json_for_terminal;

/// Twenty long novels: no set that anybody could wait for is larger.
const LONGEST_BYTES: u64 = 64 << 20;

/// At a tenth of a second each they take three hours.
const MOST_PROMPTS: usize = 100_000;

/// The tag of prompts that have code in them.
pub const CODE: &str = "code";

/// Many prompts under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptSet {
    /// `built-in`, or the file's name without its folder.
    pub name: String,
    /// The version of the built-in set.
    pub version: Option<u32>,
    /// Of [`Self::lines`], so that it is the same however the user wrote the set.
    pub sha256: String,
    /// The prompts, in the file's order; at least one.
    pub prompts: Vec<SetPrompt>,
}

impl PromptSet {
    fn new(name: &str, version: Option<u32>, prompts: Vec<SetPrompt>) -> Self {
        let mut set = Self {
            name: name.to_owned(),
            version,
            sha256: String::new(),
            prompts,
        };
        set.sha256 = hex(&Sha256::digest(set.lines().as_bytes()));
        set
    }

    /// The set as a file of JSON lines that any terminal can show.
    pub fn lines(&self) -> String {
        let lines = self
            .prompts
            .iter()
            .map(|prompt| line::write(&prompt.line()));
        lines.map(|line| escape_json_for_terminal(&line)).collect()
    }
}

/// One prompt of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetPrompt {
    /// By which reports call it; no other one of the set has it.
    pub name: ItemId,
    /// What the user wrote.
    pub text: Text,
    /// Its own system prompt.
    pub system: Option<String>,
    /// Its own template.
    pub template: Option<Choice>,
    /// What it is good for.
    pub tags: Vec<ItemId>,
}

/// What the command line says for prompts that do not say it themselves.
#[derive(Clone, Debug)]
pub struct PromptDefaults {
    /// The template.
    pub template: Choice,
    /// The system prompt.
    pub system: Option<String>,
    /// The user's own word on BOS, for all prompts.
    pub bos: Option<Bos>,
    /// The day that chat templates are told.
    pub date: Option<Date>,
}

impl SetPrompt {
    /// A text of which nothing else is said.
    fn of_text(name: ItemId, text: Text) -> Self {
        Self {
            name,
            text,
            system: None,
            template: None,
            tags: Vec::new(),
        }
    }

    /// Whether it has a tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own.as_str() == tag)
    }

    /// The template that is taken.
    pub fn template<'a>(&'a self, defaults: &'a PromptDefaults) -> &'a Choice {
        self.template.as_ref().unwrap_or(&defaults.template)
    }

    /// The prompt as `per-token` has it.
    pub fn asked(&self, defaults: &PromptDefaults) -> AskedPrompt {
        AskedPrompt {
            user: self.text.as_bytes().to_vec(),
            system: self.system.clone().or_else(|| defaults.system.clone()),
            template: self.template(defaults).clone(),
            bos: defaults.bos,
            date: defaults.date,
        }
    }

    /// How the user would give it to `per-token`.
    pub fn words(&self) -> PromptWords {
        words(&self.text)
    }

    /// As a line of a file of JSON lines.
    pub fn line(&self) -> PromptLine {
        PromptLine {
            schema: Tag::new(),
            name: self.name.clone(),
            text: self.text.clone(),
            system: self.system.clone(),
            template: self.template.as_ref().map(Choice::to_string),
            tags: self.tags.clone(),
        }
    }
}

/// How a user would give this text to `per-token`: bytes that no command line can hold have to come by
/// standard input.
pub fn words(text: &Text) -> PromptWords {
    match text {
        Text::Utf8(text) if !text.contains('\0') => PromptWords::Text(text.clone()),
        Text::Utf8(_) | Text::Raw(_) => PromptWords::File("-".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Template;

    fn prompt(text: Text) -> SetPrompt {
        SetPrompt {
            name: ItemId::new("one").expect("an id"),
            text,
            system: None,
            template: None,
            tags: vec![ItemId::new("code").expect("an id")],
        }
    }

    fn utf8(text: &str) -> SetPrompt {
        prompt(Text::Utf8(text.to_owned()))
    }

    fn defaults() -> PromptDefaults {
        PromptDefaults {
            template: Choice::Auto,
            system: Some("of the command line".to_owned()),
            bos: Some(Bos::Yes),
            date: None,
        }
    }

    #[test]
    fn what_a_prompt_says_itself_goes_before_the_command_line() {
        let silent = utf8("Hi").asked(&defaults());
        assert_eq!(silent.user, b"Hi");
        assert_eq!(silent.template, Choice::Auto);
        assert_eq!(silent.system.as_deref(), Some("of the command line"));
        assert_eq!(silent.bos, Some(Bos::Yes));
        let raw = Choice::BuiltIn(Template::Raw);
        let own = SetPrompt {
            system: Some("its own".to_owned()),
            template: Some(raw.clone()),
            ..utf8("Hi")
        };
        let own = own.asked(&defaults());
        assert_eq!(
            (own.template, own.system.as_deref()),
            (raw, Some("its own"))
        );
    }

    #[test]
    fn only_text_is_given_by_words() {
        let words = |prompt: SetPrompt| match prompt.words() {
            PromptWords::Text(text) => text,
            PromptWords::File(file) => format!("file {file}"),
        };
        assert_eq!(words(utf8("Hi")), "Hi");
        assert_eq!(words(utf8("a\0b")), "file -");
        assert_eq!(words(prompt(Text::from_bytes(vec![0xff]))), "file -");
    }

    #[test]
    fn the_digest_is_that_of_the_contents() {
        let digest =
            |name: &str, prompt: SetPrompt| PromptSet::new(name, None, vec![prompt]).sha256;
        let one = digest("a", utf8("Hi"));
        assert_eq!(one, digest("b", utf8("Hi")), "a name is no content");
        assert_ne!(one, digest("a", utf8("Ho")));
        let untagged = SetPrompt {
            tags: Vec::new(),
            ..utf8("Hi")
        };
        assert_ne!(one, digest("a", untagged));
    }
}
