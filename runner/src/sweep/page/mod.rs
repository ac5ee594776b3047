//! A run as one HTML file, for whoever opens the artifact of a night and must see what broke and where.
//!
//! A run folder goes in, a text comes out; equal runs make equal pages, but for the texts of tokens,
//! which are shown only where the model is at hand. In reading order: [`entry`] (the cases, the worst
//! first), [`gather`] (one walk over the receipts; of a case `case_data` and its [`cells`], of a
//! comparison [`histogram`] and [`worst`] rows), [`failing`] and [`vocabulary`] (what stands beside the
//! receipts), [`sections`] (the parts without a script) over [`markup`], through which all text goes.
//! The script in `assets` draws the map and the cases from the data at the end of the page.
//!
//! Nothing of the page comes from elsewhere, and its policy allows it nothing but its own script and
//! style by their hashes.

mod case_data;
mod cells;
mod entry;
mod failing;
mod gather;
mod histogram;
mod markup;
#[cfg(test)]
mod samples;
mod sections;
#[cfg(test)]
mod tests;
mod vocabulary;
mod worst;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use schemas::environment::{Environment, RunEnvironment};
use schemas::line;
use schemas::receipt::Receipt;
use schemas::run_summary::RunSummary;
use schemas::tag::Kind;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use self::case_data::CaseData;
use self::cells::Binning;
use self::entry::{Entry, verdict_word};
use self::gather::{Gathered, model_of};
use self::markup::{Markup, base64};
use self::sections::worst_rows::{Tops, tops};
use self::sections::{View, comparisons, distributions, greedy, identities, verdict, worst_rows};
use self::vocabulary::Vocabulary;
use super::folder::{ENVIRONMENT, FolderError, RunFolder};
use super::summary;
use crate::exit::Exit;
use crate::model_file;
use crate::results::{finish, temporary};
use crate::text::{escape_for_terminal, escape_path};

/// In this order: what comes later uses what came before.
const SCRIPT: &str = concat!(
    include_str!("assets/base.js"),
    include_str!("assets/map.js"),
    include_str!("assets/draw.js"),
    include_str!("assets/cases.js"),
    include_str!("assets/start.js")
);
const STYLE: &str = include_str!("assets/page.css");

/// A case's environment takes about 3 kB, and there may be 100,000 of them.
const ENVIRONMENT_BYTES: u64 = 1 << 30;

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
    read: impl Fn(&Entry<'_>) -> Result<Option<Receipt>, PageError>,
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
    head(&mut page, view);
    verdict::section(&mut page, view);
    comparisons::section(&mut page, view);
    map(&mut page, view);
    worst_rows::section(&mut page, view, &tops);
    distributions::section(&mut page, view);
    greedy::section(&mut page, view);
    page.raw(
        "<section aria-labelledby=\"cases\"><h2 id=\"cases\">Cases</h2><div id=\"case-list\">\
         <p class=\"fine\">The details of each case need this page's own script.</p></div></section>",
    );
    identities::section(&mut page, view);
    foot(&mut page, &data(view));
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

/// The texts of all tokens that the page shows, model by model.
fn vocabularies(
    run: &RunFolder,
    entries: &[Entry<'_>],
    gathered: &mut Gathered,
    tops: &Tops,
) -> BTreeMap<String, Vocabulary> {
    for (row, top) in gathered.worst.iter().zip(tops) {
        let shown = top.iter().flatten().flatten().map(|it| it.id);
        let model = model_of(&run.plan, &entries[row.entry]);
        gathered.tokens.entry(model).or_default().extend(shown);
    }
    let models = run.plan.models.iter().filter_map(|model| {
        let wanted = gathered.tokens.get(&model.label)?;
        let path = model_path(run, entries, &model.label)?;
        let vocabulary = Vocabulary::read(&path, &model.file.identity, wanted);
        Some((model.label.clone(), vocabulary))
    });
    models.collect()
}

/// Where the first case of this model says that it found it: a thousand cases of a run were on one
/// machine, or on alike ones.
fn model_path(run: &RunFolder, entries: &[Entry<'_>], label: &str) -> Option<PathBuf> {
    let merged = read_kind::<RunEnvironment>(&run.root().join(ENVIRONMENT));
    let of_model = entries
        .iter()
        .filter(|it| it.summary.is_some() && model_of(&run.plan, it) == label);
    let mut paths = of_model.filter_map(|it| {
        let of_run = merged.as_ref().and_then(|merged| merged.cases.get(it.id()));
        let beside = || read_kind::<Environment>(&run.case(it.id()).join(ENVIRONMENT));
        let environment = of_run.cloned().or_else(beside)?;
        Some(PathBuf::from(environment.model_path))
    });
    paths.next()
}

/// An object in a file that may not be there, or may be something else.
fn read_kind<T: Kind + DeserializeOwned + Serialize>(path: &Path) -> Option<T> {
    let text = model_file::read_text(path, ENVIRONMENT_BYTES).ok()?;
    line::read(&text).ok()
}

fn head(page: &mut Markup, view: View<'_>) {
    let word = verdict_word(view.summary.verdict);
    page.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action 'none'; script-src 'sha256-");
    page.text(hash(SCRIPT))
        .raw("'; style-src 'sha256-")
        .text(hash(STYLE));
    page.raw("'\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\"><title>");
    page.text(word).raw(": ").text(&view.summary.name);
    page.raw("</title><style>").raw(STYLE).raw("</style></head>\n<body><a class=\"skip\" href=\"#main\">To the verdict</a><header><p class=\"name\">Lockstep run <strong>");
    page.foreign(&view.summary.name).raw("</strong></p><nav aria-label=\"Parts of the report\"><a href=\"#map\">Map</a> <a href=\"#worst\">Worst positions</a> <a href=\"#distributions\">Distributions</a> <a href=\"#cases\">Cases</a> <a href=\"#identities\">What ran</a></nav><button type=\"button\" id=\"theme\" hidden>Dark</button></header><main id=\"main\" tabindex=\"-1\">");
}

/// Where the script draws the map.
fn map(page: &mut Markup, view: View<'_>) {
    page.raw("<section aria-labelledby=\"map\"><h2 id=\"map\">Cases by position</h2><div id=\"map-place\" data-cases=\"");
    page.text(view.gathered.cases.len());
    page.raw("\"><p class=\"fine\">The map needs this page's own script; what broke is said above and below without it.</p></div></section>");
}

fn foot(page: &mut Markup, data: &PageData<'_>) {
    page.raw("</main><script type=\"application/json\" id=\"data\">");
    page.data(data);
    page.raw("</script><script>")
        .raw(SCRIPT)
        .raw("</script></body></html>\n");
}

/// As a policy names a script or a style.
fn hash(text: &str) -> String {
    base64(&Sha256::digest(text.as_bytes()))
}
