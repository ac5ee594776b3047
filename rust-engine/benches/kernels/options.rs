//! The command line.

/// What is asked for.
#[derive(Default)]
pub(crate) struct Options {
    /// Fail if a set is slower than the portable one.
    pub(crate) check: bool,
    /// Words that a measurement's name has to have, in small letters.
    words: Vec<String>,
}

impl Options {
    /// `--bench` is what cargo says to every benchmark.
    pub(crate) fn of_command_line() -> Result<Self, String> {
        let mut options = Self::default();
        for argument in std::env::args().skip(1) {
            match argument.as_str() {
                "--bench" => {}
                "--check" => options.check = true,
                flag if flag.starts_with('-') => {
                    return Err(format!(
                        "there is no flag {flag} (there is --check; words choose what is measured)"
                    ));
                }
                word => options.words.push(word.to_lowercase()),
            }
        }
        Ok(options)
    }

    /// Whether the words choose a kernel of a set. Part of a set's name will do; other words are whole ones, or
    /// F16 would choose BF16.
    pub(crate) fn choose(&self, kernel: &str, set: &str) -> bool {
        let kernel = kernel.to_lowercase();
        let is_in = |word: &String| kernel.split(' ').any(|it| it == word) || set.contains(word);
        self.words.iter().all(is_in)
    }
}
