//! Spans, trace contexts and metrics, as an exporter of OpenTelemetry gets them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use opentelemetry::{
    global,
    metrics::MeterProvider,
    trace::{SpanId, SpanKind, Status as SpanStatus, TracerProvider},
};
use opentelemetry_sdk::{
    metrics::{
        InMemoryMetricExporter, PeriodicReader, SdkMeterProvider,
        data::{AggregatedMetrics, MetricData},
    },
    propagation::TraceContextPropagator,
    trace::{InMemorySpanExporter, SdkTracerProvider, SpanData},
};
use rsgrpc::{
    Channel, Client, Request, Response, Server, Status,
    codegen::Stream,
    interceptors::{AccessLog, ClientMetrics, ServerMetrics, Trace},
};
use support::{Answer, Echo, EchoClient, EchoServer, Ruled};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    layer::{Context, SubscriberExt},
};

struct Service;

impl Echo for Service {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        match request.get_ref().as_str() {
            "hang" => std::future::pending().await,
            "panic" => panic!("as asked"),
            "bug" => Err(Status::internal("bug")),
            "missing" => Err(Status::not_found("missing")),
            _ => Ok(Response::new(request.into_inner())),
        }
    }

    async fn down(&self, _: Request<String>) -> Answer<impl Stream<Item = Result<String, Status>>> {
        let words = stream::iter([Ok("a".to_owned()), Ok("b".to_owned())]);
        Ok(Response::new(words.chain(stream::once(async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err(Status::data_loss("lost"))
        }))))
    }
}

async fn reach(server: Server) -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::connect(format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending()).await });
    channel.into()
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    span.attributes.iter().find(|attribute| attribute.key.as_str() == key).map(|attribute| attribute.value.to_string())
}

#[tokio::test]
async fn spans_of_both_sides_are_one_trace() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    global::set_text_map_propagator(TraceContextPropagator::new());
    // h2 has spans of its own.
    let ours = Targets::new().with_target("rsgrpc::call", Level::INFO);
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test")).with_filter(ours);
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));

    let server = Server::builder().add_service(EchoServer::new(Service)).interceptor(Trace).build().unwrap();
    let client = EchoClient::new(reach(server).await.interceptor(Trace));
    let spans = async || {
        // The server's may end a moment after the client's.
        for _ in 0..100 {
            let spans = exporter.get_finished_spans().unwrap();
            if spans.len() == 2 {
                exporter.reset();
                let find = |kind| spans.iter().find(|span| span.span_kind == kind).unwrap().clone();
                return (find(SpanKind::Client), find(SpanKind::Server));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no two spans: {:?}", exporter.get_finished_spans());
    };

    client.unary("hi".to_owned()).await.unwrap();
    let (ours, theirs) = spans().await;
    assert_eq!(ours.parent_span_id, SpanId::INVALID);
    assert_eq!(theirs.parent_span_id, ours.span_context.span_id());
    assert_eq!(theirs.span_context.trace_id(), ours.span_context.trace_id());
    for span in [&ours, &theirs] {
        assert_eq!(span.name, "test.Echo/Unary");
        assert_eq!(attribute(span, "rpc.method").unwrap(), "test.Echo/Unary");
        assert_eq!(attribute(span, "rpc.system.name").unwrap(), "grpc");
        assert_eq!(attribute(span, "rpc.response.status_code").unwrap(), "OK");
        assert_eq!(span.status, SpanStatus::Unset);
    }
    assert_eq!(attribute(&theirs, "network.peer.address").unwrap(), "127.0.0.1");
    assert_eq!(attribute(&ours, "server.address").unwrap(), "127.0.0.1");
    let ports = [&ours, &theirs].map(|span| attribute(span, "server.port").unwrap());
    assert!(ports[0] == ports[1] && ports[0] != attribute(&theirs, "network.peer.port").unwrap(), "{ports:?}");

    for (text, code, blamed) in
        [("bug", "INTERNAL", true), ("panic", "INTERNAL", true), ("missing", "NOT_FOUND", false)]
    {
        client.unary(text.to_owned()).await.unwrap_err();
        let (ours, theirs) = spans().await;
        assert_eq!(attribute(&theirs, "rpc.response.status_code").unwrap(), code);
        assert!(matches!(ours.status, SpanStatus::Error { .. }));
        assert_eq!(matches!(theirs.status, SpanStatus::Error { .. }), blamed);
    }

    // A stream is as long as it takes, and its error is the call's.
    client.down(String::new()).await.unwrap().into_inner().try_collect::<Vec<_>>().await.unwrap_err();
    let (ours, theirs) = spans().await;
    for span in [&ours, &theirs] {
        assert_eq!(attribute(span, "rpc.response.status_code").unwrap(), "DATA_LOSS");
        assert!(span.end_time.duration_since(span.start_time).unwrap() >= Duration::from_millis(20));
    }

    // Whoever stops waiting has a span, too.
    let status = client.unary("hang".to_owned()).timeout(Duration::from_millis(30)).await.unwrap_err();
    assert_eq!(status.code(), rsgrpc::Code::DeadlineExceeded);
    let (ours, theirs) = spans().await;
    assert_eq!(attribute(&ours, "rpc.response.status_code").unwrap(), "DEADLINE_EXCEEDED");
    // The server keeps the deadline, too, or sees that its caller is gone: whichever comes first.
    let theirs = attribute(&theirs, "rpc.response.status_code").unwrap();
    assert!(["DEADLINE_EXCEEDED", "CANCELLED"].contains(&theirs.as_str()), "{theirs}");
}

/// Everything that was measured: by name and attributes, how often and how much.
fn measured(exporter: &InMemoryMetricExporter) -> BTreeMap<String, (u64, f64)> {
    let all = exporter.get_finished_metrics().unwrap();
    let mut measured = BTreeMap::new();
    for metric in all.last().unwrap().scope_metrics().flat_map(|scope| scope.metrics()) {
        let mut add = |attributes: Vec<String>, count, sum| {
            let mut attributes = attributes;
            attributes.sort();
            measured.insert(format!("{} {}", metric.name(), attributes.join(" ")), (count, sum));
        };
        let show = |attribute: &opentelemetry::KeyValue| format!("{}={}", attribute.key, attribute.value);
        match metric.data() {
            AggregatedMetrics::U64(MetricData::Sum(sum)) => {
                for point in sum.data_points() {
                    add(point.attributes().map(show).collect(), point.value(), 0.0);
                }
            }
            AggregatedMetrics::U64(MetricData::Histogram(histogram)) => {
                for point in histogram.data_points() {
                    add(point.attributes().map(show).collect(), point.count(), point.sum() as f64);
                }
            }
            AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
                for point in histogram.data_points() {
                    add(point.attributes().map(show).collect(), point.count(), point.sum());
                }
            }
            other => panic!("{other:?}"),
        }
    }
    measured
}

