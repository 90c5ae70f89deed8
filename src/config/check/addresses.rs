//! The addresses of a configuration beside the hosts that it allows to be
//! called. What is outside is refused when it is called; here it is found
//! before.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use url::{Host, Url};

use crate::codes;
use crate::config::Outbound;
use crate::config::diagnostic::Diagnostic;

use super::{Draft, Problems};

/// A host that a configuration file names.
#[derive(Clone, Debug)]
pub(in crate::config) struct Address {
    file: PathBuf,
    span: Range<usize>,
    host: String,
    /// The source that has it, which no fetch need use; of the rest, each belongs to a fetch.
    source: Option<String>,
}

impl Problems<'_> {
    /// Notes the address of a source, or of a fetch.
    pub(super) fn address(&mut self, written: Option<Spanned<&str>>, source: Option<&str>) {
        let Some(written) = written else { return };
        let text = *written.get_ref();
        let host = match Url::parse(text) {
            Ok(url) if is_this_machine(&url) => return,
            Ok(url) => url.host_str().unwrap_or_default().to_ascii_lowercase(),
            Err(_) => text.to_ascii_lowercase(),
        };
        let address =
            Address { file: self.file.to_owned(), span: written.span(), host, source: source.map(str::to_owned) };
        self.addresses.push(address);
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // A file's, which no firewall keeps.
        None => true,
    }
}

/// Those that will be refused: errors where a fetch will meet them, warnings where none does yet.
pub(in crate::config) fn outside(addresses: &[Address], drafts: &[Draft], outbound: &Outbound) -> Vec<Diagnostic> {
    let fetches = drafts.iter().flat_map(|draft| draft.pipeline.fetches.values());
    let used: BTreeSet<&str> = fetches.filter_map(|fetch| fetch.source.as_deref()).collect();
    let outside = addresses.iter().filter(|address| !outbound.allows(&address.host));
    let told = outside.map(|Address { file, span, host, source }| {
        let named = format!("the host {host} is not among `[http] allow_hosts`");
        let found = match source {
            None => Diagnostic::error(codes::HOST_NOT_ALLOWED, file, format!("{named}: the fetch will be refused")),
            Some(source) if used.contains(source.as_str()) => Diagnostic::error(
                codes::HOST_NOT_ALLOWED,
                file,
                format!("{named}: every fetch from `{source}` will be refused"),
            ),
            Some(source) => {
                Diagnostic::warning(codes::HOST_NOT_ALLOWED, file, format!("{named}; no fetch uses `{source}` yet"))
            }
        };
        found.at(span.clone()).hint(format!(
            "if it may be called, add {host:?} to allow_hosts in underlag.toml, and let the firewall pass it"
        ))
    });
    told.collect()
}
