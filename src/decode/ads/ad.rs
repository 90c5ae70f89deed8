//! What is read of one advertisement or removal, borrowed from its text.

use super::kept::is_code;
use crate::decode::scrub::{Cursor, Scalar, Stop};

/// The fields that something is made of; absent and null are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ad<'a> {
    pub id: Option<&'a str>,
    /// As it is written, in local time: `2018-10-19T00:00:00`.
    pub published: Option<&'a str>,
    pub last_published: Option<&'a str>,
    pub removed: bool,
    pub removed_at: Option<&'a str>,
    /// Milliseconds since 1970, UTC.
    pub timestamp: Option<i64>,
    pub vacancies: Option<u32>,
    pub occupation: Option<&'a str>,
    /// SSYK, four digits with their zeros.
    pub ssyk: Option<&'a str>,
    pub group: Option<&'a str>,
    pub kommun: Option<&'a str>,
    pub lan: Option<&'a str>,
    pub land: Option<&'a str>,
}

/// A field that a file should have, for whether it still has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Id,
    PublicationDate,
    Timestamp,
    NumberOfVacancies,
    OccupationGroup,
    Municipality,
    Region,
}

impl Field {
    pub const ALL: [Self; 7] = [
        Self::Id,
        Self::PublicationDate,
        Self::Timestamp,
        Self::NumberOfVacancies,
        Self::OccupationGroup,
        Self::Municipality,
        Self::Region,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::PublicationDate => "publication_date",
            Self::Timestamp => "timestamp",
            Self::NumberOfVacancies => "number_of_vacancies",
            Self::OccupationGroup => "occupation_group.legacy_ams_taxonomy_id",
            Self::Municipality => "workplace_address.municipality_code",
            Self::Region => "workplace_address.region_code",
        }
    }
}

impl<'a> Ad<'a> {
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self, Stop> {
        let mut ad = Self::default();
        cursor.object(|cursor, key| {
            match key {
                b"id" => ad.id = code(cursor)?,
                b"publication_date" => ad.published = code(cursor)?,
                b"last_publication_date" => ad.last_published = code(cursor)?,
                b"removed" => ad.removed = cursor.scalar()? == Some(Scalar::Bare(b"true")),
                b"removed_date" => ad.removed_at = code(cursor)?,
                b"timestamp" => ad.timestamp = code(cursor)?.and_then(|text| text.parse().ok()),
                b"number_of_vacancies" => ad.vacancies = code(cursor)?.and_then(|text| text.parse().ok()),
                b"occupation" => ad.occupation = concept(cursor)?.0,
                b"occupation_group" => (ad.group, ad.ssyk) = concept(cursor)?,
                b"workplace_address" if cursor.peek()? == b'{' => {
                    cursor.object(|cursor, key| {
                        match key {
                            b"municipality_code" => ad.kommun = digits(code(cursor)?, 4),
                            b"region_code" => ad.lan = digits(code(cursor)?, 2),
                            b"country_code" => ad.land = code(cursor)?,
                            _ => cursor.step_over()?,
                        }
                        Ok(())
                    })?;
                }
                _ => cursor.step_over()?,
            }
            Ok(())
        })?;
        Ok(ad)
    }

    /// Year and month of publication, as months since year 0.
    pub fn month(&self) -> Option<u16> {
        let text = self.published?.as_bytes();
        let number = |text: &[u8]| {
            text.iter().try_fold(0_u16, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u16::from(byte - b'0')))
        };
        let (year, month) = (number(text.get(..4)?)?, number(text.get(5..7)?)?);
        (text[4] == b'-' && (1..=12).contains(&month) && (1900..2200).contains(&year)).then(|| year * 12 + month - 1)
    }

    /// Seconds since 1970, for which of two is the later.
    pub fn seconds(&self) -> u32 {
        self.timestamp.and_then(|milliseconds| u32::try_from(milliseconds / 1000).ok()).unwrap_or(0)
    }

    pub fn has(&self, field: Field) -> bool {
        match field {
            Field::Id => self.id.is_some(),
            Field::PublicationDate => self.published.is_some(),
            Field::Timestamp => self.timestamp.is_some(),
            Field::NumberOfVacancies => self.vacancies.is_some(),
            Field::OccupationGroup => self.ssyk.is_some(),
            Field::Municipality => self.kommun.is_some(),
            Field::Region => self.lan.is_some(),
        }
    }
}

/// A text or number with the shape of a code, as text.
fn code<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a str>, Stop> {
    Ok(match cursor.scalar()? {
        Some(Scalar::Text(text) | Scalar::Bare(text)) if !text.is_empty() && is_code(text) => {
            std::str::from_utf8(text).ok()
        }
        _ => None,
    })
}

fn digits(code: Option<&str>, length: usize) -> Option<&str> {
    code.filter(|code| code.len() == length && code.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Concept and code: of an object, of the first in an array that has a code, or a bare concept.
fn concept<'a>(cursor: &mut Cursor<'a>) -> Result<(Option<&'a str>, Option<&'a str>), Stop> {
    match cursor.peek()? {
        b'{' => {
            let (mut id, mut legacy) = (None, None);
            cursor.object(|cursor, key| {
                match key {
                    b"concept_id" => id = code(cursor)?,
                    b"legacy_ams_taxonomy_id" => legacy = digits(code(cursor)?, 4),
                    _ => cursor.step_over()?,
                }
                Ok(())
            })?;
            Ok((id, legacy))
        }
        b'[' => {
            let mut found = (None, None);
            cursor.array(|cursor| {
                let one = concept(cursor)?;
                if found.1.is_none() && (one.1.is_some() || found.0.is_none()) {
                    found = one;
                }
                Ok(())
            })?;
            Ok(found)
        }
        _ => Ok((code(cursor)?, None)),
    }
}
