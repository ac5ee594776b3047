//! Runs the cases of one shard, comparison by comparison, and leaves a receipt of each.
//!
//! What has a receipt of the same identity that is not to be tried again is not run again: to resume is
//! to run once more. `comparison` goes through the stages of those that share their engines.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use schemas::plan::{Plan, PlannedCase, PlannedFile};

use super::again::{AGAIN, Again};
use super::asked::{Means, ModelFiles, Prompts};
use super::budget::Budget;
use super::claim::Claims;
use super::comparison;
use super::environments::Environments;
use super::failure::SweepError;
use super::folder::{CASES, PLAN, RECEIPT, read_plan};
use super::progress::{Event, Watcher};
use super::shard::{Partition, Shard};
use super::workroom::Workroom;
use crate::engine::Catalogue;
use crate::exit::Exit;
use crate::model_file;
use crate::reference_cache::ReferenceCache;
use crate::results;

/// Which cases are run, where and how.
#[derive(Clone, Debug)]
pub struct Orders {
    /// The plan's file.
    pub plan: PathBuf,
    /// Where its models are, if not where it says, by label.
    pub models: BTreeMap<String, PathBuf>,
    /// Where the files of its models were another time: a run may have been moved since.
    pub were: BTreeMap<String, ModelFiles>,
    /// The folder for the receipts.
    pub out: PathBuf,
    /// The part of the plan.
    pub shard: Shard,
    /// How it is dealt out.
    pub partition: Partition,
    /// Only these cases; none named: all.
    pub only: BTreeSet<String>,
    /// Also those that have a result, which stays until there is another one.
    pub again: bool,
    /// How many cases are evaluated at the same time.
    pub jobs: usize,
    /// How much disk answers may take that wait to be compared.
    pub disk_bytes: u64,
    /// Where answers of references are kept, if anywhere, and how many bytes of them.
    pub cache: Option<(PathBuf, u64)>,
    /// What this machine adds.
    pub means: Means,
}

/// What came of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// 0 when every case has a result, 75 when some can be tried again.
    pub exit: Exit,
    /// Cases of the shard.
    pub cases: usize,
    /// Those that have a result.
    pub terminal: usize,
}

/// What all comparisons of a shard share.
pub(super) struct Workshop<'a> {
    pub(super) orders: &'a Orders,
    pub(super) plan: &'a Plan,
    pub(super) prompts: Prompts<'a>,
    pub(super) catalogue: &'a Catalogue,
    pub(super) claims: Claims,
    pub(super) again: Again,
    pub(super) budget: Budget,
    pub(super) cache: Option<ReferenceCache>,
    /// When, where and by which programs the cases were run that have a result.
    pub(super) environments: Environments,
    pub(super) watcher: &'a Watcher<'a>,
}

impl Workshop<'_> {
    pub(super) fn case_folder(&self, id: &str) -> PathBuf {
        self.orders.out.join(CASES).join(id)
    }

    /// Notes that these are to be done again, where they were done before.
    fn note_all(&self, cases: &[&PlannedCase]) -> Result<(), SweepError> {
        let ids = cases.iter().map(|case| &case.keys.id);
        let mut done = ids.filter(|id| self.case_folder(id).join(RECEIPT).exists());
        let noted = done.try_for_each(|id| self.again.note(id));
        noted.map_err(|error| SweepError::Io(self.orders.out.join(AGAIN), error))
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.orders.means.supervision.interrupt.is_raised()
    }
}

