//! Requests by REST: a message that is written as path and query comes to the handler as it is, and back in JSON; any
//! method, target and body meet an answer that is whole and says what is wrong; and what a message was read from says
//! the same when it is written and read again.
#![no_main]

use std::{cell::RefCell, collections::HashSet, sync::LazyLock};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http::{Method, Request, Uri};
use libfuzzer_sys::fuzz_target;
use prost_types::{Duration, FieldMask, Struct, Timestamp};
use rsgrpc::{Response, Rest, Server, Status, json};
use rsgrpc_fuzz::{
    Input, Whole, answer,
    written::{escape, escape_parameter},
};

#[allow(clippy::all, dead_code, unreachable_pub, reason = "generated, and not all of it is used")]
mod proto {
    include!("../../tests/golden/rest/test.rest.rs");
}

use proto::{Change, Item, Items, ItemsServer, item::Side};

thread_local! {
    /// What the handler got. A call runs on the thread of its caller here.
    static GOT: RefCell<Option<Item>> = RefCell::default();
}

/// Answers with its request.
struct Echo;

impl Items for Echo {
    async fn get(&self, request: rsgrpc::Request<Item>) -> Result<Response<Item>, Status> {
        GOT.set(Some(request.get_ref().clone()));
        Ok(Response::new(request.into_inner()))
    }

    async fn create(&self, request: rsgrpc::Request<Item>) -> Result<Response<Item>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn update(&self, request: rsgrpc::Request<Change>) -> Result<Response<Change>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn part(&self, request: rsgrpc::Request<Item>) -> Result<Response<Item>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn sync(
        &self,
        request: rsgrpc::Request<rsgrpc::Streaming<Item>>,
    ) -> Result<Response<impl rsgrpc::codegen::Stream<Item = Result<Item, Status>>>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let items = ItemsServer::new(Echo);
    Server::builder().add_service(items).rest(Rest::new().emit_defaults(false)).build().expect("a server")
});

fn send(method: &Method, target: &Uri, body: &[u8]) -> Whole {
    let request = Request::builder().method(method).uri(target).body(vec![Bytes::copy_from_slice(body)]);
    answer(&SERVER, request.expect("a request"))
}

/// The first line is the method and the target, the rest is the body.
fn parse(data: &[u8]) -> Option<(Method, Uri, &[u8])> {
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (line, body) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let space = line.iter().position(|&byte| byte == b' ')?;
    let method = Method::from_bytes(&line[..space]).ok()?;
    Some((method, Uri::try_from(&line[space + 1..]).ok()?, body))
}

// A question mark is no method: what stands behind it is a message to be written.
fuzz_target!(|data: &[u8]| match data.strip_prefix(b"?") {
    Some(data) => bound(&mut Input::new(data)),
    None => any(data),
});

fn any(data: &[u8]) {
    let Some((method, target, body)) = parse(data) else { return };
    let whole = send(&method, &target, body);
    match whole.status {
        200 | 204 => {}
        400 | 404 | 405 | 414 | 429 | 500 | 501 => {
            if method != Method::HEAD {
                let error: Struct = json::from_slice(&whole.body).expect("an error is JSON");
                assert!(error.fields.contains_key("error"), "{whole:?}");
            }
            // What a caller sends is no failure of ours; but a mask may say in a query what JSON cannot.
            let unwritable = || String::from_utf8_lossy(&whole.body).contains("cannot be written as JSON");
            assert!(whole.status != 500 || method == Method::HEAD || unwritable(), "{whole:?}");
        }
        other => panic!("{other}: {whole:?}"),
    }
    if whole.status == 200 && method == Method::POST && target.path() == "/v1/items" && !whole.body.is_empty() {
        let again = send(&method, &target, &whole.body);
        assert_eq!((again.status, normal(&again.body)), (200, normal(&whole.body)), "read, written and read again");
    }
}

/// An answer without the order of its maps.
fn normal(body: &[u8]) -> Struct {
    json::from_slice(body).expect("an answer is JSON")
}

/// A message whose fields the input chooses, and the parameters that set them.
#[derive(Default)]
struct Bound {
    item: Item,
    parameters: Vec<String>,
    /// The fields that are set already.
    used: HashSet<String>,
}

