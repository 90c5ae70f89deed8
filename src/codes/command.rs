//! U09: what was typed.

use super::{codes, readers};

codes! { "The command line":
    USAGE "U0901" "the command can't be carried out as typed" {
        means: "An argument is missing, unknown or of the wrong form, or two of them do not go together. Nothing was done.",
        readers: readers::NOTHING,
        todo: ["`underlag help COMMAND` or `man underlag-COMMAND` has every argument with examples."],
    }
    NO_SUCH_THING "U0902" "there is nothing of that name" {
        means: "A pipeline, dataset, version, row, run, source or channel was named that there is not.",
        readers: readers::NOTHING,
        todo: ["The hint names the nearest, or all that there are; `underlag status` lists pipelines and datasets."],
    }
    NOTHING_PUBLISHED "U0903" "nothing is published yet" {
        means: "The dataset has no version, or none that fits the question.",
        readers: readers::NOTHING,
        todo: ["Run its pipeline: `underlag run PIPELINE`."],
    }
    NOT_POSSIBLE "U0904" "it can't be done with this" {
        means: "What is named is there, and what is asked can't be done with it: a table without time, too many rows for a sheet, a version that \
                readers have already.",
        readers: readers::NOTHING,
        todo: ["The message says why, and the hint what can be done instead."],
    }
    NOTHING_WAITS "U0905" "nothing waits to be accepted" {
        means: "No publish of the pipeline is stopped by what `underlag accept` lets through.",
        readers: readers::NOTHING,
        todo: ["`underlag status` shows what the last run ended with. A failed check can't be accepted: see U0401."],
    }
    OUTPUT "U0906" "something went wrong outside the data folder" {
        means: "A file or folder that the command was to write or read on the side (an export, a draft, a scratch folder) could not be, or \
                the system refused something else it needed.",
        readers: readers::NOTHING,
        todo: ["The message has the system's reason. TMPDIR names another folder for temporary files."],
    }
    FAULT "U0907" "a fault of the program" {
        means: "Something that the program holds for impossible has happened.",
        readers: readers::UNTOUCHED,
        todo: [
            "Try once more.",
            "If it stays so, report it with the log (`journalctl -u underlag --since today`) and `underlag --version`.",
        ],
    }
}
