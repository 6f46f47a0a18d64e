//! What a grid's attempts have taken, and whether that is what it may take.

use pedigree_protocol::GridId;
use pedigree_protocol::grid::{Budget, Usage};
use sqlx::PgConnection;

use crate::error::ApiResult;

/// What the attempts of all the grid's runs have taken so far, failed ones included.
pub(super) async fn of(db: &mut PgConnection, id: GridId) -> ApiResult<Usage> {
    let select = sqlx::query!(
        r#"SELECT coalesce(sum(extract(epoch FROM coalesce(a.ended_at, now()) - a.leased_at)), 0)::double precision AS "seconds!",
               coalesce(sum(a.energy_joules), 0)::double precision AS "joules!",
               count(*) FILTER (WHERE a.ended_at IS NOT NULL AND a.energy_joules IS NULL) AS "without_energy!"
           FROM queue q JOIN runs r ON r.queue_id = q.id JOIN attempts a ON a.run_id = r.id WHERE q.grid_id = $1"#,
        id.0
    );
    let row = select.fetch_one(db).await?;
    Ok(Usage { gpu_hours: row.seconds / 3600.0, kwh: row.joules / 3.6e6, without_energy: row.without_energy })
}

/// Whether the budget is spent.
pub(super) fn is_spent(usage: Usage, budget: Budget) -> bool {
    let over = |taken: f64, limit: Option<f64>| limit.is_some_and(|limit| taken >= limit);
    over(usage.gpu_hours, budget.gpu_hours) || over(usage.kwh, budget.kwh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_by_either_limit_and_without_one_never() {
        let usage = Usage { gpu_hours: 2.0, kwh: 0.5, without_energy: 0 };
        let budget = |gpu_hours, kwh| Budget { gpu_hours, kwh };
        assert!(!is_spent(usage, budget(None, None)));
        assert!(!is_spent(usage, budget(Some(2.1), Some(0.6))));
        assert!(is_spent(usage, budget(Some(2.0), None)));
        assert!(is_spent(usage, budget(Some(9.0), Some(0.5))));
    }
}
