//! Who can run the model: a line for each engine.
//!
//! ```text
//! With this model (why not is told above):
//!   engine        there  can run it
//!   rust-engine   yes    yes
//!   llama-scalar  yes    no; better: bitnet
//!   bitnet        no     not known
//! ```

use schemas::preflight::EngineStatus;

use crate::text::escape_for_terminal;

/// The table.
pub(super) fn lines(engines: &[EngineStatus]) -> Vec<String> {
    let names: Vec<_> = engines
        .iter()
        .map(|engine| escape_for_terminal(&engine.name))
        .collect();
    let head = "engine";
    let width = names.iter().map(|name| name.chars().count());
    let width = width.chain([head.len()]).max().unwrap_or_default();
    let line =
        |name: &str, there: &str, can_run: &str| format!("  {name:width$}  {there:5}  {can_run}");
    let mut lines = vec![
        "With this model (why not is told above):".to_owned(),
        line(head, "there", "can run it"),
    ];
    for (engine, name) in engines.iter().zip(&names) {
        let there = if engine.available { "yes" } else { "no" };
        lines.push(line(name, there, &can_run(engine)));
    }
    lines
}

/// The word, and who could. Why not is told where the engine's own lines are.
fn can_run(engine: &EngineStatus) -> String {
    let word = match engine.can_run {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not known",
    };
    match &engine.better {
        Some(better) => format!("{word}; better: {}", escape_for_terminal(better)),
        None => word.to_owned(),
    }
}
