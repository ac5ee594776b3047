//! The flags that say which prompts a command goes through, and `lockstep prompts`, which shows them.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use schemas::line::ItemId;

use super::Format;
use super::flag_error::FlagError;
use super::template_flags::TemplateFlags;
use crate::prompt::Choice;
use crate::prompt_set::{self, BUILT_IN, PromptDefaults, PromptSet, SetPrompt};
use crate::text::escape_for_terminal;

/// The flags. What a prompt of the set says itself goes before those on templates.
#[derive(Clone, Debug, Args)]
pub struct PromptSetFlags {
    #[command(flatten)]
    set: SetFlag,
    #[command(flatten)]
    templates: TemplateFlags,
}

#[derive(Clone, Debug, Args)]
struct SetFlag {
    /// The prompts: built-in; a .txt file with one a line; a .csv table; a folder with one a file; any
    /// other file of JSON lines, or - for those on standard input (lockstep prompts --format json
    /// shows how they look)
    #[arg(long, default_value = BUILT_IN, value_name = "FILE")]
    prompts: PathBuf,
}

/// For commands whose verdict asks for enough prompts.
#[derive(Clone, Copy, Debug, Args)]
pub struct CoverageFlags {
    /// Give a verdict even if the prompts are fewer or shorter than one on a set asks for
    #[arg(long)]
    pub allow_small: bool,
}

impl PromptSetFlags {
    /// The prompts, and what holds for those that do not say it themselves.
    pub fn check(self) -> Result<(PromptSet, PromptDefaults), FlagError> {
        let set = self.set.read()?;
        let own = set.prompts.iter().filter_map(|it| it.template.as_ref());
        let defaults = self.templates.check(own)?;
        Ok((set, defaults))
    }
}

impl SetFlag {
    fn read(&self) -> Result<PromptSet, FlagError> {
        prompt_set::read(&self.prompts).map_err(FlagError::PromptSet)
    }
}

/// The flags of `prompts`.
#[derive(Clone, Debug, Args)]
pub struct ListFlags {
    #[command(flatten)]
    set: SetFlag,
    /// How it is written: json gives JSON lines, which can be edited and given back
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl ListFlags {
    /// The set, for people or as a file.
    pub fn list(&self) -> Result<String, FlagError> {
        let set = self.set.read()?;
        Ok(match self.format {
            Format::Json => set.lines(),
            Format::Text => table(&set),
        })
    }
}

/// One line on the set, and one on each prompt: name, bytes, template, tags.
fn table(set: &PromptSet) -> String {
    let columns = set.prompts.iter().map(|prompt| {
        let template = prompt.template.as_ref();
        let template = template.map_or("-".to_owned(), Choice::to_string);
        (prompt, escape_for_terminal(&template))
    });
    let columns: Vec<_> = columns.collect();
    let widest = |of: fn(&(&SetPrompt, String)) -> usize| columns.iter().map(of).max().unwrap_or(0);
    let names = widest(|(prompt, _)| prompt.name.as_str().len());
    let templates = widest(|(_, template)| template.chars().count());
    let bytes = |prompt: &SetPrompt| prompt.text.as_bytes().len();
    let version = set.version.map(|version| format!(", version {version}"));
    let mut text = format!(
        "{}{}: {} prompts, {} bytes\nsha256 {}\n\n",
        escape_for_terminal(&set.name),
        version.unwrap_or_default(),
        set.prompts.len(),
        set.prompts.iter().map(bytes).sum::<usize>(),
        set.sha256
    );
    for (prompt, template) in &columns {
        let tags: Vec<_> = prompt.tags.iter().map(ItemId::as_str).collect();
        let (name, bytes, tags) = (prompt.name.as_str(), bytes(prompt), tags.join(" "));
        let row = format!("{name:names$}  {bytes:>7} bytes  {template:templates$}  {tags}");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use schemas::tokenize::Bos;

    use super::*;
    use crate::exit::Exit;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        prompts: PromptSetFlags,
        #[command(flatten)]
        coverage: CoverageFlags,
    }

    fn parsed(words: &[&str]) -> Line {
        Line::try_parse_from([&["test"], words].concat()).expect("flags")
    }

    #[test]
    fn nothing_said_is_the_built_in_set_and_raw() {
        let line = parsed(&[]);
        assert!(!line.coverage.allow_small);
        let (set, defaults) = line.prompts.check().expect("a set");
        assert_eq!((set.name.as_str(), set.version), ("built-in", Some(1)));
        assert_eq!(defaults.template.to_string(), "raw");
        assert_eq!(
            (defaults.system, defaults.bos, defaults.date),
            (None, None, None)
        );
    }

    #[test]
    fn what_is_said_holds_for_the_set() {
        let words = [
            "--prompt-template",
            "instruct",
            "--system-prompt",
            "S",
            "--add-bos",
        ];
        let line = parsed(&[&words[..], &["--prompts", "built-in", "--allow-small"]].concat());
        assert!(line.coverage.allow_small);
        let (_, defaults) = line.prompts.check().expect("a set");
        assert_eq!(defaults.template.to_string(), "instruct");
        assert_eq!(defaults.system.as_deref(), Some("S"));
        assert_eq!(defaults.bos, Some(Bos::Yes));
    }

    /// A day goes to chat templates alone; the built-in set has a prompt with one.
    #[test]
    fn a_day_that_nobody_asks_for_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("set.txt");
        std::fs::write(&file, "Hi\n").expect("written");
        let file = file.to_str().expect("UTF-8");
        let day = ["--template-date", "2025-01-31"];
        let check = |words: &[&str]| parsed(&[&day[..], words].concat()).prompts.check();
        let refused = check(&["--prompts", file]).expect_err("raw alone");
        assert_eq!(refused.exit(), Exit::Usage);
        assert!(check(&["--prompts", file, "--prompt-template", "auto"]).is_ok());
        assert!(check(&[]).is_ok());
    }
}
