//! Makes a service of each group of rules, and generates their code.

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

use cases::{Binding, Method};

#[allow(dead_code, unreachable_pub, reason = "a module of the library, which the test uses too")]
#[path = "src/cases.rs"]
mod cases;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=cases");
    println!("cargo::rerun-if-changed=src/cases.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut proto = "syntax = \"proto3\";\npackage transcoding;\nimport \"everything.proto\";\n\
                     import \"google/api/annotations.proto\";\nimport \"google/api/httpbody.proto\";\n"
        .to_owned();
    let mut groups = String::new();
    for (number, group) in cases::all()?.iter().enumerate() {
        write!(groups, "&generated::GROUP{number}, ")?;
        writeln!(proto, "// {} {}\nservice Group{number} {{", group.project, group.source)?;
        for method in &group.methods {
            writeln!(proto, "{}", rpc(method))?;
        }
        writeln!(proto, "}}")?;
    }
    fs::write(out.join("groups.rs"), format!("&[{groups}]"))?;
    let services = out.join("services.proto");
    fs::write(&services, proto)?;
    rsgrpc_build::configure()
        .include("proto")
        .include(&out)
        .option("client", "false")
        .compile(&[PathBuf::from("proto/everything.proto"), services])?;
    Ok(())
}

fn rpc(method: &Method) -> String {
    let stream = |streams: bool| if streams { "stream " } else { "" };
    let message = |name: &str| if name == "HttpBody" { "google.api.HttpBody".to_owned() } else { name.to_owned() };
    let mut rules = method.bindings.iter().map(rule);
    let mut options = String::new();
    if let Some(main) = rules.next() {
        let additional: String = rules.map(|rule| format!(" additional_bindings {{ {rule} }}")).collect();
        options = format!("option (google.api.http) = {{ {main}{additional} }};");
    }
    let (up, input) = (stream(method.up), message(method.input));
    let (down, output) = (stream(method.down), message(method.output));
    format!("  rpc {}({up}{input}) returns ({down}{output}) {{ {options} }}", method.name)
}

fn rule(binding: &Binding) -> String {
    let Binding { verb, template, body, response_body } = binding;
    let pattern = match *verb {
        "GET" | "PUT" | "POST" | "DELETE" | "PATCH" => format!("{}: {template:?}", verb.to_lowercase()),
        kind => format!("custom {{ kind: {kind:?} path: {template:?} }}"),
    };
    format!("{pattern} body: {body:?} response_body: {response_body:?}")
}
