//! How the commands write: one way for lines, one for errors.

use std::io::{IsTerminal as _, Write as _};

use crate::codes::Code;

/// A line of results, on stdout. A reader that went away (`| head`) is no error.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Text that ends its own lines, on stdout.
pub fn part(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// `error[U0401]: …` and, where there is one, `hint: …`, on stderr.
pub fn error(code: Code, message: &str, hint: Option<&str>) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "error[{code}]: {message}");
    if let Some(hint) = hint {
        let _ = writeln!(stderr, "hint: {hint}");
    }
}

/// Something to know that is no result, on stderr.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

pub fn coloured() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
