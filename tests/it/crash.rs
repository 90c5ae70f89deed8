//! The power cut at every operation of a run, on a disk that keeps only what was
//! synced: contents at the file's sync, names at their folder's. Of the rest,
//! nothing, everything or some survives. Whatever does, readers see a version
//! whole, none that was published is lost, and the next run completes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use underlag::fetch::Archive;
use underlag::store::{LocalFolder, Operation, watch};

use crate::inside::{DATASETS, Edition, Inside, holds};

/// A file, folder or link, whatever names lead to it.
type Node = usize;

#[derive(Clone, Debug)]
enum Content {
    Folder {
        /// What is seen now.
        now: BTreeMap<String, Node>,
        /// What a crash leaves for certain.
        durable: BTreeMap<String, Node>,
    },
    File {
        now: Vec<u8>,
        durable: Vec<u8>,
    },
    Link(PathBuf),
}

/// A change of names that a crash may undo until the folder is synced.
#[derive(Clone, Debug)]
enum Pending {
    Set(Node, String, Node),
    Remove(Node, String),
    /// At once or not at all, as every journalling file system has it; durable when the folder it leads to is.
    Move {
        from: (Node, String),
        to: (Node, String),
        node: Node,
    },
}

impl Pending {
    fn folder(&self) -> Node {
        match self {
            Self::Set(folder, ..) | Self::Remove(folder, _) | Self::Move { to: (folder, _), .. } => *folder,
        }
    }
}

/// What of the un-synced survives a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Survives {
    Nothing,
    Everything,
    Some(u64),
}

/// A sequence of chances, the same for the same seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

/// A disk below one folder, as the operations on it have made it.
#[derive(Clone, Debug)]
struct Disk {
    root: PathBuf,
    nodes: Vec<Content>,
    pending: Vec<Pending>,
}

impl Disk {
    /// A disk whose every byte is safe.
    fn of(root: &Path) -> Self {
        let mut disk = Self { root: root.to_owned(), nodes: Vec::new(), pending: Vec::new() };
        let top = disk.add(empty_folder());
        if root.is_dir() {
            disk.take(root, top);
        }
        let names = disk.nodes.iter_mut();
        for node in names {
            match node {
                Content::Folder { now, durable } => durable.clone_from(now),
                Content::File { now, durable } => durable.clone_from(now),
                Content::Link(_) => {}
            }
        }
        disk.pending.clear();
        disk
    }

    fn add(&mut self, content: Content) -> Node {
        self.nodes.push(content);
        self.nodes.len() - 1
    }

