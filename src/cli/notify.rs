//! `underlag notify`.

use anyhow::anyhow;
use clap::Args;

use crate::codes;
use crate::config::{Channel, Way};
use crate::nearest::nearest;
use crate::tell;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::text;

#[derive(Debug, Args)]
pub struct Notify {
    /// Send a test message now, to this channel or to all
    #[arg(long, value_name = "CHANNEL", num_args = 0..=1, default_missing_value = "", required = true)]
    test: String,
}

impl Notify {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, _) = place.load()?;
        let channels = &config.notify.channels;
        let chosen: Vec<&Channel> = match self.test.as_str() {
            "" => channels.values().collect(),
            name => channels.get(name).into_iter().collect(),
        };
        if chosen.is_empty() {
            return Err(unknown(&self.test, channels.keys().map(String::as_str).collect()));
        }
        let mut exit = Exit::Done;
        for channel in chosen {
            let (name, kind) = (&channel.name, kind(channel));
            match Box::pin(tell::test(&config, channel)).await {
                Ok(answered) => {
                    text::line(&format!("{name} ({kind}): {}", answered.text));
                    for left in answered.left {
                        text::note(&format!("{name} ({kind}): not now: {left}"));
                    }
                    for refused in answered.refused {
                        text::error(codes::MESSAGE_REFUSED, &format!("{name} ({kind}): refused: {refused}"), None);
                        exit = Exit::Failed;
                    }
                }
                Err(refusal) => {
                    text::error(refusal.code(), &format!("{name} ({kind}): {}", refusal.text), refusal.hint.as_deref());
                    exit = Exit::Failed;
                }
            }
        }
        Ok(exit)
    }
}

const fn kind(channel: &Channel) -> &'static str {
    match channel.way {
        Way::Mail(_) => "mail",
        Way::Webhook(_) => "webhook",
    }
}

fn unknown(name: &str, known: Vec<&str>) -> Failure {
    if known.is_empty() {
        return Failure::usage(
            codes::NO_SUCH_THING,
            anyhow!("nobody is told: underlag.toml has no [notify.channel.NAME.mail] or .webhook"),
        )
        .hint("docs/notifications.md shows how to add one");
    }
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("channels: {}", known.join(", ")),
    };
    Failure::usage(codes::NO_SUCH_THING, anyhow!("there is no channel {name}")).hint(hint)
}
