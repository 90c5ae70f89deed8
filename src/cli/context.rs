//! From what the user typed to a checked configuration, or every reason why not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;

use crate::codes;
use crate::config::{self, Config, Diagnostic, Loaded, Overrides, SourceFiles, render_all};
use crate::reference::{Reference, ReferenceError};
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

/// What a look at all files gave.
struct Examined {
    /// None when something in them is wrong.
    checked: Option<(Config, Reference)>,
    diagnostics: Vec<Diagnostic>,
    files: SourceFiles,
}

const HERE: &str = "config/underlag.toml";
const SYSTEM: &str = "/etc/underlag/underlag.toml";

impl Place {
    fn config_file(&self) -> Result<PathBuf, Failure> {
        if let Some(file) = &self.config {
            return Ok(file.clone());
        }
        [HERE, SYSTEM].into_iter().map(PathBuf::from).find(|path| path.exists()).ok_or_else(|| {
            Failure::usage(
                codes::NO_CONFIGURATION,
                anyhow!("no configuration: neither {HERE} here nor {SYSTEM} exists"),
            )
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

    /// For a look at what was published: where the data lie, and the reference tables of a configuration without
    /// mistakes. One with mistakes, or none beside `--data-dir`, is no hindrance: versions have their recipes.
    pub fn past(&self) -> Result<(Config, Option<Reference>), Failure> {
        let (loaded, reference) = match (self.config_file(), &self.data_dir) {
            (Err(_), Some(_)) => (self.load_file(Path::new(HERE)), None),
            _ => self.read()?,
        };
        let file = loaded.config.as_ref().or(loaded.refused.as_ref()).map(|config| config.file.clone());
        let places_hold =
            !loaded.diagnostics.iter().any(|found| found.is_error() && Some(&found.file) == file.as_ref());
        match (loaded.config, loaded.refused, reference) {
            (Some(config), _, Some(reference)) => Ok((config, Some(reference))),
            (Some(config), ..) | (_, Some(config), _) if places_hold || self.data_dir.is_some() => Ok((config, None)),
            _ => Err(refused(&loaded.diagnostics, &loaded.files)),
        }
    }

    /// For a look at how everything stands. A configuration with mistakes comes as far as it could be read, with its
    /// refusal, which has been shown.
    pub fn standing(&self) -> Result<(Config, Option<Failure>), Failure> {
        let (loaded, reference) = self.read()?;
        match (loaded.config, loaded.refused, reference) {
            (Some(config), _, Some(_)) => {
                warn(&loaded.diagnostics, &loaded.files);
                Ok((config, None))
            }
            (Some(config), ..) | (_, Some(config), _) if config.data_dir.is_dir() => {
                let hint =
                    format!("shown is what is recorded in {}; correct the problems above", config.data_dir.display());
                Ok((config, Some(refused(&loaded.diagnostics, &loaded.files).hint(hint))))
            }
            _ => Err(refused(&loaded.diagnostics, &loaded.files)),
        }
    }

    /// Everything that `check` looks at; nothing is run before all of it holds.
    pub async fn checked(&self) -> Result<(Config, Reference), Failure> {
        let Examined { checked, diagnostics, files } = self.examine().await?;
        match checked {
            Some(checked) => {
                warn(&diagnostics, &files);
                Ok(checked)
            }
            None => Err(refused(&diagnostics, &files)),
        }
    }

    /// The same for who has no terminal: what is wrong, as `check` shows it.
    pub async fn examined(&self) -> Result<(Config, Reference), String> {
        let examined = self.examine().await.map_err(|failure| format!("error[{}]: {}", failure.code, failure.error))?;
        let Examined { checked, diagnostics, files } = examined;
        checked.ok_or_else(|| render_all(&diagnostics, &files, false).trim_end().to_owned())
    }

    async fn examine(&self) -> Result<Examined, Failure> {
        let (mut loaded, reference) = self.read()?;
        let config = loaded.config.as_ref().or(loaded.refused.as_ref());
        if let (Some(config), Some(reference)) = (config, &reference) {
            let problems = check_queries(config, reference, &mut loaded.files, &loaded.diagnostics).await?;
            loaded.diagnostics.extend(problems);
        }
        if let Some(config) = config {
            for problem in report::load_reports(&config.reports_dir).err().unwrap_or_default() {
                let line = problem.line as u64;
                let plain = Diagnostic::error(codes::REPORT_FILE, problem.file, problem.message);
                let problem = Diagnostic { span: problem.span, hint: problem.hint, ..plain };
                loaded.diagnostics.push(in_line(problem, line, &mut loaded.files));
            }
        }
        loaded.files.sort(&mut loaded.diagnostics);
        let Loaded { config, diagnostics, files, .. } = loaded;
        let sound = !diagnostics.iter().any(Diagnostic::is_error);
        let checked = config.zip(reference).filter(|_| sound);
        Ok(Examined { checked, diagnostics, files })
    }

    /// Shows the addresses that may not be called; an error where a fetch has one.
    pub fn tell_outside(config: &Config) -> Result<(), Failure> {
        let outside = |error| Failure::usage(codes::HOST_NOT_ALLOWED, error);
        warn(&config.outside, &config.files);
        match config.outside.iter().filter(|found| found.is_error()).count() {
            0 => Ok(()),
            1 => Err(outside(anyhow!("a fetch would call a host that is not allowed"))),
            many => Err(outside(anyhow!("{many} addresses of fetches lie on hosts that are not allowed"))),
        }
    }

    /// A checked configuration with its data folder open.
    pub async fn workshop(&self) -> Result<Arc<Workshop>, Failure> {
        let (config, reference) = self.checked().await?;
        Ok(Arc::new(Workshop::open(config, reference)?))
    }

    fn load_file(&self, file: &Path) -> Loaded {
        config::load(file, &Overrides { data_dir: self.data_dir.clone(), ..Overrides::default() })
    }

    fn read(&self) -> Result<(Loaded, Option<Reference>), Failure> {
        let file = self.config_file()?;
        let mut loaded = self.load_file(&file);
        let reference = match loaded
            .config
            .as_ref()
            .or(loaded.refused.as_ref())
            .map(|config| Reference::load(&config.reference_dir))
        {
            Some(Ok(reference)) => Some(reference),
            Some(Err(error)) => {
                loaded.diagnostics.extend(reference_problems(error, &file, &mut loaded.files));
                None
            }
            None => None,
        };
        Ok((loaded, reference))
    }
}

fn reference_problems(error: ReferenceError, config: &Path, files: &mut SourceFiles) -> Vec<Diagnostic> {
    match error {
        ReferenceError::Problems(problems) => problems
            .into_iter()
            .map(|problem| {
                let plain = Diagnostic::error(codes::REFERENCE_TABLE, problem.file, problem.reason);
                in_line(plain, problem.line, files)
            })
            .collect(),
        error @ ReferenceError::Read { .. } => {
            vec![Diagnostic::error(codes::FILE_UNREADABLE, config, error.to_string())]
        }
    }
}

/// Shows a problem in its file, in the whole of a line where no more is known; 0 stands for the whole file.
fn in_line(mut problem: Diagnostic, line: u64, files: &mut SourceFiles) -> Diagnostic {
    if let Ok(text) = std::fs::read_to_string(&problem.file) {
        if problem.span.is_none() && line > 0 {
            let before = usize::try_from(line - 1).unwrap_or(usize::MAX);
            let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
            let length = text[start..].lines().next().map_or(0, str::len);
            problem.span = Some(start..start + length);
        }
        files.insert(&problem.file, text);
    }
    problem
}

fn refused(diagnostics: &[Diagnostic], files: &SourceFiles) -> Failure {
    text::note(&render_all(diagnostics, files, text::coloured()));
    Failure::usage(codes::REFUSED, anyhow!("the configuration is refused"))
        .hint("nothing was run; correct the problems above")
}

fn warn(diagnostics: &[Diagnostic], files: &SourceFiles) {
    if !diagnostics.is_empty() {
        text::note(&render_all(diagnostics, files, text::coloured()));
    }
}
