//! The rules, one at a time, and all of them through a year and through whatever chance makes up.

mod chance;
mod retry;
mod rules;
mod times;
mod year;
