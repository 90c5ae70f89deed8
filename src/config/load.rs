//! Reads every configuration file and reports every problem in all of them at
//! once. `check`, start-up and reload all come through here; a configuration
//! with an error in it is never handed out to be run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;

use super::check::{
    Address, Areas, Draft, Problems, Settings, Sources, Surroundings, across, areas, outside, pipeline, settings,
    sources,
};
use super::diagnostic::{Diagnostic, SourceFiles};
use super::keys::{AREAS, PIPELINE, SOURCES, Shape, UNDERLAG};
use super::names::is_name;
use super::node::Node;
use super::walk::walk;
use super::{Config, leaf};
use crate::codes;

/// A configuration file longer than this is none.
const MAX_BYTES: u64 = 4 << 20;

/// What the command line and the environment put in place of the file's values.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Counted from the working folder.
    pub data_dir: Option<PathBuf>,
    /// Datasets that are known to be published, though no pipeline here has them: a recipe is of one pipeline.
    pub published: BTreeSet<String>,
}

#[derive(Debug)]
pub struct Loaded {
    /// None when any diagnostic is an error.
    pub config: Option<Config>,
    /// Then here, as far as it could be read: to look for further problems in, never to be run.
    pub refused: Option<Config>,
    /// In reading order; see [`super::render_all`].
    pub diagnostics: Vec<Diagnostic>,
    pub files: SourceFiles,
}

/// Reads `file` (underlag.toml), sources.toml and areas.toml beside it (absent means empty),
/// every pipeline and the SQL files that it names.
pub fn load(file: &Path, overrides: &Overrides) -> Loaded {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let dir = file.parent().unwrap_or(Path::new("/"));
    // The folder's own name, so that paths are shown short; a link to the file stays where it stands.
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let file = file.file_name().map_or_else(|| file.clone(), |name| dir.join(name));
    let mut loader = Loader::default();

    let mut settings = loader.settings(&file, &dir);
    if let Some(data_dir) = &overrides.data_dir {
        settings.data_dir = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.clone());
    }
    let sources = loader.sources(&dir.join("sources.toml"));
    let kommuner = kommuner(&settings.reference_dir);
    let areas = loader.areas(&dir.join("areas.toml"), kommuner.as_ref());
    let drafts = loader.pipelines(&settings.pipelines_dir, &sources, &areas);
    loader.found.extend(across(&drafts, &overrides.published));

    let mut outside = outside(&loader.addresses, &drafts, &settings.http.outbound);
    let Loader { files, found: mut diagnostics, .. } = loader;
    files.sort(&mut diagnostics);
    files.sort(&mut outside);
    let refused = diagnostics.iter().any(Diagnostic::is_error);
    let config = Config {
        file,
        data_dir: settings.data_dir,
        bucket: settings.bucket,
        pipelines_dir: settings.pipelines_dir,
        reports_dir: settings.reports_dir,
        reference_dir: settings.reference_dir,
        publisher: settings.publisher,
        run: settings.run,
        retention: settings.retention,
        http: settings.http,
        server: settings.server,
        daemon: settings.daemon,
        notify: settings.notify,
        sources: sources.sources,
        area_sets: areas.sets,
        pipelines: drafts.into_iter().map(|draft| (draft.pipeline.name.clone(), draft.pipeline)).collect(),
        files: files.clone(),
        outside,
    };
    let (config, refused) = if refused { (None, Some(config)) } else { (Some(config), None) };
    Loaded { config, refused, diagnostics, files }
}

/// A file's tree, as far as it could be read.
struct Tree<'t> {
    root: Spanned<DeTable<'t>>,
    complete: bool,
}

#[derive(Default)]
struct Loader {
    files: SourceFiles,
    found: Vec<Diagnostic>,
    addresses: Vec<Address>,
}

impl Loader {
    fn keep(&mut self, problems: Problems<'_>) {
        self.found.extend(problems.found);
        self.addresses.extend(problems.addresses);
    }

    fn settings(&mut self, file: &Path, dir: &Path) -> Settings {
        let mut problems = Problems::new(file);
        let Some(text) = self.read(file) else { return settings(None, dir, &mut problems) };
        let tree = self.parse(file, &text, &UNDERLAG);
        let settings = settings(Some(&Node::root(&UNDERLAG, tree.root.get_ref())), dir, &mut problems);
        self.keep(problems);
        settings
    }

    fn sources(&mut self, file: &Path) -> Sources {
        let absent = Sources { complete: true, ..Sources::default() };
        let Some(text) = self.read_if_there(file) else { return absent };
        let tree = self.parse(file, &text, &SOURCES);
        let mut problems = Problems::new(file);
        let sources = sources(&Node::root(&SOURCES, tree.root.get_ref()), tree.complete, &mut problems);
        self.keep(problems);
        sources
    }

