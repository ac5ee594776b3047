//! The record of a comparison, as far as it does not depend on how it ended: who ran on what and what
//! was found; and, apart from it, when, where and from which paths.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use schemas::describe::DescribeResponse;
use schemas::environment::{EngineEnvironment, Environment};
use schemas::evaluate::Evaluated;
use schemas::receipt::{
    EngineRecord, Engines, FileIdentity, PromptRecord, Receipt, SettingsRecord, Sizes, TokensFrom,
    Verdict,
};
use schemas::tag::Tag;
use schemas::tokenize::Text;

use crate::case::{Case, Known, Plan};
use crate::conclusion;
use crate::engine::{Client, EngineSpec, Supervision, program};
use crate::exit::Exit;
use crate::judge;
use crate::model_file;
use crate::request::Request;
use crate::run::Run;
use crate::seal::{of_tokens, sha256};

/// The files of a comparison by their contents.
#[derive(Clone, Debug)]
pub struct Identities {
    model: FileIdentity,
    reference_model: Option<FileIdentity>,
    tokenizer: Option<FileIdentity>,
    /// By [`program::digest`].
    candidate_program: Option<String>,
    reference_program: Option<String>,
}

impl Identities {
    /// The candidate's model.
    pub fn model(&self) -> &FileIdentity {
        &self.model
    }

    /// The reference's, where it is another file.
    pub fn reference_model(&self) -> Option<&FileIdentity> {
        self.reference_model.as_ref()
    }

    /// Of files that were hashed before. A program that cannot be read is none.
    pub fn known(
        model: FileIdentity,
        reference_model: Option<FileIdentity>,
        tokenizer: Option<FileIdentity>,
        programs: [&EngineSpec; 2],
        supervision: &Supervision,
    ) -> Self {
        let stop = supervision.interrupt.flag();
        let [candidate_program, reference_program] = programs.map(|it| program::digest(it, stop));
        Self {
            model,
            reference_model,
            tokenizer,
            candidate_program,
            reference_program,
        }
    }

    /// The digests of the candidate's program and of the reference's.
    pub fn program_digests(&self) -> [Option<&str>; 2] {
        [&self.candidate_program, &self.reference_program].map(Option::as_deref)
    }

    /// Hashes all files and the `programs` of candidate and reference, unless the user stops it
    /// meanwhile. A program that cannot be read is none.
    pub fn of(request: &Request, programs: [&EngineSpec; 2]) -> io::Result<Self> {
        let stop = request.supervision.interrupt.flag();
        let one = |path: &Path| model_file::identity_unless(path, stop);
        let identity = |path: &Option<PathBuf>| path.as_deref().map(one).transpose();
        let [candidate_program, reference_program] = programs.map(|it| program::digest(it, stop));
        Ok(Self {
            candidate_program,
            reference_program,
            model: one(&request.model)?,
            reference_model: identity(&request.reference_model)?,
            tokenizer: identity(&request.tokenizer)?,
        })
    }
}

/// The receipt, with nothing of a mismatch, no reason and no environment yet.
pub(crate) fn receipt(
    run: &Run<'_>,
    known: &Known,
    case: &Case,
    identities: &Identities,
    verdict: Verdict,
    exit: Exit,
) -> Receipt {
    let rows = case.rows.as_ref();
    let tokens = case.tokens.as_ref();
    let triangulation = case.triangulation.as_ref();
    let mut receipt = Receipt {
        schema: Tag::new(),
        case: case.plan.keys.clone(),
        verdict,
        exit: exit.record(),
        status: judge::status(verdict),
        reason: String::new(),
        warnings: Vec::new(),
        profile: run.request.profile,
        model: identities.model.clone(),
        reference_model: identities.reference_model.clone(),
        twin: known.twin.clone(),
        tokenizer: identities.tokenizer.clone(),
        prompt_set: case.plan.asked.set.clone(),
        allow_small: run.request.allow_small,
        prompt: prompt_record(&case.plan),
        engines: engine_records(run.request, known, settings(run, case)),
        prompt_tokens: tokens
            .filter(|tokens| tokens.prompt_tokens() != tokens.ids().len())
            .map(|tokens| tokens.prompt_tokens() as u64),
        tokens_from: tokens.map(|tokens| match tokens.adopted() {
            None => TokensFrom::Agreed,
            Some(_) => TokensFrom::Reference,
        }),
        tokens: tokens.map(|tokens| tokens.ids().to_vec()),
        tokens_sha256: tokens.map(|tokens| of_tokens(tokens.ids())),
        sizes: sizes(known, case),
        limits_file: run.limits.file().cloned(),
        limits: run.limits.applied().to_vec(),
        // Without rows there is nothing that it was needed for.
        floor: rows.and(case.floor.clone()),
        no_floor: rows.and(case.no_floor.clone()),
        excess: None,
        triangulation: triangulation.and_then(|found| found.as_ref().ok().cloned()),
        no_triangulation: triangulation.and_then(|found| found.as_ref().err().cloned()),
        first_divergence_token: None,
        per_token_cosine_sim: Vec::new(),
        per_token_l2_dist: Vec::new(),
        max_absolute_diff: None,
        positions: rows.map_or(Vec::new(), |rows| rows.positions.clone()),
        greedy_steps: case.greedy_steps,
        greedy: rows.map(|rows| rows.greedy.clone()),
        threshold: None,
        error: None,
        rust_tokens: None,
        cpp_tokens: None,
        first_diff_idx: None,
        suggestions: None,
        digest: String::new(),
        environment: None,
    };
    conclusion::repeat_figures(&mut receipt);
    receipt
}

