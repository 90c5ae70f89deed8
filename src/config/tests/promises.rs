//! What a contract may promise, and what it can't.

use super::{PIPELINE, Project};
use crate::config::{CodeList, ValueRange};
use crate::contract::Status;

const CHECK: &str = "[dataset.befolkning.check]\n";
const KON: &str = "[dataset.befolkning.column.kon]\ntype = \"text\"\ntitle = \"Kön\"\n";

fn project(more: &str) -> Project {
    let project = Project::new();
    let pipeline = PIPELINE.replace("key = [\"kod\", \"period\"]", "key = [\"kod\", \"kon\", \"period\"]");
    project.write("pipelines/befolkning/pipeline.toml", &format!("{pipeline}{more}"));
    project
}

#[test]
fn promises_and_checks_are_read() {
    let column = "nullable = false\nrange = { min = 0, max = 1.5e7 }\nstatuses = [\"observed\"]\n";
    let kon = format!("{KON}values = [\"M\", \"K\"]\n");
    let lan = "[dataset.befolkning.column.lan]\ntype = \"text\"\ntitle = \"Län\"\ncodes = \"lan.kod\"\n";
    let check = format!(
        "{CHECK}max_null = \"5%\"\nfreshness = \"400d\"\nwarn = [\"freshness\", \"equals\", \"range.folkmangd\"]\n\
         complete = {{ over = [\"kod\", \"period\"], per = [\"kon\"], except = {{ kod = \"0331\" }} }}\n\
         [dataset.befolkning.check.equals.kon]\ncolumn = \"folkmangd\"\n\
         total = {{ kon = \"T\" }}\nparts = {{ kon = [\"M\", \"K\"] }}\ntolerance = 1\n"
    );
    let config = project(&format!("{column}{kon}{lan}{check}")).config();
    let dataset = &config.pipelines["befolkning"].datasets["befolkning"];
    let [folkmangd, kon, lan] = dataset.columns.as_slice() else { panic!("{:?}", dataset.columns) };
    assert!(!folkmangd.nullable && !kon.nullable);
    assert_eq!(folkmangd.range, Some(ValueRange { min: Some(0.0), max: Some(1.5e7) }));
    assert_eq!(folkmangd.statuses, [Status::Observed]);
    assert_eq!(kon.values, ["M", "K"]);
    assert_eq!(lan.codes, Some(CodeList { table: "lan".into(), column: "kod".into() }));
    let checks = &dataset.checks;
    assert_eq!(checks.max_null["folkmangd"], 5.0);
    assert_eq!(checks.freshness, Some(400));
    let complete = checks.complete.as_ref().unwrap();
    assert_eq!((complete.over.join(" "), complete.per.join(" ")), ("kod period".into(), "niva kon".into()));
    assert_eq!(complete.except["kod"], ["0331"]);
    assert_eq!((checks.equals[0].name.as_str(), checks.equals[0].tolerance), ("kon", 1.0));
    assert_eq!(checks.warn, ["freshness", "equals", "range.folkmangd"]);
}

