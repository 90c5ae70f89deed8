//! A table as the source might say it is tomorrow.

use std::sync::Arc;

use super::table::{Category, Content, Dimension, Role, Table};
use crate::sandbox::fault::{Drift, FaultKind};

/// The table with every ordered difference, each where the table has what it is about.
pub fn drifted(table: &Table, drifts: &[Drift]) -> Table {
    drifts.iter().fold(table.clone(), one)
}

fn one(mut table: Table, drift: &Drift) -> Table {
    if drift.kind == FaultKind::LateRelease {
        let time = table.dimensions.iter().position(|dimension| dimension.role == Role::Time);
        let last = time.map(|at| (at, table.dimensions[at].categories.len()));
        return match last {
            Some((at, periods)) if periods > 1 => shrunk(table, at, periods - 1),
            _ => table,
        };
    }
    if drift.kind == FaultKind::ChangedTitle {
        table.about = "Något annat än förr";
        return table;
    }
    let of_content = matches!(
        drift.kind,
        FaultKind::NewContent | FaultKind::RemovedContent | FaultKind::ChangedUnit | FaultKind::ChangedDecimals
    );
    let found = table.dimensions.iter().position(|dimension| match &drift.dimension {
        _ if of_content => dimension.role == Role::Metric,
        Some(id) => dimension.id == *id,
        None => true,
    });
    let Some(at) = found else { return table };
    let dimension = &mut table.dimensions[at];
    let code = match &drift.code {
        Some(code) => dimension.position(code),
        None => Some(0),
    };
    match (drift.kind, code) {
        (FaultKind::RenamedDimension, _) => (dimension.id, dimension.label) = ("Omrade", "område"),
        (FaultKind::RelabelledDimension, _) => dimension.label = "område",
        (FaultKind::RelabelledCode, Some(code)) => dimension.categories[code].label.push_str(" (ny)"),
        (FaultKind::ChangedUnit, Some(code)) => dimension.contents[code].unit = "tusental",
        (FaultKind::ChangedDecimals, Some(code)) => dimension.contents[code].decimals += 1,
        (FaultKind::NewCode, _) => {
            let code = drift.code.as_deref().unwrap_or("NY");
            return grown(table, at, Category::new(code, "ny kod"));
        }
        (FaultKind::NewContent, _) => {
            let content = Content { unit: "antal", decimals: 0, reference_period: "", measuring: "Stock" };
            dimension.contents.push(content);
            return grown(table, at, Category::new("NYTT", "nytt innehåll"));
        }
        (FaultKind::RemovedCode | FaultKind::RemovedContent, Some(code)) => return shrunk(table, at, code),
        _ => {}
    }
    table
}

/// One code more, whose cells are those of the first.
fn grown(mut table: Table, at: usize, category: Category) -> Table {
    let known = table.dimensions[at].categories.len();
    table.dimensions[at].categories.push(category);
    let cell = Arc::clone(&table.cell);
    table.cell = Arc::new(move |place| {
        let mut place = place.to_vec();
        if place[at] >= known {
            place[at] = 0;
        }
        cell(&place)
    });
    table
}

/// One code less, also in the code lists.
fn shrunk(mut table: Table, at: usize, gone: usize) -> Table {
    let Dimension { categories, contents, codelists, .. } = &mut table.dimensions[at];
    categories.remove(gone);
    if gone < contents.len() {
        contents.remove(gone);
    }
    for group in codelists.iter_mut().flat_map(|list| &mut list.groups) {
        group.members.retain(|member| *member != gone);
        for member in group.members.iter_mut().filter(|member| **member > gone) {
            *member -= 1;
        }
    }
    for list in codelists {
        list.groups.retain(|group| !group.members.is_empty());
    }
    let cell = Arc::clone(&table.cell);
    table.cell = Arc::new(move |place| {
        let mut place = place.to_vec();
        if place[at] >= gone {
            place[at] += 1;
        }
        cell(&place)
    });
    table
}
