//! A code's page: plain text on a terminal, Markdown in docs/errors.

use std::fmt::Write as _;

use super::{Code, ROOMS};

/// Lines on a terminal are no longer than this.
const WIDTH: usize = 100;

const MADE: &str = "<!-- Written by `underlag explain --write docs/errors`. -->";

impl Code {
    /// What `underlag explain` prints.
    pub fn text(self) -> String {
        let page = self.0;
        let mut text = format!("{self}: {}\n\n", page.title);
        wrapped(&mut text, "", page.means);
        text.push_str("\nReaders meanwhile\n");
        wrapped(&mut text, "  ", page.readers);
        text.push_str("\nWhat to do\n");
        for (number, step) in page.todo.iter().enumerate() {
            wrapped(&mut text, &format!("  {}. ", number + 1), step);
        }
        if let Some(runbook) = page.runbook {
            let _ = write!(text, "\nMore: docs/runbooks.md#{runbook}\n");
        }
        text
    }

    pub fn markdown(self) -> String {
        let page = self.0;
        let mut text = format!("{MADE}\n# {self}: {}\n\n{}\n\n", page.title, page.means);
        let _ = write!(text, "**Readers meanwhile.** {}\n\n## What to do\n\n", page.readers);
        for (number, step) in page.todo.iter().enumerate() {
            let _ = writeln!(text, "{}. {step}", number + 1);
        }
        if let Some(runbook) = page.runbook {
            let heading = runbook.replace('-', " ");
            let _ = write!(text, "\nStep by step: [{heading}](../runbooks.md#{runbook})\n");
        }
        text
    }
}

/// All codes with their titles, as `underlag explain` lists them.
pub fn list() -> String {
    let mut text = String::new();
    for room in &ROOMS {
        let _ = writeln!(text, "{}", room.title);
        for code in room.codes {
            let _ = writeln!(text, "  {code}  {}", code.title());
        }
    }
    text
}

/// The files of docs/errors, by name.
pub fn files() -> Vec<(String, String)> {
    let mut readme = format!(
        "{MADE}\n# Error codes\n\nEvery problem that the program shows has a code, `error[U0401]: …`, which stays the same from version to \
         version. `underlag explain U0401` prints the same pages.\n"
    );
    let mut files = Vec::new();
    for room in &ROOMS {
        let _ = write!(readme, "\n## {}\n\n| code | |\n|---|---|\n", room.title);
        for code in room.codes {
            let _ = writeln!(readme, "| [{code}]({code}.md) | {} |", code.title());
            files.push((format!("{code}.md"), code.markdown()));
        }
    }
    files.insert(0, ("README.md".to_owned(), readme));
    files
}

/// Adds a paragraph, its first line after `first`, the others as far in.
fn wrapped(text: &mut String, first: &str, paragraph: &str) {
    let inset = " ".repeat(first.len());
    let (mut line, mut begun) = (first.to_owned(), false);
    for word in paragraph.split_whitespace() {
        if begun && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(text, "{line}");
            (line, begun) = (inset.clone(), false);
        }
        if begun {
            line.push(' ');
        }
        line.push_str(word);
        begun = true;
    }
    let _ = writeln!(text, "{line}");
}
