//! What is kept of an advertisement: this list and nothing else. Not in it, and
//! so nowhere on disk: headline and texts, contacts, names, e-mail, telephone,
//! references, addresses, the employer and its number (a sole trader's is a
//! person's), and every field that a later version of the API may add.

use crate::decode::scrub::{Keep, Shape, code, is, of, of_or};

const CONCEPT: &[Keep] = &[code("concept_id"), code("legacy_ams_taxonomy_id")];

const PLACE: &[Keep] = &[
    is("municipality_code", Shape::Digits(4)),
    code("municipality_concept_id"),
    is("region_code", Shape::Digits(2)),
    code("region_concept_id"),
    code("country_code"),
    code("country_concept_id"),
];

pub const KEPT: &[Keep] = &[
    code("id"),
    code("original_id"),
    is("publication_date", Shape::Time),
    is("last_publication_date", Shape::Time),
    code("removed"),
    is("removed_date", Shape::Time),
    is("timestamp", Shape::Milliseconds),
    is("number_of_vacancies", Shape::Number),
    // Removals have a bare concept.
    of_or("occupation", CONCEPT, Shape::Code),
    of_or("occupation_group", CONCEPT, Shape::Code),
    of_or("occupation_field", CONCEPT, Shape::Code),
    of("workplace_address", PLACE),
    // Of removals, which name places by their concepts alone.
    code("municipality"),
    code("region"),
    code("country"),
];

/// Longest value that is read.
const LONGEST: usize = 64;

/// Whether a text has the shape of a code or a time, for a reader who need not know which.
pub(super) fn is_code(text: &[u8]) -> bool {
    text.len() <= LONGEST && text.iter().all(|byte| IN_CODES[usize::from(*byte)])
}

const IN_CODES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':' | b'.' | b'+');
        byte += 1;
    }
    table
};

/// Fields of the form that the files of 2006 to 2016 had at first.
pub(super) const COLUMNS_OF_OLD: [&str; 4] = ["ANTAL_AKT_PLATSER", "KOMMUN_KOD", "YRKE_ID", "ANNONS_ID"];
