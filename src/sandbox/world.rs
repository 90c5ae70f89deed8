//! The synthetic world that all stand-ins describe, so that they agree with each other.

use std::sync::{Arc, OnceLock};

use super::ads::{Historical, JobStream, Writer};
use super::eurostat::Eurostat;
use super::examples;
use super::file::{Files, advertisements};
use super::http::{Ask, Reply};
use super::kolada::Kolada;
use super::options::Options;
use super::population::Population;
use super::pxweb::Pxweb;
use super::region::{Region, regions};
use super::skolverket::Skolverket;
use crate::reference::Reference;
use jiff::Timestamp;

pub struct World {
    reference: Arc<Reference>,
    seed: u64,
    regions: Vec<Region>,
    people: Arc<Population>,
    pub pxweb: Pxweb,
    pub kolada: Kolada,
    pub eurostat: Eurostat,
    files: Files,
    advertisements: Writer,
    historical: Historical,
    jobstream: JobStream,
    skolverket: OnceLock<Skolverket>,
}

/// The world as it should be, and the one with a kommun that nobody knows.
pub struct Worlds {
    reference: Arc<Reference>,
    options: Options,
    ordinary: OnceLock<World>,
    strange: OnceLock<World>,
}

impl Worlds {
    pub fn new(reference: Reference, options: Options) -> Self {
        let reference = Arc::new(reference);
        Self { reference, options, ordinary: OnceLock::new(), strange: OnceLock::new() }
    }

    pub fn get(&self, strange: bool) -> &World {
        let world = if strange { &self.strange } else { &self.ordinary };
        world.get_or_init(|| World::new(Arc::clone(&self.reference), &self.options, strange))
    }
}

impl World {
    fn new(reference: Arc<Reference>, options: &Options, strange: bool) -> Self {
        let regions = regions(&reference, strange);
        let people = Arc::new(Population::new(options.seed, &regions));
        let pxweb = Pxweb::new(options, &regions, Arc::clone(&people));
        let kolada = Kolada::new(&reference, options, &regions, Arc::clone(&people));
        let eurostat = Eurostat::new(&reference, options, &regions, &people);
        Self {
            advertisements: Writer::new(&reference, options.seed),
            historical: Historical::new(options.seed),
            jobstream: JobStream::new(options.seed),
            reference,
            seed: options.seed,
            regions,
            people,
            pxweb,
            kolada,
            eurostat,
            files: Files::new(),
            skolverket: OnceLock::new(),
        }
    }

    pub fn skolverket(&self) -> &Skolverket {
        self.skolverket.get_or_init(|| Skolverket::new(self.seed, &self.regions))
    }

    pub fn historical(&self, ask: &Ask<'_>, options: &Options) -> Reply {
        self.historical.answer(ask, options.updated, &self.advertisements)
    }

    /// As the clock goes.
    pub fn jobstream(&self, ask: &Ask<'_>) -> Reply {
        self.jobstream.answer(ask, Timestamp::now(), &self.advertisements)
    }

    pub fn file(&self, ask: &Ask<'_>, options: &Options) -> Reply {
        let make = |revised| advertisements(&self.reference, &self.regions, &self.people, self.seed, revised);
        let examples = |revised| examples::all(&self.regions, &self.people, self.seed, revised);
        self.files.answer(ask, options.updated, make, examples)
    }
}