    /// Everything below a real folder; nothing that is the ledger's.
    fn take(&mut self, path: &Path, folder: Node) {
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if path == self.root && is_apart(&name) {
                continue;
            }
            let kind = entry.file_type().unwrap();
            let node = self.add(if kind.is_symlink() {
                Content::Link(fs::read_link(entry.path()).unwrap())
            } else if kind.is_dir() {
                empty_folder()
            } else {
                Content::File { now: fs::read(entry.path()).unwrap(), durable: Vec::new() }
            });
            self.set(folder, &name, node);
            if kind.is_dir() {
                self.take(&entry.path(), node);
            }
        }
    }

    fn names(&self, folder: Node) -> &BTreeMap<String, Node> {
        match &self.nodes[folder] {
            Content::Folder { now, .. } => now,
            other => panic!("not a folder: {other:?}"),
        }
    }

    fn set(&mut self, folder: Node, name: &str, node: Node) {
        self.change(folder, |names| names.insert(name.to_owned(), node));
        self.pending.push(Pending::Set(folder, name.to_owned(), node));
    }

    fn remove(&mut self, folder: Node, name: &str) {
        self.change(folder, |names| names.remove(name));
        self.pending.push(Pending::Remove(folder, name.to_owned()));
    }

    fn change<T>(&mut self, folder: Node, change: impl FnOnce(&mut BTreeMap<String, Node>) -> T) {
        match &mut self.nodes[folder] {
            Content::Folder { now, .. } => drop(change(now)),
            other => panic!("not a folder: {other:?}"),
        }
    }

    /// The folder of a path and the path's own name in it. What was made outside the record is made here.
    fn place(&mut self, path: &Path) -> (Node, String) {
        let below = path.strip_prefix(&self.root).unwrap().to_owned();
        let mut names: Vec<String> = below.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
        let last = names.pop().unwrap_or_default();
        let mut folder = 0;
        for name in names {
            let known = self.names(folder).get(&name).copied();
            folder = known.unwrap_or_else(|| {
                let node = self.add(empty_folder());
                self.set(folder, &name, node);
                node
            });
        }
        (folder, last)
    }

    /// Does what an operation does.
    fn apply(&mut self, done: &Done) {
        match done {
            Done::CreateFolder(path) if *path == self.root => {}
            Done::CreateFolder(path) => {
                let (folder, name) = self.place(path);
                if !self.names(folder).contains_key(&name) {
                    let node = self.add(empty_folder());
                    self.set(folder, &name, node);
                }
            }
            Done::CreateFile(path) => {
                let (folder, name) = self.place(path);
                match self.names(folder).get(&name).copied() {
                    Some(node) => {
                        if let Content::File { now, .. } = &mut self.nodes[node] {
                            now.clear();
                        }
                    }
                    None => {
                        let node = self.add(Content::File { now: Vec::new(), durable: Vec::new() });
                        self.set(folder, &name, node);
                    }
                }
            }
            Done::Write(path, bytes) => {
                let (folder, name) = self.place(path);
                let node = self.names(folder)[&name];
                if let Content::File { now, .. } = &mut self.nodes[node] {
                    now.extend_from_slice(bytes);
                }
            }
            Done::SyncFile(path, content) => {
                let (folder, name) = self.place(path);
                let synced = Content::File { now: content.clone(), durable: content.clone() };
                match self.names(folder).get(&name).copied() {
                    Some(node) => self.nodes[node] = synced,
                    None => {
                        let node = self.add(synced);
                        self.set(folder, &name, node);
                    }
                }
            }
            Done::SyncFolder(path, unrecorded) => {
                let (folder, _) = self.place(&path.join("entry"));
                for name in unrecorded {
                    if !self.names(folder).contains_key(name) {
                        let node = self.add(empty_folder());
                        self.set(folder, name, node);
                    }
                }
                let (synced, kept) = self.pending.drain(..).partition(|pending| pending.folder() == folder);
                self.pending = kept;
                self.settle(&synced);
            }
            Done::Rename(from, to) => {
                let (from, to) = (self.place(from), self.place(to));
                let node = self.names(from.0)[&from.1];
                self.change(from.0, |names| names.remove(&from.1));
                self.change(to.0, |names| names.insert(to.1.clone(), node));
                self.pending.push(Pending::Move { from, to, node });
            }
            Done::Link(path, target) => {
                let (folder, name) = self.place(path);
                let node = self.add(Content::Link(target.clone()));
                self.set(folder, &name, node);
            }
            Done::Remove(path) => {
                let (folder, name) = self.place(path);
                if self.names(folder).contains_key(&name) {
                    self.remove(folder, &name);
                }
            }
        }
    }

    /// Makes changes of names durable.
    fn settle(&mut self, changes: &[Pending]) {
        for change in changes {
            let mut durably = |folder: Node, name: &str, node: Option<Node>| {
                if let Content::Folder { durable, .. } = &mut self.nodes[folder] {
                    match node {
                        Some(node) => durable.insert(name.to_owned(), node),
                        None => durable.remove(name),
                    };
                }
            };
            match change {
                Pending::Set(folder, name, node) => durably(*folder, name, Some(*node)),
                Pending::Remove(folder, name) => durably(*folder, name, None),
                Pending::Move { from, to, node } => {
                    durably(from.0, &from.1, None);
                    durably(to.0, &to.1, Some(*node));
                }
            }
        }
    }

    /// What is found after a crash now: path to content, folders without one.
    fn after_crash(&self, survives: Survives) -> BTreeMap<PathBuf, Found> {
        let mut disk = self.clone();
        let mut chance = Chance(match survives {
            Survives::Some(seed) => seed,
            _ => 0,
        });
        let changes = std::mem::take(&mut disk.pending);
        let surviving: Vec<Pending> = match survives {
            Survives::Nothing => Vec::new(),
            Survives::Everything => changes,
            Survives::Some(_) => changes.into_iter().filter(|_| chance.next().is_multiple_of(2)).collect(),
        };
        disk.settle(&surviving);
        for node in &mut disk.nodes {
            let Content::File { now, durable } = node else { continue };
            if now == durable {
                continue;
            }
            // What was only added to keeps its beginning.
            let kept = if now.starts_with(durable) { durable.len() } else { 0 };
            *durable = match (survives, chance.next() % 4) {
                (Survives::Nothing, _) | (Survives::Some(_), 0) => std::mem::take(durable),
                (Survives::Everything, _) | (Survives::Some(_), 1) => std::mem::take(now),
                (_, 2) => now[..kept].to_vec(),
                // Cut off, or made long before its bytes were written.
                (_, _) => {
                    let cut = kept + chance.next() as usize % (now.len() - kept + 1);
                    let mut torn = now[..cut].to_vec();
                    if chance.next().is_multiple_of(2) {
                        torn.resize(now.len(), 0);
                    }
                    torn
                }
            };
        }
        let mut found = BTreeMap::new();
        disk.list(0, Path::new(""), &mut found);
        found
    }

    fn list(&self, folder: Node, below: &Path, found: &mut BTreeMap<PathBuf, Found>) {
        let Content::Folder { durable, .. } = &self.nodes[folder] else { return };
        for (name, node) in durable {
            let path = below.join(name);
            match &self.nodes[*node] {
                Content::Folder { .. } => {
                    found.insert(path.clone(), Found::Folder);
                    self.list(*node, &path, found);
                }
                Content::File { durable, .. } => drop(found.insert(path, Found::File(durable.clone()))),
                Content::Link(target) => drop(found.insert(path, Found::Link(target.clone()))),
            }
        }
    }
}

