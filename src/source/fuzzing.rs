//! Selection expressions of any spelling.

use super::selection::{CodeList, is_expression};

/// A page with links to files.
pub fn page(data: &[u8]) {
    super::file::links::fuzz(data);
}

/// What is chosen is in the list, in its order, each once; whatever is not an expression is a code or an error.
pub fn selection(text: &str) {
    let codes: Vec<(String, String)> =
        ["00", "01", "0114", "0115", "03", "*", "A(1)", "TotSa", "totSA", "Å", "2023", "2024"]
            .map(|code| (code.to_owned(), format!("etikett {code}")))
            .into();
    for is_time in [false, true] {
        let list = CodeList { dimension: "D", codes: &codes, is_time };
        let expressions: Vec<String> = text.split(';').map(str::to_owned).collect();
        match list.resolve(&expressions) {
            Ok(chosen) => {
                assert!(!chosen.is_empty() && chosen.is_sorted_by(|one, other| one < other), "{text:?}: {chosen:?}");
                assert!(chosen.iter().all(|at| *at < codes.len()), "{text:?}: {chosen:?}");
                let plain = expressions.iter().filter(|text| !is_expression(text.trim())).count();
                assert!(plain < expressions.len() || chosen.len() <= plain, "{text:?} chooses more than it spells");
            }
            Err(error) => {
                let _ = (error.to_string(), error.hint());
            }
        }
    }
}
