//! The protobuf conformance suite: one request of its runner, answered.

use rsgrpc::json::{Json, Options, Registry};
use rsgrpc::prost::Message;

use conformance::conformance_request::Payload;
use conformance::conformance_response::Result as Answer;
use conformance::{ConformanceRequest, ConformanceResponse, FailureSet, TestCategory, WireFormat};

/// What our generator makes of the suite's protos, a module for each package.
#[expect(missing_docs, reason = "generated from protos with few comments")]
pub mod messages {
    /// The runner's own messages.
    pub mod conformance {
        rsgrpc::include_proto!("conformance");
    }

    pub mod proto2 {
        rsgrpc::include_proto!("protobuf_test_messages.proto2");
    }

    pub mod proto3 {
        rsgrpc::include_proto!("protobuf_test_messages.proto3");
    }

    pub mod editions {
        rsgrpc::include_proto!("protobuf_test_messages.editions");

        pub mod proto2 {
            rsgrpc::include_proto!("protobuf_test_messages.editions.proto2");
        }

        pub mod proto3 {
            rsgrpc::include_proto!("protobuf_test_messages.editions.proto3");
        }
    }
}

use messages::{conformance, editions, proto2, proto3};

/// The JSON of the suite's messages.
pub fn options() -> Options {
    let types = [
        proto2::MESSAGE_TYPES,
        proto3::MESSAGE_TYPES,
        editions::MESSAGE_TYPES,
        editions::proto2::MESSAGE_TYPES,
        editions::proto3::MESSAGE_TYPES,
    ];
    Options::new().registry(types.into_iter().fold(Registry::new(), Registry::with))
}

/// Reads the message of a request in its format and writes it in the one that is asked for.
pub fn answer(request: &ConformanceRequest, options: &Options) -> ConformanceResponse {
    let answer = match request.message_type.as_str() {
        "conformance.FailureSet" => Answer::ProtobufPayload(FailureSet::default().encode_to_vec()),
        "protobuf_test_messages.proto2.TestAllTypesProto2" => convert::<proto2::TestAllTypesProto2>(request, options),
        "protobuf_test_messages.proto3.TestAllTypesProto3" => convert::<proto3::TestAllTypesProto3>(request, options),
        "protobuf_test_messages.editions.TestAllTypesEdition2023" => {
            convert::<editions::TestAllTypesEdition2023>(request, options)
        }
        "protobuf_test_messages.editions.proto2.TestAllTypesProto2" => {
            convert::<editions::proto2::TestAllTypesProto2>(request, options)
        }
        "protobuf_test_messages.editions.proto3.TestAllTypesProto3" => {
            convert::<editions::proto3::TestAllTypesProto3>(request, options)
        }
        other => Answer::RuntimeError(format!("there is no message {other}")),
    };
    ConformanceResponse { result: Some(answer) }
}

fn convert<M: Message + Json + Default>(request: &ConformanceRequest, options: &Options) -> Answer {
    match read::<M>(request, options) {
        Ok(message) => write(&message, request.requested_output_format(), options),
        Err(answer) => answer,
    }
}

fn read<M: Message + Json + Default>(request: &ConformanceRequest, options: &Options) -> Result<M, Answer> {
    let lenient = request.test_category() == TestCategory::JsonIgnoreUnknownParsingTest;
    match &request.payload {
        Some(Payload::ProtobufPayload(bytes)) => {
            M::decode(bytes.as_slice()).map_err(|error| Answer::ParseError(error.to_string()))
        }
        Some(Payload::JsonPayload(text)) => {
            let options = options.clone().ignore_unknown_fields(lenient);
            options.from_str(text).map_err(|error| Answer::ParseError(error.to_string()))
        }
        Some(Payload::JspbPayload(_) | Payload::TextPayload(_)) => Err(Answer::Skipped("not a format of ours".into())),
        None => Err(Answer::RuntimeError("the request has no payload".into())),
    }
}

fn write(message: &(impl Message + Json), format: WireFormat, options: &Options) -> Answer {
    match format {
        WireFormat::Protobuf => Answer::ProtobufPayload(message.encode_to_vec()),
        WireFormat::Json => match options.to_string(message) {
            Ok(text) => Answer::JsonPayload(text),
            Err(error) => Answer::SerializeError(error.to_string()),
        },
        WireFormat::Unspecified | WireFormat::Jspb | WireFormat::TextFormat => {
            Answer::Skipped("not a format of ours".into())
        }
    }
}
