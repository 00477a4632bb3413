//! The options of methods, as the proto has them.

use prost::{Message, bytes::Bytes};

use crate::method::{Method, ServiceDescriptor};

/// As much of descriptor.proto as leads to the options of a method, which stay bytes: the fields that others added to
/// them are not known here.
#[derive(Clone, PartialEq, Message)]
struct FileSet {
    #[prost(message, repeated, tag = "1")]
    file: Vec<File>,
}

#[derive(Clone, PartialEq, Message)]
struct File {
    #[prost(string, tag = "2")]
    package: String,
    #[prost(message, repeated, tag = "6")]
    service: Vec<Service>,
}

#[derive(Clone, PartialEq, Message)]
struct Service {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    method: Vec<Rpc>,
}

#[derive(Clone, PartialEq, Message)]
struct Rpc {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(bytes = "bytes", optional, tag = "4")]
    options: Option<Bytes>,
}

impl ServiceDescriptor {
    /// The options of a method of this service, as a serialized `google.protobuf.MethodOptions` with all fields that the
    /// proto sets, also those that other protos added: decode it as a message that has the field you want under its
    /// number. `None` where the method has no options, or the generator was told to leave the descriptors out.
    ///
    /// It reads all descriptors of the service anew: an interceptor should ask once a method, not once a call.
    ///
    /// ```
    /// use rsgrpc::prost::Message as _;
    ///
    /// /// `extend google.protobuf.MethodOptions { string permission = 50001; }`
    /// #[derive(Clone, PartialEq, rsgrpc::prost::Message)]
    /// struct MyOptions {
    ///     #[prost(string, tag = "50001")]
    ///     permission: String,
    /// }
    ///
    /// fn permission(call: &rsgrpc::Call) -> Option<String> {
    ///     let options = call.service().method_options(call.method())?;
    ///     Some(MyOptions::decode(options).ok()?.permission)
    /// }
    /// ```
    pub fn method_options(&self, method: &Method) -> Option<Bytes> {
        // What is not a set of descriptors was not written by the generator.
        let files = FileSet::decode(self.file_descriptor_set).ok()?.file;
        let services = files.iter().flat_map(|file| file.service.iter().map(move |service| (&file.package, service)));
        let named = |(package, service): &(&String, &Service)| {
            let name = self.name.strip_suffix(service.name.as_str());
            name.is_some_and(|rest| rest.strip_suffix('.').unwrap_or(rest) == package.as_str())
        };
        let (_, service) = services.into_iter().find(named)?;
        service.method.iter().find(|rpc| rpc.name == method.name())?.options.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::{Idempotency, MethodKind};

    fn set() -> Vec<u8> {
        let rpc = |name: &str, options: Option<&[u8]>| Rpc {
            name: name.into(),
            options: options.map(Bytes::copy_from_slice),
        };
        let service = |name: &str, method| Service { name: name.into(), method };
        let file = |package: &str, service| File { package: package.into(), service };
        let other = file("a", vec![service("S", vec![rpc("M", Some(b"other"))])]);
        let ours =
            file("a.b", vec![service("XS", vec![]), service("S", vec![rpc("M", Some(b"ours")), rpc("N", None)])]);
        FileSet { file: vec![other, ours] }.encode_to_vec()
    }

    fn options(service: &'static str, path: &'static str) -> Option<Bytes> {
        let set = Box::leak(set().into_boxed_slice());
        let method = Method {
            path,
            kind: MethodKind::Unary,
            idempotency: Idempotency::Unknown,
            input: None,
            output: None,
            http: &[],
        };
        ServiceDescriptor { name: service, methods: &[], message_types: &[], file_descriptor_set: set }
            .method_options(&method)
    }

    #[test]
    fn options_are_those_of_the_very_method() {
        assert_eq!(options("a.b.S", "/a.b.S/M").unwrap(), &b"ours"[..]);
        assert_eq!(options("a.S", "/a.S/M").unwrap(), &b"other"[..]);
        assert_eq!(options("a.b.S", "/a.b.S/N"), None);
        assert_eq!(options("a.b.S", "/a.b.S/O"), None);
        assert_eq!(options("b.S", "/b.S/M"), None);
        assert_eq!(options("S", "/S/M"), None);
    }
}
