//! Renders a chat template as transformers do: Jinja with `trim_blocks` and `lstrip_blocks`, loop
//! controls, `raise_exception`, `strftime_now` and their `tojson`.
//!
//! Known to differ: `loop.length` and what follows from it when a loop goes over the characters of a
//! text. No template that we have seen does; and both engines tokenize the same text all the same.
//!
//! Steps, nesting and the length of the text are limited here. What a template makes on its way is
//! not, for doubling a text thirty times takes thirty steps; therefore this runs in a process of its
//! own, whose memory and time are limited: see `isolated`.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Value};

use super::date::Date;
use super::job::{Answer, Job};
use super::{generation, json, literals, python};

/// Steps of the template's program. Published templates take some hundreds for a short chat.
const FUEL: u64 = 5_000_000;

/// Calls inside calls.
const DEEPEST: usize = 100;

/// The text may be as long; contexts of a million tokens are some MB of text.
const LONGEST_BYTES: usize = 16 << 20;

/// The name by which errors call the template.
const NAME: &str = "chat_template";

/// Does the job.
pub(super) fn render(job: &Job) -> Answer {
    let asked_for_date = Arc::new(AtomicBool::new(false));
    match text_of(job, &asked_for_date) {
        Ok(text) => Answer::Rendered {
            text,
            asked_for_date: job.date_is_given || asked_for_date.load(Ordering::Relaxed),
        },
        Err(problem) => Answer::Failed(problem),
    }
}

fn text_of(job: &Job, asked_for_date: &Arc<AtomicBool>) -> Result<String, String> {
    let date: Date = job.date.parse()?;
    // As Jinja does: line ends of any system are `\n`.
    let source = job.template.replace("\r\n", "\n").replace('\r', "\n");
    let source = literals::in_rust(&source);
    let source = generation::as_with(&source);
    let mut environment = environment().map_err(|error| told(&error))?;
    let asked = Arc::clone(asked_for_date);
    environment.add_function("strftime_now", move |format: &str| {
        asked.store(true, Ordering::Relaxed);
        date.strftime(format)
            .map_err(|problem| Error::new(ErrorKind::InvalidOperation, problem))
    });
    let context = context(job, date)?;
    let mut text = Limited(Vec::new());
    let template = environment.template_from_named_str(NAME, &source);
    let rendered =
        template.and_then(|template| template.render_captured_to(context, &mut text).map(drop));
    rendered.map_err(|error| told(&error))?;
    String::from_utf8(text.0).map_err(|error| error.to_string())
}

fn environment<'a>() -> Result<Environment<'a>, Error> {
    let mut environment = Environment::new();
    let mut syntax = SyntaxConfig::builder();
    environment.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(DEEPEST);
    environment.set_unknown_method_callback(python::method);
    environment.add_filter("tojson", json::tojson);
    environment.add_filter("trim", |text: &str, characters: Option<&str>| {
        python::trim(text, characters)
    });
    environment.add_function("raise_exception", |message: String| {
        Err::<Value, _>(Error::new(
            ErrorKind::InvalidOperation,
            RAISED.to_owned() + &message,
        ))
    });
    // No part of Jinja's, and it would show what a template has no business with.
    environment.remove_global("debug");
    Ok(environment)
}

/// Marks an error as the template's own.
const RAISED: &str = "the template raises: ";

fn context(job: &Job, date: Date) -> Result<Value, String> {
    let messages: Value = job
        .messages
        .iter()
        .map(|message| {
            Value::from_pairs([
                ("role", message.role.as_str()),
                ("content", message.content.as_str()),
            ])
        })
        .collect();
    let mut entries = vec![
        ("messages", messages),
        ("add_generation_prompt", Value::from(true)),
        // Transformers define these two always.
        ("tools", Value::from(())),
        ("documents", Value::from(())),
    ];
    if job.date_is_given {
        let shown = date.strftime("%d %b %Y")?;
        entries.push(("date_string", Value::from(shown)));
    }
    let tokens = job.tokens.iter();
    let tokens = tokens.map(|(name, text)| (name.as_str(), Value::from(text.as_str())));
    Ok(Value::from_pairs(entries.into_iter().chain(tokens)))
}

/// As much of an error is told: a template can raise one of any length.
const TOLD_CHARACTERS: usize = 1000;

/// The error, cut where it is long.
fn told(error: &Error) -> String {
    let whole = said(error);
    match whole.char_indices().nth(TOLD_CHARACTERS) {
        None => whole,
        Some((end, _)) => format!("{}… ({} bytes)", &whole[..end], whole.len()),
    }
}

/// The error in one line.
fn said(error: &Error) -> String {
    let line = error
        .line()
        .map_or(String::new(), |line| format!("line {line}: "));
    let problem = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => format!("more than {FUEL} steps"),
        (ErrorKind::WriteFailure, _) => format!("its text is longer than {LONGEST_BYTES} bytes"),
        (ErrorKind::InvalidOperation, Some(detail)) if detail.starts_with(RAISED) => {
            detail.to_owned()
        }
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    line + &problem
}

/// Takes bytes up to the limit.
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST_BYTES {
            return Err(io::Error::other("too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
