//! `[notify]`: what its keys mean together.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use url::Host;

use crate::config::node::Node;
use crate::config::{Channel, Form, Mail, Matter, Notify, Security, Way, Webhook, leaf, leaf_notify};

use super::Problems;
use super::settings::absolute;

/// Longer, and a message would be news of yesterday.
const MAX_BATCH: Duration = Duration::from_hours(24);

pub(super) fn notify(node: Option<&Node<'_>>, dir: &Path, problems: &mut Problems<'_>) -> Notify {
    let default = Notify::default();
    let Some(node) = node else { return default };
    let batch = node.leaf("batch", leaf::duration).unwrap_or(default.batch);
    if batch > MAX_BATCH {
        let span = node.text("batch").map(|text| text.span());
        problems.hinted(span, "messages would be held back for longer than a day", "a few minutes: \"2m\"");
    }
    let mut channels = default.channels;
    for (name, kinds) in node.nodes("channel") {
        let name = (*name.get_ref()).to_owned();
        let mail = kinds.node("mail").and_then(|node| Some((mail(&node, dir, problems)?, node)));
        let webhook = kinds.node("webhook").map(|node| (webhook(&node, problems), node));
        let way = mail.map(|(mail, node)| (Way::Mail(mail), node));
        let Some((way, node)) = way.or_else(|| webhook.map(|(webhook, node)| (Way::Webhook(webhook), node))) else {
            continue;
        };
        channels.insert(name.clone(), channel(name, way, &node));
    }
    Notify {
        batch,
        link: node.leaf("link", leaf::base_url),
        revision_above: node.leaf("revision_above", leaf::percent).unwrap_or(default.revision_above),
        channels,
    }
}

fn channel(name: String, way: Way, node: &Node<'_>) -> Channel {
    let written = node.strings("tell");
    if !node.has("tell") {
        let tell = Matter::ALL.into_iter().filter(|matter| *matter != Matter::Published).collect();
        return Channel { name, tell, recovered: true, way };
    }
    let tell = written.iter().filter_map(|matter| matter.parse().ok()).collect();
    Channel { name, tell, recovered: written.iter().any(|matter| matter == "recovered"), way }
}

fn mail(node: &Node<'_>, dir: &Path, problems: &mut Problems<'_>) -> Option<Mail> {
    let server = node.leaf("server", leaf_notify::mail_server)?;
    let security = match node.string("security").as_deref() {
        Some("tls") => Security::Tls,
        Some("none") => Security::None,
        _ => Security::StartTls,
    };
    if security == Security::None && !is_here(&server) && !node.boolean("allow_plain").unwrap_or(false) {
        problems.hinted(
            node.text("security").map(|text| text.span()),
            format!("mail to {server} would go without encryption"),
            "\"starttls\" (port 587) or \"tls\" (port 465); or add allow_plain = true where the network is your own",
        );
    }
    let ca_file = node.string("ca_file");
    Some(Mail {
        port: node.whole("port").unwrap_or(security.port()),
        server,
        security,
        from: node.leaf("from", leaf_notify::mail_address)?,
        to: node.strings("to"),
        user: node.string("user"),
        ca_file: ca_file.map(|file| absolute(dir, Path::new(&file))),
    })
}

fn webhook(node: &Node<'_>, problems: &mut Problems<'_>) -> Webhook {
    let url = node.leaf("url", leaf::url);
    if let Some(url) = url.as_ref().filter(|url| url.scheme() == "http") {
        let here = match url.host() {
            Some(Host::Domain(name)) => is_here(name),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if !here {
            let span = node.text("url").map(|text| text.span());
            let hint = "an https address; http only leads to this machine";
            problems.hinted(span, "what this webhook is told would go without encryption", hint);
        }
    }
    Webhook { url, form: if node.string("form").as_deref() == Some("text") { Form::Text } else { Form::Json } }
}

/// This machine itself.
fn is_here(host: &str) -> bool {
    let named = host == "localhost" || host.ends_with(".localhost");
    named || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
