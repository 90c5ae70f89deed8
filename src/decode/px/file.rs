//! A PX file's keywords in one language, and the variables that they describe:
//! those of the stub, then those of the heading, which is how the cells lie.

use std::collections::{HashMap, HashSet};

use super::scan::{Scanned, Statement, scan};
use super::timeval;
use crate::decode::DecodeError;

pub(super) struct File {
    scanned: Scanned,
    /// Of the statements that name none.
    native: String,
    /// The one to be read.
    language: String,
    pub(super) variables: Vec<Variable>,
    /// How many of the variables are in the stub.
    pub(super) stub: usize,
}

pub(super) struct Variable {
    /// The code, or the name where it has none.
    pub(super) id: String,
    /// In the file's own language, by which keywords name it.
    pub(super) name: String,
    /// In the language that is read.
    pub(super) label: String,
    pub(super) codes: Vec<String>,
    /// In the file's own language.
    pub(super) values: Vec<String>,
    /// In the language that is read.
    pub(super) labels: Vec<String>,
    pub(super) is_time: bool,
}

impl Variable {
    /// The place of a value by its code or text.
    pub(super) fn place(&self, text: &str) -> Option<usize> {
        let text = text.trim();
        let find = |list: &[String]| list.iter().position(|one| one.trim() == text);
        find(&self.codes).or_else(|| find(&self.values)).or_else(|| find(&self.labels))
    }
}

impl File {
    /// Reads the keywords; of several languages the one that is asked for, or the file's own.
    pub(super) fn read(body: &[u8], language: Option<&str>) -> Result<Self, DecodeError> {
        let scanned = scan(body)?;
        let plain = |keyword: &str| {
            scanned
                .statements
                .iter()
                .find(|one| one.keyword == keyword && one.language.is_none() && one.keys.is_empty())
        };
        let listed: Vec<String> =
            plain("LANGUAGES").map_or_else(Vec::new, |one| one.texts().map(str::to_owned).collect());
        let native = plain("LANGUAGE").and_then(Statement::text).map(str::to_owned);
        let native = native.or_else(|| listed.first().cloned()).unwrap_or_default();
        let wanted = language.unwrap_or(&native).to_owned();
        let known = wanted == native || listed.contains(&wanted) || language.is_none();
        if !known {
            let known = if listed.is_empty() { vec![native] } else { listed };
            return Err(DecodeError::Shape(format!("the file has no language {wanted:?}, only {}", known.join(", "))));
        }
        let mut file = Self { scanned, native, language: wanted, variables: Vec::new(), stub: 0 };
        file.read_variables()?;
        Ok(file)
    }

    pub(super) fn data(&self) -> usize {
        self.scanned.data
    }

    pub(super) const fn charset(&self) -> super::charset::Charset {
        self.scanned.charset
    }

