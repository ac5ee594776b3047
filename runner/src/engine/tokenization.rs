//! One `tokenize` process: texts go in, checked answers come out. It can be asked about some texts after
//! the other, so that the answers about all of them need never be in memory together.

use std::sync::Arc;

use schemas::line::{self, Answer, ItemId, MessageError};
use schemas::tokenize::{TokenizeRequest, TokenizeResponse};

use super::fault::{EngineFault, FaultKind, Wait};
use super::scratch::Scratch;
use super::session::Session;

/// A running `tokenize`.
#[derive(Debug)]
pub struct Tokenization {
    session: Session,
    // The process's folder, which goes with it.
    _scratch: Arc<Scratch>,
    answered: usize,
}

impl Tokenization {
    pub(super) fn new(session: Session, scratch: Arc<Scratch>) -> Self {
        Self {
            session,
            _scratch: scratch,
            answered: 0,
        }
    }

    /// The tokens of each text, in the order of the requests. An answer may be an `error`; each
    /// answer has the id of its request and as many pieces as ids. After a fault the process has been
    /// ended.
    pub fn ask(
        &mut self,
        requests: &[TokenizeRequest],
    ) -> Result<Vec<TokenizeResponse>, EngineFault> {
        self.submit(requests);
        self.answers(requests)
    }

    /// The same of the last texts: no more come, and the process ends with success.
    pub fn ask_last(
        mut self,
        requests: &[TokenizeRequest],
    ) -> Result<Vec<TokenizeResponse>, EngineFault> {
        self.submit(requests);
        self.session.close_requests();
        let answers = self.answers(requests)?;
        self.session.finish()?;
        Ok(answers)
    }

    fn submit(&mut self, requests: &[TokenizeRequest]) {
        for request in requests {
            self.session.send(line::write(request));
        }
    }

    fn answers(
        &mut self,
        requests: &[TokenizeRequest],
    ) -> Result<Vec<TokenizeResponse>, EngineFault> {
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            let wait = Wait::Item(request.id.clone());
            let text = self.session.answer(self.answered, &wait)?;
            self.answered += 1;
            let answer = read_tokens(&text, &request.id);
            answers.push(answer.map_err(|kind| self.session.fault(kind))?);
        }
        Ok(answers)
    }
}

fn read_tokens(text: &str, id: &ItemId) -> Result<TokenizeResponse, FaultKind> {
    let mut answer = TokenizeResponse::read(text).map_err(FaultKind::BadAnswer)?;
    if let Answer::Success(tokens) = &mut answer {
        // Ten thousand of them may be kept, and reading has left room for as many again.
        tokens.ids.shrink_to_fit();
    }
    let found = match &answer {
        Answer::Success(tokens) => &tokens.id,
        Answer::Failure(failure) => &failure.id,
    };
    if found != id {
        return Err(FaultKind::WrongItem {
            expected: id.clone(),
            found: found.clone(),
        });
    }
    if let Answer::Success(tokens) = &answer
        && tokens.pieces.len() != tokens.ids.len()
    {
        return Err(FaultKind::BadAnswer(MessageError {
            path: "pieces".to_owned(),
            problem: format!(
                "{} pieces, expected one for each of {} ids",
                tokens.pieces.len(),
                tokens.ids.len()
            ),
        }));
    }
    Ok(answer)
}