#[tokio::test]
async fn metrics_by_method_and_status() {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_reader(PeriodicReader::builder(exporter.clone()).build()).build();
    let meter = provider.meter("test");
    let service = EchoServer::new(Service);
    let server = Server::builder().add_service(service).interceptor(ServerMetrics::new(&meter)).build().unwrap();
    let intercepted = reach(server).await.interceptor(ClientMetrics::new(&meter, "test:1"));
    let client = EchoClient::new(intercepted.clone());

    client.unary("12345".to_owned()).await.unwrap();
    client.unary("1234567".to_owned()).await.unwrap();
    client.unary("missing".to_owned()).await.unwrap_err();
    client.down(String::new()).await.unwrap().into_inner().try_collect::<Vec<_>>().await.unwrap_err();
    drop(client.down(String::new()).await.unwrap());
    // One call of two attempts.
    let config = r#"{"methodConfig": [{"name": [{"service": "test.Echo", "method": "Look"}], "retryPolicy": {"maxAttempts": 2,
        "initialBackoff": "0.001s", "maxBackoff": "1s", "backoffMultiplier": 1, "retryableStatusCodes": ["NOT_FOUND"]}}]}"#;
    let retrying = intercepted.service_config(config.parse().unwrap());
    EchoClient::new(retrying).look("missing".to_owned()).await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(100)).await;
    provider.force_flush().unwrap();

    let measured = measured(&exporter);
    let get = |key: &str| *measured.get(key).unwrap_or_else(|| panic!("no {key:?} in {measured:#?}"));
    let look = "grpc.method=test.Echo/Look grpc.status=NOT_FOUND grpc.target=test:1";
    assert_eq!(get(&format!("grpc.client.attempt.duration {look}")).0, 2);
    assert_eq!(get(&format!("grpc.client.call.duration {look}")).0, 1);
    let unary = "grpc.method=test.Echo/Unary grpc.status=OK grpc.target=test:1";
    assert_eq!(get(&format!("grpc.client.call.duration {unary}")).0, 2);
    for side in ["server.call", "client.attempt"] {
        let target = if side == "client.attempt" { " grpc.target=test:1" } else { "" };
        let by = |method: &str, status: &str| format!("grpc.method=test.Echo/{method} grpc.status={status}{target}");
        let of = |name: &str, method: &str, status: &str| get(&format!("grpc.{side}.{name} {}", by(method, status)));
        assert_eq!(get(&format!("grpc.{side}.started grpc.method=test.Echo/Unary{target}")).0, 3);
        assert_eq!(get(&format!("grpc.{side}.started grpc.method=test.Echo/Down{target}")).0, 2);
        assert_eq!(of("duration", "Unary", "OK").0, 2);
        assert_eq!(of("duration", "Unary", "NOT_FOUND").0, 1);
        let (count, seconds) = of("duration", "Down", "DATA_LOSS");
        assert!(count == 1 && seconds >= 0.02);
        assert_eq!(of("duration", "Down", "CANCELLED").0, 1);
        // A string of five has a tag, a length and five bytes.
        let echoed = (2, 7.0 + 9.0);
        let words = 3.0 + 3.0;
        let (sent, received) = ("sent_total_compressed_message_size", "rcvd_total_compressed_message_size");
        assert_eq!((of(sent, "Unary", "OK"), of(received, "Unary", "OK")), (echoed, echoed));
        let down = (of(sent, "Down", "DATA_LOSS").1, of(received, "Down", "DATA_LOSS").1);
        assert_eq!(down, if side == "server.call" { (words, 0.0) } else { (0.0, words) });
    }
}

