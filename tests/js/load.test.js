// Loading the figure of the view.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makeAsked, makeLoader } from "../../static/js/load.js";
import { makeClock, settled } from "./support/clock.js";

/** A loader whose answers the test gives by hand. */
function stage() {
  const clock = makeClock();
  const requests = [];
  const heard = [];
  const fetch = (url, { signal }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")));
      requests.push({
        signal,
        give: (figure) => resolve({ status: 200, ok: true, json: async () => figure }),
        refuse: (status, text) => resolve({ status, ok: false, text: async () => text }),
        fail: () => reject(new Error("no network")),
      });
    });
  const tell = (name) => (payload) => heard.push([name, payload]);
  const on = { loaded: tell("loaded"), refused: tell("refused"), failed: tell("failed") };
  return { clock, requests, heard, loader: makeLoader({ ...clock, fetch }, () => "figure.json", on) };
}

test("a newer load aborts the older, whose answer is not shown", async () => {
  const { requests, heard, loader } = stage();
  loader.load();
  loader.load();
  assert.ok(requests[0].signal.aborted);
  requests[0].give("old");
  requests[1].give("new");
  await settled();
  assert.deepEqual(heard, [["loaded", "new"]]);
});

test("a refusal is told in the server's words and not asked again", async () => {
  const { clock, requests, heard, loader } = stage();
  loader.load();
  requests[0].refuse(400, "x must be one of …");
  await clock.pass(60_000);
  assert.deepEqual(heard, [["refused", "x must be one of …"]]);
  assert.equal(requests.length, 1);
});

test("a reader without access is told so", async () => {
  const { requests, heard, loader } = stage();
  loader.load();
  requests[0].refuse(403, "");
  await settled();
  assert.deepEqual(heard, [["failed", "denied"]]);
});

test("a server that does not answer is asked again after 1, 2, 4 s", async () => {
  const { clock, requests, heard, loader } = stage();
  loader.load();
  const times = [];
  for (let i = 0; i < 3; i += 1) {
    i % 2 ? requests.at(-1).refuse(503, "") : requests.at(-1).fail();
    const [began, before] = [clock.now(), requests.length];
    while (requests.length === before) await clock.pass(500);
    times.push(clock.now() - began);
  }
  assert.deepEqual(times, [1000, 2000, 4000]);
  assert.deepEqual(heard, Array(3).fill(["failed", "reconnecting"]));
});

test("what the log brings about waits a second after the last load", async () => {
  const { clock, requests, loader } = stage();
  loader.load();
  requests[0].give("one");
  await settled();
  assert.equal(loader.loadSoon(), true);
  assert.equal(loader.loadSoon(), true);
  await clock.pass(999);
  assert.equal(requests.length, 1);
  await clock.pass(1);
  assert.equal(requests.length, 2);
});

test("a figure that is slow to make is asked for less often", async () => {
  const { clock, requests, loader } = stage();
  loader.load();
  await clock.pass(2000);
  requests[0].give("one");
  await settled();
  loader.loadSoon();
  await clock.pass(5_999);
  assert.equal(requests.length, 1);
  await clock.pass(1);
  assert.equal(requests.length, 2);
});

test("nothing more is asked for while a load is under way", async () => {
  const { clock, requests, loader } = stage();
  loader.load();
  assert.equal(loader.loadSoon(), false);
  await clock.pass(60_000);
  assert.equal(requests.length, 1);
});

test("a metric that no figure brings is asked for after 2, 4, 8 … 60 s", () => {
  let time = 0;
  const asked = makeAsked(() => time);
  const pauses = [];
  for (let i = 0; i < 7; i += 1) {
    assert.equal(asked.has("m"), false);
    asked.add(["m"]);
    const began = time;
    while (asked.has("m")) time += 1000;
    pauses.push((time - began) / 1000);
  }
  assert.deepEqual(pauses, [2, 4, 8, 16, 32, 60, 60]);
});
