//! `underlag man`: a manual page of the program and of every command, made of the same texts as `--help`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_mangen::Man;

use super::Arguments;
use super::exit::{Exit, Failure};
use super::text;

/// Prints the program's manual page, for `man -l -`, or writes one per command.
#[derive(Debug, Args)]
pub struct Manual {
    /// Write the pages of the program and of every command into this folder, as underlag-COMMAND.1
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

/// What holds of every command, and stands in the program's own page alone.
const MORE: &str = r#".SH "EXIT STATUS"
.TP
\fB0\fR
Done.
.TP
\fB1\fR
A run or report failed. What was good is published; of what failed, the last good version stays.
.TP
\fB2\fR
The command line or the configuration is wrong. Nothing was started.
.TP
\fB3\fR
\fBverify\fR found damage, or \fBreplay\fR a difference.
.SH ENVIRONMENT
.TP
\fBUNDERLAG_CONFIG\fR, \fBUNDERLAG_DATA_DIR\fR
Stand for \fB\-\-config\fR and \fB\-\-data\-dir\fR where those are not given.
.TP
\fBUNDERLAG_LOG\fR
What is logged to standard error: \fBinfo\fR, \fBdebug\fR, or a filter. Warnings and worse unless told.
.TP
\fBUNDERLAG_PROXY_AUTH\fR
User and password of the proxy, as \fIuser:password\fR.
.TP
\fBUNDERLAG_API_KEY_\fISOURCE\fR
The key of a source that wants one.
.TP
\fBNO_COLOR\fR
No colour, also on a terminal.
.TP
\fBTMPDIR\fR
Where \fBreplay\fR and \fBtest\fR work.
.SH FILES
.TP
.I config/underlag.toml
The configuration, looked for here first.
.TP
.I /etc/underlag/underlag.toml
The configuration of the machine, with \fIsources.toml\fR, \fIareas.toml\fR, and the folders of pipelines, reports and
reference tables.
.TP
.I /var/lib/underlag
The data folder: \fIdatasets/NAME/current\fR and \fIsite/current\fR are what is published.
.SH "SEE ALSO"
.I /usr/share/doc/underlag/install.md
and the documents beside it.
"#;

impl Manual {
    pub fn run(self) -> Result<Exit, Failure> {
        let pages = pages().map_err(Failure::failed)?;
        match self.write {
            Some(folder) => {
                std::fs::create_dir_all(&folder).map_err(Failure::failed)?;
                for (name, page) in &pages {
                    std::fs::write(folder.join(format!("{name}.1")), page).map_err(Failure::failed)?;
                }
            }
            None => pages.get("underlag").iter().for_each(|page| text::part(page)),
        }
        Ok(Exit::Done)
    }
}

/// Each page by its name: `underlag`, `underlag-run`, `underlag-source-add`.
fn pages() -> std::io::Result<BTreeMap<String, String>> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let mut pages = BTreeMap::new();
    page(&program, "underlag", &mut pages)?;
    if let Some(page) = pages.get_mut("underlag") {
        page.push_str(MORE);
    }
    Ok(pages)
}

fn page(command: &clap::Command, name: &str, pages: &mut BTreeMap<String, String>) -> std::io::Result<()> {
    // The name of the page, not of the command, as git's pages have it.
    let named = command.clone().display_name(name.to_owned());
    let man = Man::new(named).title(name).source(concat!("underlag ", env!("CARGO_PKG_VERSION"))).manual("Underlag");
    let mut text = Vec::new();
    man.render(&mut text)?;
    pages.insert(name.to_owned(), String::from_utf8_lossy(&text).into_owned());
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        page(below, &format!("{name}-{}", below.get_name()), pages)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_that_says_what_it_does() {
        let pages = pages().unwrap();
        assert!(pages["underlag"].contains("EXIT STATUS"), "{}", pages["underlag"]);
        assert!(pages.contains_key("underlag-source-add") && !pages.contains_key("underlag-help"));
        for command in Arguments::command().get_subcommands() {
            let page = &pages[&format!("underlag-{}", command.get_name())];
            assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{page}");
            // Whoever made the page had variables set, or not: no page tells.
            assert!(!page.contains(env!("CARGO_MANIFEST_DIR")), "{page}");
        }
    }
}
