//! From what the user wrote to the text that is tokenized.
//!
//! In reading order: `built_in` has the templates that Lockstep has itself, `chat` runs the one that
//! a model file brings, `choice` is what the user says on the command line. Here the two become a
//! [`FormattedPrompt`].

mod built_in;
mod chat;
mod choice;
mod error;

use gguf::Header;
use schemas::receipt::{ChatTemplateRecord, TemplateElsewhere};
use schemas::tokenize::Bos;

pub use built_in::{TEMPLATES, Template};
pub(crate) use chat::RENDER_CHAT_TEMPLATE;
pub use chat::{Date, serve as serve_chat_template};
pub use choice::Choice;
pub use error::PromptError;

use crate::engine::Supervision;
use chat::ChatTemplate;

/// A prompt as the user gave it.
#[derive(Clone, Debug)]
pub struct AskedPrompt {
    /// What the user wrote.
    pub user: Vec<u8>,
    /// The system prompt.
    pub system: Option<String>,
    /// The template.
    pub template: Choice,
    /// The user's own word on BOS, which goes before the template's.
    pub bos: Option<Bos>,
    /// The day that a chat template is told.
    pub date: Option<Date>,
}

/// A text with all that the tokenizers must be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormattedPrompt {
    /// The name of the template that was applied.
    pub template: &'static str,
    /// Where it is the model file's own: which one.
    pub chat: Option<ChatTemplateRecord>,
    /// What another file of the reference's has in its place, where the files have the say.
    pub in_reference_model: Option<TemplateElsewhere>,
    /// What is tokenized.
    pub text: Vec<u8>,
    /// What is done about BOS.
    pub bos: Bos,
    /// Whether texts of control tokens stand for them.
    pub parse_special: bool,
}

/// Applies the template that was asked for. `header` is the candidate's model, which has the say;
/// `reference` is another file of the reference's, which is only looked at.
pub fn format(
    asked: &AskedPrompt,
    header: &Header,
    reference: Option<&Header>,
    supervision: &Supervision,
) -> Result<FormattedPrompt, PromptError> {
    let found = match &asked.template {
        Choice::BuiltIn(template) => return with_built_in(asked, *template),
        Choice::Auto => chat::find(header, None)?,
        Choice::Gguf { name } => {
            let found = chat::find(header, name.as_deref())?;
            Some(found.ok_or_else(|| PromptError::NoTemplate {
                name: name.clone(),
                known: chat::names(header),
            })?)
        }
    };
    let formatted = match &found {
        None => with_built_in(asked, Template::Raw),
        Some(template) => with_chat_template(asked, template, supervision),
    }?;
    Ok(FormattedPrompt {
        in_reference_model: reference.map(|other| beside(found.as_ref(), other)),
        ..formatted
    })
}

/// What the reference's file has in the place of the candidate's template, if there is one.
fn beside(template: Option<&ChatTemplate>, reference: &Header) -> TemplateElsewhere {
    let name = template.and_then(ChatTemplate::name);
    match (chat::find(reference, name), template) {
        (Ok(None), _) => TemplateElsewhere::Absent,
        (Ok(Some(other)), Some(own)) if other.writes_as(own) => TemplateElsewhere::Same,
        // One that cannot be read is not the candidate's, either.
        _ => TemplateElsewhere::Different,
    }
}

fn with_built_in(asked: &AskedPrompt, template: Template) -> Result<FormattedPrompt, PromptError> {
    if template == Template::Raw && asked.system.is_some() {
        return Err(PromptError::NoPlaceForSystem {
            template: template.name().to_owned(),
        });
    }
    let (before, after) = template.around(asked.system.as_deref());
    Ok(FormattedPrompt {
        template: template.name(),
        chat: None,
        in_reference_model: None,
        text: [before.as_bytes(), &asked.user, after.as_bytes()].concat(),
        bos: asked.bos.unwrap_or_else(|| template.bos()),
        parse_special: template.parse_special(),
    })
}

/// A text that nobody asked for, to see whether a template heeds the one that was asked for.
fn other_words(words: &str) -> &'static str {
    const CONTROLS: [&str; 2] = ["How far is it to the moon?", "Name three rivers."];
    CONTROLS[usize::from(words == CONTROLS[0])]
}

fn with_chat_template(
    asked: &AskedPrompt,
    template: &ChatTemplate,
    supervision: &Supervision,
) -> Result<FormattedPrompt, PromptError> {
    let user = std::str::from_utf8(&asked.user).map_err(|error| PromptError::NotUtf8 {
        valid_bytes: error.valid_up_to(),
    })?;
    let system = asked.system.as_deref();
    let rendered = template.apply(system, user, asked.date, supervision)?;
    // Templates may change a text, even cut words out of it; one that makes the same of a chat with
    // other words in its place does not heed it.
    let heeds = |system: Option<&str>, user: &str| {
        let other = template.apply(system, user, asked.date, supervision)?;
        Ok::<_, PromptError>(other.text != rendered.text)
    };
    if !user.trim().is_empty() && !heeds(system, other_words(user))? {
        return Err(PromptError::LeavesPromptOut {
            key: template.key.clone(),
        });
    }
    let words = system.filter(|words| !words.trim().is_empty());
    if let Some(words) = words
        && !heeds(Some(other_words(words)), user)?
    {
        return Err(PromptError::NoPlaceForSystem {
            template: template.key.clone(),
        });
    }
    // The tokenizer would put a second BOS before the template's own; where the template has none,
    // the file decides, as in llama.cpp.
    let bos = if template.begins_with_bos(&rendered.text) {
        Bos::No
    } else {
        Bos::Model
    };
    Ok(FormattedPrompt {
        template: choice::GGUF,
        chat: Some(ChatTemplateRecord {
            key: template.key.clone(),
            date: rendered.date.map(|date| date.to_string()),
        }),
        in_reference_model: None,
        text: rendered.text.into_bytes(),
        bos: asked.bos.unwrap_or(bos),
        parse_special: true,
    })
}
