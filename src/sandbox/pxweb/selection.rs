//! What a data call asks for, read from its URL or its body and resolved against the table.

use serde::Deserialize;

use super::expression;
use super::problem::Refusal;
use super::table::{Group, Role, Table};
use crate::sandbox::http::Ask;

#[derive(Debug, Default, Deserialize)]
pub struct Selection {
    #[serde(default, rename = "selection")]
    variables: Vec<Variable>,
    #[serde(default)]
    placement: Option<Placement>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variable {
    #[serde(rename = "variableCode")]
    name: String,
    #[serde(default)]
    value_codes: Option<Vec<String>>,
    #[serde(default, alias = "codeList")]
    codelist: Option<String>,
    /// As older servers read it: whether a list's own codes are wanted (`aggregated`) or those behind (`single`).
    #[serde(default)]
    output_values: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Placement {
    #[serde(default)]
    heading: Vec<String>,
    #[serde(default)]
    stub: Vec<String>,
}

/// One dimension of the answer, or one that is eliminated.
pub struct Axis {
    pub dimension: usize,
    pub groups: Vec<Group>,
    pub eliminated: bool,
}

impl Variable {
    fn of(name: &str) -> Self {
        Self { name: name.to_owned(), value_codes: None, codelist: None, output_values: None }
    }
}

impl Selection {
    pub fn read(ask: &Ask<'_>) -> Result<Self, Refusal> {
        if let Some(body) = ask.body.filter(|body| !body.is_empty()) {
            return serde_json::from_slice(body).map_err(|_| Refusal::Expression);
        }
        let mut selection = Vec::new();
        for (variable, values) in ask.bracketed("valuecodes") {
            selection.push(Variable { value_codes: Some(split(values)), ..Variable::of(variable) });
        }
        for (variable, codelist) in ask.bracketed("codelist") {
            match selection.iter_mut().find(|wanted| wanted.name.eq_ignore_ascii_case(variable)) {
                Some(wanted) => wanted.codelist = Some(codelist.to_owned()),
                None => selection.push(Variable { codelist: Some(codelist.to_owned()), ..Variable::of(variable) }),
            }
        }
        for (variable, values) in ask.bracketed("outputvalues") {
            let of = |wanted: &&mut Variable| wanted.name.eq_ignore_ascii_case(variable);
            if let Some(wanted) = selection.iter_mut().find(of) {
                wanted.output_values = Some(values.to_owned());
            }
        }
        let names = |name| ask.parameter(name).map(split).unwrap_or_default();
        let placement = Placement { heading: names("heading"), stub: names("stub") };
        Ok(Self { variables: selection, placement: Some(placement) })
    }

    /// The axes in the order they have in the answer; eliminated ones come last.
    pub fn resolve(&self, table: &Table) -> Result<Vec<Axis>, Refusal> {
        let mut wanted: Vec<Option<&Variable>> = vec![None; table.dimensions.len()];
        for variable in &self.variables {
            let at = place(table, &variable.name).ok_or(Refusal::Variable)?;
            if wanted[at].replace(variable).is_some() {
                return Err(Refusal::Crash);
            }
        }
        let default = self.variables.is_empty();
        let mut axes = Vec::new();
        for (at, wanted) in wanted.into_iter().enumerate() {
            axes.push(if default { by_default(table, at) } else { chosen(table, at, wanted)? });
        }
        self.arrange(table, axes)
    }

    fn arrange(&self, table: &Table, axes: Vec<Axis>) -> Result<Vec<Axis>, Refusal> {
        let (mut shown, eliminated): (Vec<Axis>, Vec<Axis>) = axes.into_iter().partition(|axis| !axis.eliminated);
        if let Some(Placement { heading, stub }) = &self.placement {
            let named = |names: &[String]| -> Result<Vec<usize>, Refusal> {
                names.iter().map(|name| place(table, name).ok_or(Refusal::Placement)).collect()
            };
            let (heading, stub) = (named(heading)?, named(stub)?);
            if !heading.is_empty() || !stub.is_empty() {
                let both: Vec<usize> = stub.iter().chain(&heading).copied().collect();
                let known = both.iter().all(|at| shown.iter().any(|axis| axis.dimension == *at));
                let once = both.iter().enumerate().all(|(at, one)| !both[..at].contains(one));
                let whole = heading.is_empty() || stub.is_empty() || both.len() == shown.len();
                if !(known && once && whole) {
                    return Err(Refusal::Placement);
                }
                // Those that no list names go to the list that names none.
                let rank = |axis: &Axis| match both.iter().position(|at| *at == axis.dimension) {
                    Some(at) => (usize::from(stub.is_empty()), at),
                    None => (usize::from(!stub.is_empty()), axis.dimension),
                };
                shown.sort_by_key(rank);
            }
        }
        shown.extend(eliminated);
        Ok(shown)
    }
}

/// Cells of an answer, without overflow.
pub fn cells(axes: &[Axis]) -> u64 {
    axes.iter().fold(1, |cells: u64, axis| cells.saturating_mul(axis.groups.len() as u64))
}

/// A dimension by its code in any case, or `time` for the time dimension.
pub fn place(table: &Table, name: &str) -> Option<usize> {
    let alias = name.eq_ignore_ascii_case("time");
    table
        .dimensions
        .iter()
        .position(|dimension| dimension.id.eq_ignore_ascii_case(name))
        .or_else(|| table.dimensions.iter().position(|dimension| alias && dimension.role == Role::Time))
}

fn chosen(table: &Table, at: usize, wanted: Option<&Variable>) -> Result<Axis, Refusal> {
    let dimension = &table.dimensions[at];
    let list = match wanted.and_then(|wanted| wanted.codelist.as_deref()).filter(|id| !id.is_empty()) {
        Some(id) => Some(dimension.codelist(id).ok_or(Refusal::Codelist)?),
        None => None,
    };
    let groups = list.map_or_else(|| dimension.groups(), |list| list.groups.clone());
    let codes = wanted.and_then(|wanted| wanted.value_codes.as_deref()).unwrap_or_default();
    if codes.is_empty() {
        return eliminated(table, at).ok_or(Refusal::MissingSelection);
    }
    if codes.iter().enumerate().any(|(at, code)| codes[..at].contains(code)) {
        return Err(Refusal::Crash);
    }
    let mut marks = vec![false; groups.len()];
    for code in codes {
        expression::choose(code, &groups, dimension.role == Role::Time, &mut marks)?;
    }
    let groups: Vec<Group> =
        groups.into_iter().zip(marks).filter(|(_, marked)| *marked).map(|(group, _)| group).collect();
    if groups.is_empty() {
        return eliminated(table, at).ok_or(Refusal::IllegalSelection);
    }
    let single = wanted.and_then(|wanted| wanted.output_values.as_deref());
    let groups = if single.is_some_and(|values| values.eq_ignore_ascii_case("single")) {
        let is_behind = |own: &Group| groups.iter().any(|group| group.members.contains(&own.members[0]));
        dimension.groups().into_iter().filter(is_behind).collect()
    } else {
        groups
    };
    Ok(Axis { dimension: at, groups, eliminated: false })
}

fn eliminated(table: &Table, at: usize) -> Option<Axis> {
    let dimension = &table.dimensions[at];
    let whole = dimension.position(dimension.elimination?)?;
    let groups = dimension.groups().swap_remove(whole);
    Some(Axis { dimension: at, groups: vec![groups], eliminated: true })
}

/// With no selection at all the server chooses in silence: what can be eliminated
/// is, of the contents all, of time the latest, of the rest the first.
fn by_default(table: &Table, at: usize) -> Axis {
    eliminated(table, at).unwrap_or_else(|| {
        let mut groups = table.dimensions[at].groups();
        match table.dimensions[at].role {
            Role::Metric => {}
            Role::Time => drop(groups.drain(..groups.len().saturating_sub(1))),
            Role::Class => groups.truncate(1),
        }
        Axis { dimension: at, groups, eliminated: false }
    })
}

/// At the commas; a comma inside `[…]` is part of the value, the brackets are not.
fn split(values: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut depth = 0_u32;
    for character in values.chars() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
            other => part.push(other),
        }
    }
    parts.push(part);
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_split_at_commas_outside_brackets() {
        assert_eq!(split("01,20"), ["01", "20"]);
        assert_eq!(split("[range(2002,2005)],2010"), ["range(2002,2005)", "2010"]);
        assert!(split("").is_empty());
    }
}
