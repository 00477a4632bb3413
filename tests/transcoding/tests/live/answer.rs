//! What came back, beside what had to.

use serde_json::Value;
use transcoding_tests::cases::Case;

use crate::probe::Observed;

#[derive(Debug, Default)]
pub struct Answer {
    /// 0 if there was no head.
    pub status: u16,
    /// Names in lower case; trailers are among them.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// What differs from the case.
    pub fn compare(&self, case: &Case, observed: Option<Observed>) -> Vec<String> {
        let (word, rest) = case.outcome.split_once(' ').unwrap_or((&case.outcome, ""));
        let mut wrong = match word.parse::<u16>() {
            Ok(status) => self.compare_answer(case, status, rest),
            Err(_) if word == "refused" => self.compare_refusal(observed.as_ref()),
            Err(_) => self.compare_call(case, word, rest, observed),
        };
        for (name, value) in &case.answer_headers {
            let got: Vec<_> = self.headers.iter().filter(|(got, _)| got.eq_ignore_ascii_case(name)).collect();
            if !got.iter().any(|(_, got)| got == value || value == "*") {
                wrong.push(format!("{name} is {got:?}, not {value}"));
            }
        }
        wrong
    }

    /// Refused before any protocol saw it: with 400 or a closed connection.
    fn compare_refusal(&self, observed: Option<&Observed>) -> Vec<String> {
        if matches!(self.status, 0 | 400) && observed.is_none() { Vec::new() } else { vec![self.show()] }
    }

    /// What arrived at the handler.
    fn compare_call(&self, case: &Case, method: &str, messages: &str, observed: Option<Observed>) -> Vec<String> {
        let Some(observed) = observed.filter(|_| self.status == 200) else { return vec![self.show()] };
        let mut wrong = Vec::new();
        if observed.method != method {
            wrong.push(format!("went to {}, not to {method}", observed.method));
        }
        let expected: Result<_, _> = serde_json::Deserializer::from_str(messages).into_iter().collect();
        let got = Value::Array(observed.messages);
        if !equal(&got, &Value::Array(expected.unwrap())) {
            wrong.push(format!("got {got}, not {messages}"));
        }
        if observed.metadata != case.metadata {
            wrong.push(format!("metadata is {:?}, not {:?}", observed.metadata, case.metadata));
        }
        wrong
    }

    /// A status, and nothing, the status of the error, or the whole body.
    fn compare_answer(&self, case: &Case, status: u16, expected: &str) -> Vec<String> {
        if self.status != status {
            return vec![format!("not {status}, but {}", self.show())];
        }
        if case.verb == "HEAD" {
            return if self.body.is_empty() { Vec::new() } else { vec![self.show()] };
        }
        let is_name = !expected.is_empty() && expected.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let mut wrong = Vec::new();
        if status >= 400 && !self.is_error(status, if is_name { expected } else { "" }) {
            wrong.push(format!("not an error {expected}: {}", self.show()));
        }
        let body = String::from_utf8_lossy(&self.body);
        if !is_name && !expected.is_empty() && !same_text(&body, expected) {
            wrong.push(format!("the body is {body:?}, not {expected:?}"));
        }
        wrong
    }

    /// Whether the body is an error of AIP-193 with this HTTP status, a message, and this status if it is given.
    fn is_error(&self, status: u16, name: &str) -> bool {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let error = &body["error"];
        error["code"] == status
            && error["message"].as_str().is_some_and(|message| !message.is_empty())
            && error["status"].as_str().is_some_and(|got| name.is_empty() || got == name)
    }

    fn show(&self) -> String {
        format!("{} {:?}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// Line by line the same, where a line may be JSON, or JSON behind `data: `.
fn same_text(got: &str, expected: &str) -> bool {
    let same = |got: &str, expected: &str| {
        let json = |line: &str| serde_json::from_str::<Value>(line.strip_prefix("data: ").unwrap_or(line));
        let both = json(got).ok().zip(json(expected).ok());
        got == expected
            || got.starts_with("data: ") == expected.starts_with("data: ")
                && both.is_some_and(|(got, expected)| equal(&got, &expected))
    };
    let (got, expected) = (got.split('\n'), expected.split('\n'));
    got.clone().count() == expected.clone().count() && got.zip(expected).all(|(got, expected)| same(got, expected))
}

/// Equal as JSON is: `1` and `1.0` are one number.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same = |(name, one): (&String, &Value)| other.get(name).is_some_and(|other| equal(one, other));
            one.len() == other.len() && one.iter().all(same)
        }
        _ => one == other,
    }
}
