// connect-node by each of its protocols, versions of HTTP and forms: `connect.mjs USERS PEERS` are the addresses of the
// user-service and of the service of peers.proto.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Code, ConnectError, createClient, decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { ChatService } from "./generated/example/v1/chat_pb.js";
import { DataUploadService } from "./generated/example/v1/data_upload_pb.js";
import { NotificationService } from "./generated/example/v1/notification_pb.js";
import { SyncStatus_Outcome, UserService } from "./generated/example/v1/user_pb.js";
import { BadRequestSchema } from "./generated/google/rpc/error_details_pb.js";
import { Peers } from "./generated/peers_pb.js";
import { eventually, Queue, runAll } from "./checks.mjs";

const [, , users, peers] = process.argv;
const BYTES = new Uint8Array([0, 1, 254, 255]);

function* ways() {
  for (const useBinaryFormat of [true, false]) {
    const form = useBinaryFormat ? "proto" : "JSON";
    yield { name: `gRPC, ${form}`, httpVersion: "2", create: createGrpcTransport, options: { useBinaryFormat } };
    for (const httpVersion of ["1.1", "2"]) {
      const way = (name, create, options) => ({
        name: `${name}, ${form}, HTTP/${httpVersion}`,
        httpVersion,
        create,
        options: { useBinaryFormat, httpVersion, ...options },
      });
      yield way("gRPC-Web", createGrpcWebTransport);
      yield way("Connect", createConnectTransport);
      yield way("Connect with GET", createConnectTransport, { useHttpGet: true });
    }
  }
  const options = { sendCompression: compressionGzip, compressMinBytes: 1 };
  yield { name: "gRPC, gzip", httpVersion: "2", create: createGrpcTransport, options };
  yield { name: "Connect, gzip", httpVersion: "2", create: createConnectTransport, options: { httpVersion: "2", ...options } };
}

/** A way to call: clients of all services, and the heads of their answers. */
function clients({ create, options, httpVersion }) {
  const heads = [];
  const note = (next) => async (request) => {
    const response = await next(request);
    heads.push(response.header);
    return response;
  };
  const to = (address) => create({ baseUrl: `http://${address}`, interceptors: [note], ...options });
  const [one, other] = [to(users), to(peers)];
  return {
    users: createClient(UserService, one),
    notifications: createClient(NotificationService, one),
    uploads: createClient(DataUploadService, one),
    chat: createClient(ChatService, one),
    peers: createClient(Peers, other),
    heads,
    fullDuplex: httpVersion === "2",
    usesGet: options.useHttpGet ?? false,
  };
}

const person = (id, name) => ({ id, name, email: `${id}@example.com`, roles: ["tester"] });

