//! The program killed (SIGKILL) in the middle of its work: readers never see a
//! half-made version, and the next run goes on where the killed one was.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::local::{files_below, reported};
use crate::people::{DATASETS, people};
use crate::world::{Sandbox, World, pause};

/// How long the sandbox takes over each answer, so that there are moments between them.
const DELAY: u64 = 25;
/// Answers that are under way or being decoded, and not yet accepted: one call at a time, and the one before it.
const IN_HAND: usize = 2;
/// No moment of a run is this far off.
const PATIENCE: Duration = Duration::from_mins(1);

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// The sandbox has answered so many calls.
    Answered(usize),
    /// The program says that it begins this.
    Says(&'static str),
    /// The folder of a new version of the first, or second, dataset stands in its place.
    InPlace(usize),
    /// The pointer of the first, or second, dataset has moved.
    Moved(usize),
    /// Percent of an undisturbed run's time have passed.
    Passed(u32),
}

/// Ten moments by what the program has done: asking for /config, the table and
/// its metadata, between data calls, computing, publishing, moving pointers.
const BY_PROGRESS: [Moment; 10] = [
    Moment::Answered(1),
    Moment::Answered(2),
    Moment::Answered(3),
    Moment::Answered(5),
    Moment::Answered(8),
    Moment::Says("computing folk_kommun"),
    Moment::Says("computing folk_lan"),
    Moment::Says("publishing"),
    Moment::InPlace(1),
    Moment::Moved(0),
];

struct Scene {
    sandbox: Sandbox,
    world: World,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::start_with(&["--calls", "0", "--max-cells", "500"]);
        let world = people(&sandbox);
        let scene = Self { sandbox, world };
        scene.revise(false);
        scene
    }

    /// Lets the source tell its first figures, or revised ones.
    fn revise(&self, revised: bool) {
        self.sandbox.behave();
        self.sandbox.fault(json!({ "kind": "delay", "delay_ms": DELAY }));
        if revised {
            self.sandbox.fault(json!({ "kind": "revise" }));
        }
    }

    fn data(&self, folder: &str) -> PathBuf {
        self.world.path(folder)
    }

    fn start(&self, folder: &str) -> Running {
        let mut command = self.world.command(&["run", "folk", "--data-dir", folder]);
        let mut child =
            command.env("UNDERLAG_LOG", "info").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let heard = Arc::clone(&said);
        thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|line| heard.lock().unwrap().push(line)));
        Running { child, said, begun: Instant::now() }
    }

    /// Waits for the moment, kills, and says whether the run was still alive.
    fn kill_at(&self, moment: Moment, folder: &str, undisturbed: Duration) -> bool {
        let data = self.data(folder);
        let before: Vec<(usize, Option<PathBuf>)> =
            DATASETS.iter().map(|dataset| (versions(&data, dataset), pointer(&data, dataset))).collect();
        let mut running = self.start(folder);
        let come = |running: &Running| match moment {
            Moment::Answered(calls) => self.sandbox.calls().len() >= calls,
            Moment::Says(words) => running.said.lock().unwrap().iter().any(|line| line.contains(words)),
            Moment::InPlace(at) => versions(&data, DATASETS[at]) > before[at].0,
            Moment::Moved(at) => pointer(&data, DATASETS[at]) != before[at].1,
            Moment::Passed(percent) => running.begun.elapsed() >= undisturbed * percent / 100,
        };
        while !come(&running) && running.child.try_wait().unwrap().is_none() {
            assert!(running.begun.elapsed() < PATIENCE, "{moment:?} never came: {:?}", running.said.lock().unwrap());
            if matches!(moment, Moment::Answered(_) | Moment::Passed(_)) {
                pause(2);
            }
        }
        let alive = running.child.try_wait().unwrap().is_none();
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        // The call in flight may still be noted by the sandbox.
        pause(DELAY + 40);
        alive
    }

    /// Everything that must hold after a kill at `moment`, and after the run that follows it.
    fn survives(&self, moment: Moment, folder: &str, undisturbed: Duration, expected: &[Value]) {
        let data = self.data(folder);
        self.sandbox.forget_calls();
        let alive = self.kill_at(moment, folder, undisturbed);
        if !matches!(moment, Moment::Passed(_)) {
            assert!(alive, "{moment:?}: the run had ended already");
        }
        let before = self.sandbox.calls();
        for dataset in DATASETS {
            whole(&data, dataset).unwrap_or_else(|fault| panic!("{moment:?}: {fault}"));
        }
        let verified = self.world.run(&["verify", "--data-dir", folder]);
        assert_eq!(verified.code, 0, "{moment:?}: {}", verified.stdout);
        let left = journal(&data);
        let through = left.is_none() && before.len() > 3;

        self.sandbox.forget_calls();
        let next = self.world.ok(&["run", "folk", "--data-dir", folder]);
        let after = self.sandbox.calls();
        let repeated: Vec<&Value> = after.iter().filter(|call| before.contains(call) && !is_reread(call)).collect();
        if through {
            // The killed run had forgotten its journal: all it had to do was done. The next only asks what is new.
            assert!(repeated.iter().all(|call| call["method"] == "GET"), "{moment:?}: repeats {repeated:?}");
            assert!(next.stdout.contains("unchanged"), "{moment:?}: {}", next.stdout);
        } else {
            let recorded = left.unwrap_or_default();
            assert!(
                recorded + IN_HAND >= distinct(&before),
                "{moment:?}: {recorded} answers recorded of {}",
                before.len()
            );
            assert!(repeated.len() <= IN_HAND, "{moment:?}: repeats {repeated:?}");
            let last = &before[before.len().saturating_sub(IN_HAND)..];
            assert!(repeated.iter().all(|call| last.contains(call)), "{moment:?}: repeats a call that was not in hand");
            let rereads = after.iter().filter(|call| is_reread(call)).count();
            assert!(before.len() < 3 || rereads <= 3, "{moment:?}: the table is asked for {rereads} times");
        }
        for (dataset, expected) in DATASETS.iter().zip(expected) {
            let content = whole(&data, dataset).unwrap().expect("published")["content_hash"].clone();
            assert_eq!(content, *expected, "{moment:?}: {dataset} is not what an undisturbed run gives");
        }
        assert_eq!(self.world.run(&["verify", "--data-dir", folder]).code, 0, "{moment:?}");
        assert!(!data.join("stage/folk").exists(), "{moment:?}: the stage is left behind");
    }

    /// Runs undisturbed; gives the time it took and the content of each dataset.
    fn undisturbed(&self, folder: &str) -> (Duration, Vec<Value>) {
        let begun = Instant::now();
        self.world.ok(&["run", "folk", "--data-dir", folder]);
        let took = begun.elapsed();
        let data = self.data(folder);
        let content = DATASETS.iter().map(|dataset| whole(&data, dataset).unwrap().unwrap()["content_hash"].clone());
        (took, content.collect())
    }
}

