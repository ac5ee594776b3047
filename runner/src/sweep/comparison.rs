//! The cases of one comparison: who shares a model and both engines goes through the stages together.
//! All are tokenized and gated before the first is evaluated.

use std::collections::VecDeque;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use schemas::plan::{PlannedCase, PlannedComparison, PlannedEngine, PlannedModel};
use schemas::receipt::{CaseKeys, Profile};

use super::asked::{self, ModelFiles};
use super::execute::{Workshop, check_file, found};
use super::failure::SweepError;
use super::folder::{RECEIPT, read_receipt};
use super::keys::{Builds, keys, pairing_key};
use super::pipeline;
use super::progress::Event;
use super::standing::{self, is_terminal};
use crate::case::{Case, Known};
use crate::engine::{Client, EvaluatedItem};
use crate::exit::Exit;
use crate::outcome::{Ending, Outcome};
use crate::record::Identities;
use crate::reference_cache::Asker;
use crate::results;
use crate::run::{Run, Seats};

/// Cases whose floors are in memory together: some 30 kB each.
const FLOORS_TOGETHER: usize = 512;
/// After so many cases in a row whose engines hung or were killed, no other is tried.
const MOST_PASSING_FAILURES: usize = 5;

/// One comparison at work.
pub(super) struct Work<'s, 'r> {
    pub(super) shop: &'s Workshop<'s>,
    pub(super) run: &'r Run<'r>,
    pub(super) known: Known,
    identities: Identities,
    reference: &'r PlannedEngine,
    /// Who is asked, where answers of the reference are kept.
    pub(super) asker: Option<Asker>,
    /// How many cases have a result.
    terminal: AtomicUsize,
    /// How many in a row, up to the last, came to nothing that lasts.
    passing_failures: AtomicUsize,
}

/// Runs the cases that have no result; how many have one afterwards.
pub(super) fn run(
    shop: &Workshop<'_>,
    comparison: &PlannedComparison,
    cases: &[&PlannedCase],
) -> Result<usize, SweepError> {
    let stage = |doing: &str| {
        (shop.watcher)(Event::Stage {
            comparison: &comparison.name,
            doing,
        });
    };
    let model = model(shop, comparison)?;
    stage("looking at the model");
    let files = files(shop, model)?;
    let settings = &shop.plan.settings;
    let request = asked::request(settings, comparison, files, &shop.orders.means);
    // A mismatch is told by its receipt; ten thousand of them are not told twice.
    let announce = |_: &str| {};
    let run = Run::new(&request, shop.catalogue, &announce)?;
    let (candidate, reference) = (introduce(&run.candidate)?, introduce(&run.reference)?);
    warn_of_other_builds(shop, [&candidate, &reference]);
    let builds = Builds {
        candidate: &candidate,
        reference: &reference,
    };
    let mut planned = Vec::with_capacity(cases.len());
    for case in cases {
        let mut plan = run.plan(shop.prompts.asked(case)?)?;
        let pairing = pairing_key(comparison, settings, &plan.prompt, &case.template);
        if pairing != case.keys.pairing_key {
            return Err(SweepError::Plan(format!(
                "case {} is not what its prompt and its settings come to",
                case.keys.id
            )));
        }
        plan.keys = Some(keys(pairing, comparison, model, builds));
        planned.push(Case::new(plan, settings.greedy_steps));
    }
    let programs = [&run.candidate, &run.reference].map(Client::spec);
    let work = Work {
        shop,
        identities: Identities::known(
            model.file.identity.clone(),
            model.reference.as_ref().map(|file| file.identity.clone()),
            model.tokenizer.as_ref().map(|file| file.identity.clone()),
            programs,
            &shop.orders.means.supervision,
        ),
        run: &run,
        known: Known::default(),
        reference: &reference,
        asker: None,
        terminal: AtomicUsize::new(0),
        passing_failures: AtomicUsize::new(0),
    };
    Ok(work.go_through(planned, &stage))
}

fn model<'a>(
    shop: &Workshop<'a>,
    comparison: &PlannedComparison,
) -> Result<&'a PlannedModel, SweepError> {
    let mut models = shop.plan.models.iter();
    models
        .find(|model| model.label == comparison.model)
        .ok_or_else(|| SweepError::Plan(format!("there is no model {:?}", comparison.model)))
}

