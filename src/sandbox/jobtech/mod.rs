//! Stand-ins of what Arbetsförmedlingen and JobTech publish: Yrkesbarometern,
//! the taxonomy's files, and JobSearch's counts, over the reference lists.

mod barometer;
mod jobsearch;
mod taxonomy;

use self::barometer::Barometer;
use self::jobsearch::Jobsearch;
use super::http::{Ask, Reply};
use super::lists::text;
use super::options::Options;
use super::population::{AGES, Population};
use super::region::{Level, Region, UNKNOWN};
use crate::reference::Reference;

/// An occupation group.
#[derive(Clone, Debug)]
pub struct Group {
    id: String,
    ssyk: String,
    label: String,
    field_id: String,
    field: String,
}

/// A län or a kommun with its concept id, and its share of the nation's people.
#[derive(Clone, Debug)]
pub struct Place {
    id: String,
    code: String,
    name: String,
    share: f64,
}

/// What all three describe.
pub struct Lists {
    seed: u64,
    groups: Vec<Group>,
    /// Län, then kommuner.
    lan: Vec<Place>,
    kommuner: Vec<Place>,
    nation: String,
}

pub struct Jobtech {
    lists: Lists,
    barometer: Barometer,
    jobsearch: Jobsearch,
}

impl Jobtech {
    pub fn new(reference: &Reference, options: &Options, regions: &[Region], people: &Population) -> Self {
        let lists = lists(reference, options.seed, regions, people);
        Self { jobsearch: Jobsearch::new(&lists), barometer: Barometer::new(), lists }
    }

    pub fn yrkesbarometer(&self, ask: &Ask<'_>, options: &Options) -> Reply {
        self.barometer.answer(&self.lists, ask, options.updated)
    }

    pub fn taxonomy(&self, ask: &Ask<'_>) -> Reply {
        taxonomy::answer(&self.lists, ask)
    }

    pub fn jobsearch(&self, ask: &Ask<'_>) -> Reply {
        self.jobsearch.answer(&self.lists, ask)
    }
}

#[expect(clippy::cast_precision_loss, reason = "the figures are invented, far below the limits")]
fn lists(reference: &Reference, seed: u64, regions: &[Region], people: &Population) -> Lists {
    let (ssyk, platser) = (reference.tables.get("ssyk"), reference.tables.get("platser"));
    let group = |row: usize| {
        let cell = |column: &str| ssyk.map(|table| text(table, column, row)).unwrap_or_default();
        Group {
            id: cell("taxonomi_id"),
            ssyk: cell("ssyk"),
            label: cell("benamning"),
            field_id: cell("yrkesomrade_id"),
            field: cell("yrkesomrade"),
        }
    };
    let id_of = |code: &str| {
        let rows = 0..platser.map_or(0, arrow::record_batch::RecordBatch::num_rows);
        let row = rows.into_iter().find(|row| platser.is_some_and(|table| text(table, "kod", *row) == code));
        row.and_then(|row| platser.map(|table| text(table, "taxonomi_id", row)))
            .unwrap_or_else(|| if code == UNKNOWN { "okan_dKo_mun" } else { "saknas" }.to_owned())
    };
    let nation = people.exact(0, 0, 0, AGES, 0) as f64;
    let place = |(at, region): (usize, &Region)| Place {
        id: id_of(&region.code),
        code: region.code.clone(),
        name: region.name.clone(),
        share: people.exact(at, 0, 0, AGES, 0) as f64 / nation.max(1.0),
    };
    let of = |level: Level| regions.iter().enumerate().filter(move |(_, region)| region.level == level).map(place);
    Lists {
        seed,
        groups: (0..ssyk.map_or(0, arrow::record_batch::RecordBatch::num_rows)).map(group).collect(),
        lan: of(Level::Lan).collect(),
        kommuner: of(Level::Kommun).collect(),
        nation: id_of("00"),
    }
}