struct Running {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    begun: Instant,
}

/// The table is asked for once more, deliberately, when all parts of a download are there; and its metadata tell first
/// whether there is anything new at all.
fn is_reread(call: &Value) -> bool {
    let path = call["path"].as_str().unwrap();
    path.contains("/tables/TAB6471?") || path.contains("/tables/TAB6471/metadata?")
}

fn distinct(calls: &[Value]) -> usize {
    let mut texts: Vec<String> = calls.iter().map(ToString::to_string).collect();
    texts.sort();
    texts.dedup();
    texts.len()
}

/// Answers that the killed run had accepted; none where it left no journal.
fn journal(data: &Path) -> Option<usize> {
    fs::read_to_string(data.join("stage/folk/journal.jsonl")).ok().map(|text| text.lines().count())
}

fn versions(data: &Path, dataset: &str) -> usize {
    fs::read_dir(data.join("datasets").join(dataset).join("versions")).map_or(0, Iterator::count)
}

fn pointer(data: &Path, dataset: &str) -> Option<PathBuf> {
    fs::read_link(data.join("datasets").join(dataset).join("current")).ok()
}

/// The manifest that `current` leads to, once every file it names has been found as it says.
fn whole(data: &Path, dataset: &str) -> Result<Option<Value>, String> {
    let Some(target) = pointer(data, dataset) else { return Ok(None) };
    let folder = data.join("datasets").join(dataset).join(&target);
    let manifest = folder.parent().unwrap().join("manifest.json");
    let manifest = fs::read(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
    let manifest: Value = serde_json::from_slice(&manifest).map_err(|error| format!("{dataset}: {error}"))?;
    for file in manifest["files"].as_array().unwrap() {
        let path = folder.join(file["path"].as_str().unwrap());
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if *blake3::hash(&bytes).to_hex() != *file["blake3"].as_str().unwrap() {
            return Err(format!("{}: other bytes than the manifest's", path.display()));
        }
    }
    Ok(Some(manifest))
}

#[test]
fn a_first_publish_killed_at_ten_moments_is_completed_by_the_next_run() {
    let scene = Scene::new();
    let (took, expected) = scene.undisturbed("data");
    for (number, moment) in BY_PROGRESS.into_iter().enumerate() {
        scene.survives(moment, &format!("data-{number}"), took, &expected);
    }
}

#[test]
fn a_new_version_killed_at_ten_moments_leaves_the_old_one_until_it_is_whole() {
    let scene = Scene::new();
    let (took, first) = scene.undisturbed("data");
    scene.revise(true);
    let (_, second) = scene.undisturbed("data");
    assert_ne!(first, second);
    let reader = Reader::start(scene.data("data"));
    for (number, moment) in BY_PROGRESS.into_iter().enumerate() {
        let revised = number % 2 == 1;
        scene.revise(revised);
        scene.survives(moment, "data", took, if revised { &second } else { &first });
    }
    reader.stop();
}

#[test]
fn a_new_version_killed_at_ten_points_in_time_leaves_the_old_one_until_it_is_whole() {
    let scene = Scene::new();
    let (_, first) = scene.undisturbed("data");
    scene.revise(true);
    let (took, second) = scene.undisturbed("data");
    let reader = Reader::start(scene.data("data"));
    for number in 0..10 {
        let revised = number % 2 == 1;
        scene.revise(revised);
        scene.survives(Moment::Passed(5 + 10 * number), "data", took, if revised { &second } else { &first });
    }
    reader.stop();
}

/// Reads what `current` names, over and over, as an analyst who knows nothing of runs.
struct Reader {
    stop: Arc<AtomicBool>,
    read: Arc<AtomicU64>,
    thread: thread::JoinHandle<Result<(), String>>,
}

impl Reader {
    fn start(data: PathBuf) -> Self {
        let (stop, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&read));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                for dataset in DATASETS {
                    whole(&data, dataset)?.ok_or_else(|| format!("{dataset} was published, and is not"))?;
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                pause(3);
            }
            Ok(())
        });
        Self { stop, read, thread }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap().unwrap();
        assert!(self.read.load(Ordering::Relaxed) > 50, "the reader hardly read");
    }
}

