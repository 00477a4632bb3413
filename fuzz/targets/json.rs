//! ProtoJSON of every kind of field. A text that is read is JSON, and its message is the same when it is written and
//! read again: with each option, by protobuf, and by serde; what is written is written the same again. And of a message
//! that protobuf has, its JSON is the message, or an error.

#![no_main]

use std::{fmt::Debug, sync::LazyLock};

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use prost::Message;
use rsgrpc::json::{
    Json, Options, Registry,
    serde_crate::{Serialize, de::DeserializeOwned},
};
use rsgrpc_fuzz::wire;
use serde_json::Value;

#[allow(clippy::all, dead_code, unreachable_pub, reason = "generated, and not all of it is used")]
mod proto {
    pub mod kinds {
        include!("../../tests/golden/json/test.kinds.rs");
    }
    pub mod two {
        include!("../../tests/golden/proto2/two.rs");
    }
    pub mod groups {
        include!("../../tests/golden/groups/groups.rs");
    }
    pub mod presence {
        include!("../../tests/golden/presence/presence.rs");
    }
}

use proto::{groups, kinds, presence, two};

/// What is done with JSON and with protobuf of a type.
type Both = [fn(&[u8]); 2];

const TYPES: [Both; 16] = [
    both::<kinds::Scalars>(),
    both::<kinds::Optionals>(),
    both::<kinds::Lists>(),
    both::<kinds::Maps>(),
    both::<kinds::Choice>(),
    both::<kinds::WellKnown>(),
    both::<kinds::Names>(),
    both::<two::Extendable>(),
    both::<two::Defaults>(),
    both::<two::Labels>(),
    both::<groups::Search>(),
    both::<groups::A>(),
    both::<presence::Implicit>(),
    both::<presence::Explicit>(),
    both::<presence::Repeated>(),
    both::<presence::Equals>(),
];

trait Kind: Json + Message + Default + PartialEq + Debug + Serialize + DeserializeOwned {}
impl<T: Json + Message + Default + PartialEq + Debug + Serialize + DeserializeOwned> Kind for T {}

const fn both<T: Kind>() -> Both {
    [from_text::<T>, from_protobuf::<T>]
}

/// The types that an Any holds here: not one with maps, of which the bytes are in any order.
static OPTIONS: LazyLock<Options> = LazyLock::new(|| {
    let types: Vec<_> = kinds::MESSAGE_TYPES.iter().filter(|ty| ty.name() != "test.kinds.Maps").copied().collect();
    // serde takes the default one.
    Registry::new().with(&types).with(two::MESSAGE_TYPES).install_default().expect("the first");
    Options::new()
});

// The first byte chooses the type, and whether the others are JSON or protobuf.
fuzz_target!(|data: &[u8]| {
    let Some((&mode, data)) = data.split_first() else { return };
    TYPES[usize::from(mode % 16)][usize::from(mode / 16 % 2)](data);
});

// Protobuf is changed field by field, half of the time.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if size < 2 || data[0] & 16 == 0 || seed.is_multiple_of(2) {
        return fuzzer_mutate(data, size, max_size);
    }
    match wire::mutate(&data[1..size], seed / 2, fuzzer_mutate) {
        Some(mutated) if mutated.len() < max_size => {
            data[1..=mutated.len()].copy_from_slice(&mutated);
            mutated.len() + 1
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
});

fn from_text<T: Kind>(data: &[u8]) {
    let strict = OPTIONS.from_slice::<T>(data);
    let lenient = OPTIONS.clone().ignore_unknown_fields(true).from_slice::<T>(data);
    if let Ok(message) = &strict {
        let json = serde_json::from_slice::<Value>(data);
        assert!(json.is_ok(), "{json:?}");
        is_same(lenient.as_ref().expect("what has no unknown field is read in either way"), message);
    }
    if let Ok(message) = strict.or(lenient) {
        round_trip(&message);
    }
}

