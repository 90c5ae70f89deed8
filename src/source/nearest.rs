//! The known name that a mistyped one most likely meant.

/// The closest of `known`, or nothing when none is close enough to be worth suggesting.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wanted = wanted.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name.to_owned())
}

/// The code that was most likely meant: the one whose label was written instead, else the closest code.
pub fn nearest_code(wanted: &str, codes: &[(String, String)]) -> Option<String> {
    let by_label = codes.iter().find(|(_, label)| label.trim().to_lowercase() == wanted.trim().to_lowercase());
    match by_label {
        Some((code, _)) => Some(code.clone()),
        None => nearest(wanted, codes.iter().map(|(code, _)| code.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_leads_to_its_code_and_a_slip_to_the_closest() {
        let codes = [("01".to_owned(), "Stockholms län ".to_owned()), ("TotSa".to_owned(), "totalt".to_owned())];
        assert_eq!(nearest_code("stockholms län", &codes).as_deref(), Some("01"));
        assert_eq!(nearest_code("TotSA", &codes).as_deref(), Some("TotSa"));
        assert_eq!(nearest_code("xyz", &codes), None);
    }
}
