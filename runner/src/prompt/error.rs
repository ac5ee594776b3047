//! Why there is nothing to tokenize.

use std::fmt;

use crate::engine::EngineFault;
use crate::exit::Exit;
use crate::text::escape_for_terminal;

/// Why there is nothing to tokenize.
#[derive(Debug)]
pub enum PromptError {
    /// The model file has no chat template of this kind.
    NoTemplate {
        /// The name that was asked for; the default template has none.
        name: Option<String>,
        /// The names of those that it has.
        known: Vec<String>,
    },
    /// A chat template is of no use.
    Template {
        /// Its key in the file.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A template has no place for the system prompt, which would silently not be heeded.
    NoPlaceForSystem {
        /// The template's name.
        template: String,
    },
    /// A chat template left out what the user asked.
    LeavesPromptOut {
        /// Its key in the file.
        key: String,
    },
    /// A chat template works on text alone.
    NotUtf8 {
        /// Bytes of the prompt that are text.
        valid_bytes: usize,
    },
    /// The process that renders failed, by no fault of the template.
    Renderer(EngineFault),
    /// Our own fault.
    Internal(String),
}

impl PromptError {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::NoTemplate { .. } | Self::NoPlaceForSystem { .. } => Exit::Usage,
            Self::Template { .. } | Self::LeavesPromptOut { .. } | Self::NotUtf8 { .. } => {
                Exit::BadInput
            }
            Self::Renderer(fault) if fault.exit() == Exit::Retryable => Exit::Retryable,
            Self::Renderer(_) | Self::Internal(_) => Exit::Internal,
        }
    }
}

impl fmt::Display for PromptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTemplate { name, known } => no_template(f, name.as_deref(), known),
            Self::Template { key, problem } => write!(
                f,
                "{}: {}",
                escape_for_terminal(key),
                escape_for_terminal(problem)
            ),
            Self::NoPlaceForSystem { template } => write!(
                f,
                "--system-prompt: the template {} has no place for it",
                escape_for_terminal(template)
            ),
            Self::LeavesPromptOut { key } => write!(
                f,
                "{}: the text that it makes does not have the prompt in it",
                escape_for_terminal(key)
            ),
            Self::NotUtf8 { valid_bytes } => write!(
                f,
                "the prompt is not UTF-8 after its first {valid_bytes} bytes, and a chat template \
                 works on text (hint: --prompt-template raw takes any bytes)"
            ),
            Self::Renderer(fault) => fault.fmt(f),
            Self::Internal(problem) => f.write_str(problem),
        }
    }
}

fn no_template(f: &mut fmt::Formatter<'_>, name: Option<&str>, known: &[String]) -> fmt::Result {
    f.write_str("--prompt-template: the model file has no chat template")?;
    if let Some(name) = name {
        write!(f, " {}", escape_for_terminal(name))?;
    }
    if known.is_empty() {
        return f.write_str(" (hint: auto takes raw then)");
    }
    let known: Vec<_> = known
        .iter()
        .map(|name| format!("gguf:{}", escape_for_terminal(name)))
        .collect();
    write!(f, " (it has: {})", known.join(", "))
}

impl std::error::Error for PromptError {}