fn from_protobuf<T: Kind>(data: &[u8]) {
    let Ok(message) = T::decode(data) else { return };
    let text = match OPTIONS.to_string(&message) {
        Ok(text) => text,
        Err(error) => {
            assert!(!error.message().is_empty() && error.position().is_none(), "{error}");
            return;
        }
    };
    let read: T = OPTIONS.from_str(&text).expect("what is written can be read");
    round_trip(&read);
    let debug = format!("{message:?}");
    // JSON has one null.
    if has_odd_null(&debug) {
        return;
    }
    assert_eq!(value(&text), value(&OPTIONS.to_string(&read).expect("what was read can be written")));
    // And one NaN, and of an Any neither what its type does not know nor the order of it.
    assert!(read == message || debug.contains("NaN") || debug.contains("Any {"), "{debug}\n{text}");
}

/// Whether a null is another number than 0.
fn has_odd_null(debug: &str) -> bool {
    let digit = |text: &str| text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let nulls = |text: &str| text.split([']', '[']).next().is_some_and(|list| list.split(", ").any(digit));
    ["null: ", "Null(", "NullValue("].iter().any(|before| debug.split(before).skip(1).any(digit))
        || debug.split("nulls: [").skip(1).any(nulls)
}

/// A message that JSON has.
fn round_trip<T: Kind>(message: &T) {
    let text = OPTIONS.to_string(message).expect("what was read can be written");
    let again: T = OPTIONS.from_str(&text).expect("what is written can be read");
    is_same(&again, message);
    // The order of maps apart, it is the same text.
    let written = OPTIONS.to_string(&again).expect("what was read can be written");
    assert_eq!((written.len(), value(&written)), (text.len(), value(&text)));

    for bits in [1, 2, 4, 8, 15u8] {
        let is = |bit: u8| bits & bit != 0;
        let options = OPTIONS.clone().emit_defaults(is(1)).enum_numbers(is(2));
        let options = options.proto_names(is(4)).ignore_unknown_fields(is(8));
        let text = options.to_string(message).expect("it can be written");
        let read = options.from_str::<T>(&text);
        is_same(&read.unwrap_or_else(|error| panic!("{text}: {error}")), message);
        is_same(&OPTIONS.from_str::<T>(&text).expect("all spellings are read"), message);
    }

    match T::decode(&message.encode_to_vec()[..]) {
        Ok(decoded) => is_same(&decoded, message),
        // There each entry of a map is a level of its own.
        Err(error) => assert!(error.to_string().contains("recursion limit"), "{error}"),
    }

    assert_eq!(value(&serde_json::to_string(message).expect("serde writes it")), value(&text));
    is_same(&serde_json::from_str::<T>(&text).expect("serde reads it"), message);
    is_same(&serde_json::from_value::<T>(value(&text)).expect("serde reads it"), message);
}

fn is_same<T: Kind>(one: &T, other: &T) {
    if one == other {
        return;
    }
    // NaN is not equal to itself, but has one text.
    assert!(format!("{one:?}").contains("NaN"), "{one:?}\n{other:?}");
    let texts = [one, other].map(|message| {
        let mut value = value(&OPTIONS.to_string(message).expect("it can be written"));
        drop_zeros(&mut value);
        value
    });
    assert_eq!(texts[0], texts[1]);
}

/// To prost -0 is 0, and so not sent where that is the default.
fn drop_zeros(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(drop_zeros),
        Value::Object(fields) => {
            fields.retain(|_, field| field.as_f64() != Some(0.0));
            fields.values_mut().for_each(drop_zeros);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn value(text: &str) -> Value {
    let mut value = serde_json::from_str(text).expect("what is written is JSON");
    unify(&mut value);
    value
}

/// 1e3 and 1000 are one number; those that a double does not have are texts.
fn unify(value: &mut Value) {
    match value {
        Value::Number(number) => *value = number.as_f64().into(),
        Value::Array(values) => values.iter_mut().for_each(unify),
        Value::Object(fields) => fields.values_mut().for_each(unify),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
