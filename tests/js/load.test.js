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
  const ask = (url, within, abort) =>
    new Promise((resolve, reject) => {
      const { signal } = abort;
      signal.addEventListener("abort", () => reject(new Error("aborted")));
      requests.push({
        signal,
        within,
        give: (figure) => resolve({ status: 200, ok: true, text: JSON.stringify(figure) }),
        refuse: (status, text) => resolve({ status, ok: false, text }),
        fail: () => reject(new Error("no network")),
      });
    });
  const tell = (name) => (payload) => heard.push([name, payload]);
  const on = { loaded: tell("loaded"), refused: tell("refused"), failed: tell("failed") };
  return { clock, requests, heard, loader: makeLoader({ ...clock, ask }, () => "figure.json", on) };
}

/** A loader that gets the same answer to all it asks, and has asked once. */
function withAnswer(answer) {
  const [clock, requests, heard] = [makeClock(), [], []];
  const ask = async (url) => requests.push(url) && answer;
  const tell = (name) => (payload) => heard.push([name, payload]);
  const on = { loaded: tell("loaded"), refused: tell("refused"), failed: tell("failed") };
  makeLoader({ ...clock, ask }, () => "figure.json", on).load();
  return { clock, requests, heard };
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

test("a refusal is told in the server's words, and looked at again after 30 s: runs come up", async () => {
  const { clock, requests, heard, loader } = stage();
  loader.load();
  requests[0].refuse(404, "no run 'x'; there is 'y'");
  await clock.pass(29_999);
  assert.deepEqual(heard, [["refused", "no run 'x'; there is 'y'"]]);
  assert.equal(requests.length, 1);
  await clock.pass(1);
  requests[1].give("figure");
  await settled();
  assert.deepEqual(heard.at(-1), ["loaded", "figure"]);
});

test("the 404 of a proxy whose server is away is no refusal", async () => {
  const { requests, heard, loader } = stage();
  loader.load();
  requests[0].refuse(404, "404 page not found");
  await settled();
  assert.deepEqual(heard, [["failed", "reconnecting"]]);
});

test("a page of a proxy in place of the figure is no figure", async () => {
  const { clock, requests, heard } = withAnswer({ status: 200, ok: true, text: "<!doctype html>" });
  await settled();
  assert.deepEqual(heard, [["failed", "reconnecting"]]);
  await clock.pass(1_000);
  assert.equal(requests.length, 2);
});

test("a load that is stopped is not shown and not tried again", async () => {
  const { clock, requests, heard, loader } = stage();
  loader.load();
  loader.stop();
  assert.ok(requests[0].signal.aborted);
  await clock.pass(120_000);
  assert.deepEqual([requests.length, heard, clock.waiting()], [1, [], 0]);
});

test("a network that is back is tried at once where a load waits, and only there", async () => {
  const { requests, loader } = stage();
  loader.hurry();
  assert.equal(requests.length, 0);
  loader.load();
  requests[0].fail();
  await settled();
  loader.hurry();
  assert.equal(requests.length, 2);
});

test("after a failure the figure gets more time: a small machine may need it", async () => {
  const { clock, requests, loader } = stage();
  loader.load();
  requests[0].fail();
  await clock.pass(1_000);
  assert.ok(requests[1].within > requests[0].within);
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
