use prost::Message;

use super::*;
use crate::{
    grpc::{health::v1 as health, reflection::v1 as reflection},
    method::MethodKind,
};

/// What is told from descriptors is what prost makes of them, or a little more.
#[test]
fn sizes_are_those_of_the_structs() {
    fn check<M: Message>(set: &[u8], name: &str) {
        let (told, real) = (Layouts::size_of(set, name), size_of::<M>());
        assert!(told >= real && told <= real + 32 + real / 4, "{name}: {told} bytes for {real}");
    }
    let set = reflection::FILE_DESCRIPTOR_SET;
    check::<reflection::ServerReflectionRequest>(set, ".grpc.reflection.v1.ServerReflectionRequest");
    check::<reflection::ServerReflectionResponse>(set, ".grpc.reflection.v1.ServerReflectionResponse");
    check::<reflection::ExtensionRequest>(set, ".grpc.reflection.v1.ExtensionRequest");
    check::<reflection::ExtensionNumberResponse>(set, ".grpc.reflection.v1.ExtensionNumberResponse");
    check::<reflection::FileDescriptorResponse>(set, ".grpc.reflection.v1.FileDescriptorResponse");
    check::<reflection::ListServiceResponse>(set, ".grpc.reflection.v1.ListServiceResponse");
    check::<reflection::ErrorResponse>(set, ".grpc.reflection.v1.ErrorResponse");
    check::<health::HealthCheckRequest>(health::FILE_DESCRIPTOR_SET, ".grpc.health.v1.HealthCheckRequest");
    check::<health::HealthCheckResponse>(health::FILE_DESCRIPTOR_SET, ".grpc.health.v1.HealthCheckResponse");
    check::<health::HealthListResponse>(health::FILE_DESCRIPTOR_SET, ".grpc.health.v1.HealthListResponse");
}

/// `message Bulk { repeated Item items = 1; repeated int64 numbers = 2; repeated string words = 3; bytes blob = 4;
/// map<string, Item> named = 5; Bulk own = 6; repeated group Old = 7 {}; repeated fixed32 fixed = 8; }`, with an `Item`
/// of a string and an int64: 32 bytes.
fn descriptors() -> Vec<u8> {
    use prost_types::{
        DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, MessageOptions,
        MethodDescriptorProto, ServiceDescriptorProto,
        field_descriptor_proto::{Label, Type},
    };
    let field = |name: &str, number, label: Label, kind: Type, type_name: &str| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(label.into()),
        r#type: Some(kind.into()),
        type_name: (!type_name.is_empty()).then(|| type_name.to_owned()),
        ..Default::default()
    };
    let message =
        |name: &str, field| DescriptorProto { name: Some(name.to_owned()), field, ..DescriptorProto::default() };
    let item = |name: &str| {
        let fields = vec![
            field("text", 1, Label::Optional, Type::String, ""),
            field("number", 2, Label::Optional, Type::Int64, ""),
        ];
        message(name, fields)
    };
    let mut entry = message(
        "NamedEntry",
        vec![
            field("key", 1, Label::Optional, Type::String, ""),
            field("value", 2, Label::Optional, Type::Message, ".test.Item"),
        ],
    );
    entry.options = Some(MessageOptions { map_entry: Some(true), ..MessageOptions::default() });
    let mut bulk = message(
        "Bulk",
        vec![
            field("items", 1, Label::Repeated, Type::Message, ".test.Item"),
            field("numbers", 2, Label::Repeated, Type::Int64, ""),
            field("words", 3, Label::Repeated, Type::String, ""),
            field("blob", 4, Label::Optional, Type::Bytes, ""),
            field("named", 5, Label::Repeated, Type::Message, ".test.Bulk.NamedEntry"),
            field("own", 6, Label::Optional, Type::Message, ".test.Bulk"),
            field("old", 7, Label::Repeated, Type::Group, ".test.Item"),
            field("fixed", 8, Label::Repeated, Type::Fixed32, ""),
        ],
    );
    bulk.nested_type = vec![entry];
    let numbers = (10..610).map(|number| field(&format!("n{number}"), number, Label::Optional, Type::Int64, ""));
    let own = field("own", 1, Label::Repeated, Type::Message, ".test.Large");
    let large = message("Large", numbers.clone().chain([own]).collect());
    let flat = message("Flat", numbers.collect());
    let holder = message("Holder", vec![field("large", 1, Label::Optional, Type::Message, ".test.Large")]);
    let flats =
        (1..6).map(|number| field(&format!("flat{number}"), number, Label::Optional, Type::Message, ".test.Flat"));
    let wide = message("Wide", flats.collect());
    let wides = message("Wides", vec![field("wides", 1, Label::Repeated, Type::Message, ".test.Wide")]);
    let methods = [("Take", ".test.Bulk"), ("Nest", ".test.Holder"), ("Flat", ".test.Flat"), ("Wide", ".test.Wides")];
    let method = methods.map(|(name, input)| MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: Some(input.to_owned()),
        ..MethodDescriptorProto::default()
    });
    let service = ServiceDescriptorProto { name: Some("S".to_owned()), method: method.into(), options: None };
    let file = FileDescriptorProto {
        package: Some("test".to_owned()),
        message_type: vec![item("Item"), bulk, large, flat, holder, wide, wides],
        service: vec![service],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

static SERVICE: LazyLock<ServiceDescriptor> = LazyLock::new(|| ServiceDescriptor {
    name: "test.S",
    methods: Box::leak(Box::new(
        ["/test.S/Take", "/test.S/Nest", "/test.S/Flat", "/test.S/Wide"]
            .map(|path| Method::new(path, MethodKind::Unary)),
    )),
    message_types: &[],
    file_descriptor_set: descriptors().leak(),
});

fn room(bytes: usize) -> Room {
    room_of(0, bytes)
}

fn room_of(method: usize, bytes: usize) -> Room {
    let method = &SERVICE.methods[method];
    Room::of(&SERVICE, method, bytes, largest(&SERVICE).get(method.full_name()).copied().unwrap_or_default())
}

const WIRE: usize = 64 * 1024;

/// As many records as there are in that many bytes.
fn full(record: &[u8]) -> Vec<u8> {
    record.repeat(WIRE / record.len())
}

/// A field with a length before it.
fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut wrapped = vec![tag];
    prost::encoding::encode_varint(content.len() as u64, &mut wrapped);
    wrapped.extend_from_slice(content);
    wrapped
}

