//! Answers of any size: from the network into the archive in constant memory,
//! and from there to whoever decodes them. Where an answer holds personal
//! data, a [`Scrub`] drops it on the way: what is kept is what the scrub let
//! through, with the hash of what came; the rest never touches a disk, and of
//! an answer that was refused not even the body is kept.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use super::archive::{Archive, Envelope};
use super::body::{self, BodyFault};
use super::client::Outgoing;
use super::courier::{Courier, Expect, Validators, local, off_thread};
use super::errand::{is_for_all, tell};
use super::error::FetchError;
use super::limiter::Slot;
use super::lock;
use super::object::Object;
use super::problem::{short, without_bom};
use super::request::{AnswerRecord, Method, Original, Request};
use super::response::action;
use super::retry::Failure;
use super::verdict;
use crate::config::Action;

/// Reads what came and writes what may be kept. It is run on a thread of its own, anew for every try; it may leave
/// the end of its input unread only where nothing there can tell of a cut.
pub type Scrub = Arc<dyn Fn(&mut (dyn Read + Send), &mut (dyn Write + Send)) -> Result<(), ScrubError> + Send + Sync>;

/// A function as a [`Scrub`].
pub fn scrub(
    work: impl Fn(&mut (dyn Read + Send), &mut (dyn Write + Send)) -> Result<(), ScrubError> + Send + Sync + 'static,
) -> Scrub {
    Arc::new(work)
}

/// Why nothing could be kept. The words go into logs: they never hold a piece of the body that may be personal.
#[derive(Debug, thiserror::Error)]
pub enum ScrubError {
    /// The body ends before its end; worth another try.
    #[error("{0}")]
    Incomplete(String),
    /// It would be the same next time.
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// An answer in the archive, whose body is read with [`Courier::open`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streamed {
    pub record: AnswerRecord,
}

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 17;
/// Chunks between the network and the thread that packs them.
const CHUNKS: usize = 16;
/// As much of a page in place of data as is shown.
const SHOWN: usize = 80;

impl Courier {
    /// As [`Courier::ask`], for a body of any size: an earlier answer where there is one, else a call whose body goes
    /// straight into the archive. A body that is cut off leaves nothing there, and is asked for again.
    pub async fn ask_streamed(
        &self,
        request: &Request,
        expect: Expect,
        scrub: Option<Scrub>,
    ) -> Result<Streamed, FetchError> {
        self.ask_streamed_of(request, expect, scrub, |_| true).await
    }

    /// The same for callers who have yet to judge whether an earlier answer may stand in for the call.
    pub async fn ask_streamed_of(
        &self,
        request: &Request,
        expect: Expect,
        scrub: Option<Scrub>,
        fits: impl Fn(&AnswerRecord) -> bool + Send,
    ) -> Result<Streamed, FetchError> {
        if let Some(record) = self.earlier_streamed(request, scrub.is_some()).await?
            && (self.is_of_archive() || fits(&record))
        {
            self.reuses();
            return Ok(Streamed { record });
        }
        let mut outgoing = self.outgoing(request, expect)?;
        let known = self.known_streamed(request, scrub.is_some()).await;
        outgoing.unless = known.as_ref().map(|known| Validators::of(&known.headers));
        let once = || self.stream_once(request, &outgoing, expect, scrub.as_ref());
        match self.until_done(&outgoing, once).await {
            (Ok(Some(record)), _) => Ok(Streamed { record }),
            (Ok(None), tries) => match known {
                // What the source still has the same is the answer from before.
                Some(record) => {
                    self.reuses();
                    Ok(Streamed { record })
                }
                None => {
                    let failure = Failure::Transport("nothing was sent (304), though nothing was known".to_owned());
                    Err(verdict::failed(&outgoing, failure, tries, self.shared.client.settings()))
                }
            },
            (Err(failure), tries) if scrub.is_some() => {
                Err(verdict::failed(&outgoing, failure, tries, self.shared.client.settings()))
            }
            (Err(failure), tries) => Err(self.give_up(request, &outgoing, failure, tries).await),
        }
    }

