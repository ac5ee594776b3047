//! The facts for people. Whatever the file or an engine says is escaped.

mod norms;

use std::fmt::Write as _;

use gguf::Header;
use schemas::inspection::{Inspection, TokenizerFacts};
use schemas::preflight::{EngineStatus, Role};

pub(super) use norms::complaint;

use super::values::{quoted, shown};
use super::{Request, Wanted};
use crate::text::{escape_for_terminal, escape_path};

/// How many lines of a chat template are shown. Long ones have hundreds.
const TEMPLATE_LINES: usize = 40;
/// How many characters of such a line: some templates are one line of 10,000.
const TEMPLATE_COLUMNS: usize = 400;

/// The whole report: sections with a blank line between them.
pub(super) fn tell(request: &Request, header: &Header, facts: &Inspection) -> String {
    let mut sections = Vec::new();
    if let Wanted::Matching(filter) = &request.metadata {
        sections.extend(facts.sha256.as_ref().map(|hash| format!("{hash}\n")));
        let found = metadata(header, &request.metadata);
        sections.push(if found.is_empty() {
            let words = escape_for_terminal(filter.words());
            format!(
                "no key of {} matches `{words}`\n",
                header.metadata().entries().len()
            )
        } else {
            found
        });
        sections.extend(facts.norms.as_ref().map(norms::tell));
        return sections.join("\n");
    }
    sections.push(head(request, header, facts));
    sections.push(metadata(header, &request.metadata));
    sections.push(tokenizer(&facts.tokenizer));
    sections.push(chat_templates(facts));
    sections.push(tensors(facts));
    sections.push(types(facts));
    sections.extend(facts.engines.as_deref().map(engines));
    sections.extend(facts.norms.as_ref().map(norms::tell));
    sections.join("\n")
}

// Writing to a string cannot fail, here and below.

fn head(request: &Request, header: &Header, facts: &Inspection) -> String {
    let mut text = format!(
        "{}: GGUF version {}, {}, {} metadata entries, {} tensors, data at byte {}\n",
        escape_path(&request.model),
        facts.version,
        size(facts.file_bytes),
        header.metadata().entries().len(),
        facts.tensors.len(),
        facts.data_offset
    );
    if let Some(hash) = &facts.sha256 {
        let _ = writeln!(text, "{hash}");
    }
    text
}

fn size(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    format!("{bytes} bytes ({mib:.1} MiB)")
}

/// All entries that are wanted, or the few that a comparison depends on.
fn metadata(header: &Header, wanted: &Wanted) -> String {
    let mut text = String::new();
    if *wanted != Wanted::Summary {
        for (key, value) in header.metadata().entries() {
            if wanted.has(key) {
                let key = escape_for_terminal(key);
                let _ = writeln!(text, "{key} ({}) = {}", value.type_name(), shown(value));
            }
        }
        return text;
    }
    let architecture = header.metadata().str("general.architecture").ok().flatten();
    let sizes = ["context_length", "embedding_length", "block_count"];
    let of_architecture = architecture
        .iter()
        .flat_map(|name| sizes.map(|size| format!("{name}.{size}")));
    let first = ["architecture", "name", "file_type"].map(|key| format!("general.{key}"));
    let last = ["model", "pre"].map(|key| format!("tokenizer.ggml.{key}"));
    let keys = first.into_iter().chain(of_architecture).chain(last);
    for key in keys {
        let value = header.metadata().get(&key);
        let value = value.map_or_else(|| "(absent)".to_owned(), shown);
        let _ = writeln!(text, "{} = {value}", escape_for_terminal(&key));
    }
    text.push_str("(--show-kv shows all entries, --show-kv with a FILTER some)\n");
    text
}

