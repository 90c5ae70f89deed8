//! What is kept of Susa-navet's answers, and so ever written down. Not in it:
//! contacts, mail, telephone, links, descriptions, and the fields that a later
//! version may add.

use crate::decode::scrub::{Keep, Shape, code, each, is, of, of_or};

const TEXTS: &[Keep] = &[of("strings", &[code("lang"), is("value", Shape::Text)])];
const CODED: &[Keep] = &[code("type"), code("code")];

const CONTENT: &[Keep] = &[
    // Of all.
    is("lastEdited", Shape::Time),
    is("expires", Shape::Time),
    // A course's code may have any form.
    is("code", Shape::Text),
    // Of occasions.
    code("education"),
    each("providers", Shape::Code),
    of("title", TEXTS),
    of("locations", &[is("town", Shape::Text), is("areaCode", Shape::Digits(4))]),
    of("execution", &[is("start", Shape::Time), is("end", Shape::Time), of("condition", CODED)]),
    of("paceOfStudy", &[is("percentage", Shape::Number)]),
    // That there is one.
    of_or("distance", &[], Shape::Code),
    code("isCancelled"),
    of("application", &[is("last", Shape::Time)]),
    each("languageOfInstructions", Shape::Code),
    // Of educations.
    of("type", CODED),
    of("configuration", CODED),
    code("isVocational"),
    of("credits", &[is("credits", Shape::Number), of("system", CODED)]),
    of("qualificationLevel", CODED),
    of("educationLevels", CODED),
    of("subjects", CODED),
    of("extent", &[is("length", Shape::Number), of("unit", CODED)]),
    of("eligibleForStudentAid", CODED),
    // Of providers.
    of("name", TEXTS),
    of("responsibleBody", &[of("name", TEXTS), of("type", CODED)]),
];

const ROW: &[Keep] = &[code("id"), code("status"), of("content", CONTENT)];

pub const KEPT: &[Keep] = &[
    of("page", &[code("totalElements"), code("totalPages"), code("size"), code("pageNumber")]),
    of("educationEvents", ROW),
    of("educationInfos", ROW),
    of("educationProviders", ROW),
];