fn empty_folder() -> Content {
    Content::Folder { now: BTreeMap::new(), durable: BTreeMap::new() }
}

/// SQLite keeps its own promises, and the lock holds nothing.
fn is_apart(name: &str) -> bool {
    name.starts_with("ledger.sqlite") || name == "lock"
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Found {
    Folder,
    File(Vec<u8>),
    Link(PathBuf),
}

/// An operation as it is remembered.
#[derive(Clone, Debug)]
enum Done {
    CreateFolder(PathBuf),
    CreateFile(PathBuf),
    Write(PathBuf, Vec<u8>),
    SyncFile(PathBuf, Vec<u8>),
    /// With the folders in it, some of which are made outside the record.
    SyncFolder(PathBuf, Vec<String>),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl Done {
    fn of(operation: &Operation<'_>) -> Self {
        match *operation {
            Operation::CreateFolder(path) => Self::CreateFolder(path.to_owned()),
            Operation::CreateFile(path) => Self::CreateFile(path.to_owned()),
            Operation::Write(path, bytes) => Self::Write(path.to_owned(), bytes.to_vec()),
            Operation::SyncFile(path) => Self::SyncFile(path.to_owned(), fs::read(path).unwrap()),
            Operation::SyncFolder(path) => {
                let folders = fs::read_dir(path).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir());
                let names = folders.filter(|entry| !entry.file_type().unwrap().is_symlink());
                Self::SyncFolder(path.to_owned(), names.map(|entry| entry.file_name().into_string().unwrap()).collect())
            }
            Operation::Rename(from, to) => Self::Rename(from.to_owned(), to.to_owned()),
            Operation::Link(path, target) => Self::Link(path.to_owned(), target.to_owned()),
            Operation::RemoveFile(path) | Operation::RemoveFolder(path) => Self::Remove(path.to_owned()),
        }
    }

    fn in_short(&self) -> String {
        match self {
            Self::Write(path, bytes) => format!("Write({}, {} bytes)", path.display(), bytes.len()),
            Self::SyncFile(path, _) => format!("SyncFile({})", path.display()),
            Self::SyncFolder(path, _) => format!("SyncFolder({})", path.display()),
            other => format!("{other:?}"),
        }
    }
}

/// A run, recorded, and the disk that it began on.
struct Recorded {
    inside: Inside,
    before: Option<PathBuf>,
    data: PathBuf,
    disk: Disk,
    done: Vec<Done>,
}

impl Recorded {
    fn run(inside: Inside, before: Option<PathBuf>) -> Self {
        let data = inside.fresh(before.as_deref());
        let disk = Disk::of(&data);
        let record = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&record);
        let watched = watch(&data, move |operation| {
            told.lock().unwrap().push(Done::of(operation));
            Ok(())
        });
        inside.run(&data).unwrap();
        drop(watched);
        let done = std::mem::take(&mut *record.lock().unwrap());
        Self { inside, before, data, disk, done }
    }

    /// Crashes before every operation and after the last. `seeds` is the number of chances taken of what survives;
    /// the run that follows is tried at every `stride`th state that differs from those before it.
    fn crashes(mut self, seeds: u64, stride: usize) {
        let seen_before = self.before.as_ref().map(|_| Edition::First);
        let (mut states, mut runs) = (BTreeSet::new(), 0);
        for at in 0..=self.done.len() {
            let chances = (0..seeds).map(|seed| Survives::Some(seed << 32 | at as u64));
            for survives in [Survives::Nothing, Survives::Everything].into_iter().chain(chances) {
                let found = self.disk.after_crash(survives);
                if !states.insert(hash(&found)) {
                    continue;
                }
                let last = at.checked_sub(1).map(|last| self.done[last].in_short()).unwrap_or_default();
                let when = format!("crash after operation {at} ({last}), {survives:?} survives");
                let data = self.materialize(&found, states.len() % 2 == 0);
                // What has been seen after a sync can't be unseen.
                let durable = DATASETS.map(|dataset| self.is_safe(dataset));
                let may: &[Option<Edition>] = match durable {
                    [true, true] => &[Some(Edition::Second)],
                    _ => &[seen_before, Some(Edition::Second)],
                };
                holds(&data, &when, may);
                self.archive_is_whole(&data, &when);
                if states.len() % stride == 0 {
                    runs += 1;
                    self.inside.completes(&data, &when);
                    self.archive_is_whole(&data, &when);
                }
                fs::remove_dir_all(&data).unwrap();
            }
            if let Some(done) = self.done.get(at).cloned() {
                self.disk.apply(&done);
            }
        }
        println!("{} operations, {} different disks after a crash, {runs} runs on them", self.done.len(), states.len());
        assert!(self.done.len() > 50 && runs > 10);
    }

    /// Whether the pointer to the new version is on the disk for good.
    fn is_safe(&self, dataset: &str) -> bool {
        let found = self.disk.after_crash(Survives::Nothing);
        let now = fs::read_link(self.data.join(format!("datasets/{dataset}/current"))).unwrap();
        found.get(Path::new(&format!("datasets/{dataset}/current"))) == Some(&Found::Link(now))
    }

    /// Every answer whose line was synced is told of, and its object is there.
    fn archive_is_whole(&self, data: &Path, when: &str) {
        let synced = self.disk.after_crash(Survives::Nothing);
        let index = |path: &&PathBuf| path.starts_with("archive/index");
        let lines: usize = synced
            .iter()
            .filter(|(path, _)| index(path))
            .map(|(_, found)| match found {
                Found::File(bytes) => bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(),
                _ => 0,
            })
            .sum();
        let archive = Archive::open(Arc::new(LocalFolder::new(data)));
        let records: Vec<_> = archive.records().unwrap().map(Result::unwrap).collect();
        assert!(records.len() >= lines, "{when}: {} answers are told of, {lines} were synced", records.len());
        for record in records {
            archive
                .read(&record.hash)
                .unwrap_or_else(|error| panic!("{when}: an answer is told of, and lost: {error}"));
        }
    }

    /// A real folder of what was found, with the ledger as it was before the run, or with none.
    fn materialize(&self, found: &BTreeMap<PathBuf, Found>, with_ledger: bool) -> PathBuf {
        let data = self.inside.fresh(None);
        fs::create_dir_all(&data).unwrap();
        for (path, found) in found {
            let path = data.join(path);
            match found {
                Found::Folder => fs::create_dir(path).unwrap(),
                Found::File(bytes) => fs::write(path, bytes).unwrap(),
                Found::Link(target) => std::os::unix::fs::symlink(target, path).unwrap(),
            }
        }
        if let (Some(before), true) = (&self.before, with_ledger) {
            for entry in fs::read_dir(before).unwrap() {
                let entry = entry.unwrap();
                if is_apart(entry.file_name().to_str().unwrap()) {
                    fs::copy(entry.path(), data.join(entry.file_name())).unwrap();
                }
            }
        }
        data
    }
}

