//! A study's suggestions, computed again from their records. Reads only.

use pedigree_protocol::replay::{ReplayVerdict, ReplayedSuggestion, StudyReplay};
use pedigree_protocol::study::StudySpec;
use pedigree_protocol::suggestion::Record;
use pedigree_protocol::{ParamValues, RunId, StudyId, suggestion};
use pedigree_sampler::Observed;
use pedigree_sampler::replay::{Replay, replay};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::ApiResult;
use crate::propose;
use crate::run::trial::{self, Trial};
use crate::study::{donors, view};

/// A trial's parameters and how they were proposed.
struct Suggested {
    run_id: RunId,
    number: i32,
    params: ParamValues,
    record: Record,
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
    let select = sqlx::query!(
        r#"SELECT id, number AS "number!", params AS "params: Json<ParamValues>",
               suggestion AS "suggestion!: Json<suggestion::Record>"
           FROM runs WHERE queue_id = $1 AND kind = 'trial' ORDER BY number"#,
        study.0
    );
    let rows = select.fetch_all(db).await?.into_iter();
    Ok(rows
        .map(|row| Suggested {
            run_id: RunId(row.id),
            number: row.number,
            params: row.params.0,
            record: row.suggestion.0,
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
    let sampler = record.sampler().to_owned();
    let (verdict, explanation) = match record {
        Record::Given(_) => (ReplayVerdict::Given, None),
        Record::Unreadable(unreadable) => {
            let why = unreadable.unreadable;
            (ReplayVerdict::Unreadable, Some(format!("the record cannot be read: {why}")))
        }
        Record::Suggested(record) => {
            let donors = donors::recorded(db, &record, spec.metric).await?;
            verdict(replay(&propose::search(spec), &params, &record, trials, &donors))
        }
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
                "made by {recorded}; this program has {here}: only a program with {recorded} can compute it again"
            );
            (ReplayVerdict::OtherVersion, Some(sentence))
        }
        Replay::Contradicts(sentence) => (ReplayVerdict::Unreadable, Some(sentence)),
    }
}
