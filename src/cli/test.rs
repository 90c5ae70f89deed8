//! `underlag test`.

use clap::Args;

use crate::codes;
use crate::run::test_pipeline;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::run::chosen;
use super::text;

#[derive(Debug, Args)]
pub struct Test {
    /// Pipelines to test [default: all]
    pipelines: Vec<String>,
}

impl Test {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, reference) = place.checked().await?;
        let names = chosen(&config, &self.pipelines, true)?;
        let (mut passed, mut failed) = (0, 0);
        for name in &names {
            let Some(pipeline) = config.pipelines.get(name) else { continue };
            let cases = test_pipeline(&config, &reference, pipeline)
                .await
                .map_err(|error| Failure::coded(codes::TEST_CASE, error))?;
            if cases.is_empty() {
                text::line(&format!("{name}: no cases in {}", pipeline.dir.join("tests").display()));
            }
            for case in cases {
                if case.differences.is_empty() {
                    passed += 1;
                    text::line(&format!("{name}: {}: ok, {} rows", case.case, case.rows_compared));
                } else {
                    failed += 1;
                    text::line(&format!("{name}: {}: FAILED", case.case));
                    for difference in &case.differences {
                        text::line(&format!("  {difference}"));
                    }
                }
            }
        }
        text::line(&format!("{passed} passed, {failed} failed"));
        Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
    }
}
