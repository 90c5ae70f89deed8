//! The known name that a mistyped one was most likely meant to be. It offers
//! what is a few slips of the keyboard away, never a wild guess.

/// The closest of `known`, whatever the case of its letters; nothing when none is close.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = word.to_lowercase();
    let allowed = (wanted.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("tabel", ["table", "select"]), Some("table"));
        assert_eq!(nearest("SCB", ["scb", "kolada"]), Some("scb"));
        assert_eq!(nearest("eurostat", ["scb", "kolada"]), None);
        assert_eq!(nearest("ar", []), None);
    }
}
