//! Credentials and the client that they are given to. They come from the
//! environment or from systemd, never from a configuration file, and no text
//! of this program shows them.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use super::Bucket;

/// Of one who may read and write in the bucket.
#[derive(Clone)]
pub struct Credentials {
    key_id: String,
    secret: String,
    token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("there are no credentials for object storage")]
    Missing,
    #[error("there is {there}, and no {missing}")]
    Half { there: String, missing: String },
    #[error("could not read the credential {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("could not set up the client for {address}: {reason}")]
    Setup { address: String, reason: String },
}

impl AccessError {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing | Self::Half { .. } => Some(
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the unit LoadCredential=s3-access-key-id:… \
                 and s3-secret-access-key:…",
            ),
            Self::Unreadable { .. } => Some("the user that runs underlag must be able to read it"),
            Self::Setup { .. } => None,
        }
    }
}

impl Credentials {
    pub fn new(key_id: &str, secret: &str, token: Option<&str>) -> Self {
        Self { key_id: key_id.to_owned(), secret: secret.to_owned(), token: token.map(str::to_owned) }
    }

    /// From the environment, else from the unit's credentials.
    pub fn find() -> Result<Self, AccessError> {
        let variable = |name: &str| Ok(env::var(name).ok());
        let found = Self::from(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"], variable)?;
        if let Some(found) = found {
            return Ok(found);
        }
        let Some(folder) = env::var_os("CREDENTIALS_DIRECTORY") else { return Err(AccessError::Missing) };
        Self::in_folder(Path::new(&folder))?.ok_or(AccessError::Missing)
    }

    fn in_folder(folder: &Path) -> Result<Option<Self>, AccessError> {
        let file = |name: &str| {
            let path = folder.join(name);
            match fs::read_to_string(&path) {
                Ok(text) => Ok(Some(text)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(AccessError::Unreadable { path, source }),
            }
        };
        Self::from(["s3-access-key-id", "s3-secret-access-key", "s3-session-token"], file)
    }

    /// What is empty is not there.
    fn from(
        names: [&str; 3],
        get: impl Fn(&str) -> Result<Option<String>, AccessError>,
    ) -> Result<Option<Self>, AccessError> {
        let get = |name: &str| {
            let value = get(name)?.map(|value| value.trim().to_owned());
            Ok(value.filter(|value| !value.is_empty()))
        };
        let half = |there: &str, missing: &str| {
            Err(AccessError::Half { there: there.to_owned(), missing: missing.to_owned() })
        };
        match (get(names[0])?, get(names[1])?) {
            (Some(key_id), Some(secret)) => Ok(Some(Self { key_id, secret, token: get(names[2])? })),
            (Some(_), None) => half(names[0], names[1]),
            (None, Some(_)) => half(names[1], names[0]),
            (None, None) => Ok(None),
        }
    }
}

/// Tries again for as long as a passing fault lasts, and no longer than an operator would wait.
pub(super) fn client(bucket: &Bucket, credentials: &Credentials) -> Result<AmazonS3, AccessError> {
    // Shared with the client of the sources; fails only when one is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(10),
            base: 2.,
        },
        max_retries: 6,
        retry_timeout: Duration::from_mins(1),
    };
    let options = ClientOptions::new()
        .with_connect_timeout(Duration::from_secs(10))
        .with_timeout(Duration::from_mins(2))
        .with_allow_http(bucket.allow_http);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&bucket.name)
        .with_region(&bucket.region)
        .with_access_key_id(&credentials.key_id)
        .with_secret_access_key(&credentials.secret)
        .with_retry(retry)
        .with_client_options(options);
    if let Some(token) = &credentials.token {
        builder = builder.with_token(token);
    }
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    builder.build().map_err(|error| AccessError::Setup { address: bucket.address(""), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_units_credentials_are_files_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Credentials::in_folder(folder.path()).unwrap().is_none());
        fs::write(folder.path().join("s3-access-key-id"), "NYCKEL\n").unwrap();
        assert_eq!(
            Credentials::in_folder(folder.path()).unwrap_err().to_string(),
            "there is s3-access-key-id, and no s3-secret-access-key"
        );
        fs::write(folder.path().join("s3-secret-access-key"), "hemligt\n").unwrap();
        let found = Credentials::in_folder(folder.path()).unwrap().unwrap();
        assert_eq!((found.key_id.as_str(), found.secret.as_str()), ("NYCKEL", "hemligt"));
        assert_eq!(format!("{found:?}"), "Credentials { .. }");
    }
}
