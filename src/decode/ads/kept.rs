//! What is kept of an advertisement: this list and nothing else. Not in it, and
//! so nowhere on disk: headline and texts, contacts, names, e-mail, telephone,
//! references, addresses, the employer and its number (a sole trader's is a
//! person's), and every field that a later version of the API may add.

/// A field that is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    pub name: &'static str,
    pub part: Part,
}

#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// A code, time, number or truth value; a text of any other shape is dropped (see [`is_code`]).
    Code,
    /// These fields of an object, or of each object of an array; a bare code in its place, as removals have it, is
    /// kept too.
    Of(&'static [Keep]),
}

const fn code(name: &'static str) -> Keep {
    Keep { name, part: Part::Code }
}

const CONCEPT: &[Keep] = &[code("concept_id"), code("legacy_ams_taxonomy_id")];

const PLACE: &[Keep] = &[
    code("municipality_code"),
    code("municipality_concept_id"),
    code("region_code"),
    code("region_concept_id"),
    code("country_code"),
    code("country_concept_id"),
];

pub const KEPT: &[Keep] = &[
    code("id"),
    code("original_id"),
    code("publication_date"),
    code("last_publication_date"),
    code("removed"),
    code("removed_date"),
    code("timestamp"),
    code("number_of_vacancies"),
    Keep { name: "occupation", part: Part::Of(CONCEPT) },
    Keep { name: "occupation_group", part: Part::Of(CONCEPT) },
    Keep { name: "occupation_field", part: Part::Of(CONCEPT) },
    Keep { name: "workplace_address", part: Part::Of(PLACE) },
    // Of removals, which name places by their concepts alone.
    code("municipality"),
    code("region"),
    code("country"),
];

/// Longest code that is kept: a hash in hexadecimal digits.
const LONGEST: usize = 64;

/// Whether a text has the shape of a code or a time. Names have spaces or letters beyond ASCII, or are at least kept
/// out of the fields above by the taxonomy; addresses of any kind have characters that no code has.
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
