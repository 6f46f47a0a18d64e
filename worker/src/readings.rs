//! Tells the coordinator what this host's GPUs show: every few seconds, and when one has a fault.
//!
//! Nothing depends on a reading: one that is not heard is followed by the next.

use std::sync::Arc;
use std::time::Duration;

use pedigree_protocol::gpu::{GpuIncident, GpuReading, GpuReadings};
use tokio::time::sleep;

use crate::drain::Drain;
use crate::gpu::journal::Incident;
use crate::gpu::{Asker, GpuProbe, Journal, Reading, Usage};
use crate::host::Host;
use crate::retry::{ANSWER_LIMIT, within};

/// Between readings.
const PERIOD: Duration = Duration::from_secs(10);

/// The GPUs that are read.
#[derive(Debug)]
pub(crate) struct Gauges {
    uuids: Arc<[String]>,
    nvml: Asker,
    journal: Arc<Journal>,
}

impl Gauges {
    pub(crate) fn new(uuids: Vec<String>, probe: Arc<dyn GpuProbe>, journal: Arc<Journal>) -> Self {
        Self { uuids: uuids.into(), nvml: Asker::new(probe), journal }
    }

    /// All readings; none where NVML does not answer.
    async fn read(&self) -> Option<Vec<GpuReading>> {
        let (uuids, journal) = (Arc::clone(&self.uuids), Arc::clone(&self.journal));
        let read = move |nvml: &dyn GpuProbe| {
            let read = |uuid: &String| {
                reading(uuid, nvml.usage(uuid).ok().as_ref(), nvml.reading(uuid), journal.last(uuid))
            };
            uuids.iter().map(read).collect()
        };
        self.nvml.ask(read).await
    }
}

/// Tells what the GPUs show until the worker drains; ends at once without any GPU.
pub(crate) async fn tell(gauges: Gauges, host: Arc<Host>, drain: Drain) {
    if gauges.uuids.is_empty() {
        return;
    }
    let mut news = gauges.journal.listen();
    loop {
        if let Some(gpus) = gauges.read().await {
            let readings = GpuReadings { worker_id: host.roster.worker_id(), gpus };
            let answer = within(ANSWER_LIMIT, host.client.tell_readings(&readings)).await;
            host.token.notice(&answer);
            tracing::trace!(?answer, "the GPUs were read");
        }
        tokio::select! {
            () = drain.begun.cancelled() => return,
            () = sleep(PERIOD) => {}
            () = news.changed() => {}
        }
    }
}

fn reading(uuid: &str, usage: Option<&Usage>, shown: Reading, last: Option<Incident>) -> GpuReading {
    GpuReading {
        uuid: uuid.to_owned(),
        parent: shown.parent,
        used_bytes: usage.and_then(|usage| i64::try_from(usage.used_bytes).ok()),
        processes: usage.and_then(|usage| i32::try_from(usage.processes.len()).ok()),
        utilisation_percent: small(shown.utilisation_percent),
        temperature_c: small(shown.temperature_c),
        power_w: shown.power_mw.map(watts),
        power_limit_w: shown.limit_mw.map(watts),
        uncorrected_ecc: shown.uncorrected.and_then(|count| i64::try_from(count).ok()),
        last_incident: last.map(incident),
    }
}

fn incident(last: Incident) -> GpuIncident {
    GpuIncident {
        what: last.fault.to_string(),
        xid: last.fault.xid().and_then(|number| i64::try_from(number).ok()),
        seconds_ago: i64::try_from(last.at.elapsed().as_secs()).unwrap_or(i64::MAX),
    }
}

fn small(value: Option<u32>) -> Option<i32> {
    value.and_then(|value| i32::try_from(value).ok())
}

fn watts(milliwatts: u32) -> f64 {
    f64::from(milliwatts) / 1e3
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::gpu::fault::Fault;

    #[test]
    fn what_is_not_known_is_absent() {
        let silent = reading("GPU-1", None, Reading::default(), None);
        let document = serde_json::to_value(&silent).unwrap();
        assert_eq!(document, serde_json::json!({"uuid": "GPU-1"}));
        let usage = Usage { used_bytes: 5 << 30, ..Usage::default() };
        let shown = Reading { power_mw: Some(61_500), temperature_c: Some(34), ..Reading::default() };
        let last = Incident { fault: Fault::Xid(79), at: Instant::now() };
        let told = reading("GPU-1", Some(&usage), shown, Some(last));
        assert_eq!((told.used_bytes, told.processes, told.power_w), (Some(5 << 30), Some(0), Some(61.5)));
        let incident = told.last_incident.unwrap();
        assert_eq!(incident.xid, Some(79));
        assert!(incident.what.starts_with("XID 79 (") && incident.seconds_ago <= 1, "{incident:?}");
    }
}
