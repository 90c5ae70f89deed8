//! `underlag.toml`: where things lie and the bounds of a run.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::config::node::Node;
use crate::config::{
    DaemonSettings, HttpSettings, Notify, OutageSettings, Outbound, Publisher, Retention, RunSettings, ServerSettings,
    leaf,
};
use crate::store::Bucket;

use super::Problems;
use super::notify::notify;

pub(in crate::config) struct Settings {
    pub data_dir: PathBuf,
    pub bucket: Option<Bucket>,
    pub pipelines_dir: PathBuf,
    pub reports_dir: PathBuf,
    pub reference_dir: PathBuf,
    pub publisher: Publisher,
    pub run: RunSettings,
    pub retention: Retention,
    pub http: HttpSettings,
    pub server: ServerSettings,
    pub daemon: DaemonSettings,
    pub notify: Notify,
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// `root` is none where the file could not be read: the defaults stand, so that the
/// pipelines are looked at all the same.
pub(in crate::config) fn settings(root: Option<&Node<'_>>, dir: &Path, problems: &mut Problems<'_>) -> Settings {
    let place = |key: &str, default: &str| {
        let written = root.and_then(|root| root.string(key));
        absolute(dir, Path::new(written.as_deref().unwrap_or(default)))
    };
    Settings {
        data_dir: place("data_dir", "/var/lib/underlag"),
        bucket: root.and_then(|root| bucket(root, problems)),
        pipelines_dir: place("pipelines_dir", "../pipelines"),
        reports_dir: place("reports_dir", "../reports"),
        reference_dir: place("reference_dir", "../reference"),
        publisher: publisher(root.and_then(|root| root.node("publisher")).as_ref()),
        run: run(root.and_then(|root| root.node("run")).as_ref()),
        retention: retention(root.and_then(|root| root.node("retention")).as_ref()),
        http: http(root.and_then(|root| root.node("http")).as_ref(), dir),
        server: server(root.and_then(|root| root.node("server")).as_ref()),
        daemon: daemon(root.and_then(|root| root.node("daemon")).as_ref()),
        notify: notify(root.and_then(|root| root.node("notify")).as_ref(), dir, problems),
    }
}

/// What the keys of object storage mean together.
fn bucket(root: &Node<'_>, problems: &mut Problems<'_>) -> Option<Bucket> {
    let storage = root.node("storage");
    if !root.has("data_url") {
        if let Some(storage) = storage {
            problems.hinted(
                storage.span,
                "[storage] without `data_url` has no effect",
                "add data_url, or leave it out",
            );
        }
        return None;
    }
    let (name, prefix) = root.leaf("data_url", leaf::bucket_url)?;
    let mut bucket = Bucket::new(&name, &prefix);
    if let Some(storage) = storage {
        bucket.endpoint = storage.leaf("endpoint", leaf::base_url);
        bucket.region = storage.leaf("region", leaf::region).unwrap_or(bucket.region);
        bucket.allow_http = storage.boolean("allow_http").unwrap_or(false);
        if bucket.endpoint.as_ref().is_some_and(|endpoint| endpoint.scheme() == "http") && !bucket.allow_http {
            problems.hinted(
                storage.text("endpoint").map(|text| text.span()),
                "the endpoint is without encryption",
                "use https, or add allow_http = true where the network is your own",
            );
        }
    }
    Some(bucket)
}

/// Counted from `dir`, without `.` and `..` where the names alone allow it.
pub(in crate::config) fn absolute(dir: &Path, written: &Path) -> PathBuf {
    let joined = dir.join(written);
    // A link in the way makes `..` mean another folder: the file system knows best.
    if let Ok(real) = joined.canonicalize() {
        return real;
    }
    let mut plain = PathBuf::new();
    for part in joined.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

fn publisher(node: Option<&Node<'_>>) -> Publisher {
    let text = |key: &str, default: &str| node.and_then(|node| node.string(key)).unwrap_or_else(|| default.to_owned());
    Publisher { name: text("name", "Underlag"), contact: text("contact", "") }
}

fn run(node: Option<&Node<'_>>) -> RunSettings {
    RunSettings {
        max_parallel_pipelines: node.and_then(|node| node.whole("max_parallel_pipelines")).unwrap_or(2),
        memory_limit: node.and_then(|node| node.leaf("memory_limit", leaf::size)).unwrap_or(256 * MIB),
        resume_within: duration(node, "resume_within", Duration::from_hours(24)),
    }
}

fn retention(node: Option<&Node<'_>>) -> Retention {
    let default = Retention::default();
    Retention {
        keep_newest: node.and_then(|node| node.whole("keep_newest")).unwrap_or(default.keep_newest),
        keep_within: duration(node, "keep_within", default.keep_within),
        keep_monthly: node.and_then(|node| node.boolean("keep_monthly")).unwrap_or(default.keep_monthly),
        grace: duration(node, "grace", default.grace),
    }
}

fn http(node: Option<&Node<'_>>, dir: &Path) -> HttpSettings {
    let size = |key: &str, default: u64| node.and_then(|node| node.leaf(key, leaf::size)).unwrap_or(default);
    let count = |key: &str, default: usize| node.and_then(|node| node.whole(key)).unwrap_or(default);
    HttpSettings {
        connect_timeout: duration(node, "connect_timeout", Duration::from_secs(10)),
        read_timeout: duration(node, "read_timeout", Duration::from_mins(1)),
        total_timeout: duration(node, "total_timeout", Duration::from_mins(10)),
        max_body: size("max_body", 64 * MIB),
        max_decompressed: size("max_decompressed", 512 * MIB),
        stream_timeout: duration(node, "stream_timeout", Duration::from_hours(2)),
        max_stream: size("max_stream", 8 * GIB),
        max_stream_decompressed: size("max_stream_decompressed", 64 * GIB),
        max_redirects: count("max_redirects", 3),
        max_tries: count("max_tries", 5),
        max_wait: duration(node, "max_wait", Duration::from_mins(2)),
        outbound: outbound(node, dir),
        outages: OutageSettings {
            after: node.and_then(|node| node.whole("outage_after")).unwrap_or(OutageSettings::default().after),
            pause: duration(node, "outage_pause", OutageSettings::default().pause),
        },
    }
}

fn outbound(node: Option<&Node<'_>>, dir: &Path) -> Outbound {
    let hosts = |key: &str| {
        let written = node.map(|node| node.strings(key)).unwrap_or_default();
        written.iter().filter_map(|host| leaf::host(host).ok()).collect()
    };
    let ca_file = node.and_then(|node| node.string("ca_file"));
    Outbound {
        proxy: node.and_then(|node| node.leaf("proxy", leaf::proxy)),
        no_proxy: hosts("no_proxy"),
        ca_file: ca_file.map(|file| absolute(dir, Path::new(&file))),
        allow_hosts: hosts("allow_hosts"),
    }
}

fn daemon(node: Option<&Node<'_>>) -> DaemonSettings {
    let grace = node.and_then(|node| node.leaf("shutdown_grace", leaf::duration));
    DaemonSettings { shutdown_grace: grace.unwrap_or(Duration::from_secs(30)) }
}

fn server(node: Option<&Node<'_>>) -> ServerSettings {
    let listen = node.and_then(|node| node.leaf("listen", leaf::listen));
    ServerSettings { listen: listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))) }
}

