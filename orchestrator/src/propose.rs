//! From a study and its history, through the sampler, to waiting runs.
//!
//! Owns what the sampler is shown. A suggestion is a function of the study's seed, the trial's number and the trials
//! seen, all recorded with the run; time plays no part.

use std::time::Instant;

use metrics::{counter, histogram};
use pedigree_protocol::study::StudySpec;
use pedigree_protocol::suggestion::Record;
use pedigree_protocol::{ParamValues, RunId};
use pedigree_sampler::{History, Observed, Outcome, Search, Suggestion, suggest, training_seed};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::enqueued;
use crate::error::{ApiError, ApiResult};
use crate::run::trials::Trials;
use crate::study::donors;
use crate::study::locked::LockedStudy;
use crate::wall::{self, Panicked, Place};

/// Proposes trials until as many are open as the study allows, or its budget is spent.
pub(crate) async fn top_up_trials(
    db: &mut PgConnection,
    study: &LockedStudy,
    trials: Trials,
) -> ApiResult<()> {
    let (spec, known) = (&study.spec, trials.len());
    let donors = donors::of_study(db, study, trials.ended()).await?;
    let wanted = (spec.max_concurrent as usize).saturating_sub(known - trials.ended());
    let wanted = wanted.min((spec.trials as usize).saturating_sub(known));
    let mut history = trials.into_history().with_donors(donors);
    let (mut proposals, mut queue_is_empty) = (Vec::with_capacity(wanted), false);
    for number in known + 1..=known + wanted {
        let number = u32::try_from(number).map_err(|error| ApiError::Broken(error.to_string()))?;
        // Under the study's lock nothing is added to it.
        let given = if queue_is_empty { None } else { enqueued::take(db, study, number).await? };
        queue_is_empty = given.is_none();
        let (params, record) = match given {
            Some(given) => given,
            None => timed_suggestion(spec, number, &history)?,
        };
        let pending = Outcome::Pending;
        history.add(Observed { number, params: params.clone().into(), outcome: pending });
        proposals.push(Proposal { number, params, record });
    }
    if proposals.is_empty() { Ok(()) } else { insert(db, study, proposals).await }
}

fn timed_suggestion(
    spec: &StudySpec,
    number: u32,
    history: &History,
) -> Result<(ParamValues, Record), Panicked> {
    let began = Instant::now();
    let ask = tracing::info_span!("ask", study = spec.name, trial = number);
    let suggest = || ask.in_scope(|| suggest(&search(spec), number, history));
    let Suggestion { params, record } =
        wall::guard(Place::Proposing, format_args!("{}/{number}", spec.name), suggest)?;
    histogram!("pedigree_suggestion_duration_seconds").record(began.elapsed());
    Ok((params.into_values(), record.into()))
}

/// What becomes a run.
struct Proposal {
    number: u32,
    params: ParamValues,
    /// What the configuration was made from.
    record: Record,
}

/// The study, as far as its suggestions depend on it.
pub(crate) fn search(spec: &StudySpec) -> Search<'_> {
    Search {
        method: spec.method,
        space: &spec.parameters,
        goal: spec.metric.goal,
        seed: spec.seed.into(),
        trials: Some(spec.trials),
    }
}

async fn insert(db: &mut PgConnection, study: &LockedStudy, proposals: Vec<Proposal>) -> ApiResult<()> {
    let numbers: Vec<i32> = proposals.iter().map(|p| p.number.cast_signed()).collect();
    let ids: Vec<RunId> = proposals.iter().map(|_| RunId::new()).collect();
    let seed = |p: &Proposal| training_seed(study.spec.seed.into(), p.number);
    let seeds: Vec<i64> = proposals.iter().map(seed).collect();
    let (params, records): (Vec<_>, Vec<_>) =
        proposals.into_iter().map(|p| (Json(p.params), Json(p.record))).unzip();
    sqlx::query!(
        "INSERT INTO runs (id, queue_id, kind, number, params, seed, suggestion)
         SELECT id, $2, 'trial', number, params, seed, record
         FROM unnest($1::uuid[], $3::integer[], $4::jsonb[], $5::bigint[], $6::jsonb[])
             AS proposal (id, number, params, seed, record)",
        &ids.iter().map(|id| id.0).collect::<Vec<_>>(),
        study.id.0,
        &numbers,
        params as _,
        &seeds,
        records as _,
    )
    .execute(db)
    .await?;
    counter!("pedigree_runs_proposed_total").increment(ids.len() as u64);
    for (id, number) in ids.iter().zip(numbers) {
        tracing::info!(study.id = %study.id, run.id = %id, number, "run proposed");
    }
    Ok(())
}
