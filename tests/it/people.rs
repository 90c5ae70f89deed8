//! A small pipeline over the sandbox's PxWeb table TAB6471 with two datasets,
//! so that a run has many calls and a publish two pointers to move.

use crate::world::{Sandbox, World};

pub const DATASETS: [&str; 2] = ["folk_kommun", "folk_lan"];

/// The pipeline `folk`: every region, two classes, three sexes, two months: 3,744 cells.
pub fn people(sandbox: &Sandbox) -> World {
    let world = World::new().with_sandbox(sandbox);
    let mut toml = "version = 1\ntitle = \"Folk\"\n\n\
        [fetch.folk.pxweb]\nsource = \"scb\"\ntable = \"TAB6471\"\n\
        select = { Region = \"*\", Alder = [\"TotSA\", \"0-9\"], Kon = \"*\", Tid = \"TOP(2)\" }\n\
        rename = { Region = \"kod\", Tid = \"period\" }\nmeasures = { \"000007SF\" = \"folkmangd\" }\n"
        .to_owned();
    for dataset in DATASETS {
        toml.push_str(&format!(
            "\n[dataset.{dataset}]\ntitle = \"Folkmängd\"\nsql = \"{dataset}.sql\"\nkey = [\"kod\", \"alder\", \"kon\", \"period\"]\n\
             [dataset.{dataset}.column.alder]\ntype = \"text\"\ntitle = \"Ålder\"\n\
             [dataset.{dataset}.column.kon]\ntype = \"text\"\ntitle = \"Kön\"\n\
             [dataset.{dataset}.column.folkmangd]\ntype = \"int64\"\ntitle = \"Folkmängd\"\nunit = \"antal\"\n\
             additive = true\nperturbation = \"ckm\"\n"
        ));
    }
    world.write("pipelines/folk/pipeline.toml", &toml);
    let query = |level: &str, length: u8| {
        format!(
            "SELECT '{level}' AS niva, kod, period, alder, kon, folkmangd, folkmangd_status, folkmangd_symbol\n\
             FROM folk\nWHERE character_length(kod) = {length} AND kod <> '00'\n"
        )
    };
    world.write("pipelines/folk/folk_kommun.sql", &query("kommun", 4));
    world.write("pipelines/folk/folk_lan.sql", &query("lan", 2));
    world
}