#[test]
fn a_second_run_at_the_same_time_is_refused_and_harms_nothing() {
    let scene = Scene::new();
    let mut first = scene.start("data");
    while scene.sandbox.calls().len() < 3 {
        assert!(first.begun.elapsed() < PATIENCE && first.child.try_wait().unwrap().is_none());
        pause(2);
    }
    for command in [&["run", "folk"][..], &["report"]] {
        let second = scene.world.run(command);
        assert_eq!(second.code, 1, "{}", second.stderr);
        assert_eq!(second.stdout, "");
        insta::allow_duplicates! {
            insta::assert_snapshot!(second.stderr, @r"
            error[U0605]: another underlag is at work in [world]/data: process [pid], `underlag run folk --data-dir data`, since [time]
            hint: wait for it to end (--wait does), or give another --data-dir
            ");
        }
    }
    assert!(first.child.wait().unwrap().success(), "{:?}", first.said.lock().unwrap());
    for dataset in DATASETS {
        assert!(scene.world.versions(dataset).len() == 1 && scene.world.current(dataset).is_some());
    }
    scene.world.ok(&["verify"]);
}

#[test]
fn a_site_killed_while_it_is_made_is_never_half_visible() {
    let world = reported();
    let pages = |folder: &str| {
        let site = world.path(&format!("{folder}/site/current/"));
        if site.exists() { files_below(&site).len() } else { 0 }
    };
    world.ok(&["run", "lokal"]);
    let all = pages("data");
    assert!(all > 312, "{all}");
    // Begun, half rendered, and on the way to its place.
    for (number, sign) in ["stage/_site", "stage/_site/kommun", "site/versions"].iter().enumerate() {
        let folder = format!("site-{number}");
        let begun = Instant::now();
        let mut command = world.command(&["run", "lokal", "--data-dir", &folder]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while fs::symlink_metadata(world.path(&folder).join(sign)).is_err() && child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "{sign} never came");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!([0, all].contains(&pages(&folder)), "{sign}: {} of {all} files are visible", pages(&folder));
        let next = world.ok(&["run", "lokal", "--data-dir", &folder]);
        assert!(next.stdout.starts_with("lokal          unchanged"), "{sign}: {}", next.stdout);
        assert_eq!(pages(&folder), all, "{sign}");
        world.ok(&["verify", "--data-dir", &folder]);
    }
}

#[test]
fn a_killed_run_stands_in_the_history_as_interrupted() {
    let scene = Scene::new();
    assert!(scene.kill_at(Moment::Answered(4), "data", PATIENCE));
    let status = scene.world.ok(&["status"]);
    assert!(status.stdout.contains("interrupted"), "{}", status.stdout);
    scene.world.ok(&["run", "folk"]);
    let history = scene.world.ok(&["history", "--json"]);
    let runs: Value = serde_json::from_str(&history.stdout).unwrap();
    let outcomes: Vec<&str> = runs.as_array().unwrap().iter().map(|run| run["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["published", "interrupted"]);
}
