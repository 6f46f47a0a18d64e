//! Donors of a study: finished siblings over the same space, with the same metric, and with either the same dataset or
//! the same backbone. Chooses which studies are asked; the sampler decides how to use what they have learnt.

use pedigree_protocol::StudyId;
use pedigree_protocol::objective::Metric;
use pedigree_protocol::study::Transfer;
use pedigree_protocol::suggestion::Suggested;
use pedigree_sampler::transfer::{ASKED_UNTIL, Donor};
use sqlx::PgConnection;

use crate::error::ApiResult;
use crate::run::trial::{self, Trial};
use crate::study::locked::LockedStudy;

/// Only this many siblings are asked, the newest first.
const MOST: i64 = 8;

/// The donors of the study's next suggestions; none once the study has enough trials of its own.
pub(crate) async fn of_study(
    db: &mut PgConnection,
    study: &LockedStudy,
    finished: usize,
) -> ApiResult<Vec<Donor>> {
    if study.spec.transfer == Transfer::Off || finished >= ASKED_UNTIL {
        return Ok(Vec::new());
    }
    let select = sqlx::query!(
        "SELECT s.id, q.name FROM studies s JOIN queue q ON q.id = s.id, studies me JOIN queue mine ON mine.id = me.id
         WHERE me.id = $1 AND s.id <> me.id AND s.state = 'completed'
           AND s.spec -> 'parameters' = me.spec -> 'parameters' AND s.spec -> 'metric' = me.spec -> 'metric'
           AND (s.dataset_id = me.dataset_id) <> (q.backbone_id IS NOT DISTINCT FROM mine.backbone_id)
         ORDER BY s.ended_at DESC, s.id LIMIT $2",
        study.id.0,
        MOST,
    );
    let mut donors = Vec::new();
    for sibling in select.fetch_all(&mut *db).await? {
        donors.push(donor(db, StudyId(sibling.id), sibling.name, study.spec.metric).await?);
    }
    Ok(donors)
}

/// The donors that a suggestion's record names, in its order. A study that no longer exists is left out.
pub(crate) async fn recorded(
    db: &mut PgConnection,
    record: &Suggested,
    metric: Metric,
) -> ApiResult<Vec<Donor>> {
    let mut donors = Vec::new();
    let named = record.transfer.iter().flat_map(|transfer| &transfer.donors);
    for name in named.map(|donor| donor.study.as_str()) {
        let select = sqlx::query_scalar!(
            "SELECT s.id FROM studies s JOIN queue q ON q.id = s.id WHERE q.name = $1",
            name
        );
        if let Some(id) = select.fetch_optional(&mut *db).await? {
            donors.push(donor(db, StudyId(id), name.to_owned(), metric).await?);
        }
    }
    Ok(donors)
}

async fn donor(db: &mut PgConnection, id: StudyId, study: String, metric: Metric) -> ApiResult<Donor> {
    let trials = trial::all(db, id, metric).await?;
    Ok(Donor { study, trials: trials.iter().filter_map(Trial::observed).collect() })
}
