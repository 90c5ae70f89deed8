//! The one place that knows the SQL engine (DataFusion). Everything else sees
//! tables by name, query text, and streams of record batches.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::MemTable;
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionConfig, SessionContext};
use url::Url;

use crate::codes::{self, Code};

use super::fault::{SqlFault, one_line};
use super::functions;
use super::origin::is_source_column;

/// Tables by name and the queries over them, within a memory limit.
pub struct Engine {
    context: SessionContext,
}

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("{}", .0.message)]
    Sql(SqlFault),
    #[error("the query needs more memory than [run] memory_limit allows: {0}")]
    Memory(String),
    #[error("{0}")]
    Run(String),
}

impl EngineError {
    pub const fn code(&self) -> Code {
        match self {
            Self::Sql(_) => codes::QUERY,
            Self::Memory(_) => codes::MEMORY,
            Self::Run(_) => codes::QUERY_FAILED,
        }
    }
}

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(detail) => Self::Memory(detail.clone()),
            root => Self::Run(one_line(&root.strip_backtrace())),
        }
    }
}

impl Engine {
    /// One partition, so that a sum of floats has one order and a sort needs one buffer: measured to be
    /// both the steadiest under a small pool and fast enough for tens of millions of rows.
    pub fn new(memory_limit: u64, spill: &Path) -> Result<Self, EngineError> {
        let limit = usize::try_from(memory_limit).unwrap_or(usize::MAX);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(GreedyMemoryPool::new(limit)))
            .with_temp_file_path(spill)
            .build_arc()?;
        let mut config = SessionConfig::new().with_target_partitions(1).with_information_schema(false);
        let options = config.options_mut();
        options.execution.sort_spill_reservation_bytes = (limit / 4).min(64 << 20);
        options.sql_parser.collect_spans = true;
        let context = SessionContext::new_with_config_rt(config, runtime);
        for function in functions::all() {
            context.register_udf(function);
        }
        Ok(Self { context })
    }

    /// A table with a known shape and no rows, to plan against.
    pub fn declare(&self, name: &str, schema: SchemaRef) -> Result<(), EngineError> {
        self.register(name, Arc::new(EmptyTable::new(schema)))
    }

    pub fn register_batches(
        &self,
        name: &str,
        schema: SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<(), EngineError> {
        self.register(name, Arc::new(MemTable::try_new(schema, vec![batches])?))
    }

    /// One or more Parquet files, or a folder of them.
    pub async fn register_parquet(&self, name: &str, paths: &[PathBuf]) -> Result<(), EngineError> {
        // As URLs: in a plain path the engine would take `[`, `*` and `?` for patterns.
        let paths: Vec<String> =
            paths.iter().filter_map(|path| Url::from_file_path(path).ok()).map(String::from).collect();
        let frame = self.context.read_parquet(paths, ParquetReadOptions::default()).await?;
        self.register(name, frame.into_view())
    }

    fn register(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<(), EngineError> {
        self.context.deregister_table(quoted(name))?;
        self.context.register_table(quoted(name), table)?;
        Ok(())
    }

    /// Plans one query that may only read: no DDL, no DML, no statement, no clock, no chance.
    pub async fn plan(&self, sql: &str) -> Result<Query, SqlFault> {
        let fault = |error: DataFusionError| SqlFault::from_engine(&error, &self.tables());
        let plan = self.context.state().create_logical_plan(sql).await.map_err(fault)?;
        let rules = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let explains =
            matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) | LogicalPlan::DescribeTable(_));
        if explains || rules.verify_plan(&plan).is_err() {
            return Err(SqlFault::plain(
                "only a query is allowed here",
                "begin with SELECT or WITH; nothing may be created, changed, copied or explained",
            ));
        }
        if let Some(name) = unsteady_function(&plan).map_err(fault)? {
            return Err(SqlFault::plain(
                &format!("{name}() gives another answer each time, so the dataset could not be computed again"),
                "neither the clock nor chance may be asked: take dates from a period, or fetch them as data",
            )
            .about(&name));
        }
        // A query can plan and still not be optimised (an impossible cast, say): find that now, too.
        let frame = DataFrame::new(self.context.state(), plan);
        frame.clone().into_optimized_plan().map_err(fault)?;
        Ok(Query { frame })
    }

    /// Names that a query may use; those that begin with `_` are the program's own.
    fn tables(&self) -> Vec<String> {
        let schema = self.context.catalog("datafusion").and_then(|catalogue| catalogue.schema("public"));
        let mut names = schema.map(|schema| schema.table_names()).unwrap_or_default();
        names.retain(|name| !name.starts_with('_'));
        names.sort();
        names
    }

    /// The tables that a query names, whether they are there or not; those that it defines itself are left out.
    pub fn tables_of(&self, sql: &str) -> Result<Vec<String>, EngineError> {
        let state = self.context.state();
        let dialect = state.config_options().sql_parser.dialect;
        let statement = state.sql_to_statement(sql, &dialect)?;
        let tables = state.resolve_table_references(&statement)?;
        Ok(tables.iter().map(|table| table.table().to_owned()).collect())
    }

    /// Makes a planned query a table of its own, for the queries around it.
    pub fn register_query(&self, name: &str, query: &Query) -> Result<(), EngineError> {
        self.register(name, query.frame.clone().into_view())
    }

    pub async fn collect(&self, sql: &str) -> Result<Vec<RecordBatch>, EngineError> {
        let query = self.plan(sql).await.map_err(EngineError::Sql)?;
        Ok(query.frame.collect().await?)
    }

    /// Whether a query gives its rows as its tables hold them, one after the other: it reads, filters, renames,
    /// computes and looks up, and neither groups, sorts, counts nor puts together. Such rows may come sorted already.
    pub async fn streams(&self, sql: &str) -> Result<bool, EngineError> {
        let query = self.plan(sql).await.map_err(EngineError::Sql)?;
        let plan = query.frame.into_optimized_plan()?;
        let mut streams = true;
        plan.apply_with_subqueries(|node| {
            streams &= matches!(
                node,
                LogicalPlan::Projection(_)
                    | LogicalPlan::Filter(_)
                    | LogicalPlan::Join(_)
                    | LogicalPlan::SubqueryAlias(_)
                    | LogicalPlan::TableScan(_)
            );
            Ok(if streams { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
        })?;
        Ok(streams)
    }

    pub async fn stream(&self, sql: &str) -> Result<SendableRecordBatchStream, EngineError> {
        let query = self.plan(sql).await.map_err(EngineError::Sql)?;
        Ok(query.frame.execute_stream().await?)
    }
}

/// A query that was accepted.
pub struct Query {
    frame: DataFrame,
}

impl Query {
    pub fn schema(&self) -> SchemaRef {
        Arc::new(self.frame.schema().as_arrow().clone())
    }

    /// Whether these columns are the tables' own, only chosen and arranged: no value computed on the way.
    /// In doubt the answer is no.
    pub fn passes_through(&self, columns: &[&str]) -> bool {
        let plan = self.frame.logical_plan();
        columns.iter().all(|name| {
            plan.schema()
                .fields()
                .iter()
                .position(|field| field.name() == name)
                .is_some_and(|index| is_source_column(plan, index))
        })
    }
}

fn unsteady_function(plan: &LogicalPlan) -> Result<Option<String>, DataFusionError> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::ScalarFunction(call) = part
                    && call.func.signature().volatility != Volatility::Immutable
                {
                    found = Some(call.func.name().to_owned());
                    return Ok(TreeNodeRecursion::Stop);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
}

/// Table names are written as they are, never folded or split at a point.
fn quoted(name: &str) -> datafusion::common::TableReference {
    datafusion::common::TableReference::bare(name.to_owned())
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    fn engine() -> Engine {
        let engine = Engine::new(64 << 20, &std::env::temp_dir()).unwrap();
        let field = |name: &str, kind| Field::new(name, kind, true);
        let schema = Schema::new(vec![
            field("kod", DataType::Utf8View),
            field("antal", DataType::Int64),
            field("antal_status", DataType::Utf8View),
        ]);
        engine.declare("folk", Arc::new(schema)).unwrap();
        engine
    }

    async fn fault(sql: &str) -> SqlFault {
        match engine().plan(sql).await {
            Ok(_) => panic!("{sql} was accepted"),
            Err(fault) => fault,
        }
    }

    #[tokio::test]
    async fn a_typo_has_its_place_and_the_columns_as_a_hint() {
        let fault = fault("SELECT kod,\n  antall\nFROM folk").await;
        assert_eq!(fault.place, Some(((2, 3), (2, 9))), "{fault:?}");
        assert!(fault.message.contains("antall"), "{fault:?}");
        assert!(fault.hint.unwrap().contains("antal"));
    }

    #[tokio::test]
    async fn only_queries_that_read_are_accepted() {
        for sql in [
            "CREATE TABLE x AS SELECT 1",
            "COPY (SELECT 1) TO 'x.parquet'",
            "INSERT INTO folk VALUES ('1', 1, 'observed')",
            "SET datafusion.execution.batch_size = 1",
            "DROP TABLE folk",
            "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
            "EXPLAIN SELECT * FROM folk",
            "SELECT 1; SELECT 2",
            "SELECT * FROM '/etc/passwd'",
            "SELECT * FROM information_schema.tables",
        ] {
            fault(sql).await;
        }
    }

    #[tokio::test]
    async fn functions_that_answer_differently_each_time_are_refused() {
        for sql in [
            "SELECT now()",
            "SELECT random() FROM folk",
            "SELECT uuid()",
            "SELECT kod FROM folk WHERE current_date > DATE '2024-01-01'",
            "SELECT kod FROM folk WHERE antal > (SELECT random())",
            "WITH a AS (SELECT current_timestamp AS t) SELECT * FROM a",
        ] {
            let fault = fault(sql).await;
            assert!(fault.message.contains("gives another answer each time"), "{sql}: {fault:?}");
        }
    }

    #[tokio::test]
    async fn a_series_passes_through_only_when_nothing_is_computed() {
        let engine = engine();
        for (sql, expected) in [
            ("SELECT kod, antal FROM folk", true),
            ("SELECT kod, CAST(antal AS DOUBLE) AS antal FROM folk WHERE kod <> '00'", true),
            ("SELECT f.kod, f.antal FROM folk f LEFT JOIN folk g ON f.kod = g.kod", true),
            ("WITH a AS (SELECT kod, antal FROM folk) SELECT * FROM a", true),
            ("SELECT kod, antal * 2 AS antal FROM folk", false),
            ("SELECT kod, sum(antal) AS antal FROM folk GROUP BY kod", false),
            ("SELECT kod, coalesce(antal, 0) AS antal FROM folk", false),
            ("WITH a AS (SELECT kod, antal / 10 AS antal FROM folk) SELECT kod, antal FROM a", false),
        ] {
            let query = engine.plan(sql).await.unwrap_or_else(|fault| panic!("{sql}: {fault:?}"));
            assert_eq!(query.passes_through(&["antal"]), expected, "{sql}");
        }
    }

    #[tokio::test]
    async fn a_query_that_needs_too_much_memory_fails_in_words() {
        let spill = tempfile::tempdir().unwrap();
        let engine = Engine::new(200_000, spill.path()).unwrap();
        let error = engine
            .collect("SELECT a.value, count(*) AS n FROM generate_series(1, 300000) AS a GROUP BY a.value ORDER BY n, a.value")
            .await
            .map(|_| ())
            .unwrap_err();
        assert!(matches!(error, EngineError::Memory(_)), "{error}");
    }

    #[tokio::test]
    async fn periods_and_statuses_are_functions() {
        let batches = engine()
            .collect(
                "SELECT CAST(period_start('2024K2') AS VARCHAR) a, CAST(period_end('2024K2') AS VARCHAR) b,
                        status_rank('suppressed') c, status_name(7) d, period_start('när som helst') e",
            )
            .await
            .unwrap();
        let text = datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string();
        assert!(text.contains("| 2024-04-01 | 2024-06-30 | 0 | observed |"), "{text}");
    }
}
