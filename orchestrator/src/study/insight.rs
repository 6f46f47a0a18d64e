//! What a study's trials say about its search: which sampler proposed, which donors contributed, which parameters matter.
//! Reads only.

use std::collections::BTreeMap;

use pedigree_protocol::StudyId;
use pedigree_protocol::insight::{
    Boundary, DonorUsed, ParameterInsight, RangeEnd, SamplerUsed, StudyInsight,
};
use pedigree_protocol::study::StudySpec;
use pedigree_protocol::suggestion::{Record, Suggested};
use pedigree_sampler::importance::{End, FEWEST, at_boundary, importances};
use pedigree_sampler::{Observed, Outcome};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::ApiResult;
use crate::run::trial::{self, Trial};
use crate::study::view;
use crate::wall::{self, Place};

/// What the study's trials say so far.
pub(crate) async fn of_study(pool: &PgPool, id_or_name: &str) -> ApiResult<StudyInsight> {
    let study = view::get(pool, id_or_name).await?;
    let mut tx = db::begin(pool).await?;
    let trials = trial::all(&mut tx, study.id, study.spec.metric).await?;
    let observed: Vec<Observed> = trials.iter().filter_map(Trial::observed).collect();
    let records = records(&mut tx, study.id).await?;
    let completed = observed.iter().filter(|trial| matches!(trial.outcome, Outcome::Completed(_))).count();
    Ok(StudyInsight {
        sampler: records.iter().rev().find_map(Record::suggested).map(sampler),
        donors: donors(&records),
        trials: u32::try_from(completed).unwrap_or(u32::MAX),
        fewest: u32::try_from(FEWEST).unwrap_or(u32::MAX),
        parameters: wall::guard(Place::Insight, &study.spec.name, || parameters(&study.spec, &observed))?,
    })
}

/// The trials' records, by number.
async fn records(db: &mut PgConnection, study: StudyId) -> ApiResult<Vec<Record>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT suggestion AS "suggestion!: Json<Record>" FROM runs
           WHERE queue_id = $1 AND kind = 'trial' ORDER BY number"#,
        study.0
    );
    Ok(rows.fetch_all(db).await?.into_iter().map(|record| record.0).collect())
}

fn sampler(record: &Suggested) -> SamplerUsed {
    SamplerUsed {
        name: record.sampler.to_string(),
        chosen: record.chosen.as_ref().map(|chosen| chosen.sampler.to_string()),
        why: record.chosen.as_ref().map(|chosen| chosen.why.clone()),
    }
}

/// The donors that were asked for some suggestion, each with its newest weight.
fn donors(records: &[Record]) -> Vec<DonorUsed> {
    let mut used: BTreeMap<&str, DonorUsed> = BTreeMap::new();
    for transfer in records.iter().filter_map(Record::suggested).filter_map(|record| record.transfer.as_ref())
    {
        let from = transfer.origin.as_ref().map(|origin| &origin.from);
        for donor in &transfer.donors {
            let before = used.get(donor.study.as_str()).map_or(0, |donor| donor.given);
            let given = before + u32::from(from == Some(&donor.study));
            used.insert(&donor.study, DonorUsed { study: donor.study.clone(), weight: donor.weight, given });
        }
    }
    let mut donors: Vec<DonorUsed> = used.into_values().collect();
    donors.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.study.cmp(&b.study)));
    donors
}

/// Every searched parameter, the most important first.
fn parameters(spec: &StudySpec, trials: &[Observed]) -> Vec<ParameterInsight> {
    let (space, goal) = (&spec.parameters, spec.metric.goal);
    let shares: BTreeMap<String, f64> =
        importances(space, goal, trials).into_iter().map(|i| (i.name, i.share)).collect();
    let mut ends: BTreeMap<String, Boundary> = at_boundary(space, goal, trials)
        .into_iter()
        .map(|at| {
            let end = if at.end == End::Low { RangeEnd::Low } else { RangeEnd::High };
            (at.name, Boundary { end, value: at.value })
        })
        .collect();
    let mut parameters: Vec<ParameterInsight> = space
        .dimensions()
        .iter()
        .map(|dimension| ParameterInsight {
            name: dimension.name.clone(),
            importance: shares.get(&dimension.name).copied(),
            boundary: ends.remove(&dimension.name),
        })
        .collect();
    parameters.sort_by(|a, b| b.importance.unwrap_or(0.0).total_cmp(&a.importance.unwrap_or(0.0)));
    parameters
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::Scalar;
    use pedigree_protocol::study::StudyState;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Coordinator, study_spec};

    #[test]
    fn donors_are_added_up_over_the_records() {
        let record = |weights: [f64; 2], transfer: Value| {
            let [a, b] = weights;
            let donors = json!([{ "study": "a", "trials": 40, "weight": a }, { "study": "b", "trials": 40, "weight": b }]);
            Record::from(json!({ "sampler": "tpe", "version": 3, "seed": 1, "number": 1, "donors": donors,
                "transfer_version": 2, "transfer": transfer }))
        };
        let records = [
            record([0.7, 0.7], json!({ "from": "a", "how": "best" })),
            record([0.2, 0.9], json!({ "from": "b", "how": "near" })),
            Record::from(json!({ "sampler": "tpe", "version": "new", "donors": [] })),
            record([0.1, 0.8], Value::Null),
            Record::from(json!({ "sampler": "tpe", "version": 1, "seed": 1, "number": 4 })),
        ];
        let used = |study: &str, weight, given| DonorUsed { study: study.to_owned(), weight, given };
        assert_eq!(donors(&records), [used("b", 0.8, 1), used("a", 0.1, 1)]);
    }

    #[sqlx::test(migrator = "crate::db::MIGRATOR")]
    async fn a_study_says_who_proposed_what_mattered_and_where_its_range_ends(pool: PgPool) {
        let coordinator = Coordinator::with_content(pool).await;
        let worker = coordinator.worker(1).await;
        coordinator.create(study_spec("study", 14, 1)).await;
        let early = of_study(coordinator.pool(), "study").await.unwrap();
        assert_eq!((early.trials, early.parameters[0].importance), (0, None));
        while coordinator.study("study").await.state == StudyState::Searching {
            let grant = coordinator.claim(&worker).await.unwrap();
            // The higher the rate, the better, up to the end of the range.
            let rate = grant.work.job().params["learning_rate"].as_f64().unwrap();
            coordinator.complete(&grant, 1.0 + rate.log10() / 10.0).await;
        }
        let insight = of_study(coordinator.pool(), "study").await.unwrap();
        assert!(insight.sampler.is_some_and(|sampler| sampler.name.starts_with("tpe version")));
        assert_eq!((insight.trials, insight.donors.len()), (14, 0));
        let parameter = &insight.parameters[0];
        assert_eq!((parameter.name.as_str(), parameter.importance), ("learning_rate", Some(1.0)));
        let best = coordinator.study("study").await.best.unwrap().params["learning_rate"].clone();
        assert!(matches!(best, Scalar::Float(rate) if rate > 1e-3));
        assert_eq!(parameter.boundary, Some(Boundary { end: RangeEnd::High, value: best }));
    }
}
