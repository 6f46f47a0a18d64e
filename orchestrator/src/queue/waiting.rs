//! Why an entry of the queue waits: one sentence, from what it asks for and what is offered. Only explains;
//! `lease::claim` decides.

use std::collections::BTreeMap;

use pedigree_protocol::QueueId;
use pedigree_protocol::fleet::DeviceKind;
use pedigree_protocol::resources::{Hold, Resources};
use sqlx::PgPool;

use crate::error::ApiResult;
use crate::fleet::release;
use crate::queue::fit::{Offer, misses, unmet};

/// A device of an alive worker.
#[derive(Debug, Clone)]
struct Candidate {
    offer: Offer,
    /// Why nothing is given to it.
    withheld: Option<String>,
    busy: bool,
}

/// The waiting runs of an entry.
#[derive(Debug, Clone)]
struct WaitingRuns {
    all_paused: bool,
    /// Seconds until the first of them may be given out, after failures.
    pause_s: f64,
    /// Name of the entry that must end first.
    awaits: Option<String>,
}

/// An entry none of whose runs is live.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) id: QueueId,
    pub(crate) resources: &'a Resources,
    pub(crate) hold: Hold,
    /// The command that resumes it.
    pub(crate) resume: &'static str,
    /// The command that resumes one of its runs.
    pub(crate) resume_run: &'static str,
}

/// Why each entry that has a waiting run waits. An entry one of whose runs is about to be given out is left out.
pub(crate) async fn explain(pool: &PgPool, asking: &[Asking<'_>]) -> ApiResult<BTreeMap<QueueId, String>> {
    if asking.is_empty() {
        return Ok(BTreeMap::new());
    }
    let waiting = waiting_runs(pool, asking).await?;
    let candidates = candidates(pool).await?;
    let why = |asking: &Asking<'_>| {
        let runs = waiting.get(&asking.id)?;
        Some((asking.id, reason(asking, runs, &candidates)?))
    };
    Ok(asking.iter().filter_map(why).collect())
}

