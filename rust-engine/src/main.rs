//! The command `rust-engine`: parses flags, runs one sub-command, prints the causes of a failure.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
#[cfg(feature = "faults")]
use rust_engine::faults;
use rust_engine::serve::{self, ServeError, describe, evaluate, tokenize};
use rust_engine::{fixture, twin, vocabulary_file};
use schemas::describe::{Arithmetic, KvType};
use schemas::line;

/// An inference engine that follows llama.cpp's scalar arithmetic bit by bit.
///
/// It speaks the exchange protocol: requests on standard input, answers on standard output, one
/// JSON object a line.
#[derive(Parser)]
#[command(name = "rust-engine", version)]
struct Cli {
    /// Make this mistake on purpose in describe, tokenize and evaluate; files of models are right
    #[cfg(feature = "faults")]
    #[arg(long, global = true, value_name = "NAME[=STRENGTH]", value_parser = faults::named)]
    fault: Option<faults::Chosen>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say who this engine is, and whether it can run a model
    ///
    /// Example: rust-engine describe --model model.gguf
    Describe {
        /// The model to describe too
        #[arg(long)]
        model: Option<PathBuf>,
    },
    /// Turn text into tokens
    ///
    /// Example: rust-engine tokenize --model model.gguf < requests.jsonl
    Tokenize {
        /// The model whose vocabulary is used
        #[arg(long)]
        model: PathBuf,
        /// A tokenizer.json to use in its place
        #[arg(long)]
        tokenizer: Option<PathBuf>,
    },
    /// Turn tokens into logits
    ///
    /// Example: rust-engine evaluate --model model.gguf --out logits < requests.jsonl
    Evaluate(EvaluateFlags),
    /// Write the same model with all weights decoded to F32
    ///
    /// Example: rust-engine f32-twin model.gguf twin.gguf
    F32Twin {
        /// The model to decode
        model: PathBuf,
        /// The file to write
        out: PathBuf,
    },
    /// Write a random model for tests
    ///
    /// Example: rust-engine fixture --family gemma3 --type q8_0 --seed 1 small.gguf
    Fixture(fixture::Flags),
    /// Write the vocabulary of a tokenizer.json as a model file without tensors
    ///
    /// Example: rust-engine vocabulary --from qwen3.json --pre qwen2 --eos '<|im_end|>' qwen3.gguf
    Vocabulary(vocabulary_file::Flags),
    /// List the mistakes that --fault makes
    ///
    /// Example: rust-engine faults
    #[cfg(feature = "faults")]
    Faults,
}

#[derive(clap::Args)]
struct EvaluateFlags {
    /// The model
    #[arg(long)]
    model: PathBuf,
    /// The folder that gets the files of logits
    #[arg(long)]
    out: PathBuf,
    /// Which numbers to compute
    #[arg(long, value_enum, default_value = "exact")]
    arithmetic: ArithmeticFlag,
    /// The kernels to compute with (default: the best that this CPU can run)
    #[arg(long, value_name = "NAME")]
    kernel: Option<String>,
    /// Worker threads (default: as many as there are cores)
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=512))]
    threads: Option<u32>,
    /// Tokens that an item may have (default: the model's own context)
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    context: Option<u32>,
    /// Tokens evaluated together
    #[arg(long, default_value_t = describe::MICRO_BATCH, value_parser = clap::value_parser!(u32).range(1..=2_147_483_647))]
    micro_batch: u32,
    /// Element type of the KV cache (default: f16; f32 in arithmetic f32)
    #[arg(long, value_enum)]
    kv: Option<KvFlag>,
    /// Fused attention, which this engine does not have
    #[arg(long, value_enum, default_value = "off")]
    flash_attention: Switch,
}

#[derive(Clone, Copy, ValueEnum)]
enum ArithmeticFlag {
    Exact,
    F32,
    Fast,
}

#[derive(Clone, Copy, ValueEnum)]
enum KvFlag {
    F16,
    F32,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            let failed = error.use_stderr();
            return match error.print() {
                Ok(()) if failed => ExitCode::from(64),
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::from(70),
            };
        }
    };
    #[cfg(feature = "faults")]
    if let Some(fault) = cli.fault {
        faults::choose(fault);
    }
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rust-engine: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(command: Command) -> Result<(), ServeError> {
    let mut input = io::BufReader::new(io::stdin());
    let mut output = io::stdout();
    match command {
        Command::Describe { model } => {
            let answer = describe::describe(model.as_deref())?;
            output
                .write_all(line::write(&answer).as_bytes())
                .map_err(serve::io_error("writing the answer"))
        }
        Command::Tokenize { model, tokenizer } => {
            tokenize::run(&model, tokenizer.as_deref(), &mut input, &mut output)
        }
        Command::Evaluate(flags) => evaluate::run(&flags.check()?, &mut input, &mut output),
        Command::F32Twin { model, out } => twin::write(&model, &out),
        Command::Fixture(flags) => fixture::write(&flags),
        Command::Vocabulary(flags) => vocabulary_file::write(&flags),
        #[cfg(feature = "faults")]
        Command::Faults => output
            .write_all(line::write(&faults::list()).as_bytes())
            .map_err(serve::io_error("writing the list")),
    }
}

impl EvaluateFlags {
    /// The flags as values, or why they cannot be met.
    fn check(self) -> Result<evaluate::Flags, ServeError> {
        if self.flash_attention == Switch::On {
            return Err(ServeError::Unavailable(
                "flash attention is not there: attention is computed in separate steps".to_owned(),
            ));
        }
        let arithmetic = match self.arithmetic {
            ArithmeticFlag::Exact => Arithmetic::Exact,
            ArithmeticFlag::F32 => Arithmetic::F32,
            ArithmeticFlag::Fast => Arithmetic::Fast,
        };
        Ok(evaluate::Flags {
            model: self.model,
            out: self.out,
            arithmetic,
            kernel: self.kernel,
            threads: self.threads,
            context: self.context,
            micro_batch: self.micro_batch,
            kv: self.kv.map(|kv| match kv {
                KvFlag::F16 => KvType::F16,
                KvFlag::F32 => KvType::F32,
            }),
        })
    }
}
