//! Which program an engine is, by its contents: results and kept answers are those of this one alone.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::spec::EngineSpec;
use crate::model_file;
use crate::seal::sha256;

/// `sha256:` and the digest of the program's file. Of one with arguments that are files it is a digest of
/// them all: an interpreter is told from another by what it runs. The file of an option for a log is left
/// out: it is written, and would make each run one of another program. `None`: something of it cannot be
/// read, or `stop` was set meanwhile.
pub fn digest(spec: &EngineSpec, stop: &AtomicBool) -> Option<String> {
    let of = |path: &Path| Some(model_file::identity_unless(path, stop).ok()?.sha256);
    let program = of(&spec.executable()?)?;
    let is_read = |words: &&[OsString]| !is_for_a_log(&words[0]) && Path::new(&words[1]).is_file();
    let read = spec.command.windows(2).filter(is_read);
    let files = read.map(|words| of(Path::new(&words[1])));
    let files = files.collect::<Option<Vec<_>>>()?;
    if files.is_empty() {
        return Some(program);
    }
    Some(sha256(
        [vec![program], files].concat().join("\n").as_bytes(),
    ))
}

fn is_for_a_log(option: &OsStr) -> bool {
    let option = option.to_string_lossy();
    let mut words = option.trim_start_matches('-').split(['-', '_']);
    option.starts_with('-') && words.any(|word| word == "log")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;
    use crate::engine::{EngineSettings, Origin};

    #[test]
    fn an_interpreter_is_told_by_what_it_runs() {
        let folder = tempfile::tempdir().expect("a folder");
        let script = folder.path().join("engine.sh");
        let found = |words: &[&str]| {
            let spec = EngineSpec {
                name: "mine".to_owned(),
                command: words.iter().map(Into::into).collect(),
                defaults: EngineSettings::default(),
                environment: BTreeMap::new(),
                origin: Origin::CommandLine,
            };
            digest(&spec, &AtomicBool::new(false))
        };
        let path = script.to_str().expect("UTF-8");
        fs::write(&script, "one").expect("written");
        let alone = found(&["sh"]).expect("readable");
        let one = found(&["sh", path]).expect("readable");
        assert_ne!(one, alone);
        assert_eq!(found(&["sh", "-c", "no file"]), Some(alone));
        assert_eq!(found(&["sh", path]), Some(one.clone()));
        let log = folder.path().join("log");
        let log = log.to_str().expect("UTF-8");
        fs::write(log, "one").expect("written");
        assert_eq!(found(&["sh", path, "--log-file", log]), Some(one.clone()));
        for read in ["--config", "--logit-bias", "--catalog"] {
            assert_ne!(found(&["sh", path, read, log]), Some(one.clone()), "{read}");
        }
        fs::write(&script, "other").expect("written");
        assert_ne!(found(&["sh", path]), Some(one));
        assert_eq!(found(&["/no/such/program"]), None);
    }
}
