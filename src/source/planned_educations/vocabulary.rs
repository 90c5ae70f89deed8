//! The codes of types of school in adult education: the source renamed most of
//! them, and its own examples still answer with the old ones.

/// A type of school.
#[derive(Debug)]
pub struct Type {
    pub code: &'static str,
    /// What it was called before; a fetch may name it so.
    pub older: &'static [&'static str],
    pub title: &'static str,
}

pub const TYPES: &[Type] = &[
    Type { code: "aub", older: &["arbmarknutb"], title: "Arbetsmarknadsutbildning" },
    Type { code: "au", older: &[], title: "Annan undervisning" },
    Type { code: "coursebasic", older: &[], title: "Kurs på grundnivå, högskola" },
    Type { code: "courseadvanced", older: &[], title: "Kurs på avancerad nivå, högskola" },
    Type { code: "fhs", older: &["fhsk"], title: "Folkhögskola" },
    Type { code: "fhsaub", older: &["fhskaub"], title: "Folkhögskola (arbetsmarknadsutbildning)" },
    Type { code: "forutbildning", older: &[], title: "Förutbildning för högskola" },
    Type { code: "forberutb", older: &[], title: "Förberedande utbildning" },
    Type { code: "kku", older: &["konstkultur"], title: "Konst- och kulturutbildning" },
    Type { code: "ny", older: &[], title: "Nationell yrkesutbildning" },
    Type { code: "programbasic", older: &[], title: "Program på grundnivå, högskola" },
    Type { code: "programadvanced", older: &[], title: "Program på avancerad nivå, högskola" },
    Type { code: "testokartl", older: &[], title: "Test och kartläggning inför arbetsmarknadsutbildning" },
    Type { code: "vuxgran", older: &["komvuxgrsar"], title: "Komvux som anpassad utbildning, grundläggande nivå" },
    Type { code: "vuxgyan", older: &["komvuxgysar"], title: "Komvux som anpassad utbildning, gymnasial nivå" },
    Type { code: "vuxgy", older: &["komvuxgycourses"], title: "Komvux på gymnasial nivå" },
    Type { code: "vuxgr", older: &["komvuxbasiccourses"], title: "Komvux på grundläggande nivå" },
    Type { code: "vuxsfi", older: &["komvuxsfi", "sfi"], title: "Komvux i svenska för invandrare" },
    Type { code: "komvuxcoursepackage", older: &[], title: "Yrkespaket eller kurspaket i komvux" },
    Type { code: "yhkurskurspaket", older: &[], title: "Yrkeshögskola, kurs eller kurspaket" },
    Type { code: "yhprogram", older: &[], title: "Yrkeshögskola, program" },
    Type { code: "yh", older: &[], title: "Yrkeshögskola" },
];

pub fn known(code: &str) -> Option<&'static Type> {
    TYPES.iter().find(|one| one.code == code || one.older.contains(&code))
}

/// The code to ask with: the one that the source itself lists, where it lists the type under either name.
pub fn asked(code: &str, listed: &[String]) -> String {
    let Some(known) = known(code) else { return code.to_owned() };
    let names = std::iter::once(&known.code).chain(known.older);
    let listed = names.into_iter().find(|name| listed.iter().any(|one| one == *name));
    (*listed.unwrap_or(&known.code)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_asked_for_by_the_name_that_the_source_uses() {
        let listed = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        assert_eq!(asked("fhs", &listed(&["fhsk", "yh"])), "fhsk");
        assert_eq!(asked("fhsk", &listed(&["fhs", "yh"])), "fhs");
        assert_eq!(asked("komvuxsfi", &listed(&["yh"])), "vuxsfi", "not listed: the current name");
        assert_eq!(asked("nytt", &listed(&["nytt"])), "nytt");
        let mut names: Vec<&str> =
            TYPES.iter().flat_map(|one| std::iter::once(&one.code).chain(one.older)).copied().collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "no name means two types");
    }
}
