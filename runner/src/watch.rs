//! Shows how far a sweep is: a bar with rate and remaining time on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use crate::console::tell;
use crate::judge;
use crate::sweep::progress::Event;
use crate::text::escape_for_terminal;

const BAR: &str = "{bar:30} {pos}/{len} {per_sec} {eta} left  {wide_msg}";

/// Shows events to people.
#[derive(Debug)]
pub struct Watch {
    is_quiet: bool,
    /// On a terminal.
    bar: Option<ProgressBar>,
    cases: AtomicUsize,
    done: AtomicUsize,
}

impl Watch {
    /// Nothing is shown yet.
    pub fn new(is_quiet: bool) -> Self {
        let bar = (!is_quiet && io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template(BAR).expect("a test reads it");
            ProgressBar::new(0).with_style(style)
        });
        Self {
            is_quiet,
            bar,
            cases: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
        }
    }

    /// Shows one event.
    pub fn tell(&self, event: &Event<'_>) {
        match event {
            Event::Trouble(problem) => self.line(&format!("lockstep: {problem}")),
            _ if self.is_quiet => {}
            Event::Begins { cases, of } => {
                self.cases.fetch_add(*cases, Ordering::Relaxed);
                match &self.bar {
                    Some(bar) => bar.inc_length(*cases as u64),
                    None => self.line(&format!(
                        "{cases} cases to run, {} have a result",
                        of - cases
                    )),
                }
            }
            Event::Stage { comparison, doing } => {
                let text = format!("{}: {doing}", escape_for_terminal(comparison));
                match &self.bar {
                    Some(bar) => bar.set_message(text),
                    None => self.line(&text),
                }
            }
            Event::Done {
                id,
                prompt,
                verdict,
                reason,
            } => {
                let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
                let word = judge::word(*verdict);
                match &self.bar {
                    Some(bar) => {
                        bar.inc(1);
                        bar.set_message(format!("{prompt}: {word}"));
                    }
                    None => self.line(&format!(
                        "[{done}/{}] {id} {prompt}: {word}: {}",
                        self.cases.load(Ordering::Relaxed),
                        escape_for_terminal(reason)
                    )),
                }
            }
        }
    }

    /// Nothing more comes.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| tell(&format!("{text}\n"))),
            None => tell(&format!("{text}\n")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_has_a_style() {
        assert!(ProgressStyle::with_template(BAR).is_ok());
    }
}
