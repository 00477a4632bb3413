//! Encodes or decodes one shape so many times: `codecs ours-decode-nested 1000`; `codecs texts FOLDER` leaves the shapes
//! there for others. See `tests/bench/json-cost`.

use std::{error::Error, hint::black_box, process::ExitCode};

use prost::Message;
use rsgrpc::json::{Json, Options, Registry};
use rsgrpc_json_bench::{buffa, hand, ours, pbjson, texts};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, operations] = arguments.as_slice() else {
        eprintln!("usage: codecs ours|hand|pbjson|buffa-encode|decode-small|nested|known OPERATIONS");
        return ExitCode::from(2);
    };
    let done = match case.as_str() {
        "texts" => leave(operations),
        _ => operations.parse().map_err(Into::into).and_then(|operations| run(case, operations)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{case}: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn Error>>;

fn run(case: &str, operations: usize) -> Outcome {
    use texts::{KNOWN, NESTED, SMALL};
    match case.split('-').collect::<Vec<_>>().as_slice() {
        ["ours", way, "small"] => ours::<ours::Small>(way, SMALL, operations),
        ["ours", way, "nested"] => ours::<ours::Nested>(way, NESTED, operations),
        ["ours", way, "known"] => ours::<ours::Known>(way, KNOWN, operations),
        ["hand", way, "small"] => by_serde::<hand::Small>(way, SMALL, operations),
        ["hand", way, "nested"] => by_serde::<hand::Nested>(way, NESTED, operations),
        ["hand", way, "known"] => by_serde::<hand::Known>(way, KNOWN, operations),
        ["pbjson", way, "small"] => by_serde::<pbjson::shapes::Small>(way, SMALL, operations),
        ["pbjson", way, "nested"] => by_serde::<pbjson::shapes::Nested>(way, NESTED, operations),
        ["pbjson", way, "known"] => by_serde::<pbjson::shapes::Known>(way, &pbjson_known()?, operations),
        ["buffa", way, "small"] => by_serde::<buffa::shapes::Small>(way, SMALL, operations),
        ["buffa", way, "nested"] => by_serde::<buffa::shapes::Nested>(way, NESTED, operations),
        ["buffa", way, "known"] => {
            let mut types = ::buffa::type_registry::TypeRegistry::new();
            buffa::shapes::register_types(&mut types);
            ::buffa::type_registry::set_type_registry(types);
            by_serde::<buffa::shapes::Known>(way, KNOWN, operations)
        }
        _ => Err("there is no such case".into()),
    }
}

fn leave(folder: &str) -> Outcome {
    for (name, text) in [("small", texts::SMALL), ("nested", texts::NESTED), ("known", texts::KNOWN)] {
        std::fs::write(std::path::Path::new(folder).join(name), text)?;
    }
    Ok(())
}

fn ours<T: Json + Default>(way: &str, text: &str, operations: usize) -> Outcome {
    let options = options();
    let value: T = options.from_str(text)?;
    same(text, &options.to_string(&value)?)?;
    for _ in 0..operations {
        match way {
            "encode" => drop(black_box(options.to_vec(black_box(&value))?)),
            _ => drop(black_box(options.from_slice::<T>(black_box(text.as_bytes()))?)),
        }
    }
    Ok(())
}

fn by_serde<T: Serialize + DeserializeOwned>(way: &str, text: &str, operations: usize) -> Outcome {
    let value: T = serde_json::from_str(text)?;
    same(text, &serde_json::to_string(&value)?)?;
    for _ in 0..operations {
        match way {
            "encode" => drop(black_box(serde_json::to_vec(black_box(&value))?)),
            _ => drop(black_box(serde_json::from_slice::<T>(black_box(text.as_bytes()))?)),
        }
    }
    Ok(())
}

fn options() -> Options {
    Options::new().registry(Registry::new().with(ours::MESSAGE_TYPES))
}

/// The well-known types as pbjson writes them, which is not ProtoJSON and which alone it reads.
fn pbjson_known() -> Result<String, Box<dyn Error>> {
    let value: ours::Known = options().from_str(texts::KNOWN)?;
    let value = pbjson::shapes::Known::decode(value.encode_to_vec().as_slice())?;
    Ok(serde_json::to_string(&value)?)
}

/// All write the same: what is measured is the same work.
fn same(text: &str, written: &str) -> Outcome {
    let value = |text| serde_json::from_str::<Value>(text);
    if is_same(&value(text)?, &value(written)?) {
        return Ok(());
    }
    Err(format!("wrote {written}").into())
}

/// The order within maps is nobody's, and `2.0` is `2`.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(key, a)| other.get(key).is_some_and(|b| is_same(a, b)))
        }
        _ => one == other,
    }
}