async fn waiting_runs(pool: &PgPool, asking: &[Asking<'_>]) -> ApiResult<BTreeMap<QueueId, WaitingRuns>> {
    let ids: Vec<_> = asking.iter().map(|asking| asking.id.0).collect();
    let select = sqlx::query!(
        r#"SELECT r.queue_id, bool_and(r.paused) AS "all_paused!",
               coalesce(
                   extract(epoch FROM min(coalesce(r.not_before, now())) FILTER (WHERE NOT r.paused) - now()), 0
               )::double precision AS "pause_s!",
               (SELECT before.name FROM queue q JOIN queue before ON before.id = q.awaits WHERE q.id = r.queue_id) AS awaits
           FROM runs r WHERE r.queue_id = ANY($1) AND r.state = 'waiting' GROUP BY r.queue_id"#,
        &ids
    );
    let rows = select.fetch_all(pool).await?.into_iter();
    let runs = |all_paused, pause_s, awaits| WaitingRuns { all_paused, pause_s, awaits };
    Ok(rows.map(|row| (QueueId(row.queue_id), runs(row.all_paused, row.pause_s, row.awaits))).collect())
}

async fn candidates(pool: &PgPool) -> ApiResult<Vec<Candidate>> {
    let select = sqlx::query!(
        r#"SELECT d.kind AS "kind: DeviceKind", d.name, d.memory_bytes, d.unavailable, w.name AS worker, w.version,
               w.hold AS "hold: Hold", q.reason AS "quarantine?",
               extract(epoch FROM w.available_until - now())::double precision AS remaining_s,
               EXISTS (SELECT 1 FROM attempts a WHERE a.device_uuid = d.uuid AND a.state IN ('leased', 'running'))
                   AS "busy!"
           FROM devices d JOIN workers w ON w.id = d.worker_id
           LEFT JOIN quarantines q ON q.device_uuid = d.uuid AND q.released_at IS NULL
           WHERE worker_is_alive(w) ORDER BY w.name, d.position"#
    );
    let rows = select.fetch_all(pool).await?.into_iter();
    Ok(rows
        .map(|row| {
            let drained = (row.hold != Hold::None).then(|| format!("the worker {} is drained", row.worker));
            let other_release = release::check(&row.version).err().map(|error| error.to_string());
            Candidate {
                offer: Offer {
                    kind: row.kind,
                    name: row.name,
                    memory_bytes: row.memory_bytes.unwrap_or(0),
                    remaining_s: row.remaining_s,
                },
                withheld: row.quarantine.or(drained).or(row.unavailable).or(other_release),
                busy: row.busy,
            }
        })
        .collect())
}

/// Why nothing of an entry is given out; `None` where a run is about to be.
fn reason(asking: &Asking<'_>, runs: &WaitingRuns, candidates: &[Candidate]) -> Option<String> {
    if asking.hold != Hold::None {
        return Some(format!("it is paused; `{}` lets it go on", asking.resume));
    }
    if runs.all_paused {
        return Some(format!("its waiting runs are paused; `{}` lets each go on", asking.resume_run));
    }
    if let Some(before) = &runs.awaits {
        return Some(format!("the pretraining {before} has to end first: it leaves the backbone"));
    }
    if candidates.is_empty() {
        return Some("no worker is here; `pedigree worker` on a host with a GPU starts one".to_owned());
    }
    let fitting: Vec<&Candidate> =
        candidates.iter().filter(|candidate| misses(asking.resources, &candidate.offer).is_empty()).collect();
    if fitting.is_empty() {
        let offers = candidates.iter().map(|candidate| &candidate.offer);
        return Some(format!("no worker fits: {}", unmet(asking.resources, offers)));
    }
    let in_use: Vec<&&Candidate> = fitting.iter().filter(|candidate| candidate.withheld.is_none()).collect();
    if in_use.is_empty() {
        let why = fitting.iter().find_map(|candidate| candidate.withheld.as_deref()).unwrap_or_default();
        return Some(format!("no device that fits is in use: {why}"));
    }
    if runs.pause_s > 0.0 {
        return Some(format!("its runs pause after failures, for another {:.0} s", runs.pause_s.ceil()));
    }
    in_use.iter().all(|candidate| candidate.busy).then(|| match in_use.len() {
        1 => "it waits for its turn: another run holds the only device that fits".to_owned(),
        devices => format!("it waits for its turn: other runs hold all {devices} devices that fit"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: WaitingRuns = WaitingRuns { all_paused: false, pause_s: 0.0, awaits: None };

    fn gpu(name: &str, gib: i64, remaining_s: Option<f64>) -> Candidate {
        let (kind, memory_bytes) = (DeviceKind::Gpu, gib << 30);
        let offer = Offer { kind, name: name.into(), memory_bytes, remaining_s };
        Candidate { offer, withheld: None, busy: false }
    }

    fn why(hold: Hold, runs: &WaitingRuns, candidates: &[Candidate]) -> Option<String> {
        let gpu_model = Some("a100".to_owned());
        let resources = Resources { gpu_model, min_memory_gib: Some(40), walltime_s: Some(7_200) };
        let (resume, resume_run) = ("pedigree study resume", "pedigree trial resume");
        let asking = Asking { id: QueueId::new(), resources: &resources, hold, resume, resume_run };
        reason(&asking, runs, candidates)
    }

    fn say(candidates: &[Candidate]) -> String {
        why(Hold::None, &READY, candidates).unwrap_or_else(|| "nothing".to_owned())
    }

    #[test]
    fn the_sentence_names_what_nobody_has() {
        let a100 = gpu("NVIDIA A100-SXM4-80GB", 80, None);
        assert_eq!(say(std::slice::from_ref(&a100)), "nothing");
        assert_eq!(say(&[]), "no worker is here; `pedigree worker` on a host with a GPU starts one");
        let small = gpu("NVIDIA RTX A2000", 12, Some(3_600.0));
        assert_eq!(
            say(std::slice::from_ref(&small)),
            "no worker fits: none has gpu_model a100 (here are NVIDIA RTX A2000), nor min_memory_gib 40 (the largest \
             has 12), nor walltime 2h (the longest has 1h left)"
        );
        let spread = [gpu("NVIDIA A100-SXM4-80GB", 80, Some(60.0)), gpu("NVIDIA H100", 80, None)];
        assert_eq!(say(&spread), "no worker fits: the nearest, NVIDIA A100-SXM4-80GB, misses the walltime");
    }

    #[test]
    fn what_fits_may_be_busy_withheld_or_held_back() {
        let a100 = gpu("NVIDIA A100", 80, None);
        let busy = Candidate { busy: true, ..a100.clone() };
        assert_eq!(
            say(std::slice::from_ref(&busy)),
            "it waits for its turn: another run holds the only device that fits"
        );
        assert_eq!(
            say(&[busy.clone(), busy]),
            "it waits for its turn: other runs hold all 2 devices that fit"
        );
        let withheld = Candidate { withheld: Some("the worker gpu-7 is drained".into()), ..a100.clone() };
        assert_eq!(say(&[withheld]), "no device that fits is in use: the worker gpu-7 is drained");
        assert_eq!(
            why(Hold::Finish, &READY, &[]).unwrap(),
            "it is paused; `pedigree study resume` lets it go on"
        );
        let paused = WaitingRuns { all_paused: true, ..READY };
        assert!(why(Hold::None, &paused, &[]).unwrap().contains("trial resume"));
        let behind = WaitingRuns { awaits: Some("dapt-1".into()), ..READY };
        assert!(
            why(Hold::None, &behind, &[]).unwrap().starts_with("the pretraining dapt-1 has to end first")
        );
        let after = WaitingRuns { pause_s: 3.2, ..READY };
        let sentence = why(Hold::None, &after, &[a100]).unwrap();
        assert_eq!(sentence, "its runs pause after failures, for another 4 s");
    }
}
