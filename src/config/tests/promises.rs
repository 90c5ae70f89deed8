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
        line.strip_prefix("error: ").map(str::to_owned).or(hint)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn promises_of_the_wrong_column_are_refused() {
    let column = "values = [\"1\"]\ncodes = \"ssyk\"\nrange = { min = 2, max = 1 }\n";
    let kon =
        format!("{KON}range = {{ }}\nstatuses = [\"bra\"]\nnullable = true\nvalues = [\"M\"]\ncodes = \"lan.kod\"\n");
    insta::assert_snapshot!(said(&format!("{column}{kon}")), @"");
}

#[test]
fn a_range_needs_an_end_and_numbers() {
    insta::assert_snapshot!(said(&format!("range = {{}}\n{KON}")), @"");
    insta::assert_snapshot!(said(&format!("range = {{ min = \"0\" }}\n{KON}")), @"");
    insta::assert_snapshot!(said(&format!("range = [0, 1]\n{KON}")), @"");
    insta::assert_snapshot!(said(&format!("range = {{ min = -inf, max = nan }}\n{KON}")), @"");
}

#[test]
fn checks_of_columns_that_cannot_have_them_are_refused() {
    let check = format!(
        "{KON}{CHECK}max_null = {{ folkmangt = \"5%\", kon = \"5\" }}\nfreshness = \"6h\"\n\
         complete = {{ over = [\"kod\", \"kn\"], per = [\"kod\", \"folkmangd\"] }}\n\
         warn = [\"freshnes\", \"max_drop\", \"status\", \"unique\"]\n"
    );
    insta::assert_snapshot!(said(&check), @"");
}

#[test]
fn a_total_that_can_have_no_parts_is_refused() {
    let equals = |rest: &str| format!("{KON}[dataset.befolkning.check.equals.kon]\n{rest}");
    insta::assert_snapshot!(
        said(&equals("column = \"folkmangt\"\ntotal = { kon = \"T\" }\nparts = { kon = [\"M\", \"T\"] }\ntolerance = -1\n")),
        @""
    );
    insta::assert_snapshot!(
        said(&equals("column = \"folkmangd\"\ntotal = { kon = \"T\", period = \"2024\" }\nparts = { kn = \"M\" }\n")),
        @""
    );
    insta::assert_snapshot!(said(&equals("column = \"folkmangd\"\ntotal = { }\n")), @"");
    let parts = "column = \"folkmangd\"\ntotal = { kon = \"T\" }\nparts = { kon = [\"M\", \"K\"] }\n";
    insta::assert_snapshot!(said(&format!("perturbation = \"ckm\"\n{}", equals(parts))), @"");
    insta::assert_snapshot!(said(&equals(parts).replace("[dataset", "[dataset")), @"");
    let share = "[dataset.befolkning.column.andel]\ntype = \"float64\"\ntitle = \"Andel\"\n";
    insta::assert_snapshot!(said(&format!("{share}{}", equals(&parts.replace("folkmangd", "andel")))), @"");
    let ratio = "ratio = { numerator = \"folkmangd\", denominator = \"folkmangd\" }\n";
    insta::assert_snapshot!(said(&format!("{share}{ratio}{}", equals(&parts.replace("folkmangd", "andel")))), @"");
}
