//! The template that the user names on the command line.

use std::fmt;

use super::built_in::{TEMPLATES, Template};

/// The model file's own template.
pub(super) const GGUF: &str = "gguf";
const AUTO: &str = "auto";

/// The template that the user names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// One of Lockstep's own.
    BuiltIn(Template),
    /// One of the model file's own: its default or the one of a name.
    Gguf {
        /// The name.
        name: Option<String>,
    },
    /// The model file's default template if it has one, else raw.
    Auto,
}

impl Choice {
    /// Whether it may ask which day is today, as templates of model files do.
    pub fn asks_for_day(&self) -> bool {
        !matches!(self, Self::BuiltIn(_))
    }

    /// The choice by its name, or a message that lists all of them.
    pub fn from_name(name: &str) -> Result<Self, String> {
        match name {
            AUTO => return Ok(Self::Auto),
            GGUF => return Ok(Self::Gguf { name: None }),
            _ => {}
        }
        if let Some(named) = name.strip_prefix("gguf:").filter(|named| !named.is_empty()) {
            let name = Some(named.to_owned());
            return Ok(Self::Gguf { name });
        }
        let template = Template::from_name(name).ok_or_else(|| {
            let known: Vec<_> = TEMPLATES.iter().map(|template| template.name()).collect();
            let known = known.join(", ");
            format!("unknown template {name:?} (known: {known}, gguf, gguf:NAME, auto)")
        })?;
        Ok(Self::BuiltIn(template))
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(template) => f.write_str(template.name()),
            Self::Gguf { name: None } => f.write_str(GGUF),
            Self::Gguf { name: Some(name) } => write!(f, "{GGUF}:{name}"),
            Self::Auto => f.write_str(AUTO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AC12
    #[test]
    fn an_unknown_template_is_refused_with_the_list() {
        let message = Choice::from_name("chatml").expect_err("unknown");
        let own = ["gguf", "gguf:tool_use", "auto"].into_iter();
        for name in own.chain(TEMPLATES.map(Template::name)) {
            let listed = name.split(':').next().expect("a name");
            assert!(message.contains(listed), "{message}");
            let choice = Choice::from_name(name).expect("known");
            assert_eq!(choice.to_string(), name);
        }
        for wrong in ["", "gguf:", "GGUF", "auto "] {
            assert!(Choice::from_name(wrong).is_err(), "{wrong}");
        }
    }
}
