//! The command `lockstep`: reads the command line, runs one sub-command, prints, exits.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Error;
use clap::Parser;
use runner::bench::BenchError;
use runner::cli::asked::Asked;
use runner::cli::flag_error::FlagError;
use runner::cli::per_token::Flags;
use runner::cli::{Cli, Command, Format, Shell};
use runner::console::{cache, print, supervise, tell};
use runner::distort::DistortError;
use runner::engine::{Catalogue, ConfigError, Places};
use runner::exit::Exit;
use runner::inspect::InspectError;
use runner::preflight::PreflightError;
use runner::report::text;
use runner::run::Run;
use runner::run_error::RunError;
use runner::sabotage::SabotageError;
use runner::sweep::diff::DiffError;
use runner::sweep::failure::SweepError;
use runner::sweep::gate::GateError;
use runner::sweep::merge::MergeError;
use runner::sweep::page::{self, PageError};
use runner::sweep::replay::ReplayError;
use runner::sweep::tables::TablesError;
use runner::sweep::trend::TrendError;
use runner::sweep::{PlanError, planning};
use runner::text::{escape_for_terminal, escape_json_for_terminal, escape_path};
use runner::{
    cli, commands, distort, floor, inspect, ladder, preflight, prompt, report, results, run,
    sabotage, setup_cpp, verify,
};
use schemas::canonical;
use schemas::failure::CommandFailure;
use schemas::receipt::Receipt;
use schemas::tag::Tag;

fn main() -> ExitCode {
    let asked = Asked::of(std::env::args_os());
    let code = match Cli::try_parse() {
        Ok(cli) => match dispatch(cli) {
            Ok(exit) => exit.code(),
            Err(error) => {
                tell(&format!("lockstep: {error:#}\n"));
                tell_failure(asked, &format!("{error:#}"), exit_of(&error))
            }
        },
        Err(error) => refuse_command_line(&error, asked),
    };
    ExitCode::from(code)
}

/// Help and version are no errors, and go to standard output.
fn refuse_command_line(error: &clap::Error, asked: Asked) -> u8 {
    let printed = error.print();
    if error.use_stderr() {
        let text = error.to_string();
        let text = text.trim_end().trim_start_matches("error: ");
        return tell_failure(asked, text, Exit::Usage);
    }
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Internal.code(),
        _ => Exit::Parity.code(),
    }
}

/// With `--format json`, standard output has one object whatever happens.
fn tell_failure(asked: Asked, error: &str, exit: Exit) -> u8 {
    let exit = asked.ends_with(exit);
    let code = exit.code;
    let failure = CommandFailure {
        schema: Tag::new(),
        error: error.to_owned(),
        exit,
    };
    if asked.json
        && let Ok(text) = canonical::to_string(&failure)
    {
        // If that cannot be written either, the exit code still tells.
        let _ = print(&escape_json_for_terminal(&text));
    }
    code
}

/// The exit code of an error: those that know theirs say it, any other is our own fault.
fn exit_of(error: &Error) -> Exit {
    let known = [
        error.downcast_ref::<FlagError>().map(FlagError::exit),
        error.downcast_ref::<RunError>().map(RunError::exit),
        error.downcast_ref::<PlanError>().map(PlanError::exit),
        error.downcast_ref::<ConfigError>().map(ConfigError::exit),
        error
            .downcast_ref::<PreflightError>()
            .map(PreflightError::exit),
        error.downcast_ref::<InspectError>().map(InspectError::exit),
        error.downcast_ref::<DistortError>().map(DistortError::exit),
        error
            .downcast_ref::<SabotageError>()
            .map(SabotageError::exit),
        error.downcast_ref::<SweepError>().map(SweepError::exit),
        error.downcast_ref::<MergeError>().map(MergeError::exit),
        error.downcast_ref::<GateError>().map(GateError::exit),
        error.downcast_ref::<ReplayError>().map(ReplayError::exit),
        error.downcast_ref::<TablesError>().map(TablesError::exit),
        error.downcast_ref::<DiffError>().map(DiffError::exit),
        error.downcast_ref::<TrendError>().map(TrendError::exit),
        error.downcast_ref::<PageError>().map(PageError::exit),
        error.downcast_ref::<BenchError>().map(BenchError::exit),
    ];
    known.into_iter().flatten().next().unwrap_or(Exit::Internal)
}

