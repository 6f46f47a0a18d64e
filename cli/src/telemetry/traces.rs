//! Spans of the coordinator, sent to an OpenTelemetry collector as OTLP over HTTP.
//!
//! A thread of its own sends them from a queue that drops what it cannot hold, so that a slow or absent collector
//! delays nothing. Owns what is sent, and how often trouble is told. Must not know what the spans mean.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use pedigree_protocol::client::is_this_machine;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// Timeout for one batch.
const ANSWER: Duration = Duration::from_secs(5);
/// Timeout for the last batch, for which the end of the process waits.
const LAST: Duration = Duration::from_secs(2);

/// The connection to a collector. Dropping it sends what is left.
#[derive(Debug)]
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends to `URL/v1/traces`.
    pub(crate) fn start(url: &str) -> anyhow::Result<Self> {
        let endpoint = endpoint(url)?;
        // The first to choose a TLS implementation does so for the process, as in the coordinator's client.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::blocking::Client::builder().timeout(ANSWER);
        let http = if is_this_machine(&endpoint) { http.no_proxy() } else { http }.build()?;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(http)
            .with_endpoint(&endpoint)
            .build()
            .with_context(|| format!("--otlp-endpoint {url}"))?;
        let resource = Resource::builder().with_service_name("pedigree-coordinator").build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_batch_exporter(Told { exporter, endpoint, is_away: AtomicBool::new(false) })
            .build();
        Ok(Self(provider))
    }

    /// The layer that records spans: only the coordinator's own, with those of its requests.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("pedigree"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target("pedigree_orchestrator", Level::DEBUG))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // Nobody is left to hear whether the last spans arrived.
        let _ = self.0.shutdown_with_timeout(LAST);
    }
}

/// The URL for traces at the collector of this address.
fn endpoint(url: &str) -> anyhow::Result<String> {
    match reqwest::Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => {
            Ok(format!("{}/v1/traces", url.trim_end_matches('/')))
        }
        _ => bail!("--otlp-endpoint {url:?} is no address of a collector; write e.g. http://127.0.0.1:4318"),
    }
}

/// An exporter that logs once when trouble begins and once when it ends.
#[derive(Debug)]
struct Told {
    exporter: opentelemetry_otlp::SpanExporter,
    endpoint: String,
    is_away: AtomicBool,
}

impl SpanExporter for Told {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        match (&sent, self.is_away.swap(sent.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => {
                tracing::warn!(%error, collector = self.endpoint, "the collector does not take traces; they are dropped until it does");
            }
            (Ok(()), true) => tracing::info!(collector = self.endpoint, "traces arrive again"),
            _ => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_named_by_its_address() {
        assert_eq!(endpoint("http://127.0.0.1:4318/").unwrap(), "http://127.0.0.1:4318/v1/traces");
        for wrong in ["localhost:4318", "127.0.0.1", "ftp://h", ""] {
            let said = endpoint(wrong).unwrap_err().to_string();
            assert!(said.contains("write e.g. http://127.0.0.1:4318"), "{said}");
        }
    }
}
