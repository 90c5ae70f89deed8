//! The code that a mistyped one, or a label in its place, most likely meant.

use crate::nearest::nearest;

/// The code that was most likely meant: the one whose label was written instead, else the closest code.
pub fn nearest_code(wanted: &str, codes: &[(String, String)]) -> Option<String> {
    let by_label = codes.iter().find(|(_, label)| label.trim().to_lowercase() == wanted.trim().to_lowercase());
    match by_label {
        Some((code, _)) => Some(code.clone()),
        None => nearest(wanted, codes.iter().map(|(code, _)| code.as_str())).map(str::to_owned),
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
