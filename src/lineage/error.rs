//! Why a version cannot be led back to its bytes. Some of these are damage to
//! what should have been kept; the others are things to put right first.

use std::path::PathBuf;

use crate::codes::{self, Code};
use crate::fetch::FetchError;
use crate::lake::{LakeError, VersionId};
use crate::reference::ReferenceError;
use crate::run::{Problem, RecipeError};
use crate::source::SourceError;
use crate::store::StoreError;
use crate::transform::EngineError;

#[derive(Debug, thiserror::Error)]
pub enum LineageError {
    #[error("the archived recipe of {dataset} {version} cannot be read: {error}")]
    RecipeUnreadable { dataset: String, version: VersionId, error: FetchError },
    #[error("the archived recipe {hash}: {error}")]
    Recipe { hash: String, error: RecipeError },
    /// The problems as `check` would show them.
    #[error("this program refuses the archived recipe {hash}:\n{problems}")]
    Refused { hash: String, problems: String },
    #[error("the reference tables of the archived recipe {hash}: {error}")]
    Reference { hash: String, error: ReferenceError },
    #[error(
        "{dataset} {version} has no archived recipe, and pipeline {pipeline:?} with that dataset is not configured now"
    )]
    NotConfigured { dataset: String, version: VersionId, pipeline: String },
    #[error("fetch {fetch}: the manifest of {dataset} {version} has no record of it")]
    NoAnswers { dataset: String, version: VersionId, fetch: String },
    #[error("fetch {fetch}: {error}")]
    Answer { fetch: String, error: SourceError },
    #[error("input {input}: the manifest of {dataset} {version} pins no version of it")]
    NoInput { dataset: String, version: VersionId, input: String },
    #[error("input {dataset} {version}, whose data are gone: {error}")]
    Input { dataset: String, version: VersionId, error: Box<LineageError> },
    #[error(
        "input {dataset} {version}, whose data are gone: from the archive it comes out with the content hash {found}, not {expected}"
    )]
    InputDiffers { dataset: String, version: VersionId, expected: String, found: String },
    #[error("{dataset} {version}: {file} is not as it was published")]
    DataDamaged { dataset: String, version: VersionId, file: String },
    #[error(
        "{dataset} {version} keeps periods of the version before it, and no manifest has the hash that it names that one by"
    )]
    NoPrevious { dataset: String, version: VersionId },
    #[error("{text:?} is not the id of a version")]
    NotAVersion { text: String },
    #[error("could not work in {}: {error}", path.display())]
    Scratch { path: PathBuf, error: std::io::Error },
    #[error("{}", .0.message)]
    NotFound(Question),
    #[error(transparent)]
    Run(#[from] Problem),
    #[error(transparent)]
    Lake(#[from] LakeError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What was asked for is not there, or is not one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub message: String,
    pub hint: Option<String>,
}

impl LineageError {
    pub fn question(message: impl Into<String>, hint: Option<String>) -> Self {
        Self::NotFound(Question { message: message.into(), hint })
    }

    /// Whether what a version rests on is lost or spoilt, as against something that stands in the way.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::RecipeUnreadable { .. }
            | Self::Recipe { error: RecipeError::Broken(_) | RecipeError::Outside(_), .. }
            | Self::NoAnswers { .. }
            | Self::NoInput { .. }
            | Self::NoPrevious { .. }
            | Self::InputDiffers { .. }
            | Self::DataDamaged { .. }
            | Self::Answer {
                error: SourceError::Fetch(FetchError::NotArchived { .. } | FetchError::Unreadable { .. }),
                ..
            } => true,
            Self::Input { error, .. } => error.is_damage(),
            _ => false,
        }
    }

    pub fn code(&self) -> Code {
        match self {
            Self::RecipeUnreadable { .. } => codes::ARCHIVE_DAMAGED,
            Self::Recipe { error: RecipeError::Newer(_), .. } => codes::NEWER,
            Self::Recipe { .. }
            | Self::Refused { .. }
            | Self::Reference { .. }
            | Self::NotConfigured { .. }
            | Self::NoAnswers { .. }
            | Self::NoInput { .. }
            | Self::InputDiffers { .. }
            | Self::NoPrevious { .. } => codes::NOT_REPRODUCIBLE,
            Self::DataDamaged { .. } => codes::DAMAGED,
            Self::NotAVersion { .. } | Self::NotFound(_) => codes::NO_SUCH_THING,
            Self::Scratch { .. } => codes::OUTPUT,
            Self::Answer { error, .. } => error.code(),
            Self::Input { error, .. } => error.code(),
            Self::Run(problem) => problem.code(),
            Self::Lake(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Fetch(error) => error.code(),
            Self::Engine(error) => error.code(),
        }
    }

    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::RecipeUnreadable { .. }
            | Self::Answer { error: SourceError::Fetch(FetchError::Unreadable { .. }), .. } => {
                "the archive cannot be fetched again as it was: restore the file from a backup"
            }
            Self::Answer { error: SourceError::Fetch(FetchError::NotArchived { .. }), .. } => {
                "what is asked for now was not asked for then: the program or the configuration plans other calls"
            }
            Self::Recipe { error: RecipeError::Newer(_), .. } => {
                "replay it with the program that made it, or a newer one"
            }
            Self::Refused { .. } => "replay it with the program that made it",
            Self::NotConfigured { .. } => "versions made before recipes were archived need the configuration of then",
            Self::DataDamaged { .. } => "`underlag verify` lists all that is damaged",
            Self::Scratch { .. } => "TMPDIR names another folder for temporary files",
            Self::NotFound(question) => return question.hint.clone(),
            Self::Input { error, .. } => return error.hint(),
            Self::Answer { error, .. } => return error.hint(),
            Self::Run(problem) => return problem.hint(),
            Self::Fetch(error) => return error.hint(),
            Self::Store(error) | Self::Lake(LakeError::Store(error)) => return error.hint().map(str::to_owned),
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
