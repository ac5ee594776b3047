//! One comparison from beginning to end; the only place where the order of things is told.
//!
//! ```text
//! prompt, model files → formatted prompt → guards → describe (both) → tokenize (both) → gate
//!             → agreed tokens → evaluate (candidate, then reference) → compare → judge → receipt
//! ```
//! A stage's result is what the next one needs: evaluation asks for agreed tokens, which the gate
//! alone can make. Whatever ends the way early becomes a verdict, not a crash.
//!
//! The engines evaluate one after the other: both use all cores, and side by side each would
//! only be slower and neither time would mean anything.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use gguf::Header;
use schemas::receipt::{Profile, TokensFrom};

use crate::ask;
use crate::capability::{self, Ability};
use crate::compare::{self, Evaluations};
use crate::engine::{Catalogue, Client, EngineSettings, EngineSpec, catalogue::DEFAULT_CANDIDATE};
use crate::gate::{self, AgreedTokens, Evidence};
use crate::guards;
use crate::limits::Limits;
use crate::mismatch_report;
use crate::model_file;
use crate::outcome::{Case, Ending, Outcome};
use crate::prompt::{self, FormattedPrompt};
use crate::record::Identities;
use crate::request::Request;
use crate::run_error::RunError;
use crate::twin;

/// Contexts are asked for in steps of so many tokens, as llama.cpp rounds them.
const CONTEXT_STEP: u64 = 256;

/// Compares two engines on one prompt. A token mismatch is told to people by `announce`, before
/// anything else is done.
pub fn per_token(
    request: &Request,
    catalogue: &Catalogue,
    announce: &dyn Fn(&str),
) -> Result<Outcome, RunError> {
    let started = Instant::now();
    let client = |name| -> Result<Client<'_>, RunError> {
        let spec = catalogue.find(name)?;
        check_settings(spec)?;
        Ok(Client::new(spec, request.supervision.clone()))
    };
    let (candidate, reference) = (client(&request.candidate)?, client(&request.reference)?);
    let twin_maker = client(DEFAULT_CANDIDATE)?;
    if let Some(tokenizer) = &request.tokenizer {
        model_file::check_readable(tokenizer)?;
    }
    let headers = Headers::read(request)?;
    let prompt = prompt::format(
        &request.prompt,
        &headers.candidate,
        headers.reference.as_ref(),
        &request.supervision,
    )?;
    let run = Run {
        request,
        evidence: evidence(request, &prompt, &headers),
        prompt,
        candidate,
        reference,
        twin_maker,
        limits: Limits::new(request.limits_file.as_ref(), &request.overrides),
        announce,
    };
    // Large models take seconds to hash; the engines' work hides them.
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stop = &stop;
        let identities = scope.spawn(move || Identities::of(request, stop));
        let mut case = Case::default();
        let ending = match run.guard(&headers).and_then(|()| run.stages(&mut case)) {
            Ok(()) => Ending::Compared,
            Err(ending) => ending,
        };
        if ending.is_interrupted() {
            stop.store(true, Ordering::Relaxed);
        }
        let identities = identities.join().expect("hashing does not panic");
        let identities = identities.map_err(RunError::Hash)?;
        Ok(Outcome::new(&run, case, &ending, identities, started))
    })
}

/// What would silently not be heeded is refused.
fn check_settings(spec: &EngineSpec) -> Result<(), RunError> {
    let EngineSettings {
        arithmetic,
        context,
        kv,
        flash_attention,
        ..
    } = spec.defaults;
    let decided = [
        ("arithmetic", arithmetic.is_some()),
        ("context", context.is_some()),
        ("kv", kv.is_some()),
        ("flash_attention", flash_attention.is_some()),
    ];
    match decided.into_iter().find(|(_, is_set)| *is_set) {
        None => Ok(()),
        Some((setting, _)) => Err(RunError::Setting {
            engine: spec.name.clone(),
            setting,
        }),
    }
}

/// What the model files say of themselves.
struct Headers {
    candidate: Header,
    /// `None`: it has the candidate's file.
    reference: Option<Header>,
}

impl Headers {
    fn read(request: &Request) -> Result<Self, RunError> {
        let other = request.reference_model.as_ref();
        Ok(Self {
            candidate: model_file::read_header(&request.model)?,
            reference: other.map(|it| model_file::read_header(it)).transpose()?,
        })
    }

    fn reference(&self) -> &Header {
        self.reference.as_ref().unwrap_or(&self.candidate)
    }
}

/// What the gate may name as the cause of a mismatch.
fn evidence(request: &Request, prompt: &FormattedPrompt, headers: &Headers) -> Evidence {
    Evidence {
        candidate: model_file::vocabulary_facts(&headers.candidate),
        reference: model_file::vocabulary_facts(headers.reference()),
        own_tokenizer: request.tokenizer.is_some(),
        parse_special: prompt.parse_special,
        template: prompt.template,
    }
}

/// Who compares what.
pub struct Run<'a> {
    /// What was asked for.
    pub request: &'a Request,
    /// What is tokenized.
    pub prompt: FormattedPrompt,
    /// What the gate may name as the cause of a mismatch.
    pub evidence: Evidence,
    /// Who is judged.
    pub candidate: Client<'a>,
    /// What it is judged against.
    pub reference: Client<'a>,
    /// Who writes F32 twins, whoever the candidate is.
    pub twin_maker: Client<'a>,
    /// What the judge goes by.
    pub limits: Limits,
    announce: &'a dyn Fn(&str),
}

