//! Renders what readers see from a pinned set of *published* versions: a
//! static site, in Swedish, with the data behind each figure beside it.
//!
//! A report passes published values on. It never computes an indicator of its
//! own: no sums, no shares, no averages, and a missing value stays missing. The
//! same input gives the same bytes; the clock is never read.

mod chart;
mod csv_file;
mod definition;
mod error;
mod fields;
mod figure;
mod keys;
mod load;
mod number;
mod observations;
mod page;
mod period;
mod problem;
mod published;
mod site;
mod view;
mod words;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use definition::{Figure, Filter, Level, Report, Series, Shape};
pub use error::ReportError;
pub use load::load_reports;
pub use problem::ReportProblem;
pub use published::{Geography, Published, SiteInput};
pub use site::{RenderedSite, render};
