// grpc-js: `grpc.mjs USERS PEERS PROTOS` are the addresses of the user-service and of the service of peers.proto, and the
// folder of the protos.

import assert from "node:assert/strict";
import { once } from "node:events";
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { BadRequestSchema } from "./generated/google/rpc/error_details_pb.js";
import { StatusSchema } from "./generated/google/rpc/status_pb.js";
import { eventually, runAll } from "./checks.mjs";

const [, , users, peers, protos] = process.argv;
const FILES = ["example/v1/chat.proto", "example/v1/data_upload.proto", "example/v1/notification.proto", "example/v1/user.proto", "peers.proto"];
const api = grpc.loadPackageDefinition(loader.loadSync(FILES, { includeDirs: [protos], enums: String, defaults: true }));
const BYTES = Buffer.from([0, 1, 254, 255]);

function clients(options) {
  const make = (Service, address) => new Service(address, grpc.credentials.createInsecure(), options);
  const { UserService, NotificationService, DataUploadService, ChatService } = api.example.v1;
  return {
    users: make(UserService, users),
    notifications: make(NotificationService, users),
    uploads: make(DataUploadService, users),
    chat: make(ChatService, users),
    peers: make(api.peers.v1.Peers, peers),
  };
}

const person = (id, name) => ({ id, name, email: `${id}@example.com`, roles: ["tester"] });

const CHECKS = {
  async unary({ users }) {
    const { answer } = await call((done) => users.getUser({ userId: "ada" }, done));
    assert.equal(answer.email, "ada@example.com");
  },
  async serverStreaming({ users }) {
    const ids = (await all(users.listUsers({}))).map((user) => user.id);
    assert.ok(ids.includes("ada") && ids.includes("grace"), ids.join());
  },
  async clientStreaming({ users, uploads }) {
    const last = await call((done) => send(users.updateUser(done), [{ user: person("grace", "Grace ☃") }]));
    assert.equal(last.answer.name, "Grace ☃");
    const chunks = Array(20).fill({ content: Buffer.alloc(100_000, 7) });
    const { answer } = await call((done) => send(uploads.uploadData(done), chunks));
    assert.equal(answer.size.toString(), "2000000");
  },
  async bidi({ users, chat, peers }) {
    const outcomes = await all(send(users.syncUsers(), [person("ada", "Ada Lovelace"), person("No Id", "Nobody")]));
    assert.deepEqual(outcomes.map((status) => status.outcome).slice(1), ["REJECTED"]);
    const [questions, talk] = [peers.bidi(), chat.chat()];
    for (const text of ["one", "two", "three"]) {
      questions.write({ text });
      assert.equal((await once(questions, "data"))[0].text, text);
      talk.write({ userId: "ada", content: text });
      assert.equal((await once(talk, "data"))[0].content, text);
    }
    const over = [once(questions, "status"), once(talk, "status")];
    questions.end();
    talk.end();
    for (const [status] of await Promise.all(over)) assert.equal(status.code, grpc.status.OK);
  },
  async metadata({ peers }) {
    const sent = new grpc.Metadata();
    sent.set("echo-text", "a b");
    sent.set("echo-bin", BYTES);
    const { header, trailer } = await call((done) => peers.unary({ text: "x" }, sent, done));
    assert.deepEqual([header.get("echo-text"), trailer.get("echo-bin")], [["a b"], [BYTES]]);
  },
  async errors({ users, peers }) {
    const missing = await errorOf(call((done) => users.getUser({ userId: "nobody" }, done)));
    assert.deepEqual([missing.code, missing.details], [grpc.status.NOT_FOUND, "there is no user `nobody`"]);
    refused(await errorOf(call((done) => peers.unary({ text: "why", fail: true }, done))));
    refused(await errorOf(all(send(peers.bidi(), [{ text: "fine" }, { text: "why", fail: true }]))));
  },
  async deadline({ peers, notifications }) {
    const soon = () => ({ deadline: Date.now() + 200 });
    const far = { deadline: Date.now() + 30_000 };
    const { answer } = await call((done) => peers.unary({ text: "x" }, far, done));
    assert.ok(answer.remainingMs > 10_000 && answer.remainingMs <= 30_000, `${answer.remainingMs}`);
    const late = await errorOf(call((done) => peers.unary({ text: "x", sleepMs: 60_000 }, soon(), done)));
    assert.equal(late.code, grpc.status.DEADLINE_EXCEEDED);
    const open = await errorOf(all(notifications.subscribe({}, soon())));
    assert.equal(open.code, grpc.status.DEADLINE_EXCEEDED);
  },
  async cancellation({ peers, notifications }) {
    const calls = async () => Number((await call((done) => peers.cancelled({}, done))).answer.calls);
    const before = await calls();
    let running;
    const ended = errorOf(call((done) => (running = peers.unary({ text: "x", sleepMs: 60_000 }, done))));
    const stream = notifications.subscribe({});
    const left = errorOf(all(stream));
    setTimeout(() => [running, stream].forEach((one) => one.cancel()), 300);
    assert.equal((await ended).code, grpc.status.CANCELLED);
    assert.equal((await left).code, grpc.status.CANCELLED);
    await eventually(async () => (await calls()) > before, "the server noticed");
  },
};

/** Makes a call with one answer. */
function call(make) {
  return new Promise((resolve, reject) => {
    const found = {};
    const running = make((error, answer) => {
      found.answer = answer;
      if (error) reject(error);
    });
    running.on("metadata", (metadata) => (found.header = metadata));
    running.on("status", (status) => resolve(Object.assign(found, { trailer: status.metadata })));
  });
}

function send(running, messages) {
  for (const message of messages) running.write(message);
  running.end();
  return running;
}

async function all(stream) {
  const seen = [];
  for await (const message of stream) seen.push(message);
  return seen;
}

async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("an answer instead of an error");
}

function refused(error) {
  assert.deepEqual([error.code, error.details], [grpc.status.INVALID_ARGUMENT, "no ☃ today"]);
  const status = fromBinary(StatusSchema, error.metadata.get("grpc-status-details-bin")[0]);
  const detail = anyUnpack(status.details[0], BadRequestSchema);
  assert.deepEqual(detail.fieldViolations.map((one) => `${one.field}: ${one.description}`), ["text: why"]);
}

const ways = { plain: {}, gzip: { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip } };
const checks = Object.entries(ways).flatMap(([way, options]) =>
  Object.entries(CHECKS).map(([name, check]) => [`${way}: ${name}`, () => check(clients(options))]),
);
await runAll(checks);
