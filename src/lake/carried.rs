//! Periods that left the source's selection and stay published, in the
//! reader's words.

use super::manifest::{Carried, Manifest};
use super::version::VersionId;

/// The column that marks kept rows; there only when a version has any.
pub const ORIGIN: &str = "ursprungsversion";
pub const ORIGIN_TITLE: &str = "Version som raden är från";

impl Manifest {
    /// A Swedish sentence per version that periods were kept from, oldest version first.
    pub fn carried_in_words(&self) -> Vec<String> {
        let mut versions: Vec<&VersionId> = self.carried.iter().map(|carried| &carried.version).collect();
        versions.sort();
        versions.dedup();
        let sentence = |version: &VersionId| {
            let of = |carried: &&Carried| carried.version == *version;
            let periods: Vec<&str> = self.carried.iter().filter(of).map(|carried| &*carried.period).collect();
            let subject = if periods.len() == 1 { "Perioden" } else { "Perioderna" };
            format!("{subject} {} finns inte längre hos källan; värdena är från version {version}.", listed(&periods))
        };
        versions.into_iter().map(sentence).collect()
    }

    /// The same for an operator, in one line; none when nothing was kept.
    pub fn carried_note(&self) -> Option<String> {
        match self.carried.as_slice() {
            [] => None,
            [only] => Some(format!("period {} is kept from an earlier version", only.period)),
            many => Some(format!("{} periods are kept from earlier versions", many.len())),
        }
    }
}

/// `2015, 2016 och 2017`; a long list by its ends.
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, .., last] if names.len() > 8 => format!("{first} till {last} ({} stycken)", names.len()),
        [head @ .., last] => format!("{} och {last}", head.join(", ")),
    }
}