fn dispatch(cli: Cli) -> Result<Exit, Error> {
    let engines = cli.engines.as_deref();
    match cli.command {
        Command::PerToken(flags) => per_token(*flags, engines),
        Command::Ladder(flags) => climb(*flags, engines),
        Command::Floor(flags) => measure_floors(*flags, engines),
        Command::Plan(flags) => plan(&flags, engines),
        Command::Sabotage(flags) => sabotage_all(&flags, engines),
        Command::Merge(flags) => commands::merge::run(&flags),
        Command::Gate(flags) => commands::gate::run(&flags),
        Command::Sweep(flags) => commands::sweep::sweep(*flags, engines),
        Command::Rerun(flags) => commands::sweep::rerun(*flags, engines),
        Command::Replay(flags) => commands::replay::run(&flags),
        Command::Run(flags) => commands::run::run(*flags, engines),
        Command::Diff(flags) => commands::run_comparison::diff(flags),
        Command::Trend(flags) => commands::run_comparison::trend(&flags),
        Command::Bench(flags) => commands::bench::run(*flags, engines),
        Command::Inspect(flags) => look_into(*flags, engines),
        Command::RenderChatTemplate => {
            print(&prompt::serve_chat_template(io::stdin().lock()).map_err(Error::msg)?)?;
            Ok(Exit::Parity)
        }
        Command::DistortOutput { fault, command } => {
            let (mut requests, mut answers) = (io::stdin().lock(), io::stdout().lock());
            let ended = distort::run(fault, &command, &mut requests, &mut answers);
            Ok(ended?)
        }
        Command::Preflight {
            model,
            format,
            verbose,
            supervision,
        } => {
            let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            let report = preflight::run(
                &Catalogue::load(engines)?,
                &preflight::Request {
                    model,
                    supervision: supervise(&supervision)?,
                    format: match format {
                        Format::Text => preflight::Format::Text { verbose, colour },
                        Format::Json => preflight::Format::Json,
                    },
                },
            )?;
            print(&report.output)?;
            Ok(report.exit)
        }
        Command::VerifyReceipt(flags) => {
            let demands = flags.demands();
            let files = flags
                .files
                .iter()
                .map(|path| verify::verify(path, &demands));
            let files: Vec<_> = files.collect();
            let sound = files.iter().all(|file| file.findings.is_empty());
            let exit = if sound { Exit::Parity } else { Exit::BadInput };
            print(&match flags.format {
                Format::Text => verify::report(&files),
                Format::Json => {
                    escape_json_for_terminal(&canonical::to_string(&verify::object(&files, exit))?)
                }
            })?;
            Ok(exit)
        }
        Command::Judge(flags) => {
            let receipt = flags.judge()?;
            print(&written(&receipt, flags.format, text::Detail::Normal)?)?;
            // Its code was held against its verdict.
            Ok(Exit::of_code(receipt.exit.code).unwrap_or(Exit::Internal))
        }
        Command::Report(flags) => Ok(page::write(&flags.run, &flags.out)?),
        Command::Prompts(flags) => {
            print(&flags.list()?)?;
            Ok(Exit::Parity)
        }
        Command::SetupCpp { emit } => {
            let shell = match emit {
                Shell::Sh => setup_cpp::Shell::Sh,
                Shell::Fish => setup_cpp::Shell::Fish,
                Shell::Pwsh => setup_cpp::Shell::Pwsh,
            };
            let set_up = setup_cpp::run(shell, &Places::of_this_process());
            tell(&set_up.stderr);
            print(&set_up.stdout)?;
            Ok(set_up.exit)
        }
    }
}

fn look_into(flags: cli::inspect::Flags, engines: Option<&Path>) -> Result<Exit, Error> {
    let catalogue = flags.asks_engines().then(|| Catalogue::load(engines));
    let supervision = supervise(flags.supervision())?;
    let report = inspect::run(
        &flags.request(supervision)?,
        catalogue.transpose()?.as_ref(),
    )?;
    print(&report.output)?;
    if let Some(complaint) = &report.complaint {
        tell(&format!("lockstep: {complaint}\n"));
    }
    Ok(report.exit)
}

fn per_token(flags: Flags, engines: Option<&Path>) -> Result<Exit, Error> {
    let supervision = flags.supervision().clone();
    let (mut request, case, presentation) = flags.check(cache(), engines.map(Path::to_owned))?;
    // From here on signals are watched for; until here, reading a prompt, they simply end us.
    request.supervision = supervise(&supervision)?;
    let catalogue = Catalogue::load(engines)?;
    prepare(presentation.out.as_deref())?;
    let mut outcome = run::per_token(&request, case, &catalogue, &tell)?;
    if let Some(folder) = presentation.out.as_ref().filter(|_| !outcome.interrupted)
        && let Err(error) = results::store(&mut outcome, folder, presentation.keep_logits)
    {
        outcome.was_not_stored(&format!("writing to {}: {error}", escape_path(folder)));
    }
    let receipt = &outcome.receipt;
    let ids = match presentation.format {
        Format::Json => String::new(),
        Format::Text => text::ids(receipt, presentation.dump_ids, presentation.dump_cpp_ids),
    };
    print(&(ids + &written(receipt, presentation.format, presentation.detail)?))?;
    if let Some(fault) = &outcome.fault {
        tell(&format!("lockstep: {fault}\n"));
    }
    Ok(outcome.exit)
}

