//! Words that pick names: of metadata keys, of kernels.

/// Matches names that have its words in them or, where the words have a `*`, those that match them
/// from end to end, each `*` standing for anything. Upper and lower case are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// By the words of the command line.
    pub fn new(words: &str) -> Self {
        Self(words.to_ascii_lowercase())
    }

    /// The words.
    pub fn words(&self) -> &str {
        &self.0
    }

    /// Whether a name matches.
    pub fn matches(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let Some((first, rest)) = self.0.split_once('*') else {
            return name.contains(&self.0);
        };
        let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        let Some(mut open) = name
            .strip_prefix(first)
            .and_then(|name| name.strip_suffix(last))
        else {
            return false;
        };
        // The earliest place leaves most for the parts that follow, so no other has to be tried.
        for part in between.split('*') {
            let Some(place) = open.find(part) else {
                return false;
            };
            open = &open[place + part.len()..];
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_for_anywhere_and_patterns_from_end_to_end() {
        let name = "tokenizer.ggml.add_bos_token";
        let matches = |words: &str| Pattern::new(words).matches(name);
        for words in ["bos", "BOS", "", "tokenizer.ggml.add_bos_token", "*", "**"] {
            assert!(matches(words), "{words}");
        }
        for words in ["*bos*", "tokenizer.*", "*_token", "tok*ggml*tok*n", "*.*.*"] {
            assert!(matches(words), "{words}");
        }
        for words in [
            "eos",
            "bos*",
            "*bos",
            "*.*.*.*",
            "tokenizer*tokenizer*",
            "tok*zz*n",
        ] {
            assert!(!matches(words), "{words}");
        }
    }

    #[test]
    fn the_parts_of_a_pattern_do_not_overlap() {
        assert!(!Pattern::new("ab*ba").matches("aba"));
        assert!(Pattern::new("ab*ba").matches("abba"));
    }
}
