// Two visitors chat in a headless Chromium: on the server's own page and on a page of another origin, by Connect and by
// gRPC-Web, and by the official client of gRPC-Web in its form of text. `browser.mjs SERVER CHROMIUM` are the two programs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const [, , program, executablePath] = process.argv;
const web = new URL("../", import.meta.url);
const CONTENT_TYPES = { connect: "application/connect+json", "grpc-web": "application/grpc-web+proto" };
const UNARY_TYPES = { connect: "application/json", "grpc-web": "application/grpc-web+proto" };

/** Serves the page elsewhere. */
async function elsewhere() {
  const server = createServer(async (request, response) => {
    const isScript = request.url === "/dist/main.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8");
    response.end(await readFile(new URL(isScript ? "dist/main.js" : "index.html", web)));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

/** The chat, and where it is. */
async function chat(origin) {
  const args = ["--listen", "127.0.0.1:0", "--allow-origin", origin];
  const process = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: process.stdout })) {
    const [address] = line.match(/http:\/\/[^/]+/) ?? [];
    if (address) return { process, address };
  }
  throw new Error("the server did not come up");
}

/** A page that has joined, and the requests that it made. */
async function visitor(browser, url, protocol, name) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const requests = [];
  page.on("request", (request) => {
    if (request.method() === "POST") requests.push([new URL(request.url()).pathname, request.headers()["content-type"]]);
  });
  await page.goto(url);
  await page.selectOption("#protocol", protocol);
  await page.fill("#name", name);
  await page.click("#join button");
  return { page, requests, close: () => context.close() };
}

async function say(visitor, text) {
  await visitor.page.fill("#text", text);
  await visitor.page.click("#say button");
}

/** Waits until an element of the page has this text. */
async function reads(visitor, selector, text) {
  const found = visitor.page.locator(selector, { hasText: text });
  await found.first().waitFor().catch(async () => {
    const content = await visitor.page.textContent("body");
    throw new Error(`no ${JSON.stringify(text)} in ${selector}; the page: ${content.replace(/\s+/g, " ")}`);
  });
}

async function talk(browser, url, protocol) {
  const ada = await visitor(browser, url, protocol, "Ada");
  const bob = await visitor(browser, url, protocol, "Bob ☃");
  const before = `hello by ${protocol} at ${url}`;
  await say(ada, before);
  await reads(bob, "#messages", `Ada: ${before}`);
  // Both listen now, so this comes through streams that are open.
  const during = `${before}, and again`;
  await say(bob, during);
  await reads(bob, "#state", "heard by");
  await reads(ada, "#messages", `Bob ☃: ${during}`);
  const calls = Object.fromEntries(ada.requests);
  assert.equal(calls["/webchat.v1.ChatService/Listen"], CONTENT_TYPES[protocol]);
  assert.equal(calls["/webchat.v1.ChatService/Say"], UNARY_TYPES[protocol]);

  // The details of errors: of a unary call, and of a stream.
  await say(ada, "");
  await reads(ada, "#problem", "InvalidArgument: text must have 1 to 1000 characters");
  const nobody = await visitor(browser, url, protocol, "");
  await reads(nobody, "#problem", "InvalidArgument: name must have 1 to 40 characters");
  await say(nobody, "");
  await reads(nobody, "#problem", "InvalidArgument: name must have 1 to 40 characters; text must have");
  await Promise.all([ada, bob, nobody].map((one) => one.close()));
}

/** A page of an origin that was not named learns nothing. */
async function refused(browser, url, protocol) {
  const stranger = await visitor(browser, url, protocol, "Eve");
  await reads(stranger, "#problem", "Failed to fetch");
  await say(stranger, "from a stranger");
  await stranger.close();
}

/** The official client of gRPC-Web, in its form of text, on a page of this origin. */
async function inText(browser, url, address) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const types = new Set();
  page.on("response", (response) => {
    if (response.request().method() === "POST") {
      types.add([response.request().headers()["content-type"], response.headers()["content-type"]].join(" > "));
    }
  });
  await page.goto(url);
  await page.addScriptTag({ path: fileURLToPath(new URL("dist/text.js", web)) });
  const call = (name, ...rest) =>
    page.evaluate(([name, rest]) => globalThis.chatInText[name](...rest), [name, [address, ...rest]]);
  const [text, now] = [`by text ☃ at ${url} `.repeat(20).trim(), `now at ${url}`];
  await call("say", "Ada", text);
  const known = await call("listen", "Bob", text);
  assert.deepEqual([known.texts.at(-1), known.error], [text, undefined]);
  // And what is said while somebody listens.
  const hearing = call("listen", "Bob", now);
  while ((await call("say", "Ada", "soon")) === 0);
  await call("say", "Ada", now);
  assert.deepEqual((await hearing).texts.slice(-2), ["soon", now]);
  const refused = await call("say", "Ada", "");
  assert.deepEqual(refused, { code: 3, message: "the request is not valid" });
  const { error: nobody } = await call("listen", "", "");
  assert.deepEqual(nobody, refused);
  assert.deepEqual([...types], ["application/grpc-web-text > application/grpc-web-text"]);
  await context.close();
}

/** What is open when the server stops ends well. */
async function farewell(browser, address, process) {
  const visitors = await Promise.all(
    Object.keys(CONTENT_TYPES).map((protocol) => visitor(browser, address, protocol, "Last")),
  );
  for (const one of visitors) await reads(one, "#messages", "hello by");
  process.kill("SIGINT");
  for (const one of visitors) await reads(one, "#state", "the server closed the room");
  const [code] = process.exitCode === null ? await once(process, "exit") : [process.exitCode];
  assert.equal(code, 0, "the server stops");
}

const [friend, stranger] = [await elsewhere(), await elsewhere()];
const at = (server) => `http://127.0.0.1:${server.address().port}`;
const { process: serving, address } = await chat(at(friend));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let failed = 0;
const checks = [];
for (const protocol of Object.keys(CONTENT_TYPES)) {
  checks.push([`${protocol}, same origin`, () => talk(browser, address, protocol)]);
  checks.push([`${protocol}, another origin`, () => talk(browser, `${at(friend)}/?server=${address}`, protocol)]);
  checks.push([`${protocol}, an origin that may not`, () => refused(browser, `${at(stranger)}/?server=${address}`, protocol)]);
}
checks.push(["grpc-web-text, same origin", () => inText(browser, address, address)]);
checks.push(["grpc-web-text, another origin", () => inText(browser, at(friend), address)]);
checks.push(["the server stops", () => farewell(browser, address, serving)]);
for (const [name, check] of checks) {
  try {
    await check();
    console.log(`ok: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}: ${error.message}`);
  }
}
await browser.close();
serving.kill();
friend.close();
stranger.close();
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
