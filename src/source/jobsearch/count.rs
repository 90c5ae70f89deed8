//! Makes a call, and its counts into rows. A group without a value is counted
//! as 0 only where every advertisement of the total is in some value.

use super::super::SourceError;
use super::Work;
use super::answer::{Counts, counts};
use super::call::{By, Call, Where};
use super::known::{Group, Place, known};
use super::planner::MOST_VALUES;
use crate::contract::Status;
use crate::decode::DecodeError;
use crate::decode::number::Number;
use crate::decode::rows::{Cell, Table};
use crate::fetch::{Answer, Courier, Expect, Request};
use crate::reference::RIKET;

/// Stands as symbol where a count is not told for certain.
pub const LEFT_OUT: &str = "bortfall";

/// The whole: regions and fields are fewer than the limit.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    pub regions: Counts,
    pub fields: Counts,
}

pub async fn overview(courier: &Courier) -> Result<(Answer, Overview), SourceError> {
    let path = format!("/search?limit=0&stats=region&stats=occupation-field&stats.limit={MOST_VALUES}");
    let answer = courier.ask(&Request::get(path), Expect::Json).await?;
    let [regions, fields] = counts(&answer, ["region", "occupation-field"])?;
    if regions.total == 0 {
        let fault = DecodeError::Shape("it tells of no advertisement at all".to_owned());
        return Err(SourceError::decode(&answer, fault));
    }
    Ok((answer, Overview { regions, fields }))
}

pub enum Outcome {
    Counted(Answer, Counts),
    /// Values may be missing: asked again as two.
    Cut(Answer, [Call; 2]),
}

pub async fn count(courier: &Courier, work: &Work, call: &Call) -> Result<Outcome, SourceError> {
    let answer = courier.ask(&call.request(work, known()?), Expect::Json).await?;
    let [mut counted] = counts(&answer, [call.statistic(work)])?;
    match call.halves() {
        Some(halves) if counted.may_be_cut => Ok(Outcome::Cut(answer, halves)),
        Some(_) => Ok(Outcome::Counted(answer, counted)),
        None => {
            // Of one cell the total is the count, whatever old ids there are.
            let id = call.ids(work).first().map(|id| (*id).to_owned()).unwrap_or_default();
            let label = counted.by_id.remove(&id).map(|(_, label)| label).unwrap_or_default();
            counted.by_id.clear();
            counted.nameless = 0;
            if counted.total > 0 {
                counted.by_id.insert(id, (counted.total, label));
            }
            Ok(Outcome::Counted(answer, counted))
        }
    }
}

/// One row a cell.
pub fn rows(work: &Work, call: &Call, counted: &Counts, period: &str, table: &mut Table) -> Result<(), DecodeError> {
    let certain = counted.left_out() == 0;
    let cell = |id: &str| match counted.by_id.get(id) {
        Some((count, _)) => Some(*count),
        None => certain.then_some(0),
    };
    match &call.by {
        By::Groups(list) => {
            for at in list {
                let group = &work.groups[*at];
                let place = match call.place {
                    Where::Place(at) => Some(&work.places[at]),
                    _ => None,
                };
                row(call.place, place, group, period, cell(&group.id), table)?;
            }
        }
        By::Places(group, list) => {
            for at in list {
                let place = &work.places[*at];
                row(call.place, Some(place), &work.groups[*group], period, cell(&place.id), table)?;
            }
        }
    }
    Ok(())
}

fn row(
    at: Where,
    place: Option<&Place>,
    group: &Group,
    period: &str,
    count: Option<u64>,
    table: &mut Table,
) -> Result<(), DecodeError> {
    let niva = match (at, place) {
        (_, Some(place)) => place.niva.as_str(),
        (Where::Unplaced, None) => "utan_ort",
        (_, None) => "riket",
    };
    let text = |text: Option<&'static str>| text.map_or(Cell::Absent, Cell::Text);
    let kod = match place {
        Some(place) => Cell::Text(&place.kod),
        None => text((at == Where::Nation).then_some(RIKET)),
    };
    let count = match count.map(i64::try_from) {
        Some(Ok(count)) => Cell::Number(Number::Whole(count)),
        _ => Cell::Marked { number: None, status: Status::Missing, symbol: LEFT_OUT },
    };
    let cells = [
        Cell::Text(niva),
        kod,
        place.map_or(Cell::Absent, |place| Cell::Text(&place.id)),
        Cell::Text(period),
        Cell::Text(&group.id),
        Cell::Text(&group.ssyk),
        Cell::Text(&group.label),
        Cell::Text(&group.field_id),
        count,
    ];
    for (column, cell) in cells.into_iter().enumerate() {
        table.push(column, table.rows() as u64, cell)?;
    }
    table.end_row(&[true; 9]);
    Ok(())
}