fn bound(input: &mut Input<'_>) {
    let mut bound = Bound::default();
    let style = input.byte();
    bound.item.id = format!("i{}", text(input));
    while !input.is_empty() && bound.parameters.len() < 200 {
        bound.add(input);
    }
    let Bound { item, parameters, .. } = bound;
    let target = format!("/v1/items/{}?{}", escape(item.id.as_bytes(), style), parameters.join("&"));
    // Longer ones are refused.
    if target.len() > 16 * 1024 {
        return;
    }
    GOT.set(None);
    let answer = send(&Method::GET, &Uri::try_from(&target).expect("it is escaped"), b"");
    assert_eq!(answer.status, 200, "{target}\n{answer:?}");
    assert_eq!(GOT.take().as_ref(), Some(&item), "{target}");
    assert_eq!(json::from_slice(&answer.body), Ok(item), "{target}\n{answer:?}");
}

/// Text without NUL, which no query may have.
fn text(input: &mut Input<'_>) -> String {
    input.text().replace('\0', "")
}

impl Bound {
    /// Sets a field, unless it is set already.
    fn add(&mut self, input: &mut Input<'_>) {
        let (place, field, style) = (input.byte(), input.byte(), input.byte());
        let key = if place % 8 >= 6 { input.number() as i32 } else { 0 };
        let prefix = match place % 8 {
            0..4 => String::new(),
            4 => "child.".to_owned(),
            5 => "child.child.".to_owned(),
            6 => format!("numbered[{key}]."),
            _ => format!("child.numbered[{key}]."),
        };
        let (name, once) = match field % 20 {
            0 => ("id", "id"),
            1 => ("text", "text"),
            2 => ("int32", "int32"),
            3 => ("int64", "int64"),
            4 => ("flag", "flag"),
            5 => ("double", "double"),
            6 => ("color", "color"),
            7 => ("data", "data"),
            8 => ("maybe", "maybe"),
            9 => ("tags", ""),
            10 => ("labels", ""),
            11 => ("time", "time"),
            12 => ("duration", "duration"),
            13 => ("mask", "mask"),
            14 => ("wrapped", "wrapped"),
            15 => ("left", "side"),
            16 => ("right", "side"),
            17 if style & 128 == 0 => ("snakeCase", "snake"),
            17 => ("snake_case", "snake"),
            18 => ("number", "number"),
            // Nobody has asked for it.
            _ => ("nope", ""),
        };
        if !once.is_empty() && !self.used.insert(format!("{prefix}{once}")) {
            return;
        }
        let mut label = if name == "labels" { text(input) } else { String::new() };
        // A bracket that a dot follows ends a key.
        if label.contains("].") {
            label = label.replace('.', ",");
        }
        let key_of_label = if name == "labels" { format!("[{label}]") } else { String::new() };
        if name == "labels" && !self.used.insert(format!("{prefix}{key_of_label}")) {
            return;
        }
        let value = if name == "nope" || (prefix.is_empty() && name == "id") {
            // The path says what it is.
            text(input)
        } else {
            let item = &mut self.item;
            let item = match place % 8 {
                0..4 => item,
                4 => item.child.get_or_insert_default(),
                5 => item.child.get_or_insert_default().child.get_or_insert_default(),
                6 => item.numbered.entry(key).or_default(),
                _ => item.child.get_or_insert_default().numbered.entry(key).or_default(),
            };
            set(item, name, label, style, input)
        };
        let name = escape_parameter(format!("{prefix}{name}{key_of_label}").as_bytes(), style >> 2);
        self.parameters.push(format!("{name}={}", escape_parameter(value.as_bytes(), style)));
    }
}

/// Sets a field, and gives the text that says so.
fn set(item: &mut Item, name: &str, label: String, style: u8, input: &mut Input<'_>) -> String {
    let is_text = ["id", "text", "maybe", "tags", "labels", "wrapped", "left", "right", "snakeCase", "snake_case"];
    let text = if is_text.contains(&name) { text(input) } else { String::new() };
    match name {
        "id" => item.id = text.clone(),
        "text" => item.text = text.clone(),
        "maybe" => item.maybe = Some(text.clone()),
        "tags" => item.tags.push(text.clone()),
        "labels" => drop(item.labels.insert(label, text.clone())),
        "wrapped" => item.wrapped = Some(text.clone()),
        "left" => item.side = Some(Side::Left(text.clone())),
        "right" => item.side = Some(Side::Right(text.clone())),
        "snakeCase" | "snake_case" => item.snake_case = text.clone(),
        _ => return set_other(item, name, style, input),
    }
    text
}

