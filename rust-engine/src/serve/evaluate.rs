//! `rust-engine evaluate`: tokens in, files of logits out.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use schemas::describe::{Arithmetic, KvType, Settings};
use schemas::evaluate::{
    EvaluateRequest, EvaluateResponse, Evaluated, greedy_file_name, logits_file_name,
};
use schemas::line::{self, Answer, Failure};
use schemas::tag::Tag;

use super::npy::NpyFile;
use super::{ServeError, describe, each_line, io_error};
use crate::forward::{Evaluator, Kernels, Options, awake};
use crate::model::{Model, ModelError, ModelFile};

/// The flags of the sub-command.
pub struct Flags {
    /// The model.
    pub model: PathBuf,
    /// Where files are written.
    pub out: PathBuf,
    /// Which numbers to compute.
    pub arithmetic: Arithmetic,
    /// The kernels, if not the best that there are.
    pub kernel: Option<String>,
    /// Worker threads.
    pub threads: Option<u32>,
    /// Tokens that an item may have at most; the model's own context unless it is given.
    pub context: Option<u32>,
    /// Tokens evaluated together.
    pub micro_batch: u32,
    /// Element type of the KV cache; follows the arithmetic unless it is given.
    pub kv: Option<KvType>,
}

/// Answers requests until the input ends.
pub fn run(
    flags: &Flags,
    input: &mut (dyn BufRead + Send),
    output: &mut (dyn Write + Send),
) -> Result<(), ServeError> {
    let failed = |error| ServeError::Model {
        path: flags.model.display().to_string(),
        error,
    };
    if !flags.out.is_dir() {
        let out = flags.out.display();
        return Err(ServeError::Usage(format!("--out {out}: is no folder")));
    }
    let model = ModelFile::open(&flags.model)
        .and_then(Model::new)
        .map_err(failed)?;
    let kernels =
        Kernels::choose(flags.arithmetic, flags.kernel.as_deref()).map_err(ServeError::Usage)?;
    let settings = settings(flags, &model, &kernels)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.threads as usize)
        .build()
        .map_err(|error| ServeError::Io {
            what: "starting threads".to_owned(),
            error: io::Error::other(error),
        })?;
    pool.install(|| {
        let options = Options {
            arithmetic: settings.arithmetic,
            kv: settings.kv,
            context: settings.context as usize,
        };
        let mut server = Server {
            evaluator: Evaluator::new(&model, kernels, options),
            vocabulary_size: model.hyperparameters.vocabulary_size,
            out: &flags.out,
            settings,
        };
        each_line(input, |line, text| {
            let request: EvaluateRequest =
                line::read(text).map_err(|error| ServeError::Request { line, error })?;
            let answer = server.answer(&request)?;
            output
                .write_all(line::write(&answer).as_bytes())
                .and_then(|()| output.flush())
                .map_err(io_error("writing an answer"))
        })
    })
}

fn settings(flags: &Flags, model: &Model, kernels: &Kernels) -> Result<Settings, ServeError> {
    let mut settings = describe::default_settings(kernels);
    settings.arithmetic = flags.arithmetic;
    settings.micro_batch = flags.micro_batch;
    settings.threads = flags.threads.unwrap_or(settings.threads);
    let own = model.hyperparameters.context as u32;
    settings.context = flags.context.unwrap_or(own);
    if settings.context > own {
        return Err(ServeError::Model {
            path: flags.model.display().to_string(),
            error: ModelError::unsupported(format!(
                "a context of {} was asked for, the model was made for {own}",
                settings.context
            )),
        });
    }
    settings.kv = match (flags.arithmetic, flags.kv) {
        (Arithmetic::F32, Some(KvType::F16)) => {
            return Err(ServeError::Usage(
                "arithmetic f32 has an f32 KV cache: leave --kv out or say f32".to_owned(),
            ));
        }
        (Arithmetic::F32, _) => KvType::F32,
        (_, kv) => kv.unwrap_or(KvType::F16),
    };
    #[cfg(feature = "faults")]
    crate::faults::check_settings(&settings)?;
    Ok(settings)
}

struct Server<'a> {
    evaluator: Evaluator<'a>,
    vocabulary_size: usize,
    out: &'a PathBuf,
    settings: Settings,
}

/// Times of the two halves of an evaluation, without writing files.
#[derive(Default)]
struct Times {
    prefill: Duration,
    decode: Duration,
}

