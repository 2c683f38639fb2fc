// Asking the server: an answer, or an end to the waiting.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makeAsk, told } from "../../static/js/ask.js";
import { makeClock, settled } from "./support/clock.js";

/** A server whose answers the test gives by hand; the signal aborts them as in a browser. */
function stage() {
  const clock = makeClock();
  const requests = [];
  const fetch = (url, { signal }) =>
    new Promise((resolve, reject) => {
      let pieces;
      const body = new ReadableStream({ start: (controller) => (pieces = controller) });
      signal.addEventListener("abort", () => {
        reject(new Error("aborted"));
        pieces.error(new Error("aborted"));
      });
      requests.push({
        begin: (status = 200) => resolve(new Response(body, { status })),
        send: (text) => pieces.enqueue(new TextEncoder().encode(text)),
        end: () => pieces.close(),
      });
    });
  return { clock, requests, ask: makeAsk({ ...clock, fetch }) };
}

/** What has become of a promise so far. */
function watched(promise) {
  const seen = { state: "waiting", value: null };
  promise.then(
    (value) => Object.assign(seen, { state: "answered", value }),
    () => Object.assign(seen, { state: "given up" }),
  );
  return seen;
}

test("an answer is its status and its text", async () => {
  const { requests, ask } = stage();
  const seen = watched(ask("status.json"));
  requests[0].begin();
  requests[0].send("hällo".slice(0, 3));
  requests[0].send("hällo".slice(3));
  requests[0].end();
  for (let i = 0; i < 5; i += 1) await settled();
  assert.deepEqual(seen, { state: "answered", value: { status: 200, ok: true, text: "hällo" } });
});

test("an answer without a body is empty", async () => {
  const clock = makeClock();
  const ask = makeAsk({ ...clock, fetch: async () => new Response(null, { status: 204 }) });
  assert.deepEqual(await ask("healthz"), { status: 204, ok: true, text: "" });
  assert.equal(clock.waiting(), 0);
});

test("who hears nothing for 8 s gives up", async () => {
  const { clock, ask } = stage();
  const seen = watched(ask("healthz"));
  await clock.pass(7_999);
  assert.equal(seen.state, "waiting");
  await clock.pass(1);
  await settled();
  assert.equal(seen.state, "given up");
  assert.equal(clock.waiting(), 0);
});

test("an answer may be slow as long as it goes on, and ends where it falls silent for 10 s", async () => {
  const { clock, requests, ask } = stage();
  const seen = watched(ask("figure.json"));
  requests[0].begin();
  for (let i = 0; i < 10; i += 1) {
    await clock.pass(9_000);
    requests[0].send("x");
  }
  assert.equal(seen.state, "waiting");
  await clock.pass(10_000);
  await settled();
  assert.equal(seen.state, "given up");
});

test("who asks can give up earlier", async () => {
  const { ask } = stage();
  const abort = new AbortController();
  const seen = watched(ask("figure.json", 15_000, abort));
  abort.abort();
  await settled();
  assert.equal(seen.state, "given up");
});

for (const [status, text, word] of [
  [200, '{"a":1}', { a: 1 }], [401, "", "denied"], [403, "", "denied"], [410, "", "gone"], [404, "no run 'a'", "gone"], [502, "", null],
  [204, "", null], [200, "<!doctype html>", null],
]) {
  test(`an answer ${status} "${text}" is told as ${JSON.stringify(word)}`, async () => {
    const ask = async () => ({ status, ok: status < 300, text });
    assert.deepEqual(await told(ask, "metrics.json"), word);
  });
}

test("no answer is told as null", async () => {
  assert.equal(await told(() => Promise.reject(new Error("no network")), "metrics.json"), null);
});
