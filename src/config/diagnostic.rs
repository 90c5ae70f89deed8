//! One problem in one file, and the one place that turns problems into text:
//! the offending line with a caret, and a hint. It judges nothing itself.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level as Severity, Origin, Renderer, Snippet};

use crate::codes::Code;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The configuration is refused.
    Error,
    /// Worth a look; the configuration stands.
    Warning,
}

/// A problem with its place. Messages are lower-case and end without a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub level: Level,
    pub code: Code,
    /// Absolute.
    pub file: PathBuf,
    /// Bytes of the file's text; none where the whole file is meant.
    pub span: Option<Range<usize>>,
    pub message: String,
    /// What stands beside the caret.
    pub label: Option<String>,
    /// How to put it right.
    pub hint: Option<String>,
}

impl Diagnostic {
    pub fn error(code: Code, file: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        let (file, message) = (file.into(), message.into());
        Self { level: Level::Error, code, file, span: None, message, label: None, hint: None }
    }

    pub fn warning(code: Code, file: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(code, file, message) }
    }

    #[must_use]
    pub fn at(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub const fn is_error(&self) -> bool {
        matches!(self.level, Level::Error)
    }

    /// The problem as a person reads it, without a final newline.
    pub fn render(&self, files: &SourceFiles, color: bool) -> String {
        let path = shown(&self.file);
        let severity = match self.level {
            Level::Error => Severity::ERROR,
            Level::Warning => Severity::WARNING,
        };
        let mut group = Group::with_title(severity.primary_title(self.message.as_str()).id(self.code.as_str()));
        group = match (files.text(&self.file), &self.span) {
            (Some(text), Some(span)) => {
                let mut mark = AnnotationKind::Primary.span(within(text, span));
                if let Some(label) = &self.label {
                    mark = mark.label(label.as_str());
                }
                group.element(Snippet::source(text).path(path.as_str()).annotation(mark))
            }
            // Something is missing from the file as a whole.
            (Some(_), None) => group.element(Origin::path(path.as_str()).line(1).char_column(1)),
            (None, _) => group.element(Origin::path(path.as_str())),
        };
        if let Some(hint) = &self.hint {
            group = group.element(Severity::HELP.with_name("hint").message(hint.as_str()));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

/// All problems, in order, and how many there are. Empty when there is none.
pub fn render_all(diagnostics: &[Diagnostic], files: &SourceFiles, color: bool) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&diagnostic.render(files, color));
        text.push_str("\n\n");
    }
    let places: BTreeSet<&Path> = diagnostics.iter().map(|each| each.file.as_path()).collect();
    text.push_str(&format!("{} in {}\n", counted(diagnostics.len(), "problem"), counted(places.len(), "file")));
    text
}

fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A span that the renderer can draw: on character borders, and on one line, so that a
/// multi-line table doesn't bury its first line.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let line = text[start..end].find(['\n', '\r']).map_or(end, |length| start + length);
    start..line
}

/// Relative to the working folder where the file lies below it.
fn shown(file: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.as_deref().and_then(|here| file.strip_prefix(here).ok());
    below.unwrap_or(file).display().to_string()
}

/// The texts that diagnostics point into, in the order they were read.
#[derive(Clone, Debug, Default)]
pub struct SourceFiles(Vec<(PathBuf, Arc<str>)>);

impl SourceFiles {
    /// Adds a file, or replaces its text. A password in a URL is masked: what stands here is printed.
    pub fn insert(&mut self, file: impl Into<PathBuf>, text: impl Into<Arc<str>>) {
        let (file, text) = (file.into(), masked(text.into()));
        match self.0.iter_mut().find(|(known, _)| *known == file) {
            Some(entry) => entry.1 = text,
            None => self.0.push((file, text)),
        }
    }

    pub fn text(&self, file: &Path) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == file).map(|(_, text)| &**text)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.0.iter().map(|(file, text)| (file.as_path(), &**text))
    }

    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(|(file, _)| file.as_path())
    }

    /// Brings diagnostics into reading order: by file as they were read, then by place.
    pub fn sort(&self, diagnostics: &mut [Diagnostic]) {
        let rank = |file: &Path| self.0.iter().position(|(known, _)| known == file).unwrap_or(self.0.len());
        diagnostics.sort_by_key(|each| (rank(&each.file), each.span.as_ref().map(|span| span.start)));
    }
}

