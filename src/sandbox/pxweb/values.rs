//! The values of a cut, written as numbers and nulls, and the symbols beside them.

use std::fmt::Write as _;

use super::selection::{Axis, cells};
use super::table::{Cell, Role, Table};
use crate::sandbox::fault::Distortion;
use crate::sandbox::noise::mix;

/// Stirred into the cells that a revision changes.
const REVISED_BY: u64 = 0x7265_7669_7365;

/// Row by row, the last dimension fastest.
pub fn write(table: &Table, axes: &[Axis], distortion: &Distortion, values: &mut String, status: &mut String) {
    let total = cells(axes);
    let total = if distortion.short_value { total.saturating_sub(1) } else { total };
    let decimals = decimals(table, axes);
    let metric = axes.iter().position(|axis| table.dimensions[axis.dimension].role == Role::Metric);
    // Which group of each axis the cell is in, and which category of each dimension that is.
    let mut step = vec![0_usize; axes.len()];
    let mut at = vec![0_usize; table.dimensions.len()];
    for axis in axes {
        at[axis.dimension] = axis.groups[0].members[0];
    }
    let plain = axes.iter().all(|axis| axis.groups.iter().all(|group| group.members.len() == 1));
    for flat in 0..total {
        if flat > 0 {
            values.push(',');
        }
        let cell = if plain { (table.cell)(&at) } else { sum(table, axes, &step, 0, &mut at) };
        match cell.value {
            Some(value) => {
                let value = value + if distortion.revise { revision(&at) } else { 0 };
                write_number(values, value, decimals[metric.map_or(0, |metric| step[metric])]);
            }
            None => values.push_str("null"),
        }
        if let Some(symbol) = cell.symbol {
            let comma = if status.is_empty() { "" } else { "," };
            let _ = write!(status, "{comma}\"{flat}\":\"{symbol}\"");
        }
        for (axis, step) in axes.iter().zip(&mut step).rev() {
            *step += 1;
            let done = *step == axis.groups.len();
            if done {
                *step = 0;
            }
            at[axis.dimension] = axis.groups[*step].members[0];
            if !done {
                break;
            }
        }
    }
}

/// A cell of an aggregation: the sum of its parts, absent if one of them is.
fn sum(table: &Table, axes: &[Axis], step: &[usize], depth: usize, at: &mut Vec<usize>) -> Cell {
    let Some(axis) = axes.get(depth) else { return (table.cell)(at) };
    let mut whole = Cell::value(0);
    for member in &axis.groups[step[depth]].members {
        at[axis.dimension] = *member;
        let part = sum(table, axes, step, depth + 1, at);
        whole.value = whole.value.zip(part.value).map(|(whole, part)| whole + part);
        whole.symbol = whole.symbol.or(part.symbol);
    }
    whole
}

/// Decimals per category of the metric axis; one figure where there is none.
fn decimals(table: &Table, axes: &[Axis]) -> Vec<u8> {
    let metric = axes.iter().find(|axis| table.dimensions[axis.dimension].role == Role::Metric);
    metric.map_or_else(
        || vec![0],
        |axis| {
            let contents = &table.dimensions[axis.dimension].contents;
            axis.groups.iter().map(|group| contents[group.members[0]].decimals).collect()
        },
    )
}

fn write_number(out: &mut String, value: i64, decimals: u8) {
    if decimals == 0 {
        let _ = write!(out, "{value}");
        return;
    }
    let scale = 10_i64.pow(u32::from(decimals));
    let sign = if value < 0 { "-" } else { "" };
    let (whole, part) = ((value / scale).abs(), (value % scale).abs());
    let _ = write!(out, "{sign}{whole}.{part:0width$}", width = usize::from(decimals));
}

/// What a revision adds to a cell: something to about every fortieth.
fn revision(at: &[usize]) -> i64 {
    let key = at.iter().fold(REVISED_BY, |key, one| mix(key, &[*one as u64]));
    if key.is_multiple_of(40) { 1 + (key / 40 % 7).cast_signed() } else { 0 }
}
