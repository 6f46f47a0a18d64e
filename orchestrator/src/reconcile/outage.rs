//! Outages: while no coordinator serves, or none reaches the database, no worker can renew its lease.

use std::time::Duration;

use sqlx::PgPool;

use crate::db;
use crate::error::ApiResult;

/// Shorter silences are upkeep that was slow.
const SHORTEST: Duration = Duration::from_secs(2);

/// Notes that leases are looked after. After an outage every live lease lasts its full length from now: what ran out
/// meanwhile says nothing about its worker, which gets the time to be heard.
pub(crate) async fn forgive(pool: &PgPool, ttl: Duration) -> ApiResult<()> {
    let outage = SHORTEST.max(ttl / 3);
    let mut tx = db::begin(pool).await?;
    // The row's lock lets one coordinator forgive; the next one sees that somebody looks after the leases.
    let select = sqlx::query_scalar!(
        r#"UPDATE upkeep u SET at = clock_timestamp()
           FROM (SELECT at FROM upkeep FOR UPDATE) before
           RETURNING extract(epoch FROM u.at - before.at)::double precision AS "gap!""#
    );
    let gap = select.fetch_one(&mut *tx).await?;
    if gap > outage.as_secs_f64() {
        let forgiven = sqlx::query!(
            "UPDATE attempts SET lease_expires_at = clock_timestamp() + make_interval(secs => $1::double precision)
             WHERE state IN ('leased', 'running')
               AND lease_expires_at < clock_timestamp() + make_interval(secs => $1::double precision)",
            ttl.as_secs_f64(),
        );
        let leases = forgiven.execute(&mut *tx).await?.rows_affected();
        tracing::info!(
            outage_seconds = gap,
            leases,
            "nobody looked after the leases; each lasts its full length again"
        );
    }
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::lease::{AttemptWrite, WriteOutcome};
    use pedigree_protocol::run::AttemptState;

    use super::*;
    use crate::reconcile;
    use crate::testing::{Coordinator, study_spec};

    const TTL: Duration = Duration::from_secs(30);

    async fn last_looked_after(pool: &PgPool, seconds_ago: f64) {
        sqlx::query("UPDATE upkeep SET at = clock_timestamp() - make_interval(secs => $1)")
            .bind(seconds_ago)
            .execute(pool)
            .await
            .unwrap();
    }

    #[sqlx::test(migrator = "crate::db::MIGRATOR")]
    async fn complaint_31_an_outage_costs_no_lease_and_a_silent_worker_still_does(pool: PgPool) {
        let coordinator = Coordinator::with_content(pool).await;
        coordinator.create(study_spec("study", 1, 1)).await;
        let worker = coordinator.worker(1).await;
        let grant = coordinator.claim(&worker).await.unwrap();
        for (seconds_ago, survives) in [(3600.0, true), (11.0, true), (9.0, false)] {
            coordinator.let_leases_run_out().await;
            last_looked_after(coordinator.pool(), seconds_ago).await;
            forgive(coordinator.pool(), TTL).await.unwrap();
            // The second coordinator to come back finds that somebody looks after the leases.
            forgive(coordinator.pool(), TTL).await.unwrap();
            reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
            let state = coordinator.detail(grant.run_id).await.attempts[0].state;
            assert_eq!(state == AttemptState::Leased, survives, "{seconds_ago} s ago: {state:?}");
        }
        assert_eq!(coordinator.write(&grant, &AttemptWrite::Renew).await, WriteOutcome::Lost);
    }
}
