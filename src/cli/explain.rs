//! `underlag explain`.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use crate::codes::{self, Code};
use crate::nearest::nearest;

use super::exit::{Exit, Failure};
use super::text;

#[derive(Debug, Args)]
pub struct Explain {
    /// The code, such as U0401 [default: a list of all]
    code: Option<String>,
    /// Write every page into this folder, as CODE.md
    #[arg(long, value_name = "DIR", conflicts_with = "code")]
    write: Option<PathBuf>,
}

impl Explain {
    pub fn run(self) -> Result<Exit, Failure> {
        if let Some(folder) = self.write {
            std::fs::create_dir_all(&folder).map_err(Failure::failed)?;
            for (name, text) in codes::files() {
                std::fs::write(folder.join(name), text).map_err(Failure::failed)?;
            }
            return Ok(Exit::Done);
        }
        match self.code {
            None => text::part(&codes::list()),
            Some(written) => match Code::find(&written) {
                Some(code) => text::part(&code.text()),
                None => return Err(unknown(&written)),
            },
        }
        Ok(Exit::Done)
    }
}

fn unknown(written: &str) -> Failure {
    let known: Vec<&str> = codes::all().map(Code::as_str).collect();
    let hint = match nearest(&written.to_uppercase(), known) {
        Some(near) => format!("did you mean {near}? `underlag explain` lists all"),
        None => "`underlag explain` lists all".to_owned(),
    };
    Failure::usage(codes::NO_SUCH_THING, anyhow!("there is no code {written:?}")).hint(hint)
}