fn duration(node: Option<&Node<'_>>, key: &str, default: Duration) -> Duration {
    node.and_then(|node| node.leaf(key, leaf::duration)).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::{Key, Kind, Shape, UNDERLAG};

    /// Every default as the key tables document it, written out as a file.
    fn documented(shape: &Shape) -> String {
        let value = |key: &Key| {
            let default = key.default?;
            Some(match key.kind {
                Kind::Integer { .. } | Kind::Boolean | Kind::Number => default.to_owned(),
                _ => format!("{default:?}"),
            })
        };
        let mut text = String::new();
        for key in shape.keys {
            if let Some(value) = value(key) {
                text.push_str(&format!("{} = {value}\n", key.name));
            }
        }
        for key in shape.keys {
            if let Kind::Table(inner) = key.kind {
                text.push_str(&format!("[{}]\n{}", key.name, documented(inner)));
            }
        }
        text
    }

    #[test]
    fn the_documented_defaults_are_the_ones_used() {
        let text = documented(&UNDERLAG);
        let (table, errors) = toml::de::DeTable::parse_recoverable(&text);
        assert!(errors.is_empty(), "{text}\n{errors:?}");
        // [storage] without data_url is refused: that is a text of its own.
        let mut problems = Problems::new(Path::new("underlag.toml"));
        let root = Node::root(&UNDERLAG, table.get_ref());
        let written = settings(Some(&root), Path::new("/etc/underlag"), &mut problems);
        let left_out = settings(None, Path::new("/etc/underlag"), &mut problems);
        assert_eq!(problems.found.len(), 1);
        assert_eq!(written.data_dir, left_out.data_dir);
        assert_eq!(written.pipelines_dir, Path::new("/etc/pipelines"));
        assert_eq!(written.pipelines_dir, left_out.pipelines_dir);
        assert_eq!(written.reports_dir, left_out.reports_dir);
        assert_eq!(written.reference_dir, left_out.reference_dir);
        assert_eq!(format!("{:?}", written.publisher), format!("{:?}", left_out.publisher));
        assert_eq!(format!("{:?}", written.run), format!("{:?}", left_out.run));
        assert_eq!(format!("{:?}", written.retention), format!("{:?}", left_out.retention));
        assert_eq!(format!("{:?}", written.http), format!("{:?}", left_out.http));
        assert_eq!(format!("{:?}", written.server), format!("{:?}", left_out.server));
        assert_eq!(written.notify, left_out.notify);
    }
}
