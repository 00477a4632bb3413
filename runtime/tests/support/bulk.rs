//! A service whose messages can be as large and as deeply nested as one likes.

use std::sync::LazyLock;

use prost::Message;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, ListValue, MessageOptions,
    MethodDescriptorProto, OneofDescriptorProto, ServiceDescriptorProto,
    field_descriptor_proto::{Label, Type},
};
use rsgrpc::{
    HttpRule, Method, MethodKind, Request, Response, Segment, Service, ServiceDescriptor, Streaming,
    codegen::{Reply, ServerCall},
    json,
};

use super::ruled::post;

/// Counts the values of a `google.protobuf.ListValue`, or of a stream of them.
#[derive(Debug)]
pub struct Bulk;

/// The same with a rule for REST, which makes the server answer paths that it does not know as REST does.
#[derive(Debug)]
pub struct RuledBulk;

const LIST: json::Type = json::Type::of::<ListValue>("google.protobuf.ListValue");
const TEXT: json::Type = json::Type::of::<String>("google.protobuf.StringValue");

const fn method(path: &'static str, kind: MethodKind, http: &'static [HttpRule]) -> Method {
    Method::new(path, kind).with_input(LIST).with_output(TEXT).with_http(http)
}

static PLAIN: [Method; 2] = methods(&[]);
static RULED: [Method; 2] = methods(&[post("/v1/count", &[Segment::Literal("v1"), Segment::Literal("count")])]);

const fn methods(http: &'static [HttpRule]) -> [Method; 2] {
    [method("/test.Bulk/Count", MethodKind::Unary, http), method("/test.Bulk/Total", MethodKind::ClientStreaming, &[])]
}

fn service(methods: &'static [Method]) -> ServiceDescriptor {
    ServiceDescriptor {
        name: "test.Bulk",
        methods,
        message_types: &[],
        file_descriptor_set: FileDescriptorSet { file: vec![structs(), bulk()] }.encode_to_vec().leak(),
    }
}

impl Service for RuledBulk {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        static BULK: LazyLock<ServiceDescriptor> = LazyLock::new(|| service(&RULED));
        &BULK
    }

    fn call(&self, method: usize, call: ServerCall) -> Reply {
        Bulk.call(method, call)
    }
}

impl Service for Bulk {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        static BULK: LazyLock<ServiceDescriptor> = LazyLock::new(|| service(&PLAIN));
        &BULK
    }

    fn call(&self, method: usize, mut call: ServerCall) -> Reply {
        Box::pin(async move {
            let count = if method == 0 {
                let request: Request<ListValue> = call.arrival().await.one()?;
                request.get_ref().values.len()
            } else {
                let request: Request<Streaming<ListValue>> = call.many();
                let (mut lists, mut count) = (request.into_inner(), 0);
                while let Some(list) = lists.message().await? {
                    count += list.values.len();
                }
                count
            };
            call.reply(Response::new(count.to_string()))
        })
    }
}

fn field(name: &str, number: i32, label: Label, kind: Type, type_name: &str) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(label.into()),
        r#type: Some(kind.into()),
        type_name: (!type_name.is_empty()).then(|| format!(".google.protobuf.{type_name}")),
        oneof_index: None,
        ..FieldDescriptorProto::default()
    }
}

fn message(name: &str, field: Vec<FieldDescriptorProto>) -> DescriptorProto {
    DescriptorProto { name: Some(name.to_owned()), field, ..DescriptorProto::default() }
}

/// `google/protobuf/struct.proto`.
fn structs() -> FileDescriptorProto {
    use Label::{Optional, Repeated};
    let mut entry = message(
        "FieldsEntry",
        vec![field("key", 1, Optional, Type::String, ""), field("value", 2, Optional, Type::Message, "Value")],
    );
    entry.options = Some(MessageOptions { map_entry: Some(true), ..MessageOptions::default() });
    let mut object = message("Struct", vec![field("fields", 1, Repeated, Type::Message, "Struct.FieldsEntry")]);
    object.nested_type = vec![entry];
    let kinds = [
        field("null_value", 1, Optional, Type::Enum, "NullValue"),
        field("number_value", 2, Optional, Type::Double, ""),
        field("string_value", 3, Optional, Type::String, ""),
        field("bool_value", 4, Optional, Type::Bool, ""),
        field("struct_value", 5, Optional, Type::Message, "Struct"),
        field("list_value", 6, Optional, Type::Message, "ListValue"),
    ];
    let mut value = message("Value", kinds.map(|kind| FieldDescriptorProto { oneof_index: Some(0), ..kind }).to_vec());
    value.oneof_decl = vec![OneofDescriptorProto { name: Some("kind".to_owned()), options: None }];
    let list = message("ListValue", vec![field("values", 1, Repeated, Type::Message, "Value")]);
    FileDescriptorProto {
        name: Some("google/protobuf/struct.proto".to_owned()),
        package: Some("google.protobuf".to_owned()),
        message_type: vec![object, value, list],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    }
}

fn bulk() -> FileDescriptorProto {
    let method = |name: &str, streams| MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: Some(".google.protobuf.ListValue".to_owned()),
        client_streaming: Some(streams),
        ..MethodDescriptorProto::default()
    };
    let methods = vec![method("Count", false), method("Total", true)];
    FileDescriptorProto {
        name: Some("bulk.proto".to_owned()),
        package: Some("test".to_owned()),
        service: vec![ServiceDescriptorProto { name: Some("Bulk".to_owned()), method: methods, options: None }],
        ..FileDescriptorProto::default()
    }
}
