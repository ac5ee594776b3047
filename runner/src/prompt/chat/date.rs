//! The day that a chat template is told when it asks for today.
//!
//! A template that looks at the clock makes another prompt tomorrow, and two nights could not be
//! compared. So no clock is read: the day is a constant unless the user names one, and the receipt
//! has it when the template asked.

use std::fmt;
use std::str::FromStr;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// A day of the Gregorian calendar, years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    year: u32,
    month: u32,
    day: u32,
}

impl Date {
    /// The day that LLaMA 3.1's own template falls back on when nobody tells it one.
    pub const FIXED: Self = Self {
        year: 2024,
        month: 7,
        day: 26,
    };

    /// The day at midnight in a format of C's `strftime`; what is not known is refused, for a
    /// placeholder left in a prompt would be found by nobody.
    pub(super) fn strftime(self, format: &str) -> Result<String, String> {
        let mut text = String::new();
        let mut characters = format.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                text.push(character);
                continue;
            }
            let directive = characters.next();
            // glibc's `%-d`: no leading zero.
            let (directive, padded) = match directive {
                Some('-') => (characters.next(), false),
                other => (other, true),
            };
            let directive = directive.ok_or("strftime_now: the format ends after `%`")?;
            let shown = self.directive(directive).ok_or_else(|| {
                format!("strftime_now: no directive `%{directive}` is known (known: a A b B d e F H I j m M p S u w y Y Z z %)")
            })?;
            text.push_str(if padded {
                &shown
            } else {
                match shown.trim_start_matches(['0', ' ']) {
                    "" => "0",
                    trimmed => trimmed,
                }
            });
        }
        Ok(text)
    }

    fn directive(self, directive: char) -> Option<String> {
        let Self { year, month, day } = self;
        let weekday = self.weekday();
        let name_of_month = MONTHS[month as usize - 1];
        let name_of_day = WEEKDAYS[weekday as usize];
        Some(match directive {
            'a' => name_of_day[..3].to_owned(),
            'A' => name_of_day.to_owned(),
            'b' | 'h' => name_of_month[..3].to_owned(),
            'B' => name_of_month.to_owned(),
            'd' => format!("{day:02}"),
            'e' => format!("{day:2}"),
            'F' => self.to_string(),
            'H' | 'M' | 'S' => "00".to_owned(),
            'I' => "12".to_owned(),
            'p' => "AM".to_owned(),
            'j' => format!("{:03}", self.day_of_year()),
            'm' => format!("{month:02}"),
            'u' => if weekday == 0 { 7 } else { weekday }.to_string(),
            'w' => weekday.to_string(),
            'y' => format!("{:02}", year % 100),
            'Y' => year.to_string(),
            // Python's time without a zone has none to name.
            'Z' | 'z' => String::new(),
            '%' => "%".to_owned(),
            _ => return None,
        })
    }

    fn day_of_year(self) -> u32 {
        let before: u32 = (1..self.month).map(|month| days_in(self.year, month)).sum();
        before + self.day
    }

    /// From Sunday, 0. The first of January of the year 1 was a Monday.
    fn weekday(self) -> u32 {
        let past = self.year - 1;
        (past * 365 + past / 4 - past / 100 + past / 400 + self.day_of_year()) % 7
    }
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no day, expected YYYY-MM-DD");
        let digits = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else {
            return Err(wrong());
        };
        if !digits || [year.len(), month.len(), day.len()] != [4, 2, 2] {
            return Err(wrong());
        }
        let number = |part: &str| part.parse::<u32>().map_err(|_| wrong());
        let (year, month, day) = (number(year)?, number(month)?, number(day)?);
        let exists = year > 0 && (1..=12).contains(&month);
        if !exists || !(1..=days_in(year, month)).contains(&day) {
            return Err(wrong());
        }
        Ok(Self { year, month, day })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(date: &str, format: &str) -> String {
        let date: Date = date.parse().expect("a day");
        date.strftime(format).expect("a known format")
    }

    /// Each as `date -u -d DAY +FORMAT` prints it.
    #[test]
    fn formats_as_strftime_does() {
        assert_eq!(shown("2024-07-26", "%d %b %Y"), "26 Jul 2024");
        assert_eq!(shown("2024-07-26", "%A %a %u %w %j"), "Friday Fri 5 5 208");
        assert_eq!(
            shown("2000-02-29", "%A, %B %-d, %y"),
            "Tuesday, February 29, 00"
        );
        assert_eq!(shown("1900-03-01", "%a %j %F"), "Thu 060 1900-03-01");
        assert_eq!(shown("2023-12-31", "%u %w %j %e"), "7 0 365 31");
        assert_eq!(shown("2024-01-05", "%e|%-d|%m|%-m"), " 5|5|01|1");
        assert_eq!(shown("2024-01-05", "%H:%M:%S %I %p%%"), "00:00:00 12 AM%");
    }

    #[test]
    fn what_is_no_day_or_no_format_is_refused() {
        let wrong = [
            "",
            "2024-7-26",
            "2024-13-01",
            "2023-02-29",
            "2024-00-10",
            "0000-01-01",
            "2024-01-00",
            "+024-01-01",
            "2024-01-01-",
            "24-01-2001",
        ];
        for text in wrong {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        assert!(Date::FIXED.strftime("%Q").is_err());
        assert!(Date::FIXED.strftime("at %").is_err());
        assert_eq!(Date::FIXED.to_string().parse(), Ok(Date::FIXED));
    }
}
