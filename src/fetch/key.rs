//! The key of a source that wants one, from the environment or the unit's
//! credentials, never from a configuration file. No text of this program shows
//! it, and it is not archived: only answers are.

use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use reqwest::header::HeaderValue;

use super::error::FetchError;
use crate::config::Source;

#[derive(Clone)]
pub struct ApiKey {
    pub header: &'static str,
    /// Marked as sensitive: the library does not show it either.
    pub value: HeaderValue,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("header", &self.header).finish_non_exhaustive()
    }
}

impl ApiKey {
    /// `UNDERLAG_API_KEY_NAME`, else the credential `api-key-NAME`; none where the source's kind knows no key, where
    /// neither is there, and for a stand-in.
    pub fn find(source: &Source) -> Result<Option<Self>, FetchError> {
        let Some(header) = source.kind.key_header().filter(|_| !source.synthetic) else { return Ok(None) };
        let variable = format!("UNDERLAG_API_KEY_{}", source.name.to_ascii_uppercase());
        if let Ok(text) = env::var(&variable) {
            return Self::read(header, &source.name, &variable, &text);
        }
        match env::var_os("CREDENTIALS_DIRECTORY") {
            Some(folder) => Self::in_folder(header, &source.name, Path::new(&folder)),
            None => Ok(None),
        }
    }

    fn in_folder(header: &'static str, source_name: &str, folder: &Path) -> Result<Option<Self>, FetchError> {
        let path = folder.join(format!("api-key-{source_name}"));
        let place = path.display().to_string();
        match fs::read_to_string(&path) {
            Ok(text) => Self::read(header, source_name, &place, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(FetchError::Key { source_name: source_name.to_owned(), place, reason: error.to_string() })
            }
        }
    }

    /// What is empty is not there.
    fn read(header: &'static str, source_name: &str, place: &str, text: &str) -> Result<Option<Self>, FetchError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let mut value = HeaderValue::from_str(text).map_err(|_| FetchError::Key {
            source_name: source_name.to_owned(),
            place: place.to_owned(),
            reason: "it holds characters that no header may".to_owned(),
        })?;
        value.set_sensitive(true);
        Ok(Some(Self { header, value }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_file_of_the_unit_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let find = || ApiKey::in_folder("api-key", "platsbanken", folder.path());
        assert!(find().unwrap().is_none());
        fs::write(folder.path().join("api-key-platsbanken"), " hemlig\n").unwrap();
        let key = find().unwrap().unwrap();
        assert_eq!(key.value.to_str().unwrap(), "hemlig");
        assert_eq!(format!("{key:?}"), "ApiKey { header: \"api-key\", .. }");
        assert_eq!(format!("{:?}", key.value), "Sensitive");
        fs::write(folder.path().join("api-key-platsbanken"), "hem\u{7}lig").unwrap();
        let error = find().unwrap_err().to_string();
        assert!(error.starts_with("platsbanken: the key from ") && !error.contains("lig:"), "{error}");
        fs::write(folder.path().join("api-key-platsbanken"), "\n").unwrap();
        assert!(find().unwrap().is_none());
    }
}
