//! What a study's trials tell about its search: who proposed, who donated, which parameters mattered. Reads only.

use std::collections::BTreeMap;

use pedigree_protocol::StudyId;
use pedigree_protocol::insight::{
    Boundary, DonorUsed, ParameterInsight, RangeEnd, SamplerUsed, StudyInsight,
};
use pedigree_protocol::study::StudySpec;
use pedigree_sampler::importance::{End, FEWEST, at_boundary, importances};
use pedigree_sampler::{Observed, Outcome};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::enqueued;
use crate::error::ApiResult;
use crate::run::trial::{self, Trial};
use crate::study::view;

/// What is known of a study by now.
pub(crate) async fn of_study(pool: &PgPool, id_or_name: &str) -> ApiResult<StudyInsight> {
    let study = view::get(pool, id_or_name).await?;
    let mut tx = db::begin(pool).await?;
    let trials = trial::all(&mut tx, study.id, study.spec.metric).await?;
    let observed: Vec<Observed> = trials.iter().filter_map(Trial::observed).collect();
    let records = records(&mut tx, study.id).await?;
    let completed = observed.iter().filter(|trial| matches!(trial.outcome, Outcome::Completed(_))).count();
    Ok(StudyInsight {
        sampler: records.iter().rfind(|record| !enqueued::is_record(record)).map(sampler),
        donors: donors(&records),
        trials: u32::try_from(completed).unwrap_or(u32::MAX),
        fewest: u32::try_from(FEWEST).unwrap_or(u32::MAX),
        parameters: parameters(&study.spec, &observed),
    })
}

/// The records of the suggestions, by number.
async fn records(db: &mut PgConnection, study: StudyId) -> ApiResult<Vec<Value>> {
    let rows = sqlx::query_scalar!(
        r#"SELECT suggestion AS "suggestion!" FROM runs WHERE study_id = $1 AND kind = 'trial' ORDER BY number"#,
        study.0
    );
    Ok(rows.fetch_all(db).await?)
}

fn sampler(record: &Value) -> SamplerUsed {
    let named = |record: &Value| {
        Some(format!("{} version {}", record.get("sampler")?.as_str()?, record.get("version")?))
    };
    SamplerUsed {
        name: named(record).unwrap_or_default(),
        chosen: record.get("chosen").and_then(named),
        why: record["why"].as_str().map(str::to_owned),
    }
}

/// The donors that some suggestion counted, each with its newest weight.
fn donors(records: &[Value]) -> Vec<DonorUsed> {
    let mut used: BTreeMap<&str, DonorUsed> = BTreeMap::new();
    for record in records {
        let from = record["transfer"]["from"].as_str();
        for donor in record["donors"].as_array().into_iter().flatten() {
            let (Some(study), Some(weight)) = (donor["study"].as_str(), donor["weight"].as_f64()) else {
                continue;
            };
            let given = u32::from(from == Some(study)) + used.get(study).map_or(0, |donor| donor.given);
            used.insert(study, DonorUsed { study: study.to_owned(), weight, given });
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
    use serde_json::json;

    use super::*;
    use crate::testing::{Coordinator, study_spec};

    #[test]
    fn donors_are_added_up_over_the_records() {
        let donor = |study: &str, weight: f64| json!({ "study": study, "trials": 40, "weight": weight });
        let records = [
            json!({ "donors": [donor("a", 0.7), donor("b", 0.7)], "transfer": { "from": "a", "how": "best" } }),
            json!({ "donors": [donor("a", 0.2), donor("b", 0.9)], "transfer": { "from": "b", "how": "near" } }),
            json!({ "donors": [donor("a", 0.1), donor("b", 0.8)], "transfer": null }),
            json!({ "sampler": "tpe", "version": 1 }),
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
            let rate = grant.work.params["learning_rate"].as_f64().unwrap();
            coordinator.complete(&grant, 1.0 + rate.log10() / 10.0, None).await;
        }
        let insight = of_study(coordinator.pool(), "study").await.unwrap();
        assert!(insight.sampler.is_some_and(|sampler| sampler.name.starts_with("tpe version")));
        assert_eq!((insight.trials, insight.donors.len()), (14, 0));
        let parameter = &insight.parameters[0];
        assert_eq!((parameter.name.as_str(), parameter.importance), ("learning_rate", Some(1.0)));
        let best = coordinator.study("study").await.best.unwrap().params["learning_rate"].clone();
        if let Some(boundary) = &parameter.boundary {
            assert_eq!((boundary.end, &boundary.value), (RangeEnd::High, &best));
        }
        assert!(matches!(best, Scalar::Float(rate) if rate > 1e-3));
    }
}