    /// A file of this machine, archived like a streamed answer.
    pub async fn read_local_streamed(&self, path: &Path, scrub: Option<Scrub>) -> Result<Streamed, FetchError> {
        let (path, shown) = local(path)?;
        if self.is_of_archive() {
            let request = Request::get(shown);
            let record = self.archived_record(&request).ok_or_else(|| self.not_archived(&request))?;
            return Ok(Streamed { record });
        }
        let (archive, folder, cap) = (Arc::clone(&self.shared.archive), self.folder(), self.cap());
        let (courier, source_name) = (self.clone(), self.source().name.clone());
        off_thread(move || {
            let fault = || FetchError::io("read", &path);
            let file = File::open(&path).map_err(fault())?;
            let metadata = file.metadata().map_err(fault())?;
            if !metadata.is_file() {
                let error = io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
                return Err(fault()(error));
            }
            let too_large = FetchError::StreamTooLarge {
                source_name: source_name.clone(),
                url: shown.clone(),
                limit: cap,
                key: "max_stream_decompressed",
            };
            if metadata.len() > cap {
                return Err(too_large);
            }
            let envelope = courier.local_envelope(shown.clone(), &metadata);
            // One byte beyond the cap tells of a file that is growing.
            let mut file = file.take(cap.saturating_add(1));
            let received = receive(&mut file, scrub.as_ref(), &archive, envelope, &folder);
            let record = received.map_err(|fault| match fault {
                Unreceived::Fetch(error) => error,
                Unreceived::Scrub(ScrubError::Io(error)) => FetchError::io("read", &path)(error),
                Unreceived::Scrub(error) => {
                    FetchError::NotScrubbed { source_name, url: shown, reason: error.to_string() }
                }
            })?;
            let length = record.original.as_ref().map_or(record.size, |original| original.size);
            courier.shared.tally.body(&courier.source().name, length);
            if length > cap { Err(too_large) } else { Ok(Streamed { record }) }
        })
        .await
    }

    /// The body of an archived answer, unpacked while it is read. Its end is an error where it is not what came then.
    /// Reading it blocks.
    pub fn open(&self, record: &AnswerRecord) -> Result<Object, FetchError> {
        self.shared.archive.open_object(&record.hash).map_err(|error| self.unreadable(record, error))
    }