/// Every message with its hint, without its place.
fn said(more: &str) -> String {
    let report = project(more).report();
    let lines = report.lines().filter_map(|line| {
        let hint = line.trim().strip_prefix("= hint: ").map(|hint| format!("  {hint}"));
        line.strip_prefix("error[")
            .and_then(|rest| rest.split_once("]: "))
            .map(|(_, message)| message.to_owned())
            .or(hint)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn promises_of_the_wrong_column_are_refused() {
    let column = "values = [\"1\"]\ncodes = \"ssyk\"\nrange = { min = 2, max = 1 }\n";
    let kon =
        format!("{KON}range = {{ }}\nstatuses = [\"bra\"]\nnullable = true\nvalues = [\"M\"]\ncodes = \"lan.kod\"\n");
    insta::assert_snapshot!(said(&format!("{column}{kon}")), @r#"
    `values` belongs to a text, and `folkmangd` is int64
      `range` says which numbers may occur
    `codes` belongs to a text, and `folkmangd` is int64
      `range` says which numbers may occur
    `folkmangd` has both `values` and `codes`
      keep the one that says which values may occur
    "ssyk" names no column of a reference table
      the table and the column: "kommuner.kod" is `kod` in reference/kommuner.csv
    the range of `folkmangd` begins at 2 and ends at 1
    `range` belongs to a number, and `kon` is text
    the range of `kon` has no end
      `min`, `max` or both: range = { min = 0 }
    `statuses` belongs to a number, and `kon` is text
    `dataset.befolkning.column.kon.statuses` can't be "bra"
      allowed: "suppressed", "not_applicable", "not_assessed", "missing", "pending", "unreliable", "preliminary", "observed"
    `kon` is part of the key and can't be empty
      leave out `nullable`
    `kon` has both `values` and `codes`
      keep the one that says which values may occur
    "#);
}

#[test]
fn a_range_needs_an_end_and_numbers() {
    insta::assert_snapshot!(said(&format!("range = {{}}\n{KON}")), @r"
    the range of `folkmangd` has no end
      `min`, `max` or both: range = { min = 0 }
    ");
    insta::assert_snapshot!(said(&format!("range = {{ min = \"0\" }}\n{KON}")), @r"
    `dataset.befolkning.column.folkmangd.range.min` must be a number, not a text
      write it without quotes: 0
    ");
    insta::assert_snapshot!(said(&format!("range = [0, 1]\n{KON}")), @"`dataset.befolkning.column.folkmangd.range` must be a table, not a list");
    insta::assert_snapshot!(said(&format!("range = {{ min = -inf, max = nan }}\n{KON}")), @r"
    `dataset.befolkning.column.folkmangd.range.min` must be a finite number
    `dataset.befolkning.column.folkmangd.range.max` must be a finite number
    ");
}

#[test]
fn checks_of_columns_that_cannot_have_them_are_refused() {
    let check = format!(
        "{KON}{CHECK}max_null = {{ folkmangt = \"5%\", kon = \"5\" }}\nfreshness = \"6h\"\n\
         complete = {{ over = [\"kod\", \"kn\"], per = [\"kod\", \"folkmangd\"] }}\n\
         warn = [\"freshnes\", \"max_drop\", \"status\", \"unique\"]\n"
    );
    insta::assert_snapshot!(said(&check), @r#"
    `folkmangt` is no number column of this dataset
      did you mean `folkmangd`?
    `kon` is no number column of this dataset
      number columns: `folkmangd`
    "5" is not a percentage
      a number from 0 to 100 and a %: "20%"
    "6h" is not a number of days
      a whole number and a d: "400d"
    `kn` is no code column of this dataset
      did you mean `kon`?
    `kod` is in `over` and in `per`
    `folkmangd` is no code column of this dataset
      code columns: `kon`, `niva`, `kod`, `period`, `namn`, `lan`, `period_start`, `period_end`
    this dataset has no check `freshnes`
      checks: `min_rows`, `unique`, `complete`
    this dataset has no check `max_drop`
      checks: `min_rows`, `unique`, `complete`
    `status` can't be a warning
      what breaks it could not be read rightly by anyone
    "#);
}

#[test]
fn a_total_that_can_have_no_parts_is_refused() {
    let equals = |rest: &str| format!("{KON}[dataset.befolkning.check.equals.kon]\n{rest}");
    insta::assert_snapshot!(
        said(&equals("column = \"folkmangt\"\ntotal = { kon = \"T\" }\nparts = { kon = [\"M\", \"T\"] }\ntolerance = -1\n")),
        @r#"
    `folkmangt` is no number column of this dataset
      did you mean `folkmangd`?
    "T" is the total and a part of it
    `tolerance` is -1, below 0
    "#
    );
    insta::assert_snapshot!(
        said(&equals("column = \"folkmangd\"\ntotal = { kon = \"T\", period = \"2024\" }\nparts = { kn = \"M\" }\n")),
        @r#"
    only `total` names `kon`
      both are told by the same columns: total = { kon = "T" }, parts = { kon = ["M", "K"] }
    only `total` names `period`
      both are told by the same columns: total = { kon = "T" }, parts = { kon = ["M", "K"] }
    only `parts` names `kn`
      both are told by the same columns: total = { kon = "T" }, parts = { kon = ["M", "K"] }
    `kn` is not in the key
      did you mean `kon`?
    "#
    );
    insta::assert_snapshot!(said(&equals("column = \"folkmangd\"\ntotal = { }\n")), @r#"
    [dataset.befolkning.check.equals.kon] lacks the key `parts`
      `parts`: Which rows are parts, by the same columns: { kon = ["M", "K"] }.
    `total` names no column
      both are told by the same columns: total = { kon = "T" }, parts = { kon = ["M", "K"] }
    "#);
    let parts = "column = \"folkmangd\"\ntotal = { kon = \"T\" }\nparts = { kon = [\"M\", \"K\"] }\n";
    insta::assert_snapshot!(said(&format!("perturbation = \"ckm\"\n{}", equals(parts))), @r"
    `equals` can't hold: `folkmangd` is perturbed by its source
      every value, totals too, has been shifted on its own: parts do not add up to totals and must not be made to
    ");
    insta::assert_snapshot!(said(&equals(parts)), @"");
    let share = "[dataset.befolkning.column.andel]\ntype = \"float64\"\ntitle = \"Andel\"\n";
    insta::assert_snapshot!(said(&format!("{share}{}", equals(&parts.replace("folkmangd", "andel")))), @r"
    `equals` can't hold: `andel` is not additive
      only numbers that may be summed have totals: `additive = true`
    ");
    let ratio = "ratio = { numerator = \"folkmangd\", denominator = \"folkmangd\" }\n";
    insta::assert_snapshot!(said(&format!("{share}{ratio}{}", equals(&parts.replace("folkmangd", "andel")))), @r"
    `equals` can't hold: `andel` is a ratio
      ratios are never summed; check the columns that it is made of
    ");
}
