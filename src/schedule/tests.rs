//! The rules, one at a time.
