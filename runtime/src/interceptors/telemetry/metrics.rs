//! gRPC's standard metrics (gRFC A66), through the API of OpenTelemetry.

use std::{sync::Arc, time::Instant};

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, Meter},
};
use tonic::{Code, Status};

use super::code_name;
use crate::{
    call::Traffic,
    client::{self, ClientInterceptor, Incoming, Outgoing},
    handler::{Answer, Call},
    interceptor::{Interceptor, Next},
    interceptors::outcome::{observe, observe_client},
};

/// Counts the calls of a server: `grpc.server.call.started`, `.duration`, `.sent_total_compressed_message_size` and
/// `.rcvd_total_compressed_message_size`, by `grpc.method` and `grpc.status`.
///
/// Calls of methods that the server does not have are not among them: they reach no interceptor.
#[derive(Debug, Clone)]
pub struct ServerMetrics(Instruments);

/// Counts the calls of a client: `grpc.client.call.duration`, and of each attempt, of which retries and hedging make several
/// for a call, `grpc.client.attempt.started`, `.duration`, `.sent_total_compressed_message_size` and
/// `.rcvd_total_compressed_message_size`, by `grpc.method`, `grpc.target` and `grpc.status`.
#[derive(Debug, Clone)]
pub struct ClientMetrics {
    attempts: Instruments,
    duration: Histogram<f64>,
    target: KeyValue,
}

impl ServerMetrics {
    /// Metrics of this meter.
    pub fn new(meter: &Meter) -> Self {
        Self(Instruments::new(meter, "grpc.server.call"))
    }
}

impl ClientMetrics {
    /// Metrics of this meter, for calls to this target.
    pub fn new(meter: &Meter, target: impl Into<String>) -> Self {
        let target = KeyValue::new("grpc.target", target.into());
        let duration = duration(meter, "grpc.client.call");
        Self { attempts: Instruments::new(meter, "grpc.client.attempt"), duration, target }
    }
}

impl Interceptor for ServerMetrics {
    async fn intercept(&self, mut call: Call, next: Next) -> Result<Answer, Status> {
        let attributes = vec![KeyValue::new("grpc.method", call.method().full_name())];
        let measured = self.0.start(attributes, call.traffic());
        observe(call, next, |code| measured.end(code)).await
    }
}

impl ClientInterceptor for ClientMetrics {
    async fn intercept(&self, mut call: Outgoing, next: client::Next) -> Result<Incoming, Status> {
        let mut attributes = vec![KeyValue::new("grpc.method", call.method().full_name()), self.target.clone()];
        let (attempts, of_attempt) = (self.attempts.clone(), attributes.clone());
        call.observe_attempts(move |traffic| {
            let measured = attempts.start(of_attempt.clone(), traffic);
            Box::new(|code| measured.end(code))
        });
        let (duration, started) = (self.duration.clone(), Instant::now());
        let ended = move |code| {
            attributes.push(KeyValue::new("grpc.status", code_name(code)));
            duration.record(started.elapsed().as_secs_f64(), &attributes);
        };
        observe_client(call, next, ended).await
    }
}

#[derive(Debug, Clone)]
struct Instruments {
    started: Counter<u64>,
    duration: Histogram<f64>,
    sent: Histogram<u64>,
    received: Histogram<u64>,
}

/// A call that runs.
struct Measured {
    instruments: Instruments,
    attributes: Vec<KeyValue>,
    traffic: Arc<Traffic>,
    started: Instant,
}

impl Instruments {
    fn new(meter: &Meter, prefix: &str) -> Self {
        let size = |direction: &str| {
            let histogram = meter.u64_histogram(format!("{prefix}.{direction}_total_compressed_message_size"));
            histogram.with_unit("By").with_boundaries(SIZES.to_vec()).build()
        };
        let (unit, kind) = if prefix.ends_with("attempt") { ("{attempt}", "attempts") } else { ("{call}", "calls") };
        Self {
            started: meter
                .u64_counter(format!("{prefix}.started"))
                .with_unit(unit)
                .with_description(format!("The number of {kind} started"))
                .build(),
            duration: duration(meter, prefix),
            sent: size("sent"),
            received: size("rcvd"),
        }
    }

    fn start(&self, attributes: Vec<KeyValue>, traffic: Arc<Traffic>) -> Measured {
        self.started.add(1, &attributes);
        Measured { instruments: self.clone(), attributes, traffic, started: Instant::now() }
    }
}

fn duration(meter: &Meter, prefix: &str) -> Histogram<f64> {
    let histogram = meter.f64_histogram(format!("{prefix}.duration"));
    histogram.with_unit("s").with_boundaries(LATENCIES.to_vec()).build()
}

impl Measured {
    fn end(mut self, code: Code) {
        self.attributes.push(KeyValue::new("grpc.status", code_name(code)));
        let Instruments { duration, sent, received, .. } = &self.instruments;
        duration.record(self.started.elapsed().as_secs_f64(), &self.attributes);
        sent.record(self.traffic.sent(), &self.attributes);
        received.record(self.traffic.received(), &self.attributes);
    }
}

/// The boundaries that gRFC A66 gives, in seconds.
const LATENCIES: [f64; 41] = [
    0.0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01,
    0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8,
    1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0,
];

/// And in bytes.
const SIZES: [f64; 14] = [
    0.0,
    1024.0,
    2048.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
    4_294_967_296.0,
];
