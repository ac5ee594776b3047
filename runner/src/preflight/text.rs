//! The report for people. A line that begins with `✓` or `✗` for each engine, what is known of
//! it below, and at the end whether a comparison can begin.
//!
//! Whatever an engine says of itself is escaped.

use schemas::describe::{DescribeResponse, Library};
use schemas::preflight::{EngineStatus, Preflight, Role};

use super::{conclusion, table};
use crate::engine::{kv_word, on_off};
use crate::text::{escape_for_terminal, quote_for_sh};

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const PLAIN: &str = "\u{1b}[0m";

/// The whole report.
pub(super) fn tell(preflight: &Preflight, verbose: bool, colour: bool) -> String {
    let mut lines = vec!["Engines:".to_owned()];
    for engine in &preflight.engines {
        lines.push(String::new());
        lines.push(headline(engine, colour));
        lines.extend(
            details(engine, verbose)
                .into_iter()
                .map(|line| format!("    {line}")),
        );
    }
    lines.push(String::new());
    if preflight.model.is_some() {
        lines.extend(table::lines(&preflight.engines));
        lines.push(String::new());
    }
    lines.push(conclusion::sentence(preflight));
    lines.push(String::new());
    lines.join("\n")
}

fn headline(engine: &EngineStatus, colour: bool) -> String {
    let (mark, paint) = if engine.usable {
        ("✓", GREEN)
    } else {
        ("✗", RED)
    };
    let mark = if colour {
        format!("{paint}{mark}{PLAIN}")
    } else {
        mark.to_owned()
    };
    let state = match (engine.available, engine.usable) {
        (true, true) => "AVAILABLE",
        (true, false) => "AVAILABLE, BUT NOT FOR THIS MODEL",
        (false, _) => "NOT AVAILABLE",
    };
    let role = match engine.role {
        Role::Candidate => "candidate",
        Role::Reference => "reference",
    };
    format!(
        "  {mark} {}: {state} ({role})",
        escape_for_terminal(&engine.name)
    )
}

fn details(engine: &EngineStatus, verbose: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |label: &str, text: &str| {
        lines.push(format!("{label}: {}", escape_for_terminal(text)));
    };
    if !engine.command.is_empty() {
        let words: Vec<String> = engine
            .command
            .iter()
            .map(|word| quote_for_sh(word))
            .collect();
        say("Command", &words.join(" "));
    }
    if engine.origin != "built-in" {
        say("Configured in", &engine.origin);
    }
    if let Some(description) = &engine.description {
        describe(description, verbose, &mut say);
    }
    if let Some(problem) = &engine.problem {
        say("Error", problem);
    }
    let shown = if verbose { engine.last_words.len() } else { 1 };
    let first = engine.last_words.len().saturating_sub(shown);
    for words in &engine.last_words[first..] {
        lines.push(format!("  said: {}", escape_for_terminal(words)));
    }
    if let Some(better) = &engine.better {
        lines.push(format!("Better: {}", escape_for_terminal(better)));
    }
    if let Some(mend) = &engine.mend {
        lines.push(format!("Mend: {}", escape_for_terminal(mend)));
    }
    lines
}

fn describe(description: &DescribeResponse, verbose: bool, say: &mut impl FnMut(&str, &str)) {
    let build = &description.build;
    let simd = match build.simd.as_slice() {
        [] => "no SIMD".to_owned(),
        sets => format!("SIMD {}", sets.join(" ")),
    };
    let library = match &build.library {
        Some(Library { name, version, .. }) => format!("; {name} ({version})"),
        None => String::new(),
    };
    let program = format!("{} {}", description.name, description.version);
    say(
        "Built",
        &format!("{program}; {}; {simd}{library}", build.compiler),
    );
    let arithmetics: Vec<&str> = description
        .arithmetics
        .iter()
        .map(|&one| crate::engine::arithmetic_word(one))
        .collect();
    say("Computes", &arithmetics.join(", "));
    if let Some(model) = &description.model {
        let facts = format!(
            "architecture {}, vocabulary {}, context {}",
            model.architecture, model.vocabulary_size, model.context
        );
        say("Model", &facts);
    }
    if verbose {
        say("Architectures", &description.architectures.join(", "));
        say("Tensor types", &description.tensor_types.join(", "));
        say("Kernels", &description.kernels.join(", "));
        say("Flags", &build.flags.join(" "));
        if let Some(library) = &build.library {
            say("Source", &library.source_checksum);
        }
        let settings = &description.settings;
        let repack = settings.repack.map(on_off);
        let defaults = format!(
            "threads {}, micro-batch {}, kv {}, flash attention {}{}",
            settings.threads,
            settings.micro_batch,
            kv_word(settings.kv),
            on_off(settings.flash_attention),
            repack.map_or(String::new(), |repack| format!(", repack {repack}")),
        );
        say("Defaults", &defaults);
    }
}
