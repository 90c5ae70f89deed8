//! Notices that a file of the configuration was written. Folders are watched, not files, since editors replace files;
//! and only what is quiet for a while is told of, since an edit is often several writes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// No further write for so long: the edit is done.
const QUIET: Duration = Duration::from_secs(1);
/// Told of by then at the latest, however busy the folder is.
const LONGEST: Duration = Duration::from_secs(15);

/// Watches for as long as it is kept.
pub struct Watcher {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
}

impl Watcher {
    /// `changed` is called once per edit.
    pub fn start(changed: impl Fn() + Send + 'static) -> notify::Result<Self> {
        let (heard, hears) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // An error here is most often that too much happened to tell of each: then something did.
            if event.is_ok_and(|event| !writes(&event)) {
                return;
            }
            let _ = heard.send(());
        })?;
        tokio::spawn(settle(hears, changed));
        Ok(Self { watcher, watched: BTreeSet::new() })
    }

    /// These and all below them, in the place of what was watched. What can't be watched is told of and left.
    pub fn watch(&mut self, folders: impl IntoIterator<Item = PathBuf>) {
        let wanted: BTreeSet<PathBuf> = folders.into_iter().filter(|folder| folder.is_dir()).collect();
        for gone in self.watched.difference(&wanted) {
            let _ = self.watcher.unwatch(gone);
        }
        let mut watched: BTreeSet<PathBuf> = self.watched.intersection(&wanted).cloned().collect();
        for folder in wanted {
            if watched.contains(&folder) {
                continue;
            }
            match self.watcher.watch(&folder, RecursiveMode::Recursive) {
                Ok(()) => {
                    watched.insert(folder);
                }
                Err(error) => tracing::warn!(
                    folder = %folder.display(),
                    %error,
                    "a folder of the configuration cannot be watched: after an edit, send SIGHUP"
                ),
            }
        }
        self.watched = watched;
    }
}

fn writes(event: &Event) -> bool {
    let touches = matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_));
    touches && event.paths.iter().any(|path| !is_scratch(path))
}

/// What editors put beside a file while it is edited.
fn is_scratch(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.starts_with('.') || name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".tmp")
}

async fn settle(mut hears: mpsc::UnboundedReceiver<()>, changed: impl Fn() + Send + 'static) {
    while hears.recv().await.is_some() {
        let latest = Instant::now() + LONGEST;
        loop {
            let quiet = (Instant::now() + QUIET).min(latest);
            tokio::select! {
                more = hears.recv() => if more.is_none() { return },
                () = sleep_until(quiet) => break,
            }
        }
        changed();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_writes_are_one_edit_and_a_busy_folder_is_told_of_all_the_same() {
        let edits = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&edits);
        let (heard, hears) = mpsc::unbounded_channel();
        tokio::spawn(settle(hears, move || {
            seen.fetch_add(1, Ordering::SeqCst);
        }));
        for _ in 0..5 {
            heard.send(()).unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(edits.load(Ordering::SeqCst), 0);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(edits.load(Ordering::SeqCst), 1);
        for _ in 0..100 {
            heard.send(()).unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        // 30 s of writes: at 15 s, at 30 s, and perhaps what was written after.
        assert!((3..=4).contains(&edits.load(Ordering::SeqCst)), "{edits:?}");
    }

    #[test]
    fn what_an_editor_leaves_beside_a_file_is_no_edit() {
        for scratch in [".pipeline.toml.swp", "pipeline.toml~", ".#pipeline.toml", "4913.tmp"] {
            assert!(is_scratch(Path::new(scratch)), "{scratch}");
        }
        assert!(!is_scratch(Path::new("pipelines/folk/pipeline.toml")));
    }
}