/// How much was evaluated, as the candidate describes its model and the reference ran.
fn sizes(known: &Known, case: &Case) -> Option<Sizes> {
    let model = known.candidate.as_ref()?.model.as_ref()?;
    let answer = &case.answers.as_ref()?.reference;
    Some(Sizes {
        tokens: case.tokens.as_ref()?.ids().len() as u64,
        vocabulary: u64::from(model.vocabulary_size),
        context: answer.settings.context,
        model_context: model.context,
    })
}

fn prompt_record(plan: &Plan) -> PromptRecord {
    let (asked, formatted) = (&plan.asked.prompt, &plan.prompt);
    PromptRecord {
        text: Text::from_bytes(asked.user.clone()),
        system: asked.system.clone(),
        template_asked: asked.template.to_string(),
        template: formatted.template.to_owned(),
        chat_template: formatted.chat.clone(),
        in_reference_model: formatted.in_reference_model,
        formatted: Text::from_bytes(formatted.text.clone()),
        formatted_sha256: sha256(&formatted.text),
        bos: formatted.bos,
        parse_special: formatted.parse_special,
    }
}

/// By which settings candidate and reference evaluated, where they did.
fn settings(run: &Run<'_>, case: &Case) -> [Option<SettingsRecord>; 2] {
    let Request {
        choices, profile, ..
    } = run.request;
    let asked = [
        (choices.of_candidate(*profile), &run.candidate),
        (choices.of_reference(*profile), &run.reference),
    ];
    let [candidate, reference] = asked.map(|(asked, client)| asked.or(&client.spec().defaults));
    let answers = case.answers.as_ref();
    [
        answers.map(|it| candidate.record(it.candidate.settings.clone())),
        answers.map(|it| reference.record(it.reference.settings.clone())),
    ]
}

/// Who ran, and by which settings, where anything was evaluated.
pub(crate) fn engine_records(
    request: &Request,
    known: &Known,
    [of_candidate, of_reference]: [Option<SettingsRecord>; 2],
) -> Engines {
    Engines {
        candidate: engine_record(&request.candidate, known.candidate.as_ref(), of_candidate),
        reference: engine_record(&request.reference, known.reference.as_ref(), of_reference),
    }
}

/// An engine as far as it is known, and the settings it evaluated with.
pub(crate) fn engine_record(
    name: &str,
    description: Option<&DescribeResponse>,
    settings: Option<SettingsRecord>,
) -> EngineRecord {
    EngineRecord {
        name: name.to_owned(),
        version: description.map(|description| description.version.clone()),
        build: description.map(|description| description.build.clone()),
        kernels: description.map(|description| description.kernels.clone()),
        settings,
    }
}

/// When, where, by which programs.
pub(crate) fn environment(
    run: &Run<'_>,
    identities: &Identities,
    case: &Case,
    started: Instant,
) -> Environment {
    let wall = started.elapsed();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let answers = case.answers.as_ref();
    Environment {
        schema: Tag::new(),
        lockstep_version: env!("CARGO_PKG_VERSION").to_owned(),
        host: rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned(),
        started_unix_s: now.saturating_sub(wall).as_secs(),
        wall_ns: wall.as_nanos() as u64,
        model_path: run.request.model.display().to_string(),
        reference_model_path: shown(run.request.reference_model.as_ref()),
        tokenizer_path: shown(run.request.tokenizer.as_ref()),
        candidate: engine_environment(
            &run.candidate,
            identities.candidate_program.clone(),
            answers.map(|answers| &answers.candidate),
        ),
        reference: EngineEnvironment {
            kept_answer: case.reference_was_kept,
            ..engine_environment(
                &run.reference,
                identities.reference_program.clone(),
                answers.map(|answers| &answers.reference),
            )
        },
    }
}

fn shown(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

fn engine_environment(
    client: &Client<'_>,
    program: Option<String>,
    answer: Option<&Evaluated>,
) -> EngineEnvironment {
    EngineEnvironment {
        command: client.spec().shown_command(),
        binary_sha256: program,
        variables: client.recorded_environment(),
        kept_answer: false,
        threads: answer.map(|answer| answer.settings.threads),
        prefill_ns: answer.map(|answer| answer.prefill_ns),
        decode_ns: answer.map(|answer| answer.decode_ns),
    }
}
