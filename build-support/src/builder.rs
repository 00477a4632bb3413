use std::fs;
use std::path::{Path, PathBuf};

use protoc_gen_rsgrpc::{GeneratedFile, Options, Request};

use crate::includes::Includes;
use crate::{Error, cargo, output, protoc};

/// Begins a [`Builder`]: the general form of [`crate::compile`].
///
/// ```no_run
/// # fn main() -> Result<(), rsgrpc_build::Error> {
/// rsgrpc_build::configure()
///     .include("proto")
///     .option("client", "false")
///     .option("bytes", ".example.v1.DataChunk.content")
///     .compile(&["proto/example/v1/data_upload.proto"])
/// # }
/// ```
pub fn configure() -> Builder {
    Builder::default()
}

/// How code is generated. Made by [`configure`]; [`Builder::compile`] does it.
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is generated before `compile`"]
pub struct Builder {
    out_dir: Option<PathBuf>,
    includes: Vec<PathBuf>,
    protoc: Option<PathBuf>,
    descriptors: Option<PathBuf>,
    options: Vec<(String, String)>,
}

impl Builder {
    /// Where the code goes. Default: `OUT_DIR`, where `rsgrpc::include_proto!` finds it.
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// Looks for imports in this folder, after those named before. Default: the folders that [`crate::compile`]
    /// derives from the protos. The protos that come with rsgrpc are found in any case, after all others.
    pub fn include(mut self, folder: impl Into<PathBuf>) -> Self {
        self.includes.push(folder.into());
        self
    }

    /// Runs this protoc. Default: that of the variable `PROTOC`, else the one that comes with rsgrpc-build. One that
    /// merely lies on `PATH` is never used.
    pub fn protoc(mut self, program: impl Into<PathBuf>) -> Self {
        self.protoc = Some(program.into());
        self
    }

    /// Runs no protoc, but reads a serialized `google.protobuf.FileDescriptorSet` that was made before by
    /// `protoc --include_imports --include_source_info --descriptor_set_out=FILE`, `buf build` or the like.
    ///
    /// [`Builder::compile`] then takes the names that the protos have in it: `example/v1/user.proto`.
    pub fn descriptors_from(mut self, file: impl Into<PathBuf>) -> Self {
        self.descriptors = Some(file.into());
        self
    }

    /// Sets an option of the generator, such as `client` to `false`. Those for which several values make sense can be
    /// set several times. All of them, with their values and defaults, are listed by `protoc-gen-rsgrpc --help` and
    /// by [`Options::help`].
    ///
    /// One default differs from the plugin's: `include_imports` is `true`, so that one proto suffices.
    pub fn option(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.push((key.into(), value.into()));
        self
    }

    /// Generates the code of these protos.
    ///
    /// # Errors
    ///
    /// See [`crate::compile`]; an option that does not exist or a value it cannot have.
    pub fn compile(&self, protos: &[impl AsRef<Path>]) -> Result<(), Error> {
        let protos: Vec<PathBuf> = protos.iter().map(|proto| proto.as_ref().to_owned()).collect();
        if protos.is_empty() {
            return Err(Error::new("there is nothing to compile; name at least one proto"));
        }
        let out_dir = self.find_out_dir()?;
        let (options, mistakes) = self.read_options();
        let generated = self.describe(&protos).and_then(|(set, includes)| {
            let (files, read) = generate(&set, &protos, &includes, &options)?;
            Ok((files, read, includes))
        });
        let ((), (files, read, includes)) = Error::both(mistakes, generated)?;
        for file in files {
            output::write_if_changed(&out_dir.join(file.name), file.content.as_bytes())?;
        }
        match &self.descriptors {
            Some(file) => cargo::rerun_if_changed(file),
            // Those which come with rsgrpc or protoc are not in the include folders, and never change.
            None => read.iter().filter_map(|name| includes.find(name)).for_each(|path| cargo::rerun_if_changed(&path)),
        }
        Ok(())
    }

    /// The descriptor set of the protos, and where their names begin.
    fn describe(&self, protos: &[PathBuf]) -> Result<(Vec<u8>, Includes), Error> {
        if let Some(file) = &self.descriptors {
            let set = fs::read(file).map_err(|error| Error::io("read the descriptor set", file, &error))?;
            return Ok((set, Includes::given(&[])));
        }
        let includes = if self.includes.is_empty() { Includes::of(protos)? } else { Includes::given(&self.includes) };
        includes.check(protos)?;
        let protoc = protoc::find(self.protoc.as_deref())?;
        Ok((protoc::describe(&protoc, protos, &includes)?, includes))
    }

    fn find_out_dir(&self) -> Result<PathBuf, Error> {
        let folder = self.out_dir.clone().or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from));
        folder.ok_or_else(|| {
            Error::new("the variable OUT_DIR is not set; call this from build.rs, or name a folder by `.out_dir(..)`")
        })
    }

    /// The options as far as they can be read, and what is wrong with the others.
    fn read_options(&self) -> (Options, Result<(), Error>) {
        let mut options = Options::default();
        let by_default = [("include_imports", "true")];
        let given = self.options.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let problems = by_default.into_iter().chain(given).filter_map(|(key, value)| options.set(key, value).err());
        let problems: Vec<_> = problems.map(|problem| problem.to_string()).collect();
        (options, Error::of(problems).map_or(Ok(()), Err))
    }
}

/// Generates code from a descriptor set, and says of which files it consists.
fn generate(
    set: &[u8],
    protos: &[PathBuf],
    includes: &Includes,
    options: &Options,
) -> Result<(Vec<GeneratedFile>, Vec<String>), Error> {
    let names = protos.iter().map(|proto| includes.name(proto));
    let request = Request::from_descriptor_set(set, names).map_err(|error| Error::new(error.to_string()))?;
    let generated = protoc_gen_rsgrpc::generate(&request, options).map_err(|problems| {
        let lines = problems.iter().map(|problem| includes.localize(&problem.to_string())).collect();
        Error::of(lines).unwrap_or_else(|| Error::new("the generator failed without a reason"))
    })?;
    Ok((generated, request.file_names().map(str::to_owned).collect()))
}