fn tokenizer(facts: &TokenizerFacts) -> String {
    let named = |name: &Option<String>| name.as_deref().map_or("(absent)".to_owned(), quoted);
    let count = |n: Option<u64>| n.map_or("no".to_owned(), |n| n.to_string());
    let flag = |flag: Option<bool>| flag.map_or("(absent)".to_owned(), |flag| flag.to_string());
    let mut text = format!(
        "Tokenizer: model {}, pre {}, {} tokens, {} merges\n",
        named(&facts.model),
        named(&facts.pre),
        count(facts.n_tokens),
        count(facts.n_merges)
    );
    if let Some(types) = &facts.token_types {
        let types: Vec<_> = types
            .iter()
            .map(|(name, n)| format!("{n} {name}"))
            .collect();
        let _ = writeln!(text, "  types: {}", types.join(", "));
    }
    for token in &facts.special {
        let role = escape_for_terminal(&token.role);
        let meaning = token
            .text
            .as_deref()
            .map_or("outside the vocabulary".to_owned(), quoted);
        let _ = writeln!(text, "  {role} = {} {meaning}", token.id);
    }
    let _ = writeln!(
        text,
        "  tokenizer.ggml.add_bos_token = {}, add_eos_token = {}, add_space_prefix = {}",
        flag(facts.add_bos),
        flag(facts.add_eos),
        flag(facts.add_space_prefix)
    );
    for warning in &facts.warnings {
        let _ = writeln!(text, "  warning: {}", escape_for_terminal(warning));
    }
    text
}

/// Line by line: a template is a small program, and is read as one.
fn chat_templates(facts: &Inspection) -> String {
    if facts.chat_templates.is_empty() {
        return "Chat template: (absent)\n".to_owned();
    }
    let mut text = String::new();
    for (name, template) in &facts.chat_templates {
        let _ = writeln!(text, "Chat template {}:", quoted(name));
        let mut lines = template.split('\n');
        for line in lines.by_ref().take(TEMPLATE_LINES) {
            let start: String = line.chars().take(TEMPLATE_COLUMNS).collect();
            let more = if start.len() < line.len() { "…" } else { "" };
            let _ = writeln!(text, "  | {}{more}", escape_for_terminal(&start));
        }
        let left = lines.count();
        if left > 0 {
            let _ = writeln!(text, "  … {left} more lines (--format json has them)");
        }
    }
    text
}

fn tensors(facts: &Inspection) -> String {
    let longest = facts
        .tensors
        .iter()
        .map(|tensor| tensor.name.chars().count());
    let width = longest.max().unwrap_or(0);
    let mut text = String::from("Tensors: name, type, bytes, dimensions\n");
    for tensor in &facts.tensors {
        let _ = writeln!(
            text,
            "{:width$}  {:8} {:>12}  {:?}",
            escape_for_terminal(&tensor.name),
            tensor.r#type,
            tensor
                .bytes
                .map_or("?".to_owned(), |bytes| bytes.to_string()),
            tensor.dimensions
        );
    }
    text
}

fn types(facts: &Inspection) -> String {
    let mut text = String::from("Types:\n");
    for total in &facts.types {
        let share = total.share.map_or(String::new(), |share| {
            format!(", {:.1} %", share.get() * 100.0)
        });
        let bytes = total.bytes.map_or("unknown size".to_owned(), size);
        let _ = writeln!(
            text,
            "  {:8} {:>5} tensors, {} elements, {bytes}{share}",
            total.r#type, total.n_tensors, total.n_elements
        );
    }
    text
}

fn engines(engines: &[EngineStatus]) -> String {
    let mut text = String::from("Engines:\n");
    for engine in engines {
        let name = escape_for_terminal(&engine.name);
        let mark = if engine.usable { "✓" } else { "✗" };
        let role = match engine.role {
            Role::Candidate => "candidate",
            Role::Reference => "reference",
        };
        let problem = engine.problem.as_deref().map(escape_for_terminal);
        let state = match (problem, engine.available) {
            (None, _) => "can run it".to_owned(),
            (Some(problem), true) => problem,
            (Some(problem), false) => format!("not available: {problem}"),
        };
        let better = engine.better.as_deref().map_or(String::new(), |better| {
            format!("; better: {}", escape_for_terminal(better))
        });
        let _ = writeln!(text, "  {mark} {name} ({role}): {state}{better}");
        if let Some(mend) = &engine.mend {
            let _ = writeln!(text, "      to mend that: {}", escape_for_terminal(mend));
        }
    }
    text
}
