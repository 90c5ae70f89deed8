//! The program that runs for years: starts what is due, swaps its configuration, stops when told, and says how it is.

pub mod live;