/// The files of a model, each of which is the one that was planned.
fn files(shop: &Workshop<'_>, model: &PlannedModel) -> Result<ModelFiles, SweepError> {
    let orders = shop.orders;
    let elsewhere = orders.models.get(&model.label).cloned();
    let were = orders.were.get(&model.label);
    let files = ModelFiles {
        model: elsewhere.unwrap_or_else(|| found(orders, &model.file, were.map(|it| &it.model))),
        reference: model
            .reference
            .as_ref()
            .map(|file| found(orders, file, were.and_then(|it| it.reference.as_ref()))),
        tokenizer: model
            .tokenizer
            .as_ref()
            .map(|file| found(orders, file, were.and_then(|it| it.tokenizer.as_ref()))),
    };
    check_file(orders, &model.file.identity, &files.model)?;
    for (planned, path) in [
        (&model.reference, &files.reference),
        (&model.tokenizer, &files.tokenizer),
    ] {
        if let (Some(planned), Some(path)) = (planned, path) {
            check_file(orders, &planned.identity, path)?;
        }
    }
    Ok(files)
}

fn introduce(client: &Client<'_>) -> Result<PlannedEngine, SweepError> {
    let description = client.describe(None)?;
    Ok(PlannedEngine {
        name: client.spec().name.clone(),
        version: description.version,
        build: description.build,
    })
}

/// The results say who they are of, and merging notices; but better now than then.
fn warn_of_other_builds(shop: &Workshop<'_>, engines: [&PlannedEngine; 2]) {
    for engine in engines {
        let planned = shop.plan.engines.iter().find(|it| it.name == engine.name);
        if planned != Some(engine) {
            (shop.watcher)(Event::Trouble(&format!(
                "{} is another build than the one that was planned: its results will be told from those \
                 of the plan (hint: lockstep plan makes one for this build)",
                engine.name
            )));
        }
    }
}

impl Work<'_, '_> {
    fn go_through(mut self, cases: Vec<Case>, stage: &dyn Fn(&str)) -> usize {
        let n_cases = cases.len();
        let mut open: Vec<_> = cases
            .into_iter()
            .filter(|case| {
                // Who is to stop reads no ten thousand receipts.
                self.shop.is_interrupted() || !self.has_result(case)
            })
            .collect();
        *self.terminal.get_mut() += n_cases - open.len();
        // What came to nothing another time is not to keep the others from their turn.
        open.sort_by_key(|case| self.was_tried(case));
        (self.shop.watcher)(Event::Begins {
            cases: open.len(),
            of: n_cases,
        });
        if !open.is_empty()
            && let Err(ending) = self.stages(&mut open, stage)
            && !ending.is_interrupted()
        {
            for case in &mut open {
                case.end(ending.clone());
            }
            pipeline::leave_all(&self, open);
        }
        self.terminal.into_inner()
    }

    /// What is left in `open` after a failure has not come to anything yet.
    fn stages(&mut self, open: &mut Vec<Case>, stage: &dyn Fn(&str)) -> Result<(), Ending> {
        let run = self.run;
        stage("asking both engines about the model");
        let abilities = run.introduce(&mut self.known)?;
        stage("tokenizing");
        run.tokenize(&abilities, open)?;
        let seats = run.seat(&abilities, &mut self.known, open)?;
        let ended = open.extract_if(.., |case| case.ended.is_some());
        pipeline::leave_all(self, ended.collect());
        let Some(seats) = seats else {
            return Ok(());
        };
        self.asker = self.asker(&seats);
        while !open.is_empty() && !self.gives_up() {
            let mut chunk: Vec<_> = open.drain(..open.len().min(FLOORS_TOGETHER)).collect();
            if run.request.profile == Profile::Production {
                stage("reading floors");
            }
            let measuring = |done, of| {
                stage(&format!("measuring floors, {done} of {of} are there"));
            };
            let measured = run.measure_floors(&self.known, &seats, &mut chunk, &measuring);
            if let Err(ending) = measured {
                open.extend(chunk);
                return Err(ending);
            }
            stage("evaluating");
            self.evaluate(&seats, chunk);
        }
        Ok(())
    }

    /// Who is asked, where its answers are kept.
    fn asker(&self, seats: &Seats<'_>) -> Option<Asker> {
        self.shop.cache.as_ref()?;
        let [_, program] = self.identities.program_digests();
        let evaluated = self.known.twin.as_ref();
        let evaluated = evaluated.or(self.identities.reference_model());
        let model = evaluated.unwrap_or(self.identities.model());
        Asker::in_seat(&seats.reference, self.reference, program, &model.sha256)
    }

    /// What the reference has answered another time.
    pub(super) fn kept(&self, key: &str, seats: &Seats<'_>) -> Option<EvaluatedItem> {
        let cache = self.shop.cache.as_ref()?;
        cache.find(key, seats.reference.client)
    }

