//! What must hold of the database after any schedule: a query for each invariant, which returns a sentence for each
//! violation.
//!
//! Tables show how things stand; what happened on the way is told by a witness, a log that triggers of the test's own
//! write. It takes the row locks of the product's transactions for granted, and nothing else.

use sqlx::{PgConnection, raw_sql};

/// The invariants, by what they say.
pub const INVARIANTS: [(&str, &str); 8] = [
    ("every run ended exactly once", include_str!("invariants/ended_once.sql")),
    ("attempts only grow", include_str!("invariants/attempts_grow.sql")),
    (
        "no report counts that was made outside its attempt's lease",
        include_str!("invariants/fenced_reports.sql"),
    ),
    ("a device holds at most one live lease", include_str!("invariants/one_lease.sql")),
    ("the test split is opened once", include_str!("invariants/sealed_once.sql")),
    ("a grid selects once, when every cell has ended", include_str!("invariants/grids.sql")),
    ("nothing is lost and nothing is doubled", include_str!("invariants/nothing_lost.sql")),
    ("a panic ends its own study only", include_str!("invariants/walls.sql")),
];

/// Lets the witness watch from now on. The database must have its schema.
///
/// # Errors
/// The database refuses.
pub async fn watch(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    raw_sql(include_str!("invariants/witness.sql")).execute(db).await.map(drop)
}

/// Everything that is wrong, each with the invariant that it breaks.
///
/// # Errors
/// The database refuses.
pub async fn violations(db: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let mut found = Vec::new();
    for (invariant, query) in INVARIANTS {
        let sentences: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut *db).await?;
        found.extend(sentences.into_iter().map(|sentence| format!("{invariant}: {sentence}")));
    }
    Ok(found)
}
