//! What a run shows while it works: a line per pipeline on a terminal; elsewhere
//! a log line per step, and now and then how far a long fetch is.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often a long fetch is told of where there is no terminal.
const EVERY: Duration = Duration::from_secs(30);

pub struct Progress {
    bars: Option<MultiProgress>,
    tell: fn(&str),
}

impl Progress {
    /// Bars when stderr is a terminal; else `tell` has a line now and then.
    pub fn new(tell: fn(&str)) -> Self {
        Self { bars: std::io::stderr().is_terminal().then(MultiProgress::new), tell }
    }

    pub fn line(&self, name: &str) -> Line {
        let bar = self.bars.as_ref().map(|bars| {
            let style = ProgressStyle::with_template("{spinner} {prefix:14} {wide_msg} {elapsed}");
            let bar = bars
                .add(ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner())));
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Line { name: name.to_owned(), bar, tell: self.tell, told: Mutex::new(Instant::now()) }
    }
}

pub struct Line {
    name: String,
    bar: Option<ProgressBar>,
    tell: fn(&str),
    /// When a line was written last, where there is no bar.
    told: Mutex<Instant>,
}

impl Line {
    /// A step begins.
    pub fn step(&self, message: impl Into<String>) {
        let message = message.into();
        tracing::info!(pipeline = self.name, "{message}");
        if let Some(bar) = &self.bar {
            bar.set_message(message);
        }
    }

    /// A step goes on: shown on a terminal at once, elsewhere now and then.
    pub fn tick(&self, message: impl Into<String>) {
        if let Some(bar) = &self.bar {
            bar.set_message(message.into());
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= EVERY {
            *told = Instant::now();
            (self.tell)(&format!("{}: {}", self.name, message.into()));
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