fn set_other(item: &mut Item, name: &str, style: u8, input: &mut Input<'_>) -> String {
    match name {
        "int32" => {
            item.int32 = input.number() as i32;
            item.int32.to_string()
        }
        "int64" => {
            item.int64 = input.number() as i64;
            item.int64.to_string()
        }
        "number" => {
            let number = input.number();
            item.number = Some(number);
            number.to_string()
        }
        "flag" => {
            item.flag = input.flag();
            item.flag.to_string()
        }
        "double" => {
            let double = f64::from_bits(input.number());
            // NaN is not equal to itself.
            item.double = if double.is_nan() { 0.5 } else { double };
            match item.double {
                f64::INFINITY => "Infinity".to_owned(),
                f64::NEG_INFINITY => "-Infinity".to_owned(),
                double if style & 64 == 0 => format!("{double}"),
                double => format!("{double:e}"),
            }
        }
        "color" => {
            item.color = input.pick(&[0, 1, 0, 1, 2, -1, i32::MAX, i32::MIN]);
            match item.color {
                0 if style & 64 == 0 => "RED".to_owned(),
                1 if style & 64 == 0 => "GREEN".to_owned(),
                number => number.to_string(),
            }
        }
        "data" => {
            item.data = input.piece().to_vec();
            let base64 = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
            base64[usize::from(style >> 6)].encode(&item.data)
        }
        "time" => {
            let (time, text) = time(input);
            item.time = Some(time);
            text
        }
        "duration" => {
            let (seconds, (nanos, fraction)) = ((input.number() % 315_576_000_001) as i64, fraction(input));
            let (sign, sign_text) = if input.flag() { (-1, "-") } else { (1, "") };
            item.duration = Some(Duration { seconds: sign * seconds, nanos: sign as i32 * nanos });
            format!("{sign_text}{seconds}{fraction}s")
        }
        "mask" => {
            const PATHS: [(&str, &str); 4] =
                [("a", "a"), ("foo_bar", "fooBar"), ("a.b_c", "a.bC"), ("x_y_z.d", "xYZ.d")];
            let paths: Vec<_> = (0..input.byte() % 4).map(|_| input.pick(&PATHS)).collect();
            item.mask = Some(FieldMask { paths: paths.iter().map(|path| path.0.to_owned()).collect() });
            // In either spelling.
            let texts = paths.iter().map(|path| if input.flag() { path.0 } else { path.1 });
            texts.collect::<Vec<_>>().join(",")
        }
        other => unreachable!("{other}"),
    }
}

/// Nanoseconds with up to nine digits.
fn fraction(input: &mut Input<'_>) -> (i32, String) {
    let digits = u32::from(input.byte() % 10);
    let number = input.number() % 10_u64.pow(digits);
    let text = if digits == 0 { String::new() } else { format!(".{number:0width$}", width = digits as usize) };
    ((number * 10_u64.pow(9 - digits)) as i32, text)
}

/// A moment in the January of 2000, in any time zone.
fn time(input: &mut Input<'_>) -> (Timestamp, String) {
    let [day, hour, minute, second] = [31, 24, 60, 60].map(|limit| i64::from(input.byte()) % limit);
    let (nanos, fraction) = fraction(input);
    let local = 946_684_800 + ((day * 24 + hour) * 60 + minute) * 60 + second;
    let [east, hours, minutes] = [2, 24, 60].map(|limit| i64::from(input.byte()) % limit);
    let offset = (hours * 60 + minutes) * 60 * if east == 1 { 1 } else { -1 };
    let zone = match (offset, east) {
        (0, 0) => "Z".to_owned(),
        (_, east) => format!("{}{hours:02}:{minutes:02}", if east == 1 { '+' } else { '-' }),
    };
    let text = format!("2000-01-{:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}", day + 1);
    (Timestamp { seconds: local - offset, nanos }, text)
}
