//! The events that were seen: numbers for their ids, and what their rows tell of
//! the filters that they would pass.

use std::collections::HashMap;

use jiff::civil::Date;

use super::event::Row;
use crate::decode::DecodeError;

/// Every event that was seen, by number.
#[derive(Default)]
pub struct Known {
    numbers: HashMap<Box<str>, u32>,
    pub about: Vec<About>,
    pub words: Vec<Box<str>>,
    pub calls: u64,
    /// Slices that were asked for again.
    pub again: u64,
}

/// What an event's row tells of the filters that it would pass.
#[derive(Clone, Copy)]
pub struct About {
    /// Places in `words`.
    pub school: u32,
    pub distance: u32,
    pub condition: u32,
    /// Percent; no number where there is none.
    pub pace: f64,
    pub start: Option<Date>,
}

impl Known {
    pub fn note(&mut self, row: &Row<'_>) -> Result<u32, DecodeError> {
        let school = row.raw("typeOfSchool")?;
        let distance = row.raw("distance")?;
        let condition = row.raw("executionCondition")?;
        let about = About {
            school: self.word(school.as_deref()),
            distance: self.word(distance.as_deref()),
            condition: self.word(condition.as_deref()),
            pace: row.raw("paceOfStudy")?.and_then(|pace| pace.parse().ok()).unwrap_or(f64::NAN),
            start: row.raw("semesterStartFrom")?.and_then(|start| start.get(..10)?.parse().ok()),
        };
        let id = row.id()?;
        if let Some(number) = self.numbers.get(id) {
            self.about[*number as usize] = about;
            return Ok(*number);
        }
        let number = u32::try_from(self.about.len()).unwrap_or(u32::MAX);
        self.numbers.insert(id.into(), number);
        self.about.push(about);
        Ok(number)
    }

    fn word(&mut self, text: Option<&str>) -> u32 {
        let text = text.unwrap_or_default();
        let place = self.words.iter().position(|word| **word == *text).unwrap_or_else(|| {
            self.words.push(text.into());
            self.words.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }
}
