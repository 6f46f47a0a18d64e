//! Why a study or a pretraining waits: one sentence, from what it asks for and what is offered. Only explains; `lease::claim` decides.

use std::collections::{BTreeMap, BTreeSet};

use pedigree_protocol::StudyId;
use pedigree_protocol::fleet::DeviceKind;
use pedigree_protocol::resources::{Hold, Resources, write_duration};
use sqlx::PgPool;
use uuid::Uuid;

use crate::error::ApiResult;

const GIB: i64 = 1 << 30;

/// A device of a worker that is here.
#[derive(Debug, Clone)]
struct Offer {
    kind: DeviceKind,
    name: String,
    memory_bytes: i64,
    /// Seconds until its worker has to end.
    remaining_s: Option<f64>,
    /// Why nothing is given to it, though it is here.
    withheld: Option<String>,
    busy: bool,
}

/// The waiting runs of a study.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    all_paused: bool,
    /// Seconds until the first of them may be given out, after failures.
    pause_s: f64,
}

/// A study or a pretraining of which no run is being trained.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) id: StudyId,
    pub(crate) resources: &'a Resources,
    pub(crate) hold: Hold,
}

/// Why each of them waits that has a waiting run; nothing of those of which a run is about to be given out.
pub(crate) async fn explain(pool: &PgPool, asking: &[Asking<'_>]) -> ApiResult<BTreeMap<StudyId, String>> {
    if asking.is_empty() {
        return Ok(BTreeMap::new());
    }
    let waiting = waiting(pool, &asking.iter().map(|asking| asking.id.0).collect::<Vec<_>>()).await?;
    let offers = offers(pool).await?;
    let why = |asking: &Asking<'_>| {
        let runs = waiting.get(&asking.id.0)?;
        Some((asking.id, reason(asking.resources, asking.hold, *runs, &offers)?))
    };
    Ok(asking.iter().filter_map(why).collect())
}

async fn waiting(pool: &PgPool, studies: &[Uuid]) -> ApiResult<BTreeMap<Uuid, Waiting>> {
    let rows = sqlx::query!(
        r#"SELECT study_id, bool_and(paused) AS "all_paused!",
               coalesce(extract(epoch FROM min(coalesce(not_before, now())) FILTER (WHERE NOT paused) - now()), 0)
                   ::double precision AS "pause_s!"
           FROM runs WHERE study_id = ANY($1) AND state = 'waiting' GROUP BY study_id"#,
        studies
    );
    let rows = rows.fetch_all(pool).await?.into_iter();
    Ok(rows.map(|r| (r.study_id, Waiting { all_paused: r.all_paused, pause_s: r.pause_s })).collect())
}

async fn offers(pool: &PgPool) -> ApiResult<Vec<Offer>> {
    let rows = sqlx::query!(
        r#"SELECT d.kind AS "kind: DeviceKind", d.name, d.memory_bytes, d.unavailable, w.name AS worker,
               w.hold AS "hold: Hold", q.reason AS "quarantine?",
               extract(epoch FROM w.available_until - now())::double precision AS remaining_s,
               EXISTS (SELECT 1 FROM attempts a WHERE a.device_uuid = d.uuid AND a.state IN ('leased', 'running'))
                   AS "busy!"
           FROM devices d JOIN workers w ON w.id = d.worker_id
           LEFT JOIN quarantines q ON q.device_uuid = d.uuid AND q.released_at IS NULL
           WHERE w.last_seen_at > now() - interval '1 minute' ORDER BY w.name, d.position"#
    );
    let rows = rows.fetch_all(pool).await?.into_iter();
    Ok(rows
        .map(|row| {
            let held = row.hold != Hold::None;
            let drained = held.then(|| format!("the worker {} is drained", row.worker));
            Offer {
                kind: row.kind,
                name: row.name,
                memory_bytes: row.memory_bytes.unwrap_or(0),
                remaining_s: row.remaining_s,
                withheld: row.quarantine.or(drained).or(row.unavailable),
                busy: row.busy,
            }
        })
        .collect())
}

/// Why nothing of a study is given out; `None` where something is about to be.
fn reason(asked: &Resources, hold: Hold, runs: Waiting, offers: &[Offer]) -> Option<String> {
    if hold != Hold::None {
        return Some("it is paused; `pedigree study resume` lets it go on".to_owned());
    }
    if runs.all_paused {
        return Some("its waiting runs are paused; `pedigree trial resume` lets each go on".to_owned());
    }
    if offers.is_empty() {
        return Some("no worker is here; `pedigree worker` on a host with a GPU starts one".to_owned());
    }
    let fitting: Vec<&Offer> = offers.iter().filter(|offer| misses(asked, offer).is_empty()).collect();
    let offered: Vec<&&Offer> = fitting.iter().filter(|offer| offer.withheld.is_none()).collect();
    if fitting.is_empty() {
        return Some(format!("no worker fits: {}", unmet(asked, offers)));
    }
    if offered.is_empty() {
        let why = fitting.iter().find_map(|offer| offer.withheld.as_deref()).unwrap_or_default();
        return Some(format!("no device that fits is in use: {why}"));
    }
    if runs.pause_s > 0.0 {
        return Some(format!("its runs pause after failures, for another {:.0} s", runs.pause_s.ceil()));
    }
    let busy = offered.iter().all(|offer| offer.busy);
    busy.then(|| format!("its turn comes: other runs hold all {} devices that fit", offered.len()))
}

