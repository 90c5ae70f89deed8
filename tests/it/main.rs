//! The program from outside: a configuration is written, the sandbox or the
//! recorded answers are started, the binary is run, and stdout, stderr, exit
//! code and data folder are looked at. One crate, because a linked test binary
//! is large.

mod world;

mod bad_input;
mod commands;
mod disk;
mod recorded;
