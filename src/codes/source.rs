//! U02: asking the sources. U03 has what is wrong in their answers.

use super::{codes, readers};

codes! { "Sources and their answers":
    NO_CONNECTION "U0201" "a source can't be reached" {
        means: "No whole answer came: no connection, a name that is not known, a connection that broke off, or no answer in time, as often as \
                it was tried.",
        readers: readers::LAST_GOOD,
        todo: [
            "Every source at once: it is your network, proxy, firewall or name server. `underlag probe SOURCE` shows where it ends.",
            "One source: see whether its own web pages answer. If not, wait: the next time on the schedule tries again, and what was \
             fetched already is used.",
            "It has moved: `base_url` in sources.toml.",
        ],
        runbook: "a-source-is-broken",
    }
    OUT_OF_ORDER "U0202" "a source is out of order" {
        means: "It answered with errors of its own (5xx) as often as it was tried, or has failed so many times in a row that it is left alone \
                for a while.",
        readers: readers::LAST_GOOD,
        todo: [
            "Wait. The next time on the schedule tries again; answers that came are kept and not asked for twice.",
            "To ask at once: `underlag run PIPELINE --force`.",
            "For days: ask the source's owner, and set `enabled = false` below the pipeline's [schedule] meanwhile.",
        ],
        runbook: "a-source-is-broken",
    }
    TOO_MANY_CALLS "U0203" "a source wants fewer calls" {
        means: "It answered 429, or asks us to wait longer than `max_wait` allows. Others behind the same address may have used up what it \
                allows.",
        readers: readers::LAST_GOOD,
        todo: [
            "Run again later: what was fetched is kept.",
            "Often: lower `calls` in the source's [limits], or move schedules apart with `jitter`.",
        ],
        runbook: "a-source-is-broken",
    }
    CALL_REFUSED "U0204" "a source refuses a call" {
        means: "It answered with a status that says that the call itself is wrong or not allowed (4xx). Trying again would not help.",
        readers: readers::LAST_GOOD,
        todo: [
            "401, 403: it wants a key (see docs/install.md, Secrets), or refuses this network's address.",
            "404, 410: the name is mistyped or withdrawn, or `base_url` is out of date.",
            "400: what is asked for does not fit the source any more: `underlag source describe SOURCE:TABLE`.",
        ],
        runbook: "a-source-is-broken",
    }
    NOT_THE_API "U0205" "something else answers in a source's place" {
        means: "What came is not in the form that was asked for: a page of HTML instead of data, a compression that nobody asked for, another \
                document. A proxy, a sign-in page or a maintenance page does that. What it answered is never read as data.",
        readers: readers::LAST_GOOD,
        todo: [
            "The message has its first words: whose page is it?",
            "The source's: wait. Your proxy's: let the host pass without signing in.",
            "Always: `base_url` may not point at the API itself.",
        ],
        runbook: "a-source-is-broken",
    }
    MOVED "U0206" "a source sends us elsewhere" {
        means: "It redirects to another origin, or its answer goes on at an address that is not its own. That is not followed: data from \
                there would stand under this source's name.",
        readers: readers::LAST_GOOD,
        todo: ["If the source has moved, set its new address as `base_url` in sources.toml, after a look at who has it."],
        runbook: "a-source-is-broken",
    }
    TOO_LARGE "U0207" "an answer is larger than allowed" {
        means: "An answer has more bytes, on the wire or unpacked, than the caps in [http] or of the source allow. It was cut off and \
                nothing of it is used.",
        readers: readers::LAST_GOOD,
        todo: [
            "Is it rightly that large? Then raise the key that the message or hint names.",
            "If not, ask for less in the fetch, or see what the source sends.",
        ],
        runbook: "a-source-is-broken",
    }
    CERTIFICATE "U0208" "a server's certificate is not trusted" {
        means: "The certificate is issued by nobody that this machine trusts, has run out, or is for another name. Nothing was sent.",
        readers: readers::LAST_GOOD,
        todo: [
            "A firewall that opens TLS: give its certificate as `[http] ca_file`. The mail server's own: `ca_file` of the channel.",
            "Run out: see this machine's clock (`timedatectl`), then tell the server's owner.",
            "Otherwise somebody may stand in between: do not send there.",
        ],
        runbook: "a-source-is-broken",
    }
    CLIENT "U0209" "calls can't be made as configured" {
        means: "A key, certificate file or address that the calls need can't be used, before anything was sent.",
        readers: readers::LAST_GOOD,
        todo: [
            "The message names it. Secrets are looked for in the environment, then among the unit's credentials: docs/install.md.",
            "`ca_file` must be a PEM file that the user underlag may read.",
        ],
    }
    NO_SUCH_TABLE "U0210" "a source has no such table" {
        means: "The table, indicator, unit or document that is asked for is not there, or not any more.",
        readers: readers::LAST_GOOD,
        todo: [
            "Mistyped: `underlag source search SOURCE WORD` finds it.",
            "Withdrawn or replaced: the hint names likely successors. Compare the descriptions before you take one: it may be defined \
             otherwise.",
        ],
        runbook: "a-source-is-broken",
    }
    SELECTION "U0211" "a selection does not fit the table" {
        means: "The pipeline names a dimension, code or value that the source's table does not have, leaves out one that it needs, or asks for \
                nothing.",
        readers: readers::LAST_GOOD,
        todo: [
            "What the table has now: `underlag source describe SOURCE:TABLE`.",
            "It was right before: the source has changed its codes. Where the message tells since when, look there; then correct `select`.",
        ],
        runbook: "a-source-is-broken",
    }
    ASKED_TOO_MUCH "U0212" "too much is asked for at once" {
        means: "A call, or the smallest part that the program can cut it into, is more than the source answers at once.",
        readers: readers::LAST_GOOD,
        todo: ["Select less in this fetch: fewer codes, years or measures, in two fetches if need be."],
        runbook: "a-source-is-broken",
    }
    MOVED_MEANWHILE "U0213" "a source changed while it was read" {
        means: "The source published or imported during the download, so that its parts are not of one edition, or its own count does not \
                agree with what came.",
        readers: readers::LAST_GOOD,
        todo: [
            "Run again: the new edition is fetched whole.",
            "Each time: the source counts otherwise than it answers. Tell its owner, with the figures of the message.",
        ],
        runbook: "a-source-is-broken",
    }
    NOTHING_THERE "U0214" "a source has nothing of what is asked" {
        means: "The call was answered, with not one row, or with what is declared to mean that there is nothing, and the fetch does not allow \
                that.",
        readers: readers::LAST_GOOD,
        todo: [
            "Has the source withdrawn the figures, or does the selection miss them? `underlag source describe SOURCE:TABLE`.",
            "If it may be empty: `on_empty` of the fetch.",
        ],
        runbook: "a-source-is-broken",
    }
    RENAMED "U0215" "an indicator means something else" {
        means: "The source calls an indicator by another title than the one it was chosen by. It may be defined otherwise now.",
        readers: readers::LAST_GOOD,
        todo: [
            "Read the source's description of it.",
            "Still what you want: write its new title under `titles`. Otherwise choose another.",
        ],
        runbook: "a-publish-waits",
    }
    LINK "U0216" "a page has no link that fits" {
        means: "The page that a file is found on has no link, or several, that fit `link_pattern`, or the newest leads to another host.",
        readers: readers::LAST_GOOD,
        todo: [
            "Open the page: have its links new names? Then `link_pattern`.",
            "Another host that may be asked: `link_hosts`.",
        ],
        runbook: "a-source-is-broken",
    }
    SOURCE_FILE "U0217" "a local source file can't be read" {
        means: "A file that a pipeline reads from this machine is not there, or may not be read by the user underlag.",
        readers: readers::LAST_GOOD,
        todo: ["Put the file in place, or correct its path in the pipeline; `sudo -u underlag head FILE` shows whether it may be read."],
    }
    BROKEN_ANSWER "U0301" "an answer is broken" {
        means: "An answer ends too early, or is not in the format that it says it is. It is in the archive as it came; none of it is used.",
        readers: readers::LAST_GOOD,
        todo: [
            "Run again: it may have been cut off on its way.",
            "Each time: open what is archived (the error says where). A maintenance page in a file's place looks like this too.",
        ],
        runbook: "a-source-is-broken",
    }
    INCONSISTENT_ANSWER "U0302" "an answer contradicts itself or the question" {
        means: "An answer has another number of values than it announces, a code twice, codes that were not asked for, or lacks some that were.",
        readers: readers::LAST_GOOD,
        todo: [
            "Run again later: it may be in the middle of an import.",
            "Each time: the source has changed its answers. Tell its owner; `underlag probe SOURCE` shows what else is not as assumed.",
        ],
        runbook: "a-source-is-broken",
    }
    COLUMN_LOST "U0303" "a column is gone from a source" {
        means: "A column, field or dimension that the pipeline reads is not in the answer.",
        readers: readers::LAST_GOOD,
        todo: [
            "Renamed: the message names the nearest, or all that there are. Correct `columns`, `header` or `select` of the fetch.",
            "Gone: the dataset can't be made from this source as it was.",
        ],
        runbook: "a-source-is-broken",
    }
    UNREADABLE_VALUE "U0304" "a value can't be read" {
        means: "A cell holds something that is neither a number nor a symbol whose meaning is known. Values are never guessed.",
        readers: readers::LAST_GOOD,
        todo: [
            "A symbol: look up what it means at the source, and say so under `symbols` of the source.",
            "A decimal comma, a unit in the cell: `decimal`, or another column type.",
            "Nonsense: tell the source's owner.",
        ],
        runbook: "a-source-is-broken",
    }
}