/// What a device lacks, in the words of the file.
fn misses(asked: &Resources, offer: &Offer) -> BTreeSet<&'static str> {
    let model = asked.gpu_model.as_ref().is_some_and(|model| {
        offer.kind != DeviceKind::Gpu || !offer.name.to_lowercase().contains(&model.to_lowercase())
    });
    let memory = asked.min_memory_bytes().is_some_and(|bytes| offer.memory_bytes < bytes);
    let time = asked.walltime_s.zip(offer.remaining_s).is_some_and(|(asked, left)| left < f64::from(asked));
    let named = [(model, "gpu_model"), (memory, "min_memory_gib"), (time, "walltime")];
    named.into_iter().filter_map(|(missed, name)| missed.then_some(name)).collect()
}

/// What no device here has; where each demand alone is met by one, what the nearest lacks.
fn unmet(asked: &Resources, offers: &[Offer]) -> String {
    let nobody = |name| offers.iter().all(|offer| misses(asked, offer).contains(name));
    let mut parts = Vec::new();
    if let Some(model) = asked.gpu_model.as_ref().filter(|_| nobody("gpu_model")) {
        let names: BTreeSet<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        parts.push(format!("gpu_model {model} (here are {names})"));
    }
    if let Some(gib) = asked.min_memory_gib.filter(|_| nobody("min_memory_gib")) {
        let most = offers.iter().map(|offer| offer.memory_bytes).max().unwrap_or(0) / GIB;
        parts.push(format!("min_memory_gib {gib} (the largest has {most})"));
    }
    if let Some(seconds) = asked.walltime_s.filter(|_| nobody("walltime")) {
        let longest = offers.iter().filter_map(|offer| offer.remaining_s).fold(0.0, f64::max);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is not negative"
        )]
        let longest = write_duration(longest as u32);
        parts.push(format!("walltime {} (the longest has {longest} left)", write_duration(seconds)));
    }
    if !parts.is_empty() {
        return format!("none has {}", parts.join(", nor "));
    }
    // Time is what changes, a model is not.
    let distance = |offer: &&Offer| {
        let missed = misses(asked, offer);
        ["gpu_model", "min_memory_gib", "walltime"].map(|name| missed.contains(name))
    };
    let nearest = offers.iter().min_by_key(distance);
    let lacks = |offer: &Offer| {
        let missed: Vec<&str> = misses(asked, offer).into_iter().collect();
        format!("the nearest, {}, misses the {}", offer.name, missed.join(" and the "))
    };
    nearest.map_or_else(String::new, lacks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: Waiting = Waiting { all_paused: false, pause_s: 0.0 };

    fn gpu(name: &str, gib: i64, remaining_s: Option<f64>) -> Offer {
        let (kind, memory_bytes) = (DeviceKind::Gpu, gib * GIB);
        Offer { kind, name: name.into(), memory_bytes, remaining_s, withheld: None, busy: false }
    }

    fn asked() -> Resources {
        let gpu_model = Some("a100".to_owned());
        Resources { gpu_model, min_memory_gib: Some(40), walltime_s: Some(7_200) }
    }

    fn say(offers: &[Offer]) -> String {
        reason(&asked(), Hold::None, READY, offers).unwrap_or_else(|| "nothing".to_owned())
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
        let ending = Offer { remaining_s: Some(60.0), ..a100 };
        let spread = [ending, gpu("NVIDIA H100", 80, None)];
        assert_eq!(say(&spread), "no worker fits: the nearest, NVIDIA A100-SXM4-80GB, misses the walltime");
    }

    #[test]
    fn what_fits_may_be_busy_withheld_or_held_back() {
        let a100 = gpu("NVIDIA A100", 80, None);
        let busy = Offer { busy: true, ..a100.clone() };
        assert_eq!(say(&[busy]), "its turn comes: other runs hold all 1 devices that fit");
        let withheld = Offer { withheld: Some("the worker gpu-7 is drained".into()), ..a100.clone() };
        assert_eq!(say(&[withheld]), "no device that fits is in use: the worker gpu-7 is drained");
        let held = reason(&asked(), Hold::Finish, READY, &[]).unwrap();
        assert!(held.starts_with("it is paused"), "{held}");
        let paused = Waiting { all_paused: true, pause_s: 0.0 };
        assert!(reason(&asked(), Hold::None, paused, &[]).unwrap().contains("trial resume"));
        let after = Waiting { all_paused: false, pause_s: 3.2 };
        let sentence = reason(&asked(), Hold::None, after, &[a100]).unwrap();
        assert_eq!(sentence, "its runs pause after failures, for another 4 s");
    }
}