impl Server<'_> {
    fn answer(&mut self, request: &EvaluateRequest) -> Result<EvaluateResponse, ServeError> {
        let id = request.id.clone();
        let ready = self.check(request).and_then(|positions| {
            let places = request.tokens.len() + request.greedy_steps as usize;
            self.evaluator.reset(places)?;
            Ok(positions)
        });
        let positions = match ready {
            Ok(positions) => positions,
            Err(error) => {
                return Ok(Answer::Failure(Failure {
                    schema: Tag::new(),
                    id,
                    error,
                }));
            }
        };
        let evaluated = awake(|| self.evaluate(request, &positions));
        let (greedy_ids, times) = evaluated.map_err(io_error(format!("writing logits of {id}")))?;
        Ok(Answer::Success(Evaluated {
            schema: Tag::new(),
            logits: logits_file_name(&id),
            shape: [positions.len() as u64, self.vocabulary_size as u64],
            greedy_ids,
            greedy_logits: greedy_file_name(&id),
            prefill_ns: times.prefill.as_nanos() as u64,
            decode_ns: times.decode.as_nanos() as u64,
            settings: self.settings.clone(),
            id,
        }))
    }

    /// The positions that are wanted, or why the request cannot be met.
    fn check(&self, request: &EvaluateRequest) -> Result<Vec<usize>, String> {
        let n_tokens = request.tokens.len();
        if n_tokens == 0 {
            return Err("tokens: none".to_owned());
        }
        let vocabulary_size = self.vocabulary_size;
        if let Some(id) = request
            .tokens
            .iter()
            .find(|&&id| id as usize >= vocabulary_size)
        {
            return Err(format!(
                "tokens: {id} is outside the vocabulary of {vocabulary_size}"
            ));
        }
        // The token of the last step is chosen, but not evaluated.
        let needed = n_tokens as u64 + u64::from(request.greedy_steps.saturating_sub(1));
        let context = self.settings.context;
        if needed > u64::from(context) {
            return Err(format!(
                "{n_tokens} tokens and {} steps need {needed} places, the context has {context}",
                request.greedy_steps
            ));
        }
        request.positions.resolve(n_tokens)
    }

    fn evaluate(
        &mut self,
        request: &EvaluateRequest,
        positions: &[usize],
    ) -> io::Result<(Vec<u32>, Times)> {
        let columns = self.vocabulary_size;
        let name = logits_file_name(&request.id);
        let mut logits = NpyFile::create(self.out, &name, positions.len(), columns)?;
        let steps = request.greedy_steps as usize;
        let mut times = Times::default();
        let begin = Instant::now();
        let mut row = self.prefill(request, positions, &mut logits);
        times.prefill = begin.elapsed();
        logits.finish()?;

        let name = greedy_file_name(&request.id);
        let greedy = NpyFile::create(self.out, &name, steps, columns)?;
        let mut ids = Vec::new();
        for step in 0..steps {
            greedy.write_row(step, &row)?;
            let id = lowest_largest(&row);
            ids.push(id);
            if step + 1 < steps {
                let begin = Instant::now();
                self.evaluator.append(&[id]);
                self.evaluator.logits(&[0], &mut row);
                times.decode += begin.elapsed();
            }
        }
        greedy.finish()?;
        Ok((ids, times))
    }

    /// Evaluates the sequence, writes the rows that are wanted, and gives the last position's, with which
    /// the greedy steps begin whether or not it was asked for.
    fn prefill(
        &mut self,
        request: &EvaluateRequest,
        positions: &[usize],
        logits: &mut NpyFile,
    ) -> Vec<f32> {
        let (tokens, steps) = (&request.tokens, request.greedy_steps as usize);
        let mut last_row = vec![0.0; if steps > 0 { self.vocabulary_size } else { 0 }];
        let mut written = 0;
        let mut first = 0;
        for batch in tokens.chunks(self.settings.micro_batch as usize) {
            let end = first + batch.len();
            let rest = &positions[written..];
            let here = &rest[..rest.partition_point(|&position| position < end)];
            let wanted: Vec<usize> = here.iter().map(|position| position - first).collect();
            self.evaluator.append(batch);
            self.evaluator
                .logits(&wanted, logits.new_rows(written, wanted.len()));
            written += wanted.len();
            if end == tokens.len() && steps > 0 {
                if positions.last() == Some(&(end - 1)) {
                    last_row.copy_from_slice(logits.rows(written - 1, 1));
                } else {
                    self.evaluator.logits(&[batch.len() - 1], &mut last_row);
                }
            }
            first = end;
        }
        last_row
    }
}

/// The lowest id among those with the largest logit. NaN is never the largest; a row of nothing
/// else gives 0.
fn lowest_largest(row: &[f32]) -> u32 {
    let mut best = 0;
    let mut largest = f32::NEG_INFINITY;
    for (id, &logit) in row.iter().enumerate() {
        if logit > largest {
            (best, largest) = (id, logit);
        }
    }
    best as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_of_equal_ids_is_chosen() {
        assert_eq!(lowest_largest(&[1.0, 3.0, 2.0, 3.0]), 1);
        assert_eq!(lowest_largest(&[f32::NAN, -1.0, -1.0]), 1);
        assert_eq!(lowest_largest(&[f32::NAN]), 0);
        assert_eq!(lowest_largest(&[f32::NEG_INFINITY; 2]), 0);
    }
}
