//! Who can run the model: a line for each engine.
//!
//! ```text
//! With this model:
//!   engine        there  can run it
//!   rust-engine   yes    yes
//!   llama-scalar  yes    no: tensor "blk.0.ffn_up.weight" is I2_S: …; better: bitnet
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
        "With this model:".to_owned(),
        line(head, "there", "can run it"),
    ];
    for (engine, name) in engines.iter().zip(&names) {
        let there = if engine.available { "yes" } else { "no" };
        lines.push(line(name, there, &can_run(engine)));
    }
    lines
}

/// The word, the reason, and who could.
fn can_run(engine: &EngineStatus) -> String {
    let mut text = match engine.can_run {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not known",
    }
    .to_owned();
    // Why an engine is not there is told above. The rest was escaped where it was put together.
    if let (Some(false), Some(problem)) = (engine.can_run, &engine.problem) {
        let (_, reason) = problem
            .split_once("cannot run it: ")
            .unwrap_or(("", problem));
        text.push_str(": ");
        text.push_str(reason);
    }
    if let Some(better) = &engine.better {
        text.push_str("; better: ");
        text.push_str(&escape_for_terminal(better));
    }
    text
}