fn hash(found: &BTreeMap<PathBuf, Found>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for (path, found) in found {
        let (kind, content): (u8, &[u8]) = match found {
            Found::Folder => (0, &[]),
            Found::File(bytes) => (1, bytes),
            Found::Link(target) => (2, target.as_os_str().as_encoded_bytes()),
        };
        hasher.update(path.as_os_str().as_encoded_bytes()).update(&[0, kind]).update(content).update(&[0]);
    }
    *hasher.finalize().as_bytes()
}

#[test]
fn a_first_publish_survives_a_power_cut_at_every_operation() {
    let inside = Inside::new();
    inside.source_says(Edition::Second);
    Recorded::run(inside, None).crashes(2, 12);
}

#[test]
fn a_new_version_survives_a_power_cut_at_every_operation() {
    let inside = Inside::new();
    let before = inside.published();
    Recorded::run(inside, Some(before)).crashes(2, 12);
}

#[test]
#[ignore = "every state with the run that follows it, and more chances: minutes"]
fn every_disk_that_a_power_cut_may_leave() {
    let inside = Inside::new();
    let before = inside.published();
    Recorded::run(inside, Some(before)).crashes(8, 1);
    let inside = Inside::new();
    inside.source_says(Edition::Second);
    Recorded::run(inside, None).crashes(8, 1);
}

