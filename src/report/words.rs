//! The Swedish words that readers meet for levels and statuses.

use crate::contract::Status;

use super::definition::Level;

/// A dash in place of a value.
pub(super) const NO_VALUE: &str = "–";

/// There is no row at all: the dataset does not have the figure for this area and period.
pub(super) const NO_ROW: &str = "redovisas inte";

/// What stands beside a value or in place of one; none for an ordinary observation.
pub(super) const fn status(status: Status) -> Option<&'static str> {
    match status {
        Status::Suppressed => Some("sekretess"),
        Status::NotApplicable => Some("ej tillämplig"),
        Status::NotAssessed => Some("ej bedömd"),
        Status::Missing => Some("uppgift saknas"),
        Status::Pending => Some("väntas"),
        Status::Unreliable => Some("osäker"),
        Status::Preliminary => Some("preliminär"),
        Status::Observed => None,
    }
}

/// A sentence for the notes below a figure, in the singular.
pub(super) const fn explanation(status: Status) -> Option<&'static str> {
    match status {
        Status::Suppressed => Some("Sekretess: uppgiften visas inte, för att enskilda inte ska kunna röjas."),
        Status::NotApplicable => Some("Ej tillämplig: uppgiften kan inte förekomma."),
        Status::NotAssessed => Some("Ej bedömd: källan har inte gjort någon bedömning."),
        Status::Missing => Some("Uppgift saknas hos källan."),
        Status::Pending => Some("Väntas: uppgiften är inte publicerad ännu."),
        Status::Unreliable => Some("Osäker: källan anger att värdet är osäkert."),
        Status::Preliminary => Some("Preliminär: källan kan komma att ändra värdet."),
        Status::Observed => None,
    }
}

/// `Kommunen`, `Länet`, `Riket`: an area's part in a comparison.
pub(super) const fn role(level: Level) -> &'static str {
    match level {
        Level::Kommun => "Kommunen",
        Level::Lan => "Länet",
        Level::Riket => "Riket",
    }
}

/// Who a figure is not published for, as in "redovisas inte för kommunen".
pub(super) const fn definite(level: Level) -> &'static str {
    match level {
        Level::Kommun => "kommunen",
        Level::Lan => "länet",
        Level::Riket => "riket",
    }
}
