//! The prompts on which faults are tried: few tokens, for each fault is one climb.
//!
//! Every fault must change something on them. The first tokens of two prompts differ, so that the
//! logits of one are not those of the other: one begins with BOS where the vocabulary has it, one
//! without. One has BOS added, for faults about it. One has a dozen tokens, for faults of later
//! positions. A model with a window needs a prompt that is longer than it, for one fault alone.

use gguf::Header;
use schemas::tokenize::Bos;

use crate::gate::PromptWords;
use crate::model_file;
use crate::prompt::{AskedPrompt, Choice, Template};
use crate::prompt_set::{self, PromptDefaults};
use crate::request::AskedCase;

/// The tag of prompts that BOS is put before.
const WITH_BOS: &str = "bos";
/// The tag of prompts that it is not put before, whatever the model says.
const WITHOUT_BOS: &str = "no-bos";

/// The longest window that a prompt is made for: the scalar reference computes some fifty tokens in
/// a second.
const LONGEST_WINDOW: u32 = 1024;

/// So many positions lie beyond the window.
const BEYOND_WINDOW: usize = 8;

/// The prompts.
pub(super) struct Prompts {
    /// For all faults but one.
    pub(super) usual: Vec<AskedCase>,
    /// For the fault at a window's end.
    pub(super) window: Option<WindowPrompt>,
}

/// A prompt that a window does not hold.
pub(super) struct WindowPrompt {
    pub(super) case: AskedCase,
    /// How many of its tokens are enough.
    pub(super) positions: usize,
}

impl Prompts {
    pub(super) fn of(header: &Header) -> Self {
        let has_bos = model_file::vocabulary_facts(header).bos.is_some();
        let set = prompt_set::sabotage();
        let mut usual = AskedCase::of_set(&set, &defaults());
        for (case, prompt) in usual.iter_mut().zip(&set.prompts) {
            if prompt.has_tag(WITHOUT_BOS) {
                case.prompt.bos = Some(Bos::No);
            } else if prompt.has_tag(WITH_BOS) && has_bos {
                case.prompt.bos = Some(Bos::Yes);
            }
        }
        Self {
            usual,
            window: window(header)
                .filter(|&window| window <= LONGEST_WINDOW)
                .map(WindowPrompt::longer_than),
        }
    }
}

impl WindowPrompt {
    /// Each word is a token or more.
    fn longer_than(window: u32) -> Self {
        const WORDS: [&str; 7] = ["one", "two", "three", "four", "five", "six", "seven"];
        let positions = window as usize + BEYOND_WINDOW;
        let words: Vec<_> = WORDS.iter().copied().cycle().take(positions).collect();
        let text = words.join(" ");
        let asked = AskedPrompt {
            user: text.clone().into_bytes(),
            ..prompt()
        };
        Self {
            case: AskedCase::single(asked, PromptWords::Text(text)),
            positions,
        }
    }
}

fn prompt() -> AskedPrompt {
    let PromptDefaults {
        template,
        system,
        bos,
        date,
    } = defaults();
    AskedPrompt {
        user: Vec::new(),
        system,
        template,
        bos,
        date,
    }
}

fn defaults() -> PromptDefaults {
    PromptDefaults {
        template: Choice::BuiltIn(Template::Raw),
        system: None,
        bos: None,
        date: None,
    }
}

/// The window of the model's layers, where its file gives one.
fn window(header: &Header) -> Option<u32> {
    let metadata = header.metadata();
    let family = metadata.str("general.architecture").ok()??;
    let key = format!("{family}.attention.sliding_window");
    metadata.u32(&key).ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_prompts_have_what_faults_need() {
        let set = prompt_set::sabotage();
        let tagged = |tag: &str| set.prompts.iter().filter(|it| it.has_tag(tag)).count();
        assert_eq!(
            (tagged(WITH_BOS), tagged(WITHOUT_BOS), tagged("chat")),
            (1, 1, 1)
        );
        let words = |text: &[u8]| text.split(u8::is_ascii_whitespace).count();
        let longest = set.prompts.iter().map(|it| words(it.text.as_bytes())).max();
        assert!(longest >= Some(12));
    }

    #[test]
    fn a_window_is_outrun() {
        let prompt = WindowPrompt::longer_than(16);
        let words = prompt.case.prompt.user.split(|&byte| byte == b' ').count();
        assert_eq!((words, prompt.positions), (24, 24));
    }
}
