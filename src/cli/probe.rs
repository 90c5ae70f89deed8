//! `underlag probe`.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;

use crate::config::{Config, FetchKind, FileFetch, FileLocation, Source};
use crate::fetch::{Courier, FetchError, Observed, Request, masked};
use crate::sandbox::{Recorded, Recorder};
use crate::source::assumption::{Ask, Assumption, Finding};
use crate::source::{self, assumptions, persons};

use super::context::Place;
use super::desk::Desk;
use super::exit::{Exit, Failure};
use super::text;

#[derive(Debug, Args)]
pub struct Probe {
    /// The source, as sources.toml names it
    source: String,
    /// Keep what came, for `underlag sandbox --replay DIR`
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// What stands for a {NAME} in the calls, such as table=TAB6471 [default: what the pipelines fetch from the source]
    #[arg(long = "with", value_name = "NAME=VALUE", value_parser = pair)]
    with: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it is written NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Probe {
    /// Exit code 1 where anything differs or could not be asked.
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let desk = Desk::new(place)?;
        let source = desk.source(&self.source)?;
        let facts = assumptions(source.kind);
        let mut values = known_values(&desk.config, &source);
        values.extend(self.with);
        let recorder = self.record.as_deref().map(Recorder::create).transpose().map_err(Failure::failed)?;
        let mut seen = Seen { courier: desk.courier(&source)?, source, recorder, answers: HashMap::new() };
        let (mut agree, mut differ, mut unseen) = (0, 0, 0);
        for fact in facts {
            let word = match seen.judge(fact, &values).await? {
                Finding::Agrees => {
                    agree += 1;
                    "agree".to_owned()
                }
                Finding::Differs(what) => {
                    differ += 1;
                    format!("DIFFER: {what}")
                }
                Finding::NotSeen => {
                    unseen += 1;
                    "not seen".to_owned()
                }
            };
            text::line(&format!("{}: {word}\n  {} ({})", fact.name, fact.says, fact.from));
        }
        text::line(&format!("{agree} agree, {differ} differ, {unseen} not seen, {} calls", seen.answers.len()));
        Ok(if differ == 0 { Exit::Done } else { Exit::Failed })
    }
}

/// Tables that the operator fetches anyway.
fn known_values(config: &Config, source: &Source) -> HashMap<String, String> {
    let fetches = config.pipelines.values().flat_map(|pipeline| pipeline.fetches.values());
    let mut values = HashMap::new();
    for fetch in fetches.filter(|fetch| fetch.source.as_ref() == Some(&source.name)) {
        let mut know = |name: &str, value: &str| {
            values.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        };
        match &fetch.kind {
            FetchKind::Pxweb(pxweb) => {
                know("table", &pxweb.table);
                if let Some((folder, _)) = pxweb.table.rsplit_once('/') {
                    know("folder", folder);
                }
            }
            FetchKind::File(FileFetch { location: FileLocation::OnSource(path), .. }) => know("path", path),
            _ => {}
        }
    }
    values
}

/// Every call is made once, however many facts it tells of.
struct Seen {
    courier: Courier,
    source: Source,
    recorder: Option<Recorder>,
    answers: HashMap<(String, Option<String>), Result<Observed, String>>,
}

impl Seen {
    async fn judge(&mut self, fact: &Assumption, values: &HashMap<String, String>) -> Result<Finding, Failure> {
        let (path, body) = match fact.ask {
            Ask::Get(path) => (path, None),
            Ask::Post { path, body } => (path, Some(body)),
            Ask::Nothing => return Ok(Finding::NotSeen),
        };
        let Some(path) = filled(path, values) else { return Ok(Finding::NotSeen) };
        let call = (path, body.map(str::to_owned));
        if !self.answers.contains_key(&call) {
            let answer = self.ask(&call).await?;
            self.answers.insert(call.clone(), answer);
        }
        Ok(match &self.answers[&call] {
            Ok(observed) => (fact.judge)(observed),
            Err(why) => Finding::Differs(why.clone()),
        })
    }

    async fn ask(&mut self, (path, body): &(String, Option<String>)) -> Result<Result<Observed, String>, Failure> {
        let request = match body {
            Some(body) => Request::post(path, body),
            None => Request::get(path),
        };
        let request = source::as_sent(self.source.kind, request);
        let observed = match self.courier.observe(&request).await {
            Ok(observed) => observed,
            // Later calls would be refused too, each with the same words.
            Err(error @ FetchError::Out { .. }) => return Err(Failure::coded(error.code(), error)),
            Err(error) => return Ok(Err(error.to_string())),
        };
        if let Some(recorder) = &mut self.recorder {
            let call = Recorded {
                source: self.source.name.clone(),
                kind: self.source.kind.as_str().to_owned(),
                base_url: masked(self.source.base_url.as_str()),
                method: request.method,
                path: request.path.clone(),
                request_body: request.body.clone(),
                status: observed.status,
                headers: observed.headers.clone(),
                fetched_at: observed.fetched_at,
                // The recorder fills these in.
                format: 0,
                file: String::new(),
            };
            match persons::to_record(self.source.kind, observed.status, &observed.body, self.courier.cap_in_memory()) {
                Some(body) => recorder.add(&call, &body).map_err(Failure::failed)?,
                None => tracing::warn!(
                    path,
                    "not recorded: it may tell of persons, and is not what their fields are known in"
                ),
            }
        }
        Ok(Ok(observed))
    }
}

/// The call with its values in place; none where one is not known.
fn filled(path: &str, values: &HashMap<String, String>) -> Option<String> {
    let mut text = path.to_owned();
    for (name, value) in values {
        // A value may be a path; a blank is written so that it is one in a path and in a query.
        let encoded = |part: &str| url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
        let value = value.split('/').map(encoded).collect::<Vec<_>>().join("/").replace('+', "%20");
        text = text.replace(&format!("{{{name}}}"), &value);
    }
    (!text.contains(['{', '}'])).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_without_its_value_is_not_made() {
        let values = HashMap::from([("table".to_owned(), "TAB 1".to_owned())]);
        assert_eq!(filled("/tables/{table}", &values).as_deref(), Some("/tables/TAB%201"));
        let path = HashMap::from([("table".to_owned(), "BE/Folk och län".to_owned())]);
        assert_eq!(filled("/{table}", &path).as_deref(), Some("/BE/Folk%20och%20l%C3%A4n"));
        assert_eq!(filled("/version/{version}", &values), None);
        assert_eq!(filled("/config", &values).as_deref(), Some("/config"));
    }
}
