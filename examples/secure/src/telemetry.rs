//! Traces and metrics by OpenTelemetry.

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_sdk::{metrics::SdkMeterProvider, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use prometheus::{Encoder, Registry, TextEncoder};
use tokio::net::TcpListener;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::Error;

/// Writes events to stderr, and makes spans part of the traces that callers are in (W3C Trace Context). An exporter of
/// yours goes into the `SdkTracerProvider`.
///
/// # Errors
///
/// The program has set this up before.
pub fn trace() -> Result<(), Error> {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let tracer = SdkTracerProvider::builder().build().tracer("secure");
    // HTTP/2 has spans of its own, of every frame; the log needs none.
    let calls = Targets::new().with_target("rsgrpc::call", LevelFilter::INFO);
    let events = Targets::new().with_default(LevelFilter::INFO).with_target("rsgrpc::call", LevelFilter::OFF);
    let log = fmt::layer().compact().with_writer(std::io::stderr).with_filter(events);
    let spans = tracing_opentelemetry::layer().with_tracer(tracer).with_filter(calls);
    Ok(tracing_subscriber::registry().with(log).with(spans).try_init()?)
}

/// The metrics of this program, as Prometheus reads them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    provider: SdkMeterProvider,
}

impl Metrics {
    /// None yet.
    ///
    /// # Errors
    ///
    /// None that is known.
    pub fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build()?;
        Ok(Self { registry, provider: SdkMeterProvider::builder().with_reader(exporter).build() })
    }

    /// Where interceptors count.
    pub fn meter(&self) -> Meter {
        self.provider.meter("secure")
    }

    /// Serves `GET /metrics`, without TLS, until it is dropped: let it listen where only Prometheus gets to.
    ///
    /// # Errors
    ///
    /// The listener fails.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let registry = self.registry.clone();
        let text = move || {
            let mut text = Vec::new();
            // Writing to memory does not fail.
            let _ = TextEncoder::new().encode(&registry.gather(), &mut text);
            std::future::ready(([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text))
        };
        axum::serve(listener, Router::new().route("/metrics", get(text))).await
    }
}
