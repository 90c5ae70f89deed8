//! Walks the pages of an answer. The address of the next page comes from
//! outside, so it is followed only below the source's own address, never
//! twice, and not without end. All pages are of one walk: where an interrupted
//! run has left only some of them, they are all asked for anew, since a source
//! that was revised in between would answer with two editions.

use std::collections::{HashSet, VecDeque};

use serde::de::DeserializeOwned;
use url::Url;

use super::super::SourceError;
use super::answer::{Page, page};
use crate::fetch::{Answer, Courier, Expect, Request, on_origin};

/// The most pages of one answer, however small the source makes them.
const MOST_PAGES: usize = 200;

pub struct Pages<'a, T> {
    courier: &'a Courier,
    /// What an earlier run has left, when it has left all.
    left: VecDeque<(Answer, Vec<T>)>,
    next: Option<Request>,
    asked: HashSet<String>,
}

impl<'a, T: DeserializeOwned> Pages<'a, T> {
    pub async fn open(courier: &'a Courier, first: Request) -> Result<Self, SourceError> {
        let mut pages = Self { courier, left: VecDeque::new(), next: Some(first.clone()), asked: HashSet::new() };
        let mut left = VecDeque::new();
        while let Some(request) = pages.next.take() {
            let Some(answer) = courier.earlier(&request, Expect::Json).await? else {
                return Ok(Self { next: Some(first), asked: HashSet::new(), ..pages });
            };
            left.push_back(pages.turn(request, answer)?);
        }
        Ok(Self { left, ..pages })
    }

    /// The next page and its rows, not yet accepted; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<(Answer, Vec<T>)>, SourceError> {
        if let Some(page) = self.left.pop_front() {
            self.courier.reuses();
            return Ok(Some(page));
        }
        let Some(request) = self.next.take() else { return Ok(None) };
        let answer = self.courier.ask_anew(&request, Expect::Json).await?;
        Ok(Some(self.turn(request, answer)?))
    }

    /// Reads a page and finds out where the next one is.
    fn turn(&mut self, request: Request, answer: Answer) -> Result<(Answer, Vec<T>), SourceError> {
        let base = self.base(&request, &answer);
        self.asked.insert(request.path);
        let Page { values, next_url } = page::<T>(&answer)?;
        let link = next_url.filter(|link| !link.is_empty() && !values.is_empty());
        self.next = link.map(|link| self.follow(&base, &answer, &link)).transpose()?;
        Ok((answer, values))
    }

    /// What the answer's links must lie below: for one of the archive, where the source was when it answered.
    fn base(&self, request: &Request, answer: &Answer) -> Url {
        let then = answer.record.url.strip_suffix(&request.path).filter(|_| self.courier.is_of_archive());
        then.and_then(|base| Url::parse(base).ok()).unwrap_or_else(|| self.courier.source().base_url.clone())
    }

    fn follow(&self, base: &Url, answer: &Answer, link: &str) -> Result<Request, SourceError> {
        let (name, url) = (self.courier.source().name.clone(), answer.record.url.clone());
        let Some(path) = on_origin(base, link) else {
            return Err(SourceError::OffOrigin { name, url, link: link.to_owned() });
        };
        if self.asked.contains(&path) {
            return Err(SourceError::Endless { name, url, why: format!("{path} was already read") });
        }
        if self.asked.len() >= MOST_PAGES {
            return Err(SourceError::Endless { name, url, why: format!("{MOST_PAGES} pages were read") });
        }
        Ok(Request::get(path))
    }
}