    /// The body of an archived answer as a file, for formats that are not read from their beginning to their end. It
    /// has no name any more and is gone when it is closed. Writing it blocks.
    pub fn open_file(&self, record: &AnswerRecord) -> Result<File, FetchError> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let folder = self.folder();
        fs::create_dir_all(&folder).map_err(FetchError::io("create", &folder))?;
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{}-{serial}.open.tmp", std::process::id()));
        let fault = || FetchError::io("write", &path);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(fault())?;
        fs::remove_file(&path).map_err(fault())?;
        let mut object = self.open(record)?;
        let mut buffer = vec![0; CHUNK];
        loop {
            let length = object
                .read(&mut buffer)
                .map_err(|error| self.unreadable(record, self.shared.archive.damaged(&record.hash, &error)))?;
            if length == 0 {
                break;
            }
            file.write_all(&buffer[..length]).map_err(fault())?;
        }
        file.rewind().map_err(fault())?;
        Ok(file)
    }

    /// An error that was met while an archived answer was read.
    pub fn unreadable(&self, record: &AnswerRecord, error: FetchError) -> FetchError {
        if !self.is_of_archive() {
            return error;
        }
        FetchError::Unreadable {
            source_name: self.source().name.clone(),
            url: record.url.clone(),
            method: record.method.to_string(),
            error: Box::new(error),
        }
    }

    /// The same for the error of a read.
    pub fn unread(&self, record: &AnswerRecord, error: &io::Error) -> FetchError {
        self.unreadable(record, self.shared.archive.damaged(&record.hash, error))
    }

    /// Whether these answers are in the archive as they came.
    pub async fn are_sound(&self, records: &[AnswerRecord]) -> bool {
        let (archive, records) = (Arc::clone(&self.shared.archive), records.to_vec());
        let look = move || records.iter().try_for_each(|record| archive.look(&record.hash).map(drop));
        off_thread(look).await.is_ok()
    }

    /// Bytes that an unpacked stream may have; a scrub that unpacks further holds to it too.
    pub fn cap(&self) -> u64 {
        self.shared.client.settings().max_stream_decompressed
    }

    /// On the file system of the data folder; the next run clears what a crash leaves there.
    fn folder(&self) -> PathBuf {
        match &self.shared.journal {
            Some(journal) => journal.folder().join("streams"),
            None => std::env::temp_dir(),
        }
    }

    async fn earlier_streamed(&self, request: &Request, scrubbed: bool) -> Result<Option<AnswerRecord>, FetchError> {
        if self.is_of_archive() {
            return self.archived_record(request).ok_or_else(|| self.not_archived(request)).map(Some);
        }
        let identity = request.identity(&self.source().name);
        let usable = |record: &AnswerRecord| !scrubbed || record.original.is_some();
        let Some(record) = self.earlier_record(&identity).filter(usable) else { return Ok(None) };
        let (archive, hash) = (Arc::clone(&self.shared.archive), record.hash.clone());
        match off_thread(move || archive.look(&hash)).await {
            Ok(_) => Ok(Some(record)),
            Err(FetchError::Stopped) => Err(FetchError::Stopped),
            Err(fault) => {
                tracing::warn!(
                    pipeline = self.shared.pipeline,
                    url = record.url,
                    %fault,
                    "an earlier answer cannot be used and is asked for again"
                );
                Ok(None)
            }
        }
    }

    /// The last version's answer to this call, where it can be told by its validators whether it still holds.
    async fn known_streamed(&self, request: &Request, scrubbed: bool) -> Option<AnswerRecord> {
        let record = lock(&self.shared.remembered).get(&request.identity(&self.source().name)).cloned()?;
        let Validators { etag, last_modified, .. } = Validators::of(&record.headers);
        let is_usable = request.method == Method::Get
            && record.status == 200
            && record.synthetic == self.source().synthetic
            && record.original.is_some() == scrubbed
            && (etag.is_some() || last_modified.is_some());
        let (archive, hash) = (Arc::clone(&self.shared.archive), record.hash.clone());
        (is_usable && off_thread(move || archive.look(&hash)).await.is_ok()).then_some(record)
    }

    /// None where the source has the same as the answer that is known.
    async fn stream_once(
        &self,
        request: &Request,
        outgoing: &Outgoing,
        expect: Expect,
        scrub: Option<&Scrub>,
    ) -> Result<Option<AnswerRecord>, Failure> {
        let (limiter, ailing) = (self.limiter_of(&outgoing.url), self.ailing(outgoing));
        let (leave, _place, slot) = self.turn(&limiter, &ailing).await?;
        let result = self.stream_in_turn(request, outgoing, expect, scrub, slot).await;
        tell(leave, &result);
        if let Err(Failure::NotNow { received, after }) = &result
            && is_for_all(received.status, *after)
        {
            self.pause(&limiter, *after);
        }
        result
    }

    async fn stream_in_turn(
        &self,
        request: &Request,
        outgoing: &Outgoing,
        expect: Expect,
        scrub: Option<&Scrub>,
        slot: Slot<'_>,
    ) -> Result<Option<AnswerRecord>, Failure> {
        let (client, tally) = (&self.shared.client, &self.shared.tally);
        let started = Instant::now();
        let begun = client.begin(outgoing, slot, tally, Some(client.settings().stream_timeout)).await?;
        if begun.redirect.is_some() || !(200..300).contains(&begun.status) {
            let received = self.as_declared(client.finish(outgoing, begun, tally).await)?;
            if received.status == 304 && outgoing.unless.is_some() {
                return Ok(None);
            }
            let verdict = match action(&self.source().responses, received.status, &received.body) {
                Some(action @ (Action::Split | Action::Stop)) => Err(verdict::declared(outgoing, &received, action)),
                _ => verdict::judge(outgoing, &received, Expect::Any, client.settings()),
            };
            if scrub.is_none() {
                self.file(request, outgoing, received).await.map_err(Failure::Final)?;
            }
            verdict.map_err(Failure::Final)?;
            return Err(Failure::Transport("the answer has no body to stream".to_owned()));
        }
        let headers = begun.headers.clone();
        let envelope = self.envelope(request, outgoing, begun.fetched_at, begun.status, begun.headers.clone());
        let body = client.stream(outgoing, begun, tally).await?;
        let (sender, receiver) = mpsc::channel(CHUNKS);
        let pump = self.pump(outgoing, &headers, body, expect, sender);
        let (archive, folder, scrub) = (Arc::clone(&self.shared.archive), self.folder(), scrub.cloned());
        let received = off_thread(move || {
            let mut input = Chunks { receiver, chunk: Bytes::new(), ended: false };
            Ok(receive(&mut input, scrub.as_ref(), &archive, envelope, &folder))
        });
        let record = match tokio::join!(pump, received) {
            // What stopped the body is the reason, whatever the other end made of it.
            (Err(Unpumped::Body(fault)), _) => return Err(client.stream_failure(outgoing, &headers, fault)),
            (Err(Unpumped::Fetch(error)), _) | (_, Err(error)) => return Err(Failure::Final(error)),
            (Ok(()), Ok(received)) => received.map_err(|fault| self.unreceived(outgoing, fault))?,
        };
        tracing::debug!(
            pipeline = self.shared.pipeline,
            source = self.source().name,
            url = outgoing.shown_url(),
            status = record.status,
            bytes = record.original.as_ref().map_or(record.size, |original| original.size),
            kept = record.size,
            took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "a streamed answer came"
        );
        Ok(Some(record))
    }

    fn unreceived(&self, outgoing: &Outgoing, fault: Unreceived) -> Failure {
        let invalid = |reason: String| {
            let (source_name, url) = (self.source().name.clone(), outgoing.shown_url());
            Failure::Final(FetchError::NotScrubbed { source_name, url, reason })
        };
        match fault {
            Unreceived::Fetch(error) => Failure::Final(error),
            Unreceived::Scrub(ScrubError::Incomplete(reason)) => Failure::Transport(reason),
            Unreceived::Scrub(ScrubError::Invalid(reason)) => invalid(reason),
            Unreceived::Scrub(ScrubError::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Failure::Transport("the body ended before its end".to_owned())
            }
            Unreceived::Scrub(ScrubError::Io(error)) => invalid(error.to_string()),
        }
    }

    /// Moves a body from the network to the thread that keeps it, and tells that thread of its end.
    async fn pump(
        &self,
        outgoing: &Outgoing,
        headers: &BTreeMap<String, String>,
        mut body: std::pin::Pin<Box<dyn tokio::io::AsyncRead + Send + '_>>,
        expect: Expect,
        sender: mpsc::Sender<Chunk>,
    ) -> Result<(), Unpumped> {
        let cap = self.cap();
        let mut total = 0_u64;
        // The beginning, until it can be told whether it is an answer.
        let mut start = (expect == Expect::Json).then(BytesMut::new);
        loop {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            let length = body.read_buf(&mut chunk).await.map_err(|error| Unpumped::Body(body::fault(error)))?;
            total += length as u64;
            self.shared.tally.body(&self.source().name, length as u64);
            if total > cap {
                return Err(Unpumped::Body(BodyFault::UnpacksTooLarge));
            }
            if let Some(mut begun) = start.take() {
                begun.extend_from_slice(&chunk);
                let said = without_bom(&begun).trim_ascii_start();
                if !verdict::looks_like_json(&begun) && (length == 0 || !said.is_empty() || total > CHUNK as u64) {
                    let content_type = headers.get("content-type").map_or("no content type", String::as_str);
                    return Err(Unpumped::Fetch(FetchError::NotJson {
                        source_name: self.source().name.clone(),
                        url: outgoing.shown_url(),
                        method: outgoing.method.to_string(),
                        content_type: short(content_type, SHOWN),
                        start: short(&String::from_utf8_lossy(&said[..said.len().min(SHOWN * 16)]), SHOWN),
                    }));
                }
                if said.is_empty() {
                    start = Some(begun);
                    continue;
                }
                chunk = begun;
            }
            let next = if length == 0 { Chunk::End } else { Chunk::Bytes(chunk.freeze()) };
            // The other end has given up, and says why.
            if sender.send(next).await.is_err() || length == 0 {
                return Ok(());
            }
        }
    }
}

