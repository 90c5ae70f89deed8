//! The program from outside: a configuration is written, the sandbox or the
//! recorded answers are started, the binary is run, and stdout, stderr, exit
//! code and data folder are looked at. One crate, because a linked test binary
//! is large.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should say where")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod inside;
mod local;
mod people;
mod world;

mod accept;
mod ads;
mod areas;
mod bad_input;
mod bad_rows;
mod check;
mod check_sql;
mod commands;
mod contract;
mod crash;
mod daemon;
mod damage;
mod demo;
mod diff;
mod disk;
mod drift;
mod eurostat;
mod export;
mod faults;
mod files;
mod firewall;
mod formats;
mod honest;
mod jobtech;
mod kill;
mod kolada;
mod lineage;
mod lock;
mod lost_state;
mod notify;
mod operator;
mod polite;
mod probe;
mod pxweb;
mod pxweb_v1;
mod recorded;
mod releases;
mod retention;
mod sandbox;
mod skolverket;
mod source;
mod usage;
mod verify;
mod vintages;
