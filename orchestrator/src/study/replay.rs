//! A study's suggestions, computed again from their records. Reads only.

use pedigree_protocol::replay::{ReplayVerdict, ReplayedSuggestion, StudyReplay};
use pedigree_protocol::study::StudySpec;
use pedigree_protocol::{ParamValues, RunId, StudyId};
use pedigree_sampler::Observed;
use pedigree_sampler::replay::{Replay, replay};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::ApiResult;
use crate::run::trial::{self, Trial};
use crate::study::{donors, view};
use crate::{enqueued, propose};

/// A trial's parameters and how they were proposed.
struct Suggested {
    run_id: RunId,
    number: i32,
    params: ParamValues,
    record: serde_json::Value,
}

/// Computes every suggestion of a study again.
pub(crate) async fn of_study(pool: &PgPool, id_or_name: &str) -> ApiResult<StudyReplay> {
    let study = view::get(pool, id_or_name).await?;
    let mut tx = db::begin(pool).await?;
    let trials = trial::all(&mut tx, study.id, study.spec.metric).await?;
    let observed: Vec<Observed> = trials.iter().map(Trial::observed_or_pending).collect();
    let mut suggestions = Vec::new();
    for suggested in suggested(&mut tx, study.id).await? {
        suggestions.push(again(&mut tx, &study.spec, suggested, &observed).await?);
    }
    let count = |wanted: &[ReplayVerdict]| {
        let found = suggestions.iter().filter(|s: &&ReplayedSuggestion| wanted.contains(&s.verdict)).count();
        u32::try_from(found).unwrap_or(u32::MAX)
    };
    Ok(StudyReplay {
        same: count(&[ReplayVerdict::Same]),
        differ: count(&[ReplayVerdict::Differs]),
        unknown: count(&[ReplayVerdict::OtherVersion, ReplayVerdict::Unreadable]),
        given: count(&[ReplayVerdict::Given]),
        suggestions,
    })
}

async fn suggested(db: &mut PgConnection, study: StudyId) -> ApiResult<Vec<Suggested>> {
    let rows = sqlx::query!(
        r#"SELECT id, number AS "number!", params AS "params: Json<ParamValues>", suggestion AS "suggestion!"
           FROM runs WHERE study_id = $1 AND kind = 'trial' ORDER BY number"#,
        study.0
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    Ok(rows
        .map(|row| Suggested {
            run_id: RunId(row.id),
            number: row.number,
            params: row.params.0,
            record: row.suggestion,
        })
        .collect())
}

async fn again(
    db: &mut PgConnection,
    spec: &StudySpec,
    suggested: Suggested,
    trials: &[Observed],
) -> ApiResult<ReplayedSuggestion> {
    let Suggested { run_id, number, params, record } = suggested;
    let sampler = record["sampler"].as_str().unwrap_or("unknown").to_owned();
    let (verdict, explanation) = if enqueued::is_record(&record) {
        (ReplayVerdict::Given, None)
    } else {
        let donors = donors::recorded(db, &record, spec.metric).await?;
        verdict(replay(&propose::search(spec), &params, &record, trials, &donors))
    };
    Ok(ReplayedSuggestion { run_id, number, sampler, verdict, explanation })
}

fn verdict(replay: Replay) -> (ReplayVerdict, Option<String>) {
    match replay {
        Replay::Same => (ReplayVerdict::Same, None),
        Replay::Differs { params, what } => {
            let now = serde_json::to_string(&params).unwrap_or_default();
            (ReplayVerdict::Differs, Some(format!("{what}; computed now: {now}")))
        }
        Replay::OtherVersion { recorded, here } => {
            let sentence = format!(
                "made by {recorded}; this program has {here}: only one with the former can compute it again"
            );
            (ReplayVerdict::OtherVersion, Some(sentence))
        }
        Replay::Unreadable(sentence) => (ReplayVerdict::Unreadable, Some(sentence)),
    }
}
