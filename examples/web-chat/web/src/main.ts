// The page: joins the room, shows what is said, and says things. Which protocol it speaks is one line.

import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { BadRequestSchema } from "../gen/google/rpc/error_details_pb";
import { ChatService, type Message } from "../gen/webchat/v1/chat_pb";

// The server that served this page, or another one: ?server=https://chat.example
const baseUrl = new URLSearchParams(location.search).get("server") ?? location.origin;

const name = element("name", HTMLInputElement);
const protocol = element("protocol", HTMLSelectElement);
const text = element("text", HTMLInputElement);
const state = element("state", HTMLElement);
const messages = element("messages", HTMLOListElement);
const problem = element("problem", HTMLElement);

let leave = new AbortController();

on("join", async () => {
  leave.abort();
  leave = new AbortController();
  messages.replaceChildren();
  await listen(leave.signal);
});

on("say", async () => {
  const { listeners } = await client().say({ name: name.value, text: text.value });
  text.value = "";
  state.textContent = `heard by ${listeners}`;
});

/** Shows what is said until the server or the visitor ends it. */
async function listen(signal: AbortSignal): Promise<void> {
  state.textContent = "listening";
  try {
    for await (const message of client().listen({ name: name.value }, { signal })) {
      show(message);
    }
    state.textContent = "the server closed the room";
  } catch (error) {
    // Who joins again has left before; that is no problem to show.
    if (signal.aborted) return;
    state.textContent = "not connected";
    throw error;
  }
}

function client(): Client<typeof ChatService> {
  const transport = protocol.value === "connect" ? createConnectTransport : createGrpcWebTransport;
  return createClient(ChatService, transport({ baseUrl }));
}

function show(message: Message): void {
  const line = document.createElement("li");
  const time = message.time ? timestampDate(message.time).toLocaleTimeString() : "";
  line.textContent = `${message.name}: ${message.text}`;
  line.title = time;
  messages.append(line);
}

/** What is wrong, field by field where the server says so. */
function explain(error: unknown): string {
  const failure = ConnectError.from(error);
  const violations = failure.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations);
  const fields = violations.map((violation) => `${violation.field} ${violation.description}`);
  return `${Code[failure.code]}: ${fields.length > 0 ? fields.join("; ") : failure.rawMessage}`;
}

/** Runs when a form is sent, and shows what goes wrong. */
function on(form: string, action: () => Promise<void>): void {
  element(form, HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    problem.textContent = "";
    action().catch((error: unknown) => {
      problem.textContent = explain(error);
    });
  });
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} "${id}"`);
  return found;
}