#[test]
fn elements_are_weighed_wherever_they_are() {
    let items = full(&[0x0a, 0]);
    let weight = WIRE / 2 * 32;
    let own = wrapped(0x32, &wrapped(0x32, &items));
    let bulk = Layouts::size_of(&descriptors(), ".test.Bulk");
    for (name, message, expected) in [
        ("items", items.clone(), weight),
        ("items of items", own, weight + 2 * bulk),
        ("groups", full(&[0x3b, 0x3c]), weight),
        ("entries", full(&[0x2a, 0]), WIRE / 2 * (24 + 32 + 16)),
        ("empty strings", full(&[0x1a, 0]), WIRE / 2 * 24),
        ("words", full(b"\x1a\x14twenty bytes of text"), WIRE / 22 * (24 + 32)),
        ("numbers", full(&[0x10, 0]), WIRE / 2 * 8),
        ("packed numbers", wrapped(0x12, &[1; WIRE]), WIRE * 8),
        ("packed numbers of a width", wrapped(0x42, &[1; WIRE]), WIRE),
        ("bytes", wrapped(0x22, &[1; WIRE]), WIRE + 8),
        ("fields that nobody knows", full(&[0x7a, 0]), 0),
        ("groups that nobody knows", full(&[0x7b, 0x0a, 0, 0x7c]), 0),
        ("what is broken", [vec![0x0a, 0], vec![0xff; WIRE]].concat(), 32),
    ] {
        assert_eq!(room(usize::MAX).weigh(&message).unwrap(), expected, "{name}");
        if expected > 0 {
            let status = room(expected - 1).weigh(&message).unwrap_err();
            assert_eq!(status.code(), tonic::Code::ResourceExhausted, "{name}");
        }
        room(expected).weigh(&message).unwrap();
    }
}

/// What prost reads is weighed, however deep.
#[test]
fn elements_as_deep_as_prost_reads_are_weighed() {
    let mut message = full(&[0x0a, 0]);
    for _ in 0..100 {
        message = wrapped(0x32, &message);
    }
    room(WIRE).weigh(&message).unwrap_err();
}

#[test]
fn what_is_honest_has_room() {
    let room = room(8 * WIRE);
    for message in [
        wrapped(0x12, &[1; WIRE]),
        full(b"\x1a\x14twenty bytes of text"),
        full(b"\x1a\x05words"),
        full(b"\x0a\x0a\x0a\x06a name\x10\x01"),
        wrapped(0x22, &[1; WIRE]),
    ] {
        room.weigh(&message).unwrap();
    }
    room.weigh(&full(&[0x0a, 0])).unwrap_err();
}

#[test]
fn what_is_small_or_unknown_is_not_looked_at() {
    let small = |len: usize| [0x0a, 0].repeat(len / 2);
    assert_eq!(room(32 << 20).weigh(&small(SMALL - 2)).unwrap(), 0);
    assert_eq!(room(1 << 20).weigh(&small(126)).unwrap(), 0);
    assert!(room(1 << 20).weigh(&small(128)).unwrap() > 0, "with less room less is small");
    room(1 << 10).weigh(&small(128)).unwrap_err();
    assert_eq!(Room::UNLIMITED.weigh(&full(&[0x0a, 0])).unwrap(), 0);
}

/// Six hundred numbers are 4,824 bytes.
#[test]
fn large_structs_nest_as_deep_as_a_stack_bears() {
    let room = room_of(1, 32 << 20);
    let nested = |levels: usize| (0..levels).fold(Vec::new(), |message, _| wrapped(0x0a, &message));
    room.weigh(&nested(50)).unwrap();
    let error = room.weigh(&nested(60)).unwrap_err();
    assert!(error.message().starts_with("messages with many fields are nested too deep"), "{error}");
    assert!(!room.fits(0));
}

/// Five times six hundred numbers are 24,040 bytes, of which a thousand four hundred are 32 MiB.
#[test]
fn of_the_largest_structs_fewer_bytes_are_small() {
    let wides = |bytes: usize| [0x0a, 0].repeat(bytes / 2);
    let room = room_of(3, 32 << 20);
    for bytes in [2800, SMALL - 2, SMALL] {
        room.weigh(&wides(bytes)).unwrap_err();
    }
    for bytes in [0, 1000, 2700] {
        room.weigh(&wides(bytes)).unwrap();
    }
    assert!(room.fits(2700) && !room.fits(2800));
}

#[test]
fn few_methods_have_structs_that_are_unusual() {
    let largest = largest(&SERVICE);
    assert_eq!(largest.len(), 2);
    assert_eq!(largest["test.S/Nest"], usize::MAX);
    assert_eq!(largest["test.S/Wide"], Layouts::size_of(&descriptors(), ".test.Wide"));
}