enum Unpumped {
    Body(BodyFault),
    Fetch(FetchError),
}

enum Unreceived {
    Fetch(FetchError),
    Scrub(ScrubError),
}

impl From<FetchError> for Unreceived {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

enum Chunk {
    Bytes(Bytes),
    End,
}

/// What the pump sends, as a reader. A pump that goes away before the end is an error, so that half a body is never
/// taken for one.
struct Chunks {
    receiver: mpsc::Receiver<Chunk>,
    chunk: Bytes,
    ended: bool,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() && !self.ended {
            match self.receiver.blocking_recv() {
                Some(Chunk::Bytes(bytes)) => self.chunk = bytes,
                Some(Chunk::End) => self.ended = true,
                None => return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the body was cut off")),
            }
        }
        let length = self.chunk.len().min(buffer.len());
        self.chunk.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

/// Hashes and counts what is read.
struct Hashed<'a> {
    input: &'a mut (dyn Read + Send),
    hasher: blake3::Hasher,
    size: u64,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        self.size += length as u64;
        Ok(length)
    }
}

/// Writes a body, or what may be kept of it, into the archive.
fn receive(
    input: &mut (dyn Read + Send),
    scrub: Option<&Scrub>,
    archive: &Archive,
    envelope: Envelope,
    folder: &Path,
) -> Result<AnswerRecord, Unreceived> {
    let mut incoming = Archive::receive(folder, scrub.is_some())?;
    let kept = match scrub {
        None => io::copy(&mut io::BufReader::with_capacity(CHUNK, input), &mut incoming)
            .map(|_| None)
            .map_err(ScrubError::Io),
        Some(scrub) => {
            let mut hashed = Hashed { input, hasher: blake3::Hasher::new(), size: 0 };
            scrub(&mut hashed, &mut incoming).and_then(|()| {
                // Its hash is of all that came.
                io::copy(&mut hashed, &mut io::sink())?;
                let hash = hashed.hasher.finalize().to_hex().to_string();
                Ok(Some(Original { hash, size: hashed.size }))
            })
        }
    };
    match (incoming.fault(), kept) {
        (Some(fault), _) => Err(fault.into()),
        (None, Err(fault)) => Err(Unreceived::Scrub(fault)),
        (None, Ok(original)) => Ok(archive.put_received(envelope, incoming, original)?),
    }
}