    fn areas(&mut self, file: &Path, kommuner: Option<&BTreeSet<String>>) -> Areas {
        let absent = Areas { complete: true, ..Areas::default() };
        let Some(text) = self.read_if_there(file) else { return absent };
        let tree = self.parse(file, &text, &AREAS);
        let mut problems = Problems::new(file);
        let areas = areas(&Node::root(&AREAS, tree.root.get_ref()), kommuner, tree.complete, &mut problems);
        self.keep(problems);
        areas
    }

    fn pipelines(&mut self, dir: &Path, sources: &Sources, areas: &Areas) -> Vec<Draft> {
        let around = Surroundings { sources, areas };
        let mut drafts = Vec::new();
        for folder in self.folders(dir) {
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let file = folder.join("pipeline.toml");
            if !file.exists() {
                let message = "this folder of pipelines has no pipeline.toml and is passed over";
                self.found.push(Diagnostic::warning(codes::PASSED_OVER, folder, message));
                continue;
            }
            if !is_name(&name) {
                let message = format!("the folder's name {name:?} is the pipeline's, and not in ASCII snake_case");
                self.found.push(Diagnostic::error(codes::BAD_VALUE, &*folder, message));
            }
            let Some(text) = self.read(&file) else { continue };
            let tree = self.parse(&file, &text, &PIPELINE);
            let mut problems = Problems::new(&file);
            let root = Node::root(&PIPELINE, tree.root.get_ref());
            let mut draft = pipeline(&name, &text, &root, &around, &mut self.files, &mut problems);
            draft.complete = tree.complete;
            self.keep(problems);
            drafts.push(draft);
        }
        drafts
    }

    /// The folders below `dir`, by name; none where there is no such folder.
    fn folders(&mut self, dir: &Path) -> Vec<PathBuf> {
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                let message = format!("the folder of pipelines can't be read: {error}");
                self.found.push(Diagnostic::error(codes::FILE_UNREADABLE, dir, message));
                return Vec::new();
            }
        };
        let hidden = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let mut folders: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir() && !hidden(path)).collect();
        folders.sort();
        folders
    }

    fn read_if_there(&mut self, file: &Path) -> Option<Arc<str>> {
        if file.exists() { self.read(file) } else { None }
    }

    fn read(&mut self, file: &Path) -> Option<Arc<str>> {
        let text = std::fs::metadata(file).and_then(|found| {
            if found.len() > MAX_BYTES {
                return Err(std::io::Error::other(format!("it is longer than {MAX_BYTES} bytes")));
            }
            std::fs::read_to_string(file)
        });
        match text {
            Ok(text) => {
                let text: Arc<str> = text.into();
                self.files.insert(file, Arc::clone(&text));
                Some(text)
            }
            Err(error) => {
                let message = format!("the file can't be read: {error}");
                self.found.push(Diagnostic::error(codes::FILE_UNREADABLE, file, message));
                None
            }
        }
    }

    fn parse<'t>(&mut self, file: &Path, text: &'t str, shape: &Shape) -> Tree<'t> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let complete = errors.is_empty();
        let broken: Vec<usize> = errors.iter().filter_map(|error| Some(line(text, error.span()?.start))).collect();
        for error in errors {
            let unquoted = error.message().starts_with("invalid unquoted key");
            let hint =
                "names are made of a to z, digits and _; a source's own names with other letters stand in quotes";
            let plain = Diagnostic::error(codes::SYNTAX, file, error.message());
            self.found.push(Diagnostic { span: error.span(), hint: unquoted.then(|| hint.to_owned()), ..plain });
        }
        // On a line that is no TOML, what recovery made of it only confuses.
        let walked = walk(file, shape, root.get_ref(), !complete);
        let sensible =
            |each: &Diagnostic| each.span.as_ref().is_none_or(|span| !broken.contains(&line(text, span.start)));
        self.found.extend(walked.into_iter().filter(sensible));
        Tree { root, complete }
    }
}

fn line(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

/// Today's municipality codes; none where the reference folder has no list of them.
fn kommuner(reference_dir: &Path) -> Option<BTreeSet<String>> {
    let file = reference_dir.join("kommuner.csv");
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).flexible(true).from_path(file).ok()?;
    let column = reader.headers().ok()?.iter().position(|name| name == "kod")?;
    let codes = reader.records().flatten().filter_map(|row| row.get(column).map(str::to_owned));
    Some(codes.filter(|code| leaf::kommun(code).is_ok()).collect())
}
