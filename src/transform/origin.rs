//! Where a query's column comes from: decides whether a series may be credited
//! to its source, or was computed here.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, ExprSchema as _};
use datafusion::logical_expr::{Expr, LogicalPlan};

/// Follows an output column down to the table it comes from.
pub fn is_source_column(plan: &LogicalPlan, index: usize) -> bool {
    match plan {
        LogicalPlan::TableScan(_) => true,
        LogicalPlan::Projection(projection) => {
            projection.expr.get(index).and_then(|expression| plain_column(expression, &projection.input)).is_some_and(
                |column| {
                    projection
                        .input
                        .schema()
                        .maybe_index_of_column(column)
                        .is_some_and(|index| is_source_column(&projection.input, index))
                },
            )
        }
        LogicalPlan::Join(join) => {
            let left = join.left.schema().fields().len();
            if index < left { is_source_column(&join.left, index) } else { is_source_column(&join.right, index - left) }
        }
        LogicalPlan::Union(union) => union.inputs.iter().all(|input| is_source_column(input, index)),
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Distinct(_) => plan.inputs().first().is_some_and(|input| is_source_column(input, index)),
        _ => false,
    }
}

/// The column that an expression hands on, under whatever name; a cast counts where it can lose nothing.
fn plain_column<'a>(expression: &'a Expr, input: &LogicalPlan) -> Option<&'a Column> {
    match expression {
        Expr::Column(column) => Some(column),
        Expr::Alias(alias) => plain_column(&alias.expr, input),
        Expr::Cast(cast) => {
            let column = plain_column(&cast.expr, input)?;
            let from = input.schema().field_from_column(column).ok()?.data_type().clone();
            let to = cast.field.data_type();
            let widens = from == *to || (from.is_integer() && (to.is_integer() || *to == DataType::Float64));
            widens.then_some(column)
        }
        _ => None,
    }
}
