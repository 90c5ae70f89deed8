//! From what the user typed to a checked configuration, or every reason why not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;

use crate::config::{self, Config, Diagnostic, Loaded, Overrides, render_all};
use crate::reference::Reference;
use crate::report;
use crate::run::{Workshop, check_queries};

use super::exit::Failure;
use super::text;

/// Where configuration and data lie, as far as the user said.
#[derive(Clone, Debug, Default)]
pub struct Place {
    pub config: Option<PathBuf>,
    pub data_dir: Option<PathBuf>,
}

const HERE: &str = "config/underlag.toml";
const SYSTEM: &str = "/etc/underlag/underlag.toml";

impl Place {
    fn config_file(&self) -> Result<PathBuf, Failure> {
        if let Some(file) = &self.config {
            return Ok(file.clone());
        }
        [HERE, SYSTEM].into_iter().map(PathBuf::from).find(|path| path.exists()).ok_or_else(|| {
            Failure::usage(anyhow!("no configuration: neither {HERE} here nor {SYSTEM} exists"))
                .hint("name one with --config FILE, or try `underlag demo`, which needs none")
        })
    }

    /// Configuration and reference tables, without a look at the queries.
    pub fn load(&self) -> Result<(Config, Reference), Failure> {
        let (loaded, reference) = self.read()?;
        match (loaded.config, reference) {
            (Some(config), Some(reference)) => {
                warn(&loaded.diagnostics, &loaded.files);
                Ok((config, reference))
            }
            _ => Err(refused(&loaded.diagnostics, &loaded.files)),
        }
    }

    /// Everything that `check` looks at; nothing is run before all of it holds.
    pub async fn checked(&self) -> Result<(Config, Reference), Failure> {
        let (mut loaded, reference) = self.read()?;
        if let (Some(config), Some(reference)) = (&loaded.config, &reference) {
            loaded.diagnostics.extend(check_queries(config, reference, &mut loaded.files).await?);
        }
        if let Some(config) = &loaded.config {
            let reports = report::load_reports(&config.reports_dir);
            for problem in reports.err().unwrap_or_default() {
                if let Ok(text) = std::fs::read_to_string(&problem.file) {
                    loaded.files.insert(&problem.file, text);
                }
                loaded.diagnostics.push(Diagnostic {
                    span: problem.span,
                    hint: problem.hint,
                    ..Diagnostic::error(problem.file, problem.message)
                });
            }
        }
        match (loaded.config, reference) {
            (Some(config), Some(reference)) if !loaded.diagnostics.iter().any(Diagnostic::is_error) => {
                warn(&loaded.diagnostics, &loaded.files);
                Ok((config, reference))
            }
            _ => Err(refused(&loaded.diagnostics, &loaded.files)),
        }
    }

    /// A checked configuration with its data folder open.
    pub async fn workshop(&self) -> Result<Arc<Workshop>, Failure> {
        let (config, reference) = self.checked().await?;
        Ok(Arc::new(Workshop::open(config, reference)?))
    }

    fn read(&self) -> Result<(Loaded, Option<Reference>), Failure> {
        let file = self.config_file()?;
        let mut loaded = config::load(&file, &Overrides { data_dir: self.data_dir.clone() });
        let reference = match loaded.config.as_ref().map(|config| Reference::load(&config.reference_dir)) {
            Some(Ok(reference)) => Some(reference),
            Some(Err(error)) => {
                loaded.diagnostics.extend(reference_problems(&error, &file));
                None
            }
            None => None,
        };
        Ok((loaded, reference))
    }
}

fn reference_problems(error: &crate::reference::ReferenceError, config: &Path) -> Vec<Diagnostic> {
    error.to_string().lines().map(|line| Diagnostic::error(config, format!("reference tables: {line}"))).collect()
}

fn refused(diagnostics: &[Diagnostic], files: &config::SourceFiles) -> Failure {
    text::note(&render_all(diagnostics, files, text::coloured()));
    Failure::usage(anyhow!("the configuration is refused")).hint("nothing was run; correct the problems above")
}

fn warn(diagnostics: &[Diagnostic], files: &config::SourceFiles) {
    if !diagnostics.is_empty() {
        text::note(&render_all(diagnostics, files, text::coloured()));
    }
}
