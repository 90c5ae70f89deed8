//! Eurostat's flags, of which several may stand together (`bp`: a break in the
//! series, and provisional). What each means is configuration.

use std::collections::BTreeMap;

use crate::contract::Status;

/// As many flags as stand together.
const TOGETHER: usize = 3;

/// The meanings of single flags and of all that they can be together: the first status by precedence.
pub fn combined(single: &BTreeMap<String, Status>) -> BTreeMap<String, Status> {
    let letters: Vec<(&String, Status)> = single
        .iter()
        .filter(|(symbol, _)| symbol.chars().count() == 1)
        .map(|(symbol, status)| (symbol, *status))
        .collect();
    let mut all = single.clone();
    let mut longest: Vec<(String, Status)> =
        letters.iter().map(|(symbol, status)| ((*symbol).clone(), *status)).collect();
    for _ in 1..TOGETHER {
        longest = longest
            .iter()
            .flat_map(|(word, status)| {
                let others = letters.iter().filter(|(symbol, _)| !word.contains(symbol.as_str()));
                others.map(move |(symbol, other)| (format!("{word}{symbol}"), (*status).min(*other)))
            })
            .collect();
        for (word, status) in &longest {
            all.entry(word.clone()).or_insert(*status);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_together_mean_the_gravest_of_them() {
        let single = [("b", Status::Observed), ("p", Status::Preliminary), ("c", Status::Suppressed)]
            .map(|(symbol, status)| (symbol.to_owned(), status));
        let all = combined(&BTreeMap::from(single));
        assert_eq!((all["bp"], all["pb"], all["b"]), (Status::Preliminary, Status::Preliminary, Status::Observed));
        assert_eq!((all["bc"], all["bpc"]), (Status::Suppressed, Status::Suppressed));
        assert_eq!(all.len(), 3 + 6 + 6);
    }

    #[test]
    fn a_combination_that_is_declared_means_what_is_declared() {
        let single = [("b", Status::Observed), ("u", Status::Unreliable), ("bu", Status::Observed)]
            .map(|(symbol, status)| (symbol.to_owned(), status));
        assert_eq!(combined(&BTreeMap::from(single))["bu"], Status::Observed);
    }
}
