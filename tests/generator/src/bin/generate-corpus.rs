//! `generate-corpus PROTOS OUT`: generates all protos of a folder.

use std::path::Path;
use std::{env, fs};

use generator_tests::{Outcome, request};
use protoc_gen_rsgrpc::{Options, generate};

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [protos, out] = arguments.as_slice() else {
        return Err("usage: generate-corpus PROTOS OUT".into());
    };
    fs::create_dir_all(out)?;
    for file in generate(&request(Path::new(protos))?, &Options::default())? {
        fs::write(Path::new(out).join(file.name), file.content)?;
    }
    Ok(())
}
