//! All engines that can be asked for by name: the built-in ones, and over them those of the
//! first `engines.toml` that is found.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use schemas::receipt::Profile;

use super::config::{self, ConfigError};
use super::places::Places;
use super::spec::{EngineSettings, EngineSpec, Origin};
use crate::exit::Exit;
use crate::text::escape_for_terminal;

/// The default candidate.
pub const DEFAULT_CANDIDATE: &str = "rust-engine";

/// A harness build, and the command that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferenceBuild {
    /// The engine's name.
    pub name: &'static str,
    /// What makes it.
    pub made_by: &'static str,
}

/// The reference of the profiles that compare bits or by tight limits.
pub const LLAMA_SCALAR: &str = "llama-scalar";

/// The reference of the profile `production`.
pub const LLAMA_NATIVE: &str = "llama-native";

/// `ik_llama.cpp`, a reference that is independent of llama.cpp's present code.
pub const IK: &str = "ik";

/// bitnet.cpp, the reference of I2_S models.
pub const BITNET: &str = "bitnet";

/// The harness builds that Lockstep's own script makes, the default reference first.
pub const REFERENCE_BUILDS: [ReferenceBuild; 4] = [
    ReferenceBuild {
        name: LLAMA_SCALAR,
        made_by: "scripts/build-references.sh scalar",
    },
    ReferenceBuild {
        name: LLAMA_NATIVE,
        made_by: "scripts/build-references.sh native",
    },
    ReferenceBuild {
        name: IK,
        made_by: "scripts/build-references.sh ik",
    },
    ReferenceBuild {
        name: BITNET,
        made_by: "BITNET_CPP_DIR=FOLDER scripts/build-references.sh bitnet",
    },
];

/// The reference that a profile takes when no flag says otherwise.
pub fn default_reference(profile: Profile) -> &'static str {
    match profile {
        Profile::Exact | Profile::F32 => LLAMA_SCALAR,
        Profile::Production => LLAMA_NATIVE,
    }
}

/// Short names, for people's fingers and for the older command lines.
const SHORT_NAMES: [(&str, &str); 1] = [("llama", LLAMA_SCALAR)];

/// All engines that can be asked for by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    engines: Vec<EngineSpec>,
}

/// There is no engine of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEngine {
    /// The name.
    pub name: String,
    /// The names that there are.
    pub known: Vec<String>,
}

impl UnknownEngine {
    /// A name that means nothing is a wrong call.
    pub fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl fmt::Display for UnknownEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown engine `{}`, known are: {}",
            escape_for_terminal(&self.name),
            self.known.join(", ")
        )
    }
}

impl std::error::Error for UnknownEngine {}

impl Catalogue {
    /// For this process: `flag` names the configuration file, else the usual places are tried.
    pub fn load(flag: Option<&Path>) -> Result<Self, ConfigError> {
        Self::load_from(flag, &Places::of_this_process())
    }

    /// Like [`Self::load`], with the places given.
    pub fn load_from(flag: Option<&Path>, places: &Places) -> Result<Self, ConfigError> {
        let mut engines = built_in(places);
        let configured = match flag {
            Some(path) => read(path)?.ok_or_else(|| ConfigError {
                path: path.to_owned(),
                line: None,
                problem: "there is no such file".to_owned(),
            })?,
            None => first_found(places)?,
        };
        for engine in configured {
            match engines.iter_mut().find(|known| known.name == engine.name) {
                Some(known) => *known = engine,
                None => engines.push(engine),
            }
        }
        Ok(Self { engines })
    }

    /// The same, with this engine in the place of the one of its name, if there is one.
    #[must_use]
    pub fn with(&self, spec: EngineSpec) -> Self {
        let mut engines = self.engines.clone();
        match engines.iter_mut().find(|known| known.name == spec.name) {
            Some(known) => *known = spec,
            None => engines.push(spec),
        }
        Self { engines }
    }

    /// The engine of this name or short name. It may still turn out not to be there.
    pub fn find(&self, name: &str) -> Result<&EngineSpec, UnknownEngine> {
        let meant = SHORT_NAMES
            .iter()
            .find(|(short, _)| *short == name)
            .map(|(_, long)| *long);
        let with = |name: &str| self.engines.iter().find(|engine| engine.name == name);
        // Whoever configures an engine under a short name means that one.
        with(name)
            .or_else(|| with(meant?))
            .ok_or_else(|| UnknownEngine {
                name: name.to_owned(),
                known: self
                    .engines
                    .iter()
                    .map(|engine| engine.name.clone())
                    .collect(),
            })
    }

    /// All of them: the built-in ones, then the others as their file orders them.
    pub fn all(&self) -> impl Iterator<Item = &EngineSpec> {
        self.engines.iter()
    }
}

fn built_in(places: &Places) -> Vec<EngineSpec> {
    let engine = |name: &str, command: OsString, environment| EngineSpec {
        name: name.to_owned(),
        command: vec![command],
        defaults: EngineSettings::default(),
        environment,
        origin: Origin::BuiltIn,
    };
    // A failed assertion in ggml starts a debugger if there is one, which takes its time and
    // writes to standard output. The variable changes nothing else.
    let quiet = BTreeMap::from([("GGML_NO_BACKTRACE".to_owned(), "1".to_owned())]);
    let candidate = match &places.program_folder {
        Some(folder) => folder.join(DEFAULT_CANDIDATE).into(),
        None => DEFAULT_CANDIDATE.into(),
    };
    let mut engines = vec![engine(DEFAULT_CANDIDATE, candidate, BTreeMap::new())];
    engines.extend(REFERENCE_BUILDS.map(|build| {
        let program = reference_program(places, build.name);
        engine(build.name, program, quiet.clone())
    }));
    engines
}

/// The first build of this name that is there; if none is, the first place where it could be,
/// so that starting it fails with a path that can be looked at.
fn reference_program(places: &Places, name: &str) -> OsString {
    let programs: Vec<_> = places
        .reference_folders()
        .into_iter()
        .map(|folder| folder.join(name))
        .collect();
    let found = programs
        .iter()
        .find(|program| program.is_file())
        .or(programs.first());
    found.map_or_else(|| name.into(), |program| program.clone().into())
}

fn first_found(places: &Places) -> Result<Vec<EngineSpec>, ConfigError> {
    for path in places.configuration_files() {
        if let Some(engines) = read(&path)? {
            return Ok(engines);
        }
    }
    Ok(Vec::new())
}

/// `None` when there is no such file.
fn read(path: &Path) -> Result<Option<Vec<EngineSpec>>, ConfigError> {
    match fs::read_to_string(path) {
        Ok(text) => config::parse(path, &text).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ConfigError {
            path: path.to_owned(),
            line: None,
            problem: format!("cannot be read: {error}"),
        }),
    }
}
