//! What a study's size costs: what is asked again and again neither reads, carries nor writes what has piled up.

use pedigree_protocol::lease::AttemptWrite;
use pedigree_protocol::study::Study;
use sqlx::{PgConnection, PgPool};

use crate::lease::held;
use crate::run;
use crate::testing::{Coordinator, report, study_spec};

/// A study that has trial 1 waiting and the completed trials from 2 to `last` behind it.
async fn grown(coordinator: &Coordinator, name: &str, last: i32) -> Study {
    let study = coordinator.create(study_spec(name, last.cast_unsigned() + 1, 1)).await;
    sqlx::query(
        "INSERT INTO runs (id, queue_id, kind, number, state, params, seed, suggestion, value, summary, ended_at)
         SELECT gen_random_uuid(), $1, 'trial', n, 'completed', '{\"learning_rate\": 0.001}', n, '{}',
                (n * 7919 % 3001) / 3001.0, '{}', now()
         FROM generate_series(2, $2) n",
    )
    .bind(study.id.0)
    .bind(last)
    .execute(coordinator.pool())
    .await
    .unwrap();
    study
}

/// Complaint 11 (optuna 760, 763): the best trial of a few thousand takes minutes, a table of them a quarter of an hour.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_11_the_best_of_three_thousand_is_known_without_any_report(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let study = grown(&coordinator, "study", 3000).await;
    // Who reads what the trials reported finds nothing there.
    let gone = "ALTER TABLE reports RENAME TO reports_that_nobody_reads";
    sqlx::raw_sql(gone).execute(coordinator.pool()).await.unwrap();
    let best = coordinator.study("study").await.best.unwrap();
    let expected = (2..=3000).max_by_key(|number| number * 7919 % 3001).unwrap();
    assert_eq!((best.number, coordinator.runs(&study).await.len()), (expected, 3000));
}

/// Rows that this transaction has written so far.
async fn written(db: &mut PgConnection) -> i64 {
    let rows = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_xact_user_tables";
    sqlx::query_scalar(rows).fetch_one(db).await.unwrap()
}

/// Complaint 19 (ray 11233, 7608, 7718): each result has the state of all trials written down anew.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_19_a_report_writes_as_many_rows_in_a_large_study_as_in_a_small_one(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let mut rows = Vec::new();
    for (name, last) in [("small", 2), ("large", 3000)] {
        let study = grown(&coordinator, name, last).await;
        let worker = coordinator.worker(1).await;
        let grant = coordinator.claim(&worker).await.unwrap();
        assert_eq!((grant.queue_name.as_str(), grant.number), (name, Some(1)));
        let AttemptWrite::Report { metrics } = report(1, 0.5) else { unreachable!() };
        let report = held::open(coordinator.pool(), grant.run_id, grant.attempt, async |db, held| {
            let (held, before) = (held.unwrap(), written(db).await);
            let (metric, shown) = (study.spec.metric, run::report::Shown::ByTheReport);
            run::report::record(db, &held, metric, &[&metrics], shown).await?;
            held::renew(db, &held, coordinator.app.lease_ttl).await?;
            Ok(written(db).await - before)
        });
        rows.push(report.await.unwrap());
    }
    assert!(rows[0] >= 3 && rows[0] == rows[1], "report, run and lease: {rows:?}");
}

/// Complaint 29 (determined 4703): a list of trials carries every metric of each, and takes as long.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_29_lists_carry_no_series_however_long_trials_report(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let study = coordinator.create(study_spec("study", 1, 1)).await;
    let worker = coordinator.worker(1).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    let listed = async || {
        let (runs, study) = (coordinator.runs(&study).await, coordinator.study("study").await);
        serde_json::to_string(&(runs, study)).unwrap().len()
    };
    coordinator.write(&grant, &report(1, 0.5)).await;
    let before = listed().await;
    let writes = (2..=500).map(|epoch| report(epoch, 0.5)).collect();
    coordinator.write(&grant, &AttemptWrite::Several { writes }).await;
    let after = listed().await;
    assert_eq!(
        coordinator.training(grant.run_id).await.reports.len(),
        500,
        "they are there for who asks for one"
    );
    assert!(after <= before + "500".len(), "{before} bytes have become {after}");
}