/// The shim itself: an un-synced name, content or move is gone, a synced one stays.
#[test]
fn the_disk_forgets_what_was_not_synced() {
    let root = PathBuf::from("/d");
    let mut disk = Disk { root: root.clone(), nodes: vec![empty_folder()], pending: Vec::new() };
    let (a, b) = (root.join("a"), root.join("b"));
    let left = |disk: &Disk, survives| disk.after_crash(survives).into_iter().collect::<Vec<_>>();
    disk.apply(&Done::CreateFile(a.clone()));
    disk.apply(&Done::Write(a.clone(), b"12".to_vec()));
    assert_eq!(left(&disk, Survives::Nothing), []);
    assert_eq!(left(&disk, Survives::Everything), [("a".into(), Found::File(b"12".to_vec()))]);
    disk.apply(&Done::SyncFolder(root.clone(), Vec::new()));
    assert_eq!(left(&disk, Survives::Nothing), [("a".into(), Found::File(Vec::new()))]);
    disk.apply(&Done::SyncFile(a.clone(), b"12".to_vec()));
    disk.apply(&Done::Rename(a.clone(), b.clone()));
    assert_eq!(left(&disk, Survives::Nothing), [("a".into(), Found::File(b"12".to_vec()))]);
    disk.apply(&Done::SyncFolder(root, Vec::new()));
    assert_eq!(left(&disk, Survives::Nothing), [("b".into(), Found::File(b"12".to_vec()))]);
    disk.apply(&Done::Remove(b));
    assert_eq!(left(&disk, Survives::Everything), []);
    let some: BTreeSet<usize> = (0..20).map(|seed| left(&disk, Survives::Some(seed)).len()).collect();
    assert_eq!(some, BTreeSet::from([0, 1]));
}