/// The methods and codes of the access log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "rsgrpc::access" {
            event.record(&mut self.clone());
        }
    }
}

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if ["method", "code"].contains(&field.name()) {
            self.0.lock().unwrap().push(format!("{}={value:?}", field.name()));
        }
    }
}

/// What is told of a call: its span, the names of what is measured, and the access log.
async fn told(call: impl AsyncFn(std::net::SocketAddr)) -> (String, Vec<String>, Vec<String>) {
    let spans = InMemorySpanExporter::default();
    let tracer = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build().tracer("test");
    let log = Log::default();
    let ours = Targets::new().with_target("rsgrpc::call", Level::INFO);
    let layer = tracing_opentelemetry::layer().with_tracer(tracer).with_filter(ours);
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer).with(log.clone()));
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_reader(PeriodicReader::builder(exporter.clone()).build()).build();

    let builder = Server::builder().add_service(Ruled(EchoServer::new(Service))).interceptor(Trace);
    let metrics = ServerMetrics::new(&provider.meter("test"));
    let server = builder.interceptor(metrics).interceptor(AccessLog).build().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending()).await });
    call(address).await;
    // The span may end a moment after the answer is there.
    for _ in 0..500 {
        if !spans.get_finished_spans().unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    provider.force_flush().unwrap();
    let span = spans.get_finished_spans().unwrap().remove(0);
    let span = format!("{} {:?} {:?}", span.name, span.span_kind, attribute(&span, "rpc.response.status_code"));
    let lines = log.0.lock().unwrap().clone();
    (span, measured(&exporter).into_keys().collect(), lines)
}

/// A call over REST is told as the same call by gRPC is: under the name of its method.
// docs/rest.md 7.9
#[tokio::test]
async fn a_call_over_rest_is_told_as_any_other() {
    for (text, code) in [("hi", "OK"), ("missing", "NOT_FOUND")] {
        let by_grpc = told(async |address| {
            let channel = Channel::connect(format!("http://{address}")).unwrap();
            let _ = EchoClient::new(channel).unary(text.to_owned()).await;
        });
        let by_rest = told(async |address| {
            let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
            let head = "POST /v1/unary HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: ";
            socket.write_all(format!("{head}{}\r\n\r\n{text:?}", text.len() + 2).as_bytes()).await.unwrap();
            socket.read_to_string(&mut String::new()).await.unwrap();
        });
        let (span, keys, lines) = by_rest.await;
        assert_eq!(span, format!("test.Echo/Unary Server Some({code:?})"));
        assert!(
            keys.contains(&format!("grpc.server.call.duration grpc.method=test.Echo/Unary grpc.status={code}")),
            "{keys:?}"
        );
        assert_eq!(lines[0], "method=\"test.Echo/Unary\"");
        assert_eq!((span, keys, lines), by_grpc.await);
    }
}
