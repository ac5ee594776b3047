//! One engine as configured: how it is started and what it is asked for.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use schemas::describe::{Arithmetic, DescribeResponse, KvType, Settings};
use schemas::receipt::SettingsRecord;
use serde::Deserialize;

/// One engine as configured.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineSpec {
    /// The name by which it is asked for and by which receipts know it.
    pub name: String,
    /// The program and its leading arguments; the sub-command of the protocol follows them.
    pub command: Vec<OsString>,
    /// Settings that hold when a comparison asks for no other.
    pub defaults: EngineSettings,
    /// Environment variables set on purpose; they are recorded.
    pub environment: BTreeMap<String, String>,
    /// Who says so.
    pub origin: Origin,
}

impl EngineSpec {
    /// The command for people and records; what is not UTF-8 in it is replaced.
    pub fn shown_command(&self) -> Vec<String> {
        shown(&self.command)
    }

    /// Whether the program behind a built-in name calls itself otherwise: comparing a build with
    /// itself under two names would look like parity.
    pub(crate) fn is_another_program(&self, description: &DescribeResponse) -> bool {
        self.origin == Origin::BuiltIn && description.name != self.name
    }
}

/// Where an engine's configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Lockstep knows it by itself.
    BuiltIn,
    /// An `engines.toml`.
    File(PathBuf),
    /// A command that was given for this run alone.
    CommandLine,
}

/// Settings of an evaluation; what is `None` is left to the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineSettings {
    /// The numbers computed.
    pub arithmetic: Option<Arithmetic>,
    /// Worker threads.
    pub threads: Option<Threads>,
    /// Tokens that the KV cache holds.
    pub context: Option<u32>,
    /// Tokens evaluated together.
    pub micro_batch: Option<u32>,
    /// Element type of the KV cache.
    pub kv: Option<KvType>,
    /// Whether attention is computed in one fused pass.
    pub flash_attention: Option<bool>,
    /// Whether matrices are rearranged when the model is loaded.
    pub repack: Option<bool>,
}

/// A number of worker threads, and who has the say of it. Engines compute the same with any number, so
/// that what a machine chose is no part of what was compared: it would make other receipts of the same
/// numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "u32")]
pub enum Threads {
    /// Somebody named it: it stands in receipts.
    Named(u32),
    /// Nobody did, and it is this machine's choice: it stands in the environment alone.
    OfMachine(u32),
}

impl From<u32> for Threads {
    fn from(number: u32) -> Self {
        Self::Named(number)
    }
}

impl Threads {
    /// How many.
    pub fn number(self) -> u32 {
        match self {
            Self::Named(number) | Self::OfMachine(number) => number,
        }
    }

    /// How many, where somebody named a number.
    pub fn named(self) -> Option<u32> {
        match self {
            Self::Named(number) => Some(number),
            Self::OfMachine(_) => None,
        }
    }
}

impl EngineSettings {
    /// What a receipt has of an evaluation that was asked for by these.
    pub fn record(&self, evaluated_with: Settings) -> SettingsRecord {
        SettingsRecord::new(evaluated_with, self.threads.and_then(Threads::named))
    }

    /// These settings, and `defaults` where they say nothing.
    #[must_use]
    pub fn or(&self, defaults: &Self) -> Self {
        Self {
            arithmetic: self.arithmetic.or(defaults.arithmetic),
            threads: self.threads.or(defaults.threads),
            context: self.context.or(defaults.context),
            micro_batch: self.micro_batch.or(defaults.micro_batch),
            kv: self.kv.or(defaults.kv),
            flash_attention: self.flash_attention.or(defaults.flash_attention),
            repack: self.repack.or(defaults.repack),
        }
    }

    /// As flags of `ENGINE evaluate`.
    pub(crate) fn flags(&self) -> Vec<OsString> {
        let flags = [
            (
                "--arithmetic",
                self.arithmetic.map(arithmetic_word).map(str::to_owned),
            ),
            ("--threads", self.threads.map(|n| n.number().to_string())),
            ("--context", self.context.map(|n| n.to_string())),
            ("--micro-batch", self.micro_batch.map(|n| n.to_string())),
            ("--kv", self.kv.map(kv_word).map(str::to_owned)),
            (
                "--flash-attention",
                self.flash_attention.map(on_off).map(str::to_owned),
            ),
            ("--repack", self.repack.map(on_off).map(str::to_owned)),
        ];
        flags
            .into_iter()
            .filter_map(|(flag, value)| Some([flag.into(), value?.into()]))
            .flatten()
            .collect()
    }
}

/// The protocol's word for an arithmetic.
pub(crate) fn arithmetic_word(arithmetic: Arithmetic) -> &'static str {
    match arithmetic {
        Arithmetic::Exact => "exact",
        Arithmetic::F32 => "f32",
        Arithmetic::Fast => "fast",
    }
}

/// The protocol's word for a KV type.
pub(crate) fn kv_word(kv: KvType) -> &'static str {
    match kv {
        KvType::F16 => "f16",
        KvType::F32 => "f32",
    }
}

/// The protocol's words for a switch.
pub(crate) fn on_off(switch: bool) -> &'static str {
    if switch { "on" } else { "off" }
}

impl EngineSpec {
    /// The file that would be executed: the program itself when it is a path, else what the
    /// search path finds. `None` when there is no such file.
    pub fn executable(&self) -> Option<PathBuf> {
        let program = Path::new(self.command.first()?);
        if program.components().count() > 1 || program.is_absolute() {
            return program.is_file().then(|| program.to_owned());
        }
        search(&std::env::var_os("PATH")?, program)
    }
}

/// The words of a command for people and records.
pub(super) fn shown(command: &[OsString]) -> Vec<String> {
    let words = command.iter();
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

/// The file of this name in the folders of a search path.
pub(super) fn search(path: &OsStr, program: &Path) -> Option<PathBuf> {
    std::env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_becomes_a_flag() {
        assert!(EngineSettings::default().flags().is_empty());
        let settings = EngineSettings {
            arithmetic: Some(Arithmetic::Exact),
            threads: Some(Threads::OfMachine(2)),
            context: Some(512),
            micro_batch: Some(7),
            kv: Some(KvType::F16),
            flash_attention: Some(false),
            repack: Some(true),
        };
        let flags: Vec<String> = settings
            .flags()
            .into_iter()
            .map(|flag| flag.into_string().expect("ASCII"))
            .collect();
        assert_eq!(
            flags.join(" "),
            "--arithmetic exact --threads 2 --context 512 --micro-batch 7 --kv f16 \
             --flash-attention off --repack on"
        );
    }

    #[test]
    fn what_is_asked_goes_before_the_configuration() {
        let asked = EngineSettings {
            threads: Some(Threads::OfMachine(1)),
            ..EngineSettings::default()
        };
        let configured = EngineSettings {
            threads: Some(Threads::Named(8)),
            micro_batch: Some(64),
            ..EngineSettings::default()
        };
        let merged = asked.or(&configured);
        assert_eq!(
            (merged.threads, merged.micro_batch),
            (Some(Threads::OfMachine(1)), Some(64))
        );
    }
}
