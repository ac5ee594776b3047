//! Who was compared on what, as far as a command line needs it.

use schemas::receipt::Profile;

use crate::gate::PromptWords;
use crate::text::quote_for_sh;

/// Who was compared on what.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The model, as the user wrote it.
    pub model: String,
    /// The prompt.
    pub prompt: PromptWords,
    /// The template that the user asked for, if not the usual one.
    pub template: Option<String>,
    /// Who is judged.
    pub candidate: String,
    /// What it is judged against.
    pub reference: String,
    /// What is compared with what.
    pub profile: Profile,
    /// Tokens that the candidate evaluated together, where it is known.
    pub micro_batch: Option<u64>,
}

impl Subject {
    /// The same comparison with these flags.
    pub(crate) fn per_token(&self, flags: &[&str]) -> String {
        self.per_token_in(self.profile, flags)
    }

    /// The same comparison in another profile; the reference is that one's usual one.
    pub(super) fn per_token_in(&self, profile: Profile, flags: &[&str]) -> String {
        let mut words = vec!["--model", &self.model, "--candidate", &self.candidate];
        if profile == self.profile {
            words.extend(["--reference", &self.reference]);
        }
        words.extend(["--profile", profile.name()]);
        if let Some(template) = &self.template {
            words.extend(["--prompt-template", template]);
        }
        // Joined by `=`, so that a text that begins with a dash is no flag.
        let prompt = match &self.prompt {
            PromptWords::Text(text) => format!("--prompt={text}"),
            PromptWords::File(path) => format!("--prompt-file={path}"),
        };
        words.push(&prompt);
        words.extend(flags);
        command("per-token", &words)
    }

    /// A look into the model.
    pub(super) fn inspect(&self, flags: &[&str]) -> String {
        command("inspect", &[&[self.model.as_str()], flags].concat())
    }
}

fn command(name: &str, words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| quote_for_sh(word)).collect();
    format!("lockstep {name} {}", quoted.join(" "))
}
