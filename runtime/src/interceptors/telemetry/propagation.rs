//! Trace contexts in the metadata of calls.

use opentelemetry::{
    global,
    propagation::{Extractor, Injector},
};
use tonic::metadata::{Ascii, KeyRef, MetadataKey, MetadataMap, MetadataValue};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes the span a part of the trace that the caller is in.
pub(super) fn continue_trace(span: &Span, metadata: &MetadataMap) {
    let context = global::get_text_map_propagator(|propagator| propagator.extract(&Reader(metadata)));
    // Fails where OpenTelemetry has no part in the program's tracing.
    let _ = span.set_parent(context);
}

/// Tells the server which trace the span is a part of.
pub(super) fn hand_on_trace(span: &Span, metadata: &mut MetadataMap) {
    global::get_text_map_propagator(|propagator| propagator.inject_context(&span.context(), &mut Writer(metadata)));
}

struct Reader<'a>(&'a MetadataMap);

impl Extractor for Reader<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        let keys = self.0.keys().filter_map(|key| match key {
            KeyRef::Ascii(key) => Some(key.as_str()),
            KeyRef::Binary(_) => None,
        });
        keys.collect()
    }
}

struct Writer<'a>(&'a mut MetadataMap);

impl Injector for Writer<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(value)) = (key.parse::<MetadataKey<Ascii>>(), value.parse::<MetadataValue<Ascii>>()) {
            self.0.insert(key, value);
        }
    }
}
