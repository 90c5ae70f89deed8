//! Both storages through the interface that they share, and what only a bucket does.

use std::fs;

use object_store::memory::InMemory;

use super::*;
use crate::store::{LocalFolder, join};

fn in_memory(cache: &Path) -> ObjectStorage {
    ObjectStorage::over(Arc::new(InMemory::new()), Bucket::new("lager", "prov/ett"), cache)
}

fn keys(storage: &dyn Storage, key: &str) -> Vec<String> {
    storage.list(key).unwrap().into_iter().map(|entry| entry.key).collect()
}

fn folder(root: &Path, files: &[(&str, &[u8])]) -> PathBuf {
    let folder = root.join("stage/version");
    for (name, content) in files {
        let path = join(&folder, name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// What every storage keeps to.
fn keeps_to_the_interface(storage: &dyn Storage, root: &Path) {
    assert_eq!(storage.read("a/b.json").unwrap(), None);
    assert!(storage.list("a").unwrap().is_empty());
    assert!(storage.folders("a").unwrap().is_empty());
    storage.remove("a").unwrap();
    assert_eq!(storage.pointer("a/current").unwrap(), None);

    storage.write("a/b.json", b"1").unwrap();
    storage.write("a/b.json", b"22").unwrap();
    storage.write("ab/c.json", b"3").unwrap();
    assert_eq!(storage.read("a/b.json").unwrap().unwrap(), "22");
    assert_eq!(storage.list("a").unwrap(), [Entry { key: "a/b.json".to_owned(), size: 2 }], "a is no prefix of ab");
    assert_eq!(storage.list("a/b.json").unwrap().len(), 1, "a file is what its key lists");

    // Two parts, and a bit of a third.
    let large: Vec<u8> = (0..(17_u32 << 18)).flat_map(u32::to_le_bytes).collect();
    let file = root.join("large.tmp");
    fs::write(&file, &large).unwrap();
    storage.take(&file, "o/large").unwrap();
    assert!(!file.exists(), "it is moved, not copied");
    let mut content = Vec::new();
    std::io::Read::read_to_end(&mut storage.open("o/large").unwrap().unwrap(), &mut content).unwrap();
    assert!(content == large);
    assert!(storage.open("o/small").unwrap().is_none());
    storage.remove("o").unwrap();

    for line in ["ett", "två", "tre"] {
        storage.append("index/2026-11", line).unwrap();
    }
    storage.append("index/2026-10", "noll").unwrap();
    assert_eq!(storage.lines("index").unwrap(), ["noll", "ett", "två", "tre"]);
    assert_eq!(storage.lines("index/2026-11").unwrap(), ["ett", "två", "tre"]);
    assert!(storage.lines("index/2026-12").unwrap().is_empty());

    let made = folder(root, &[("manifest.json", b"{}"), ("data/lan-01/x.parquet", b"rader")]);
    storage.place(&made, "d/versions/1").unwrap();
    assert!(!made.exists(), "it is moved, not copied");
    assert_eq!(keys(storage, "d/versions/1"), ["d/versions/1/data/lan-01/x.parquet", "d/versions/1/manifest.json"]);
    assert_eq!(storage.folders("d/versions").unwrap(), ["1"]);
    assert_eq!(storage.folders("d").unwrap(), ["versions"]);
    let local = storage.local("d/versions/1/data/lan-01/x.parquet").unwrap();
    assert_eq!(fs::read(&local).unwrap(), b"rader");
    assert_eq!(local.extension().unwrap(), "parquet");

    let files = ["lan-01/x.parquet".to_owned()];
    storage.point("d/current", "versions/1/data", &files, None).unwrap();
    let first = storage.pointer("d/current").unwrap().unwrap();
    assert_eq!(first.target, "versions/1/data");
    storage.point("d/current", "versions/2/data", &files, Some(&first)).unwrap();
    assert_eq!(storage.pointer("d/current").unwrap().unwrap().target, "versions/2/data");

    storage.remove("d/versions/1").unwrap();
    // Some servers show an emptied folder for a while.
    assert!(storage.list("d/versions").unwrap().is_empty());
    storage.remove("a/b.json").unwrap();
    assert_eq!(storage.read("a/b.json").unwrap(), None);
    assert_eq!(storage.read("ab/c.json").unwrap().unwrap(), "3");
}

#[test]
fn both_storages_keep_to_the_interface() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    keeps_to_the_interface(&LocalFolder::new(here.path()), here.path());
    keeps_to_the_interface(&in_memory(&there.path().join("cache")), there.path());
}

#[test]
fn whoever_read_another_state_moves_no_pointer() {
    let dir = tempfile::tempdir().unwrap();
    let storage = in_memory(dir.path());
    let point = |target: &str, before: Option<&Pointer>| storage.point("d/current", target, &[], before);
    point("versions/1/data", None).unwrap();
    let error = point("versions/2/data", None).unwrap_err();
    assert!(error.is_overtaken());
    let text = error.to_string();
    let (start, end) = text.split_once(", since ").unwrap();
    assert_eq!(
        start,
        "could not move the pointer s3://lager/prov/ett/d/current.json: another underlag published there meanwhile: \
         it leads to versions/1/data"
    );
    assert!(end.ends_with('Z') && !end.contains('.'), "{end}");
    assert_eq!(error.hint().unwrap(), "run again: what the other one published will be found");

    let read = storage.pointer("d/current").unwrap().unwrap();
    point("versions/3/data", Some(&read)).unwrap();
    assert!(point("versions/4/data", Some(&read)).unwrap_err().is_overtaken());
    assert_eq!(storage.pointer("d/current").unwrap().unwrap().target, "versions/3/data");
    // Gone altogether is moved too.
    let read = storage.pointer("d/current").unwrap().unwrap();
    storage.remove("d/current.json").unwrap();
    let error = point("versions/5/data", Some(&read)).unwrap_err();
    assert!(error.is_overtaken() && error.to_string().ends_with("meanwhile: it is gone"), "{error}");
}

#[test]
fn of_many_who_read_the_same_state_one_moves_the_pointer() {
    let dir = tempfile::tempdir().unwrap();
    one_of_many_moves(&in_memory(dir.path()));
}

fn one_of_many_moves(storage: &ObjectStorage) {
    let first = |number: u32| storage.point("lopp/current", &format!("versions/{number}/data"), &[], None).is_ok();
    let made: Vec<bool> = std::thread::scope(|scope| {
        let started: Vec<_> = (1..=16).map(|number| scope.spawn(move || first(number))).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(made.iter().filter(|made| **made).count(), 1, "made anew");
    storage.remove("lopp").unwrap();
    storage.point("lopp/current", "versions/0/data", &[], None).unwrap();
    let read = storage.pointer("lopp/current").unwrap().unwrap();
    let moved: Vec<bool> = std::thread::scope(|scope| {
        let each = |number: u32| {
            let read = &read;
            scope.spawn(move || {
                storage.point("lopp/current", &format!("versions/{number}/data"), &[], Some(read)).is_ok()
            })
        };
        let started: Vec<_> = (1..=16).map(each).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(moved.iter().filter(|moved| **moved).count(), 1, "moved on");
}

/// `tests/object_storage/check.py` starts a server, and says here where: endpoint, bucket, key and secret.
#[test]
fn a_real_server_does_all_this_too() {
    let Ok(server) = std::env::var("UNDERLAG_TEST_S3") else {
        println!("skipped: UNDERLAG_TEST_S3 names no server");
        return;
    };
    let [endpoint, name, key, secret] = server.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let connect = |name: &str, secret: &str| {
        let mut bucket = Bucket::new(name, "prov/bibliotek");
        bucket.endpoint = Some(endpoint.parse().unwrap());
        bucket.allow_http = true;
        ObjectStorage::connect(bucket, &Credentials::new(key, secret, None), &dir.path().join("cache")).unwrap()
    };
    let storage = connect(name, secret);
    storage.remove("").unwrap();
    keeps_to_the_interface(&storage, dir.path());
    for _ in 0..5 {
        one_of_many_moves(&storage);
        storage.remove("lopp").unwrap();
    }
    let large: Vec<u8> = (0..20_000_000_u32).map(|number| (number >> 8) as u8).collect();
    let made = folder(dir.path(), &[("manifest.json", b"{}"), ("data/x.parquet", &large)]);
    storage.place(&made, "d/versions/2").unwrap();
    assert!(fs::read(storage.local("d/versions/2/data/x.parquet").unwrap()).unwrap() == large, "in parts");
    storage.remove("").unwrap();
    assert!(storage.list("").unwrap().is_empty());

    let error = connect(name, "en-annan").read("a").unwrap_err();
    assert!(error.to_string().contains("the server says SignatureDoesNotMatch"), "{error}");
    assert!(error.hint().unwrap().contains("credentials"));
    let error = connect("finns-inte", secret).read("a").unwrap_err();
    assert!(error.to_string().contains("NoSuchBucket"), "{error}");
}

#[test]
fn a_pointer_tells_readers_its_files_and_its_format() {
    let dir = tempfile::tempdir().unwrap();
    let storage = in_memory(dir.path());
    storage.point("d/current", "versions/1/data", &["lan-01/x.parquet".to_owned()], None).unwrap();
    let text = storage.read("d/current.json").unwrap().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(json["format"], 1);
    assert_eq!(json["target"], "versions/1/data");
    assert_eq!(json["files"][0], "versions/1/data/lan-01/x.parquet");
    storage.write("d/current.json", br#"{"format":2,"something":"else"}"#).unwrap();
    assert_eq!(
        storage.pointer("d/current").unwrap_err().to_string(),
        "could not read s3://lager/prov/ett/d/current.json: it has format 2, and this program reads up to 1"
    );
}

#[test]
fn a_copy_is_fetched_once_and_again_when_it_is_gone_or_cut() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let storage = in_memory(&cache);
    storage.write("a.parquet", b"ett").unwrap();
    let path = storage.local("a.parquet").unwrap();
    assert!(path.starts_with(&cache));
    let made = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(storage.local("a.parquet").unwrap(), path);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), made);
    fs::write(&path, b"e").unwrap();
    assert_eq!(fs::read(storage.local("a.parquet").unwrap()).unwrap(), b"ett");
    fs::remove_dir_all(&cache).unwrap();
    assert_eq!(fs::read(storage.local("a.parquet").unwrap()).unwrap(), b"ett");
    // Another object under the same key is another copy.
    storage.write("a.parquet", b"tre").unwrap();
    let other = storage.local("a.parquet").unwrap();
    assert_eq!((fs::read(&other).unwrap(), other != path), (b"tre".to_vec(), true));
    let error = storage.local("b.parquet").unwrap_err();
    assert_eq!(error.source.kind(), std::io::ErrorKind::NotFound);
    assert!(error.to_string().starts_with("could not read s3://lager/prov/ett/b.parquet: "), "{error}");
}

#[test]
fn large_files_go_in_parts() {
    let dir = tempfile::tempdir().unwrap();
    let storage = in_memory(&dir.path().join("cache"));
    let large: Vec<u8> = (0..20_000_000_u32).map(|number| (number >> 8) as u8).collect();
    storage.write("large.zst", &large).unwrap();
    assert!(storage.read("large.zst").unwrap().unwrap() == large);
    let made = folder(dir.path(), &[("manifest.json", b"{}"), ("data/x.parquet", &large)]);
    storage.place(&made, "d/versions/1").unwrap();
    assert!(fs::read(storage.local("d/versions/1/data/x.parquet").unwrap()).unwrap() == large);
}

/// The synchronous face holds up no runtime, whatever it is called from.
#[test]
fn it_may_be_called_from_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    let storage = in_memory(dir.path());
    storage.write("a", b"1").unwrap();
    let read = |storage: &ObjectStorage| assert_eq!(storage.read("a").unwrap().unwrap(), "1");
    let many = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let one = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for runtime in [&many, &one] {
        runtime.block_on(async { read(&storage) });
        let inside = storage.clone();
        runtime.block_on(async { tokio::spawn(async move { read(&inside) }).await.unwrap() });
        let inside = storage.clone();
        runtime.block_on(async { tokio::task::spawn_blocking(move || read(&inside)).await.unwrap() });
    }
    // Its last owner may be dropped in async code too.
    many.block_on(async { drop(storage) });
}

/// The two come from two versions of one library.
#[test]
fn its_client_and_that_of_the_sources_set_up_one_tls_together() {
    let http = crate::config::HttpSettings {
        connect_timeout: std::time::Duration::from_secs(1),
        read_timeout: std::time::Duration::from_secs(1),
        total_timeout: std::time::Duration::from_secs(1),
        max_body: 1,
        max_decompressed: 1,
        stream_timeout: std::time::Duration::from_secs(1),
        max_stream: 1,
        max_stream_decompressed: 1,
        max_redirects: 0,
        max_tries: 1,
        max_wait: std::time::Duration::ZERO,
        outbound: crate::config::Outbound::default(),
        outages: crate::config::OutageSettings::default(),
    };
    let publisher = crate::config::Publisher { name: "Prov".to_owned(), contact: String::new() };
    let dir = tempfile::tempdir().unwrap();
    let mut bucket = Bucket::new("lager", "prov");
    bucket.endpoint = Some("https://127.0.0.1:1".parse().unwrap());
    let credentials = Credentials::new("NYCKEL", "hemligt", None);
    let connect = || ObjectStorage::connect(bucket.clone(), &credentials, dir.path());
    let storage = match connect() {
        Ok(storage) => storage,
        Err(AccessError::Setup { reason, .. }) if reason.contains("ertificate") => {
            println!("skipped: this machine has no certificates");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    crate::fetch::Client::new(&http, &publisher).unwrap();
    connect().unwrap();
    assert!(!format!("{storage:?}").contains("hemligt"));
    assert!(!format!("{storage:?}").contains("NYCKEL"));
}

#[test]
fn of_two_that_put_the_same_version_there_one_is_told_and_touches_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let storage = in_memory(&dir.path().join("cache"));
    let made = |name: &str| {
        let folder = dir.path().join(name);
        std::fs::create_dir_all(folder.join("data")).unwrap();
        for file in ["datapackage.json", "manifest.json", "data/a.parquet"] {
            std::fs::write(folder.join(file), name).unwrap();
        }
        folder
    };
    storage.place(&made("first"), "d/versions/1").unwrap();
    let error = storage.place(&made("second"), "d/versions/1").unwrap_err();
    assert!(error.is_overtaken());
    assert_eq!(
        error.to_string(),
        "could not write s3://lager/prov/ett/d/versions/1/datapackage.json: another underlag has published there \
         meanwhile: this very version"
    );
    for file in ["datapackage.json", "manifest.json", "data/a.parquet"] {
        assert_eq!(storage.read(&format!("d/versions/1/{file}")).unwrap().unwrap(), "first");
    }
}
