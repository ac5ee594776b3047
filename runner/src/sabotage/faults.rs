//! What can be wrong, who makes it, and at which rung it has to be seen.

use std::collections::BTreeMap;
use std::ffi::OsString;

use schemas::describe::Arithmetic;
use schemas::faults::{Acts, Begins, FaultChoice, FaultFacts, FaultList};
use schemas::ladder::LadderRung;
use schemas::receipt::Profile;

use super::error::SabotageError;
use crate::distort::{self, OutputFault};
use crate::engine::{Catalogue, EngineSettings, EngineSpec, Origin, Places};

/// The name of the engine that makes faults: `engines.toml` may say what it is.
pub const FAULTY_ENGINE: &str = "rust-engine-faults";

/// What makes it.
pub const MADE_BY: &str = "scripts/build-faulty-engine.sh";

/// One fault.
pub(super) struct Fault {
    pub(super) name: String,
    pub(super) does: String,
    pub(super) acts: Acts,
    pub(super) begins: Begins,
    pub(super) strength: Option<String>,
    maker: Maker,
}

/// Who makes it.
enum Maker {
    /// The engine, in these arithmetics.
    Engine(Vec<Arithmetic>),
    /// This program, in what the engine answers.
    Wrapper,
}

impl Fault {
    /// Those that the engine lists, and those that are made in its answers.
    pub(super) fn all(list: FaultList) -> Vec<Self> {
        let of_engine = list.faults.into_iter().map(Self::of_engine);
        let of_output = distort::FAULTS.iter().map(Self::of_output);
        of_engine.chain(of_output).collect()
    }

    fn of_engine(facts: FaultFacts) -> Self {
        Self {
            name: facts.name,
            does: facts.does,
            acts: facts.acts,
            begins: facts.begins,
            strength: facts.strength,
            maker: Maker::Engine(facts.arithmetics),
        }
    }

    fn of_output(fault: &OutputFault) -> Self {
        Self {
            name: fault.name.to_owned(),
            does: fault.does.to_owned(),
            acts: Acts::Output,
            begins: fault.begins,
            strength: fault.strength.map(str::to_owned),
            maker: Maker::Wrapper,
        }
    }

    /// The engine with this fault.
    pub(super) fn made_by(
        &self,
        engine: &EngineSpec,
        strength: u32,
    ) -> Result<EngineSpec, SabotageError> {
        let choice = FaultChoice {
            name: self.name.clone(),
            strength,
        };
        let choice = choice.to_string().into();
        let command = match self.maker {
            Maker::Engine(_) => {
                let chosen = ["--fault".into(), choice];
                engine.command.iter().cloned().chain(chosen).collect()
            }
            Maker::Wrapper => {
                let own = std::env::current_exe().map_err(SabotageError::NoOwnFile)?;
                let wrapper = [own.into(), distort::SUBCOMMAND.into(), choice, "--".into()];
                let wrapper: Vec<OsString> = wrapper.into();
                [wrapper, engine.command.clone()].concat()
            }
        };
        Ok(EngineSpec {
            command,
            ..engine.clone()
        })
    }

    /// Whether the engine can say of a model that the fault would change nothing there.
    pub(super) fn is_of_engine(&self) -> bool {
        matches!(self.maker, Maker::Engine(_))
    }

    pub(super) fn acts_in(&self, arithmetic: Arithmetic) -> bool {
        match &self.maker {
            Maker::Engine(arithmetics) => arithmetics.contains(&arithmetic),
            Maker::Wrapper => true,
        }
    }

    /// The rungs at one of which it has to be caught. None: it is to be reported, and no more.
    pub(super) fn expected(&self, profile: Profile) -> Vec<LadderRung> {
        let rung = match (self.name.as_str(), self.begins) {
            // Softmax does not see it, so it counts where bits do.
            (CONSTANT_SHIFT, _) if profile != Profile::Exact => return Vec::new(),
            (_, Begins::Tokens) => LadderRung::Tokens,
            // The rung of shapes is the first that evaluates anything. It looks for positions that
            // see what they must not, by two items in one process.
            ("not-causal" | "prompt-cache-not-cleared", _) | (_, Begins::Answer) => {
                LadderRung::Shapes
            }
            (_, Begins::Position(0) | Begins::SecondItem) => LadderRung::FirstLogits,
            (_, Begins::Position(_) | Begins::WindowEnd) => LadderRung::Positions,
            (_, Begins::Step(_)) => LadderRung::Decode,
        };
        vec![rung]
    }
}

/// The fault that only bits show.
pub(super) const CONSTANT_SHIFT: &str = "constant-shift";

/// The configured engine of that name, else the one beside this program.
pub(super) fn faulty_engine(
    catalogue: &Catalogue,
    places: &Places,
) -> Result<EngineSpec, SabotageError> {
    if let Ok(configured) = catalogue.find(FAULTY_ENGINE) {
        return Ok(configured.clone());
    }
    let folder = places.program_folder.as_ref();
    let program = folder.map(|folder| folder.join(FAULTY_ENGINE));
    match program {
        Some(program) if program.is_file() => Ok(EngineSpec {
            name: FAULTY_ENGINE.to_owned(),
            command: vec![program.into()],
            defaults: EngineSettings::default(),
            environment: BTreeMap::new(),
            origin: Origin::CommandLine,
        }),
        place => Err(SabotageError::NoEngine { place }),
    }
}