/// Runs what is left of a shard.
pub fn run(
    orders: &Orders,
    catalogue: &Catalogue,
    watcher: &Watcher<'_>,
) -> Result<Done, SweepError> {
    let (plan, _) = read_plan(&orders.plan)?;
    prepare_folder(&orders.plan, &orders.out)?;
    let parent = orders.means.supervision.scratch.clone();
    let parent = parent.unwrap_or_else(std::env::temp_dir);
    let room = Workroom::new(&parent).map_err(|error| SweepError::Io(parent, error))?;
    let mut orders = orders.clone();
    orders.means.supervision.scratch = Some(room.path().to_owned());
    let orders = &orders;
    let cases = chosen(orders, &plan)?;
    let shop = Workshop {
        orders,
        plan: &plan,
        prompts: Prompts::of(&plan),
        catalogue,
        claims: Claims::new(&orders.out)
            .map_err(|error| SweepError::Io(orders.out.clone(), error))?,
        again: Again::of(&orders.out),
        budget: Budget::new(orders.disk_bytes),
        environments: Environments::open(&orders.out)?,
        cache: match &orders.cache {
            None => None,
            Some((folder, bytes)) => {
                let cache = ReferenceCache::open(folder, *bytes);
                Some(cache.map_err(|error| SweepError::Io(folder.clone(), error))?)
            }
        },
        watcher,
    };
    if orders.again {
        shop.note_all(&cases)?;
    }
    let mut terminal = 0;
    let mut first_error = None;
    for comparison in &plan.comparisons {
        let of_it = cases
            .iter()
            .filter(|case| case.comparison == comparison.name);
        let of_it: Vec<_> = of_it.copied().collect();
        if of_it.is_empty() || shop.is_interrupted() {
            continue;
        }
        // The others may go well.
        match comparison::run(&shop, comparison, &of_it) {
            Ok(done) => terminal += done,
            Err(error) => {
                watcher(Event::Trouble(&format!("{}: {error}", comparison.name)));
                first_error.get_or_insert(error);
            }
        }
    }
    match first_error {
        Some(error) if !shop.is_interrupted() => Err(error),
        _ => Ok(Done {
            exit: if terminal == cases.len() {
                Exit::Parity
            } else {
                Exit::Retryable
            },
            cases: cases.len(),
            terminal,
        }),
    }
}

/// The cases of the shard that were asked for, in the plan's order. None that was named is left out
/// without a word.
fn chosen<'a>(orders: &Orders, plan: &'a Plan) -> Result<Vec<&'a PlannedCase>, SweepError> {
    let known: BTreeSet<_> = plan.cases.iter().map(|case| &case.keys.id).collect();
    if let Some(unknown) = orders.only.iter().find(|id| !known.contains(id)) {
        return Err(SweepError::Plan(format!("there is no case {unknown}")));
    }
    let cases = plan.cases.iter().enumerate().filter(|(number, case)| {
        orders.shard.has(*number, case, orders.partition)
            && (orders.only.is_empty() || orders.only.contains(&case.keys.id))
    });
    let cases: Vec<_> = cases.map(|(_, case)| case).collect();
    let chosen: BTreeSet<_> = cases.iter().map(|case| &case.keys.id).collect();
    match orders.only.iter().find(|id| !chosen.contains(id)) {
        Some(elsewhere) => Err(SweepError::OtherShard(elsewhere.clone())),
        None => Ok(cases),
    }
}

/// Makes the folder, with the plan in it.
fn prepare_folder(plan: &Path, out: &Path) -> Result<(), SweepError> {
    let io = |path: &Path, error| SweepError::Io(path.to_owned(), error);
    fs::create_dir_all(out.join(CASES)).map_err(|error| io(out, error))?;
    let text = fs::read_to_string(plan).map_err(|error| io(plan, error))?;
    place_plan(&text, out)
}

/// Puts a plan into the folder of its results. Those of another plan are not mixed with them.
pub fn place_plan(text: &str, out: &Path) -> Result<(), SweepError> {
    let io = |error| SweepError::Io(out.join(PLAN), error);
    match fs::read_to_string(out.join(PLAN)) {
        Ok(there) if there == text => Ok(()),
        Ok(_) => Err(SweepError::OtherPlan(out.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            results::write_text(out, PLAN, text).map_err(io)
        }
        Err(error) => Err(io(error)),
    }
}

/// A file of the plan on this machine: where the plan says, or else where it `was`.
pub(super) fn found(orders: &Orders, file: &PlannedFile, was: Option<&PathBuf>) -> PathBuf {
    let folder = orders.plan.parent().unwrap_or(Path::new(""));
    let planned = folder.join(&file.path);
    match was {
        Some(was) if !planned.exists() => was.clone(),
        _ => resolved(planned),
    }
}

/// With its folder by its own name: a way through the folder of a run ends when that is moved. The name
/// of a file that is a link is kept.
fn resolved(path: PathBuf) -> PathBuf {
    let folder = path.parent().map(|folder| Path::new(".").join(folder));
    let folder = folder.and_then(|folder| fs::canonicalize(folder).ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// Whether a file is the one that was planned.
pub(super) fn check_file(
    orders: &Orders,
    planned: &schemas::receipt::FileIdentity,
    path: &Path,
) -> Result<(), SweepError> {
    let stop = orders.means.supervision.interrupt.flag();
    let found = model_file::identity_unless(path, stop)
        .map_err(|error| SweepError::Io(path.to_owned(), error))?;
    if found.sha256 == planned.sha256 {
        return Ok(());
    }
    Err(SweepError::Plan(format!(
        "{} is {}, and {} was planned",
        crate::text::escape_path(path),
        found.sha256,
        planned.sha256
    )))
}