fn climb(flags: cli::ladder::Flags, engines: Option<&Path>) -> Result<Exit, Error> {
    let supervision = flags.supervision().clone();
    let mut asked = flags.check(cache(), engines.map(Path::to_owned))?;
    asked.request.supervision = supervise(&supervision)?;
    let catalogue = Catalogue::load(engines)?;
    prepare(asked.out.as_deref())?;
    let run = Run::new(&asked.request, &catalogue, &tell)?;
    let mut climbed = ladder::climb(&run, asked.cases, asked.only)?;
    if let Some(folder) = asked.out.as_ref().filter(|_| !climbed.interrupted)
        && let Err(error) = results::store_climb(&mut climbed, folder)
    {
        climbed.was_not_stored(&format!("writing to {}: {error}", escape_path(folder)));
    }
    print(&match asked.format {
        Format::Json => escape_json_for_terminal(&canonical::to_string(&climbed.ladder)?),
        Format::Text => report::ladder::text(&climbed.ladder, &asked.request.model, asked.detail),
    })?;
    for fault in &climbed.faults {
        tell(&format!("lockstep: {fault}\n"));
    }
    Ok(climbed.exit)
}

fn measure_floors(flags: cli::floor::Flags, engines: Option<&Path>) -> Result<Exit, Error> {
    let started = Instant::now();
    let supervision = flags.supervision().clone();
    let mut asked = flags.check(cache(), engines.map(Path::to_owned))?;
    asked.request.supervision = supervise(&supervision)?;
    let catalogue = Catalogue::load(engines)?;
    prepare(asked.out.as_deref())?;
    let found = floor::command::run(&asked.request, asked.cases, &catalogue, &tell)?;
    for problem in &found.problems {
        tell(&format!("lockstep: {}\n", escape_for_terminal(problem)));
    }
    if let Some(folder) = &asked.out {
        results::store_floors(&found, folder).map_err(|error| {
            FlagError::BadInput(format!("--out {}: {error}", escape_path(folder)))
        })?;
    }
    if let (Some(path), Some(picture)) = (&asked.plot, found.picture()) {
        std::fs::write(path, picture).map_err(|error| {
            FlagError::BadInput(format!("--plot {}: {error}", escape_path(path)))
        })?;
    }
    print(&match asked.format {
        Format::Json => escape_json_for_terminal(&canonical::to_string(&found.report)?),
        Format::Text => report::floors::text(&found.report),
    })?;
    tell(&format!("took {:.1} s\n", started.elapsed().as_secs_f64()));
    Ok(found.exit)
}

fn plan(flags: &cli::plan::Flags, engines: Option<&Path>) -> Result<Exit, Error> {
    let supervision = supervise(&flags.supervision)?;
    let catalogue = Catalogue::load(engines)?;
    print(&planning::plan(&flags.asked(), &catalogue, &supervision)?)?;
    Ok(Exit::Parity)
}

fn sabotage_all(flags: &cli::sabotage::Flags, engines: Option<&Path>) -> Result<Exit, Error> {
    let supervision = supervise(&flags.supervision)?;
    let asked = flags.asked(&cache(), engines, &supervision);
    let is_watched = io::stderr().is_terminal();
    let progress = |text: &str| {
        if is_watched {
            tell(&format!("{text}\n"));
        }
    };
    let (catalogue, places) = (Catalogue::load(engines)?, Places::of_this_process());
    let found = sabotage::run(&asked, &catalogue, &places, &progress)?;
    print(&match flags.format {
        Format::Json => escape_json_for_terminal(&canonical::to_string(&found)?),
        Format::Text => report::sabotage::text(&found),
    })?;
    Ok(Exit::of_code(found.exit.code).unwrap_or(Exit::Internal))
}

/// Better now than after an hour of evaluation.
fn prepare(out: Option<&Path>) -> Result<(), FlagError> {
    let Some(folder) = out else {
        return Ok(());
    };
    results::prepare_folder(folder)
        .map_err(|error| FlagError::BadInput(format!("--out {}: {error}", escape_path(folder))))
}

fn written(receipt: &Receipt, format: Format, detail: text::Detail) -> Result<String, Error> {
    Ok(match format {
        Format::Json => escape_json_for_terminal(&canonical::to_string(receipt)?),
        Format::Text => text::outcome(receipt, detail),
    })
}