    /// The statements of a keyword in the file's own language.
    fn own<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = &'a Statement> {
        self.scanned.statements.iter().filter(move |one| {
            one.keyword == keyword && one.language.as_ref().is_none_or(|language| *language == self.native)
        })
    }

    /// In the language that is read where it is written in that, else in the file's own.
    pub(super) fn all<'a>(&'a self, keyword: &'a str) -> Vec<&'a Statement> {
        let foreign = |one: &&Statement| one.keyword == keyword && one.language.as_ref() == Some(&self.language);
        let found: Vec<&Statement> = self.scanned.statements.iter().filter(foreign).collect();
        if found.is_empty() || self.language == self.native { self.own(keyword).collect() } else { found }
    }

    /// The one without keys.
    pub(super) fn one<'a>(&'a self, keyword: &'a str) -> Option<&'a Statement> {
        self.all(keyword).into_iter().find(|one| one.keys.is_empty())
    }

    pub(super) fn text<'a>(&'a self, keyword: &'a str) -> Option<&'a str> {
        self.one(keyword).and_then(Statement::text)
    }

    /// A whole number up to 255, which no count of decimals exceeds.
    pub(super) fn small(&self, keyword: &str) -> Result<Option<u8>, DecodeError> {
        let Some(statement) = self.one(keyword) else { return Ok(None) };
        small(statement)
    }

    /// The place of a variable by its name in either language, or its code.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        let name = name.trim();
        let find = |of: fn(&Variable) -> &str| self.variables.iter().position(|one| of(one).trim() == name);
        find(|one| &one.name).or_else(|| find(|one| &one.label)).or_else(|| find(|one| &one.id))
    }

    /// The statement of a keyword whose only key names the variable.
    pub(super) fn of_variable<'a>(&'a self, keyword: &'a str, at: usize) -> Option<&'a Statement> {
        let named = |one: &&Statement| one.keys.len() == 1 && self.place(&one.keys[0]) == Some(at);
        self.all(keyword).into_iter().find(named).or_else(|| self.own(keyword).find(named))
    }

    fn names(&self, keyword: &str, foreign: bool) -> Vec<String> {
        let statement = if foreign { self.one(keyword) } else { self.own(keyword).find(|one| one.keys.is_empty()) };
        statement.map_or_else(Vec::new, |one| one.texts().map(|text| text.trim().to_owned()).collect())
    }

    fn read_variables(&mut self) -> Result<(), DecodeError> {
        let stub = self.names("STUB", false);
        self.stub = stub.len();
        let names: Vec<String> = stub.into_iter().chain(self.names("HEADING", false)).collect();
        if names.is_empty() {
            return Err(DecodeError::Shape("the file names no variable, neither in STUB nor in HEADING".to_owned()));
        }
        let mut labels: Vec<String> = self.names("STUB", true);
        labels.extend(self.names("HEADING", true));
        if labels.len() != names.len() {
            let (own, other, language) = (names.len(), labels.len(), &self.language);
            return Err(DecodeError::Shape(format!(
                "STUB and HEADING name {own} variables, those of {language:?} {other}"
            )));
        }
        let contains_twice = {
            let mut seen = HashSet::new();
            names.iter().find(|name| !seen.insert(name.as_str())).cloned()
        };
        if let Some(name) = contains_twice {
            return Err(DecodeError::Shape(format!("STUB and HEADING name variable {name:?} twice")));
        }
        // What is said of one variable, by keyword and name; the first word counts.
        let mut said: HashMap<(&str, &str), &Statement> = HashMap::new();
        for one in &self.scanned.statements {
            if let [name] = one.keys.as_slice() {
                let language = one.language.as_deref().unwrap_or(&self.native);
                if language == self.native {
                    said.entry((one.keyword.as_str(), name.trim())).or_insert(one);
                }
            }
        }
        let mut foreign: HashMap<&str, &Statement> = HashMap::new();
        for one in &self.scanned.statements {
            if one.keyword == "VALUES" && one.language.as_ref() == Some(&self.language) && one.keys.len() == 1 {
                foreign.entry(one.keys[0].trim()).or_insert(one);
            }
        }
        let variables = names
            .iter()
            .zip(labels)
            .map(|(name, label)| {
                let find = |keyword: &'static str| said.get(&(keyword, name.as_str())).copied();
                let other = foreign.get(label.as_str()).copied();
                variable(name, label, &find, other)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut seen = HashSet::new();
        if let Some(id) = variables.iter().find(|one| !seen.insert(one.id.as_str())).map(|one| one.id.clone()) {
            return Err(DecodeError::Shape(format!("two variables have the code {id:?}")));
        }
        self.variables = variables;
        Ok(())
    }
}

pub(super) fn small(statement: &Statement) -> Result<Option<u8>, DecodeError> {
    let Some(text) = statement.text() else { return Ok(None) };
    text.parse().map(Some).map_err(|_| statement.fault(format!("{text:?} is no number of decimals")))
}

fn variable<'a>(
    name: &str,
    label: String,
    find: &dyn Fn(&'static str) -> Option<&'a Statement>,
    foreign: Option<&Statement>,
) -> Result<Variable, DecodeError> {
    let list = |statement: &Statement| -> Vec<String> { statement.texts().map(str::to_owned).collect() };
    let id = find("VARIABLECODE").and_then(Statement::text).unwrap_or(name).to_owned();
    let timeval = find("TIMEVAL");
    let (codes, values) = (find("CODES"), find("VALUES"));
    let texts = match (values, timeval, codes) {
        (Some(values), ..) => list(values),
        (None, Some(timeval), _) => timeval::periods(timeval)?,
        (None, None, Some(codes)) => list(codes),
        (None, None, None) => {
            return Err(DecodeError::Shape(format!("variable {name:?} has neither VALUES nor CODES nor TIMEVAL")));
        }
    };
    if texts.is_empty() {
        return Err(DecodeError::Shape(format!("variable {name:?} has no value")));
    }
    let keys = codes.map_or_else(|| texts.clone(), list);
    if let Some(codes) = codes.filter(|_| keys.len() != texts.len()) {
        return Err(codes.fault(format!("{} codes for {} values", keys.len(), texts.len())));
    }
    let labels = match foreign {
        Some(other) => list(other),
        None => texts.clone(),
    };
    if let Some(other) = foreign.filter(|_| labels.len() != texts.len()) {
        return Err(other.fault(format!("{} values, in the file's own language {}", labels.len(), texts.len())));
    }
    // Codes are compared as they are asked for: a blank at their end is no part of them.
    let keys: Vec<String> = keys.iter().map(|code| code.trim().to_owned()).collect();
    let mut seen = HashSet::with_capacity(keys.len());
    if let Some(code) = keys.iter().find(|code| !seen.insert(code.as_str())) {
        let what = format!("code {code:?} comes twice");
        let place = codes.or(values).or(timeval);
        return Err(place.map_or_else(|| DecodeError::Shape(what.clone()), |one| one.fault(what.clone())));
    }
    let kind = find("VARIABLE-TYPE").and_then(Statement::text);
    let is_time = timeval.is_some() || kind.is_some_and(|kind| ["T", "TIME"].contains(&kind.to_uppercase().as_str()));
    Ok(Variable { id, name: name.to_owned(), label, codes: keys, values: texts, labels, is_time })
}
