//! The checker finds nothing in a sound history, and each invariant's violation in one that was doctored to break it.

use pedigree_tests::chaos::checker::{INVARIANTS, violations, watch};
use sqlx::{Connection as _, PgPool, raw_sql};

/// What breaks an invariant, by its name.
const DOCTORED: [(&str, &str); 16] = [
    (
        "every run ended exactly once",
        "ALTER TABLE runs DISABLE TRIGGER runs_step;
         UPDATE runs SET state = 'waiting', value = NULL, summary = NULL, ended_at = NULL WHERE kind = 'trial';
         UPDATE runs SET state = 'completed', value = 0.5, summary = '{\"epochs\": 2}', ended_at = now()
         WHERE kind = 'trial'",
    ),
    (
        "every run ended exactly once",
        "ALTER TABLE runs DISABLE TRIGGER runs_step;
         UPDATE runs SET state = 'waiting', value = NULL, summary = NULL, ended_at = NULL WHERE kind = 'trial'",
    ),
    (
        "every run ended exactly once",
        "ALTER TABLE studies DISABLE TRIGGER studies_step; UPDATE studies SET state = 'finishing', ended_at = NULL",
    ),
    ("attempts only grow", "UPDATE runs SET attempt = 3 WHERE kind = 'trial'"),
    (
        "attempts only grow",
        "INSERT INTO attempts (run_id, attempt, worker_id, device_uuid, state, ended_at)
         SELECT id, 5, '00000000-0000-0000-0000-0000000000aa', 'GPU-1', 'released', now() FROM runs
         WHERE kind = 'trial'",
    ),
    (
        "no report counts that was made outside its attempt's lease",
        "INSERT INTO reports (run_id, attempt, epoch, metrics) SELECT id, 1, 9, '{}' FROM runs WHERE kind = 'trial'",
    ),
    (
        "a device holds at most one live lease",
        "DROP INDEX attempts_one_live_per_device;
         INSERT INTO attempts (run_id, attempt, worker_id, device_uuid, lease_expires_at)
         SELECT id, 7, '00000000-0000-0000-0000-0000000000aa', 'GPU-1', now() FROM runs",
    ),
    ("the test split is opened once", "UPDATE seals SET openings = 2"),
    (
        "the test split is opened once",
        "UPDATE seals SET run_id = (SELECT id FROM runs WHERE kind = 'trial'), attempt = 2",
    ),
    ("nothing is lost and nothing is doubled", "DELETE FROM reports WHERE attempt = 2 AND epoch = 1"),
    (
        "nothing is lost and nothing is doubled",
        "UPDATE runs SET number = 2 WHERE kind = 'trial'",
    ),
    (
        "a grid selects once, when every cell has ended",
        "INSERT INTO grid_selections (grid_id, dataset, number, study_id, record)
         SELECT grid_id, dataset, 2, study_id, record FROM grid_selections",
    ),
    (
        "a grid selects once, when every cell has ended",
        "UPDATE runs SET ended_at = now() + interval '1 h' WHERE kind = 'final'",
    ),
    (
        "a grid selects once, when every cell has ended",
        "UPDATE seals SET grid_id = NULL, selection = NULL",
    ),
    (
        "a grid selects once, when every cell has ended",
        "UPDATE queue SET name = 'another'",
    ),
    ("a panic ends its own study only", "UPDATE queue SET name = 'frail'"),
];

#[sqlx::test(migrations = "../migrations")]
async fn a_sound_history_passes_and_each_doctored_one_is_found_out(pool: PgPool) {
    let mut db = pool.acquire().await.unwrap();
    watch(&mut db).await.unwrap();
    raw_sql(include_str!("sound.sql")).execute(&mut *db).await.unwrap();
    assert_eq!(violations(&mut db).await.unwrap(), Vec::<String>::new());
    for (invariant, doctored) in DOCTORED {
        assert!(INVARIANTS.iter().any(|(name, _)| *name == invariant), "{invariant}");
        let mut undone = db.begin().await.unwrap();
        raw_sql(doctored).execute(&mut *undone).await.unwrap();
        let found = violations(&mut undone).await.unwrap();
        assert!(found.iter().any(|found| found.starts_with(invariant)), "{doctored}\nfound only {found:#?}");
    }
    for (invariant, _) in INVARIANTS {
        assert!(
            DOCTORED.iter().any(|(name, _)| *name == invariant),
            "nothing shows that {invariant:?} can fail"
        );
    }
}
