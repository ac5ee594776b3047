//! This very program as a supervised process, for work on what is not trusted.

use std::collections::BTreeMap;
use std::ffi::OsString;

use schemas::line::ItemId;

use super::fault::{EngineFault, FaultKind, Wait};
use super::identity::Identity;
use super::session::Session;
use super::spec::shown;
use super::supervision::Supervision;

/// Runs a sub-command of this program: one line in, one line out. It sees no environment.
pub(crate) fn ask_own_program(
    subcommand: &str,
    line: String,
    supervision: &Supervision,
    answer_limit_bytes: usize,
) -> Result<String, EngineFault> {
    let mut identity = Identity {
        engine: "lockstep".to_owned(),
        command: vec!["lockstep".to_owned(), subcommand.to_owned()],
        tail: None,
        memory_bytes: supervision.memory_bytes,
    };
    let program = std::env::current_exe().map_err(|error| {
        let problem = format!("finding this program's own file: {error}");
        identity.fault(FaultKind::Runner { problem })
    })?;
    let command: Vec<OsString> = vec![program.into_os_string(), subcommand.into()];
    identity.command = shown(&command);
    let mut session = Session::start(
        &command,
        &BTreeMap::new(),
        answer_limit_bytes,
        supervision,
        identity,
    )?;
    session.send(line);
    session.close_requests();
    let item = ItemId::new("line").expect("the constant is an id");
    let answer = session.answer(0, &Wait::Item(item))?;
    session.finish()?;
    Ok(answer)
}