    /// Keeps what the reference has answered. Where that cannot be, it is only asked again.
    pub(super) fn keep(&self, key: &str, item: &EvaluatedItem) {
        let kept = self.shop.cache.as_ref().map(|cache| cache.keep(key, item));
        if let Some(Err(error)) = kept {
            let problem = format!("an answer of the reference cannot be kept: {error}");
            (self.shop.watcher)(Event::Trouble(&problem));
        }
    }

    fn evaluate(&self, seats: &Seats<'_>, cases: Vec<Case>) {
        let queue = Mutex::new(VecDeque::from(cases));
        thread::scope(|scope| {
            for _ in 1..self.shop.orders.jobs {
                scope.spawn(|| pipeline::work(self, seats, &queue));
            }
            pipeline::work(self, seats, &queue);
        });
    }

    /// Whether there is a result that is still the result, and not one to be done again.
    pub(super) fn has_result(&self, case: &Case) -> bool {
        let keys = case.plan.keys.as_ref();
        keys.is_some_and(|keys| !self.shop.again.has(&keys.id) && self.is_current(keys))
    }

    /// Whether there is a result of the same identity, by the same programs.
    fn is_current(&self, keys: &CaseKeys) -> bool {
        let folder = self.shop.case_folder(&keys.id);
        let Ok(Some(receipt)) = read_receipt(&folder.join(RECEIPT)) else {
            return false;
        };
        if receipt.case.as_ref() != Some(keys) || !is_terminal(&receipt) {
            return false;
        }
        let Ok(Some(environment)) = self.shop.environments.of(&keys.id) else {
            return false;
        };
        let programs = [&environment.candidate, &environment.reference];
        programs.map(|it| it.binary_sha256.as_deref()) == self.identities.program_digests()
    }

    /// Whether there is a receipt that is no result.
    fn was_tried(&self, case: &Case) -> bool {
        let keys = case.plan.keys.as_ref();
        let folder = keys.map(|keys| self.shop.case_folder(&keys.id));
        folder.is_some_and(|folder| folder.join(RECEIPT).exists())
    }

    /// Stores what a case has come to, whose claim the caller has.
    pub(super) fn leave(&self, case: Case, started: Instant) {
        let shop = self.shop;
        let Some(keys) = case.plan.keys.clone() else {
            return;
        };
        if let Some(Ending::Unusable(unusable)) = &case.ended {
            return self.comes_to_nothing(&unusable.detail);
        }
        let prompt = case.plan.asked.name().to_owned();
        let mut outcome = Outcome::new(self.run, &self.known, case, &self.identities, started);
        if let Err(error) = self.store(&mut outcome, &keys) {
            return self
                .comes_to_nothing(&format!("case {}: it cannot be stored: {error}", keys.id));
        }
        if let Some(fault) = &outcome.fault {
            (shop.watcher)(Event::Trouble(fault));
        }
        (shop.watcher)(Event::Done {
            id: &keys.id,
            prompt: &prompt,
            verdict: outcome.receipt.verdict,
            reason: &outcome.receipt.reason,
        });
        if outcome.exit == Exit::Retryable {
            self.failed_in_passing();
        } else {
            self.passing_failures.store(0, Ordering::Relaxed);
            self.terminal.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Stores an outcome. One that another try may change never takes the place of what the same
    /// programs have come to; but what others came to says nothing of these.
    fn store(&self, outcome: &mut Outcome, keys: &CaseKeys) -> io::Result<()> {
        let folder = self.shop.case_folder(&keys.id);
        results::clear_unfinished(&folder)?;
        if outcome.exit == Exit::Retryable {
            if self.is_current(keys) {
                return Ok(());
            }
            return results::replace(outcome, &folder);
        }
        results::replace(outcome, &folder)?;
        standing::clear_objections(&folder)?;
        self.shop.again.strike(&keys.id)
    }

    /// A folder of this machine cannot be used, which says nothing of the case: it has no result.
    pub(super) fn comes_to_nothing(&self, problem: &str) {
        (self.shop.watcher)(Event::Trouble(problem));
        self.failed_in_passing();
    }

    fn failed_in_passing(&self) {
        let failures = self.passing_failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures == MOST_PASSING_FAILURES && !self.shop.is_interrupted() {
            (self.shop.watcher)(Event::Trouble(&format!(
                "{failures} cases in a row came to nothing that lasts: the rest is left for another time"
            )));
        }
    }

    /// An engine that hangs on everything would take the time limit of every case.
    pub(super) fn gives_up(&self) -> bool {
        self.shop.is_interrupted()
            || self.passing_failures.load(Ordering::Relaxed) >= MOST_PASSING_FAILURES
    }

    /// Somebody else has left a result of a case.
    pub(super) fn was_left_by_another(&self) {
        self.terminal.fetch_add(1, Ordering::Relaxed);
    }
}