impl Run<'_> {
    /// No engine is started if it is known of one that it cannot do this.
    fn guard(&self, headers: &Headers) -> Result<(), Ending> {
        let sides = [
            (&self.candidate, &headers.candidate),
            (&self.reference, headers.reference()),
        ];
        for (client, header) in sides {
            let spec = client.spec();
            let own = spec.defaults.micro_batch;
            let micro_batch = self.request.choices.micro_batch.or(own);
            if let Some(objection) = guards::objection(&spec.name, header, micro_batch) {
                return Err(Ending::Refused(objection.to_string()));
            }
        }
        Ok(())
    }

    /// The stages in their order; each leaves what it found in `case`.
    fn stages(&self, case: &mut Case) -> Result<(), Ending> {
        let (candidate, reference) = self.describe(case)?;
        let tokens = self.tokenize(case, candidate.vocabulary_size)?;
        let tokens = match self.request.max_positions {
            Some(n) => tokens.cut(n),
            None => tokens,
        };
        case.tokens = Some(tokens.clone());
        if tokens.ids().is_empty() {
            return Err(Ending::Nothing("the prompt has no tokens".to_owned()));
        }
        let context = self.context([&candidate, &reference], &tokens)?;
        let reference_model = self.evaluated_by_reference(case)?;
        let evaluations = Evaluations {
            candidate: ask::rows(
                &self.candidate,
                &self.request.model,
                &EngineSettings {
                    arithmetic: Some(candidate.arithmetic),
                    context: Some(context),
                    ..self.request.choices.of_candidate(self.request.profile)
                },
                candidate.vocabulary_size,
                &tokens,
                self.request.greedy_steps,
            )?,
            reference: ask::rows(
                &self.reference,
                &reference_model,
                &EngineSettings {
                    arithmetic: Some(reference.arithmetic),
                    context: Some(context),
                    ..self.request.choices.of_reference(self.request.profile)
                },
                reference.vocabulary_size,
                &tokens,
                self.request.greedy_steps,
            )?,
        };
        let rows = compare::compare(&tokens, &evaluations, self.request.profile, &self.limits);
        case.evaluations = Some(evaluations);
        case.rows = Some(rows?);
        Ok(())
    }

    /// Asks both engines who they are and whether they can do this.
    fn describe(&self, case: &mut Case) -> Result<(Ability, Ability), Ending> {
        let profile = self.request.profile;
        let candidate = self.candidate.describe(Some(&self.request.model))?;
        let candidate = case.candidate.insert(candidate);
        capability::check_is_itself(self.candidate.spec(), candidate)?;
        let candidate = capability::of_candidate(&self.request.candidate, profile, candidate)?;
        let reference = self.reference.describe(Some(self.named_for_reference()))?;
        let reference = case.reference.insert(reference);
        capability::check_is_itself(self.reference.spec(), reference)?;
        let reference = capability::of_reference(&self.request.reference, profile, reference)?;
        Ok((candidate, reference))
    }

    /// What both are to evaluate: what they agree on, or on the user's word the reference's.
    fn tokenize(&self, case: &mut Case, vocabulary: u32) -> Result<AgreedTokens, Ending> {
        let Request {
            model, tokenizer, ..
        } = self.request;
        let prompt = &self.prompt;
        let candidate = ask::tokens(&self.candidate, model, tokenizer.as_deref(), prompt)?;
        let reference = ask::tokens(&self.reference, self.named_for_reference(), None, prompt)?;
        let mismatch = match gate::check(candidate, reference) {
            Ok(agreed) => return Ok(agreed),
            Err(mismatch) => case.mismatch.insert(*mismatch),
        };
        let tokens = match self.request.tokens_from {
            TokensFrom::Agreed => Err(Ending::Mismatch(None)),
            TokensFrom::Reference => gate::adopt_reference(mismatch, vocabulary)
                .map_err(|problem| Ending::Mismatch(Some(problem))),
        };
        let (request, evidence) = (self.request, &self.evidence);
        let text = mismatch_report::text(request, evidence, mismatch, tokens.is_ok());
        (self.announce)(&text);
        tokens
    }

    /// The context to ask for, which both models must be made for.
    fn context(&self, sides: [&Ability; 2], tokens: &AgreedTokens) -> Result<u32, Ending> {
        let steps = u64::from(self.request.greedy_steps.saturating_sub(1));
        let needed = tokens.ids().len() as u64 + steps;
        let told = sides.iter().filter_map(|side| side.context).min();
        let own = u64::from(told.unwrap_or(u32::MAX));
        if needed > own {
            return Err(Ending::Refused(format!(
                "{} tokens and {} greedy steps need a context of {needed}, the model was made for {own} \
                 (hint: --max-positions compares the first tokens alone)",
                tokens.ids().len(),
                self.request.greedy_steps
            )));
        }
        Ok(needed.next_multiple_of(CONTEXT_STEP).min(own) as u32)
    }

    /// The file that the user named for the reference.
    fn named_for_reference(&self) -> &Path {
        let other = self.request.reference_model.as_ref();
        other.unwrap_or(&self.request.model)
    }

    /// The file that the reference evaluates: in `f32` the decoded twin of the one named for it.
    fn evaluated_by_reference(&self, case: &mut Case) -> Result<PathBuf, Ending> {
        let named = self.named_for_reference();
        if self.request.profile != Profile::F32 {
            return Ok(named.to_owned());
        }
        let twin = twin::of(&self.twin_maker, named, &self.request.cache)?;
        case.twin = Some(twin.identity);
        Ok(twin.path)
    }
}
