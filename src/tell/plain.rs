//! A message's title and its text, in English, for mail and chat.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;
use url::Url;

use super::Matter;
use super::cleaned;
use super::notice::{Item, Notice, What};

/// A mail says no more than so many things; the rest is counted.
const MAX_SHOWN: usize = 100;
const MAX_TITLE: usize = 120;

/// `2 pipelines failed, 1 recovered`.
pub fn title(notice: &Notice) -> String {
    if let ([item], 0) = (notice.items.as_slice(), notice.left_out) {
        return cleaned::headline(&alone(item), MAX_TITLE);
    }
    let subjects = |what: &[What], matters: &[Matter]| -> BTreeSet<&str> {
        let fits = |item: &&Item| what.contains(&item.what) && matters.contains(&item.matter);
        notice.items.iter().filter(fits).map(|item| item.subject.as_str()).collect()
    };
    let new = [What::Raised, What::Changed];
    let mut parts = Vec::new();
    let mut count = |subjects: BTreeSet<&str>, one: &str, many: &str| match subjects.len() {
        0 => {}
        1 => parts.push(format!("1 {one}")),
        count => parts.push(format!("{count} {many}")),
    };
    count(subjects(&new, &[Matter::Configuration]), "configuration refused", "configurations refused");
    count(subjects(&new, &[Matter::SourceBroken]), "source broken", "sources broken");
    count(subjects(&new, &[Matter::CheckFailed, Matter::Failed]), "pipeline failed", "pipelines failed");
    count(subjects(&new, &[Matter::Late]), "late", "late");
    count(subjects(&[What::Unstable], &Matter::ALL), "unstable", "unstable");
    count(subjects(&[What::Recovered], &Matter::ALL), "recovered", "recovered");
    count(subjects(&[What::Happened], &[Matter::Revision]), "revised", "revised");
    count(subjects(&[What::Happened], &[Matter::Published]), "published", "published");
    cleaned::headline(&parts.join(", "), MAX_TITLE)
}

/// The title of a message that says one thing.
fn alone(item: &Item) -> String {
    let subject = &item.subject;
    match (item.what, item.matter) {
        (What::Raised | What::Changed, _) => {
            format!("{subject} {}: {}", verb(item.matter), cleaned::headline(&item.text, MAX_TITLE))
        }
        (What::Unstable, _) => format!("{subject} {} again and again", verb(item.matter)),
        (What::Recovered, _) => format!("{subject} recovered"),
        (What::Happened, Matter::Revision) => format!("{subject} was revised: {}", item.text),
        (What::Happened, _) => format!("{subject} was published: {}", item.text),
    }
}

const fn verb(matter: Matter) -> &'static str {
    match matter {
        Matter::Configuration => "refused",
        Matter::SourceBroken => "is broken",
        Matter::CheckFailed | Matter::Failed => "failed",
        Matter::Late => "is late",
        Matter::Revision => "revised",
        Matter::Published => "published",
    }
}

/// What a person reads above an item.
fn heading(item: &Item) -> String {
    match item.what {
        What::Raised => format!("{} {}", item.subject, verb(item.matter)),
        What::Changed => format!("{} still {}, now otherwise", item.subject, verb(item.matter)),
        What::Unstable => format!("{} {} again and again", item.subject, verb(item.matter)),
        What::Recovered => format!("{} recovered ({})", item.subject, item.matter),
        What::Happened if item.matter == Matter::Revision => format!("{} was revised", item.subject),
        What::Happened => format!("{} was published", item.subject),
    }
}

/// The run's page, as the server has it.
pub fn run_link(link: Option<&Url>, run: Option<i64>) -> Option<String> {
    Some(format!("{}/status/runs/{}", link?.as_str().trim_end_matches('/'), run?))
}

pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// All of a message as plain text.
pub fn text(notice: &Notice, link: Option<&Url>) -> String {
    let mut text = String::new();
    for item in notice.sorted().into_iter().take(MAX_SHOWN) {
        let _ = writeln!(text, "{}", heading(item));
        let _ = match item.what {
            What::Recovered => {
                writeln!(text, "  at {}, after {}", time(item.at), lasted(item.since, item.at))
            }
            What::Raised | What::Happened => writeln!(text, "  at {}", time(item.at)),
            What::Changed | What::Unstable => {
                writeln!(text, "  at {}, since {}", time(item.at), time(item.since))
            }
        };
        for line in item.text.lines() {
            let _ = writeln!(text, "  {line}");
        }
        if item.affected > 0 {
            let more = item.affected - item.pipelines.len().min(item.affected);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let _ = writeln!(text, "  met by {}{more}", item.pipelines.join(", "));
        }
        if let Some(link) = run_link(link, item.run) {
            let _ = writeln!(text, "  {link}");
        }
        text.push('\n');
    }
    let hidden = notice.items.len().saturating_sub(MAX_SHOWN) + notice.left_out;
    if hidden > 0 {
        let _ = writeln!(text, "and {hidden} more\n");
    }
    text.truncate(text.trim_end().len());
    text
}

/// `3 h 20 min`.
fn lasted(from: Timestamp, to: Timestamp) -> String {
    let minutes = to.duration_since(from).as_mins().max(0);
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(what: What, matter: Matter, subject: &str, text: &str) -> Item {
        let at = "2026-11-23T08:05:00Z".parse().unwrap();
        let (subject, text) = (subject.to_owned(), text.to_owned());
        let since = "2026-11-23T04:45:00Z".parse().unwrap();
        Item { what, matter, subject, text, at, since, run: Some(12), pipelines: Vec::new(), affected: 0 }
    }

    #[test]
    fn a_title_counts_what_the_message_says() {
        use Matter::{CheckFailed, Failed, Late, Published, SourceBroken};
        let mut notice = Notice {
            items: vec![item(What::Raised, Failed, "pipeline a", "disken är full\nmer")],
            ..Notice::default()
        };
        assert_eq!(title(&notice), "pipeline a failed: disken är full");
        notice.items.push(item(What::Raised, CheckFailed, "pipeline b", ""));
        notice.items.push(item(What::Recovered, Failed, "pipeline c", ""));
        notice.items.push(item(What::Recovered, CheckFailed, "pipeline c", ""));
        assert_eq!(title(&notice), "2 pipelines failed, 1 recovered");
        notice.items.push(item(What::Raised, SourceBroken, "source scb", ""));
        notice.items.push(item(What::Unstable, Late, "pipeline d", ""));
        notice.items.push(item(What::Happened, Published, "dataset e", ""));
        assert_eq!(title(&notice), "1 source broken, 2 pipelines failed, 1 unstable, 1 recovered, 1 published");
    }

    #[test]
    fn a_text_says_what_when_and_where_to_look() {
        let mut broken = item(What::Raised, Matter::SourceBroken, "source scb", "inget svar\n  av Örebro");
        broken.set_pipelines(&(0..22).map(|number| format!("p{number}")).collect::<Vec<_>>());
        let recovered = item(What::Recovered, Matter::Failed, "pipeline c", "published again");
        let mut notice = Notice { items: vec![recovered, broken], ..Notice::default() };
        notice.left_out = 3;
        let link = Url::parse("https://underlag.example.org/").unwrap();
        insta::assert_snapshot!(text(&notice, Some(&link)), @r"
    source scb is broken
      at 2026-11-23 08:05 UTC
      inget svar
        av Örebro
      met by p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15, p16, p17, p18, p19 and 2 more
      https://underlag.example.org/status/runs/12

    pipeline c recovered (failed)
      at 2026-11-23 08:05 UTC, after 3 h 20 min
      published again
      https://underlag.example.org/status/runs/12

    and 3 more
    ");
    }
}
