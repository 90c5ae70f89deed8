//! `underlag schema`.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use crate::codes;
use crate::config::{document, json_schemas};

use super::exit::{Exit, Failure};
use super::text;

#[derive(Debug, Args)]
pub struct Schema {
    /// underlag, sources, areas or pipeline [default: a list of them]
    file: Option<String>,
    /// Write every schema into this folder, as NAME.schema.json
    #[arg(long, value_name = "DIR", conflicts_with = "file")]
    write: Option<PathBuf>,
    /// Write a document of every key of every file
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    keys: Option<PathBuf>,
}

impl Schema {
    pub fn run(self) -> Result<Exit, Failure> {
        let schemas = json_schemas();
        if let Some(file) = &self.keys {
            std::fs::write(file, document()).map_err(Failure::failed)?;
        }
        if let Some(folder) = self.write {
            std::fs::create_dir_all(&folder).map_err(Failure::failed)?;
            for (name, schema) in &schemas {
                let mut text = serde_json::to_string_pretty(schema).map_err(Failure::failed)?;
                text.push('\n');
                std::fs::write(folder.join(format!("{name}.schema.json")), text).map_err(Failure::failed)?;
            }
            return Ok(Exit::Done);
        }
        if self.keys.is_some() {
            return Ok(Exit::Done);
        }
        let names: Vec<&str> = schemas.iter().map(|(name, _)| *name).collect();
        match self.file {
            None => names.iter().for_each(|name| text::line(name)),
            Some(file) => match schemas.iter().find(|(name, _)| *name == file) {
                Some((_, schema)) => text::line(&serde_json::to_string_pretty(schema).map_err(Failure::failed)?),
                None => {
                    return Err(Failure::usage(codes::NO_SUCH_THING, anyhow!("there is no schema {file:?}"))
                        .hint(format!("there are {}", names.join(", "))));
                }
            },
        }
        Ok(Exit::Done)
    }
}
