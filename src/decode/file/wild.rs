//! Patterns with `*` (any text) and `?` (one character), as names of sheets and
//! of packed files are chosen by.

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Wild(Vec<char>);

impl Wild {
    pub fn new(pattern: &str) -> Self {
        Self(pattern.chars().collect())
    }

    pub fn is_plain(&self) -> bool {
        !self.0.iter().any(|letter| matches!(letter, '*' | '?'))
    }

    /// In time proportional to the product of the lengths, whatever the pattern.
    pub fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut of) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.0.get(of) {
                Some('*') => {
                    star = Some((of, at));
                    of += 1;
                }
                Some(letter) if *letter == '?' || *letter == text[at] => {
                    at += 1;
                    of += 1;
                }
                _ => match star {
                    Some((place, from)) => {
                        star = Some((place, from + 1));
                        (of, at) = (place + 1, from + 1);
                    }
                    None => return false,
                },
            }
        }
        self.0[of..].iter().all(|letter| *letter == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, fits) in [
            ("Tabell*", "Tabell 1", true),
            ("Tabell*", "tabell 1", false),
            ("*barometer*", "Yrkesbarometer 2026", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*.csv", "data/a.csv", true),
            ("*", "", true),
            ("", "a", false),
            ("*a*b*", "xxaxxbxx", true),
            ("Å?d", "Åäd", true),
        ] {
            assert_eq!(Wild::new(pattern).fits(text), fits, "{pattern} {text}");
        }
        assert!(Wild::new("a.csv").is_plain() && !Wild::new("a*").is_plain());
    }
}
