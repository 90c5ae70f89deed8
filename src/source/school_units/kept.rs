//! What is kept of the register's answers, and so ever written down. Not in it:
//! names of headmasters, mail, telephone, links, and the fields that a later
//! version may add.

use crate::decode::scrub::{Keep, Shape, code, each, is, of, of_or};

const PLACE: &[Keep] = &[
    is("coordinateSweRefN", Shape::Number),
    is("coordinateSweRefE", Shape::Number),
    is("latitude", Shape::Number),
    is("longitude", Shape::Number),
];

const ADDRESS: &[Keep] = &[
    code("type"),
    is("streetAddress", Shape::Text),
    is("postalCode", Shape::Text),
    is("locality", Shape::Text),
    of("geoCoordinates", PLACE),
];

const PART: &[Keep] = &[code("schoolTypePart"), is("validFrom", Shape::Time), is("validTo", Shape::Time)];

const FACTS: &[Keep] = &[
    code("schoolUnitCode"),
    is("name", Shape::Text),
    code("status"),
    is("organizationNumber", Shape::Organization),
    is("displayName", Shape::Text),
    code("organizerType"),
    code("educationProviderCode"),
    is("folkHighschoolName", Shape::Text),
    code("gradingRight"),
    is("organizerOrganizationNumber", Shape::Organization),
    is("organizerName", Shape::Text),
    is("educationProviderOrganizationNumber", Shape::Organization),
    is("educationProviderName", Shape::Text),
    is("municipalityCode", Shape::Digits(4)),
    of("municipalities", &[is("municipalityCode", Shape::Digits(4))]),
    code("schoolUnitType"),
    code("orientationType"),
    is("schoolName", Shape::Text),
    is("startdate", Shape::Time),
    is("endDate", Shape::Time),
    each("schoolTypes", Shape::Code),
    of("schoolTypeProperties", &[of("vux", &[each("schoolTypeParts", Shape::Code)])]),
    of_or("schoolTypeParts", PART, Shape::Code),
    code("gradingRights"),
    is("gradingRightsFrom", Shape::Time),
    is("gradingRightsTo", Shape::Time),
    of("addresses", ADDRESS),
];

const DATA: &[Keep] = &[
    code("schoolUnitCode"),
    is("organizationNumber", Shape::Organization),
    code("educationProviderCode"),
    of("attributes", FACTS),
];

const ORGANIZER: &[Keep] = &[is("displayName", Shape::Text), code("organizerType")];

pub const KEPT: &[Keep] =
    &[of("data", DATA), of("included", &[is("organizationNumber", Shape::Organization), of("attributes", ORGANIZER)])];
