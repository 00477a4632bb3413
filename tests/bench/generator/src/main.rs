//! `rsgrpc-bench-generator ours|tonic SET OUT_DIR [KEY=VALUE]`: generates servers and clients for all files of a
//! descriptor set, except the well-known types, which both sides take from `prost-types`.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use prost::Message;
use protoc_gen_rsgrpc::{Options, Request, generate};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [side, set, out, options @ ..] = arguments.as_slice() else {
        return Err("usage: rsgrpc-bench-generator ours|tonic SET OUT_DIR [KEY=VALUE]".into());
    };
    let (set, out) = (fs::read(set)?, Path::new(out));
    match side.as_str() {
        "ours" => ours(&set, out, &options.join(",")),
        "tonic" => tonic(&set, out),
        other => Err(format!("no side `{other}`").into()),
    }
}

fn ours(set: &[u8], out: &Path, options: &str) -> Result<(), Box<dyn Error>> {
    let all = Request::from_descriptor_set(set, Vec::<String>::new())?;
    let files: Vec<_> = all.file_names().filter(|name| !name.starts_with("google/protobuf/")).collect();
    let request = Request::from_descriptor_set(set, files)?;
    for file in generate(&request, &Options::parse(options)?)? {
        fs::write(out.join(file.name), file.content)?;
    }
    Ok(())
}

fn tonic(set: &[u8], out: &Path) -> Result<(), Box<dyn Error>> {
    let set = prost_types::FileDescriptorSet::decode(set)?;
    tonic_prost_build::configure().out_dir(out).compile_fds(set)?;
    Ok(())
}
