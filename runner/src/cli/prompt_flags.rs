//! The flags that say what is tokenized.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::Args;

use super::flag_error::FlagError;
use super::template_flags::TemplateFlags;
use crate::gate::PromptWords;
use crate::prompt::AskedPrompt;
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
    #[command(flatten)]
    templates: TemplateFlags,
}

impl PromptFlags {
    /// The prompt, and how the user would give it again.
    pub(super) fn check(self) -> Result<(AskedPrompt, PromptWords), FlagError> {
        let around = self.templates.check([])?;
        let (user, words) = self.read()?;
        let prompt = AskedPrompt {
            user,
            system: around.system,
            template: around.template,
            bos: around.bos,
            date: around.date,
        };
        Ok((prompt, words))
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
