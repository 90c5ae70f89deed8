//! Names of columns that the configuration does not name itself.

/// A dimension or content that is not renamed becomes its lower-case ASCII name: å and ä become a,
/// ö becomes o, é becomes e, and what is neither letter nor digit becomes `_`.
pub fn column_name(id: &str) -> String {
    id.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'å' | 'ä' => 'a',
            'ö' => 'o',
            'é' | 'è' => 'e',
            'ü' => 'u',
            letter if letter.is_ascii_alphanumeric() => letter,
            _ => '_',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_lower_case_ascii() {
        for (id, column) in [
            ("Region", "region"),
            ("SNI2007", "sni2007"),
            ("Ålder och kön", "alder_och_kon"),
            ("KonAlderFodelseland", "konalderfodelseland"),
            ("000008QQ", "000008qq"),
        ] {
            assert_eq!(column_name(id), column);
        }
    }
}
