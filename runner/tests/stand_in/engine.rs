//! A stand-in for an engine: it speaks the exchange protocol, computes nothing, and can be told
//! to do one thing wrong.
//!
//! `stand-in [--fault FAULT] [--log FILE] describe|tokenize|evaluate …`
//!
//! `stand-in --log FILE supervise` is a small runner instead: it evaluates with a hanging
//! stand-in, so that tests can see what becomes of that one when its runner is stopped.
//!
//! Without a fault it behaves well: tokens are bytes, and logits depend on the tokens alone. The
//! log is written by this process itself, a line for each thing that it did or was asked, so
//! that tests need not believe the runner. What a fault does is in `faults`, by its name.

mod answers;
mod faults;
mod files;
mod log;
mod supervise;
#[path = "../test_engines/mod.rs"]
mod test_engines;

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use answers::{describe, evaluate, tokenize};
use faults::Fault;
use log::Log;
use schemas::describe::Arithmetic;
use schemas::line;

/// What the command line says.
struct Call {
    fault: Fault,
    log: Log,
    subcommand: String,
    flags: Vec<String>,
}

impl Call {
    fn read(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut fault = Fault::None;
        let mut log = Log::none();
        loop {
            let argument = arguments.next()?;
            match argument.as_str() {
                "--fault" => fault = Fault::named(&arguments.next()?)?,
                "--log" => log = Log::to(PathBuf::from(arguments.next()?)),
                _ => {
                    let flags = arguments.collect();
                    return Some(Self {
                        fault,
                        log,
                        subcommand: argument,
                        flags,
                    });
                }
            }
        }
    }

    fn flag(&self, name: &str) -> Option<&str> {
        let at = self.flags.iter().position(|flag| flag == name)?;
        self.flags.get(at + 1).map(String::as_str)
    }
}

fn main() -> ExitCode {
    // The program's own path may be anything.
    let words = std::env::args_os().skip(1);
    let words = words.map(|word| word.into_string().expect("the runner's words are UTF-8"));
    let Some(call) = Call::read(words) else {
        eprintln!("usage: stand-in [--fault FAULT] [--log FILE] SUBCOMMAND [FLAGS]");
        return ExitCode::from(64);
    };
    if call.subcommand == "supervise" {
        return supervise::supervise(call.log.path());
    }
    call.log.line(&format!(
        "start {} pid {}",
        call.subcommand,
        std::process::id()
    ));
    call.log.environment();
    if let Some(status) = call.fault.at_start(&call.log) {
        return ExitCode::from(status);
    }
    if call.fault == Fault::RefusesFlash && call.flag("--flash-attention") == Some("on") {
        eprintln!("flash attention is not there");
        return ExitCode::from(69);
    }
    let status = match call.subcommand.as_str() {
        "describe" => {
            call.log.line("describe");
            let can_run = call.fault != Fault::CannotRun;
            let mut description = describe(call.flag("--model").is_some(), can_run);
            if call.fault == Fault::OnlyFast {
                description.arithmetics = vec![Arithmetic::Fast];
            }
            say(&call, &line::write(&description));
            Ok(())
        }
        "tokenize" => answer_lines(&call, |_, text| {
            let request = line::read(text).map_err(|error| error.to_string())?;
            Ok(line::write(&tokenize(&request)))
        }),
        "evaluate" => evaluate_all(&call),
        other => Err(format!("unknown sub-command {other}")),
    };
    if let Err(problem) = status {
        eprintln!("{problem}");
        return ExitCode::from(65);
    }
    call.fault.at_end(&call.log)
}

/// Reads requests until there are no more, and says the answer to each. A failure to answer is
/// a bad request, which ends the engine.
fn answer_lines(
    call: &Call,
    mut answer: impl FnMut(usize, &str) -> Result<String, String>,
) -> Result<(), String> {
    for (index, text) in io::stdin().lock().lines().enumerate() {
        let text = text.map_err(|error| error.to_string())?;
        call.log
            .line(&format!("{} {}", call.subcommand, answers::id_of(&text)));
        let answer = answer(index, &text)?;
        call.fault.say_item(index, &answer, |text| say(call, text));
    }
    Ok(())
}

fn evaluate_all(call: &Call) -> Result<(), String> {
    let out = PathBuf::from(call.flag("--out").ok_or("--out is missing")?);
    let mut earlier: Option<PathBuf> = None;
    answer_lines(call, |index, text| {
        let request = line::read(text).map_err(|error| error.to_string())?;
        if let (Fault::ShrinkEarlier, Some(earlier)) = (call.fault, &earlier) {
            files::truncate(earlier);
        }
        if call.fault == Fault::DeclineFirst && index == 0 {
            return Ok(answers::declined(&request));
        }
        let settings = answers::settings(|name| call.flag(name));
        let evaluated = evaluate(&request, settings);
        files::write(call.fault, &out, &request.id, &evaluated);
        earlier = Some(out.join(&evaluated.response.logits));
        let mut response = evaluated.response;
        if call.fault == Fault::OtherThreads {
            response.settings.threads += 1;
        }
        answers::claim_times(&mut response);
        let repack = response.settings.repack;
        match call.fault {
            Fault::IgnoresFlash => response.settings.flash_attention = false,
            Fault::ClaimsAnHour => response.prefill_ns = 3_600_000_000_000,
            Fault::ClaimsNoTime => response.prefill_ns = 0,
            Fault::OtherRepack => response.settings.repack = repack.map(|repack| !repack),
            Fault::SilentRepack => response.settings.repack = None,
            _ => {}
        }
        Ok(line::write(&response))
    })
}

/// Writes to standard output what the fault makes of the text.
fn say(call: &Call, text: &str) {
    let mut stdout = io::stdout().lock();
    // When the runner has gone, there is nobody to tell.
    let _ = stdout.write_all(&call.fault.distort(text));
    let _ = stdout.flush();
}
