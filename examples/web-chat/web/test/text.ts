// What a page has of the official client of gRPC-Web in its form of text, for the test to call.

import { create, fromBinary, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { GrpcWebClientBase, MethodDescriptor, MethodType, type RpcError } from "grpc-web";
import { ListenRequestSchema, MessageSchema, SayRequestSchema, SayResponseSchema } from "../gen/webchat/v1/chat_pb";

function method<I extends DescMessage, O extends DescMessage>(name: string, type: string, input: I, output: O) {
  return new MethodDescriptor<MessageShape<I>, MessageShape<O>>(
    `/webchat.v1.ChatService/${name}`,
    type,
    Object as never,
    Object as never,
    (request: MessageShape<I>) => toBinary(input, request),
    (bytes: Uint8Array) => fromBinary(output, bytes),
  );
}

const SAY = method("Say", MethodType.UNARY, SayRequestSchema, SayResponseSchema);
const LISTEN = method("Listen", MethodType.SERVER_STREAMING, ListenRequestSchema, MessageSchema);
const client = new GrpcWebClientBase({ format: "text" });

interface Failure {
  code: number;
  message: string;
}

const failure = ({ code, message }: RpcError): Failure => ({ code, message });

/** How many heard it, or the error. */
async function say(server: string, name: string, text: string): Promise<number | Failure> {
  const call = client.unaryCall(server + SAY.getName(), create(SayRequestSchema, { name, text }), {}, SAY);
  return call.then((response) => response.listeners, failure);
}

/** What is heard until this text, or until an error. */
function listen(server: string, name: string, until: string): Promise<{ texts: string[]; error?: Failure }> {
  const texts: string[] = [];
  const request = create(ListenRequestSchema, { name });
  const stream = client.serverStreaming(server + LISTEN.getName(), request, {}, LISTEN);
  return new Promise((resolve) => {
    stream.on("error", (error) => resolve({ texts, error: failure(error) }));
    stream.on("data", (message) => {
      texts.push(message.text);
      if (message.text !== until) return;
      stream.cancel();
      resolve({ texts });
    });
  });
}

Object.assign(globalThis, { chatInText: { say, listen } });