/// Stars in place of what stands between `:` and `@` in a URL; no byte changes its place.
fn masked(text: Arc<str>) -> Arc<str> {
    let mut secrets: Vec<Range<usize>> = Vec::new();
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        let rest = &text[start..];
        let end = rest.find(|each: char| each.is_whitespace() || "/?#\"'".contains(each)).unwrap_or(rest.len());
        let authority = &rest[..end];
        if let Some((user, _)) = authority.rsplit_once('@')
            && let Some(colon) = user.find(':')
        {
            secrets.push(start + colon + 1..start + user.len());
        }
    }
    if secrets.is_empty() {
        return text;
    }
    let mut clean = String::with_capacity(text.len());
    let mut done = 0;
    for secret in secrets {
        clean.push_str(&text[done..secret.start]);
        clean.push_str(&"*".repeat(secret.len()));
        done = secret.end;
    }
    clean.push_str(&text[done..]);
    clean.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    fn files() -> SourceFiles {
        let mut files = SourceFiles::default();
        files.insert("/x/pipeline.toml", "version = 1\ntitel = \"Födda\"\nödmjuk = true\n");
        files
    }

    #[test]
    fn a_problem_shows_its_line_and_a_hint() {
        let problem = Diagnostic::error(codes::SYNTAX, "/x/pipeline.toml", "unknown key `titel`")
            .at(12..17)
            .label("not known here")
            .hint("did you mean `title`?");
        insta::assert_snapshot!(problem.render(&files(), false), @r#"
        error[U0104]: unknown key `titel`
         --> /x/pipeline.toml:2:1
          |
        2 | titel = "Födda"
          | ^^^^^ not known here
          |
          = hint: did you mean `title`?
        "#);
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let problem = Diagnostic::warning(codes::SYNTAX, "/x/pipeline.toml", "odd").at(31..37);
        insta::assert_snapshot!(problem.render(&files(), false), @r#"
        warning[U0104]: odd
         --> /x/pipeline.toml:3:2
          |
        3 | ödmjuk = true
          |  ^^^^^^
        "#);
    }

    #[test]
    fn a_problem_without_a_place_names_the_file() {
        let problems = [Diagnostic::error(codes::SYNTAX, "/x/areas.toml", "can't be read: no such file")];
        insta::assert_snapshot!(render_all(&problems, &files(), false), @r#"
        error[U0104]: can't be read: no such file
        --> /x/areas.toml

        1 problem in 1 file
        "#);
    }

    #[test]
    fn colour_is_there_only_when_asked_for() {
        let problem = Diagnostic::error(codes::SYNTAX, "/x/pipeline.toml", "odd").at(0..7);
        assert!(!problem.render(&files(), false).contains('\u{1b}'));
        assert!(problem.render(&files(), true).contains('\u{1b}'));
    }

    #[test]
    fn a_span_outside_the_text_is_drawn_at_its_end() {
        let problem = Diagnostic::error(codes::SYNTAX, "/x/pipeline.toml", "odd").at(900..1000);
        assert!(problem.render(&files(), false).contains("pipeline.toml:"));
    }

    #[test]
    fn a_password_is_never_shown() {
        let text = "base_url = \"https://user:hemligt@x.example.org/\" # https://a/b:c@d\n";
        let mut files = SourceFiles::default();
        files.insert("/x/sources.toml", text);
        let shown = files.text(Path::new("/x/sources.toml")).unwrap();
        assert_eq!(shown, text.replace("hemligt", "*******"));
        assert_eq!(shown.len(), text.len());
    }

    #[test]
    fn problems_come_in_reading_order() {
        let mut files = files();
        files.insert("/x/areas.toml", "version = 1\n");
        let mut problems = [
            Diagnostic::error(codes::SYNTAX, "/x/areas.toml", "c").at(0..1),
            Diagnostic::error(codes::SYNTAX, "/x/pipeline.toml", "b").at(5..6),
            Diagnostic::error(codes::SYNTAX, "/x/pipeline.toml", "a"),
        ];
        files.sort(&mut problems);
        let order: Vec<&str> = problems.iter().map(|each| each.message.as_str()).collect();
        assert_eq!(order, ["a", "b", "c"]);
    }
}
