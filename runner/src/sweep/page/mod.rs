//! A run as one HTML file, for whoever opens the artifact of a night and must see what broke and where.
//!
//! A run folder goes in, a text comes out; equal runs make equal pages, but for the texts of tokens,
//! which are shown only where the model is at hand. In reading order: `entry` (the cases, the worst
//! first), `gather` (one walk over the receipts; of a case `case_data` and its `cells`, of a
//! comparison `histogram` and `worst` rows), `likely` and `texts` of a `vocabulary` (what
//! stands beside the receipts), `sections` (the parts without a script) in their `frame`, over
//! `markup`, through which all text goes.
//! The script in `assets` draws the map and the cases from the data at the end of the page.
//!
//! Nothing of the page comes from elsewhere, and its policy allows it nothing but its own script and
//! style by their hashes.

mod case_data;
mod cells;
mod entry;
mod frame;
mod gather;
mod histogram;
mod likely;
mod markup;
#[cfg(test)]
mod samples;
mod sections;
#[cfg(test)]
mod tests;
mod texts;
mod vocabulary;
mod worst;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use schemas::receipt::Receipt;
use schemas::run_summary::RunSummary;
use serde::Serialize;

use self::case_data::CaseData;
use self::cells::Binning;
use self::entry::Entry;
use self::markup::Markup;
use self::sections::worst_rows::tops;
use self::sections::{View, comparisons, distributions, greedy, identities, verdict, worst_rows};
use self::texts::vocabularies;
use super::folder::{FolderError, RunFolder};
use super::summary;
use crate::exit::Exit;
use crate::results::{finish, temporary};
use crate::text::{escape_for_terminal, escape_path};

/// Why there is no page.
#[derive(Debug)]
pub enum PageError {
    /// The run cannot be read.
    Folder(FolderError),
    /// A receipt is another one than when the run was summed up: somebody is writing to it.
    Changed {
        /// The case's id.
        case: String,
    },
    /// The page could not be written.
    Unwritable {
        /// Where to.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
}

impl PageError {
    /// What is read and what is written are files that were named.
    pub fn exit(&self) -> Exit {
        Exit::BadInput
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => error.fmt(f),
            Self::Changed { case } => write!(
                f,
                "case {}: its receipt changed while the run was read (hint: report a run that \
                 nobody writes to, as lockstep merge makes it)",
                escape_for_terminal(case)
            ),
            Self::Unwritable { path, problem } => write!(f, "{}: {problem}", escape_path(path)),
        }
    }
}

impl std::error::Error for PageError {}

/// Writes the page of a run to a file, whole or not at all. What the run says of itself in short is not
/// read: verdicts are those of its receipts.
pub fn write(root: &Path, to: &Path) -> Result<Exit, PageError> {
    let run = RunFolder::open(root).map_err(PageError::Folder)?;
    let summary = summary::of(&run).map_err(PageError::Folder)?;
    let page = render(&run, &summary)?;
    let unwritable = |problem: std::io::Error| PageError::Unwritable {
        path: to.to_owned(),
        problem: problem.to_string(),
    };
    let folder = to.parent().filter(|it| !it.as_os_str().is_empty());
    let mut file = temporary(folder.unwrap_or(Path::new("."))).map_err(unwritable)?;
    file.write_all(page.as_bytes()).map_err(unwritable)?;
    finish(file, to).map_err(unwritable)?;
    Ok(Exit::Parity)
}

/// What the script draws from.
#[derive(Serialize)]
struct PageData<'a> {
    binning: Binning,
    comparisons: Vec<ComparisonData<'a>>,
    floors: &'a [String],
    /// Texts of tokens by the model's label.
    tokens: BTreeMap<&'a str, &'a BTreeMap<u32, String>>,
    /// The worst first.
    cases: &'a [CaseData],
    left_out: usize,
}

#[derive(Serialize)]
struct ComparisonData<'a> {
    name: String,
    model: &'a str,
    measure: &'static str,
}

/// The page of a run with its summary.
pub fn render(run: &RunFolder, summary: &RunSummary) -> Result<String, PageError> {
    let read = |entry: &Entry<'_>| gather::receipt_of(run, entry);
    render_as_read(run, summary, read)
}

fn render_as_read(
    run: &RunFolder,
    summary: &RunSummary,
    read: impl Fn(&Entry<'_>) -> Result<Option<Receipt>, PageError> + Sync,
) -> Result<String, PageError> {
    let entries = Entry::of_all(&run.plan, summary);
    let mut gathered = gather::walk(&run.plan, &entries, read)?;
    let ids: Vec<&str> = entries.iter().map(Entry::id).collect();
    let tops = tops(run, &gathered.worst, &ids);
    let vocabularies = vocabularies(run, &entries, &mut gathered, &tops);
    let view = View {
        run,
        summary,
        entries: &entries,
        gathered: &gathered,
        vocabularies: &vocabularies,
    };
    let mut page = Markup::new();
    frame::head(&mut page, summary);
    verdict::section(&mut page, view);
    comparisons::section(&mut page, view);
    frame::map(&mut page);
    worst_rows::section(&mut page, view, &tops);
    distributions::section(&mut page, view);
    greedy::section(&mut page, view);
    frame::cases(&mut page);
    identities::section(&mut page, view);
    frame::foot(&mut page, &data(view));
    Ok(page.into_text())
}

fn data(view: View<'_>) -> PageData<'_> {
    let comparisons = view.run.plan.comparisons.iter();
    PageData {
        binning: view.gathered.binning,
        comparisons: comparisons
            .map(|it| ComparisonData {
                name: escape_for_terminal(&it.name),
                model: &it.model,
                measure: cells::measure(it.profile),
            })
            .collect(),
        floors: &view.gathered.floors,
        tokens: view
            .vocabularies
            .iter()
            .map(|(label, it)| (label.as_str(), it.texts()))
            .collect(),
        cases: &view.gathered.cases,
        left_out: view.gathered.left_out,
    }
}
