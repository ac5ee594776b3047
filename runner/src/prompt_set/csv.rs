//! Prompt sets as tables (RFC 4180): the first row names the columns, each further row is a prompt.
//!
//! `text` has to be there; `name` or `id`, `system`, `template` and `tags` (with blanks between them)
//! may be. An empty cell says nothing, but for an empty text. A column that is not known refuses the
//! table: its author means something by it.

use csv::{ByteRecord, ReaderBuilder};
use schemas::line::ItemId;
use schemas::tokenize::Text;

use super::error::{LineError, Problem};
use super::lines::{Names, name_of_line};
use super::{LONGEST_BYTES, MOST_PROMPTS, SetPrompt};
use crate::prompt::Choice;

const EXPECTED: &str = "expected `text`, and perhaps `name` or `id`, `system`, `template`, `tags`";

/// The prompts of a table.
pub(super) fn table(bytes: &[u8]) -> Result<Vec<SetPrompt>, Problem> {
    if bytes.len() as u64 > LONGEST_BYTES {
        return Err(Problem::TooLarge {
            limit_bytes: LONGEST_BYTES,
        });
    }
    // The reader takes the end of the file for the end of a value in quotes: all prompts after a quote
    // too many would silently be one.
    let is_open = |open, &byte: &u8| open ^ (byte == b'"');
    if bytes.iter().fold(false, is_open) {
        return Err(Problem::Quotes);
    }
    let mut reader = ReaderBuilder::new().from_reader(bytes);
    let mut lines = Lines::of(bytes);
    let header = reader.byte_headers();
    let header = header.map_err(|error| bad_row(&error, &mut lines))?;
    if header.is_empty() {
        return Err(Problem::NoPrompts);
    }
    let columns = Columns::of(header)?;
    let (mut names, mut prompts) = (Names::default(), Vec::new());
    let mut row = ByteRecord::new();
    while reader
        .read_byte_record(&mut row)
        .map_err(|error| bad_row(&error, &mut lines))?
    {
        if prompts.len() == MOST_PROMPTS {
            return Err(Problem::TooMany {
                limit: MOST_PROMPTS,
            });
        }
        let number = lines.of_row(row.position());
        let prompt = columns
            .prompt(number, &row)
            .and_then(|prompt| names.take(&prompt.name, number).map(|()| prompt));
        prompts.push(prompt.map_err(|error| Problem::Line { number, error })?);
    }
    if prompts.is_empty() {
        return Err(Problem::NoPrompts);
    }
    Ok(prompts)
}

/// Rows of other lengths than the first are all that bytes can have wrong.
fn bad_row(error: &csv::Error, lines: &mut Lines<'_>) -> Problem {
    let number = lines.of_row(error.position());
    let problem = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("{len} values, the first row names {expected_len} columns"),
        _ => error.to_string(),
    };
    Problem::Line {
        number,
        error: LineError::Csv(problem),
    }
}

/// The lines of a table's rows, as editors count them. The reader's own count is of where it stood: in
/// the middle of `\r\n`, or before empty lines that it then skipped.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            line: 1,
        }
    }

    /// The line on which a row begins; rows come in their order.
    fn of_row(&mut self, position: Option<&csv::Position>) -> usize {
        let begin = position.map_or(0, csv::Position::byte) as usize;
        while let Some(&byte) = self.bytes.get(self.at)
            && (self.at < begin || b"\r\n".contains(&byte))
        {
            self.at += 1;
            self.line += usize::from(byte == b'\n');
        }
        self.line
    }
}

/// Where which column is.
#[derive(Default)]
struct Columns {
    text: usize,
    name: Option<usize>,
    system: Option<usize>,
    template: Option<usize>,
    tags: Option<usize>,
}

impl Columns {
    fn of(header: &ByteRecord) -> Result<Self, Problem> {
        let mut columns = Self::default();
        let mut text = None;
        for (index, name) in header.iter().enumerate() {
            let place = match name {
                b"text" => &mut text,
                b"name" | b"id" => &mut columns.name,
                b"system" => &mut columns.system,
                b"template" => &mut columns.template,
                b"tags" => &mut columns.tags,
                other => {
                    let other = String::from_utf8_lossy(other);
                    let problem = format!("unknown column `{other}`, {EXPECTED}");
                    return Err(Problem::Columns(problem));
                }
            };
            if place.replace(index).is_some() {
                let name = String::from_utf8_lossy(name);
                let problem = format!("column `{name}` is there twice, {EXPECTED}");
                return Err(Problem::Columns(problem));
            }
        }
        columns.text = text.ok_or_else(|| {
            Problem::Columns(format!("the first row names no column `text`, {EXPECTED}"))
        })?;
        Ok(columns)
    }

