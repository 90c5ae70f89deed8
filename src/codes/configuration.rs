//! U01: the files that an operator writes.

use super::{codes, readers};

codes! { "Configuration":
    NO_CONFIGURATION "U0101" "there is no configuration" {
        means: "No underlag.toml was found: none was named with --config or UNDERLAG_CONFIG, and there is neither config/underlag.toml \
                in the working folder nor /etc/underlag/underlag.toml.",
        readers: readers::UNTOUCHED,
        todo: [
            "Name it: `underlag --config /path/to/underlag.toml …`, or set UNDERLAG_CONFIG.",
            "To see what the program does before there is one: `underlag demo`.",
        ],
    }
    REFUSED "U0102" "the configuration is refused" {
        means: "One or more files have mistakes. All of them are shown above this error, each with its own code, file and line. The \
                configuration is taken as a whole or not at all.",
        readers: readers::IN_FORCE,
        todo: [
            "Mend what is shown, and look again: `underlag check`.",
            "A running daemon takes the files up by itself once all of them hold; `systemctl reload underlag` does it at once.",
        ],
        runbook: "the-configuration-is-refused",
    }
    FILE_UNREADABLE "U0103" "a configuration file can't be read" {
        means: "The file is not there, may not be read by the user that runs underlag, is longer than 4 MiB, or is not UTF-8.",
        readers: readers::IN_FORCE,
        todo: [
            "Is it there, and whose is it? `ls -l FILE`. The configuration may be read by everybody: no secret stands in it.",
            "Saved by another editor: save it as UTF-8.",
        ],
        runbook: "the-configuration-is-refused",
    }
    SYNTAX "U0104" "a file is not valid TOML" {
        means: "The file can't be taken apart where the mark stands: often a quote or a bracket that is not closed, a key given twice, or \
                letters like å, ä, ö in a name without quotes.",
        readers: readers::IN_FORCE,
        todo: [
            "Mend the marked line first: what is wrong further down may only follow from it.",
            "Texts stand in quotes (`title = \"Befolkning\"`), numbers and true/false do not.",
        ],
        runbook: "the-configuration-is-refused",
    }
    UNKNOWN_KEY "U0105" "a key is not known" {
        means: "A key or table has a name that means nothing where it stands. It is never passed over: a mistyped key would otherwise leave \
                a default in force without a word.",
        readers: readers::IN_FORCE,
        todo: [
            "The hint names the nearest key, or all that may stand there.",
            "docs/configuration.md has every key with its place, type and default.",
            "After an upgrade or a step back: the key may belong to another version; CHANGELOG.md says which.",
        ],
        runbook: "the-configuration-is-refused",
    }
    MISSING_KEY "U0106" "a key is missing" {
        means: "A key that has no default is not given.",
        readers: readers::IN_FORCE,
        todo: ["Add it as the hint shows; docs/configuration.md says what it means."],
        runbook: "the-configuration-is-refused",
    }
    WRONG_TYPE "U0107" "a value has the wrong type" {
        means: "A text stands where a number is wanted, a single value where a list is, or the like.",
        readers: readers::IN_FORCE,
        todo: ["Write it as the hint shows. Codes are always texts: \"0180\", since a number would lose its zero."],
        runbook: "the-configuration-is-refused",
    }
    BAD_VALUE "U0108" "a value is not allowed" {
        means: "The value has the right type, but can't be what it says: not a duration, a schedule that is never due, a number out of \
                bounds, a word that is not among those allowed.",
        readers: readers::IN_FORCE,
        todo: ["The hint says what would do; docs/configuration.md has the forms of durations, sizes, schedules and addresses."],
        runbook: "the-configuration-is-refused",
    }
    UNFIT "U0109" "values do not go together" {
        means: "Each value is right by itself, and together they can't be: one key wants another or forbids it, a promise contradicts the \
                column's type, a time is shorter than what it must hold.",
        readers: readers::IN_FORCE,
        todo: ["The message names both; the hint says which to keep."],
        runbook: "the-configuration-is-refused",
    }
    UNKNOWN_NAME "U0110" "a name is used that nothing has" {
        means: "A file refers to a source, dataset, area set, column, fetch or municipality that is declared nowhere.",
        readers: readers::IN_FORCE,
        todo: [
            "Mistyped: the hint names the nearest.",
            "Taken away on purpose: take away what refers to it too, or declare it again.",
        ],
        runbook: "the-configuration-is-refused",
    }
    NAME_TAKEN "U0111" "a name is used twice" {
        means: "Two datasets, tables or columns would have one and the same name, so that nobody could tell them apart.",
        readers: readers::IN_FORCE,
        todo: [
            "Give one of them another name.",
            "A shipped pipeline that you copied: its datasets want names of their own, or the shipped one must go.",
        ],
        runbook: "the-configuration-is-refused",
    }
    CYCLE "U0112" "pipelines wait for each other" {
        means: "By their inputs or by `after`, each of some pipelines runs after another of them, so that none could ever begin.",
        readers: readers::IN_FORCE,
        todo: ["The message shows the circle: take away one `after` or input in it."],
        runbook: "the-configuration-is-refused",
    }
    SQL_FILE "U0113" "a query's file can't be used" {
        means: "The SQL file that a dataset or check names is not in the pipeline's folder, is empty, too long, or can't be read.",
        readers: readers::IN_FORCE,
        todo: ["Put the file into the pipeline's own folder, under the name that `sql` gives."],
        runbook: "the-configuration-is-refused",
    }
    QUERY "U0114" "a query can't be run" {
        means: "The SQL is not valid, or names a table or column that there is not. It was planned against the tables that the pipeline \
                declares; no data were needed.",
        readers: readers::IN_FORCE,
        todo: [
            "The mark shows where, and the hint what is near. A fetch is a table by its own name, a reference table is `ref_NAME`.",
            "The source has renamed a column: see what it has now with `underlag source describe SOURCE:TABLE`.",
            "`underlag test PIPELINE` runs the query on the pipeline's own small cases.",
        ],
        runbook: "the-configuration-is-refused",
    }
    CONTRACT "U0115" "a query does not give what its dataset promises" {
        means: "The columns that the query gives and those that `[dataset.NAME.column…]` declares differ in name or type.",
        readers: readers::IN_FORCE,
        todo: [
            "Decide which of them is right: readers rely on the contract.",
            "A column more or less in the query: `SELECT` exactly what is declared, with `AS` for its name.",
        ],
        runbook: "the-configuration-is-refused",
    }
    REFERENCE_TABLE "U0116" "a reference table is wrong" {
        means: "A CSV file in the reference folder lacks a column, has a code twice or of the wrong form, or contradicts another file.",
        readers: readers::IN_FORCE,
        todo: [
            "The message names file and line. The shipped file shows what it should look like.",
            "Saved by a spreadsheet program: codes lose their leading zeros there; save as CSV in UTF-8, with codes as text.",
        ],
        runbook: "the-configuration-is-refused",
    }
    REPORT_FILE "U0117" "a report's file is wrong" {
        means: "A report.toml or template in the reports folder has a mistake.",
        readers: readers::IN_FORCE,
        todo: ["The message names file and line, and the hint what would do."],
        runbook: "the-configuration-is-refused",
    }
    PASSED_OVER "U0118" "a folder of pipelines is passed over" {
        means: "A folder below `pipelines_dir` has no pipeline.toml, so that it is no pipeline. Only a warning.",
        readers: readers::NOTHING,
        todo: ["Write its pipeline.toml, or move the folder away. A name that begins with a dot is passed over without a word."],
    }
    NEEDS_RESTART "U0119" "a change wants a restart" {
        means: "`data_dir`, `data_url` or `[server] listen` was changed while the daemon runs. These can't be changed under it.",
        readers: readers::IN_FORCE,
        todo: [
            "If the change is meant: `systemctl restart underlag`. What is under way is ended, or taken up again at the start.",
            "If not: undo it. Nothing else that was changed is in force before that.",
        ],
        runbook: "the-configuration-is-refused",
    }
    HOST_NOT_ALLOWED "U0120" "a host may not be called" {
        means: "A source, file or webhook lies on a host that `[http] allow_hosts` does not name. Nothing was sent to it.",
        readers: readers::LAST_GOOD,
        todo: [
            "Is it the host that you mean? A source that has moved may redirect to another.",
            "If it may be called: add it to `allow_hosts` in underlag.toml, and have the firewall let it pass.",
        ],
        runbook: "a-source-is-broken",
    }
    TEST_CASE "U0121" "a test case can't be used" {
        means: "A folder in a pipeline's tests/ holds a file that belongs to nothing, lacks one that is needed, or one that can't be read as \
                its table.",
        readers: readers::NOTHING,
        todo: ["Name each file after the fetch, input or dataset that it is of, with the columns of that table."],
    }
}
