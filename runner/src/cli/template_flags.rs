//! The flags that say what is put around prompts.

use std::str::FromStr;

use clap::Args;
use schemas::tokenize::Bos;

use super::flag_error::FlagError;
use crate::prompt::{Choice, Date};
use crate::prompt_set::PromptDefaults;

/// The flags.
#[derive(Clone, Debug, Args)]
pub(super) struct TemplateFlags {
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

impl TemplateFlags {
    /// The flags as values, for prompts of which some have a template of their own.
    pub(super) fn check<'a>(
        &self,
        own: impl IntoIterator<Item = &'a Choice>,
    ) -> Result<PromptDefaults, FlagError> {
        if self.template_date.is_some()
            && !self.prompt_template.asks_for_day()
            && !own.into_iter().any(Choice::asks_for_day)
        {
            return Err(FlagError::Usage(format!(
                "--template-date: the template {} asks for no day (hint: gguf may)",
                self.prompt_template
            )));
        }
        Ok(PromptDefaults {
            template: self.prompt_template.clone(),
            system: self.system_prompt.clone(),
            bos: self.bos(),
            date: self.template_date,
        })
    }

    /// The user's own word on BOS.
    fn bos(&self) -> Option<Bos> {
        match (self.add_bos, self.no_bos) {
            (true, _) => Some(Bos::Yes),
            (_, true) => Some(Bos::No),
            _ => None,
        }
    }
}
