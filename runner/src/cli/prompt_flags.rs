//! The flags that say what is tokenized.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use schemas::tokenize::Bos;

use super::flag_error::FlagError;
use crate::gate::PromptWords;
use crate::prompt::{AskedPrompt, Choice, Date};
use crate::text::escape_path;

/// The flags.
#[derive(Clone, Debug, Args)]
pub(super) struct PromptFlags {
    /// The prompt
    #[arg(
        long,
        required_unless_present = "prompt_file",
        conflicts_with = "prompt_file"
    )]
    prompt: Option<String>,
    /// A file with the prompt, or - for standard input
    #[arg(long, value_name = "FILE")]
    prompt_file: Option<PathBuf>,
    /// What is put around the prompt: raw, instruct, llama3-chat, bitnet-chat; gguf (the model
    /// file's own chat template; gguf:NAME where it has several); auto (gguf if there is one, else
    /// raw)
    #[arg(long, default_value = "raw", value_name = "TEMPLATE", value_parser = Choice::from_name)]
    prompt_template: Choice,
    /// The day that a chat template of the model file is told as today (default: 2024-07-26, so
    /// that the prompt is the same tomorrow)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = Date::from_str)]
    template_date: Option<Date>,
    /// A system prompt, for templates that have a place for one
    #[arg(long, value_name = "TEXT")]
    system_prompt: Option<String>,
    /// Begin with the BOS token, whatever the file and the template say
    #[arg(long, conflicts_with = "no_bos")]
    add_bos: bool,
    /// Add no BOS token, whatever the file and the template say
    #[arg(long)]
    no_bos: bool,
}

impl PromptFlags {
    /// The prompt, and how the user would give it again.
    pub(super) fn check(self) -> Result<(AskedPrompt, PromptWords), FlagError> {
        if self.template_date.is_some() && matches!(self.prompt_template, Choice::BuiltIn(_)) {
            return Err(FlagError::Usage(format!(
                "--template-date: the template {} asks for no day (hint: gguf may)",
                self.prompt_template
            )));
        }
        let (user, words) = self.read()?;
        let bos = self.bos();
        let prompt = AskedPrompt {
            user,
            system: self.system_prompt,
            template: self.prompt_template,
            bos,
            date: self.template_date,
        };
        Ok((prompt, words))
    }

    /// The user's own word on BOS.
    fn bos(&self) -> Option<Bos> {
        match (self.add_bos, self.no_bos) {
            (true, _) => Some(Bos::Yes),
            (_, true) => Some(Bos::No),
            _ => None,
        }
    }

    /// The prompt's bytes, and how the user would give it again.
    fn read(&self) -> Result<(Vec<u8>, PromptWords), FlagError> {
        if let Some(prompt) = &self.prompt {
            return Ok((
                prompt.clone().into_bytes(),
                PromptWords::Text(prompt.clone()),
            ));
        }
        let path = self.prompt_file.clone().unwrap_or_default();
        let read = || -> io::Result<Vec<u8>> {
            if path.as_os_str() == "-" {
                let mut bytes = Vec::new();
                io::stdin().read_to_end(&mut bytes)?;
                return Ok(bytes);
            }
            fs::read(&path)
        };
        let bytes = read().map_err(|error| {
            FlagError::BadInput(format!("prompt file {}: {error}", escape_path(&path)))
        })?;
        // A text can be shown in a command; what is not UTF-8 has to stay a file.
        let words = match String::from_utf8(bytes.clone()) {
            Ok(text) if !text.contains('\0') => PromptWords::Text(text),
            _ => PromptWords::File(path.display().to_string()),
        };
        Ok((bytes, words))
    }
}
