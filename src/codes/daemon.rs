//! U07: the daemon and its schedule. U08: telling people.

use super::{codes, readers};

codes! { "The daemon and its messages":
    ANOTHER_DAEMON "U0701" "another daemon is at work" {
        means: "A daemon already looks after this data folder. The message has its process.",
        readers: readers::NOTHING,
        todo: ["`systemctl status underlag`: is it the service? Stop it first, or give another --data-dir."],
    }
    LISTEN "U0702" "the address is taken" {
        means: "The site could not listen on `[server] listen`: another program has the port, or the address is not this machine's.",
        readers: "The built-in server is not there; the files in the data folder are.",
        todo: ["Who has it: `ss -ltnp`. Give another port as `[server] listen`."],
    }
    DAEMON_START "U0703" "the daemon can't start" {
        means: "Something that it needs of the system could not be had: a thread, a file, a watch on the configuration.",
        readers: readers::UNTOUCHED,
        todo: [
            "Watches: `sysctl fs.inotify.max_user_watches`, and max_user_instances, may be too low.",
            "Limits of the unit: TasksMax=, LimitNOFILE= (`systemctl edit underlag`).",
        ],
    }
    STOPPED "U0704" "stopped before it was done" {
        means: "The program was told to stop, and a run ended at its next step. Nothing is wrong.",
        readers: readers::LAST_GOOD,
        todo: ["Nothing: the next run goes on with what was fetched."],
    }
    LATE "U0705" "a run is late" {
        means: "A pipeline had no success within `late_after` of its time on the schedule.",
        readers: "The last good version, which is older than it should be.",
        todo: [
            "`underlag status`: the last error says why; go by its code.",
            "No error: is it the daemon? `systemctl status underlag`. Do runs queue? `max_parallel_pipelines`.",
        ],
        runbook: "a-release-is-late",
    }
    RELEASE_LATE "U0706" "a release is late" {
        means: "A source was expected to publish, and has not, or we do not see it.",
        readers: "The last good version: the source's latest but one.",
        todo: [
            "`underlag source describe SOURCE:TABLE`: has it published?",
            "It has: `underlag run PIPELINE --force`. It has not: see its calendar, and correct [release].",
        ],
        runbook: "a-release-is-late",
    }
    NOT_DELIVERED "U0801" "a message can't be delivered now" {
        means: "A mail or webhook server could not be reached, or would not take a message now. It is tried again for a day.",
        readers: readers::NOTHING,
        todo: [
            "`underlag notify --test CHANNEL` says what the server answers, with a hint for the usual causes.",
            "docs/notifications.md, When nothing arrives, has them all.",
        ],
    }
    MESSAGE_REFUSED "U0802" "a message is refused for good" {
        means: "A server will never take it: wrong address, no receiver that it knows, or what is configured can't be right.",
        readers: readers::NOTHING,
        todo: [
            "`underlag notify --test CHANNEL`; correct `to`, `from`, `server` or the webhook's address.",
            "What was given up is not sent again: `underlag history` has what happened.",
        ],
    }
}
