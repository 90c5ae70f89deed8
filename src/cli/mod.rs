//! The commands: one file each. A command says what it found on stdout; what
//! it does meanwhile, and what went wrong, goes to stderr.

mod accept;
mod check;
mod completions;
mod context;
mod daemon;
mod demo;
mod desk;
mod diff;
mod exit;
mod explain;
mod export;
mod gc;
mod history;
mod lock;
mod man;
mod notify;
mod plan;
mod probe;
mod replay;
mod report;
mod rollback;
mod run;
mod sandbox;
mod schema;
mod source;
mod status;
mod test;
mod text;
mod trace;
mod verify;
mod vintage;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use exit::Exit;

use crate::codes;
use crate::log::{self, Usual};

/// Fetches public statistics, turns them into regional Parquet datasets and publishes fresh summaries.
#[derive(Debug, Parser)]
#[command(name = "underlag", version)]
pub struct Arguments {
    /// The configuration [default: config/underlag.toml here, then /etc/underlag/underlag.toml]
    #[arg(long, value_name = "FILE", env = "UNDERLAG_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// The data folder, instead of the configuration's
    #[arg(long, value_name = "DIR", env = "UNDERLAG_DATA_DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// How log lines are written: human, json or journald [default: journald where stderr leads there, else human]
    #[arg(long, value_name = "FORMAT", env = "UNDERLAG_LOG_FORMAT", global = true, hide_possible_values = true)]
    log_format: Option<log::Format>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Parse and validate every file; show every problem
    Check,
    /// Run pipelines' queries on the fixtures in their tests/ folders
    Test(test::Test),
    /// Show what a run would do, with metadata calls alone
    Plan(plan::Plan),
    /// Run pipelines now, once, and render the site
    Run(run::Run),
    /// Run on schedule until told to stop
    ///
    /// Pipelines run when their [schedule] says so. SIGHUP, or an edit of a file, takes a new configuration into force if
    /// all of it holds; SIGTERM ends what is under way within [daemon] shutdown_grace.
    Daemon,
    /// Let a stopped publish through, once, and say why
    ///
    /// A publish stops and waits when a source says something else of its data than before, or when more rows are gone
    /// than `max_drop` allows. This runs the pipeline now and lets through exactly what `underlag status` shows.
    /// Anything else stops it again, and no other check is skipped. What was let through, and why, is in the manifest
    /// and on the pages.
    Accept(accept::Accept),
    /// Show what is published, how fresh it is, and how the last run ended
    Status(status::Status),
    /// Show past runs, newest first
    History(history::History),
    /// Show what changed between two versions of a dataset
    Diff(diff::Diff),
    /// Write a version of a dataset, today's or that of a day, as one file
    Export(export::Export),
    /// Read everything published again and compare it with the manifests
    Verify(verify::Verify),
    /// Remove the data of versions that [retention] no longer keeps, and what crashes left
    Gc(gc::Gc),
    /// Give readers an earlier version of a dataset again
    Rollback(rollback::Rollback),
    /// Mark a version that should not be used
    Withdraw(rollback::Withdraw),
    /// Follow a published row back to the archived answers behind it
    Trace(trace::Trace),
    /// Compute a version again from the archive alone and compare
    Replay(replay::Replay),
    /// Render reports again from what is published
    Report(lock::Wait),
    /// Browse the sources, and draft a pipeline for one of their tables
    #[command(subcommand)]
    Source(source::Source),
    /// Send a test message to the channels of [notify], and show what their servers answer
    Notify(notify::Notify),
    /// Hold a live source against everything that is assumed of it
    Probe(probe::Probe),
    /// Serve the stand-in APIs alone
    Sandbox(sandbox::Sandbox),
    /// Do the whole job on synthetic data, then serve the site
    Demo(demo::Demo),
    /// Say what an error code means, what readers see meanwhile, and what to do
    Explain(explain::Explain),
    /// Print the JSON Schema of a configuration file, or a document of every key
    Schema(schema::Schema),
    /// Print what a shell reads to complete commands and options
    Completions(completions::Completions),
    /// Print the manual page, or write one for every command
    Man(man::Manual),
}

/// The whole program, apart from the process that it runs in.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            tell(&error);
            return code.into();
        }
    };
    let usual = if matches!(arguments.command, Command::Daemon) { Usual::Daemon } else { Usual::Command };
    log::start(arguments.log_format, usual);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            text::error(codes::FAULT, &format!("could not start: {error}"), None);
            return Exit::Failed.into();
        }
    };
    let end = runtime.block_on(dispatch(arguments));
    // Nothing that still runs is worth waiting for: what mattered was awaited.
    runtime.shutdown_background();
    match end {
        Ok(exit) => exit.into(),
        Err(failure) => {
            text::error(failure.code, &told(&failure.error), failure.hint.as_deref());
            failure.exit.into()
        }
    }
}

async fn dispatch(arguments: Arguments) -> Result<Exit, exit::Failure> {
    let place = context::Place { config: arguments.config, data_dir: arguments.data_dir };
    match arguments.command {
        Command::Check => check::check(&place).await,
        Command::Test(test) => test.run(&place).await,
        Command::Plan(plan) => plan.run(&place).await,
        Command::Run(run) => run.run(&place).await,
        Command::Daemon => Box::pin(daemon::daemon(&place)).await,
        Command::Accept(accept) => accept.run(&place).await,
        Command::Status(status) => status.run(&place),
        Command::History(history) => history.run(&place),
        Command::Diff(diff) => diff.run(&place),
        Command::Export(export) => export.run(&place),
        Command::Verify(verify) => Box::pin(verify.run(&place)).await,
        Command::Report(wait) => report::report(&place, &wait).await,
        Command::Gc(gc) => gc.run(&place).await,
        Command::Rollback(rollback) => rollback.run(&place).await,
        Command::Withdraw(withdraw) => withdraw.run(&place).await,
        Command::Trace(trace) => trace.run(&place).await,
        Command::Replay(replay) => Box::pin(replay.run(&place)).await,
        Command::Notify(notify) => notify.run(&place).await,
        Command::Probe(probe) => Box::pin(probe.run(&place)).await,
        Command::Source(source) => Box::pin(source.run(&place)).await,
        Command::Sandbox(sandbox) => sandbox.run(&place).await,
        Command::Demo(demo) => demo.run(&place).await,
        Command::Explain(explain) => explain.run(),
        Command::Schema(schema) => schema.run(),
        Command::Completions(completions) => Ok(completions.run()),
        Command::Man(manual) => manual.run(),
    }
}

/// Help and version as they are; an error with its code.
fn tell(error: &clap::Error) {
    if !error.use_stderr() {
        let _ = error.print();
        return;
    }
    let styled = error.render();
    let text = if text::coloured() { styled.ansi().to_string() } else { styled.to_string() };
    text::note(text.replacen("error:", &format!("error[{}]:", codes::USAGE), 1).trim_end());
}

/// The error and its causes, each told once: some messages hold their cause already.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
