//! Reads `cases/*.cases`. The form is in README.md.

/// The files of the cases, in the order in which their groups are numbered.
const FILES: &[(&str, &str)] = &[
    ("grpc-gateway", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/cases/grpc-gateway.cases"))),
    ("grpc-httpjson-transcoding", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/cases/envoy.cases"))),
    ("vanguard-go", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/cases/vanguard.cases"))),
    ("aspnetcore", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/cases/aspnetcore.cases"))),
    ("rsgrpc", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/cases/rules.cases"))),
];

/// Rules that are served together, by a server of their own, and the requests to it.
#[derive(Debug, Default)]
pub struct Group {
    /// Whose tests it comes from.
    pub project: &'static str,
    /// The file of theirs; of ours, the rules that the first cases show.
    pub source: &'static str,
    /// What the server is set to, beyond the defaults.
    pub options: Vec<&'static str>,
    /// The methods with their rules.
    pub methods: Vec<Method>,
    /// The requests.
    pub cases: Vec<Case>,
}

/// A method and its rules.
#[derive(Debug)]
pub struct Method {
    /// Its name, which a case expects.
    pub name: &'static str,
    /// The rule and its additional bindings.
    pub bindings: Vec<Binding>,
    /// The name of the request message, without a package.
    pub input: &'static str,
    /// The name of the response message, without a package.
    pub output: &'static str,
    /// Whether requests are a stream.
    pub up: bool,
    /// Whether responses are a stream.
    pub down: bool,
}

/// One rule.
#[derive(Debug)]
pub struct Binding {
    /// The HTTP method.
    pub verb: &'static str,
    /// The path.
    pub template: &'static str,
    /// Which field the body is, or `*`, or nothing.
    pub body: &'static str,
    /// Which field the response is, or nothing.
    pub response_body: &'static str,
}

/// One request, and what comes of it.
#[derive(Debug)]
pub struct Case {
    /// The line in the file, from 1.
    pub line: usize,
    /// The HTTP method.
    pub verb: String,
    /// The target as it is sent.
    pub target: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<String>,
    /// What the handler answers: see README.md. Nothing is an empty message.
    pub reply: Vec<String>,
    /// What has to come, as it is written.
    pub outcome: String,
    /// Headers of the answer: names and values, `*` for any value.
    pub answer_headers: Vec<(String, String)>,
    /// Metadata of the call: names and values.
    pub metadata: Vec<(String, String)>,
}

/// All groups of all files.
///
/// # Errors
///
/// The file and line of the first that cannot be read.
pub fn all() -> Result<Vec<Group>, String> {
    let mut groups = Vec::new();
    for &(project, text) in FILES {
        let mut source = "";
        for (number, line) in (1..).zip(text.lines()) {
            let wrong = |what: &str| format!("{project}, line {number}: {what}");
            if let Some(name) = line.strip_prefix("source ") {
                source = name;
            } else if let Some(options) = line.strip_prefix("group") {
                let options = options.split_whitespace().collect();
                groups.push(Group { project, source, options, ..Group::default() });
            } else if !line.is_empty() && !line.starts_with(['#', ' ']) {
                let group = groups.last_mut().ok_or_else(|| wrong("no group before it"))?;
                match line.split_once(": ") {
                    Some((name, rule)) if name.chars().all(char::is_alphanumeric) => {
                        group.add(name, rule).ok_or_else(|| wrong("a rule is: Name: VERB template key=value…"))?;
                    }
                    _ => {
                        group.cases.push(case(number, line).ok_or_else(|| wrong("a case is: VERB target => outcome"))?)
                    }
                }
            }
        }
    }
    Ok(groups)
}

impl Group {
    /// A rule of a new method, or one more of the last.
    fn add(&mut self, name: &'static str, rule: &'static str) -> Option<()> {
        let mut words = rule.split(' ');
        let mut binding = Binding { verb: words.next()?, template: "", body: "", response_body: "" };
        let mut method =
            Method { name, bindings: Vec::new(), input: "Everything", output: "Everything", up: false, down: false };
        for word in words {
            match word.split_once('=') {
                Some(("body", field)) => binding.body = field,
                Some(("response_body", field)) => binding.response_body = field,
                Some(("in", message)) => method.input = message,
                Some(("out", message)) => method.output = message,
                _ if word.starts_with('/') => binding.template = word,
                _ if word == "up" => method.up = true,
                _ if word == "down" => method.down = true,
                _ => return None,
            }
        }
        if self.methods.last().is_none_or(|last| last.name != name) {
            self.methods.push(method);
        }
        if binding.verb != "NONE" {
            self.methods.last_mut()?.bindings.push(binding);
        }
        Some(())
    }
}

fn case(line: usize, text: &str) -> Option<Case> {
    let text = expand(text)?;
    let (request, outcome) = text.rsplit_once(" => ").or_else(|| Some((text.strip_suffix(" =>")?, "")))?;
    let mut outcome = parts(outcome, &[" | ", " @ "]).into_iter();
    let mut request = parts(request, &[" | ", " < ", " > "]).into_iter();
    let (verb, target) = request.next()?.1.split_once(' ')?;
    let mut case = Case {
        line,
        verb: verb.to_owned(),
        target: target.to_owned(),
        headers: Vec::new(),
        body: None,
        reply: Vec::new(),
        outcome: outcome.next()?.1.to_owned(),
        answer_headers: Vec::new(),
        metadata: Vec::new(),
    };
    for (mark, part) in request {
        match mark {
            " | " => case.headers.push(header(part)?),
            " < " => case.body = Some(part.to_owned()),
            _ => case.reply.push(part.to_owned()),
        }
    }
    for (mark, part) in outcome {
        match mark {
            " | " => case.answer_headers.push(header(part)?),
            _ => case.metadata.push(header(part)?),
        }
    }
    Some(case)
}

fn header(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once(": ")?;
    Some((name.to_owned(), value.to_owned()))
}

/// The text between marks, each with the mark before it.
fn parts<'t>(mut text: &'t str, marks: &[&'static str]) -> Vec<(&'static str, &'t str)> {
    let mut parts = Vec::new();
    let mut before = "";
    loop {
        let next = marks.iter().filter_map(|&mark| Some((text.find(mark)?, mark))).min();
        let Some((at, mark)) = next else {
            parts.push((before, text));
            return parts;
        };
        parts.push((before, &text[..at]));
        (before, text) = (mark, &text[at + mark.len()..]);
    }
}

/// Writes out what cannot stand in a line: `␤ ␍ ␉ ␠`, and `«text*times»`.
fn expand(text: &str) -> Option<String> {
    let mut text = text.replace('␤', "\n").replace('␍', "\r").replace('␉', "\t").replace('␠', " ");
    while let Some((before, rest)) = text.split_once('«') {
        let (repeated, after) = rest.split_once('»')?;
        let (repeated, times) = repeated.rsplit_once('*')?;
        text = [before, &repeated.repeat(times.parse().ok()?), after].concat();
    }
    Some(text)
}
