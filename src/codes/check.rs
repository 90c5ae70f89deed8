//! U04: what is computed, checked and held back.

use super::{codes, readers};

codes! { "Queries, checks, publishing":
    CHECK_FAILED "U0401" "a check did not hold" {
        means: "What was computed breaks a promise of the dataset. The message names the check, the first rows that broke it, and the answers \
                that they came from. No dataset of this pipeline was published.",
        readers: readers::LAST_GOOD,
        todo: [
            "Are the data wrong? Tell the source, and wait.",
            "Has the world changed? Change the promise in `[dataset.NAME.check]` or the column, or the list in the reference folder.",
            "Then `underlag check && underlag run PIPELINE`. No check can be skipped for once.",
        ],
        runbook: "a-check-failed",
    }
    ROWS_GONE "U0402" "more rows are gone than may be" {
        means: "The new version would lack more rows of the one before than `max_drop` allows. It waits for somebody's word.",
        readers: readers::LAST_GOOD,
        todo: [
            "`underlag status` shows how many, and the command that lets them go.",
            "Rightly gone: `underlag accept PIPELINE --reason \"…\"`; readers see the reason.",
            "Not: wait until the source has them again, and run again.",
        ],
        runbook: "a-publish-waits",
    }
    DRIFT "U0403" "a source says something else of its data" {
        means: "Unit, title, code list or the like are not what they were when something was last published. Figures may mean something else \
                now, so the publish waits for somebody's word.",
        readers: readers::LAST_GOOD,
        todo: [
            "`underlag status` shows what has changed, and the command that lets it through.",
            "Do the figures still mean what the pipeline says? `underlag accept PIPELINE --reason \"…\"`.",
            "If not: correct the pipeline, then run it.",
        ],
        runbook: "a-publish-waits",
    }
    INPUT_MISSING "U0404" "an input is not published yet" {
        means: "The pipeline reads a dataset of another one, which has published nothing so far.",
        readers: readers::LAST_GOOD,
        todo: ["Run the pipeline that publishes it first: `underlag run --all` keeps the order. With `after`, the schedule does too."],
    }
    MEMORY "U0405" "a query needs more memory than allowed" {
        means: "A query reached `[run] memory_limit` where it could not go on on disk.",
        readers: readers::LAST_GOOD,
        todo: [
            "Raise `[run] memory_limit`, and with it MemoryHigh= and MemoryMax= of the unit (`systemctl edit underlag`).",
            "Or make the query smaller: fewer columns before a join, no ORDER BY that is not needed.",
        ],
    }
    QUERY_FAILED "U0406" "a query fails on the data" {
        means: "The query is valid, and failed on what was fetched: a text that is no number, a division by zero, or the like.",
        readers: readers::LAST_GOOD,
        todo: [
            "The message has the engine's words. `TRY_CAST` and `NULLIF` pass such values over, where that is right.",
            "A case in the pipeline's tests/ folder keeps it from coming back.",
        ],
        runbook: "a-check-failed",
    }
    ROWS_REFUSED "U0407" "rows can't be made into a version" {
        means: "The rows that a query gave could not be sorted, split or written as the dataset's files.",
        readers: readers::LAST_GOOD,
        todo: [
            "Is it the disk? The hint says so: free space, and run again.",
            "Otherwise the message names the column; run the query on a small case with `underlag test PIPELINE`.",
        ],
        runbook: "a-check-failed",
    }
    REPORT "U0501" "a report can't be rendered" {
        means: "A page names a column, area or template that does not fit what is published, or its figure is not one row.",
        readers: "The pages as they were before; the data are published all the same.",
        todo: [
            "The message names report and figure. Narrow it in `where` to one row: a report never sums.",
            "Then `underlag report`.",
        ],
    }
    REPORT_WAITS "U0502" "a report waits for its data" {
        means: "None of the datasets that a report shows is published yet.",
        readers: "The report is not there yet.",
        todo: ["Run the pipelines that publish them."],
    }
    SITE "U0503" "the site can't be written or read" {
        means: "Rendering was cut off, or a page or a data file could not be read or written.",
        readers: "The pages as they were before; the data are published all the same.",
        todo: ["Is there room on the disk? `df -h`. Then `underlag report`.", "A data file that can't be read: `underlag verify`."],
        runbook: "the-disk-is-full",
    }
}
