//! The templates that Lockstep has itself: what they put around a prompt.

use schemas::tokenize::Bos;

/// A prompt template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// The prompt as it is.
    Raw,
    /// Question and answer.
    Instruct,
    /// LLaMA-3's chat markup.
    Llama3Chat,
    /// BitNet's chat markup.
    BitnetChat,
}

/// All templates, in the order in which messages list them.
pub const TEMPLATES: [Template; 4] = [
    Template::Raw,
    Template::Instruct,
    Template::Llama3Chat,
    Template::BitnetChat,
];

impl Template {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Instruct => "instruct",
            Self::Llama3Chat => "llama3-chat",
            Self::BitnetChat => "bitnet-chat",
        }
    }

    /// The template of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        TEMPLATES
            .into_iter()
            .find(|template| template.name() == name)
    }

    /// What is put before and after the user's text.
    pub(super) fn around(self, system: Option<&str>) -> (String, &'static str) {
        match self {
            Self::Raw => (String::new(), ""),
            Self::Instruct => {
                let system = system.map_or(String::new(), |text| format!("System: {text}\n\n"));
                (format!("{system}Q: "), "\nA:")
            }
            Self::Llama3Chat => {
                let system = system.map_or(String::new(), |text| {
                    format!("<|start_header_id|>system<|end_header_id|>\n\n{text}<|eot_id|>")
                });
                let user = "<|start_header_id|>user<|end_header_id|>\n\n";
                (
                    format!("<|begin_of_text|>{system}{user}"),
                    "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
                )
            }
            Self::BitnetChat => {
                let system =
                    system.map_or(String::new(), |text| format!("System: {text}<|eot_id|>"));
                (format!("{system}User: "), "<|eot_id|>Assistant: ")
            }
        }
    }

    /// Whether the file decides on a BOS token; a template that has the token's own text wants no
    /// second one.
    pub(super) fn bos(self) -> Bos {
        match self {
            Self::Raw | Self::Instruct | Self::BitnetChat => Bos::Model,
            Self::Llama3Chat => Bos::No,
        }
    }

    /// Whether texts such as `<|eot_id|>` stand for tokens.
    pub(super) fn parse_special(self) -> bool {
        match self {
            Self::Raw | Self::Instruct => false,
            Self::Llama3Chat | Self::BitnetChat => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(template: Template, system: Option<&str>) -> String {
        let (before, after) = template.around(system);
        format!("{before}Hi{after}")
    }

    /// AC13
    #[test]
    fn templates_have_their_exact_strings() {
        assert_eq!(formatted(Template::Raw, None), "Hi");
        assert_eq!(formatted(Template::Instruct, None), "Q: Hi\nA:");
        assert_eq!(
            formatted(Template::Instruct, Some("S")),
            "System: S\n\nQ: Hi\nA:"
        );
        assert_eq!(
            formatted(Template::Llama3Chat, Some("S")),
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>\
             <|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>\
             <|start_header_id|>assistant<|end_header_id|>\n\n"
        );
        assert_eq!(
            formatted(Template::Llama3Chat, None),
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>\
             <|start_header_id|>assistant<|end_header_id|>\n\n"
        );
        assert_eq!(
            formatted(Template::BitnetChat, None),
            "User: Hi<|eot_id|>Assistant: "
        );
        assert_eq!(
            formatted(Template::BitnetChat, Some("S")),
            "System: S<|eot_id|>User: Hi<|eot_id|>Assistant: "
        );
    }

    /// AC14, AC15
    #[test]
    fn templates_have_their_policies() {
        let policy = |template: Template| (template.bos(), template.parse_special());
        assert_eq!(policy(Template::Raw), (Bos::Model, false));
        assert_eq!(policy(Template::Instruct), (Bos::Model, false));
        assert_eq!(policy(Template::Llama3Chat), (Bos::No, true));
        assert_eq!(policy(Template::BitnetChat), (Bos::Model, true));
    }
}