    fn prompt(&self, number: usize, row: &ByteRecord) -> Result<SetPrompt, LineError> {
        let name = cell(row, self.name, "name")?;
        let template = cell(row, self.template, "template")?.map(Choice::from_name);
        let tags = cell(row, self.tags, "tags")?.unwrap_or_default();
        let tags = tags.split_whitespace().map(ItemId::new);
        Ok(SetPrompt {
            name: match name {
                None => name_of_line(number),
                Some(name) => ItemId::new(name).map_err(in_column("name"))?,
            },
            text: Text::from_bytes(row.get(self.text).unwrap_or_default().to_vec()),
            system: cell(row, self.system, "system")?.map(str::to_owned),
            template: template.transpose().map_err(in_column("template"))?,
            tags: tags.collect::<Result<_, _>>().map_err(in_column("tags"))?,
        })
    }
}

fn in_column(column: &'static str) -> impl Fn(String) -> LineError {
    move |problem| LineError::Column { column, problem }
}

/// The text of a cell that says something.
fn cell<'a>(
    row: &'a ByteRecord,
    index: Option<usize>,
    column: &'static str,
) -> Result<Option<&'a str>, LineError> {
    let bytes = index.and_then(|index| row.get(index)).unwrap_or_default();
    let text =
        std::str::from_utf8(bytes).map_err(|_| in_column(column)("is not UTF-8".to_owned()))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_prompt() {
        let prompts = table(
            b"id,text,tags,system,template\r\n\
              one,\"two\nlines, \"\"quoted\"\"\",code chat,S,auto\r\n\
              ,\xff,,,\r\n\n\
              three, as it stands ,,,raw",
        );
        let prompts = prompts.expect("valid");
        let [one, two, three] = prompts.as_slice() else {
            panic!("{prompts:?}")
        };
        assert_eq!(one.text.as_bytes(), b"two\nlines, \"quoted\"");
        assert!(one.has_tag("code") && one.has_tag("chat"));
        assert_eq!(one.system.as_deref(), Some("S"));
        assert_eq!(one.template, Some(Choice::Auto));
        // The first prompt takes two lines.
        assert_eq!(
            (two.name.as_str(), two.text.as_bytes()),
            ("line-4", &b"\xff"[..])
        );
        assert_eq!((&two.system, &two.template), (&None, &None));
        assert_eq!(
            (three.name.as_str(), three.text.as_bytes()),
            ("three", &b" as it stands "[..])
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_column() {
        let prompts = table("\u{feff}text\nHi\n\nHo\n".as_bytes()).expect("valid");
        let names: Vec<_> = prompts.iter().map(|prompt| prompt.name.as_str()).collect();
        assert_eq!(names, ["line-2", "line-4"]);
    }

    #[test]
    fn a_table_that_is_not_understood_is_refused_and_says_where() {
        for (text, expected) in [
            (
                "text,txt\na,b\n",
                "unknown column `txt`, expected `text`, and ",
            ),
            ("text,na\u{1b}me\na,b\n", "unknown column `na\\u{1b}me`"),
            ("name\na\n", "names no column `text`"),
            ("What is 2+2?\nHi\n", "unknown column `What is 2+2?`"),
            ("text,name,id\na,b,c\n", "column `id` is there twice"),
            ("text,text\na,b\n", "column `text` is there twice"),
            (
                "text,name\na,b\n\nc\n",
                "line 4: 1 values, the first row names 2 columns",
            ),
            ("text,name\na,b\nc,d,e\n", "line 3: 3 values"),
            (
                "text,name\na,b\nc,b\n",
                "line 3: field `name`: b is the prompt of line 2",
            ),
            (
                "text,name\na,line-3\nb,\n",
                "line 3: field `name`: line-3 is the prompt of line 2",
            ),
            (
                "text,name\na,No\n",
                "line 2: column `name`: id \"No\": expected",
            ),
            (
                "text,template\na,chatml\n",
                "line 2: column `template`: unknown template",
            ),
            (
                "text,tags\na,code Chat\n",
                "line 2: column `tags`: id \"Chat\"",
            ),
            ("text\n\"a\nb\nc\n", "odd number of double quotes"),
        ] {
            let error = super::super::error::PromptSetError {
                file: "set".to_owned(),
                problem: table(text.as_bytes()).expect_err("refused"),
            };
            let said = error.to_string();
            assert!(said.contains(expected), "{said} does not say {expected}");
            assert_eq!(error.exit(), crate::exit::Exit::BadInput);
        }
        for empty in ["", "\n", "text\n", "text\n\n"] {
            assert!(
                matches!(table(empty.as_bytes()), Err(Problem::NoPrompts)),
                "{empty:?}"
            );
        }
        let system = table(b"text,system\na,\xff\n").expect_err("refused");
        assert!(
            matches!(system, Problem::Line { number: 2, .. }),
            "{system:?}"
        );
    }

    #[test]
    fn tables_are_bounded() {
        let rows = |n: usize| [b"text\n".to_vec(), b"x\n".repeat(n)].concat();
        assert!(table(&rows(MOST_PROMPTS)).is_ok());
        assert!(matches!(
            table(&rows(MOST_PROMPTS + 1)),
            Err(Problem::TooMany { .. })
        ));
        let huge = vec![b'x'; LONGEST_BYTES as usize + 1];
        assert!(matches!(table(&huge), Err(Problem::TooLarge { .. })));
    }
}
