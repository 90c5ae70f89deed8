//! What ran, what it gave, and what each source said last: an index over the
//! lake and the archive, in SQLite. The lake is the truth; what the ledger
//! lacks after a crash is taken from there.

mod detail;
mod format;
mod message;
mod past;
mod run;
mod slot;
mod state;
mod waiting;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use url::Url;

use crate::codes::{self, Code};
use crate::store::{StoreError, move_into_place};

pub use detail::{CheckDetail, DatasetDetail, FetchDetail, LogLine, RowsChanged, RunDetail, Step};
pub use message::{Condition, Message, Notes, Told};
pub use past::{Past, PublishedManifest};
pub use run::{DatasetEntry, Outcome, RunEntry, RunId};
pub use slot::SLOTS_KEPT;
pub use state::{FetchState, PipelineState};
pub use waiting::{Stop, Waiting};

/// The ledger's one connection; calls are short, so a lock around it is enough.
pub struct Ledger {
    connection: Mutex<Connection>,
}

#[derive(Debug, thiserror::Error)]
#[error("could not use ledger.sqlite: {reason}")]
pub struct LedgerError {
    code: Option<ErrorCode>,
    reason: String,
    newer: bool,
}

const FILE: &str = "ledger.sqlite";

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        // SQLite's own words, without those that the library puts around them.
        let reason = match &error {
            rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
            error => error.to_string(),
        };
        Self { code: error.sqlite_error_code(), reason, newer: false }
    }
}

impl LedgerError {
    fn newer(number: u32) -> Self {
        let reason = format!("its format {number} is newer than this program, which knows up to {}", format::FORMAT);
        Self { code: None, reason, newer: true }
    }

    fn damaged(reason: String) -> Self {
        Self { code: Some(ErrorCode::DatabaseCorrupt), reason, newer: false }
    }

    pub fn is_newer(&self) -> bool {
        self.newer
    }

    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The file is no sound database: nothing in it is to be relied on.
    pub fn is_damage(&self) -> bool {
        matches!(self.code, Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
    }

    pub fn code(&self) -> Code {
        if self.newer {
            return codes::NEWER;
        }
        match self.code {
            Some(ErrorCode::DiskFull) => codes::DISK_FULL,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => codes::NOT_PERMITTED,
            _ => codes::LEDGER,
        }
    }

    /// What an operator can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        if self.newer {
            return Some("use the newer program, or move ledger.sqlite away: a run makes it anew from the manifests");
        }
        match self.code? {
            ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => {
                Some("`underlag run` or `underlag verify --repair` sets it aside and makes it anew from the manifests")
            }
            ErrorCode::DiskFull | ErrorCode::SystemIoFailure => Some(
                "the disk may be full or failing: free space and run again; what was published before is untouched",
            ),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some("another underlag is writing; run again"),
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                Some("the user that runs underlag must own data_dir")
            }
            _ => None,
        }
    }
}

impl Ledger {
    /// For a writer: made when it is not there, taken to this program's format, and looked through for damage.
    pub fn open(data_dir: &Path) -> Result<Self, LedgerError> {
        let mut connection = Connection::open(data_dir.join(FILE))?;
        format::number(&connection)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Err(LedgerError::damaged(format!("it is damaged: {found}")));
        }
        format::upgrade(&mut connection)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// For a reader, who makes and changes nothing; none when there is none.
    pub fn read(data_dir: &Path) -> Result<Option<Self>, LedgerError> {
        let path = data_dir.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let number = |path: &Path, flags| -> Result<_, LedgerError> {
            let connection = Connection::open_with_flags(path, flags)?;
            let number = format::number(&connection)?;
            Ok((connection, number))
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let (connection, number) = number(&path, flags).or_else(|error| match error.code {
            // A folder that may not be written: then nobody else writes there either.
            // Likewise one that is full: there is no room for what readers and writers share.
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
                let path = std::path::absolute(&path).unwrap_or(path);
                let uri = Url::from_file_path(&path).map_err(|()| error)?;
                number(Path::new(&format!("{uri}?immutable=1")), flags | OpenFlags::SQLITE_OPEN_URI)
            }
            _ => Err(error),
        })?;
        if number < format::FORMAT {
            drop(connection);
            return Self::open(data_dir).map(Some);
        }
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        Ok(Some(Self { connection: Mutex::new(connection) }))
    }

    /// One that lives as long as the process, for what is read from the manifests instead.
    pub fn in_memory() -> Result<Self, LedgerError> {
        let mut connection = Connection::open_in_memory()?;
        format::upgrade(&mut connection)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Moves a damaged ledger out of the way, with what SQLite keeps beside it; gives its new place.
    pub fn set_aside(data_dir: &Path, now: Timestamp) -> Result<PathBuf, StoreError> {
        let stamp = now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ");
        let aside = data_dir.join(format!("{FILE}.damaged-{stamp}"));
        // What lies beside goes first: it must not be taken for a part of the next ledger.
        for beside in ["-wal", "-shm", ""] {
            let path = data_dir.join(format!("{FILE}{beside}"));
            if path.exists() {
                move_into_place(&path, &data_dir.join(format!("{FILE}.damaged-{stamp}{beside}")))?;
            }
        }
        Ok(aside)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere leaves the connection as it was: SQLite rolls back what was open.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
