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
    if value < 0 {
        out.push('-');
    }
    let scale = 10_u64.pow(u32::from(decimals));
    let magnitude = value.unsigned_abs();
    write_digits(out, magnitude / scale, 1);
    if decimals > 0 {
        out.push('.');
        write_digits(out, magnitude % scale, usize::from(decimals));
    }
}

/// Millions of numbers a second, which the formatting of the standard library does not reach. With leading zeros up
/// to a width.
fn write_digits(out: &mut String, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while value > 0 || digits.len() - at < width {
        at -= 1;
        digits[at] = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or("0"));
}

/// What a revision adds to a cell: something to about every fortieth.
fn revision(at: &[usize]) -> i64 {
    let key = at.iter().fold(REVISED_BY, |key, one| mix(key, &[*one as u64]));
    if key.is_multiple_of(40) { 1 + (key / 40 % 7).cast_signed() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_decimals() {
        let text = |value, decimals| {
            let mut out = String::new();
            write_number(&mut out, value, decimals);
            out
        };
        assert_eq!([text(0, 0), text(-7, 0), text(i64::MIN, 0)], ["0", "-7", "-9223372036854775808"]);
        assert_eq!([text(5, 1), text(-123, 1), text(40, 2), text(7, 3)], ["0.5", "-12.3", "0.40", "0.007"]);
    }
}
