//! Wraps another engine, the real ones too, and makes its numbers a little wrong.
//!
//! `perturb CHANGE… -- COMMAND…`, to which the runner appends its sub-command. CHANGE is one of
//!
//! | change | what it does to each item |
//! |---|---|
//! | `--add POSITION COLUMN X` | adds X to one logit |
//! | `--swap-rows A B` | gives position A the row of B, and B that of A |
//! | `--fill POSITION X` | makes every logit of a position X |
//! | `--shift X` | adds X to every logit, those of the greedy steps too |
//! | `--set-nan POSITION COLUMN` | makes one logit not a number |
//! | `--choose-second STEP` | lets one greedy step choose its second best token: its row and its id agree on it |
//!
//! What follows a step that chose another token is left as it was: its prefix is another one, so
//! that nobody may compare it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use runner::metrics::lowest_largest;
use schemas::evaluate::{EvaluateResponse, Evaluated};
use schemas::line::{self, Answer};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let split = arguments.iter().position(|argument| argument == "--");
    let (changes, command) = arguments.split_at(split.expect("-- before the command"));
    let command = &command[1..];
    let mut engine = Command::new(&command[0]);
    engine.args(&command[1..]);
    if !command.iter().any(|word| word == "evaluate") {
        return ended(engine.status().expect("the engine starts").code());
    }
    let out = command.iter().position(|word| word == "--out");
    let out = Path::new(&command[out.expect("the runner names a folder") + 1]);
    let mut engine = engine
        .stdout(Stdio::piped())
        .spawn()
        .expect("the engine starts");
    let answers = BufReader::new(engine.stdout.take().expect("it is a pipe"));
    for text in answers.lines() {
        let text = text.expect("answers are UTF-8");
        let answer = EvaluateResponse::read(&text).expect("the engine's answers are good");
        let mut stdout = std::io::stdout().lock();
        let changed = match answer {
            Answer::Success(item) => line::write(&Answer::Success(change(changes, out, item))),
            Answer::Failure(_) => text + "\n",
        };
        // When the runner has gone, there is nobody to tell.
        let _ = stdout.write_all(changed.as_bytes());
        let _ = stdout.flush();
    }
    ended(engine.wait().expect("it ends").code())
}

fn ended(code: Option<i32>) -> ExitCode {
    ExitCode::from(code.map_or(70, |code| code as u8))
}

fn change(changes: &[String], out: &Path, mut item: Evaluated) -> Evaluated {
    let logits = Rows::open(&out.join(&item.logits), item.shape[1]);
    let greedy = Rows::open(&out.join(&item.greedy_logits), item.shape[1]);
    let mut words = changes.iter();
    while let Some(change) = words.next() {
        let mut number = || words.next().expect("its numbers follow").as_str();
        match change.as_str() {
            "--add" => {
                let (row, column, plus) = (index(number()), index(number()), float(number()));
                // A ladder asks for fewer rows than there are positions.
                if row < item.shape[0] as usize {
                    logits.edit(row, |row| row[column] += plus);
                }
            }
            "--set-nan" => {
                let (row, column) = (index(number()), index(number()));
                logits.edit(row, |row| row[column] = f32::NAN);
            }
            "--swap-rows" => {
                let (a, b) = (index(number()), index(number()));
                let (row_a, row_b) = (logits.read(a), logits.read(b));
                logits.edit(a, |row| row.copy_from_slice(&row_b));
                logits.edit(b, |row| row.copy_from_slice(&row_a));
            }
            "--fill" => {
                let (row, value) = (index(number()), float(number()));
                logits.edit(row, |row| row.fill(value));
            }
            "--shift" => {
                let plus = float(number());
                let shift = |row: &mut [f32]| row.iter_mut().for_each(|logit| *logit += plus);
                (0..item.shape[0] as usize).for_each(|row| logits.edit(row, shift));
                (0..item.greedy_ids.len()).for_each(|row| greedy.edit(row, shift));
            }
            "--choose-second" => {
                let step = index(number());
                if step >= item.greedy_ids.len() {
                    continue;
                }
                greedy.edit(step, |row| {
                    let first = lowest_largest(row) as usize;
                    let largest = std::mem::replace(&mut row[first], f32::NEG_INFINITY);
                    let second = lowest_largest(row) as usize;
                    row[first] = std::mem::replace(&mut row[second], largest);
                    // Among equals the lowest id is chosen.
                    row[second] = row[second].next_up();
                    item.greedy_ids[step] = second as u32;
                });
            }
            other => panic!("there is no change {other}"),
        }
    }
    item
}

fn index(word: &str) -> usize {
    word.parse().expect("an index")
}

fn float(word: &str) -> f32 {
    word.parse().expect("a number")
}

/// A file of rows, changed in place.
struct Rows {
    file: File,
    columns: usize,
    data: u64,
}

impl Rows {
    fn open(path: &Path, columns: u64) -> Self {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).open(path);
        let file = file.expect("the engine wrote it");
        let mut length = [0; 2];
        file.read_exact_at(&mut length, 8).expect("a header");
        Self {
            file,
            columns: columns as usize,
            data: 10 + u64::from(u16::from_le_bytes(length)),
        }
    }

    fn offset(&self, row: usize) -> u64 {
        self.data + (row * self.columns * 4) as u64
    }

    fn read(&self, row: usize) -> Vec<f32> {
        let mut bytes = vec![0; self.columns * 4];
        let read = self.file.read_exact_at(&mut bytes, self.offset(row));
        read.expect("the file has this row");
        let words = bytes.chunks_exact(4);
        words
            .map(|word| f32::from_le_bytes(word.try_into().expect("four bytes")))
            .collect()
    }

    fn edit(&self, row: usize, edit: impl FnOnce(&mut [f32])) {
        let mut logits = self.read(row);
        edit(&mut logits);
        let bytes: Vec<u8> = logits.iter().flat_map(|x| x.to_le_bytes()).collect();
        let written = self.file.write_all_at(&bytes, self.offset(row));
        written.expect("the file can be changed");
    }
}