const CHECKS = {
  async unary({ users, usesGet, heads }) {
    const ada = await users.getUser({ userId: "ada" });
    assert.equal(ada.email, "ada@example.com");
    // The transport chooses the method behind the interceptors; only what caches may keep has this header.
    assert.equal(heads.at(-1).get("vary"), usesGet ? "accept-encoding" : null);
  },
  async serverStreaming({ users }) {
    const ids = await all(users.listUsers({}), (user) => user.id);
    assert.ok(ids.includes("ada") && ids.includes("grace"), ids.join());
  },
  async clientStreaming({ users, uploads }) {
    const last = await users.updateUser(of({ user: person("ada", "Ada") }, { user: person("grace", "Grace ☃") }));
    assert.equal(last.name, "Grace ☃");
    const chunk = new Uint8Array(100_000).fill(7);
    const status = await uploads.uploadData(of(...Array(20).fill({ content: chunk })));
    assert.equal(status.size, 2_000_000n);
    assert.equal(status.sha256, createHash("sha256").update(Buffer.alloc(2_000_000, 7)).digest("hex"));
  },
  async halfDuplex({ users }) {
    const sent = of(person("ada", "Ada Lovelace"), person("No Id", "Nobody"));
    const outcomes = await all(users.syncUsers(sent), (status) => status.outcome);
    assert.equal(outcomes[1], SyncStatus_Outcome.REJECTED);
    assert.equal(outcomes.length, 2);
  },
  async fullDuplex({ chat, peers, fullDuplex }) {
    if (!fullDuplex) return; // HTTP/1.1 has no room for it.
    const [questions, said] = [new Queue(), new Queue()];
    const answers = peers.bidi(questions)[Symbol.asyncIterator]();
    const heard = chat.chat(said)[Symbol.asyncIterator]();
    for (const text of ["one", "two", "three"]) {
      questions.push({ text });
      assert.equal((await answers.next()).value.text, text);
      said.push({ userId: "ada", content: text });
      assert.equal((await heard.next()).value.content, text);
    }
    questions.end();
    said.end();
    assert.ok((await answers.next()).done && (await heard.next()).done);
  },
  async metadata({ peers }) {
    const headers = { "echo-text": "a b", "echo-bin": encodeBinaryHeader(BYTES) };
    const seen = (onHeader, onTrailer) => {
      assert.equal(onHeader.get("echo-text"), "a b");
      assert.deepEqual(decodeBinaryHeader(onTrailer.get("echo-bin")), BYTES);
    };
    let header, trailer;
    const options = { headers, onHeader: (it) => (header = it), onTrailer: (it) => (trailer = it) };
    await peers.unary({ text: "x" }, options);
    seen(header, trailer);
    assert.equal((await all(peers.serverStream({ text: "x", answers: 2 }, options))).length, 2);
    seen(header, trailer);
  },
  async errors({ users, peers }) {
    const missing = await errorOf(users.getUser({ userId: "nobody" }));
    assert.deepEqual([missing.code, missing.rawMessage], [Code.NotFound, "there is no user `nobody`"]);
    const why = await errorOf(peers.unary({ text: "why", fail: true }));
    assert.deepEqual([why.code, why.rawMessage], [Code.InvalidArgument, "no ☃ today"]);
    assert.deepEqual(violations(why), ["text: why"]);
  },
  async errorsOfStreams({ users, peers }) {
    const bad = await errorOf(users.updateUser(of({ user: person("ada", "Ada") }, { user: { id: "!" } })));
    assert.equal(bad.code, Code.InvalidArgument);
    assert.deepEqual(violations(bad).map((violation) => violation.split(":")[0]), ["user.id", "user.name", "user.email"]);
    const answers = peers.bidi(of({ text: "fine" }, { text: "why", fail: true }))[Symbol.asyncIterator]();
    assert.equal((await answers.next()).value.text, "fine");
    assert.deepEqual(violations(await errorOf(answers.next())), ["text: why"]);
  },
  async deadline({ peers, notifications }) {
    const { remainingMs } = await peers.unary({ text: "x" }, { timeoutMs: 30_000 });
    assert.ok(remainingMs > 10_000n && remainingMs <= 30_000n, `${remainingMs}`);
    const late = await errorOf(peers.unary({ text: "x", sleepMs: 60_000 }, { timeoutMs: 200 }));
    assert.equal(late.code, Code.DeadlineExceeded);
    const open = await errorOf(all(notifications.subscribe({}, { timeoutMs: 200 })));
    assert.equal(open.code, Code.DeadlineExceeded);
  },
  async cancellation({ peers, notifications }) {
    const calls = async () => (await peers.cancelled({})).calls;
    const before = await calls();
    const given = new AbortController();
    const call = errorOf(peers.unary({ text: "x", sleepMs: 60_000 }, { signal: given.signal }));
    const stream = errorOf(all(notifications.subscribe({}, { signal: given.signal })));
    setTimeout(() => given.abort(), 300);
    assert.equal((await call).code, Code.Canceled);
    assert.equal((await stream).code, Code.Canceled);
    await eventually(async () => (await calls()) > before, "the server noticed");
  },
};

async function* of(...messages) {
  yield* messages;
}

async function all(messages, map = (message) => message) {
  const seen = [];
  for await (const message of messages) seen.push(map(message));
  return seen;
}

async function errorOf(call) {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("an answer instead of an error");
}

function violations(error) {
  const found = error.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations);
  return found.map((violation) => `${violation.field}: ${violation.description}`);
}

const checks = [...ways()].flatMap((way) =>
  Object.entries(CHECKS).map(([name, check]) => [`${way.name}: ${name}`, () => check(clients(way))]),
);
await runAll(checks);
