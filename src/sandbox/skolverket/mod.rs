//! The stand-ins of Skolverket's four services, over one synthetic world of
//! planned adult education: Planned Educations v4, Skolenhetsregistret v2,
//! Susa-navet EMIL 3 and SiRiS's exports.

mod event;
mod planned;
mod register;
mod siris;
mod susa;

use self::event::Event;
use super::http::{Ask, Reply};
use super::region::Region;

pub struct Skolverket {
    seed: u64,
    regions: Vec<Region>,
    events: Vec<Event>,
}

impl Skolverket {
    pub fn new(seed: u64, regions: &[Region]) -> Self {
        Self { seed, regions: regions.to_vec(), events: event::events(seed, regions) }
    }

    pub fn planned(&self, ask: &Ask<'_>) -> Reply {
        planned::answer(self, ask)
    }

    pub fn register(&self, ask: &Ask<'_>) -> Reply {
        register::answer(self, ask)
    }

    pub fn susa(&self, ask: &Ask<'_>) -> Reply {
        susa::answer(self, ask)
    }

    pub fn siris(&self, ask: &Ask<'_>) -> Reply {
        siris::answer(self, ask)
    }
}

/// Values of a parameter that may be given more than once, or as a list.
fn values<'a>(ask: &'a Ask<'_>, name: &str) -> Vec<&'a str> {
    let given = ask.query.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    given.flat_map(|(_, value)| value.split([',', ';'])).map(str::trim).filter(|value| !value.is_empty()).collect()
}
