//! The finished trials that a simulated study starts with. They are written straight into the database, since making
//! them is not measured.

use sqlx::{Connection as _, PgConnection};

/// Adds `count` completed trials after those of the study.
pub(super) async fn insert(database_url: &str, study: &str, count: u32) -> anyhow::Result<()> {
    let mut db = PgConnection::connect(database_url).await?;
    let mut tx = db.begin().await?;
    sqlx::query("SELECT FROM studies s JOIN queue q ON q.id = s.id WHERE q.name = $1 FOR NO KEY UPDATE OF s")
        .bind(study)
        .execute(&mut *tx)
        .await?;
    // Multiples of irrational numbers spread the points over the space, the same in every measurement.
    sqlx::query(
        "INSERT INTO runs (id, queue_id, kind, number, state, params, seed, suggestion, value, summary, ended_at)
         SELECT gen_random_uuid(), q.id, 'trial', n + known, 'completed', jsonb_build_object(
                'learning_rate', 1e-5 * pow(1e3::double precision, n * sqrt(2.0) - floor(n * sqrt(2.0))),
                'weight_decay', 1e-4 * pow(3e3::double precision, n * sqrt(3.0) - floor(n * sqrt(3.0))),
                'warmup_ratio', 0.2 * (n * sqrt(5.0) - floor(n * sqrt(5.0))),
                'lora_dropout', 0.5 * (n * sqrt(7.0) - floor(n * sqrt(7.0))),
                'lora_r', 4 + n * 7 % 61,
                'lora_targets', (ARRAY['qv', 'qkvo', 'all-linear'])[1 + n % 3]),
             n, jsonb_build_object('sampler', 'enqueued', 'key', n::text, 'number', n + known),
             n * sqrt(11.0) - floor(n * sqrt(11.0)),
             '{}', now()
         FROM queue q, generate_series(1, $2::integer) n,
              LATERAL (SELECT count(*)::integer AS known FROM runs WHERE queue_id = q.id) k
         WHERE q.name = $1",
    )
    .bind(study)
    .bind(i32::try_from(count)?)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(db.close().await?)
}

/// Brings the database's statistics up to date.
pub(super) async fn analyze(database_url: &str) -> anyhow::Result<()> {
    let mut db = PgConnection::connect(database_url).await?;
    sqlx::query("ANALYZE").execute(&mut db).await?;
    Ok(db.close().await?)
}
